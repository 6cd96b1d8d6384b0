/**
 * How fast copies may be made now, and which of them must wait. Those who send copies and the one who controls the ring go by the
 * same words, so what is waited for is what is told.
 *
 * Copies that were lost are made again whatever an operator has paused, and at the pace the ring keeps for that.
 */
import { replicasOf } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import { isOpen } from './rebalance-records.ts';
import { isUsable, type RingView } from './view.ts';

export interface CopyPace {
  /** For each node, sent and as much taken; null for no bound. */
  readonly bytesPerSecond: number | null;
  readonly isAdaptive: boolean;
  /** Copies that one node gives, and as many that it takes, at the same time: of repairs, and of moves. */
  readonly repairsPerNode: number;
  readonly movesPerNode: number;
}

/** Null before there is a ring. */
export function paceOf({ config, rebalance }: RingView): CopyPace | null {
  if (config === null) return null;
  const { transferBytesPerSecond, isThrottleAdaptive, backfillsPerNode } = config.value;
  const repairsPerNode = backfillsPerNode;
  if (rebalance === null || rebalance.value.phase !== 'running') {
    return {
      bytesPerSecond: transferBytesPerSecond,
      isAdaptive: isThrottleAdaptive,
      repairsPerNode,
      movesPerNode: backfillsPerNode,
    };
  }
  const { bytesPerSecond, isAdaptive, transfersPerNode: movesPerNode } = rebalance.value;
  return { bytesPerSecond, isAdaptive, repairsPerNode, movesPerNode };
}

/** Fewer copies in sync and alive than there were to be before anybody moved anything. */
export function isRepair(view: RingView, partition: number): boolean {
  const state = view.partitions.get(partition)?.value;
  const copies = state?.inSync.filter((id) => isUsable(view, id)).length ?? 0;
  return copies < copiesDue(view, partition);
}

function copiesDue(view: RingView, partition: number): number {
  const { config, rebalance, rebalanceRecord: record } = view;
  if (config === null || partition >= config.value.table.partitionCount) return 0;
  const wanted = replicasOf(config.value.table, partition).length;
  if (rebalance === null || !isOpen(rebalance.value)) return wanted;
  if (record?.name !== rebalance.value.record) return wanted;
  const origin = rebalance.value.goal === 'after' ? record.before : record.after;
  return Math.min(wanted, replicasOf(origin.table, partition).length);
}

export interface Hold {
  readonly reason: 'paused' | 'disk-full';
  readonly node: NodeId | null;
  readonly words: string;
}

/** Why nothing of a partition moves to this node now; null where it may. */
export function holdOf(view: RingView, partition: number, to: NodeId): Hold | null {
  if (isRepair(view, partition)) return null;
  const state = view.rebalance?.value;
  if (state?.phase === 'paused') return { reason: 'paused', node: null, words: pausedWords(state) };
  const percent = view.nodes.get(to)?.fullPercent ?? null;
  if (percent === null) return null;
  const words = `${percent} % of the disk of ${to} is taken: more than fullDiskPercent, above which copies to it wait`;
  return { reason: 'disk-full', node: to, words };
}

export function pausedWords({ by, why }: { readonly by: string; readonly why: string }): string {
  return `paused by ${by}${why === '' ? '' : `: ${why}`}`;
}
