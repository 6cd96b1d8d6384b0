/** The rings behind the clusters: each watched once however many people look, and nodes asked only while somebody does. */
import { ApiError } from '#contract/errors.ts';
import type {
  AccessFacts,
  AccessOutcome,
  AccessWish,
  KeyPlace,
  PartitionReport,
  RingLive as LiveView,
  RingNode,
  RingView,
  WhatIf,
} from '#contract/ring-models.ts';
import type { LocalNode, NodeLinkFault, NodeOrder } from '#contract/storage-models.ts';

import type { Platform } from '../../../platform/platform.ts';
import { DEFAULT_ROOT } from '../../../storage/control/paths.ts';
import { RingMemory } from '../../../storage/planning/ring-memory.ts';
import { ringNow } from '../../../storage/planning/ring-now.ts';
import { RespError } from '../../../storage/resp/reply.ts';
import { crc16, hashedPartOf, partitionOf, slotOf } from '../../../storage/ring/slots.ts';
import { type Clusters, LOCAL_ID } from '../clusters.ts';
import type { LocalStorage } from '../local-storage.ts';
import { accessOf, type NodeAccess, PLAIN } from './node-access.ts';
import { NodeDoors } from './node-doors.ts';
import { troubleOf } from './node-inquiry.ts';
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
  /** Of its nodes; others once they are entered otherwise. */
  doors: NodeDoors;
  /** Placements it had while it was watched. */
  readonly memory: RingMemory;
}

const ROOT = /^(\/[^/\p{Cc}]+)+$/u;

export class Rings {
  readonly #platform: Pick<Platform, 'net' | 'secureNet' | 'clock' | 'logger'>;
  readonly #clusters: Clusters;
  readonly #storage: LocalStorage | null;
  readonly #rings = new Map<string, OpenRing>();
  /** Of rings whose nodes do not let everybody in. */
  readonly #accesses = new Map<string, NodeAccess>();

  constructor(parts: {
    readonly platform: Pick<Platform, 'net' | 'secureNet' | 'clock' | 'logger'>;
    readonly clusters: Clusters;
    readonly storage: LocalStorage | null;
  }) {
    this.#platform = parts.platform;
    this.#clusters = parts.clusters;
    this.#storage = parts.storage;
    parts.clusters.onChange(() => this.#forgetOthers());
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

  /** How its nodes are entered, without what is secret of it. */
  access(at: RingAt): AccessFacts {
    const { credentials, tls } = this.#accesses.get(nameOf(at)) ?? PLAIN;
    return { user: credentials?.name ?? null, tls };
  }

  /**
   * Enters its nodes so from now on, if the first of them that answers at all lets the console in.
   * @throws ApiError bad-request, unsupported
   */
  async enter(at: RingAt, wish: AccessWish): Promise<AccessOutcome> {
    const { watch } = this.open(at);
    const access = accessOf(wish);
    const doors = new NodeDoors(this.#platform, access);
    const refusal = await this.#tryAll(doors, watch.shown?.nodes ?? []);
    if (refusal !== null) {
      doors.close();
      return refusal;
    }
    // While it was tried, the ring may have been left and opened again.
    const opened = this.open(at);
    opened.doors.close();
    this.#accesses.set(nameOf(at), access);
    opened.doors = doors;
    return { trouble: null, detail: null };
  }

  /** Null where it is let in, or nobody can say. */
  async #tryAll(doors: NodeDoors, nodes: readonly RingNode[]): Promise<AccessOutcome | null> {
    for (const { isAlive, proxyAddress } of nodes) {
      if (!isAlive || proxyAddress === null) continue;
      try {
        const [reply] = await doors.ask(proxyAddress, ['RING.STATUS']);
        if (!(reply instanceof RespError)) return null;
        return { trouble: troubleOf(reply), detail: reply.message };
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === 'silent' || trouble === 'refused') continue;
        return { trouble, detail: error instanceof Error ? error.message : null };
      }
    }
    return null;
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
      onRest: () => {
        this.#rings.get(nameOf(at))?.doors.close();
        this.#rings.delete(nameOf(at));
      },
    });
    const doors = new NodeDoors(this.#platform, this.#accesses.get(nameOf(at)) ?? PLAIN);
    const live = new RingLive({
      clock,
      doors: () => this.#rings.get(nameOf(at))?.doors ?? doors,
      nodes: () => watch.shown?.nodes ?? [],
      controller: () => watch.shown?.controller ?? null,
      partitionCount: () => this.#partitionCount(watch),
    });
    const memory = new RingMemory();
    watch.onChange(() => {
      const ring = ringNow(watch.known);
      if (ring !== null) memory.remember(ring);
    });
    const opened = { watch, live, doors, memory };
    this.#rings.set(nameOf(at), opened);
    watch.hold()();
    return opened;
  }

  /** Who is no longer known has no secrets here either. */
  #forgetOthers(): void {
    const clusters = this.#clusters.view().map(({ id }) => id);
    for (const name of this.#accesses.keys())
      if (!clusters.some((id) => name.startsWith(`${id} `))) this.#accesses.delete(name);
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
