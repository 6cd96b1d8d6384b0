/**
 * Where the newest entries of a partition begin in the log, so that replicas that lag can be sent them: a ring of positions
 * by seq, from `firstSeq` to the newest. What falls out of it is gone for them, and they need a copy.
 */

export interface TailBudget {
  /** Positions that one partition may keep. */
  entriesMax(): number;
}

const ENTRIES_MIN = 16;

export class Tail {
  readonly #budget: TailBudget;
  #ring = new Float64Array(ENTRIES_MIN);
  #head = 0;
  #length = 0;
  /** Of the oldest one kept; one after the newest where none is. */
  firstSeq: number;

  constructor(budget: TailBudget, firstSeq: number) {
    this.#budget = budget;
    this.firstSeq = firstSeq;
  }

  get memoryBytes(): number {
    return this.#ring.byteLength;
  }

  /** @param keptSeq what may not be dropped: entries from there on are not committed */
  push(position: number, keptSeq: number): void {
    if (this.#length === this.#ring.length) {
      if (this.#length < this.#budget.entriesMax() || keptSeq <= this.firstSeq) this.#grow();
      else this.#dropFirst();
    }
    this.#ring[(this.#head + this.#length++) & (this.#ring.length - 1)] = position;
  }

  /** Where the entry begins, or −1 where it is not kept. */
  at(seq: number): number {
    const index = seq - this.firstSeq;
    if (index < 0 || index >= this.#length) return -1;
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)]!;
  }

  /** Entries after this one were taken back. */
  truncate(seq: number): void {
    this.#length = Math.max(0, Math.min(this.#length, seq + 1 - this.firstSeq));
    if (this.#length === 0) this.firstSeq = Math.min(this.firstSeq, seq + 1);
  }

  /** The log begins there from now on. */
  dropBefore(position: number): void {
    while (this.#length > 0 && this.#ring[this.#head]! < position) this.#dropFirst();
  }

  #dropFirst(): void {
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    this.firstSeq++;
  }

  #grow(): void {
    const old = this.#ring;
    const grown = new Float64Array(old.length * 2);
    for (let i = 0; i < this.#length; i++) grown[i] = old[(this.#head + i) & (old.length - 1)]!;
    this.#ring = grown;
    this.#head = 0;
  }
}
