/** Addresses of the interface, behind the hash, so that any server and the desktop app can host it as files. */
import { createRouter, createWebHashHistory, type Router } from 'vue-router';

import { LOCAL_ID } from './stores/clusters.ts';
import EnsemblePage from './views/ensemble/EnsemblePage.vue';
import KeysPage from './views/keys/KeysPage.vue';
import LogPage from './views/log/LogPage.vue';
import RingPage from './views/ring/RingPage.vue';
import ZnodesPage from './views/znodes/ZnodesPage.vue';

export function createAppRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: { name: 'cluster', params: { cluster: LOCAL_ID } } },
      // Files of this computer: other clusters show none.
      { path: `/${LOCAL_ID}/log`, name: 'log', component: LogPage },
      { path: '/:cluster', name: 'cluster', component: ZnodesPage },
      { path: '/:cluster/ensemble', name: 'ensemble', component: EnsemblePage },
      {
        path: '/:cluster/ring/:part(edit|scenarios|rebalances)?',
        name: 'ring',
        component: RingPage,
      },
      // Which keys, and which of them is open, are carried as a query: keys hold any bytes, slashes too.
      { path: '/:cluster/keys', name: 'keys', component: KeysPage },
      { path: '/:cluster/nodes/:parts(.*)*', name: 'node', component: ZnodesPage },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  });
}
