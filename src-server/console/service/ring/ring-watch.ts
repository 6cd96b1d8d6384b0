/** Keeps one ring in sight while somebody looks at it: over the session of its cluster, and the next one when that ends. */
import type { RingView } from '#contract/ring-models.ts';
import type { LocalNode } from '#contract/storage-models.ts';

import type { Client } from '../../../coordination/client/client.ts';
import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/logger.ts';
import { KeptView } from '../../../storage/control/kept-view.ts';
import { RingMirror } from '../../../storage/control/mirror.ts';
import { RingPaths } from '../../../storage/control/paths.ts';
import type { RingView as KnownRing, ViewChange } from '../../../storage/control/view.ts';
import { ringViewOf } from './ring-views.ts';

/** Where the ring is read, and what is known of it besides. */
export interface RingSource {
  readonly root: string;
  /** Null where there is no connection and none is being made. */
  client(): Client | null;
  onClient(listener: () => void): () => void;
  /** Storage nodes of this program, where it is their ring. */
  localNodes(): readonly LocalNode[];
  onLocal(listener: () => void): () => void;
}

/** A fail-over changes hundreds of partitions one after the other: they are told together. */
const GATHER_MS = 120;
/** Whoever comes back soon finds everything as it was. */
const LINGER_MS = 5000;

export class RingWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: RingSource;
  readonly #view: KeptView;
  readonly #paths: RingPaths;
  readonly #listeners = new Set<(view: RingView) => void>();
  readonly #onRest: () => void;
  #mirror: RingMirror | null = null;
  #stops: (() => void)[] = [];
  #telling: Timer | null = null;
  #lingering: Timer | null = null;
  #shown: RingView | null = null;
  /** By how many it is needed. */
  #held = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly source: RingSource;
    /** Nobody has looked for a while: it is over. */
    readonly onRest: () => void;
  }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#source = parts.source;
    this.#onRest = parts.onRest;
    this.#paths = new RingPaths(parts.source.root);
    this.#view = new KeptView(this.#paths);
    this.#begin();
  }

  /** The ring as the tree tells of it. */
  get known(): KnownRing {
    return this.#view;
  }

  get paths(): RingPaths {
    return this.#paths;
  }

  /** Over which it is read; null while there is no connection and none is being made. */
  get client(): Client | null {
    return this.#source.client();
  }

  /** At once after every change of what is known. */
  onChange(listener: (change: ViewChange) => void): () => void {
    return this.#view.onChange(listener);
  }

  /** Resolves once what the ensemble has told so far is known. */
  async settled(): Promise<void> {
    await this.#mirror?.settled();
  }

  /** The same with what runs here; null before it was read. */
  get shown(): RingView | null {
    return this.#shown;
  }

  /** What is known at once, and everything new until the function it returns is called. */
  follow(send: (view: RingView) => void): () => void {
    const stop = this.hold();
    this.#listeners.add(send);
    if (this.#shown !== null) send(this.#shown);
    return () => {
      this.#listeners.delete(send);
      stop();
    };
  }

  /** It goes on for whoever needs it, told or not. */
  hold(): () => void {
    this.#held++;
    this.#lingering?.cancel();
    this.#lingering = null;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#held === 0) this.#lingering = this.#clock.after(LINGER_MS, () => this.close());
    };
  }

  close(): void {
    this.#lingering?.cancel();
    this.#telling?.cancel();
    for (const stop of this.#stops.splice(0)) stop();
    this.#mirror?.close();
    this.#mirror = null;
    this.#onRest();
  }

  #begin(): void {
    const { onClient, onLocal } = this.#source;
    this.#stops = [
      onClient.call(this.#source, () => this.#bind()),
      onLocal.call(this.#source, () => this.#tellSoon()),
      this.#view.onChange(() => this.#tellSoon()),
    ];
    this.#bind();
  }

  /** Where there is no connection at present, the next one brings the ring. */
  #bind(): void {
    this.#mirror?.close();
    this.#mirror = null;
    const client = this.#source.client();
    if (client === null) return;
    this.#mirror = new RingMirror({
      client,
      clock: this.#clock,
      paths: this.#paths,
      view: this.#view,
      logger: this.#logger,
    });
  }

  #tellSoon(): void {
    this.#telling ??= this.#clock.after(GATHER_MS, () => {
      this.#telling = null;
      // Nobody has read it yet: there is nothing to be said, not even that there is no ring.
      if (!this.#view.isConnected && this.#shown === null) return;
      this.#shown = ringViewOf(this.#view, {
        root: this.#source.root,
        atMs: this.#clock.wallMs(),
        local: this.#source.localNodes(),
      });
      for (const listener of [...this.#listeners]) listener(this.#shown);
    });
  }
}
