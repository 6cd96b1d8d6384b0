/** Rebalances of now and of then, in the shapes of the contract. */
import type {
  RebalanceReplay,
  RebalanceRun,
  RebalanceSummary,
} from '#contract/rebalance-models.ts';

import type { Placement } from '../../../storage/control/placement-text.ts';
import { type PastRebalance, whyNotUndone } from '../../../storage/control/rebalance-desk.ts';
import { type LiveFigures, progressOf } from '../../../storage/control/rebalance-progress.ts';
import {
  isOpen,
  type PlannedMove,
  type RebalanceRecord,
  type RebalanceState,
} from '../../../storage/control/rebalance-records.ts';
import type { RingView as KnownRing } from '../../../storage/control/view.ts';
import { replicasOf } from '../../../storage/ring/table.ts';
import { compareIds, type NodeId } from '../../../storage/ring/topology.ts';
import { moveColumns, type SteppedMove, tableColumns, tokenColumns } from './columns.ts';
import { settingsOf } from './preview-views.ts';
import { waitViewsOf } from './wait-views.ts';

export function summaryOf({ record, state }: PastRebalance): RebalanceSummary {
  const { name, before, by, why, atMs, edits, planned } = record;
  const { bytes, keys, movedReplicas, leastReplicas, leastBytes, leadersChanged } = planned;
  const { crossZoneBytes, estimateMs, errorMs, steps, pairs, peaks } = planned;
  return {
    name,
    version: before.version,
    by,
    why,
    atMs,
    edits,
    planned: {
      bytes,
      keys,
      movedReplicas,
      leastReplicas,
      leastBytes,
      leadersChanged,
      crossZoneBytes,
      estimateMs,
      errorMs,
      steps,
      pairs,
      peaks,
    },
    phase: state?.phase ?? null,
    phaseWhy: state?.why ?? '',
    changedAtMs: state?.changedAtMs ?? null,
    outcome: state?.outcome ?? null,
  };
}

export function runOf(
  known: KnownRing,
  { record, state }: { readonly record: RebalanceRecord; readonly state: RebalanceState },
  parts: { readonly live: LiveFigures; readonly wallMs: number },
): RebalanceRun {
  const progress = progressOf(known, record, state, parts.live);
  const { bytesPerSecond, transfersPerNode, isAdaptive, goal, phase } = state;
  return {
    summary: summaryOf({ record, state }),
    pace: { bytesPerSecond, transfersPerNode, isAdaptive },
    goal,
    startedAtMs: state.startedAtMs,
    pausedMs: state.pausedMs + (phase === 'paused' ? parts.wallMs - state.changedAtMs : 0),
    graceUntilMs: state.graceUntilMs,
    canPause: phase === 'running',
    canResume: phase === 'paused',
    canCancel: isOpen(state),
    canUndo: whyNotUndone(state, parts.wallMs) === null,
    partitionsDone: progress.partitionsDone,
    partitionsTotal: progress.partitionsTotal,
    bytesDone: progress.bytesDone,
    bytesTotal: progress.bytesTotal,
    verified: state.verified,
    pairs: progress.pairs,
    running: progress.running.map(
      ({ partition, from, to, bytesDone, bytesTotal, bytesPerSecond: rate }) => ({
        partition,
        from,
        to,
        bytesDone,
        // Before the first chunk nobody knows how much it will be.
        bytesTotal: bytesTotal === 0 ? null : bytesTotal,
        bytesPerSecond: rate,
      }),
    ),
    bytesPerSecond: progress.bytesPerSecond,
    leftMs: progress.leftMs,
    waits: waitViewsOf(progress.waits),
  };
}

export function replayOf(past: PastRebalance): RebalanceReplay {
  const { before, after, planned } = past.record;
  const ids = [...before.nodes, ...after.nodes].map(({ id }) => id);
  const nodeIds = [...new Set(ids)].sort(compareIds);
  const nodeIn = ({ nodes }: Placement, id: NodeId): Placement['nodes'][number] | null =>
    nodes.find((node) => node.id === id) ?? null;
  const { partitionCount } = before.table;
  return {
    summary: summaryOf(past),
    settingsBefore: placementSettings(before),
    settingsAfter: placementSettings(after),
    nodes: nodeIds.map((id) => ({ id, before: nodeIn(before, id), after: nodeIn(after, id) })),
    tableBefore: tableColumns(before.table, nodeIds),
    tableAfter: tableColumns(after.table, nodeIds),
    tokensBefore: tokenColumns(before.tokens ?? [], nodeIds),
    tokensAfter: tokenColumns(after.tokens ?? [], nodeIds),
    stepCount: planned.steps,
    moves: moveColumns(withLeaders(past.record), { partitionCount, nodeIds }),
  };
}

function placementSettings(placement: Placement): RebalanceReplay['settingsBefore'] {
  return settingsOf({ ...placement, ...placement.table }, placement.minInSync);
}

/** A leader changes with the last move of its partition: by then the new one has a copy. */
function withLeaders({ before, after, planned }: RebalanceRecord): SteppedMove[] {
  const last = new Map<number, PlannedMove>();
  for (const move of planned.moves) last.set(move.partition, move);
  return planned.moves.map((move) => {
    const { step, partition, to, from, source, bytes } = move;
    const [was] = replicasOf(before.table, partition);
    const [next] = replicasOf(after.table, partition);
    const isChange = last.get(partition) === move && next !== was;
    const newLeader = isChange ? (next ?? null) : null;
    return { step, partition, to, from, source, newLeader, bytes, keys: NaN };
  });
}
