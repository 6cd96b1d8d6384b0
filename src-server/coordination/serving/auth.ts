/** Proofs of identity that a connection can offer. */
import { createHash } from 'node:crypto';

import type { Identity } from '../model/acl.ts';

export interface AuthSettings {
  readonly superDigest: string | null;
}

/**
 * @param auth what the client sent for the scheme: `user:password` for digest
 * @returns the identities proven, or null where the proof fails or the scheme is unknown
 */
export function authenticate(
  scheme: string | null,
  auth: Buffer | null,
  peer: string,
  settings: AuthSettings,
): Identity[] | null {
  switch (scheme) {
    case 'digest': {
      if (auth === null) return null;
      const id = digestId(auth.toString('utf8'));
      const identities: Identity[] = [];
      if (id === settings.superDigest) identities.push({ scheme: 'super', id: '' });
      identities.push({ scheme: 'digest', id });
      return identities;
    }
    case 'ip':
      // The address speaks for itself; Apache adds it once more.
      return [{ scheme: 'ip', id: peer }];
    default:
      return null;
  }
}

/** `user:` and the SHA-1 of `user:password` in base64: how access control lists name a user. */
export function digestId(userAndPassword: string): string {
  const user = userAndPassword.split(':', 1)[0] ?? '';
  return `${user}:${createHash('sha1').update(userAndPassword, 'utf8').digest('base64')}`;
}

/** What `whoAmI` says of an identity: never the secret part. */
export function publicName({ scheme, id }: Identity): string {
  switch (scheme) {
    case 'digest':
      return id.split(':', 1)[0] ?? '';
    case 'ip':
      return id;
    default:
      return '';
  }
}
