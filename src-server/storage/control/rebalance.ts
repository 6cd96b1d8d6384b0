/**
 * Sees an operator's rebalance to its end: the copies themselves are made by the mover, as the table wants them; here it is found
 * out that they all are where they should be, that they are equal, and what came of it.
 *
 *   running ──everything is in its place──▶ settling ──all copies found equal──▶ done, or undone
 *                                              └──some differ──▶ failed
 */
import { replicasOf, type RingTable } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import { pausedWords } from './pace.ts';
import type { RebalanceOutcome, RebalanceRecord, RebalanceState } from './rebalance-records.ts';
import { isOpen } from './rebalance-records.ts';
import type { PartitionState } from './records.ts';
import type { Comparison, Round } from './round.ts';
import type { Versioned } from './view.ts';

/** Partitions that are compared at the same time. */
const COMPARED_AT_ONCE = 16;
/** How far a rebalance has come in comparing is written down so often. */
const TOLD_EVERY = 64;
/** What could not be compared is tried again after this, ms. */
const COMPARE_AGAIN_MS = 500;

export function conductRebalance(round: Round): void {
  const { view, paths } = round;
  const known = view.rebalance;
  if (known === null || !isOpen(known.value)) return;
  const { value: state } = known;
  const record = view.rebalanceRecord;
  if (record?.name !== state.record) {
    const znode = paths.rebalanceRecord(state.record);
    const words = `${state.record} has no record that can be read`;
    round.wait({ reason: 'unreadable', partition: null, node: null, znode, words });
    return;
  }
  if (state.phase === 'paused') {
    const words = pausedWords(state);
    round.wait({ reason: 'paused', partition: null, node: null, znode: paths.rebalance, words });
    return;
  }
  const moved = movedPartitions(round, record, state);
  if (state.phase === 'running') {
    if (moved.every(({ partition }) => isInPlace(round, partition))) settle(round, known, moved);
    return;
  }
  compare(round, known, moved);
}

/** A partition that is another one's now, and who took a copy of it on the way. */
interface Moved {
  readonly partition: number;
  readonly takers: readonly NodeId[];
}

/** Those that the rebalance is about, also where somebody who died has made another table of it meanwhile. */
function movedPartitions(round: Round, record: RebalanceRecord, state: RebalanceState): Moved[] {
  const origin = (state.goal === 'after' ? record.before : record.after).table;
  const { table } = round.view.config!.value;
  const partitions = Array.from({ length: table.partitionCount }, (_, partition) => partition);
  return partitions
    .filter((partition) => isOther(origin, table, partition))
    .map((partition) => {
      const before = replicasOf(origin, partition);
      return {
        partition,
        takers: replicasOf(table, partition).filter((id) => !before.includes(id)),
      };
    });
}

function isOther(a: RingTable, b: RingTable, partition: number): boolean {
  return replicasOf(a, partition).join() !== replicasOf(b, partition).join();
}

/** Held by those who should hold it, in sync, by nobody else, and led by the one who should lead it. */
function isInPlace(round: Round, partition: number): boolean {
  const wanted = replicasOf(round.view.config!.value.table, partition);
  const state = round.view.partitions.get(partition)?.value;
  if (state === undefined || state.leader !== wanted[0]) return false;
  const { replicas, inSync, learners } = state;
  const isFull = replicas.length === wanted.length && wanted.every((id) => inSync.includes(id));
  return isFull && learners.length === 0;
}

function settle(round: Round, known: Versioned<RebalanceState>, moved: readonly Moved[]): void {
  const { value: state } = known;
  const next: RebalanceState = {
    ...state,
    phase: 'settling',
    changedAtMs: round.situation.wallMs,
    verified: 0,
  };
  const words = `${state.record}: ${moved.length} partitions are where they should be`;
  round.changeRebalance(next, known.version, { kind: 'rebalance-settling', words });
}

