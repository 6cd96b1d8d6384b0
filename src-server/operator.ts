/**
 * The owner of an ensemble on this machine, as its members know it: a name and a password made at every start, which never
 * leave the program. With it the console may change who belongs to the ensemble, and nobody else may.
 */
import { createHash, randomBytes } from 'node:crypto';

import type { Credential } from '#contract/models.ts';

import type { MemberStart } from './thread-messages.ts';

export interface Operator {
  readonly credential: Credential;
  /** What its members are told: nobody finds the password in it. */
  readonly superDigest: string;
}

/**
 * Null where there is nothing that a console could change (a server on its own), where the ensemble is not this program's
 * alone, and where a zoo.cfg names somebody else.
 */
export function operatorOf(members: readonly MemberStart[]): Operator | null {
  if (members.length < 2 || members.some(({ settings }) => settings.superDigest !== null))
    return null;
  const auth = `operator:${randomBytes(24).toString('base64url')}`;
  const hash = createHash('sha1').update(auth, 'utf8').digest('base64');
  return { credential: { scheme: 'digest', auth }, superDigest: `operator:${hash}` };
}

export function withOperator(start: MemberStart, operator: Operator | null): MemberStart {
  if (operator === null) return start;
  return { ...start, settings: { ...start.settings, superDigest: operator.superDigest } };
}
