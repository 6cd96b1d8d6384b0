/**
 * What if: a ring and staged edits of it, and all that would come of them. Nothing is changed by asking.
 *
 *    layout + edits ─▶ layout then ─▶ table then ─▶ plan from the table now, with the least that any plan could move beside it
 */
import { type Copysets, copysetsOf, lossProbability } from './copysets.ts';
import { type Edit, type Edited, editedLayout, inheritedTable } from './edits.ts';
import { figuresOf, type TableFigures } from './figures.ts';
import { type Layout, placed } from './layout.ts';
import { type Plan, planOf, type PlanOptions } from './plan.ts';
import { regrouped, regroupedFigures } from './regroup.ts';
import { rulesOf, violationsOf } from './rules.ts';
import { NOBODY, type RingTable, tableOver } from './table.ts';
import { terrainOf } from './terrain.ts';

/** The ring as it is. */
export interface Ring {
  readonly version: number;
  readonly layout: Layout;
  readonly table: RingTable;
}

export type StageOptions = Pick<
  PlanOptions,
  'measured' | 'transfersPerNode' | 'freesAt' | 'dead'
> & {
  readonly edits: readonly Edit[];
};

/** The least that any table with the staged quotas and rules moves. */
export interface LeastMoves {
  readonly replicas: number;
  readonly bytes: number;
  /** False where partitions are joined: then it is what the placement with the fewest moves among joined partitions moves. */
  readonly isExact: boolean;
}

export interface Stage {
  readonly layout: Layout;
  readonly faults: Edited['faults'];
  readonly table: RingTable;
  readonly plan: Plan;
  readonly least: LeastMoves;
  /** Partitions with more copies in a zone or on a host than there had to be, because weights or disks are in the way. */
  readonly bentPartitions: number;
  /** Replicas that found no node. */
  readonly unplaced: number;
}

export function stageOf(ring: Ring, options: StageOptions): Stage {
  const { edits, measured } = options;
  const { layout, faults, heirs } = editedLayout(ring.layout, edits);
  const result = placed(layout, inheritedTable(ring.table, heirs), measured.bytes);
  const { table } = result;
  const plan = planOf({
    ...options,
    ringVersion: ring.version,
    before: ring.table,
    after: table,
    topologyBefore: ring.layout.topology,
    topologyAfter: layout.topology,
  });
  const terrain = terrainOf(layout.topology);
  const rules = rulesOf(terrain, layout.replicaCount);
  const { zones, hosts } = violationsOf(table, terrain, rules);
  let unplaced = table.partitionCount * rules.replicaCount;
  for (const cell of table.cells) if (cell !== NOBODY) unplaced--;
  // Where nobody inherits, the balanced table is itself the one that moves least.
  const isOwnLeast = result.balance !== null && heirs.length === 0;
  const leastTable = isOwnLeast ? result : leastOf(ring.table, layout, measured.bytes);
  return {
    layout,
    faults,
    table,
    plan,
    least: {
      ...movesBetween(ring.table, leastTable.table, measured.bytes),
      isExact:
        leastTable.balance?.isLeast === true && layout.partitionCount >= ring.table.partitionCount,
    },
    bentPartitions: new Set([...zones, ...hosts]).size,
    unplaced,
  };
}

/** How even and how risky a table is: what stands beside each other for the ring as it is and as it would be. */
export interface Assessment {
  readonly figures: TableFigures;
  readonly copysets: Copysets;
  /** For one failure, two … up to one more than there are copies. */
  readonly loss: readonly ReturnType<typeof lossProbability>[];
}

export function assessmentOf(
  table: RingTable,
  layout: Layout,
  partitionBytes: Float64Array,
): Assessment {
  const copysets = copysetsOf(table);
  return {
    figures: figuresOf(
      table,
      layout.topology,
      regroupedFigures(partitionBytes, table.partitionCount),
    ),
    copysets,
    loss: Array.from({ length: table.replicaCount + 1 }, (_, i) =>
      lossProbability(copysets, i + 1),
    ),
  };
}

/** Replicas, and their bytes, that are on nodes which did not hold them before. */
export function movesBetween(
  before: RingTable,
  after: RingTable,
  bytes: Float64Array,
): { readonly replicas: number; readonly bytes: number } {
  const partitionCount = Math.max(before.partitionCount, after.partitionCount);
  const next = regrouped(after, partitionCount);
  const old = tableOver(regrouped(before, partitionCount), next.nodeIds);
  const partitionBytes = regroupedFigures(bytes, partitionCount);
  let replicas = 0;
  let moved = 0;
  for (let partition = 0; partition < partitionCount; partition++) {
    const homes = rowOf(old, partition);
    for (const node of rowOf(next, partition)) {
      if (node === NOBODY || homes.includes(node)) continue;
      replicas++;
      moved += partitionBytes[partition]!;
    }
  }
  return { replicas, bytes: moved };
}

function leastOf(
  before: RingTable,
  layout: Layout,
  bytes: Float64Array,
): ReturnType<typeof placed> {
  return placed({ ...layout, strategy: 'balanced' }, before, bytes);
}

function rowOf(table: RingTable, partition: number): Uint16Array {
  const start = partition * table.replicaCount;
  return table.cells.subarray(start, start + table.replicaCount);
}
