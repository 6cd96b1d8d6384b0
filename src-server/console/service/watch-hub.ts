/**
 * The console's watches on one cluster: one persistent watch a path, however many look at it, and none on what nobody does.
 *
 * A watch may miss what happened while there was no connection, so a new connection counts as a change of everything.
 */
import type { Client, Event, EventListener } from '../../coordination/client/client.ts';
import type { Clock, Timer } from '../../platform/clock.ts';

export type ChangeListener = (kind: Event['kind'] | 'reconnected') => void;

interface Watched {
  readonly listeners: Set<ChangeListener>;
  readonly onEvent: EventListener;
  /** Runs when nobody looks any more, unless somebody does again soon: scrolling back costs nothing. */
  lingering: Timer | null;
}

const LINGER_MS = 2000;

export class WatchHub {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  #isConnected = false;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    client.onState((state) => {
      if (state.kind !== 'connected') {
        this.#isConnected = false;
        return;
      }
      if (this.#isConnected) return;
      this.#isConnected = true;
      for (const { listeners } of [...this.#watched.values()]) {
        for (const listener of [...listeners]) listener('reconnected');
      }
    });
  }

  get count(): number {
    return this.#watched.size;
  }

  /** @returns how to stop */
  watch(path: string, listener: ChangeListener): () => void {
    const watched = this.#watched.get(path) ?? this.#begin(path);
    watched.lingering?.cancel();
    watched.lingering = null;
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0 || watched.lingering !== null) return;
      watched.lingering = this.#clock.after(LINGER_MS, () => this.#end(path, watched));
    };
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.lingering?.cancel();
    this.#watched.clear();
  }

  #begin(path: string): Watched {
    const watched: Watched = {
      listeners: new Set(),
      onEvent: ({ kind }) => {
        for (const listener of [...watched.listeners]) listener(kind);
      },
      lingering: null,
    };
    this.#watched.set(path, watched);
    this.#client.watch(path, watched.onEvent, { recursive: false }).catch(() => {
      // Without a connection the watch is not there; the next one sets it again and tells everybody.
      if (this.#watched.get(path) === watched) this.#again(path, watched);
    });
    return watched;
  }

  #again(path: string, watched: Watched): void {
    const stop = this.#client.onState((state) => {
      if (state.kind === 'connecting') return;
      stop();
      if (state.kind !== 'connected' || this.#watched.get(path) !== watched) return;
      this.#client.watch(path, watched.onEvent, { recursive: false }).catch(() => undefined);
    });
  }

  #end(path: string, watched: Watched): void {
    if (this.#watched.get(path) !== watched) return;
    this.#watched.delete(path);
    this.#client.unwatch(path, watched.onEvent, { recursive: false }).catch(() => undefined);
  }
}
