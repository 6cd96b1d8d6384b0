/** The minutes that a row of charts shows, chosen by hand, and the moment that is pointed at in all of them. */
import { computed, type ComputedRef, type Ref, ref } from 'vue';

import { t } from '../i18n/words.ts';

export type Minutes = '1' | '5' | '10';

export interface ChartWindow {
  readonly minutes: Ref<Minutes>;
  readonly options: ComputedRef<{ value: Minutes; label: string }[]>;
  readonly fromMs: ComputedRef<number>;
  readonly toMs: ComputedRef<number>;
  readonly cursor: Ref<number | null>;
}

const MINUTE_MS = 60_000;

/** @param lastMs the newest moment there is something of */
export function useChartWindow(lastMs: () => number): ChartWindow {
  const minutes = ref<Minutes>('5');
  const toMs = computed(lastMs);
  return {
    minutes,
    options: computed(() =>
      (['1', '5', '10'] as const).map((value) => ({
        value,
        label: t('ensemble.charts.minutes', { minutes: value }),
      })),
    ),
    fromMs: computed(() => toMs.value - Number(minutes.value) * MINUTE_MS),
    toMs,
    cursor: ref<number | null>(null),
  };
}
