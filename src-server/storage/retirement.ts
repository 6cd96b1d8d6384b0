/**
 * Copies that the ring does not want at this node any more: kept while a rebalance that moved them away may be undone, and for a
 * while after that; dropped when every copy that is wanted has everything.
 *
 *   nobody wants it ──closed, and graceMs──▶ the ensemble itself is asked whether that still holds ──▶ dropped
 *
 * A view may be late, so it is not enough to see that nobody wants it: what the ensemble confirms is the version of the partition,
 * of the placement and of the rebalance by which that was found out.
 */
import { whyKept } from './control/cleanup.ts';
import type { RingView } from './control/membership.ts';
import type { Partition } from './partition.ts';
import type { Partitions } from './partitions.ts';

export interface RetirementParts {
  readonly partitions: Partitions;
  readonly view: RingView;
  /** How long they are kept. */
  readonly graceMs: () => number;
  /** Whether what the view says of a partition is so at the ensemble. */
  readonly isStillSo: (partition: number) => Promise<boolean>;
  readonly onDropped: (partition: number) => void;
}

/** They are looked through so often. */
const LOOK_MS = 1000;
/** Questions to the ensemble at the same time. */
const ASKED_MAX = 16;

export class Retirement {
  readonly #parts: RetirementParts;
  /** Since when nobody wants them. */
  readonly #since = new Map<number, number>();
  readonly #asked = new Set<number>();
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
    const { partitions, graceMs } = this.#parts;
    for (const partition of partitions.held) {
      const { number } = partition;
      if (!this.#isUnwanted(partition)) {
        this.#since.delete(number);
        continue;
      }
      const sinceMs = this.#since.get(number) ?? nowMs;
      this.#since.set(number, sinceMs);
      const isDue = nowMs - sinceMs >= graceMs() && this.#asked.size < ASKED_MAX;
      if (isDue && !this.#asked.has(number)) void this.#drop(partition, sinceMs);
    }
  }

  #isUnwanted({ number, replica }: Partition): boolean {
    const { partitions, view } = this.#parts;
    if (replica.role !== 'idle') return false;
    return whyKept(view, partitions.self, { partition: number, epoch: replica.epoch }) === null;
  }

  async #drop(partition: Partition, sinceMs: number): Promise<void> {
    const { partitions, isStillSo, onDropped } = this.#parts;
    const { number } = partition;
    this.#asked.add(number);
    const isSure = await isStillSo(number);
    this.#asked.delete(number);
    const isSame =
      this.#since.get(number) === sinceMs && partitions.partition(number) === partition;
    if (!isSure || !isSame || !this.#isUnwanted(partition)) return;
    this.#since.delete(number);
    partitions.drop(number);
    onDropped(number);
  }
}
