/**
 * What the znodes of a ring hold, as text and as values. Whatever was read is checked before anybody builds on it: a record that
 * contradicts itself is refused with a reason, and never half believed.
 *
 * The wanted placement has a file of its own: ring-config.ts.
 */
import type { Result } from '../../base/result.ts';
import type { NodeId, RingNode } from '../ring/topology.ts';
import { type Fields, formatRecord, parseRecord } from './fields.ts';

// --- p/<partition> ---

/**
 * Who holds a partition and who leads it.
 *
 *   replicas   those who count: each of them has the data or, not being in sync, fetches what it lacks from the leader
 *   inSync     of these, everybody who holds all that was ever acknowledged; never empty
 *   learners   copy from the leader and do not count yet; none of them is a replica
 */
export interface PartitionState {
  /** Raised with each leader, by one at least. */
  readonly epoch: number;
  readonly leader: NodeId | null;
  /**
   * The start of the leader's process that was elected: after another start it does not know any more what it promised, and
   * must be given a new epoch before it leads again. 0 without a leader.
   */
  readonly leaderIncarnation: number;
  /**
   * The last epoch whose leader an operator chose although it was not in sync; 0 for never. A copy that knows of no epoch as
   * late may hold acknowledged entries that this leader has given up: it is worth nothing as a whole.
   */
  readonly forcedEpoch: number;
  readonly inSync: readonly NodeId[];
  readonly replicas: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

export function formatPartition(state: PartitionState): string {
  const { epoch, leader, leaderIncarnation, forcedEpoch, inSync, replicas, learners } = state;
  return formatRecord({
    epoch,
    leader,
    leaderIncarnation,
    forcedEpoch,
    inSync,
    replicas,
    learners,
  });
}

export function parsePartition(text: string): Result<PartitionState, string> {
  return parseRecord(text, (fields) => {
    const state: PartitionState = {
      epoch: fields.integer('epoch', { min: 1 }),
      leader: fields.nullable('leader', () => fields.nodeId('leader')),
      leaderIncarnation: fields.integer('leaderIncarnation'),
      forcedEpoch: fields.integer('forcedEpoch'),
      inSync: fields.nodeIds('inSync'),
      replicas: fields.nodeIds('replicas'),
      learners: fields.nodeIds('learners'),
    };
    const problem = whyContradictory(state);
    if (problem !== null) fields.fail(problem);
    return state;
  });
}

/** Null for a state that can be true. */
export function whyContradictory(state: PartitionState): string | null {
  const { epoch, leader, forcedEpoch, inSync, replicas, learners } = state;
  if (forcedEpoch > epoch) return `its forced epoch ${forcedEpoch} is not there yet`;
  if (inSync.length === 0) return 'nobody is in sync';
  const stranger = inSync.find((id) => !replicas.includes(id));
  if (stranger !== undefined) return `${stranger} is in sync and no replica`;
  const both = learners.find((id) => replicas.includes(id));
  if (both !== undefined) return `${both} is a replica and a learner`;
  if (leader !== null && !inSync.includes(leader)) return `its leader ${leader} is not in sync`;
  if (leader === null && state.leaderIncarnation !== 0) return 'it has no leader that was started';
  return null;
}

/** Everybody who has a copy of it, or makes one. */
export function copiesOf(state: PartitionState): NodeId[] {
  return [...state.replicas, ...state.learners];
}

// --- nodes/<id> and members/<id> ---

export const NODE_MODES = ['durable', 'cache'] as const;

/** What a node says of itself when it registers. */
export interface NodeRecord extends RingNode {
  /** Number of its start. */
  readonly incarnation: number;
  /** The ring its folder belongs to; null for a folder that is new. */
  readonly ringId: string | null;
  /** Host name or address at which clients and other nodes reach it. */
  readonly address: string;
  readonly clusterPort: number;
  readonly proxyPort: number;
  readonly peerPort: number;
  /** Forty hexadecimal digits, as CLUSTER NODES names nodes. */
  readonly clusterId: string;
  readonly mode: (typeof NODE_MODES)[number];
  /** Of its disk, or of its cap, so much is taken, percent, while that is more than copies may fill; null while it is not. */
  readonly fullPercent: number | null;
  /** Of the program. */
  readonly version: string;
  /** Wall time. */
  readonly startedAtMs: number;
}

/** The same text for the same facts, in whatever order somebody put them together. */
export function formatNode(node: NodeRecord): string {
  const { id, region, zone, host, weight, capBytes, incarnation, ringId } = node;
  const { address, clusterPort, proxyPort, peerPort, clusterId, mode, version, startedAtMs } = node;
  const { fullPercent } = node;
  const place = { id, region, zone, host, weight, capBytes };
  const doors = { address, clusterPort, proxyPort, peerPort, clusterId };
  return formatRecord({
    ...place,
    incarnation,
    ringId,
    ...doors,
    mode,
    fullPercent,
    version,
    startedAtMs,
  });
}

export function parseNode(text: string): Result<NodeRecord, string> {
  return parseRecord(text, (fields) => {
    const clusterId = fields.text('clusterId');
    if (!/^[0-9a-f]{40}$/.test(clusterId)) fields.fail('clusterId is not 40 hexadecimal digits');
    return {
      ...readRingNode(fields),
      incarnation: fields.integer('incarnation', { min: 1 }),
      ringId: fields.nullable('ringId', () => fields.text('ringId')),
      address: fields.text('address'),
      clusterPort: fields.integer('clusterPort', PORT),
      proxyPort: fields.integer('proxyPort', PORT),
      peerPort: fields.integer('peerPort', PORT),
      clusterId,
      mode: fields.oneOf('mode', NODE_MODES),
      fullPercent: fields.nullable('fullPercent', () => fields.integer('fullPercent')),
      version: fields.text('version'),
      startedAtMs: fields.number('startedAtMs', { min: 0 }),
    };
  });
}

const PORT = { min: 0, max: 65535 };

/** Where a node stands and how much it takes: the part of its record that placement is made of. */
export function readRingNode(fields: Fields): RingNode {
  return {
    id: fields.nodeId('id'),
    region: fields.text('region'),
    zone: fields.text('zone'),
    host: fields.text('host'),
    weight: fields.number('weight', { min: 0 }),
    capBytes: fields.nullable('capBytes', () => fields.integer('capBytes', { min: 1 })),
  };
}

// --- controller/c-… and controllerEpoch ---

export interface CandidateRecord {
  readonly node: NodeId;
  readonly incarnation: number;
}

export function formatCandidate({ node, incarnation }: CandidateRecord): string {
  return formatRecord({ node, incarnation });
}

export function parseCandidate(text: string): Result<CandidateRecord, string> {
  return parseRecord(text, (fields) => ({
    node: fields.nodeId('node'),
    incarnation: fields.integer('incarnation', { min: 1 }),
  }));
}

export interface ControllerEpochRecord {
  /** 0 before the first controller. */
  readonly epoch: number;
  readonly node: NodeId | null;
}

export function formatControllerEpoch({ epoch, node }: ControllerEpochRecord): string {
  return formatRecord({ epoch, node });
}

export function parseControllerEpoch(text: string): Result<ControllerEpochRecord, string> {
  return parseRecord(text, (fields) => ({
    epoch: fields.integer('epoch'),
    node: fields.nullable('node', () => fields.nodeId('node')),
  }));
}

// --- force/<partition> ---

/**
 * An operator's order to elect a leader that is not in sync, and what the operator was shown of the price. It holds for the
 * epoch it was given at: had anything changed since, the operator would have to look again.
 */
export interface ForceRecord {
  readonly epoch: number;
  readonly leader: NodeId;
  /**
   * Entries that may have been acknowledged and that the new leader does not hold: from the first one after its own last, up to
   * the last that anybody who could be asked knows of; `toSeq` is null when nobody can say.
   */
  readonly mayLose: { readonly fromSeq: number; readonly toSeq: number | null };
  /** Who ordered it, and why. */
  readonly by: string;
  readonly why: string;
  /** Wall time. */
  readonly atMs: number;
}

export function formatForce(force: ForceRecord): string {
  return formatRecord({ ...force });
}

export function parseForce(text: string): Result<ForceRecord, string> {
  return parseRecord(text, (fields) => ({
    epoch: fields.integer('epoch', { min: 1 }),
    leader: fields.nodeId('leader'),
    mayLose: fields.object('mayLose', (range) => ({
      fromSeq: range.integer('fromSeq', { min: 1 }),
      toSeq: range.nullable('toSeq', () => range.integer('toSeq')),
    })),
    by: fields.text('by'),
    why: fields.text('why'),
    atMs: fields.number('atMs', { min: 0 }),
  }));
}

// --- history/h-… ---

export const HISTORY_KINDS = [
  'formed',
  'fail-over',
  'hand-over',
  'learner-added',
  'learner-dropped',
  'replica-dropped',
  'node-out',
  'node-in',
  'placement-changed',
  'rebalance-started',
  'rebalance-paused',
  'rebalance-resumed',
  'rebalance-settling',
  'rebalance-done',
  'rebalance-cancelled',
  'rebalance-undone',
  'rebalance-failed',
  'pace-changed',
  'forced',
  'force-refused',
] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** What one write of a controller changed: it lies in the same transaction, so that nothing happens untold. */
export interface HistoryRecord {
  /** Wall time. */
  readonly atMs: number;
  /** The node whose controller it was; for changes of an operator, the operator's words for themselves. */
  readonly by: string;
  readonly controllerEpoch: number;
  /** Of the placement, after this. */
  readonly ringVersion: number;
  readonly entries: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly kind: HistoryKind;
  /** Null where it concerns the ring as a whole. */
  readonly partition: number | null;
  /** The node it is about. */
  readonly node: NodeId | null;
  /** Of the partition, after this. */
  readonly epoch: number | null;
  /** Why, for people. */
  readonly words: string;
}

export function formatHistory(record: HistoryRecord): string {
  return formatRecord({ ...record });
}

export function parseHistory(text: string): Result<HistoryRecord, string> {
  return parseRecord(text, (fields) => ({
    atMs: fields.number('atMs', { min: 0 }),
    by: fields.text('by'),
    controllerEpoch: fields.integer('controllerEpoch'),
    ringVersion: fields.integer('ringVersion'),
    entries: fields.objects('entries', (entry) => ({
      kind: entry.oneOf('kind', HISTORY_KINDS),
      partition: entry.nullable('partition', () => entry.integer('partition')),
      node: entry.nullable('node', () => entry.nodeId('node')),
      epoch: entry.nullable('epoch', () => entry.integer('epoch')),
      words: entry.text('words'),
    })),
  }));
}
