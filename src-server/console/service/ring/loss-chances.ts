/** How likely data is out of reach when some number of nodes fail at the same time, whichever those are. */
import type { LossChance } from '#contract/ring-models.ts';

import type { RingView as KnownRing } from '../../../storage/control/view.ts';
import { copysetsOf, lossProbability } from '../../../storage/ring/copysets.ts';
import { NOBODY } from '../../../storage/ring/table.ts';

/** Failures at once that people ask about. */
const FAILURES_MAX = 4;
/** Asked for with every change of the ring: a few milliseconds, an estimate where counting takes longer. */
const EFFORT = { maxSteps: 2e6, samples: 4000 } as const;

/** Of the copies that are in sync and alive, without those that are taken for dead. */
export function chancesOf(known: KnownRing, dead: ReadonlySet<string>): LossChance[] {
  const nodeIds = [...known.nodes.keys()].filter((id) => !dead.has(id)).sort();
  const places = new Map(nodeIds.map((id, place) => [id, place]));
  const groups = [...known.partitions.values()].map(({ value }) =>
    value.inSync.flatMap((id) => places.get(id) ?? []),
  );
  const replicaCount = Math.max(1, ...groups.map(({ length }) => length));
  const cells = new Uint16Array(groups.length * replicaCount).fill(NOBODY);
  for (const [p, group] of groups.entries()) cells.set(group, p * replicaCount);
  const sets = copysetsOf({ partitionCount: groups.length, replicaCount, nodeIds, cells });
  const most = Math.min(FAILURES_MAX, sets.nodeCount);
  return Array.from({ length: most }, (_, i) => {
    const { failures, probability, isExact } = lossProbability(sets, i + 1, EFFORT);
    return { failures, chance: probability, isExact };
  });
}
