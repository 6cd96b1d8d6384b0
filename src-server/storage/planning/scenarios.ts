/**
 * Scenarios beside each other: what is staged; the same nodes with the settings that move least, or that lie evenest; and what is
 * staged once a zone or a node is gone for good. Each is a list of edits that anybody may stage.
 */
import { type Edit, editedLayout } from '../ring/edits.ts';
import { regroupedFigures } from '../ring/regroup.ts';
import type { Ring } from '../ring/stage.ts';
import { replicasOf } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import { type Obstacle, obstaclesOf } from './obstacles.ts';
import { deadOf } from './ring-now.ts';
import {
  assessed,
  type Assessment,
  type Grounds,
  type PlanFigures,
  planFiguresOf,
  type Staged,
  staged,
  stagedOf,
} from './staging.ts';

export type Loss =
  | { readonly kind: 'zone'; readonly region: string; readonly zone: string }
  | { readonly kind: 'node'; readonly id: NodeId };

export interface Scenario {
  readonly kind: 'staged' | 'least-movement' | 'best-balance' | 'lose-zone' | 'lose-node';
  readonly subject: string | null;
  readonly edits: readonly Edit[];
  readonly layout: Ring['layout'];
  /** Null where those who are left cannot hold anything. */
  readonly figures: PlanFigures | null;
  readonly fullest: { readonly node: NodeId; readonly part: number } | null;
  readonly after: Assessment | null;
  readonly failOvers: number;
  readonly lostPartitions: number;
  readonly obstacles: readonly Obstacle[];
}

/** Overloads worth trying: weights win, the usual, a good deal more, rules win. */
const OVERLOADS = [0, 10, 25, null] as const;

/** Null before there is a ring. */
export function scenariosOf(
  grounds: Grounds,
  edits: readonly Edit[],
  losses: readonly Loss[],
): Scenario[] | null {
  const asStaged = staged(grounds, edits);
  if (asStaged === null) return null;
  const variants = [asStaged, ...variantsOf(grounds, asStaged)];
  return [
    scenarioOf('staged', asStaged, grounds),
    scenarioOf('least-movement', best(variants, movementOf), grounds),
    scenarioOf('best-balance', best(variants, unevennessOf), grounds),
    ...losses.map((loss) => lossScenario(loss, asStaged, grounds)),
  ];
}

/** The same nodes under other settings. */
function variantsOf(grounds: Grounds, { edits, stage }: Staged): Staged[] {
  const { layout } = stage;
  const settings: Edit[][] = OVERLOADS.filter(
    (overload) => layout.strategy !== 'balanced' || overload !== layout.overloadPercent,
  ).map((overloadPercent) => [{ kind: 'setOverload', overloadPercent }]);
  const balanced: Edit[] =
    layout.strategy === 'balanced' ? [] : [{ kind: 'setStrategy', strategy: 'balanced' }];
  return settings.flatMap((more) => staged(grounds, [...edits, ...balanced, ...more]) ?? []);
}

/** The first of those that are least in one thing after the other. */
function best(variants: readonly Staged[], measure: (one: Staged) => readonly number[]): Staged {
  return variants.reduce((least, one) => (isLess(measure(one), measure(least)) ? one : least));
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}

function movementOf({ figures }: Staged): readonly number[] {
  const { unplaced, bytes, movedReplicas, bentPartitions } = figures;
  return [unplaced, bytes ?? movedReplicas, movedReplicas, bentPartitions];
}

function unevennessOf({ figures, after }: Staged): readonly number[] {
  const { unplaced, bytes, movedReplicas } = figures;
  const { variation } = after.bytes ?? after.replicas;
  // Differences that nobody would notice are no reason to move more.
  const uneven = Math.round(variation * 10_000);
  return [unplaced, uneven, after.leaders.variation, bytes ?? movedReplicas];
}

function scenarioOf(kind: Scenario['kind'], one: Staged, grounds: Grounds): Scenario {
  const { edits, stage, figures, after, obstacles } = one;
  return {
    kind,
    subject: null,
    edits,
    layout: stage.layout,
    figures,
    fullest: fullestOf(one.stage, grounds),
    after,
    failOvers: 0,
    lostPartitions: 0,
    obstacles,
  };
}

function lossScenario(loss: Loss, before: Staged, grounds: Grounds): Scenario {
  const { layout, table } = before.stage;
  const lost = new Set(
    layout.topology.nodes
      .filter((node) =>
        loss.kind === 'node'
          ? node.id === loss.id
          : node.region === loss.region && node.zone === loss.zone,
      )
      .map(({ id }) => id),
  );
  const removals = [...lost].map((id): Edit => ({ kind: 'removeNode', id }));
  const scenario = {
    kind: loss.kind === 'node' ? 'lose-node' : 'lose-zone',
    subject: loss.kind === 'node' ? loss.id : `${loss.region}/${loss.zone}`,
    edits: [...before.edits, ...removals],
    ...harmOf(before, lost),
  } as const;
  const isFatal = editedLayout(layout, removals).faults.some((fault) => fault !== null);
  const config = grounds.view.config?.value;
  if (isFatal || config === undefined) {
    const rest = { figures: null, fullest: null, after: null, obstacles: [] };
    return { ...scenario, layout, ...rest };
  }
  const { sizes, view, pace } = grounds;
  const measured = parted(sizes.measured, table.partitionCount);
  const ring = { version: before.ring.version, layout, table };
  const dead = new Set([...deadOf(view, config), ...lost]);
  const stage = stagedOf(ring, removals, { measured, dead, pace });
  const isKnown = sizes.isKnownOf(stage.plan.partitionCount);
  return {
    ...scenario,
    layout: stage.layout,
    figures: planFiguresOf(stage, { ...grounds, isKnown }),
    fullest: fullestOf(stage, grounds),
    after: assessed(stage, measured, sizes),
    obstacles: obstaclesOf({ view, config, ring, stage, isKnown }),
  };
}

/** What the loss does before anything is copied. */
function harmOf(
  { stage }: Staged,
  lost: ReadonlySet<NodeId>,
): Pick<Scenario, 'failOvers' | 'lostPartitions'> {
  let failOvers = 0;
  let lostPartitions = 0;
  for (let partition = 0; partition < stage.table.partitionCount; partition++) {
    const holders = replicasOf(stage.table, partition);
    if (holders.length === 0) continue;
    if (holders.every((id) => lost.has(id))) lostPartitions++;
    else if (lost.has(holders[0]!)) failOvers++;
  }
  return { failOvers, lostPartitions };
}

function fullestOf({ plan }: Staged['stage'], { sizes }: Grounds): Scenario['fullest'] {
  if (sizes.known === 0) return null;
  let fullest: Scenario['fullest'] = null;
  for (const { id, peakBytes, capBytes } of plan.nodes) {
    if (capBytes === null || capBytes === 0) continue;
    const part = peakBytes / capBytes;
    if (fullest === null || part > fullest.part) fullest = { node: id, part };
  }
  return fullest;
}

function parted(
  measured: Grounds['sizes']['measured'],
  partitionCount: number,
): Grounds['sizes']['measured'] {
  return {
    bytes: regroupedFigures(measured.bytes, partitionCount),
    keys: regroupedFigures(measured.keys, partitionCount),
    heat: regroupedFigures(measured.heat, partitionCount),
  };
}
