/** How each phase of a rebalance looks and is called; of an old one nobody may know any more what became of it. */
import type { RebalancePhase } from '#contract/rebalance-models.ts';

export type PhaseName = RebalancePhase | 'unknown';

export const PHASE_TONES: Readonly<
  Record<PhaseName, 'plain' | 'accent' | 'ok' | 'warn' | 'danger' | 'info'>
> = {
  running: 'accent',
  paused: 'warn',
  settling: 'info',
  done: 'ok',
  cancelled: 'plain',
  undone: 'plain',
  failed: 'danger',
  unknown: 'plain',
};
