/** The members of the ensemble that is looked at, and how their figures moved; asked for only while somebody looks. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import type { EnsembleSample, EnsembleView, MemberOrder } from '#contract/ensemble-models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';

/** As many as the service keeps. */
const SAMPLES_MAX = 600;

export const useMembers = defineStore('members', () => {
  /** Null before the service has told. */
  const view = shallowRef<EnsembleView | null>(null);
  const samples = shallowRef<readonly EnsembleSample[]>([]);
  let subscription: Subscription | null = null;

  function open(cluster: string): void {
    close();
    subscription = consoleLink.subscribe(
      'ensemble.members',
      { cluster },
      { onEvent: (event) => take(event) },
    );
  }

  function close(): void {
    subscription?.close();
    subscription = null;
    view.value = null;
    samples.value = [];
  }

  function take(event: EnsembleView): void {
    view.value = event;
    // After a break of the connection the service tells everything once more.
    const lastMs = samples.value.at(-1)?.atMs ?? 0;
    const fresh = event.samples.filter(({ atMs }) => atMs > lastMs);
    if (fresh.length > 0) samples.value = [...samples.value, ...fresh].slice(-SAMPLES_MAX);
  }

  return {
    view,
    samples,
    open,
    close,
    order: (order: MemberOrder) => consoleLink.call('ensemble.order', order),
  };
});
