/**
 * What uncommitted entries did to the table, newest last, so that they can be taken back.
 *
 * Changes of one hash are linked, so that reads learn at once whether what they found may be shown. A hash stands for its key
 * here: where two keys share one, somebody waits for the other's commit, and nobody sees what is not committed.
 */
import { Fifo } from '../../base/fifo.ts';
import type { Slot } from './key-table.ts';

export interface Change {
  readonly seq: number;
  readonly hash: number;
  /** The slot that was made; null for a deletion. */
  readonly made: Slot | null;
  /** What was there before; null where nothing was. */
  readonly prior: Slot | null;
  /** The uncommitted change of the same hash before this one. */
  earlier: Change | null;
  later: Change | null;
}

export class Uncommitted {
  readonly #changes = new Fifo<Change>();
  readonly #newest = new Map<number, Change>();

  get length(): number {
    return this.#changes.length;
  }

  push(seq: number, hash: number, made: Slot | null, prior: Slot | null): void {
    const earlier = this.#newest.get(hash) ?? null;
    const change: Change = { seq, hash, made, prior, earlier, later: null };
    if (earlier !== null) earlier.later = change;
    this.#newest.set(hash, change);
    this.#changes.push(change);
  }

  /** Of the newest change of this hash; 0 where there is none. */
  seqOf(hash: number): number {
    return this.#newest.size === 0 ? 0 : (this.#newest.get(hash)?.seq ?? 0);
  }

  newest(hash: number): Change | null {
    return this.#newest.get(hash) ?? null;
  }

  /** Hashes with changes, in no order. */
  hashes(): Iterable<number> {
    return this.#newest.keys();
  }

  /** Forgets how to take back what was done up to there. */
  commit(seq: number, forgotten: (change: Change) => void): void {
    for (let change = this.#changes.peek(); change !== undefined && change.seq <= seq;) {
      this.#changes.shift();
      if (change.later === null) this.#newest.delete(change.hash);
      else change.later.earlier = null;
      forgotten(change);
      change = this.#changes.peek();
    }
  }

  /** Takes back what was done after it, newest first. */
  takeBack(seq: number, undo: (change: Change) => void): void {
    for (let change = this.#changes.pop(); change !== undefined; change = this.#changes.pop()) {
      if (change.seq <= seq) {
        this.#changes.push(change);
        return;
      }
      if (change.earlier === null) this.#newest.delete(change.hash);
      else {
        change.earlier.later = null;
        this.#newest.set(change.hash, change.earlier);
      }
      undo(change);
    }
  }
}
