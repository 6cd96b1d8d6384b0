/** What somebody is about to do to a link: both its ways, as they are written down and not yet applied. */
import { computed, type ComputedRef, reactive, watch } from 'vue';

import type { LinkFault } from '#contract/fault-models.ts';

import { back, cut, faultOf, healthy, type Way } from '../model/fault-lab.ts';

export interface WayDraft {
  readonly way: Way;
  passes: 'open' | 'cut';
  delay: string;
  loss: string;
}

export interface LinkDraft {
  readonly ways: readonly [WayDraft, WayDraft];
  /** What it comes to; null while something is written that cannot be. */
  readonly result: ComputedRef<readonly LinkFault[] | null>;
  readonly isChanged: ComputedRef<boolean>;
  isDelayWrong(draft: WayDraft): boolean;
  isLossWrong(draft: WayDraft): boolean;
  cutBoth(): void;
  heal(): void;
}

const DELAY_MAX_MS = 60_000;
const LOSS_MAX_PERCENT = 100;

export function useLinkDraft(parts: {
  readonly link: () => Way;
  readonly links: () => readonly LinkFault[];
}): LinkDraft {
  const present = computed(() => {
    const link = parts.link();
    return [faultOf(parts.links(), link), faultOf(parts.links(), back(link))] as const;
  });
  const [there, here] = present.value;
  const ways: [WayDraft, WayDraft] = reactive([draftOf(there), draftOf(here)]);

  function take(faults: readonly [LinkFault, LinkFault]): void {
    for (const [i, fault] of faults.entries()) Object.assign(ways[i]!, draftOf(fault));
  }

  // What is done elsewhere, or to another link, replaces what is written here; news that changes neither does not.
  watch(
    () => JSON.stringify(present.value),
    () => take(present.value),
  );

  const result = computed(() => {
    const faults = ways.map(({ way, passes, delay, loss }): LinkFault | null => {
      const delayMs = wholeNumber(delay, DELAY_MAX_MS);
      const lossPercent = wholeNumber(loss, LOSS_MAX_PERCENT);
      if (delayMs === null || lossPercent === null) return null;
      return { ...way, isCut: passes === 'cut', delayMs, lossPercent };
    });
    return faults.every((fault) => fault !== null) ? faults : null;
  });

  return {
    ways,
    result,
    isChanged: computed(() => JSON.stringify(result.value) !== JSON.stringify(present.value)),
    isDelayWrong: ({ delay }) => wholeNumber(delay, DELAY_MAX_MS) === null,
    isLossWrong: ({ loss }) => wholeNumber(loss, LOSS_MAX_PERCENT) === null,
    cutBoth: () => take([cut(parts.link()), cut(back(parts.link()))]),
    heal: () => take([healthy(parts.link()), healthy(back(parts.link()))]),
  };
}

function draftOf({ from, to, isCut, delayMs, lossPercent }: LinkFault): WayDraft {
  return {
    way: { from, to },
    passes: isCut ? 'cut' : 'open',
    delay: String(delayMs),
    loss: String(lossPercent),
  };
}

/** Nothing written is none. */
function wholeNumber(text: string, max: number): number | null {
  const trimmed = text.trim();
  if (!/^\d{0,6}$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return value <= max ? value : null;
}
