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

/** Beside its copies a step took a second where the machine was overloaded: before a ring has taught its own, all below may be. */
const UNKNOWN_STEP_MS = { least: 0, likely: 300, most: 1000 } as const;
const ERROR = 0.25;
/** Below, the time went into steps and not into bytes: nothing about speed can be learnt. */
const TELLING_BYTES = 2 ** 24;

export function estimateAt(
  plan: Plan,
  limit: { readonly bytesPerSecond: number | null },
  former: readonly FormerRun[],
): Estimate | null {
  const bytesPerSecond = rateOf(limit.bytesPerSecond, former);
  if (bytesPerSecond === null) return null;
  const learnt = stepMsOf(former, bytesPerSecond);
  const stepMs =
    learnt === null
      ? UNKNOWN_STEP_MS
      : { least: learnt / (1 + ERROR), likely: learnt, most: learnt / (1 - ERROR) };
  const at = (ms: number): ReturnType<typeof estimateOf> =>
    estimateOf(plan, { bytesPerSecond, error: ERROR, stepMs: ms });
  return {
    ms: at(stepMs.likely).ms,
    leastMs: at(stepMs.least).leastMs,
    mostMs: at(stepMs.most).mostMs,
    bytesPerSecond,
    basis: limit.bytesPerSecond === null || learnt !== null ? 'measured' : 'limit',
  };
}

/** What a node takes or gives in a second; null where nobody can know. */
function rateOf(limit: number | null, former: readonly FormerRun[]): number | null {
  const telling = former.filter((run) => run.tookMs > 0 && busiestOf(run) >= TELLING_BYTES);
  const rate = (run: FormerRun): number => (busiestOf(run) * 1000) / run.tookMs;
  if (limit === null) return median(telling.map(rate));
  // What was never reached without a limit is not reached with one.
  const unlimited = median(telling.filter((run) => run.bytesPerSecond === null).map(rate));
  return Math.min(limit, unlimited ?? limit);
}

/** What a step took besides its copies; null before anything ran. */
function stepMsOf(former: readonly FormerRun[], bytesPerSecond: number): number | null {
  return median(
    former
      .filter(({ planned }) => planned.steps > 0)
      .map((run) => {
        const copyMs = (busiestOf(run) * 1000) / (run.bytesPerSecond ?? bytesPerSecond);
        return Math.max(0, run.tookMs - copyMs) / run.planned.steps;
      }),
  );
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
