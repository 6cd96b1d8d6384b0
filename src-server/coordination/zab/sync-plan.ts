/**
 * How a learner is brought to its leader's history: a decision over facts.
 *
 * The leader keeps its last committed transactions in memory and everything since some snapshot on disk. A learner names
 * the last transaction in its log. It shares the leader's history up to some point; what it has after that must go, what the
 * leader has after that must come. Rows are tried from the top:
 *
 *   the learner's last transaction …                             it gets
 *   ──────────────────────────────────────────────────────────  ─────────────────────────────────────────────
 *   (snapshots only, by setting)                                 snapshot
 *   is the leader's last                                         diff, of nothing
 *   is after the leader's last, and is a transaction             truncate to the leader's last
 *   lies within the list in memory                               what the walk finds
 *   is before it, and the log on disk may be used                what the walk through the log finds, then the list
 *   otherwise                                                    snapshot
 *
 * A zxid with counter 0 is no transaction: it marks the beginning of an epoch, and the learner then has exactly the
 * transactions before it.
 */
import { assert } from '../../base/assert.ts';
import { counterOf, epochOf, type Zxid } from '../../base/zxid.ts';

export interface SyncFacts {
  /** The last transaction in the learner's log. */
  readonly learner: Zxid;
  /** The leader's last committed transaction. */
  readonly last: Zxid;
  /** First and last zxid of the list in memory; both the leader's last when the list is empty. */
  readonly listFirst: Zxid;
  readonly listLast: Zxid;
  readonly isSnapshotForced: boolean;
  readonly isLogUsable: boolean;
}

/** `after`: the last transaction that both share, from which on the leader's are sent. */
export type SyncPlan =
  | { readonly kind: 'diff'; readonly upTo: Zxid; readonly after: Zxid }
  | { readonly kind: 'trunc'; readonly to: Zxid; readonly after: Zxid }
  | { readonly kind: 'snapshot' }
  /** Walk the list in memory. */
  | { readonly kind: 'list' }
  /** Walk the log on disk, from the learner's last up to the list's first. */
  | { readonly kind: 'log'; readonly from: Zxid; readonly upTo: Zxid };

const SNAPSHOT: SyncPlan = { kind: 'snapshot' };

export function planSync(facts: SyncFacts): SyncPlan {
  const { learner, last, listFirst, listLast } = facts;
  assert(listFirst <= listLast && listLast <= last, 'the list is a part of the history');
  if (facts.isSnapshotForced) return SNAPSHOT;
  if (learner === last) return { kind: 'diff', upTo: learner, after: learner };
  if (learner > listLast && counterOf(learner) !== 0)
    return { kind: 'trunc', to: listLast, after: listLast };
  if (learner >= listFirst && learner <= listLast) return { kind: 'list' };
  if (learner < listFirst && facts.isLogUsable)
    return { kind: 'log', from: learner, upTo: listFirst };
  return SNAPSHOT;
}

/**
 * Looks through the leader's transactions, in order, for the place where the learner's history ends or leaves them. `see`
 * each zxid until there is a plan; `end` when there are no more.
 *
 *   the first transaction at or after the learner's last …   it gets
 *   is the same                                              diff, from there on
 *   is later, and the learner's is an epoch's beginning      diff, from that transaction on
 *   is later, of the same epoch                              truncate to the one before it
 *   is later, of another epoch                               snapshot: a truncation may not cross an epoch
 *   (there is none) the learner's is an epoch's beginning    diff, of nothing
 *   (there is none)                                          snapshot
 */
export class SyncWalk {
  readonly #learner: Zxid;
  readonly #upTo: Zxid;
  #previous: Zxid | null = null;

  constructor(learner: Zxid, upTo: Zxid) {
    this.#learner = learner;
    this.#upTo = upTo;
  }

  see(zxid: Zxid): SyncPlan | null {
    const learner = this.#learner;
    if (zxid < learner) {
      this.#previous = zxid;
      return null;
    }
    if (zxid === learner || counterOf(learner) === 0)
      return { kind: 'diff', upTo: this.#upTo, after: learner };
    if (epochOf(zxid) !== epochOf(learner) || this.#previous === null) return SNAPSHOT;
    return { kind: 'trunc', to: this.#previous, after: this.#previous };
  }

  end(): SyncPlan {
    return counterOf(this.#learner) === 0
      ? { kind: 'diff', upTo: this.#upTo, after: this.#learner }
      : SNAPSHOT;
  }
}
