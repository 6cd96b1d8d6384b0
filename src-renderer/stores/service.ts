/** How the link to the console's service is. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import { consoleLink } from '../api/console.ts';
import type { LinkState } from '../api/link.ts';

export const useService = defineStore('service', () => {
  const state = shallowRef<LinkState>(consoleLink.state);
  consoleLink.onState((now) => (state.value = now));
  return {
    state,
    start: () => consoleLink.start(),
    retry: () => consoleLink.retry(),
  };
});
