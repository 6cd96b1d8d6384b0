/** The ring of the cluster that is looked at, followed for as long as a page is there. */
import { computed, type ComputedRef, onScopeDispose, watch } from 'vue';

import type { Cluster } from '#contract/models.ts';

import { useClusters } from '../stores/clusters.ts';
import { useRing } from '../stores/ring.ts';
import { useAskedCluster } from './use-asked-cluster.ts';

export interface FollowedRing {
  readonly cluster: ComputedRef<Cluster | null>;
  /** Whether the cluster has to be dealt with before there can be a ring to show. */
  readonly isOutOfReach: ComputedRef<boolean>;
}

/** @param options isLive: whether nodes are asked about themselves as well */
export function useFollowedRing(options: { readonly isLive: boolean }): FollowedRing {
  const clusters = useClusters();
  const ring = useRing();
  const { cluster, isAsked, asked } = useAskedCluster();
  watch(
    [asked, () => ring.root],
    ([id]) => {
      if (id === null) ring.close();
      else ring.open(id, options);
    },
    { immediate: true },
  );
  onScopeDispose(() => ring.close());
  return {
    cluster,
    // What was never seen cannot be shown before there is a session.
    isOutOfReach: computed(
      () =>
        clusters.list !== null &&
        (!isAsked.value || (ring.view === null && cluster.value?.state.kind !== 'connected')),
    ),
  };
}
