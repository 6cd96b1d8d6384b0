/** Encrypted connections: what a side shows of itself, whom it believes, and on which connections that is asked for. */

/** A file with keys or certificates: PEM, PKCS12 or JKS, as its first bytes say. */
export interface StoreFile {
  readonly path: string;
  readonly password: string;
  /** A file that has the password as its first line; it holds before `password`. */
  readonly passwordPath: string | null;
}

/** From the oldest to the newest. */
export const TLS_PROTOCOLS = ['TLSv1.2', 'TLSv1.3'] as const;

export type TlsProtocol = (typeof TLS_PROTOCOLS)[number];

export interface TlsTerms {
  /** This side's key with its certificates; null shows none, which only who dials can do without. */
  readonly keyStore: StoreFile | null;
  /** Every certificate in it is believed, and what it signed; null: the well-known authorities. */
  readonly trustStore: StoreFile | null;
  /** Read again when a file has changed. */
  readonly isReloaded: boolean;
  /** At least one. */
  readonly protocols: readonly TlsProtocol[];
  /** Names of RFC 8446 and its predecessors; null: what is usual. */
  readonly ciphers: readonly string[] | null;
  /** Whether who is dialled must show a certificate for where it was dialled. */
  readonly verifiesDialled: boolean;
  /** Whether who dials must show one for where it comes from, or for a known host. */
  readonly verifiesDialling: boolean;
  /** Whether who dials must show one at all: need; may, and then it is looked at: want; is not asked: none. */
  readonly clientAuth: 'need' | 'want' | 'none';
  /** Who comes and says nothing is sent away after this, ms. */
  readonly detectionTimeoutMs: number;
}

export interface NetSecurity {
  readonly terms: TlsTerms;
  readonly dials: 'tls' | 'plain';
  /** both: as the first bytes of a connection say. */
  readonly accepts: 'tls' | 'both';
  /** Hosts from which somebody may come whose address nobody can be asked about. */
  readonly knownHosts: () => readonly string[];
}
