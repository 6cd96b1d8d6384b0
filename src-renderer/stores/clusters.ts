/** The clusters the console knows, their connections, and which of them is looked at. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { Cluster, ClusterSettings, Credential, Identity } from '#contract/models.ts';

import { consoleLink } from '../api/console.ts';
import { t } from '../i18n/words.ts';
import { useNotices } from './notices.ts';

export const LOCAL_ID = 'local';

export const useClusters = defineStore('clusters', () => {
  const notices = useNotices();
  /** Null before the service has told. */
  const list = shallowRef<readonly Cluster[] | null>(null);
  const currentId = ref(LOCAL_ID);
  const current = computed(() => find(currentId.value));
  const identities = shallowRef<readonly Identity[]>([]);
  /** Sessions somebody asked for, so that another one can be told from them. */
  const expected = new Set<string>();
  const sessions = new Map<string, string>();

  consoleLink.subscribe('clusters', null, {
    onEvent: (clusters) => {
      list.value = clusters;
      for (const cluster of clusters) followSession(cluster);
    },
  });

  function find(id: string): Cluster | null {
    return list.value?.find((cluster) => cluster.id === id) ?? null;
  }

  /** A session that was replaced without being asked to took its ephemeral nodes along: that is worth a word. */
  function followSession({ id, settings, state }: Cluster): void {
    if (state.kind !== 'connected') return;
    const before = sessions.get(id);
    if (before === state.sessionId) return;
    sessions.set(id, state.sessionId);
    if (id === currentId.value) void askIdentities();
    if (!expected.delete(id) && before !== undefined) {
      notices.show(
        'info',
        t('clusters.newSession', { name: nameOf(id, settings.name) }),
        t('clusters.newSessionDetail', { session: `0x${state.sessionId.replace(/^0+/, '')}` }),
      );
    }
  }

  async function askIdentities(): Promise<void> {
    const id = currentId.value;
    const found = await consoleLink.call('clusters.identities', { id }).catch(() => []);
    if (id === currentId.value) identities.value = found;
  }

  function select(id: string): void {
    if (id === currentId.value) return;
    currentId.value = id;
    identities.value = [];
    void askIdentities();
  }

  async function connect(id: string, credentials: readonly Credential[] = []): Promise<void> {
    expected.add(id);
    await consoleLink.call('clusters.connect', { id, credentials });
  }

  return {
    list,
    currentId,
    current,
    identities,
    /** Whether the session proved who it is, which lists with `auth` need. */
    hasIdentity: computed(() => identities.value.some(({ scheme }) => scheme !== 'ip')),
    find,
    select,
    connect,
    add: async (settings: ClusterSettings): Promise<string> =>
      (await consoleLink.call('clusters.add', settings)).id,
    update: (id: string, settings: ClusterSettings) =>
      consoleLink.call('clusters.update', { id, settings }),
    remove: (id: string) => consoleLink.call('clusters.remove', { id }),
    disconnect: (id: string) => consoleLink.call('clusters.disconnect', { id }),
  };
});

/** The local ensemble has a name in every language. */
export function nameOf(id: string, name: string): string {
  return id === LOCAL_ID ? t('clusters.local') : name;
}
