/** The ring as the tree tells of it, in the shapes of the contract. */
import {
  NOBODY,
  type RingAbsence,
  type RingColumns,
  type RingNode,
  type RingSettings,
  type RingView,
} from '#contract/ring-models.ts';
import type { LocalNode } from '#contract/storage-models.ts';

import type { NodeRecord } from '../../../storage/control/records.ts';
import { placedNodes, type RingConfig } from '../../../storage/control/ring-config.ts';
import { controllerOf, type RingView as KnownRing } from '../../../storage/control/view.ts';
import { compareIds, nodeId } from '../../../storage/ring/topology.ts';

export function ringViewOf(
  known: KnownRing,
  parts: {
    readonly root: string;
    readonly atMs: number;
    /** What runs in this program. */
    readonly local: readonly LocalNode[];
  },
): RingView {
  const { root, atMs, local } = parts;
  const nodes = ringNodesOf(known, local);
  const config = known.config?.value ?? null;
  const columns = config === null ? null : columnsOf(known, config, nodes);
  const problems = [...known.problems].map(([path, why]) => ({ path, why }));
  const absence = absenceOf(known, columns, problems);
  return {
    root,
    atMs,
    isCurrent: known.isConnected,
    absence,
    detail: absence === 'unreadable' ? `${problems[0]!.path}: ${problems[0]!.why}` : null,
    settings: config === null ? null : settingsOf(config),
    nodes,
    controller: controllerOf(known),
    columns: absence === null ? columns : null,
    problems,
  };
}

/** What the mirror says of a path this session may not read. */
const MAY_NOT = 'may not read';

function absenceOf(
  known: KnownRing,
  columns: RingColumns | null,
  problems: RingView['problems'],
): RingAbsence | null {
  if (columns !== null && known.partitions.size > 0) return null;
  if (problems.some(({ why }) => why.includes(MAY_NOT))) return 'no-auth';
  if (known.config === null && problems.length > 0) return 'unreadable';
  return known.nodes.size > 0 || known.config !== null ? 'forming' : 'no-ring';
}

function settingsOf(config: RingConfig): RingSettings {
  const { ringId, version, table, minInSync, strategy, downOutMs, changed } = config;
  const { partitionCount, replicaCount } = table;
  return {
    ringId,
    version,
    partitionCount,
    replicaCount,
    minInSync,
    strategy,
    downOutMs,
    changed,
  };
}

/** Whoever belongs to the ring, was ever registered with it, or runs here; by id. */
function ringNodesOf(known: KnownRing, local: readonly LocalNode[]): RingNode[] {
  const config = known.config?.value ?? null;
  const placed = config === null ? new Set<string>() : placedNodes(config);
  const planned = new Map(config?.nodes.map((node) => [String(node.id), node]) ?? []);
  const here = new Map(local.map((node) => [node.id, node]));
  const ids = new Set<string>([...planned.keys(), ...known.members.keys(), ...known.nodes.keys()]);
  for (const id of here.keys()) ids.add(id);
  return [...ids]
    .map((id) => nodeId(id))
    .sort(compareIds)
    .map((id) => {
      const alive = known.nodes.get(id) ?? null;
      const record: NodeRecord | null = alive ?? known.members.get(id) ?? null;
      const place = planned.get(id) ?? record;
      const own = here.get(id) ?? null;
      const host = record?.address ?? own?.host ?? null;
      return {
        id,
        region: place?.region ?? '',
        zone: place?.zone ?? '',
        host: place?.host ?? own?.host ?? '',
        weight: place?.weight ?? 1,
        capBytes: place?.capBytes ?? null,
        isPlaced: placed.has(id),
        isOut: config?.out.includes(id) ?? false,
        isAlive: alive !== null,
        incarnation: record?.incarnation ?? null,
        clusterAddress: addressOf(host, record?.clusterPort ?? own?.clusterPort ?? 0),
        proxyAddress: addressOf(host, record?.proxyPort ?? own?.proxyPort ?? 0),
        local: own?.state ?? null,
      };
    });
}

function addressOf(host: string | null, port: number): string | null {
  if (host === null || port === 0) return null;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Partitions without a record yet have nobody. */
function columnsOf(known: KnownRing, config: RingConfig, nodes: readonly RingNode[]): RingColumns {
  const { partitionCount, replicaCount, nodeIds, cells } = config.table;
  const places = new Map(nodes.map(({ id }, place) => [id, place]));
  const place = (id: string | null): number => (id === null ? NOBODY : (places.get(id) ?? NOBODY));
  let width = replicaCount;
  for (const { value } of known.partitions.values())
    width = Math.max(width, value.replicas.length + value.learners.length);
  width = Math.min(width, WIDTH_MAX);
  const wanted = new Uint16Array(partitionCount * replicaCount);
  for (let i = 0; i < wanted.length; i++) wanted[i] = place(nodeIds[cells[i]!] ?? null);
  const leaders = new Uint16Array(partitionCount).fill(NOBODY);
  const copies = new Uint16Array(partitionCount * width).fill(NOBODY);
  const inSync = new Uint16Array(partitionCount);
  const learning = new Uint16Array(partitionCount);
  const epochs = new Uint32Array(partitionCount);
  for (const [p, { value }] of known.partitions) {
    if (p >= partitionCount) continue;
    leaders[p] = place(value.leader);
    epochs[p] = value.epoch;
    for (const [i, id] of [...value.replicas, ...value.learners].slice(0, width).entries()) {
      copies[p * width + i] = place(id);
      if (value.inSync.includes(id)) inSync[p]! |= 1 << i;
      if (i >= value.replicas.length) learning[p]! |= 1 << i;
    }
  }
  return {
    width,
    wanted: bytesOf(wanted),
    leaders: bytesOf(leaders),
    copies: bytesOf(copies),
    inSync: bytesOf(inSync),
    learning: bytesOf(learning),
    epochs: bytesOf(epochs),
  };
}

/** As many copies as have a bit; placement makes six at most, and as many again while all of them move. */
const WIDTH_MAX = 16;

/** As this machine writes words, which is little-endian wherever this program runs. */
function bytesOf(column: Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer);
}
