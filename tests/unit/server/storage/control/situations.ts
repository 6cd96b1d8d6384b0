/** Situations of a ring, put together for one test: what the tree says, who is there and since when. */
import { RingPaths } from '../../../../../src-server/storage/control/paths.ts';
import { DEFAULT_CHOICES } from '../../../../../src-server/storage/control/placement-text.ts';
import type {
  NodeRecord,
  PartitionState,
} from '../../../../../src-server/storage/control/records.ts';
import {
  DEFAULT_PACE,
  type RingConfig,
} from '../../../../../src-server/storage/control/ring-config.ts';
import {
  type Comparison,
  type ControlTerms,
  DEFAULT_TERMS,
  type Situation,
} from '../../../../../src-server/storage/control/round.ts';
import type { RingView } from '../../../../../src-server/storage/control/view.ts';
import { nodeIndexOf } from '../../../../../src-server/storage/ring/table.ts';
import { type NodeId, nodeId } from '../../../../../src-server/storage/ring/topology.ts';

export const PATHS = new RingPaths('/ring');
export const NOW_MS = 100_000;

export function ids(text: string): NodeId[] {
  return text === '' ? [] : text.split(' ').map(nodeId);
}

export function node(id: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id: nodeId(id),
    region: 'r',
    zone: `zone-${id}`,
    host: id,
    weight: 1,
    capBytes: null,
    incarnation: 1,
    ringId: 'ring',
    address: '127.0.0.1',
    clusterPort: 7001,
    proxyPort: 7101,
    peerPort: 7201,
    clusterId: 'ab'.repeat(20),
    mode: 'durable',
    fullPercent: null,
    version: 'test',
    startedAtMs: 5,
    ...more,
  };
}

/** `'a* b | c : d'`: a leads, a and b are in sync, c is a replica that is not, d learns. */
export function state(text: string, more: Partial<PartitionState> = {}): PartitionState {
  const [copies = '', learning = ''] = text.split(' : ');
  const [inSync = '', behind = ''] = copies.split(' | ');
  const leader = inSync.split(' ').find((id) => id.endsWith('*'));
  const first = ids(inSync.replace('*', ''));
  return {
    epoch: 1,
    leader: leader === undefined ? null : nodeId(leader.slice(0, -1)),
    leaderIncarnation: leader === undefined ? 0 : 1,
    forcedEpoch: 0,
    inSync: first,
    replicas: [...first, ...ids(behind)],
    learners: ids(learning),
    ...more,
  };
}

/** The other way round, to be compared. */
export function textOf({ leader, inSync, replicas, learners }: PartitionState): string {
  const mark = (id: NodeId): string => (id === leader ? `${id}*` : id);
  const behind = replicas.filter((id) => !inSync.includes(id));
  const copies = inSync.map(mark).join(' ') + (behind.length > 0 ? ` | ${behind.join(' ')}` : '');
  return copies + (learners.length > 0 ? ` : ${learners.join(' ')}` : '');
}

/** A ring whose table has these rows, `'a b c'` for each partition, over these nodes. */
export function config(
  nodes: string,
  rows: readonly string[],
  more: Partial<RingConfig> = {},
): RingConfig {
  const nodeIds = ids(nodes);
  const replicaCount = Math.max(...rows.map((row) => row.split(' ').length));
  const table = {
    partitionCount: rows.length,
    replicaCount,
    nodeIds,
    cells: new Uint16Array(rows.length * replicaCount).fill(0xffff),
  };
  rows.forEach((row, partition) => {
    ids(row).forEach((id, i) => {
      table.cells[partition * replicaCount + i] = nodeIndexOf(table, id);
    });
  });
  return {
    ringId: 'ring',
    version: 1,
    phase: 'formed',
    minInSync: Math.min(2, replicaCount),
    strategy: 'balanced',
    downOutMs: 10_000,
    backfillsPerNode: 2,
    ...DEFAULT_PACE,
    ...DEFAULT_CHOICES,
    nodes: nodeIds.map((id) => {
      const { region, zone, host, weight, capBytes } = node(id);
      return { id, region, zone, host, weight, capBytes };
    }),
    out: [],
    table,
    tokens: null,
    founders: nodeIds.map((id) => {
      const { clusterId, incarnation, mode } = node(id);
      return { id, clusterId, incarnation, mode };
    }),
    changed: { atMs: 1, by: 'test', why: 'test' },
    ...more,
  };
}

export function view(parts: {
  readonly config?: RingConfig | null;
  readonly states?: readonly PartitionState[];
  /** Who is there. */
  readonly there: string;
  readonly more?: Partial<RingView>;
}): RingView {
  const nodes = new Map(ids(parts.there).map((id) => [id, node(id)]));
  const known = (parts.states ?? []).map(
    (value, partition) => [partition, { value, version: 7, changedAtMs: 0 }] as const,
  );
  const value = parts.config ?? null;
  return {
    isConnected: true,
    config: value === null ? null : { value, version: 3, changedAtMs: 0 },
    partitions: new Map(known),
    nodes,
    members: nodes,
    candidates: [],
    controllerEpoch: null,
    forces: new Map(),
    rebalance: null,
    rebalanceRecord: null,
    problems: new Map(),
    ...parts.more,
  };
}

/** @param awayForMs for those that are not there: since when, as somebody saw it; a minute for all others */
export function situation(
  seen: RingView,
  more: {
    readonly terms?: Partial<ControlTerms>;
    readonly awayForMs?: Readonly<Record<string, number>>;
    readonly isSeen?: boolean;
    readonly handOvers?: number;
    /** Every partition under its epoch; a minute unless given. */
    readonly ledForMs?: number;
    readonly comparisons?: ReadonlyMap<number, Comparison>;
  } = {},
): Situation {
  return {
    view: seen,
    paths: PATHS,
    terms: { ...DEFAULT_TERMS, ...more.terms },
    presenceOf: (id) => ({
      isThere: seen.nodes.has(id),
      sinceMs: NOW_MS - (more.awayForMs?.[id] ?? 60_000),
      isSeen: more.isSeen ?? true,
    }),
    nowMs: NOW_MS,
    wallMs: 1,
    by: nodeId('a'),
    newRingId: 'new-ring',
    handOvers: more.handOvers ?? 64,
    ledSinceMs: () => NOW_MS - (more.ledForMs ?? 60_000),
    comparisonOf: (partition) => more.comparisons?.get(partition) ?? null,
  };
}

/** A record's own fields, to be spoilt and read again. */
export function fieldsOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
