/** Quorums of one view meet, whatever the weights; while a view is replaced, both must agree. */
import { describe, expect, test } from 'vitest';

import { type Sid, sid } from '../../../../../src-server/base/ids.ts';
import { Prng } from '../../../../../src-server/base/prng.ts';
import { areMet, quorumOf } from '../../../../../src-server/coordination/zab/quorum.ts';
import type { View } from '../../../../../src-server/coordination/zab/view.ts';
import { viewOf } from '../../../../sim/zab/solo.ts';

function isMet(view: View, ...sids: number[]): boolean {
  return quorumOf(view).isMet((server) => sids.includes(server));
}

function grouped(
  groups: readonly (readonly number[])[],
  weights: Record<number, number> = {},
): View {
  const view = viewOf(groups.flat());
  return {
    ...view,
    groups: groups.map((sids, id) => ({ id, sids: sids.map(sid) })),
    weights: new Map(Object.entries(weights).map(([key, weight]) => [sid(Number(key)), weight])),
  };
}

describe('a majority', () => {
  test('is more than half of the voters', () => {
    expect(isMet(viewOf([1]), 1)).toBe(true);
    expect(isMet(viewOf([1, 2]), 1)).toBe(false);
    expect(isMet(viewOf([1, 2, 3]), 1, 3)).toBe(true);
    expect(isMet(viewOf([1, 2, 3, 4]), 1, 3)).toBe(false);
    expect(isMet(viewOf([1, 2, 3, 4, 5]), 1, 3, 5)).toBe(true);
  });

  test('does not count observers and strangers', () => {
    expect(isMet(viewOf([1, 2, 3], [4, 5]), 1, 4, 5, 9)).toBe(false);
  });
});

describe('a hierarchy', () => {
  const three = grouped([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);

  test('is more than half of the groups, each by more than half', () => {
    expect(isMet(three, 1, 2, 4, 5)).toBe(true);
    expect(isMet(three, 1, 2, 3, 4, 7)).toBe(false);
  });

  test('weighs servers', () => {
    const heavy = grouped([[1, 2, 3]], { 1: 3 });
    expect(isMet(heavy, 1)).toBe(true);
    expect(isMet(heavy, 2, 3)).toBe(false);
  });

  test('leaves out groups without weight', () => {
    const light = grouped(
      [
        [1, 2, 3],
        [4, 5],
      ],
      { 4: 0, 5: 0 },
    );
    expect(isMet(light, 1, 2)).toBe(true);
    expect(isMet(light, 1, 4, 5)).toBe(false);
  });
});

test('Z2: any two quorums share a voter, whatever the groups and weights', () => {
  const prng = new Prng(11);
  for (let round = 0; round < 300; round++) {
    const count = prng.between(1, 7);
    const sids = Array.from({ length: count }, (_, i) => i + 1);
    const groups: number[][] = [[], [], []];
    for (const one of sids) prng.pick(groups).push(one);
    const weights = Object.fromEntries(sids.map((one) => [one, prng.below(4)]));
    const view = prng.chance(0.3) ? viewOf(sids) : grouped(groups, weights);
    const quorum = quorumOf(view);
    const sets = Array.from({ length: 2 ** count }, (_, bits) => bits).filter((bits) =>
      quorum.isMet((one: Sid) => (bits & (1 << (one - 1))) !== 0),
    );
    expect(sets.every((a) => sets.every((b) => (a & b) !== 0))).toBe(true);
    // Who has more than a quorum has one.
    expect(sets.every((a) => sids.every((one) => sets.includes(a | (1 << (one - 1)))))).toBe(true);
  }
});

test('Z2: a joint decision needs a quorum of every view', () => {
  const both = [quorumOf(viewOf([1, 2, 3])), quorumOf(viewOf([3, 4, 5]))];
  const agree = (...sids: number[]): boolean => areMet(both, (one) => sids.includes(one));
  expect(agree(1, 2)).toBe(false);
  expect(agree(4, 5)).toBe(false);
  expect(agree(1, 3, 4)).toBe(true);
});
