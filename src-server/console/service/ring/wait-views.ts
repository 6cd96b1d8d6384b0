/** What the controller waits for, told once where it is the same for many partitions. */
import type { RingWait } from '#contract/ring-models.ts';

import type { waitsOf } from '../../../storage/planning/answers.ts';

type Wait = ReturnType<typeof waitsOf>[number];

/** Named one by one; of all others there is the number. */
const PARTITIONS_NAMED = 6;

export function waitViewsOf(waits: readonly Wait[]): RingWait[] {
  const groups = new Map<string, { first: Wait; partitions: number[] }>();
  for (const wait of waits) {
    const key = `${wait.reason} ${wait.node ?? ''}`;
    const group = groups.get(key) ?? { first: wait, partitions: [] };
    if (wait.partition !== null) group.partitions.push(wait.partition);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ first, partitions }) => ({
    reason: first.reason,
    node: first.node,
    partitionCount: partitions.length,
    partitions: partitions.slice(0, PARTITIONS_NAMED),
    znode: first.znode,
    words: first.words,
  }));
}
