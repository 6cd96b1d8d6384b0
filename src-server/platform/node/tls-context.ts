/** What OpenSSL needs of our terms, read from their files, and read again when those have changed. */
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';

import { NetError } from '../net.ts';
import { type StoreFile, TLS_PROTOCOLS, type TlsTerms } from '../tls.ts';
import { readIdentity, readTrusted } from './key-stores.ts';

export class TlsContext {
  readonly #terms: TlsTerms;
  #options: tls.SecureContextOptions;
  #context: tls.SecureContext;
  #filesSeen: string;

  /** @throws NetError for files that cannot be used */
  constructor(terms: TlsTerms) {
    this.#terms = terms;
    this.#filesSeen = this.#look();
    this.#options = contextOptions(terms);
    this.#context = tls.createSecureContext(this.#options);
  }

  get context(): tls.SecureContext {
    this.#refresh();
    return this.#context;
  }

  get options(): tls.SecureContextOptions {
    this.#refresh();
    return this.#options;
  }

  /** Files that cannot be used now, perhaps because somebody is writing them, change nothing. */
  #refresh(): void {
    if (!this.#terms.isReloaded) return;
    const seen = this.#look();
    if (seen === this.#filesSeen) return;
    try {
      const options = contextOptions(this.#terms);
      this.#context = tls.createSecureContext(options);
      this.#options = options;
      this.#filesSeen = seen;
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    }
  }

  #look(): string {
    const { keyStore, trustStore } = this.#terms;
    return [keyStore?.path, trustStore?.path]
      .map((path) => {
        const facts = path === undefined ? null : fs.statSync(path, { throwIfNoEntry: false });
        return `${facts?.mtimeMs} ${facts?.size} ${facts?.ino}`;
      })
      .join();
  }
}

function contextOptions(terms: TlsTerms): tls.SecureContextOptions {
  const [oldest, newest] = rangeOf(terms);
  return {
    ...(terms.keyStore === null ? {} : identityOptions(terms.keyStore)),
    // Java trusts every certificate that is in the file, whoever signed it.
    allowPartialTrustChain: true,
    minVersion: oldest,
    maxVersion: newest,
    ...(terms.trustStore === null ? {} : { ca: readTrusted(terms.trustStore) }),
    ...(terms.ciphers === null ? {} : { ciphers: terms.ciphers.map(opensslName).join(':') }),
  };
}

function identityOptions(keyStore: StoreFile): tls.SecureContextOptions {
  const { key, chain } = readIdentity(keyStore);
  const { validToDate } = new X509Certificate(chain);
  if (validToDate.getTime() < Date.now()) {
    const when = validToDate.toISOString();
    const problem = `its certificate has expired on ${when}; give this member a new one`;
    throw new NetError('tls', `${keyStore.path} cannot be used for TLS: ${problem}`);
  }
  return { key, cert: chain };
}

function rangeOf({ protocols }: TlsTerms): [tls.SecureVersion, tls.SecureVersion] {
  const chosen = TLS_PROTOCOLS.filter((protocol) => protocols.includes(protocol));
  return [chosen[0]!, chosen.at(-1)!];
}

/**
 * A cipher suite as OpenSSL calls it.
 * @throws NetError for one it does not have
 */
export function opensslName(name: string): string {
  const short = name
    .replace(/^TLS_/, '')
    .replace(/^RSA_WITH_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC', '')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replaceAll('_', '-');
  const known = tls.getCiphers();
  if (known.includes(name.toLowerCase())) return name;
  if (known.includes(short.toLowerCase())) return short;
  throw new NetError('tls', `there is no cipher suite ${name} here`);
}
