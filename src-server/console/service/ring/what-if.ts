/** What would have to be done if some nodes died: other leaders, copies made again, and how likely data is out of reach. */
import type { WhatIf } from '#contract/ring-models.ts';

import type { RingConfig } from '../../../storage/control/ring-config.ts';
import type { RingView as KnownRing } from '../../../storage/control/view.ts';
import { chancesOf } from './loss-chances.ts';

export function whatIfOf(
  known: KnownRing,
  config: RingConfig,
  parts: {
    readonly without: readonly string[];
    /** Of each partition; null where nobody tells. */
    readonly partitionBytes: Float64Array | null;
  },
): WhatIf {
  const { without, partitionBytes } = parts;
  const dead = new Set(without);
  const isThere = (id: string): boolean => known.nodes.has(id as never) && !dead.has(id);
  let failOvers = 0;
  let copies = 0;
  let bytes = 0;
  for (const [partition, { value }] of known.partitions) {
    if (value.leader !== null && dead.has(value.leader)) {
      if (value.inSync.some((id) => isThere(id))) failOvers++;
    }
    const gone = value.replicas.filter((id) => dead.has(id)).length;
    copies += gone;
    bytes += gone * (partitionBytes?.[partition] ?? 0);
  }
  const left = config.nodes.filter(({ id, weight }) => weight > 0 && isThere(id)).length;
  return {
    without: [...without],
    failOvers,
    copies,
    copyBytes: partitionBytes === null ? null : bytes,
    canRecover: left >= config.table.replicaCount,
    before: chancesOf(known, new Set()),
    after: chancesOf(known, dead),
  };
}
