/** What is broken on purpose in the ensemble of this program, by whoever looks at it. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import type { FaultsView, LinkFault } from '#contract/fault-models.ts';

import { consoleLink } from '../api/console.ts';

export const useFaults = defineStore('faults', () => {
  const view = shallowRef<FaultsView>({ links: [], paused: [] });
  consoleLink.subscribe('ensemble.faults', null, { onEvent: (event) => (view.value = event) });
  return {
    view,
    breakLinks: (links: readonly LinkFault[]) => consoleLink.call('ensemble.breakLinks', { links }),
    heal: () => consoleLink.call('ensemble.heal', null),
  };
});
