/**
 * What zoo.cfg says of TLS between members, by Apache's names:
 *
 *   sslQuorum=false  portUnification=false    plain
 *   sslQuorum=false  portUnification=true     dials plain, takes in both     1st and last step of a change without a stop
 *   sslQuorum=true   portUnification=true     dials with TLS, takes in both  2nd step
 *   sslQuorum=true   portUnification=false    TLS only
 */
import { err, ok, type Result } from '../base/result.ts';
import {
  type NetSecurity,
  type StoreFile,
  TLS_PROTOCOLS,
  type TlsProtocol,
  type TlsTerms,
} from '../platform/tls.ts';
import type { Property } from './properties.ts';

/** How members of an ensemble speak to each other. */
export type QuorumTls = Pick<NetSecurity, 'terms' | 'dials' | 'accepts'>;

const PREFIX = 'ssl.quorum.';

const SWITCHES = ['sslQuorum', 'portUnification', 'sslQuorumReloadCertFiles'] as const;

export function isQuorumTlsKey(key: string): boolean {
  return key.startsWith(PREFIX) || SWITCHES.some((name) => name === key);
}

/**
 * @param properties those whose key is one of these
 * @returns null where members speak to each other without TLS; an error as of a line of the file
 */
export function readQuorumTls(
  properties: readonly Property[],
): Result<QuorumTls | null, { readonly at: Property | null; readonly problem: string }> {
  const reading = new Reading(properties);
  const isSecure = reading.flag('sslQuorum', false);
  const isUnified = reading.flag('portUnification', false);
  const terms = readTerms(reading);
  if (reading.failure !== null) return err(reading.failure);
  if (!isSecure && !isUnified) return ok(null);
  if (terms === null) {
    const problem = `${isSecure ? 'sslQuorum' : 'portUnification'}=true needs ${PREFIX}keyStore.location`;
    return err({ at: null, problem });
  }
  return ok({
    terms,
    dials: isSecure ? 'tls' : 'plain',
    accepts: isUnified ? 'both' : 'tls',
  });
}

/** Null without a key store. */
function readTerms(reading: Reading): TlsTerms | null {
  for (const name of ['crl', 'ocsp']) {
    if (reading.flag(`${PREFIX}${name}`, false))
      reading.refuse(`${PREFIX}${name}`, 'whether certificates were revoked is not looked up here');
  }
  if (reading.has(`${PREFIX}context.supplier.class`))
    reading.refuse(`${PREFIX}context.supplier.class`, 'this is a class of Java, which is not here');
  const protocols = readProtocols(reading);
  const ciphers = reading.list(`${PREFIX}ciphersuites`);
  const terms = {
    trustStore: readStore(reading, 'trustStore'),
    isReloaded: reading.flag('sslQuorumReloadCertFiles', false),
    protocols,
    ciphers: ciphers.length === 0 ? null : ciphers,
    verifiesDialled: reading.flag(`${PREFIX}hostnameVerification`, true),
    verifiesDialling: reading.flag(
      `${PREFIX}clientHostnameVerification`,
      reading.flag(`${PREFIX}hostnameVerification`, true),
    ),
    clientAuth: readClientAuth(reading),
    detectionTimeoutMs: reading.whole(`${PREFIX}handshakeDetectionTimeoutMillis`, 5000),
  };
  const keyStore = readStore(reading, 'keyStore');
  return keyStore === null ? null : { keyStore, ...terms };
}

/** What the file is, its first bytes say; only kinds that are not known here are refused by their name. */
const STORE_TYPES: readonly string[] = ['', 'JKS', 'PEM', 'PKCS12'];

function readStore(reading: Reading, name: 'keyStore' | 'trustStore'): StoreFile | null {
  const key = `${PREFIX}${name}`;
  if (!STORE_TYPES.includes(reading.text(`${key}.type`).toUpperCase()))
    reading.refuse(`${key}.type`, 'neither JKS nor PEM nor PKCS12');
  const path = reading.text(`${key}.location`);
  if (path === '') return null;
  const passwordPath = reading.text(`${key}.passwordPath`);
  return {
    path,
    password: reading.text(`${key}.password`),
    passwordPath: passwordPath === '' ? null : passwordPath,
  };
}

function readProtocols(reading: Reading): readonly TlsProtocol[] {
  const key = reading.has(`${PREFIX}enabledProtocols`)
    ? `${PREFIX}enabledProtocols`
    : `${PREFIX}protocol`;
  const named = reading.list(key);
  const known = TLS_PROTOCOLS.filter((protocol) => named.includes(protocol));
  // `TLS` is Java's word for whatever there is.
  if (named.length === 0 || named.includes('TLS')) return TLS_PROTOCOLS;
  if (known.length === 0)
    reading.refuse(key, `none of these is spoken here, only ${TLS_PROTOCOLS.join(' and ')}`);
  return known;
}

function readClientAuth(reading: Reading): TlsTerms['clientAuth'] {
  const key = `${PREFIX}clientAuth`;
  const text = reading.text(key).toLowerCase();
  if (text === '') return 'need';
  if (text === 'need' || text === 'want' || text === 'none') return text;
  reading.refuse(key, 'neither need nor want nor none');
  return 'need';
}

/** Values by key; the first thing that is wrong is kept. */
class Reading {
  readonly #properties: ReadonlyMap<string, Property>;
  failure: { readonly at: Property | null; readonly problem: string } | null = null;

  constructor(properties: readonly Property[]) {
    this.#properties = new Map(properties.map((property) => [property.key, property]));
  }

  refuse(key: string, problem: string): void {
    this.failure ??= { at: this.#properties.get(key) ?? null, problem };
  }

  has(key: string): boolean {
    return this.#properties.has(key);
  }

  text(key: string): string {
    return this.#properties.get(key)?.value ?? '';
  }

  list(key: string): string[] {
    return this.text(key)
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  flag(key: string, otherwise: boolean): boolean {
    if (!this.has(key)) return otherwise;
    const is = this.text(key).toLowerCase();
    if (is !== 'true' && is !== 'false') this.refuse(key, 'neither true nor false');
    return is === 'true';
  }

  whole(key: string, otherwise: number): number {
    if (!this.has(key)) return otherwise;
    const text = this.text(key);
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
    if (number < 1) this.refuse(key, 'not a whole number above 0');
    return number;
  }
}
