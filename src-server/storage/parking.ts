/**
 * Where requests wait for a partition between two leaders: in their order, a bounded number of them, for a bounded time. A
 * planned hand-over passes within it, and no client hears of that.
 */
import { Fifo } from '../base/fifo.ts';
import type { Work } from './resp/ports.ts';

interface Parked {
  readonly work: Work;
  readonly untilMs: number;
}

export interface ParkingParts {
  readonly parkMs: number;
  /** On the whole node. */
  readonly max: number;
  /** Tries again: false where it has to wait on. */
  readonly retry: (partition: number, work: Work) => boolean;
  readonly refuse: (partition: number, work: Work, why: 'full' | 'late') => void;
}

export class Parking {
  readonly #parts: ParkingParts;
  readonly #lots = new Map<number, Fifo<Parked>>();
  #count = 0;

  constructor(parts: ParkingParts) {
    this.#parts = parts;
  }

  /** Requests that wait. */
  get count(): number {
    return this.#count;
  }

  /** Those who came before wait here: whoever comes now must not overtake them. */
  isBusy(partition: number): boolean {
    return this.#count > 0 && this.#lots.has(partition);
  }

  park(partition: number, work: Work, nowMs: number): void {
    if (this.#count >= this.#parts.max) {
      this.#parts.refuse(partition, work, 'full');
      return;
    }
    let lot = this.#lots.get(partition);
    if (lot === undefined) this.#lots.set(partition, (lot = new Fifo<Parked>()));
    lot.push({ work, untilMs: nowMs + this.#parts.parkMs });
    this.#count++;
  }

  /** Something about the partition changed: as many go on as can. */
  release(partition: number): void {
    const lot = this.#lots.get(partition);
    if (lot === undefined) return;
    for (let next = lot.peek(); next !== undefined; next = lot.peek()) {
      if (!this.#parts.retry(partition, next.work)) return;
      lot.shift();
      this.#count--;
    }
    this.#lots.delete(partition);
  }

  releaseAll(): void {
    for (const partition of [...this.#lots.keys()]) this.release(partition);
  }

  /** Those who have waited long enough are refused. */
  expire(nowMs: number): void {
    for (const [partition, lot] of this.#lots) {
      for (let next = lot.peek(); next !== undefined && next.untilMs <= nowMs; next = lot.peek()) {
        lot.shift();
        this.#count--;
        this.#parts.refuse(partition, next.work, 'late');
      }
      if (lot.length === 0) this.#lots.delete(partition);
    }
  }
}
