/** The geometry of charts: round numbers, true places, gaps where nothing was measured. */
import { describe, expect, test } from 'vitest';

import {
  GAP_MS,
  nearest,
  pathOf,
  scaleOf,
  ticksTo,
} from '../../../../src-renderer/model/line-chart.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

describe('ticks', () => {
  test.each([
    [0, {}, [0, 1]],
    [0.05, {}, [0, 0.02, 0.04, 0.06]],
    [3, {}, [0, 1, 2, 3]],
    [7, {}, [0, 2.5, 5, 7.5]],
    [12_900, {}, [0, 5000, 10_000, 15_000]],
    [0, { isWhole: true }, [0, 1]],
    [1, { isWhole: true }, [0, 1]],
    [2, { isWhole: true }, [0, 1, 2]],
    [7, { isWhole: true }, [0, 3, 6, 9]],
  ])('to %d (%j)', (max, options, ticks) => {
    expect(ticksTo(max, options)).toEqual(ticks);
  });

  test('begin at nothing, are evenly far apart, few, and reach the largest value', () => {
    const random = new Prng(7);
    for (let i = 0; i < 500; i++) {
      const max = (1 + random.below(1000)) * 10 ** (random.below(12) - 6);
      const ticks = ticksTo(max);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-9));
      expect(ticks.length, String(max)).toBeLessThanOrEqual(5);
      for (const [at, tick] of ticks.entries()) expect(tick).toBeCloseTo(ticks[1]! * at, 6);
    }
  });
});

const FRAME = { left: 40, top: 10, right: 340, bottom: 110 };
const scale = scaleOf(FRAME, { fromMs: 0, toMs: 60_000, max: 10 });

test('values lie where they belong, and a place is the time it stands for', () => {
  expect([scale.x(0), scale.x(30_000), scale.x(60_000)]).toEqual([40, 190, 340]);
  expect([scale.y(0), scale.y(5), scale.y(10)]).toEqual([110, 60, 10]);
  expect(scale.at(190)).toBe(30_000);
  expect([scale.at(0), scale.at(1000)]).toEqual([0, 60_000]);
});

test('a line breaks off where nothing was measured, and a lone value is a dot', () => {
  const points = [0, 1000, 2000, 2001 + GAP_MS, 10_000, 11_000].map((atMs) => ({ atMs, value: 0 }));
  expect(pathOf(points, scale)).toBe('M40 110L45 110L50 110M67.5 110h0.01M90 110L95 110');
  expect(pathOf([], scale)).toBe('');
});

test('what is pointed at is the nearest value, unless none is near', () => {
  const points = [1000, 2000, 10_000].map((atMs, value) => ({ atMs, value }));
  expect(nearest(points, 1600)?.value).toBe(1);
  expect(nearest(points, 9000)?.value).toBe(2);
  expect(nearest(points, 6000)).toBeNull();
  expect(nearest([], 0)).toBeNull();
});
