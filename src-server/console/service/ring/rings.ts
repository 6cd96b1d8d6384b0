/** The rings behind the clusters: each watched once however many people look, and nodes asked only while somebody does. */
import { ApiError } from '#contract/errors.ts';
import type {
  KeyPlace,
  PartitionReport,
  RingLive as LiveView,
  RingView,
  WhatIf,
} from '#contract/ring-models.ts';
import type { LocalNode, NodeLinkFault, NodeOrder } from '#contract/storage-models.ts';

import type { Platform } from '../../../platform/platform.ts';
import { DEFAULT_ROOT } from '../../../storage/control/paths.ts';
import { RingMemory } from '../../../storage/planning/ring-memory.ts';
import { ringNow } from '../../../storage/planning/ring-now.ts';
import { crc16, hashedPartOf, partitionOf, slotOf } from '../../../storage/ring/slots.ts';
import { type Clusters, LOCAL_ID } from '../clusters.ts';
import type { LocalStorage } from '../local-storage.ts';
import { NodeDoors } from './node-doors.ts';
import { partitionReportOf } from './partition-report.ts';
import { RingLive } from './ring-live.ts';
import { type RingSource, RingWatch } from './ring-watch.ts';
import { whatIfOf } from './what-if.ts';

export interface RingAt {
  readonly cluster: string;
  readonly root: string;
}

/** A ring that somebody looks at. */
export interface OpenRing {
  readonly watch: RingWatch;
  readonly live: RingLive;
  /** Of its nodes. */
  readonly doors: NodeDoors;
  /** Placements it had while it was watched. */
  readonly memory: RingMemory;
}

const ROOT = /^(\/[^/\p{Cc}]+)+$/u;

export class Rings {
  readonly #platform: Pick<Platform, 'net' | 'clock' | 'logger'>;
  readonly #clusters: Clusters;
  readonly #storage: LocalStorage | null;
  readonly doors: NodeDoors;
  readonly #rings = new Map<string, OpenRing>();

  constructor(parts: {
    readonly platform: Pick<Platform, 'net' | 'clock' | 'logger'>;
    readonly clusters: Clusters;
    readonly storage: LocalStorage | null;
  }) {
    this.#platform = parts.platform;
    this.#clusters = parts.clusters;
    this.#storage = parts.storage;
    this.doors = new NodeDoors(parts.platform);
  }

  /** @throws ApiError not-found */
  follow(at: RingAt, send: (view: RingView) => void): () => void {
    return this.open(at).watch.follow(send);
  }

  /** @throws ApiError not-found */
  followLive(at: RingAt, send: (live: LiveView) => void): () => void {
    const { watch, live } = this.open(at);
    const release = watch.hold();
    const stop = live.follow(send);
    return () => {
      stop();
      release();
    };
  }

  locate(at: RingAt, key: Uint8Array): KeyPlace {
    const hashed = hashedPartOf(key);
    const slot = slotOf(key);
    const count = this.#partitionCount(this.#rings.get(nameOf(at))?.watch ?? null);
    return {
      crc: crc16(hashed, 0, hashed.length),
      hashed: hashed.slice(),
      slot,
      partition: count === 0 ? null : partitionOf(slot, count),
    };
  }

  async partition(at: RingAt, partition: number): Promise<PartitionReport> {
    const { watch, live } = this.open(at);
    const holdings = await live.holdingsOf(partition);
    return partitionReportOf(watch.known, partition, holdings);
  }

  /** @throws ApiError not-found where there is no ring */
  whatIf(at: RingAt, without: readonly string[]): WhatIf {
    const { watch, live } = this.open(at);
    const config = watch.known.config?.value ?? null;
    if (config === null) throw new ApiError('not-found', `there is no ring at ${at.root}`);
    const { known, measured } = live.sizes;
    const partitionBytes = known === 0 ? null : measured.bytes;
    return whatIfOf(watch.known, config, { without, partitionBytes });
  }

  order(order: NodeOrder): void {
    this.#storage?.order(order);
  }

  breakLinks(links: readonly NodeLinkFault[]): void {
    this.#storage?.breakLinks(links);
  }

  heal(): void {
    this.#storage?.heal();
  }

  close(): void {
    for (const { watch } of [...this.#rings.values()]) watch.close();
    this.doors.close();
  }

  /** It is watched from now on, for a while at least. @throws ApiError not-found */
  open(at: RingAt): OpenRing {
    const known = this.#rings.get(nameOf(at));
    if (known !== undefined) {
      // Whoever asks once keeps it for as long as somebody might ask again.
      known.watch.hold()();
      return known;
    }
    if (!ROOT.test(at.root)) throw new ApiError('bad-path', `${at.root} is no path of a ring`);
    const { clock, logger } = this.#platform;
    const watch = new RingWatch({
      clock,
      logger,
      source: this.#sourceOf(at),
      onRest: () => this.#rings.delete(nameOf(at)),
    });
    const live = new RingLive({
      clock,
      doors: this.doors,
      nodes: () => watch.shown?.nodes ?? [],
      partitionCount: () => this.#partitionCount(watch),
    });
    const memory = new RingMemory();
    watch.onChange(() => {
      const ring = ringNow(watch.known);
      if (ring !== null) memory.remember(ring);
    });
    const opened = { watch, live, doors: this.doors, memory };
    this.#rings.set(nameOf(at), opened);
    watch.hold()();
    return opened;
  }

  #partitionCount(watch: RingWatch | null): number {
    return watch?.known.config?.value.table.partitionCount ?? 0;
  }

  #sourceOf({ cluster, root }: RingAt): RingSource {
    const clusters = this.#clusters;
    // Nodes of this program belong to the ring of its own ensemble.
    const storage = cluster === LOCAL_ID && root === DEFAULT_ROOT ? this.#storage : null;
    return {
      root,
      client: () => clusters.clientOf(cluster),
      onClient: (listener) => clusters.onLive(cluster, listener),
      localNodes: (): readonly LocalNode[] => storage?.nodes ?? [],
      onLocal: (listener) => storage?.onChange(listener) ?? (() => undefined),
    };
  }
}

function nameOf({ cluster, root }: RingAt): string {
  return `${cluster} ${root}`;
}
