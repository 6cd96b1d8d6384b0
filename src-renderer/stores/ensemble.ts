/** The program and the ensemble it runs itself. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import type { AppFacts } from '#contract/models.ts';

import { consoleLink } from '../api/console.ts';

export const useEnsemble = defineStore('ensemble', () => {
  /** Null before the service has told. */
  const facts = shallowRef<AppFacts | null>(null);
  consoleLink.subscribe('app', null, { onEvent: (event) => (facts.value = event) });
  return {
    facts,
    retry: () => consoleLink.call('ensemble.retry', null),
    /** Null in a browser, which cannot show folders. */
    showDataFolder: window.zabring?.native.showDataFolder ?? null,
  };
});
