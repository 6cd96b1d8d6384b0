/** Files with keys and certificates, of whatever kind: what they hold, as PEM. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import fs from 'node:fs';

import { NetError } from '../net.ts';
import type { StoreFile } from '../tls.ts';
import { DerError } from './der.ts';
import { JKS_MAGIC, readJks } from './jks.ts';
import { readPkcs12, type StoreContents } from './pkcs12.ts';

export interface Identity {
  readonly key: string;
  /** This side's own first, then who signed it. */
  readonly chain: string;
}

/** Larger ones are something else. */
const FILE_BYTES_MAX = 0x100_0000;

/** @throws NetError that names the file and says what is wrong with it */
export function readIdentity(store: StoreFile): Identity {
  return reading(store, () => {
    const { keys, certificates } = contentsOf(store);
    for (const key of keys) {
      const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
      if (own === undefined) continue;
      const chain = chainOf(own, certificates);
      return {
        key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
        chain: chain.map(String).join(''),
      };
    }
    throw new DerError(
      keys.length === 0
        ? 'there is no private key in it'
        : 'none of its certificates belongs to its private key',
    );
  });
}

/** @throws NetError that names the file and says what is wrong with it */
export function readTrusted(store: StoreFile): string[] {
  return reading(store, () => {
    const { certificates } = contentsOf(store);
    if (certificates.length === 0) throw new DerError('there is no certificate in it');
    return certificates.map(String);
  });
}

function reading<T>(store: StoreFile, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NetError('tls', `${store.path} cannot be used for TLS: ${why}`, error);
  }
}

interface Contents {
  readonly keys: readonly KeyObject[];
  readonly certificates: readonly X509Certificate[];
}

function contentsOf(store: StoreFile): Contents {
  const file = readFile(store.path);
  const password =
    store.passwordPath === null
      ? store.password
      : (readFile(store.passwordPath).toString('utf8').split(/\r?\n/, 1)[0] ?? '');
  if (file.includes('-----BEGIN ')) return contentsOfPem(file.toString('latin1'), password);
  const { keys, certificates } = contentsOfStore(file, password);
  return {
    keys: keys.map((key) => privateKey({ key, format: 'der', type: 'pkcs8' }, password)),
    certificates: certificates.map((bytes) => new X509Certificate(bytes)),
  };
}

function contentsOfStore(file: Buffer, password: string): StoreContents {
  if (file.length >= 4 && file.readUInt32BE(0) === JKS_MAGIC) return readJks(file, password);
  if (file[0] === 0x30) return readPkcs12(file, password);
  throw new DerError('it is neither PEM nor PKCS12 nor JKS');
}

function contentsOfPem(text: string, password: string): Contents {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g) ?? [];
  const isCertificate = (block: string): boolean => /^-----BEGIN (X509 |TRUSTED )?CERT/.test(block);
  return {
    keys: blocks
      .filter((block) => block.slice(0, 64).includes('PRIVATE KEY'))
      .map((key) => privateKey({ key, format: 'pem' }, password)),
    certificates: blocks.filter(isCertificate).map((block) => new X509Certificate(block)),
  };
}

function privateKey(
  key:
    | { readonly key: Buffer; readonly format: 'der'; readonly type: 'pkcs8' }
    | { readonly key: string; readonly format: 'pem' },
  password: string,
): KeyObject {
  try {
    return createPrivateKey({ ...key, passphrase: password });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DerError(`its private key cannot be read; is the password right? (${why})`);
  }
}

function readFile(path: string): Buffer {
  const { size } = fs.statSync(path);
  if (size > FILE_BYTES_MAX) throw new DerError(`${size} bytes are no file with keys`);
  return fs.readFileSync(path);
}

/** From this side's own to the last whose signer is not there. */
function chainOf(own: X509Certificate, all: readonly X509Certificate[]): X509Certificate[] {
  const chain = [own];
  for (;;) {
    const last = chain.at(-1)!;
    const signer = all.find((other) => !chain.includes(other) && last.checkIssued(other));
    if (signer === undefined) return chain;
    chain.push(signer);
  }
}
