/**
 * What clients of the ring saw: every command with its answer, in the order in which it happened to them. Checkers read nothing
 * else.
 */

/**
 * What a key is used for, which says how its history is judged.
 *
 *   register   SET, DEL and their kin with values that are never used twice
 *   pair       two keys of one partition that are only set together, as one register
 *   counter    INCR
 *   list       APPEND of words that are never used twice
 *   mortal     SET with a time to live, and values that are never used twice
 */
export type KeyKind = 'register' | 'pair' | 'counter' | 'list' | 'mortal';

/**
 * `stale` is a read that may be as old as was agreed. `cas` is WATCH, GET, MULTI, SET, EXEC: it sees what it replaces. `execset` and
 * `execget` are MULTI, two commands, EXEC.
 */
export type Verb =
  | 'get'
  | 'set'
  | 'setnx'
  | 'getset'
  | 'del'
  | 'getdel'
  | 'incr'
  | 'append'
  | 'stale'
  | 'cas'
  | 'execset'
  | 'execget';

/** What became of a command. */
export type Outcome =
  /** `value` is what it saw: the text of a read, the number of a count; null for none. */
  | { readonly kind: 'done'; readonly value: string | null }
  /** It was not done, says the answer. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Nobody knows: it may be done at any time, or never. */
  | { readonly kind: 'unknown' };

export interface Call {
  readonly caller: string;
  readonly key: string;
  readonly kind: KeyKind;
  readonly verb: Verb;
  /** What is written, for verbs that write. */
  readonly value: string | null;
  readonly invokedAt: number;
  readonly invokedMs: number;
  answeredAt: number;
  answeredMs: number;
  outcome: Outcome;
}

export class History {
  readonly calls: Call[] = [];
  #moments = 0;
  #values = 0;

  /** Later than every one before. */
  moment(): number {
    return ++this.#moments;
  }

  /** Never given before. Seven letters, so that appended ones can be told apart. */
  newValue(): string {
    return (++this.#values).toString(36).padStart(6, '0') + '.';
  }

  begin(call: Pick<Call, 'caller' | 'key' | 'kind' | 'verb' | 'value' | 'invokedMs'>): Call {
    const begun: Call = {
      ...call,
      invokedAt: this.moment(),
      answeredAt: Infinity,
      answeredMs: Infinity,
      outcome: { kind: 'unknown' },
    };
    this.calls.push(begun);
    return begun;
  }

  end(call: Call, outcome: Outcome, nowMs: number): void {
    call.outcome = outcome;
    // Who does not know what became of it does not know when, either.
    if (outcome.kind === 'unknown') return;
    call.answeredAt = this.moment();
    call.answeredMs = nowMs;
  }

  byKey(): ReadonlyMap<string, readonly Call[]> {
    const found = new Map<string, Call[]>();
    for (const call of this.calls) {
      const calls = found.get(call.key);
      if (calls === undefined) found.set(call.key, [call]);
      else calls.push(call);
    }
    return found;
  }
}

/** Bytes of a value. */
export const VALUE_LENGTH = 7;
/** So old the answer of a stale read may be. */
export const STALE_MS = 400;
/** So long a mortal value lives. */
export const MORTAL_MS = 600;
