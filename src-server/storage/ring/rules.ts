/**
 * How far the replicas of one partition must be apart, and which partitions of a table are not.
 *
 * On distinct nodes; over zones as evenly as the zones allow; within a zone over hosts as evenly as those allow. With Z zones
 * that is ⌈RF ÷ Z⌉ in each, and more only where other zones have too few nodes for theirs.
 */
import { NOBODY, type RingTable } from './table.ts';
import type { Terrain } from './terrain.ts';

export interface Rules {
  /** How many replicas a partition can have: what was asked for, or all nodes if they are fewer. */
  readonly replicaCount: number;
  /** The most replicas of one partition in each zone, and on each host. */
  readonly zoneCaps: Uint8Array;
  readonly hostCaps: Uint8Array;
}

/** Which rule a partition breaks: copies missing, or too many in one zone or on one host. */
export interface Violations {
  readonly missing: readonly number[];
  readonly zones: readonly number[];
  readonly hosts: readonly number[];
}

export function rulesOf(terrain: Terrain, replicaCount: number): Rules {
  const { weights, zoneOf, hostOf, zoneOfHost } = terrain;
  const nodesInZone = new Uint16Array(terrain.zoneNames.length);
  const nodesOnHost = new Uint16Array(terrain.hostNames.length);
  let usable = 0;
  for (let node = 0; node < weights.length; node++) {
    if (weights[node] === 0) continue;
    usable++;
    nodesInZone[zoneOf[node]!]!++;
    nodesOnHost[hostOf[node]!]!++;
  }
  const possible = Math.min(replicaCount, usable);
  const zoneCap = evenCap(nodesInZone, possible);
  const zoneCaps = new Uint8Array(nodesInZone.length).fill(zoneCap);
  return {
    replicaCount: possible,
    zoneCaps,
    hostCaps: hostCapsOf(zoneCaps, nodesOnHost, zoneOfHost),
  };
}

/** The same rules with more room in some zones, and on their hosts as much as that needs. */
export function bentRules(
  rules: Rules,
  wanted: { readonly zoneCaps: Uint8Array; readonly hostCaps: Uint8Array },
): Rules {
  return {
    replicaCount: rules.replicaCount,
    zoneCaps: rules.zoneCaps.map((cap, i) => Math.max(cap, wanted.zoneCaps[i]!)),
    hostCaps: rules.hostCaps.map((cap, i) => Math.max(cap, wanted.hostCaps[i]!)),
  };
}

export function violationsOf(table: RingTable, terrain: Terrain, rules: Rules): Violations {
  const missing: number[] = [];
  const zones: number[] = [];
  const hosts: number[] = [];
  const inZone = new Uint8Array(terrain.zoneNames.length);
  const onHost = new Uint8Array(terrain.hostNames.length);
  const places = placesOf(table, terrain);
  const { partitionCount, replicaCount, cells } = table;
  for (let partition = 0; partition < partitionCount; partition++) {
    const row = cells.subarray(partition * replicaCount, (partition + 1) * replicaCount);
    inZone.fill(0);
    onHost.fill(0);
    let copies = 0;
    let isZoneFull = false;
    let isHostFull = false;
    for (const cell of row) {
      const node = cell === NOBODY ? NOBODY : places[cell]!;
      if (node === NOBODY) continue;
      copies++;
      const zone = terrain.zoneOf[node]!;
      const host = terrain.hostOf[node]!;
      isZoneFull ||= ++inZone[zone]! > rules.zoneCaps[zone]!;
      isHostFull ||= ++onHost[host]! > rules.hostCaps[host]!;
    }
    if (copies < rules.replicaCount) missing.push(partition);
    if (isZoneFull) zones.push(partition);
    if (isHostFull) hosts.push(partition);
  }
  return { missing, zones, hosts };
}

/** Where on the terrain each node of a table is; nobody for those that are not on it. */
function placesOf(table: RingTable, terrain: Terrain): Uint16Array {
  const places = new Map(terrain.nodeIds.map((id, i) => [id, i]));
  return Uint16Array.from(table.nodeIds, (id) => places.get(id) ?? NOBODY);
}

function hostCapsOf(
  zoneCaps: Uint8Array,
  nodesOnHost: Uint16Array,
  zoneOfHost: Uint16Array,
): Uint8Array {
  const caps = new Uint8Array(nodesOnHost.length);
  for (let zone = 0; zone < zoneCaps.length; zone++) {
    const sizes = nodesOnHost.filter((_, host) => zoneOfHost[host] === zone);
    const nodes = sizes.reduce((sum, size) => sum + size, 0);
    const cap = evenCap(sizes, Math.min(zoneCaps[zone]!, nodes));
    zoneOfHost.forEach((of, host) => {
      if (of === zone) caps[host] = cap;
    });
  }
  return caps;
}

/** The smallest cap with which groups of these sizes take `count` together. */
function evenCap(sizes: Uint16Array, count: number): number {
  let cap = 0;
  while (sizes.reduce((sum, size) => sum + Math.min(size, cap), 0) < count) cap++;
  return cap;
}
