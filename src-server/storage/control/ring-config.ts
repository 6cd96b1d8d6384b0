/**
 * The wanted placement: what the ring should look like, whatever it looks like now. The controllers bring the one to the other.
 *
 * Whoever wants another placement, a controller that takes out a dead node or an operator with a plan, writes another table with
 * a higher version against the version of the znode; nothing else is needed to move data.
 */
import type { Result } from '../../base/result.ts';
import { DEFAULT_LAYOUT, type Layout } from '../ring/layout.ts';
import { type NodeId, topologyOf } from '../ring/topology.ts';
import { type Fields, formatRecord, parseRecord } from './fields.ts';
import { formatPlacement, type Placement, readPlacement, whyImpossible } from './placement-text.ts';
import { NODE_MODES, type NodeRecord } from './records.ts';

/** How hasty copies may be made, and how long what was moved away is kept. */
export interface Pace {
  /** What one node may send of copies, and as much that it may take; null for no bound. */
  readonly transferBytesPerSecond: number | null;
  /** Whether a node slows down by itself when its clients wait longer than they are used to. */
  readonly isThrottleAdaptive: boolean;
  /** After a rebalance is closed, what it moved away is kept so long: undoing it then copies only what came since. */
  readonly graceMs: number;
}

export const DEFAULT_PACE: Pace = {
  transferBytesPerSecond: 64 * 0x10_0000,
  isThrottleAdaptive: false,
  graceMs: 600_000,
};

export interface RingConfig extends Placement, Pace {
  /** Told apart from every other ring by this: a node's folder belongs to one. */
  readonly ringId: string;
  /** Grows with each change of placement. */
  readonly version: number;
  /**
   * While it is forming, partitions that have no znode yet are given one. Afterwards one that is missing was taken away by
   * somebody, and is told of instead of made anew: its data is still there.
   */
  readonly phase: 'forming' | 'formed';
  /** A node that is away for so long is taken out: what it held is copied elsewhere. */
  readonly downOutMs: number;
  /** Copies that one node may give, and as many that it may take, at the same time. */
  readonly backfillsPerNode: number;
  /** The disks that the ring was begun with; none where that was not told. */
  readonly founders: readonly Founder[];
  readonly changed: ConfigChange;
}

/**
 * Somebody who was there when the ring began. On the same disk what is missing was never there: it may begin the empty log of a
 * partition whose record counts it in sync, whatever became of the partition meanwhile.
 */
export interface Founder {
  readonly id: NodeId;
  /** Of its folder. */
  readonly clusterId: string;
  /** Of its process: a cache is gone with it. */
  readonly incarnation: number;
  readonly mode: NodeRecord['mode'];
}

/** Of the version that this is. */
export interface ConfigChange {
  /** Wall time. */
  readonly atMs: number;
  readonly by: string;
  readonly why: string;
}

export function formatConfig(config: RingConfig): string {
  const { ringId, version, phase, downOutMs, backfillsPerNode, founders, changed } = config;
  const { transferBytesPerSecond, isThrottleAdaptive, graceMs } = config;
  return formatRecord({
    ringId,
    version,
    phase,
    downOutMs,
    backfillsPerNode,
    transferBytesPerSecond,
    isThrottleAdaptive,
    graceMs,
    founders,
    changed,
    ...formatPlacement(config),
  });
}

export function parseConfig(text: string): Result<RingConfig, string> {
  return parseRecord(text, (fields) => {
    const config: RingConfig = {
      ringId: fields.text('ringId'),
      version: fields.integer('version', { min: 1 }),
      phase: fields.oneOf('phase', ['forming', 'formed'] as const),
      downOutMs: fields.integer('downOutMs'),
      backfillsPerNode: fields.integer('backfillsPerNode', { min: 1 }),
      ...readPace(fields),
      founders: fields.has('founders') ? fields.objects('founders', readFounder) : [],
      ...readPlacement(fields),
      changed: fields.object('changed', (changed) => ({
        atMs: changed.number('atMs', { min: 0 }),
        by: changed.text('by'),
        why: changed.text('why'),
      })),
    };
    const problem = fields.problem === null ? whyImpossible(config) : null;
    if (problem !== null) fields.fail(problem);
    return config;
  });
}

/** A ring that was formed before anybody could choose has what it would be formed with today. */
function readPace(fields: Fields): Pace {
  const { transferBytesPerSecond, isThrottleAdaptive, graceMs } = DEFAULT_PACE;
  return {
    transferBytesPerSecond: fields.given('transferBytesPerSecond', transferBytesPerSecond, () =>
      fields.nullable('transferBytesPerSecond', () =>
        fields.integer('transferBytesPerSecond', { min: 1 }),
      ),
    ),
    isThrottleAdaptive: fields.given('isThrottleAdaptive', isThrottleAdaptive, () =>
      fields.flag('isThrottleAdaptive'),
    ),
    graceMs: fields.given('graceMs', graceMs, () => fields.integer('graceMs')),
  };
}

/**
 * The layout that plans are made from. Nodes that are out are in it with no weight: nothing can be placed on them, and they can
 * be removed.
 */
export function layoutOf(config: RingConfig): Layout {
  const { nodes, out, table, strategy, tokens, overloadPercent, tokensPerNode, leaders } = config;
  const { partitionCount, replicaCount } = table;
  const there = nodes.map((node) => (out.includes(node.id) ? { ...node, weight: 0 } : node));
  return {
    ...DEFAULT_LAYOUT,
    topology: topologyOf(there),
    partitionCount,
    replicaCount,
    strategy,
    overloadPercent,
    tokensPerNode,
    tokens: tokens ?? [],
    leaders,
  };
}

/** Nodes that hold something in the table. */
export function placedNodes({ table }: Pick<RingConfig, 'table'>): Set<NodeId> {
  const indexes = new Set(table.cells);
  return new Set(table.nodeIds.filter((_, i) => indexes.has(i)));
}

/** Whether what this process lacks of a new partition was never there: it is not a new disk in the place of one that was lost. */
export function isFounder(
  { founders }: RingConfig,
  { id, clusterId, incarnation, mode }: Founder,
): boolean {
  const founder = founders.find((one) => one.id === id);
  if (founder?.clusterId !== clusterId) return false;
  const isKept = founder.mode === 'durable' && mode === 'durable';
  return isKept || founder.incarnation === incarnation;
}

function readFounder(fields: Fields): Founder {
  return {
    id: fields.nodeId('id'),
    clusterId: fields.text('clusterId'),
    incarnation: fields.integer('incarnation', { min: 1 }),
    mode: fields.oneOf('mode', NODE_MODES),
  };
}
