/** What will happen when, in virtual time: a heap by time, and by order of entry where times are equal. */
import { assert } from '../../../src-server/base/assert.ts';

/** Many times what a run needs: peers that only answer each other are found by it. */
const EVENTS_MAX = 1_000_000;

interface Item {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Agenda {
  readonly #heap: Item[] = [];
  #order = 0;
  #done = 0;
  nowMs = 0;

  at(atMs: number, run: () => void): void {
    const item: Item = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let i = this.#heap.length;
    this.#heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(item, this.#heap[parent]!)) break;
      this.#heap[i] = this.#heap[parent]!;
      i = parent;
    }
    this.#heap[i] = item;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Runs what is due until `untilMs`, or until `isDone`. @returns whether it was done */
  run(untilMs: number, isDone: () => boolean = () => false): boolean {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      assert(this.#done++ < EVENTS_MAX, 'the world comes to rest now and then');
      const item = this.#pop();
      this.nowMs = item.atMs;
      item.run();
      if (isDone()) return true;
    }
    this.nowMs = untilMs;
    return isDone();
  }

  #pop(): Item {
    const top = this.#heap[0]!;
    const last = this.#heap.pop()!;
    const size = this.#heap.length;
    if (size === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (!isBefore(this.#heap[child]!, last)) break;
      this.#heap[i] = this.#heap[child]!;
      i = child;
    }
    this.#heap[i] = last;
    return top;
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
