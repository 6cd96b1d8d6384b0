/**
 * Where requests wait for a partition between two leaders: in their order, a bounded number of them, for a bounded time. A
 * planned hand-over passes within it, and no client hears of that.
 */
import { assert } from '../base/assert.ts';
import { Fifo } from '../base/fifo.ts';
import type { Work } from './resp/ports.ts';

interface Parked {
  readonly work: Work;
  readonly untilMs: number;
  readonly canRun: boolean;
}

/** Of one partition. */
interface Lot {
  /** Those that ran here before, and were taken back: they came before all others. */
  readonly again: Fifo<Parked>;
  readonly fresh: Fifo<Parked>;
  isLeaving: boolean;
}

export interface ParkingParts {
  readonly parkMs: number;
  /** On the whole node. */
  readonly max: number;
  /** Tries again: false where it has to wait on. Who cannot run here can still be told where to go. */
  readonly retry: (partition: number, work: Work, canRun: boolean) => boolean;
  readonly refuse: (partition: number, work: Work, why: 'full' | 'late') => void;
}

export class Parking {
  readonly #parts: ParkingParts;
  readonly #lots = new Map<number, Lot>();
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
    const untilMs = nowMs + this.#parts.parkMs;
    this.#lotOf(partition).fresh.push({ work, untilMs, canRun: true });
    this.#count++;
  }

  /** They ran here, and it came to nothing. They had their place before, so that there is one for them. */
  parkAgain(partition: number, works: readonly Work[], nowMs: number): void {
    const { again } = this.#lotOf(partition);
    const untilMs = nowMs + this.#parts.parkMs;
    for (const work of works) again.push({ work, untilMs, canRun: work.takeBack() });
    this.#count += works.length;
  }

  #lotOf(partition: number): Lot {
    let lot = this.#lots.get(partition);
    if (lot === undefined) {
      lot = { again: new Fifo<Parked>(), fresh: new Fifo<Parked>(), isLeaving: false };
      this.#lots.set(partition, lot);
    }
    return lot;
  }

  /** Something about the partition changed: as many go on as can. */
  release(partition: number): void {
    if (this.#count === 0) return;
    const lot = this.#lots.get(partition);
    // Whoever goes on may change something about the partition: the next one is looked at all the same.
    if (lot === undefined || lot.isLeaving) return;
    lot.isLeaving = true;
    this.#letGo(partition, lot);
    lot.isLeaving = false;
    this.#forget(partition, lot);
  }

  #letGo(partition: number, lot: Lot): void {
    for (;;) {
      const queue = lot.again.length > 0 ? lot.again : lot.fresh;
      const next = queue.peek();
      if (next === undefined || !this.#parts.retry(partition, next.work, next.canRun)) return;
      const gone = queue.shift();
      assert(gone === next, 'nobody overtakes');
      this.#count--;
    }
  }

  #forget(partition: number, { again, fresh, isLeaving }: Lot): void {
    if (!isLeaving && again.length + fresh.length === 0) this.#lots.delete(partition);
  }

  releaseAll(): void {
    for (const partition of [...this.#lots.keys()]) this.release(partition);
  }

  /** Those who have waited long enough are refused. */
  expire(nowMs: number): void {
    for (const [partition, lot] of this.#lots) {
      for (const queue of [lot.again, lot.fresh]) this.#expire(partition, queue, nowMs);
      this.#forget(partition, lot);
    }
  }

  #expire(partition: number, queue: Fifo<Parked>, nowMs: number): void {
    for (
      let next = queue.peek();
      next !== undefined && next.untilMs <= nowMs;
      next = queue.peek()
    ) {
      queue.shift();
      this.#count--;
      this.#parts.refuse(partition, next.work, 'late');
    }
  }
}
