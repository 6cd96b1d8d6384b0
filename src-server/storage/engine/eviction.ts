/**
 * Cache mode's bound: when memory is full the oldest segment goes, with what it holds.
 *
 * What somebody asked for since it was written, or since it was last spared, is written again at the end, once: an
 * approximation of least recently used that costs one bit a key. At most half of a segment is spared, so that room is made in any case.
 */
import { LiveOps, mayLeave, type VisitLiveOp } from './live-ops.ts';
import type { Log } from './log.ts';
import type { PartitionStore } from './partition-store.ts';
import { positionOf } from './record.ts';
import { RecordCursor } from './record-cursor.ts';

export interface EvictionParts {
  readonly log: Log;
  readonly stores: ReadonlyMap<number, PartitionStore>;
  readonly memoryBytes: number;
}

export class Eviction {
  readonly #parts: EvictionParts;
  readonly #liveOps: LiveOps;
  #evictedKeys = 0;
  #movedBytes = 0;
  #isOver = false;
  #checkedHotBytes = -1;

  constructor(parts: EvictionParts) {
    this.#parts = parts;
    this.#liveOps = new LiveOps(parts.stores);
  }

  get evictedKeys(): number {
    return this.#evictedKeys;
  }

  get movedBytes(): number {
    return this.#movedBytes;
  }

  /** Whether there is more than there should be, because nothing may go. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** At the end of a turn. */
  makeRoom(): void {
    const { log, memoryBytes } = this.#parts;
    if (log.hotBytes === this.#checkedHotBytes && !this.#isOver) return;
    while (this.residentBytes > memoryBytes && this.#mayGo()) this.#evictOldest();
    this.#isOver = this.residentBytes > memoryBytes;
    this.#checkedHotBytes = log.hotBytes;
  }

  get residentBytes(): number {
    const { log, stores } = this.#parts;
    let bytes = log.hotBytes;
    for (const store of stores.values()) bytes += store.memoryBytes;
    return bytes;
  }

  #mayGo(): boolean {
    const { log, stores } = this.#parts;
    const { oldest, active } = log;
    const end = positionOf(oldest.number + 1, 0);
    return oldest !== active && oldest.pins === 0 && mayLeave(end, stores.values());
  }

  #evictOldest(): void {
    const { log, stores } = this.#parts;
    const segment = log.oldest;
    const cursor = new RecordCursor(segment);
    let spared = 0;
    const spareOrEvict: VisitLiveOp = (store, at, op) => {
      if (store.keys.table.isUsed(at) && spared + op.length <= segment.size / 2) {
        spared += op.length;
        store.move(at, op);
      } else {
        store.keys.remove(at);
        this.#evictedKeys++;
      }
    };
    while (this.#liveOps.step(cursor, spareOrEvict) === 'record');
    this.#movedBytes += spared;
    log.forgetOldest();
    const begin = positionOf(log.oldest.number, 0);
    for (const store of stores.values()) store.forgetBefore(begin);
  }
}
