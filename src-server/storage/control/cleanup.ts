/**
 * When a node may delete a copy that is not its own any more.
 *
 * A copy is the last thing between a mistake and a loss, so every doubt keeps it: what the node sees must be fresh, must be later
 * than what the copy itself knows, and must show as many others in sync as there should be.
 */
import type { NodeId } from '../ring/topology.ts';
import { isOpen } from './rebalance-records.ts';
import { copiesOf } from './records.ts';
import { isUsable, type RingView } from './view.ts';

export interface StrayCopy {
  readonly partition: number;
  /** The last epoch that the copy took part in. */
  readonly epoch: number;
}

/** Null when it may go, after whatever time one gives a move to be taken back; otherwise why it is kept. */
export function whyKept(
  view: RingView,
  self: NodeId,
  { partition, epoch }: StrayCopy,
): string | null {
  const config = view.config?.value;
  const state = view.partitions.get(partition)?.value;
  if (!view.isConnected) return 'the ensemble is away: who holds it may have changed';
  if (config === undefined || state === undefined) return 'nobody says who holds it';
  if (copiesOf(state).includes(self)) return 'this node is one of its holders';
  if (state.epoch < epoch)
    return `it knows of epoch ${epoch}, and the ensemble only of ${state.epoch}`;
  // It may still be undone, and would be copied as a whole then.
  if (view.rebalance !== null && isOpen(view.rebalance.value))
    return `${view.rebalance.value.record} is ${view.rebalance.value.phase}`;
  const { replicaCount } = config.table;
  const inSync = state.inSync.filter((id) => isUsable(view, id)).length;
  if (inSync < replicaCount)
    return `only ${inSync} of ${replicaCount} copies are in sync and alive`;
  return null;
}
