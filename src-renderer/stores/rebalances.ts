/** The rebalance that runs or ran last, what may be ordered of it, and those that are remembered. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type {
  Pace,
  RebalanceNow,
  RebalancePhase,
  RebalanceReplay,
  RebalanceSummary,
} from '#contract/rebalance-models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { useRing } from './ring.ts';

export type RebalanceOrder = 'pause' | 'resume' | 'cancel' | 'undo';

const METHODS = {
  pause: 'ring.rebalance.pause',
  resume: 'ring.rebalance.resume',
  cancel: 'ring.rebalance.cancel',
  undo: 'ring.rebalance.undo',
} as const;

const OPEN_PHASES: readonly (RebalancePhase | null)[] = ['running', 'paused', 'settling'];

export const useRebalances = defineStore('rebalances', () => {
  const ring = useRing();
  const now = shallowRef<RebalanceNow | null>(null);
  /** Null before the service has told. */
  const list = shallowRef<readonly RebalanceSummary[] | null>(null);
  const problem = shallowRef<unknown>(null);
  const chosen = ref<string | null>(null);
  const replay = shallowRef<RebalanceReplay | null>(null);
  const replayProblem = shallowRef<unknown>(null);
  /** Orders on their way. */
  const ordered = ref<RebalanceOrder | null>(null);
  let subscription: Subscription | null = null;

  const run = computed(() => now.value?.run ?? null);
  /** The one that is not over yet. */
  const running = computed(() =>
    run.value !== null && OPEN_PHASES.includes(run.value.summary.phase) ? run.value : null,
  );

  watch(
    () => ring.at,
    (at) => {
      subscription?.close();
      subscription = null;
      now.value = null;
      list.value = null;
      problem.value = null;
      choose(null);
      if (at === null) return;
      subscription = consoleLink.subscribe('ring.rebalance', at, {
        onEvent: (event) => (now.value = event),
      });
    },
    { immediate: true },
  );
  // What is remembered changes with the one that runs.
  watch(
    () => [run.value?.summary.name, run.value?.summary.phase],
    () => {
      if (list.value !== null) void look();
    },
  );

  async function look(): Promise<void> {
    const { at } = ring;
    if (at === null) return;
    try {
      const told = await consoleLink.call('ring.rebalances', at);
      if (ring.at !== at) return;
      list.value = told;
      problem.value = null;
    } catch (error) {
      if (ring.at === at) problem.value = error;
    }
  }

  /** To be shown again, move by move; the last one asked for wins. */
  function choose(name: string | null): void {
    chosen.value = name;
    replay.value = null;
    replayProblem.value = null;
    const { at } = ring;
    if (name === null || at === null) return;
    const isWanted = (): boolean => chosen.value === name && ring.at === at;
    consoleLink
      .call('ring.rebalanceReplay', { ...at, name })
      .then((told) => {
        if (isWanted()) replay.value = told;
      })
      .catch((error: unknown) => {
        if (isWanted()) replayProblem.value = error;
      });
  }

  async function order(what: RebalanceOrder, why = ''): Promise<void> {
    const { at } = ring;
    const name = run.value?.summary.name;
    if (at === null || name === undefined) return;
    ordered.value = what;
    try {
      await consoleLink.call(METHODS[what], { ...at, name, why });
    } finally {
      ordered.value = null;
    }
  }

  async function setPace(pace: Pace): Promise<void> {
    const { at } = ring;
    const name = run.value?.summary.name;
    if (at === null || name === undefined) return;
    await consoleLink.call('ring.rebalance.setPace', { ...at, name, pace });
  }

  return {
    now,
    run,
    running,
    list,
    problem,
    chosen,
    replay,
    replayProblem,
    ordered,
    look,
    choose,
    order,
    setPace,
  };
});
