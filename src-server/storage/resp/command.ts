/** What a command is: its traits, as COMMAND tells them, and what it does. Here those over keys; the others are in desk.ts. */
import type { Arguments } from './arguments.ts';
import type { Transaction } from './ports.ts';
import type { ReplyWriter } from './reply-writer.ts';

export type CommandFlag =
  | 'admin'
  | 'asking'
  | 'denyoom'
  | 'fast'
  | 'loading'
  | 'no_auth'
  | 'noscript'
  | 'readonly'
  | 'stale'
  | 'write'
  | 'allow_busy';

/** Which words are keys: from `first` to `last`, every `step`-th; −1 is the last word. All zero: none. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export const NO_KEYS: KeyPositions = { first: 0, last: 0, step: 0 };
export const ONE_KEY: KeyPositions = { first: 1, last: 1, step: 1 };
export const ALL_KEYS: KeyPositions = { first: 1, last: -1, step: 1 };
export const KEYS_WITH_VALUES: KeyPositions = { first: 1, last: -1, step: 2 };

export interface CommandTraits {
  /** In small letters. */
  readonly name: string;
  /** How many words, with the name; so many at least where it is negative. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly summary: string;
  /** The version of Redis that had it first, or ours. */
  readonly since: string;
  readonly group:
    'string' | 'generic' | 'transactions' | 'connection' | 'server' | 'cluster' | 'ring';
  readonly complexity: string;
}

/** Over the keys of one partition: it knows nothing but a transaction over them. It writes exactly one reply. */
export interface KeyCommand extends CommandTraits {
  readonly kind: 'keys';
  readonly keys: KeyPositions;
  readonly isWrite: boolean;
  /** How replies about parts of the keys make one, where a proxy had to ask several leaders; null: it cannot. */
  readonly joined: 'in-order' | 'sum' | 'ok' | null;
  run(transaction: Transaction, words: Arguments, reply: ReplyWriter): void;
}

export function hasRightArity(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}

/** Where the keys are among these words. */
export function keyIndexes(keys: KeyPositions, count: number): number[] {
  const indexes: number[] = [];
  if (keys.first === 0) return indexes;
  const last = keys.last < 0 ? count + keys.last : keys.last;
  for (let i = keys.first; i <= last; i += keys.step) indexes.push(i);
  return indexes;
}
