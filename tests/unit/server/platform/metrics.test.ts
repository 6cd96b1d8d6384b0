/** Counters and summaries. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../src-server/base/prng.ts';
import { Metrics, Summary } from '../../../../src-server/platform/metrics.ts';

describe('a summary', () => {
  test('of nothing has no average and no percentiles', () => {
    const summary = new Summary();
    expect([summary.count, summary.average, summary.percentile(0.5), summary.max]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('counts, sums and keeps the ends', () => {
    const summary = new Summary();
    for (const value of [3, 1, 2]) summary.add(value);
    expect([summary.count, summary.sum, summary.min, summary.max, summary.average]).toEqual([
      3, 6, 1, 3, 2,
    ]);
    summary.reset();
    expect([summary.count, summary.sum, summary.max, summary.percentile(1)]).toEqual([0, 0, 0, 0]);
  });

  test('gives percentiles at most a tenth too high, never above the greatest', () => {
    const random = new Prng(1);
    const summary = new Summary();
    const values = Array.from({ length: 5000 }, () => 10 ** (random.below(6000) / 1000 - 2));
    for (const value of values) summary.add(value);
    values.sort((a, b) => a - b);
    for (const share of [0.01, 0.5, 0.95, 0.99, 0.999, 1]) {
      const exact = values[Math.ceil(values.length * share) - 1]!;
      const found = summary.percentile(share);
      expect(found).toBeGreaterThanOrEqual(Math.min(exact, summary.max) * 0.999);
      expect(found).toBeLessThanOrEqual(exact * 1.1);
    }
    expect(summary.percentile(1)).toBe(summary.max);
  });

  test('takes values of nothing and of hours', () => {
    const summary = new Summary();
    summary.add(0);
    summary.add(36_000_000);
    expect(summary.percentile(0.5)).toBeLessThan(0.01);
    expect(summary.percentile(1)).toBe(36_000_000);
  });
});

test('metrics of a name are one, and all can be listed', () => {
  const metrics = new Metrics();
  metrics.counter('a').add();
  metrics.counter('a').add(4);
  metrics.summary('s').add(1);
  expect(metrics.counter('a').value).toBe(5);
  expect([...metrics.counters].map(([name, { value }]) => [name, value])).toEqual([['a', 5]]);
  expect([...metrics.summaries].map(([name, { count }]) => [name, count])).toEqual([['s', 1]]);
});
