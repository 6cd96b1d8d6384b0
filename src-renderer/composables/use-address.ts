/** Where we are: cluster and path, carried by the route, so that reloading and the browser's own history work. */
import { computed, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

import { fromParts, partsOf } from '../model/paths.ts';

/** Beside the ring itself: what is staged of it, ways it could be, and how it became what it is. */
export const RING_PARTS = ['edit', 'scenarios', 'rebalances'] as const;
export type RingPart = (typeof RING_PARTS)[number];

export interface Address {
  readonly cluster: ComputedRef<string>;
  /** Null on the cluster's own page. */
  readonly path: ComputedRef<string | null>;
  /** Whether the logs of this computer are looked at, and no tree. */
  readonly isLog: ComputedRef<boolean>;
  openPath(path: string): Promise<void>;
  openCluster(cluster: string): Promise<void>;
  /** Which of the cluster's pages is shown. */
  readonly page: ComputedRef<'nodes' | 'ensemble' | 'ring' | 'keys' | null>;
  openOverview(): Promise<void>;
  openEnsemble(): Promise<void>;
  openRing(): Promise<void>;
  /** Of the ring's page; null is the ring itself. */
  readonly ringPart: ComputedRef<RingPart | null>;
  openRingPart(part: RingPart | null): Promise<void>;
  /** The keys page, with every partition's keys, and this one open where one is named. */
  openKeys(key?: string): Promise<void>;
  /** This key, beside the list that is shown; null closes it. */
  openKey(key: string | null): Promise<void>;
  openPartitionKeys(partition: number): Promise<void>;
  openLog(): Promise<void>;
  back(): void;
  forward(): void;
}

export function useAddress(): Address {
  const route = useRoute();
  const router = useRouter();
  const cluster = computed(() => String(route.params['cluster'] ?? 'local'));
  const path = computed(() => {
    if (route.name !== 'node') return null;
    const parts = route.params['parts'];
    return fromParts(typeof parts === 'string' ? (parts === '' ? [] : [parts]) : (parts ?? []));
  });
  return {
    cluster,
    path,
    isLog: computed(() => route.name === 'log'),
    openPath: async (to) => {
      await router.push({ name: 'node', params: { cluster: cluster.value, parts: partsOf(to) } });
    },
    openCluster: async (to) => {
      await router.push({ name: 'cluster', params: { cluster: to } });
    },
    page: computed(() => {
      if (route.name === 'ensemble' || route.name === 'ring' || route.name === 'keys')
        return route.name;
      return route.name === 'cluster' || route.name === 'node' ? 'nodes' : null;
    }),
    openEnsemble: async () => {
      await router.push({ name: 'ensemble', params: { cluster: cluster.value } });
    },
    openRing: async () => {
      await router.push({ name: 'ring', params: { cluster: cluster.value } });
    },
    ringPart: computed(() => {
      const part = route.name === 'ring' ? route.params['part'] : undefined;
      return RING_PARTS.find((one) => one === part) ?? null;
    }),
    openRingPart: async (part) => {
      await router.push({ name: 'ring', params: { cluster: cluster.value, part: part ?? '' } });
    },
    openKeys: async (key) => {
      const query = key === undefined ? {} : { key };
      await router.push({ name: 'keys', params: { cluster: cluster.value }, query });
    },
    openKey: async (key) => {
      const query = { ...route.query, key: key ?? undefined };
      await router.push({ name: 'keys', params: { cluster: cluster.value }, query });
    },
    openPartitionKeys: async (partition) => {
      const query = { partition: String(partition) };
      await router.push({ name: 'keys', params: { cluster: cluster.value }, query });
    },
    openOverview: async () => {
      await router.push({ name: 'cluster', params: { cluster: cluster.value } });
    },
    openLog: async () => {
      await router.push({ name: 'log' });
    },
    back: () => router.back(),
    forward: () => router.forward(),
  };
}
