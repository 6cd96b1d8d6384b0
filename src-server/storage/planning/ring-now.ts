/** The ring as the ensemble tells of it, in the terms in which plans are made. */
import { layoutOf, type RingConfig } from '../control/ring-config.ts';
import { isUsable, type RingView } from '../control/view.ts';
import type { Ring } from '../ring/stage.ts';
import { replicasOf } from '../ring/table.ts';
import type { NodeId, RingNode } from '../ring/topology.ts';

/**
 * The placement that is wanted, which is where everything is once the ring is at rest. Null before there is one.
 *
 * While copies are on their way there, a plan is reckoned as if they had arrived: whoever shows it says how many are missing.
 */
export function ringNow(view: RingView): Ring | null {
  const config = view.config?.value;
  if (config === undefined) return null;
  return { version: config.version, layout: layoutOf(config), table: config.table };
}

/** Nodes of the ring that cannot send anything, because they are not there. */
export function deadOf(view: RingView, { nodes }: RingConfig): ReadonlySet<NodeId> {
  return new Set(nodes.map(({ id }) => id).filter((id) => !isUsable(view, id)));
}

/** Partitions with a copy that is not where it is wanted yet, or a leader that is not the wanted one. */
export function unsettledOf(view: RingView, { table }: RingConfig): number {
  let count = 0;
  for (let partition = 0; partition < table.partitionCount; partition++) {
    const wanted = replicasOf(table, partition);
    const state = view.partitions.get(partition)?.value;
    const isSettled =
      state !== undefined &&
      state.leader === (wanted[0] ?? null) &&
      state.learners.length === 0 &&
      state.replicas.length === wanted.length &&
      wanted.every((id) => state.inSync.includes(id));
    if (!isSettled) count++;
  }
  return count;
}

/** A node that was ever registered, as it described itself; null for one that never was. */
export function describedNode(view: RingView, id: NodeId): RingNode | null {
  const record = view.nodes.get(id) ?? view.members.get(id);
  if (record === undefined) return null;
  const { region, zone, host, weight, capBytes } = record;
  return { id, region, zone, host, weight, capBytes };
}
