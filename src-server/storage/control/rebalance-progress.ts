/**
 * How far a rebalance is, in bytes and in partitions, for every pair of nodes; how long it will take; and what it waits for.
 *
 * Partitions are counted by the ensemble's word: a copy is there when it is in sync. The bytes of those on their way come from the
 * nodes that send them.
 */
import { replicasOf } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import type { PlannedMove, RebalanceRecord, RebalanceState } from './rebalance-records.ts';
import type { Wait } from './round.ts';
import type { RingView } from './view.ts';

/** A copy on its way, as one of its two ends tells it. */
export interface LiveCopy {
  readonly partition: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  /** What it does, or waits for. */
  readonly words: string;
}

export interface RebalanceProgress {
  readonly partitionsDone: number;
  readonly partitionsTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly pairs: readonly PairProgress[];
  readonly running: readonly LiveCopy[];
  readonly bytesPerSecond: number;
  /** Null while nothing moves. */
  readonly leftMs: number | null;
  readonly waits: readonly Wait[];
}

export interface PairProgress {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly partitionsDone: number;
  readonly partitionsTotal: number;
}

/** What the nodes say at the moment; nothing where nobody was asked. */
export interface LiveFigures {
  readonly copies: readonly LiveCopy[];
  /** Of the node that controls the ring. */
  readonly waits: readonly Wait[];
}

/** A move of the plan, in the direction in which it goes now. */
interface Leg {
  readonly partition: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: number;
}

export function progressOf(
  view: RingView,
  record: RebalanceRecord,
  state: RebalanceState,
  { copies, waits }: LiveFigures,
): RebalanceProgress {
  const legs = legsOf(record, state);
  const live = new Map(copies.map((copy) => [`${copy.partition} ${copy.to}`, copy]));
  const pairs = new Map<string, Mutable<PairProgress>>();
  const left = new Map<number, boolean>();
  const running: LiveCopy[] = [];
  for (const { partition, from, to, bytes } of legs) {
    const isThere = view.partitions.get(partition)?.value.inSync.includes(to) === true;
    const copy = isThere ? undefined : live.get(`${partition} ${to}`);
    const pair = pairs.get(`${from} ${to}`) ?? emptyPair(from, to);
    pairs.set(`${from} ${to}`, pair);
    pair.bytesTotal += bytes;
    pair.partitionsTotal += 1;
    if (isThere) {
      pair.bytesDone += bytes;
      pair.partitionsDone += 1;
    } else if (copy !== undefined) {
      running.push(copy);
      pair.bytesDone += bytes * shareDone(copy);
    }
    left.set(partition, (left.get(partition) ?? false) || !isThere);
  }
  for (const partition of partitionsOf(record))
    left.set(partition, left.get(partition) === true || !isSettled(view, record, state, partition));
  const all = [...pairs.values()];
  const bytesDone = sum(all, (pair) => pair.bytesDone);
  const bytesTotal = sum(all, (pair) => pair.bytesTotal);
  const bytesPerSecond = sum(running, (copy) => copy.bytesPerSecond);
  return {
    partitionsDone: [...left.values()].filter((isLeft) => !isLeft).length,
    partitionsTotal: left.size,
    bytesDone,
    bytesTotal,
    pairs: all,
    running,
    bytesPerSecond,
    leftMs:
      bytesPerSecond === 0 ? null : Math.round(((bytesTotal - bytesDone) / bytesPerSecond) * 1000),
    waits,
  };
}

/** The copies that are made on the way to the goal. Undone, those who handed over take back what is not theirs any more. */
function legsOf(
  { planned, after }: RebalanceRecord,
  { goal }: Pick<RebalanceState, 'goal'>,
): readonly Leg[] {
  if (goal === 'after')
    return planned.moves.flatMap(({ partition, source, to, bytes }) =>
      source === null || to === null ? [] : [{ partition, from: source, to, bytes }],
    );
  const returns = ({ partition, from, bytes }: PlannedMove): Leg[] => {
    const leader = replicasOf(after.table, partition)[0];
    return from === null || leader === undefined
      ? []
      : [{ partition, from: leader, to: from, bytes }];
  };
  return planned.moves.flatMap(returns);
}

/** Those of which anything changes, be it only the leader. */
export function partitionsOf({ planned }: RebalanceRecord): ReadonlySet<number> {
  return new Set(planned.moves.map(({ partition }) => partition));
}

/** Held by those who should hold it, and by nobody else, in sync, and led by whom the goal wants. */
function isSettled(
  view: RingView,
  record: RebalanceRecord,
  { goal }: Pick<RebalanceState, 'goal'>,
  partition: number,
): boolean {
  const state = view.partitions.get(partition)?.value;
  const wanted = replicasOf(record[goal].table, partition);
  return (
    state !== undefined &&
    state.leader === wanted[0] &&
    state.learners.length === 0 &&
    state.replicas.length === wanted.length &&
    wanted.every((id) => state.inSync.includes(id))
  );
}

function shareDone({ bytesDone, bytesTotal }: LiveCopy): number {
  return bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function emptyPair(from: NodeId, to: NodeId): Mutable<PairProgress> {
  return { from, to, bytesDone: 0, bytesTotal: 0, partitionsDone: 0, partitionsTotal: 0 };
}

function sum<T>(items: readonly T[], figureOf: (item: T) => number): number {
  return items.reduce((total, item) => total + figureOf(item), 0);
}
