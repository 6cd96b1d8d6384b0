/**
 * What becomes of the entries that were proposed here, told when it cannot change any more.
 *
 *   proposed ──▶ in the log ──committed there──▶ it holds
 *                    └── cut by another leader ──▶ committed otherwise ──▶ it never happened
 *
 * A cut alone decides nothing: who cut it may fall before its own first entry is committed, and another replica that still has
 * the entry may lead next. Once any entry is committed at its place, it can only be that one.
 */
import type { Effects } from './effects.ts';

interface Range {
  readonly epoch: number;
  readonly fromSeq: number;
  toSeq: number;
}

export class Fates {
  readonly #partition: number;
  /** In the log and undecided, ascending. */
  #inLog: Range[] = [];
  #cut: Range[] = [];

  constructor(partition: number) {
    this.#partition = partition;
  }

  get isEmpty(): boolean {
    return this.#inLog.length === 0 && this.#cut.length === 0;
  }

  onProposed(epoch: number, seq: number): void {
    const newest = this.#inLog.at(-1);
    if (newest?.epoch === epoch && newest.toSeq === seq - 1) newest.toSeq = seq;
    else this.#inLog.push({ epoch, fromSeq: seq, toSeq: seq });
  }

  onTruncated(keepSeq: number): void {
    for (const range of this.#inLog) {
      if (range.toSeq <= keepSeq) continue;
      const fromSeq = Math.max(range.fromSeq, keepSeq + 1);
      this.#cut.push({ epoch: range.epoch, fromSeq, toSeq: range.toSeq });
      range.toSeq = keepSeq;
    }
    this.#inLog = this.#inLog.filter(({ fromSeq, toSeq }) => fromSeq <= toSeq);
  }

  /** Says what is decided by it; before the commit itself is told. */
  onCommitted(seq: number, effects: Effects): void {
    if (this.isEmpty) return;
    if (this.#inLog.length > 0) this.#inLog = this.#inLog.filter(({ toSeq }) => toSeq > seq);
    if (this.#cut.length === 0) return;
    const partition = this.#partition;
    for (const { epoch, fromSeq, toSeq } of this.#cut) {
      if (fromSeq <= seq) effects.push({ kind: 'discarded', partition, epoch, fromSeq, toSeq });
    }
    this.#cut = this.#cut.filter(({ fromSeq }) => fromSeq > seq);
  }

  /** Nothing more will be learnt here. */
  giveUp(effects: Effects): void {
    if (this.isEmpty) return;
    const fromSeq = Math.min(...[...this.#inLog, ...this.#cut].map((range) => range.fromSeq));
    effects.push({ kind: 'inDoubt', partition: this.#partition, fromSeq });
    this.#inLog = [];
    this.#cut = [];
  }
}
