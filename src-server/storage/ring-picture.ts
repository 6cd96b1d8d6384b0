/**
 * The ring as clients of this node are told of it: routes, nodes, who leads what. Made from what the ensemble's tree says, and
 * made anew in those parts only that have changed.
 */
import type { NodeRecord, PartitionState, RingView, Versioned } from './control/membership.ts';
import type { NodeFacts, PartitionFacts, RingFacts, Route } from './resp/ports.ts';
import { SLOTS } from './ring/slots.ts';
import { type NodeId, type RingNode } from './ring/topology.ts';

const SLOT_BITS = 14;
/**
 * Of every key while no ring is known: how many partitions there are is not known, either, and what waits under a number would
 * be carried out in the wrong one. Until then only keys of one slot lie together for certain.
 */
export const UNKNOWN_PARTITION = -1;
const UNKNOWN_ROUTE: Route = { kind: 'nobody', partition: UNKNOWN_PARTITION };
const NO_PARTITION: PartitionFacts = { epoch: 0, leader: null, replicas: [], inSync: [] };

export class RingPicture implements RingFacts {
  readonly #self: NodeId;
  readonly #view: RingView;
  readonly #isLinked: (node: NodeId) => boolean;
  readonly name: string;
  version = 0;
  revision = 1;
  partitionCount = SLOTS;
  replicaCount = 0;
  minInSync = 0;
  nodes: readonly NodeFacts[] = [];
  self: NodeFacts;
  isCoordinated = false;
  /** False before there is a ring, as far as this node knows. */
  isKnown = false;
  #shift = 0;
  #routes: Route[] = [];
  readonly #partitions = new Map<number, PartitionFacts>();
  #byId = new Map<NodeId, NodeFacts>();

  constructor(parts: {
    readonly self: NodeRecord;
    readonly name: string;
    readonly view: RingView;
    /** Whether there is a link to it. */
    readonly isLinked: (node: NodeId) => boolean;
  }) {
    this.#self = parts.self.id;
    this.#view = parts.view;
    this.#isLinked = parts.isLinked;
    this.name = parts.name;
    this.self = factsOf(parts.self, true);
  }

  routeOf(slot: number): Route {
    return this.#routes[slot >>> this.#shift] ?? UNKNOWN_ROUTE;
  }

  routeOfPartition(partition: number): Route {
    return this.#routes[partition] ?? { kind: 'nobody', partition };
  }

  partition(partition: number): PartitionFacts {
    let facts = this.#partitions.get(partition);
    if (facts === undefined) {
      facts = this.#factsOf(partition);
      this.#partitions.set(partition, facts);
    }
    return facts;
  }

  nodeOf(id: NodeId): NodeFacts | null {
    return this.#byId.get(id) ?? null;
  }

  /** What this node says of itself now. */
  introduce(self: NodeRecord): void {
    this.self = factsOf(self, true);
    this.updateAll();
  }

  /** Everything, after the nodes or the placement changed. */
  updateAll(): void {
    const { config, nodes, members, isConnected } = this.#view;
    this.revision++;
    this.isCoordinated = isConnected;
    if (config !== null) {
      const { version, minInSync, table } = config.value;
      this.version = version;
      this.minInSync = minInSync;
      this.partitionCount = table.partitionCount;
      this.replicaCount = table.replicaCount;
      this.#shift = SLOT_BITS - Math.log2(table.partitionCount);
      this.isKnown = true;
    }
    const placed: readonly RingNode[] = config?.value.nodes ?? [];
    const known = [...placed.map(({ id }) => id), this.#self, ...nodes.keys()];
    this.#byId = new Map();
    for (const id of [...new Set(known)].sort()) {
      const record = nodes.get(id) ?? members.get(id);
      if (record !== undefined) this.#byId.set(id, factsOf(record, nodes.has(id)));
    }
    this.#byId.set(this.#self, this.self);
    this.nodes = [...this.#byId.values()];
    this.#partitions.clear();
    this.#routes = Array.from({ length: this.isKnown ? this.partitionCount : 0 }, (_, partition) =>
      this.#newRouteOf(partition),
    );
  }

  /** Only these, after their leaders or in-sync sets changed. */
  updatePartitions(partitions: readonly number[]): void {
    this.revision++;
    this.isCoordinated = this.#view.isConnected;
    for (const partition of partitions) {
      if (partition >= this.#routes.length) continue;
      this.#partitions.delete(partition);
      this.#routes[partition] = this.#newRouteOf(partition);
    }
  }

  #newRouteOf(partition: number): Route {
    const state = this.#stateOf(partition);
    const leader = state?.leader ?? null;
    if (state === null || leader === null) return { kind: 'nobody', partition };
    if (leader === this.#self) return { kind: 'here', partition };
    const facts = this.#byId.get(leader);
    // Another leader is on its way, or this one comes back: whoever asks waits for that. An ensemble that has come back after
    // a while knows nobody at first, and has made nobody else a leader: who is linked is there all the same.
    const isThere = facts?.isAlive === true || this.#isLinked(leader);
    if (facts === undefined || !isThere) return { kind: 'nobody', partition };
    const kind = state.replicas.includes(this.#self) ? 'follows' : 'elsewhere';
    return { kind, partition, leader: facts };
  }

  #factsOf(partition: number): PartitionFacts {
    const state = this.#stateOf(partition);
    if (state === null) return NO_PARTITION;
    const { epoch, leader, replicas, inSync } = state;
    const all = (ids: readonly NodeId[]): NodeFacts[] =>
      ids.flatMap((id) => this.#byId.get(id) ?? []);
    return {
      epoch,
      leader: leader === null ? null : (this.#byId.get(leader) ?? null),
      replicas: all([...replicas].sort((a, b) => Number(b === leader) - Number(a === leader))),
      inSync: all(inSync),
    };
  }

  #stateOf(partition: number): PartitionState | null {
    const found: Versioned<PartitionState> | undefined = this.#view.partitions.get(partition);
    return found?.value ?? null;
  }
}

function factsOf(record: NodeRecord, isAlive: boolean): NodeFacts {
  const { id, clusterId, address: host, clusterPort, proxyPort, peerPort, zone } = record;
  return { id, clusterId, host, clusterPort, proxyPort, peerPort, zone, isAlive };
}
