/**
 * Staged edits of the real ring, and all that would come of them: the stage of `ring/`, told with what is not known, what is in
 * the way, and how even and how risky the ring is before and after.
 */
import type { RingView } from '../control/view.ts';
import { copysetsOf, type LossProbability, lossProbability } from '../ring/copysets.ts';
import type { Edit } from '../ring/edits.ts';
import { figuresOf, type TableFigures } from '../ring/figures.ts';
import type { Layout } from '../ring/layout.ts';
import type { Measured } from '../ring/plan.ts';
import { regroupedFigures } from '../ring/regroup.ts';
import { type Ring, type Stage, stageOf } from '../ring/stage.ts';
import type { RingTable } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import { type Obstacle, obstaclesOf } from './obstacles.ts';
import { deadOf, ringNow, unsettledOf } from './ring-now.ts';
import type { Sizes } from './sizes.ts';
import { type Estimate, estimateAt, type FormerRun } from './speed.ts';

export interface StagePace {
  readonly bytesPerSecond: number | null;
  readonly transfersPerNode: number;
}

/** Everything a stage is reckoned from. */
export interface Grounds {
  readonly view: RingView;
  readonly sizes: Sizes;
  readonly pace: StagePace;
  readonly former: readonly FormerRun[];
}

export interface PlanFigures {
  readonly movedReplicas: number;
  readonly bytes: number | null;
  readonly keys: number | null;
  readonly unknownPartitions: number;
  readonly crossZoneBytes: number | null;
  readonly leadersChanged: number;
  readonly steps: number;
  readonly least: {
    readonly replicas: number;
    readonly bytes: number | null;
    readonly isExact: boolean;
  };
  readonly estimate: Estimate | null;
  readonly bentPartitions: number;
  readonly unplaced: number;
  readonly unsafePartitions: number;
}

export interface Assessment {
  readonly replicas: TableFigures['replicas'];
  readonly leaders: TableFigures['leaders'];
  readonly bytes: TableFigures['bytes'] | null;
  readonly nodes: TableFigures['nodes'];
  readonly copysets: number;
  readonly loss: readonly LossProbability[];
}

export interface Staged {
  readonly ring: Ring;
  readonly edits: readonly Edit[];
  readonly stage: Stage;
  readonly figures: PlanFigures;
  readonly obstacles: readonly Obstacle[];
  readonly before: Assessment;
  readonly after: Assessment;
  readonly unsettledPartitions: number;
  /** Partitions of the plan whose size is known. */
  readonly isKnown: Uint8Array;
}

/** Null before there is a ring. */
export function staged(grounds: Grounds, edits: readonly Edit[]): Staged | null {
  const { view, sizes } = grounds;
  const config = view.config?.value;
  const ring = ringNow(view);
  if (config === undefined || ring === null) return null;
  const dead = deadOf(view, config);
  const { measured } = sizes;
  const stage = stagedOf(ring, edits, { measured, dead, pace: grounds.pace });
  const isKnown = sizes.isKnownOf(stage.plan.partitionCount);
  return {
    ring,
    edits,
    stage,
    figures: planFiguresOf(stage, { ...grounds, isKnown }),
    obstacles: obstaclesOf({ view, config, ring, stage, isKnown }),
    before: assessed(ring, measured, sizes),
    after: assessed(stage, measured, sizes),
    unsettledPartitions: unsettledOf(view, config),
    isKnown,
  };
}

/** The stage alone, of a ring that may itself be staged. */
export function stagedOf(
  ring: Ring,
  edits: readonly Edit[],
  parts: {
    readonly measured: Measured;
    readonly dead: ReadonlySet<NodeId>;
    readonly pace: StagePace;
  },
): Stage {
  const { measured, dead, pace } = parts;
  // Old copies are kept until the grace after a rebalance has passed, so that undoing it takes next to nothing.
  const { transfersPerNode } = pace;
  return stageOf(ring, { edits, measured, transfersPerNode, freesAt: 'end', dead });
}

export function planFiguresOf(
  { plan, least, bentPartitions, unplaced }: Stage,
  parts: Pick<Grounds, 'sizes' | 'pace' | 'former'> & { readonly isKnown: Uint8Array },
): PlanFigures {
  const { sizes, pace, former, isKnown } = parts;
  const told = <T>(figure: T): T | null => (sizes.known === 0 ? null : figure);
  const unknown = new Set<number>();
  for (const { moves } of plan.steps)
    for (const { partition, to } of moves)
      if (to !== null && isKnown[partition] === 0) unknown.add(partition);
  return {
    movedReplicas: plan.movedReplicas,
    bytes: told(plan.bytes),
    keys: told(plan.keys),
    unknownPartitions: unknown.size,
    crossZoneBytes: told(plan.crossZoneBytes),
    leadersChanged: plan.leadersChanged,
    steps: plan.steps.length,
    least: { replicas: least.replicas, bytes: told(least.bytes), isExact: least.isExact },
    estimate: sizes.known === 0 ? null : estimateAt(plan, pace, former),
    bentPartitions,
    unplaced,
    unsafePartitions: plan.unsafePartitions.length,
  };
}

/** Asked for sixty times a second: counted where that takes a few milliseconds, else estimated. */
const EFFORT = { maxSteps: 2e6, samples: 4000 } as const;
/** The table of the ring as it is stays the same object while it does. */
const losses = new WeakMap<RingTable, Pick<Assessment, 'copysets' | 'loss'>>();

export function assessed(
  { table, layout }: { readonly table: RingTable; readonly layout: Layout },
  measured: Measured,
  sizes: Sizes,
): Assessment {
  const partitionBytes = regroupedFigures(measured.bytes, table.partitionCount);
  const { nodes, replicas, leaders, bytes } = figuresOf(table, layout.topology, partitionBytes);
  return {
    nodes,
    replicas,
    leaders,
    bytes: sizes.known === 0 ? null : bytes,
    ...lossOf(table),
  };
}

function lossOf(table: RingTable): Pick<Assessment, 'copysets' | 'loss'> {
  const known = losses.get(table);
  if (known !== undefined) return known;
  const copysets = copysetsOf(table);
  const most = Math.min(table.replicaCount + 1, copysets.nodeCount);
  const loss = Array.from({ length: most }, (_, i) => lossProbability(copysets, i + 1, EFFORT));
  const found = { copysets: copysets.sets.length, loss };
  losses.set(table, found);
  return found;
}
