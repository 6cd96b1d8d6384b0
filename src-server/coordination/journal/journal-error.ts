/** A data directory that cannot be used as it is. The message says which file, where in it, and what to do. */
import type { DamageReason } from './damage-reasons.ts';

export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: 'damaged' | 'incomplete' | 'inconsistent';
  readonly path: string;
  /** Byte offset in the file, or null where the whole file is meant. */
  readonly offset: number | null;
  /** What is wrong there, without file, place and advice. */
  readonly problem: string;
  /** The same as a code, where a record of a log is meant. */
  readonly reason: DamageReason | null;

  constructor(
    code: JournalError['code'],
    path: string,
    offset: number | null,
    problem: string,
    advice: string,
    reason: DamageReason | null = null,
  ) {
    super(`${path}${offset === null ? '' : ` at byte ${offset}`}: ${problem}. ${advice}`);
    this.code = code;
    this.path = path;
    this.offset = offset;
    this.problem = problem;
    this.reason = reason;
  }
}
