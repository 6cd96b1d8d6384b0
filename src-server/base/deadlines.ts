/**
 * Deadlines rounded up to whole ticks, for thousands of sessions or links that are touched far more often than they end.
 *
 *   bucket = (floor((now + timeout) / tick) + 1) * tick
 *
 * So an item lives between `timeout` and `timeout + tick` after its last touch, and a touch is usually no work at all:
 * the bucket has not changed. This is ZooKeeper's own rounding, which clients' heartbeats count on.
 */
import { assert } from './assert.ts';

export class Deadlines<T> {
  readonly #tickMs: number;
  readonly #buckets = new Map<number, Set<T>>();
  readonly #bucketOf = new Map<T, number>();
  #nextBucket: number;

  constructor(tickMs: number, nowMs: number) {
    assert(tickMs > 0, 'a tick has a length');
    this.#tickMs = tickMs;
    this.#nextBucket = this.#roundUp(nowMs);
  }

  get size(): number {
    return this.#bucketOf.size;
  }

  /** Starts an item or moves its end; a shorter timeout than before moves it nearer. */
  touch(item: T, nowMs: number, timeoutMs: number): void {
    const bucket = this.#roundUp(nowMs + timeoutMs);
    const before = this.#bucketOf.get(item);
    if (before !== undefined) {
      if (before === bucket) return;
      this.#buckets.get(before)?.delete(item);
    }
    let items = this.#buckets.get(bucket);
    if (items === undefined) this.#buckets.set(bucket, (items = new Set()));
    items.add(item);
    this.#bucketOf.set(item, bucket);
  }

  remove(item: T): void {
    const bucket = this.#bucketOf.get(item);
    if (bucket === undefined) return;
    this.#bucketOf.delete(item);
    this.#buckets.get(bucket)?.delete(item);
  }

  /** When the next bucket falls due; a timer set for it misses nothing. */
  get nextDueMs(): number {
    return this.#nextBucket;
  }

  /** Takes out every item whose bucket has passed. Call it at or after `nextDueMs`. */
  expire(nowMs: number): T[] {
    const expired: T[] = [];
    while (this.#nextBucket <= nowMs) {
      const items = this.#buckets.get(this.#nextBucket);
      if (items !== undefined) {
        this.#buckets.delete(this.#nextBucket);
        for (const item of items) {
          this.#bucketOf.delete(item);
          expired.push(item);
        }
      }
      this.#nextBucket += this.#tickMs;
    }
    return expired;
  }

  /** Bucket end times with their items, soonest first. */
  *byDeadline(): Iterable<readonly [number, ReadonlySet<T>]> {
    for (const end of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      const items = this.#buckets.get(end);
      if (items !== undefined && items.size > 0) yield [end, items];
    }
  }

  #roundUp(timeMs: number): number {
    return (Math.floor(timeMs / this.#tickMs) + 1) * this.#tickMs;
  }
}
