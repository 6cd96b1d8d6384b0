/** How long it will take, from limits and from how it went before. */
import { expect, test } from 'vitest';

import { estimateAt, type FormerRun } from '../../../../../src-server/storage/planning/speed.ts';
import { staged } from '../../../../../src-server/storage/planning/staging.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { groundsOf, ringOf } from './rings.ts';

const PLAN = staged(groundsOf(ringOf()), [{ kind: 'setWeight', id: nodeId('n1'), weight: 2 }])!
  .stage.plan;
const BUSIEST = PLAN.steps.reduce((sum, step) => sum + step.busiestBytes, 0);

/** It copied 64 MB to one node in ten steps. */
function run(more: Partial<FormerRun>): FormerRun {
  const pairs = [{ from: 'a', to: 'b', bytes: 64e6 }];
  return { planned: { steps: 10, pairs }, bytesPerSecond: null, tookMs: 1000, ...more };
}

test('a limit says how long the copying takes', () => {
  const estimate = estimateAt(PLAN, { bytesPerSecond: 1000 }, [])!;

  expect(estimate.basis).toBe('limit');
  expect(estimate.ms).toBeGreaterThan(BUSIEST);
  expect(estimate.leastMs).toBeLessThan(BUSIEST);
  // Nobody knows what steps take besides.
  expect(estimate.mostMs).toBeGreaterThan(BUSIEST + 1000 * PLAN.steps.length);
});

test('without a limit and a past nobody knows', () => {
  expect(estimateAt(PLAN, { bytesPerSecond: null }, [])).toBeNull();
});

test('without a limit it goes as fast as it went before', () => {
  const estimate = estimateAt(PLAN, { bytesPerSecond: null }, [run({})])!;
  expect(estimate).toMatchObject({ basis: 'measured', bytesPerSecond: 64e6 });
});

test('a limit that was never reached without one is not reached', () => {
  const estimate = estimateAt(PLAN, { bytesPerSecond: 1e9 }, [run({})])!;
  expect(estimate.bytesPerSecond).toBe(64e6);
});

test('what steps take besides is learnt from runs under a limit', () => {
  // 64 MB at 64 MB a second, and five seconds besides: half a second for each of ten steps.
  const slow = run({ bytesPerSecond: 64e6, tookMs: 6000 });
  const estimate = estimateAt(PLAN, { bytesPerSecond: 1e9 }, [slow])!;

  expect(estimate.basis).toBe('measured');
  expect(estimate.ms).toBeCloseTo(BUSIEST / 1e6 + 500 * PLAN.steps.length, 0);
});

test('small runs tell nothing of the speed', () => {
  const small = { steps: 3, pairs: [{ from: 'a', to: 'b', bytes: 1000 }] };
  expect(estimateAt(PLAN, { bytesPerSecond: null }, [run({ planned: small })])).toBeNull();
});
