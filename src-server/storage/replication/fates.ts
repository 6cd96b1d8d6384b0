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
import type { ReplicaLog } from './replica-log.ts';

interface Range {
  readonly epoch: number;
  readonly fromSeq: number;
  toSeq: number;
}

export class Fates {
  readonly #partition: number;
  /** In the log and undecided. */
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

  /** Says what is decided by it, before the commit itself is told. */
  onCommitted(seq: number, log: ReplicaLog, effects: Effects): void {
    if (this.#cut.length > 0) this.#decideCut(seq, log, effects);
    if (this.#inLog.length > 0) this.#inLog = this.#inLog.filter(({ toSeq }) => toSeq > seq);
  }

  #decideCut(seq: number, log: ReplicaLog, effects: Effects): void {
    const partition = this.#partition;
    const cut = this.#cut;
    this.#cut = [];
    for (const { epoch, fromSeq, toSeq } of cut) {
      // A later leader had it, and has sent it here again.
      const returnedSeq = log.epochOf(fromSeq) === epoch ? Math.min(toSeq, log.endOf(epoch)) : 0;
      if (returnedSeq > 0) this.#inLog.push({ epoch, fromSeq, toSeq: returnedSeq });
      const rest = { epoch, fromSeq: Math.max(fromSeq, returnedSeq + 1), toSeq };
      if (rest.fromSeq > toSeq) continue;
      if (rest.fromSeq > seq) this.#cut.push(rest);
      else effects.push({ kind: 'discarded', partition, ...rest });
    }
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