function compare(round: Round, known: Versioned<RebalanceState>, moved: readonly Moved[]): void {
  const { value: state } = known;
  const all = moved.filter(({ takers }) => takers.length > 0);
  const found: Comparison[] = [];
  let asked = 0;
  for (const { partition } of all) {
    const comparison = comparisonOf(round, partition);
    if (comparison !== null && comparison.kind !== 'unknown') found.push(comparison);
    else if (asked < COMPARED_AT_ONCE) {
      asked += 1;
      askFor(round, partition, comparison);
    }
  }
  const different = found.filter(({ kind }) => kind === 'different');
  if (different.length > 0) {
    end(round, known, all, found, different.map(({ words }) => words).join('; '));
    return;
  }
  if (found.length === all.length) end(round, known, all, found, null);
  else if (found.length - state.verified >= TOLD_EVERY)
    round.changeRebalance({ ...state, verified: found.length }, known.version, null);
}

/** Of the partition as it is; what was found of an earlier record of it says nothing. */
function comparisonOf(round: Round, partition: number): Comparison | null {
  const known = round.view.partitions.get(partition);
  const comparison = round.situation.comparisonOf(partition);
  return comparison?.version === known?.version ? comparison : null;
}

function askFor(round: Round, partition: number, last: Comparison | null): void {
  const { paths, view } = round;
  const state = view.partitions.get(partition)?.value;
  const znode = paths.partition(partition);
  if (state === undefined || !isInPlace(round, partition)) {
    const node = missingOf(round, partition, state);
    const words = 'its copies are compared when all of them are in sync';
    round.wait({ reason: 'comparing', partition, node, znode, words });
    return;
  }
  const words = last === null ? 'its copies are being compared' : last.words;
  round.wait({ reason: 'comparing', partition, node: state.leader, znode, words });
  const dueMs = last === null ? 0 : last.atMs + COMPARE_AGAIN_MS;
  if (dueMs > round.situation.nowMs) round.wakeAt(dueMs);
  else round.comparisons.push(partition);
}

function missingOf(
  round: Round,
  partition: number,
  state: PartitionState | undefined,
): NodeId | null {
  const wanted = replicasOf(round.view.config!.value.table, partition);
  return wanted.find((id) => state?.inSync.includes(id) !== true) ?? state?.learners[0] ?? null;
}

function end(
  round: Round,
  { value: state, version }: Versioned<RebalanceState>,
  moved: readonly Moved[],
  found: readonly Comparison[],
  trouble: string | null,
): void {
  const { wallMs } = round.situation;
  const { graceMs } = round.view.config!.value;
  const takersOf = new Map(moved.map(({ partition, takers }) => [partition, takers]));
  const outcome: RebalanceOutcome = {
    bytesMoved: found.reduce((sum, { partition, copiedBytes }) => {
      const takers = takersOf.get(partition) ?? [];
      return sum + takers.reduce((bytes, id) => bytes + (copiedBytes.get(id) ?? 0), 0);
    }, 0),
    partitionsMoved: moved.length,
    tookMs: Math.max(0, wallMs - state.startedAtMs - state.pausedMs),
    digestsEqual: found.every(({ kind }) => kind === 'equal'),
  };
  const phase = trouble !== null ? 'failed' : state.goal === 'after' ? 'done' : 'undone';
  const equality = outcome.digestsEqual ? 'all copies equal' : 'copies of a cache, not compared';
  const words =
    trouble ?? `${moved.length} partitions moved, ${outcome.bytesMoved} bytes, ${equality}`;
  const next: RebalanceState = {
    ...state,
    phase,
    by: round.situation.by,
    why: words,
    changedAtMs: wallMs,
    graceUntilMs: wallMs + graceMs,
    outcome,
    verified: found.filter(({ kind }) => kind === 'equal').length,
  };
  const kind = trouble === null ? 'rebalance-done' : 'rebalance-failed';
  round.changeRebalance(next, version, { kind, words: `${state.record}: ${words}` });
}
