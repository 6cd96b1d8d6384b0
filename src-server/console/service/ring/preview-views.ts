/** A stage of the ring, in the shapes of the contract. */
import type {
  Assessment,
  Drift,
  LayoutSettings,
  PairFlow,
  PreviewNode,
  Scenario,
  StagePreview,
} from '#contract/rebalance-models.ts';

import type { RingConfig } from '../../../storage/control/ring-config.ts';
import { isUsable, type RingView as KnownRing } from '../../../storage/control/view.ts';
import type { Scenario as PlannedScenario } from '../../../storage/planning/scenarios.ts';
import type { Sizes } from '../../../storage/planning/sizes.ts';
import type { Assessment as Assessed, Staged } from '../../../storage/planning/staging.ts';
import type { PairFlow as Flow } from '../../../storage/ring/flows.ts';
import type { Layout } from '../../../storage/ring/layout.ts';
import { nodeOf } from '../../../storage/ring/topology.ts';
import { moveColumns, movesOf, stepColumns, tableColumns, tokenColumns } from './columns.ts';

export function previewOf(
  one: Staged,
  parts: {
    readonly known: KnownRing;
    readonly config: RingConfig;
    readonly sizes: Sizes;
    readonly request: number;
    readonly atMs: number;
    readonly drift: Drift | null;
  },
): StagePreview {
  const { known, config, sizes, request, atMs, drift } = parts;
  const { ring, stage } = one;
  const { plan } = stage;
  const { nodeIds } = plan;
  const isTold = sizes.known > 0;
  return {
    request,
    atMs,
    version: ring.version,
    drift,
    settingsBefore: settingsOf(ring.layout, config.minInSync),
    settingsAfter: settingsOf(stage.layout, config.minInSync),
    nodes: nodesOf(one, known, config, isTold),
    faults: stage.faults,
    obstacles: one.obstacles,
    tableBefore: tableColumns(ring.table, nodeIds),
    tableAfter: tableColumns(stage.table, nodeIds),
    tokensBefore: tokenColumns(ring.layout.tokens, nodeIds),
    tokensAfter: tokenColumns(stage.layout.tokens, nodeIds),
    figures: one.figures,
    streams: plan.streams.map((flow) => flowOf(flow, isTold)),
    handovers: plan.handovers.map((flow) => flowOf(flow, isTold)),
    steps: stepColumns(plan),
    moves: moveColumns(movesOf(plan, one.isKnown), plan),
    before: assessmentView(one.before),
    after: assessmentView(one.after),
    measuredAtMs: sizes.oldestMs,
    unsettledPartitions: one.unsettledPartitions,
    ringPace: {
      bytesPerSecond: config.transferBytesPerSecond,
      transfersPerNode: config.backfillsPerNode,
      isAdaptive: config.isThrottleAdaptive,
    },
    graceMs: config.graceMs,
  };
}

export function scenarioView(one: PlannedScenario, minInSync: number): Scenario {
  const { kind, subject, edits, layout, figures, fullest, after, obstacles } = one;
  return {
    kind,
    subject,
    edits,
    settings: settingsOf(layout, minInSync),
    figures,
    fullest,
    after: after === null ? null : assessmentView(after),
    failOvers: one.failOvers,
    lostPartitions: one.lostPartitions,
    obstacles,
  };
}

export function settingsOf(
  layout: Pick<Layout, 'strategy' | 'overloadPercent' | 'tokensPerNode' | 'leaders'> & {
    readonly partitionCount: number;
    readonly replicaCount: number;
  },
  minInSync: number,
): LayoutSettings {
  const { partitionCount, replicaCount, strategy, overloadPercent, tokensPerNode, leaders } =
    layout;
  return {
    partitionCount,
    replicaCount,
    minInSync,
    strategy,
    overloadPercent,
    tokensPerNode,
    leaders,
  };
}

function assessmentView({ replicas, leaders, bytes, copysets, loss }: Assessed): Assessment {
  return {
    replicas,
    leaders,
    bytes,
    copysets,
    loss: loss.map(({ failures, probability, isExact }) => ({
      failures,
      chance: probability,
      isExact,
    })),
  };
}

function flowOf(
  { from, to, partitions, bytes, keys, isAcrossZones }: Flow,
  isTold: boolean,
): PairFlow {
  return {
    from,
    to,
    partitions,
    bytes: isTold ? bytes : null,
    keys: isTold ? keys : null,
    isAcrossZones,
  };
}

function nodesOf(
  { ring, stage, before, after }: Staged,
  known: KnownRing,
  config: RingConfig,
  isTold: boolean,
): PreviewNode[] {
  const then = new Map(before.nodes.map((figures) => [figures.id, figures]));
  const next = new Map(after.nodes.map((figures) => [figures.id, figures]));
  const told = (figure: number): number | null => (isTold ? figure : null);
  return stage.plan.nodes.map((plan): PreviewNode => {
    const { id, bytesBefore, bytesAfter, peakBytes, peakStep, bytesIn, bytesOut } = plan;
    return {
      id,
      before: nodeOf(ring.layout.topology, id),
      after: nodeOf(stage.layout.topology, id),
      isAlive: isUsable(known, id),
      isOut: config.out.includes(id),
      heldBefore: then.get(id)?.held ?? 0,
      heldAfter: next.get(id)?.held ?? 0,
      ledBefore: then.get(id)?.led ?? 0,
      ledAfter: next.get(id)?.led ?? 0,
      bytesBefore: told(bytesBefore),
      bytesAfter: told(bytesAfter),
      peakBytes: told(peakBytes),
      peakStep,
      bytesIn: told(bytesIn),
      bytesOut: told(bytesOut),
    };
  });
}
