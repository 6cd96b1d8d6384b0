/** What a connection has queued behind MULTI, and the keys it watches. */
import type { Arguments } from './arguments.ts';

export interface Watched {
  readonly key: Uint8Array;
  readonly slot: number;
  /** Of the entry that wrote the key, 0 for a key that was missing. */
  readonly seq: number;
}

export class Multi {
  isOpen = false;
  /** A command was refused when it was queued; EXEC will refuse the rest. */
  isSpoiled = false;
  /** A slot of the one partition that all of it must lie in, −1 while no key was named. */
  slot = -1;
  queuedBytes = 0;
  /** A WATCH has not been answered. */
  isWatching = false;
  #queued: Arguments[] = [];
  readonly #watched = new Map<string, Watched>();

  get queued(): readonly Arguments[] {
    return this.#queued;
  }

  get watched(): ReadonlyMap<string, Watched> {
    return this.#watched;
  }

  open(): void {
    this.isOpen = true;
  }

  /** @param words kept */
  queue(words: Arguments): void {
    this.#queued.push(words);
    this.queuedBytes += words.bytes.length;
  }

  /** A key that is watched already keeps what was seen first. */
  watch(watched: Watched): void {
    const name = Buffer.from(watched.key).toString('latin1');
    if (!this.#watched.has(name)) this.#watched.set(name, watched);
  }

  unwatch(): void {
    this.#watched.clear();
  }

  /** Ends it, and the watches with it. */
  close(): void {
    this.isOpen = this.isSpoiled = false;
    this.slot = -1;
    this.queuedBytes = 0;
    this.#queued = [];
    this.#watched.clear();
  }
}
