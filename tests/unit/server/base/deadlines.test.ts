/** Deadlines: every item lives between its timeout and one tick more. */
import { expect, test } from 'vitest';

import { AssertionFailed } from '../../../../src-server/base/assert.ts';
import { Deadlines } from '../../../../src-server/base/deadlines.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

const TICK = 100;

test('an item ends with its bucket: timeout rounded up to a whole tick, never on the tick itself', () => {
  const deadlines = new Deadlines<string>(TICK, 0);
  deadlines.touch('a', 0, 250);
  deadlines.touch('exact', 0, 300);
  expect(deadlines.expire(299)).toEqual([]);
  expect(deadlines.expire(300)).toEqual(['a']);
  expect(deadlines.expire(399)).toEqual([]);
  expect(deadlines.expire(400)).toEqual(['exact']);
  expect(deadlines.size).toBe(0);
});

test('a touch moves the end away, a shorter timeout moves it nearer', () => {
  const deadlines = new Deadlines<string>(TICK, 0);
  deadlines.touch('a', 0, 200);
  deadlines.touch('b', 0, 900);
  deadlines.touch('a', 150, 200);
  deadlines.touch('b', 150, 100);
  expect(deadlines.expire(399)).toEqual(['b']);
  expect(deadlines.expire(400)).toEqual(['a']);
});

test('what is removed does not end', () => {
  const deadlines = new Deadlines<string>(TICK, 0);
  deadlines.touch('a', 0, 100);
  deadlines.remove('a');
  deadlines.remove('unknown');
  expect(deadlines.expire(10_000)).toEqual([]);
});

test('a late look takes everything that is over, soonest first', () => {
  const deadlines = new Deadlines<string>(TICK, 0);
  deadlines.touch('later', 0, 500);
  deadlines.touch('sooner', 0, 100);
  expect(deadlines.nextDueMs).toBe(100);
  expect(deadlines.expire(10_050)).toEqual(['sooner', 'later']);
  expect(deadlines.nextDueMs).toBe(10_100);
});

test('buckets are told with their items, soonest first', () => {
  const deadlines = new Deadlines<string>(TICK, 0);
  deadlines.touch('c', 0, 900);
  deadlines.touch('a', 0, 150);
  deadlines.touch('b', 0, 120);
  expect([...deadlines.byDeadline()].map(([end, items]) => [end, [...items]])).toEqual([
    [200, ['a', 'b']],
    [1000, ['c']],
  ]);
});

test('a tick has a length', () => {
  expect(() => new Deadlines(0, 0)).toThrow(AssertionFailed);
});

test('every item lives between its timeout and one tick more after its last touch', () => {
  const random = new Prng(3);
  const deadlines = new Deadlines<number>(TICK, 12_345);
  const ends = new Map<number, number>();
  let now = 12_345;
  for (let step = 0; step < 20_000; step++) {
    now += random.below(40);
    for (const item of deadlines.expire(now)) {
      const end = ends.get(item)!;
      expect(end).toBeLessThanOrEqual(now);
      ends.delete(item);
    }
    for (const [item, end] of ends) {
      if (end + TICK <= now) expect.fail(`item ${item} should have ended by ${end + TICK}`);
    }
    const item = random.below(50);
    const timeout = random.between(1, 900);
    if (random.chance(0.9)) {
      deadlines.touch(item, now, timeout);
      ends.set(item, now + timeout);
    } else {
      deadlines.remove(item);
      ends.delete(item);
    }
  }
});
