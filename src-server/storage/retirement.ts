/**
 * Copies that the ring does not want at this node any more: kept for a while, in case somebody changes their mind, and dropped
 * when every copy that is wanted has everything.
 */
import { whyKept } from './control/cleanup.ts';
import type { RingView } from './control/membership.ts';
import type { Partitions } from './partitions.ts';

export interface RetirementParts {
  readonly partitions: Partitions;
  readonly view: RingView;
  /** How long they are kept. */
  readonly graceMs: number;
  readonly onDropped: (partition: number) => void;
}

/** They are looked through so often. */
const LOOK_MS = 1000;

export class Retirement {
  readonly #parts: RetirementParts;
  /** Since when nobody wants them. */
  readonly #since = new Map<number, number>();
  #nextLookMs = 0;

  constructor(parts: RetirementParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#since.size;
  }

  onPulse(nowMs: number): void {
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + LOOK_MS;
    const { partitions, view, graceMs } = this.#parts;
    for (const { number, replica } of partitions.held) {
      const stray = { partition: number, epoch: replica.epoch };
      if (replica.role !== 'idle' || whyKept(view, partitions.self, stray) !== null) {
        this.#since.delete(number);
        continue;
      }
      const sinceMs = this.#since.get(number) ?? nowMs;
      this.#since.set(number, sinceMs);
      if (nowMs - sinceMs < graceMs) continue;
      this.#since.delete(number);
      partitions.drop(number);
      this.#parts.onDropped(number);
    }
  }
}
