/**
 * Where the newest entries of a partition begin in the log, so that replicas that lag can be sent them: a ring of positions
 * by seq, from `firstSeq` to the newest. What falls out of it is gone for them, and they need a copy.
 */

export interface TailBudget {
  /** Positions that one partition may keep. */
  entriesMax(): number;
}

const ENTRIES_MIN = 16;
/** Eight megabytes: so many a partition keeps for those who are expected to lag, whatever its budget. */
const AWAITED_ENTRIES_MAX = 0x10_0000;

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

  /**
   * @param keptSeq what may not be dropped: entries from there on are not committed
   * @param awaitedSeq from which on somebody will need them soon, null for nobody: a copy that took long would be in vain else
   */
  push(position: number, keptSeq: number, awaitedSeq: number | null): void {
    if (this.#length === this.#ring.length) {
      const mayGrow =
        this.#length < this.#budget.entriesMax() ||
        keptSeq <= this.firstSeq ||
        (awaitedSeq !== null && awaitedSeq <= this.firstSeq && this.#length < AWAITED_ENTRIES_MAX);
      if (mayGrow) this.#grow();
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

  /** Nobody waits for them any more: as many stay as the budget allows, and those that are not committed. */
  shrink(keptSeq: number): void {
    const most = Math.max(ENTRIES_MIN, this.#budget.entriesMax());
    if (this.#ring.length <= 2 * most) return;
    while (this.#length > most && this.firstSeq < keptSeq) this.#dropFirst();
    const kept = new Float64Array(2 ** Math.ceil(Math.log2(Math.max(most, this.#length))));
    for (let i = 0; i < this.#length; i++)
      kept[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)]!;
    this.#ring = kept;
    this.#head = 0;
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
