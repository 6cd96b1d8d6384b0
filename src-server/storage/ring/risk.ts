/**
 * What a table risks: the three questions of health, and what would happen if these nodes died now.
 *
 *    are replicas as far apart as they could be?   would one more failure stop writes?   is anything gone altogether?
 */
import { rulesOf, violationsOf } from './rules.ts';
import { NOBODY, type RingTable } from './table.ts';
import { terrainOf } from './terrain.ts';
import { type NodeId, type Topology, zoneNameOf } from './topology.ts';

export interface Liveness {
  /** Live copies are just enough for writes: with one failure more they are refused. */
  readonly atRisk: readonly number[];
  /** Too few live copies for writes; reads may still be answered. */
  readonly refusing: readonly number[];
  /** No live copy at all. */
  readonly lost: readonly number[];
  /** Partitions whose preferred leader does not live. */
  readonly leaderless: readonly number[];
}

export interface Health extends Liveness {
  /** Partitions with fewer copies than there could be, or more of them in one zone or on one host than must be. */
  readonly missing: readonly number[];
  readonly sharedZone: readonly number[];
  readonly sharedHost: readonly number[];
}

export interface HealthOptions {
  readonly table: RingTable;
  readonly topology: Topology;
  /** How many in-sync copies a write needs. */
  readonly minInSync: number;
  readonly isAlive: (id: NodeId) => boolean;
  /** Whether a replica counts: by default every one on a live node does. */
  readonly isInSync?: (partition: number, id: NodeId) => boolean;
}

/** What the death of one node, or of all nodes of one zone, would do. */
export interface Fate {
  readonly kind: 'node' | 'zone';
  readonly name: string;
  readonly nodes: readonly NodeId[];
  readonly leaders: number;
  readonly atRisk: number;
  readonly refusing: number;
  readonly lost: number;
}

export function healthOf(options: HealthOptions): Health {
  const { table, topology } = options;
  const terrain = terrainOf(topology);
  const { missing, zones, hosts } = violationsOf(
    table,
    terrain,
    rulesOf(terrain, table.replicaCount),
  );
  return { missing, sharedZone: zones, sharedHost: hosts, ...livenessOf(options) };
}

/** What would live if these nodes died besides those that are dead already. */
export function livenessWithout(options: HealthOptions, dead: ReadonlySet<NodeId>): Liveness {
  return livenessOf({ ...options, isAlive: (id) => !dead.has(id) && options.isAlive(id) });
}

function livenessOf({ table, minInSync, isAlive, isInSync }: HealthOptions): Liveness {
  const { partitionCount, replicaCount, cells, nodeIds } = table;
  const alive = Uint8Array.from(nodeIds, (id) => (isAlive(id) ? 1 : 0));
  const atRisk: number[] = [];
  const refusing: number[] = [];
  const lost: number[] = [];
  const leaderless: number[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const start = partition * replicaCount;
    let live = 0;
    for (let at = start; at < start + replicaCount; at++) {
      const node = cells[at]!;
      if (node === NOBODY || alive[node] === 0) continue;
      if (isInSync === undefined || isInSync(partition, nodeIds[node]!)) live++;
    }
    if (live === 0) lost.push(partition);
    else if (live < minInSync) refusing.push(partition);
    else if (live === minInSync) atRisk.push(partition);
    const leader = cells[start]!;
    if (leader === NOBODY || alive[leader] === 0) leaderless.push(partition);
  }
  return { atRisk, refusing, lost, leaderless };
}

/** The fate of the ring with each node, and with each zone, gone: nodes first, in the order of their names. */
export function fatesOf(options: HealthOptions): Fate[] {
  const { nodes } = options.topology;
  const zones = new Map<string, NodeId[]>();
  for (const node of nodes) {
    zones.set(zoneNameOf(node), [...(zones.get(zoneNameOf(node)) ?? []), node.id]);
  }
  const fate = (kind: Fate['kind'], name: string, ids: readonly NodeId[]): Fate => {
    const { leaderless, atRisk, refusing, lost } = livenessWithout(options, new Set(ids));
    return {
      kind,
      name,
      nodes: ids,
      leaders: leaderless.length,
      atRisk: atRisk.length,
      refusing: refusing.length,
      lost: lost.length,
    };
  };
  return [
    ...nodes.map(({ id }) => fate('node', id, [id])),
    ...[...zones]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, ids]) => fate('zone', name, ids)),
  ];
}
