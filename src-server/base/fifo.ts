/** A queue over a ring that grows by doubling: push and shift stay a few nanoseconds however long it gets. */
import { assert } from './assert.ts';

export class Fifo<T> {
  #ring: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(capacity = 16) {
    assert((capacity & (capacity - 1)) === 0, 'a ring holds a power of two');
    this.#ring = new Array<T | undefined>(capacity).fill(undefined);
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item;
    this.#length++;
  }

  /** The oldest item, or undefined when empty. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  at(index: number): T | undefined {
    return index < this.#length
      ? this.#ring[(this.#head + index) & (this.#ring.length - 1)]
      : undefined;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return item;
  }

  /** Takes back the newest item. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    const at = (this.#head + this.#length) & (this.#ring.length - 1);
    const item = this.#ring[at];
    this.#ring[at] = undefined;
    return item;
  }

  clear(): void {
    this.#ring.fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const old = this.#ring;
    const grown = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < old.length; i++) grown[i] = old[(this.#head + i) & (old.length - 1)];
    this.#ring = grown;
    this.#head = 0;
  }
}
