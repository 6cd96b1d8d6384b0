/**
 * The recent end of the log, as kept in memory: what was appended and is not decided yet, and before it the last decided
 * transactions, for learners that lag only a little.
 *
 *   forgotten │ decided (at least `keep` of them, if there ever were) │ appended │
 *             first                                           committed          last
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import { counterOf, epochOf, type Zxid } from '../../base/zxid.ts';
import type { Proposal } from './messages.ts';

export class History {
  readonly #keep: number;
  readonly #initialCounter: number;
  readonly #entries = new Fifo<Proposal>(1024);
  #decided = 0;
  #last: Zxid;
  #committed: Zxid;

  /** @param options initialCounter: the one before the first of every epoch; 0 but where a rollover is to be seen */
  constructor(options: {
    readonly zxid: Zxid;
    readonly keep: number;
    readonly initialCounter: number;
  }) {
    this.#keep = options.keep;
    this.#initialCounter = options.initialCounter;
    this.#last = options.zxid;
    this.#committed = options.zxid;
  }

  /** Of the newest transaction appended, whether or not it is still in memory. */
  get last(): Zxid {
    return this.#last;
  }

  get committed(): Zxid {
    return this.#committed;
  }

  /** How many decided transactions are in memory; they are the first ones. */
  get decided(): number {
    return this.#decided;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The oldest in memory is 0. */
  at(index: number): Proposal {
    const entry = this.#entries.at(index);
    assert(entry !== undefined, 'the history holds what is asked for');
    return entry;
  }

  /** Whether `zxid` may come next: the log has no holes (Z4). */
  isNext(zxid: Zxid): boolean {
    return this.isSuccessor(this.#last, zxid);
  }

  /** The next of the same epoch, or the first of a later one. */
  isSuccessor(last: Zxid, next: Zxid): boolean {
    return epochOf(next) === epochOf(last)
      ? next === last + 1
      : next > last && counterOf(next) === this.#initialCounter + 1;
  }

  append(entry: Proposal): void {
    assert(this.isNext(entry.zxid), 'Z4: the log has no holes');
    this.#entries.push(entry);
    this.#last = entry.zxid;
  }

  /** Decides the oldest transaction that is not decided, which must be this one. */
  commit(zxid: Zxid): Proposal {
    const entry = this.#entries.at(this.#decided);
    assert(entry?.zxid === zxid, 'Z5: decisions come in the order of the log');
    assert(zxid > this.#committed, 'Z5: a decision is made once');
    this.#committed = zxid;
    this.#decided++;
    if (this.#decided > this.#keep) {
      this.#entries.shift();
      this.#decided--;
    }
    return entry;
  }

  /** The oldest transaction that is not decided. */
  get undecided(): Proposal | null {
    return this.#entries.at(this.#decided) ?? null;
  }

  /** Index of the first transaction after `zxid`. */
  indexAfter(zxid: Zxid): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).zxid > zxid) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * The role ended and the log was applied to its end: whatever is in it stands until a leader says otherwise.
   * What disagrees with this memory makes it worthless.
   */
  settle(zxid: Zxid): void {
    if (zxid !== this.#last) {
      this.reset(zxid);
      return;
    }
    while (this.undecided !== null) this.commit(this.undecided.zxid);
  }

  /** Everything after `zxid` never happened. */
  truncate(zxid: Zxid): void {
    while (this.#entries.length > 0 && this.at(this.#entries.length - 1).zxid > zxid)
      this.#entries.pop();
    this.#decided = this.#entries.length;
    this.#last = zxid;
    this.#committed = zxid;
  }

  /** Another history, of which only the end is known. */
  reset(zxid: Zxid): void {
    this.#entries.clear();
    this.#decided = 0;
    this.#last = zxid;
    this.#committed = zxid;
  }
}
