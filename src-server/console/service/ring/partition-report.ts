/** One partition: what the ensemble says of it, and what each of its copies says of itself. */
import type { PartitionReport, ReplicaReport } from '#contract/ring-models.ts';

import { copiesOf } from '../../../storage/control/records.ts';
import type { RingView as KnownRing } from '../../../storage/control/view.ts';
import type { Holding } from '../../../storage/planning/answers.ts';

/** @param holdings by node, of those that answered */
export function partitionReportOf(
  known: KnownRing,
  partition: number,
  holdings: ReadonlyMap<string, Holding>,
): PartitionReport {
  const state = known.partitions.get(partition) ?? null;
  const named: readonly string[] = state === null ? [] : copiesOf(state.value);
  // A node may have something of a partition that the ring does not count on any more.
  const others = [...holdings.keys()].filter((id) => !named.includes(id)).sort();
  return {
    partition,
    version: state?.version ?? null,
    changedMs: state?.changedAtMs ?? null,
    replicas: [...named, ...others].map((id) => replicaOf(id, known, holdings.get(id) ?? null)),
  };
}

function replicaOf(id: string, known: KnownRing, holding: Holding | null): ReplicaReport {
  if (holding === null) {
    const isAlive = [...known.nodes.keys()].some((alive) => alive === id);
    return {
      id,
      role: null,
      trouble: isAlive ? 'silent' : 'away',
      epoch: null,
      lastSeq: null,
      committedSeq: null,
      keys: null,
      bytes: null,
      waits: null,
    };
  }
  const { role, epoch, lastSeq, committedSeq, keys, bytes, waits } = holding;
  return { id, role, trouble: null, epoch, lastSeq, committedSeq, keys, bytes, waits };
}
