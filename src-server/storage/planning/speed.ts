/**
 * How fast copies will be made, from how fast they were made before and from the limit that is set.
 *
 * A limit says how long the copying takes; what every step takes besides (catching up, the switch) is learnt from former
 * rebalances. Without a limit the speed itself is learnt, and where there is nothing to learn from nobody knows it.
 */
import type { PastRebalance } from '../control/rebalance-desk.ts';
import type { Plan } from '../ring/plan.ts';
import { estimateOf } from '../ring/progress.ts';

/** A rebalance that came to its end. */
export interface FormerRun {
  readonly planned: {
    readonly steps: number;
    readonly pairs: readonly {
      readonly from: string;
      readonly to: string;
      readonly bytes: number;
    }[];
  };
  /** The limit it ran under. */
  readonly bytesPerSecond: number | null;
  /** Without pauses. */
  readonly tookMs: number;
}

export interface Estimate {
  readonly ms: number;
  readonly leastMs: number;
  readonly mostMs: number;
  readonly bytesPerSecond: number;
  readonly basis: 'measured' | 'limit';
}

/** Only what came to its end tells how fast it went. */
export function formerRuns(past: readonly PastRebalance[]): FormerRun[] {
  return past.flatMap(({ record, state }) => {
    if (state?.phase !== 'done' || state.outcome === null) return [];
    const { bytesPerSecond, outcome } = state;
    return [{ planned: record.planned, bytesPerSecond, tookMs: outcome.tookMs }];
  });
}

/** What a step took besides its copies in rings of this program on one machine, before a ring has taught its own. */
const STEP_MS = 150;
const ERROR = 0.25;
/** Below, the time went into steps and not into bytes: nothing about speed can be learnt. */
const TELLING_BYTES = 2 ** 24;

export function estimateAt(
  plan: Plan,
  limit: { readonly bytesPerSecond: number | null },
  former: readonly FormerRun[],
): Estimate | null {
  const speed = speedOf(limit.bytesPerSecond, former);
  if (speed === null) return null;
  const { basis, ...pace } = speed;
  const { ms, leastMs, mostMs } = estimateOf(plan, pace);
  return { ms, leastMs, mostMs, bytesPerSecond: pace.bytesPerSecond, basis };
}

function speedOf(
  limit: number | null,
  former: readonly FormerRun[],
): {
  readonly bytesPerSecond: number;
  readonly stepMs: number;
  readonly error: number;
  readonly basis: Estimate['basis'];
} | null {
  const rates = former
    .filter((run) => busiestOf(run) >= TELLING_BYTES && run.tookMs > 0)
    .map((run) => (busiestOf(run) * 1000) / run.tookMs);
  const reached = median(rates);
  // What was never reached without a limit is not reached with one.
  const unlimited = median(
    former
      .filter((run) => run.bytesPerSecond === null && busiestOf(run) >= TELLING_BYTES)
      .map((run) => (busiestOf(run) * 1000) / Math.max(1, run.tookMs)),
  );
  const bytesPerSecond = limit === null ? reached : Math.min(limit, unlimited ?? limit);
  if (bytesPerSecond === null) return null;
  const besides = former
    .filter((run) => run.planned.steps > 0)
    .map((run) => {
      const copyMs = (busiestOf(run) * 1000) / (run.bytesPerSecond ?? bytesPerSecond);
      return Math.max(0, run.tookMs - copyMs) / run.planned.steps;
    });
  const stepMs = median(besides);
  const isMeasured = limit === null || stepMs !== null;
  return {
    bytesPerSecond,
    stepMs: stepMs ?? STEP_MS,
    error: ERROR,
    basis: isMeasured ? 'measured' : 'limit',
  };
}

/** The most that one node took or gave: what the time depended on. */
function busiestOf({ planned }: FormerRun): number {
  const taken = new Map<string, number>();
  const given = new Map<string, number>();
  for (const { from, to, bytes } of planned.pairs) {
    taken.set(to, (taken.get(to) ?? 0) + bytes);
    given.set(from, (given.get(from) ?? 0) + bytes);
  }
  return Math.max(0, ...taken.values(), ...given.values());
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
