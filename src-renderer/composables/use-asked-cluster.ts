/** The cluster that is looked at, and whether anything may be asked of it. */
import { computed, type ComputedRef } from 'vue';

import type { Cluster } from '#contract/models.ts';

import { LOCAL_ID, useClusters } from '../stores/clusters.ts';
import { useAddress } from './use-address.ts';

export interface AskedCluster {
  readonly cluster: ComputedRef<Cluster | null>;
  readonly isAsked: ComputedRef<boolean>;
  /** Its id, for as long as it may be asked. */
  readonly asked: ComputedRef<string | null>;
}

/** Nothing is asked of a cluster that nobody connected to. The ensemble of this program is ours to ask at any time. */
export function useAskedCluster(): AskedCluster {
  const address = useAddress();
  const clusters = useClusters();
  const cluster = computed(() => clusters.current);
  const isAsked = computed(() => {
    const kind = cluster.value?.state.kind;
    return cluster.value?.id === LOCAL_ID || kind === 'connected' || kind === 'connecting';
  });
  return {
    cluster,
    isAsked,
    asked: computed(() => (isAsked.value ? address.cluster.value : null)),
  };
}
