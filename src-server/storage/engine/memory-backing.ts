/** A cache's log: all of it in memory, bounded; what is appended needs no sync, and a restart finds nothing. */
import type { Backing, BackingFacts, FlushDone } from './backing.ts';
import { Eviction, type EvictionParts } from './eviction.ts';
import type { Room } from './room.ts';

export class MemoryBacking implements Backing {
  readonly #eviction: Eviction;

  constructor(parts: EvictionParts) {
    this.#eviction = new Eviction(parts);
  }

  get room(): Room {
    return this.#eviction.isOver ? 'none' : 'ok';
  }

  flush(done: FlushDone): void {
    this.#eviction.makeRoom();
    done(null);
  }

  maintain(): boolean {
    return false;
  }

  facts(): BackingFacts {
    const { evictedKeys, movedBytes } = this.#eviction;
    const scrub = { bytes: 0, bytesTotal: 0, endedMs: 0 };
    return { writtenBytes: 0, syncs: 0, movedBytes, evictedKeys, scrub };
  }

  close(done: () => void): void {
    done();
  }
}
