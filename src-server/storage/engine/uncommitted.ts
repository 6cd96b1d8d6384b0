/**
 * What uncommitted entries did to the table, newest last, so that they can be taken back: a ring of numbers, so that a change
 * leaves nothing for the collector.
 *
 * A hash stands for its key where somebody asks what is uncommitted: where two keys share one, somebody waits for the other's
 * commit, and nobody sees what is not committed.
 */
import { type Slot, SlotDraft } from './key-table.ts';

export interface Change {
  readonly seq: number;
  readonly hash: number;
  /** The segment, its low sixteen bits, and the place in it of the op that was shown; null for a deletion. */
  readonly made: { readonly segment: number; readonly offset: number } | null;
  /** What was there before; null where nothing was. */
  readonly prior: Slot | null;
}

const CAPACITY_MIN = 4;
/** Columns of a change: its own, then those of what was there before. */
const COLUMNS = 12;
const SEQ = 0;
const HASH = 1;
const MADE_SEGMENT = 2;
const MADE_OFFSET = 3;
const PRIOR_SEGMENT = 4;
const PRIOR_OFFSET = 5;
const PRIOR_LENGTH = 6;
const PRIOR_CRC = 7;
const PRIOR_SEQ = 8;
const PRIOR_EXPIRES = 9;
const PRINT_HIGH = 10;
const PRINT_LOW = 11;
/** In place of a segment. */
const NONE = -1;

export class Uncommitted {
  #ring = new Float64Array(CAPACITY_MIN * COLUMNS);
  #capacity = CAPACITY_MIN;
  #head = 0;
  #length = 0;
  /** The newest deletion of each hash: nothing in the table tells of it. */
  readonly #deletions = new Map<number, number>();

  get length(): number {
    return this.#length;
  }

  /** @param made null for a deletion */
  push(seq: number, hash: number, made: Slot | null, prior: Slot | null): void {
    if (this.#length === this.#capacity) this.#grow();
    const ring = this.#ring;
    const at = this.#at(this.#length++);
    ring[at + SEQ] = seq;
    ring[at + HASH] = hash;
    ring[at + MADE_SEGMENT] = made === null ? NONE : made.segment;
    ring[at + MADE_OFFSET] = made === null ? 0 : made.offset;
    if (made === null) this.#deletions.set(hash, seq);
    ring[at + PRIOR_SEGMENT] = prior === null ? NONE : prior.segment;
    if (prior === null) return;
    ring[at + PRIOR_OFFSET] = prior.offset;
    ring[at + PRIOR_LENGTH] = prior.length;
    ring[at + PRIOR_CRC] = prior.crc;
    ring[at + PRIOR_SEQ] = prior.seq;
    ring[at + PRIOR_EXPIRES] = prior.expiresAtS;
    ring[at + PRINT_HIGH] = prior.printHigh;
    ring[at + PRINT_LOW] = prior.printLow;
  }

  /** Of the newest deletion of this hash; 0 where there is none. */
  deletedSeqOf(hash: number): number {
    return this.#deletions.size === 0 ? 0 : (this.#deletions.get(hash) ?? 0);
  }

  /** Forgets how to take back what was done up to there; `forgotten` is told the segment of each op that would have come back. */
  commit(seq: number, forgotten: (segment: number) => void): void {
    const ring = this.#ring;
    while (this.#length > 0) {
      const at = this.#at(0);
      if (ring[at + SEQ]! > seq) return;
      this.#head = (this.#head + 1) & (this.#capacity - 1);
      this.#length--;
      const segment = ring[at + PRIOR_SEGMENT]!;
      if (segment !== NONE) forgotten(segment);
      if (ring[at + MADE_SEGMENT]! === NONE)
        this.#forgetDeletion(ring[at + HASH]!, ring[at + SEQ]!);
    }
  }

  #forgetDeletion(hash: number, seq: number): void {
    if (this.#deletions.get(hash) === seq) this.#deletions.delete(hash);
  }

  /** Takes back what was done after it, newest first. */
  takeBack(seq: number, undo: (change: Change) => void): void {
    while (this.#length > 0) {
      const change = this.#change(this.#length - 1);
      if (change.seq <= seq) break;
      this.#length--;
      undo(change);
    }
    this.#deletions.clear();
    for (let i = 0; i < this.#length; i++) {
      const { hash, made, seq: deletedSeq } = this.#change(i);
      if (made === null) this.#deletions.set(hash, deletedSeq);
    }
  }

  /** Newest first. */
  changes(): Change[] {
    return Array.from({ length: this.#length }, (_, i) => this.#change(this.#length - 1 - i));
  }

  #change(index: number): Change {
    const ring = this.#ring;
    const at = this.#at(index);
    const hash = ring[at + HASH]!;
    const segment = ring[at + MADE_SEGMENT]!;
    const made = segment === NONE ? null : { segment, offset: ring[at + MADE_OFFSET]! };
    return { seq: ring[at + SEQ]!, hash, made, prior: this.#prior(at, hash) };
  }

  #prior(at: number, hash: number): Slot | null {
    const ring = this.#ring;
    if (ring[at + PRIOR_SEGMENT]! === NONE) return null;
    const prior = new SlotDraft();
    prior.hash = hash;
    prior.printHigh = ring[at + PRINT_HIGH]!;
    prior.printLow = ring[at + PRINT_LOW]!;
    prior.crc = ring[at + PRIOR_CRC]!;
    prior.segment = ring[at + PRIOR_SEGMENT]!;
    prior.offset = ring[at + PRIOR_OFFSET]!;
    prior.length = ring[at + PRIOR_LENGTH]!;
    prior.seq = ring[at + PRIOR_SEQ]!;
    prior.expiresAtS = ring[at + PRIOR_EXPIRES]!;
    return prior;
  }

  #at(index: number): number {
    return ((this.#head + index) & (this.#capacity - 1)) * COLUMNS;
  }

  #grow(): void {
    const grown = new Float64Array(this.#ring.length * 2);
    const first = this.#ring.subarray(this.#head * COLUMNS);
    grown.set(first);
    grown.set(this.#ring.subarray(0, this.#head * COLUMNS), first.length);
    this.#ring = grown;
    this.#capacity *= 2;
    this.#head = 0;
  }
}
