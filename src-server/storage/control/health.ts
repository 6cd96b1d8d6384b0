/**
 * How a ring fares: the questions an operator asks first, answered from the view alone.
 *
 *   Which partitions are not held on as many distinct nodes as they should be?
 *   Which cannot take writes any more, or not after one more failure?
 *   Which have nobody left who is in sync?
 */
import type { NodeId } from '../ring/topology.ts';
import { zoneNameOf } from '../ring/topology.ts';
import type { PartitionState } from './records.ts';
import { isUsable, type RingView } from './view.ts';

export interface PartitionHealth {
  readonly partition: number;
  /** Copies in sync on distinct nodes that are alive. */
  readonly copies: number;
  /** Zones those are in. */
  readonly zones: number;
  readonly hasLeader: boolean;
  /** Enough in sync for a write to be acknowledged. */
  readonly isWritable: boolean;
}

export interface RingHealth {
  /** Fewer copies in sync than wanted, the fewest first. */
  readonly underReplicated: readonly PartitionHealth[];
  /** Writable now, and not when one more of those in sync fails. */
  readonly atRisk: readonly PartitionHealth[];
  /** Nobody acknowledges a write. */
  readonly unwritable: readonly PartitionHealth[];
  /** Nobody who is in sync is alive: only the return of one of them, or an operator, helps. */
  readonly lost: readonly PartitionHealth[];
  /** Partitions of the table whose record is missing or cannot be read. */
  readonly unknown: readonly number[];
  readonly deadNodes: readonly NodeId[];
  /** Alive, and nothing is placed on them. */
  readonly idleNodes: readonly NodeId[];
}

function partitionHealth(view: RingView, partition: number): PartitionHealth | null {
  const config = view.config?.value;
  const state = view.partitions.get(partition)?.value;
  if (config === undefined || state === undefined) return null;
  const there = state.inSync.filter((id) => isUsable(view, id));
  const hasLeader = leads(view, state);
  return {
    partition,
    copies: there.length,
    zones: new Set(there.map((id) => zoneNameOf(view.nodes.get(id)!))).size,
    hasLeader,
    isWritable: hasLeader && there.length >= config.minInSync,
  };
}

export function ringHealth(view: RingView): RingHealth {
  const config = view.config?.value;
  const { partitionCount = 0, replicaCount = 0 } = config?.table ?? {};
  const known: PartitionHealth[] = [];
  const unknown: number[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const health = partitionHealth(view, partition);
    if (health === null) unknown.push(partition);
    else known.push(health);
  }
  const minInSync = config?.minInSync ?? 1;
  const placed = new Set(config?.nodes.map(({ id }) => id) ?? []);
  return {
    underReplicated: known.filter(({ copies }) => copies < replicaCount).sort(byUrgency),
    atRisk: known.filter(({ isWritable, copies }) => isWritable && copies === minInSync),
    unwritable: known.filter(({ isWritable }) => !isWritable),
    lost: known.filter(({ copies }) => copies === 0),
    unknown,
    deadNodes: [...placed].filter((id) => !isUsable(view, id)),
    idleNodes: [...view.nodes.keys()].filter((id) => !placed.has(id)),
  };
}

/** The order in which copies are made again. */
function byUrgency(a: PartitionHealth, b: PartitionHealth): number {
  return a.copies - b.copies || a.partition - b.partition;
}

function leads(view: RingView, { leader, leaderIncarnation }: PartitionState): boolean {
  return leader !== null && view.nodes.get(leader)?.incarnation === leaderIncarnation;
}
