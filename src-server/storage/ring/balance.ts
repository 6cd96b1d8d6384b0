/**
 * The strategy `balanced`: from a topology and the table before, the table in which everybody holds a share by weight, no rule
 * is broken that can be kept, and no more is moved than that takes.
 *
 *    quotas ─▶ keep what may stay ─▶ fill the holes ─▶ level by shortest chains ─▶ exchange until least is moved ─▶ leaders
 *
 * The same input gives the same table, and a table that is already balanced comes back as it is.
 */
import { assert } from '../../base/assert.ts';
import { level } from './chains.ts';
import { Exchange } from './exchange.ts';
import { fill, keep, shed } from './fill.ts';
import { withLeaders } from './leaders.ts';
import { Placement } from './placement.ts';
import { DEFAULT_OVERLOAD_PERCENT, type Quotas, quotasOf } from './quotas.ts';
import type { Rules } from './rules.ts';
import { emptyTable, type RingTable, tableOver } from './table.ts';
import { terrainOf } from './terrain.ts';
import type { Topology } from './topology.ts';

export interface BalanceOptions {
  readonly topology: Topology;
  readonly partitionCount: number;
  readonly replicaCount: number;
  /** The table before, with as many partitions; null for the first one. */
  readonly before: RingTable | null;
  /** The bytes that one replica of each partition takes; without them disk caps cap nothing. */
  readonly partitionBytes?: Float64Array | null;
  /** How much more than its fair share a node may hold so that the rules are kept; null for whatever it takes. */
  readonly overloadPercent?: number | null;
}

export interface Balance {
  readonly table: RingTable;
  /** The exact share of each node of the table, in replicas. */
  readonly ideals: Float64Array;
  /** What every partition of the table keeps to, and what it would without weights and disks in the way. */
  readonly rules: Rules;
  readonly strictRules: Rules;
  /** How many replicas are on nodes that did not hold their partition before. */
  readonly moved: number;
  /** Whether no table with these quotas and rules could have moved less. */
  readonly isLeast: boolean;
  /** How many replicas found no node: all disks are full. */
  readonly unplaced: number;
}

/** Exchanges that are tried before the result is good enough; beyond any ring that a person edits. */
const MAX_EXCHANGES = 5000;

export function balance(options: BalanceOptions): Balance {
  const { partitionCount, replicaCount } = options;
  const terrain = terrainOf(options.topology);
  const partitionBytes = options.partitionBytes ?? new Float64Array(partitionCount);
  assert(partitionBytes.length === partitionCount, 'bytes are known of every partition');
  const quotas = quotasOf(terrain, {
    partitionCount,
    replicaCount,
    overloadPercent:
      options.overloadPercent === undefined ? DEFAULT_OVERLOAD_PERCENT : options.overloadPercent,
    meanBytes: partitionBytes.reduce((sum, bytes) => sum + bytes, 0) / partitionCount,
  });
  const before = options.before ?? emptyTable({ partitionCount, replicaCount });
  assert(before.partitionCount === partitionCount, 'both tables part the circle alike');
  const home = tableOver(before, terrain.nodeIds);
  const placement = new Placement({
    terrain,
    rules: quotas.rules,
    replicaCount,
    home,
    partitionBytes,
  });
  const isLeast = place(placement, quotas);
  const table = { partitionCount, replicaCount, nodeIds: terrain.nodeIds, cells: placement.cells };
  return {
    table: withLeaders(table, { ideals: quotas.ideals, home }),
    ideals: quotas.ideals,
    rules: quotas.rules,
    strictRules: quotas.strictRules,
    moved: placement.movedCount(),
    isLeast,
    unplaced: placement.unplacedCount(),
  };
}

/** @returns whether nothing can be moved less */
function place(placement: Placement, quotas: Quotas): boolean {
  keep(placement, quotas);
  fill(placement, quotas);
  level(placement, quotas);
  const isLeast = new Exchange(placement, quotas).improve(MAX_EXCHANGES);
  for (let node = 0; node < placement.counts.length; node++) shed(placement, node);
  return isLeast;
}
