/** Where a transaction's times lie in its lane, and on which scale. */
import { describe, expect, test } from 'vitest';

import type { MemberTiming, TimingSummary, TxnTiming } from '#contract/timing-models.ts';

import {
  colourOfMember,
  roundUp,
  scaleFor,
  scaleOfOne,
  scaleTicks,
  slowestOf,
  tracksOf,
} from '../../../../src-renderer/model/timing-lane.ts';

const member = (id: number, part: Partial<MemberTiming> = {}): MemberTiming => ({
  id,
  tells: true,
  receivedUs: null,
  appendedUs: null,
  durableUs: null,
  ackUs: null,
  committedUs: null,
  appliedUs: null,
  ...part,
});

const TIMING: TxnTiming = {
  leader: 1,
  standing: 'committed',
  commitUs: 900,
  waitedUs: null,
  quorumBy: 2,
  members: [
    member(1, { durableUs: 600, ackUs: 600, committedUs: 900, appliedUs: 950 }),
    member(2, { receivedUs: 100, durableUs: 800, ackUs: 900, committedUs: 1000, appliedUs: 1050 }),
    // An Apache server: the leader's word is all there is.
    member(3, { tells: false, ackUs: 3000 }),
  ],
};

const summary = (p50Us: number, p90Us: number): TimingSummary => ({
  members: [],
  leader: 1,
  skipped: 0,
  waiting: 0,
  commits: 100,
  spanMs: 1000,
  p50Us,
  p90Us,
  p99Us: p90Us,
  maxUs: p90Us,
  histogram: [],
});

describe('tracks', () => {
  test('run from the proposal, or from when it was received, to the disk', () => {
    const [leader, follower, stranger] = tracksOf(TIMING, 2000);
    expect(leader).toMatchObject({ isLeader: true, bar: { from: 0, to: 0.3 }, ack: 0.3 });
    expect(follower).toMatchObject({ bar: { from: 0.05, to: 0.4, isOpen: false }, ack: 0.45 });
    expect(stranger).toMatchObject({ bar: null, ack: null, isLonger: true });
  });

  test('that wait grow to the present, and say where they leave the scale', () => {
    const waiting: TxnTiming = {
      ...TIMING,
      standing: 'waiting',
      commitUs: null,
      waitedUs: 5000,
      members: [member(1, { durableUs: 500, ackUs: 500 }), member(2, { receivedUs: 100 })],
    };
    const [leader, follower] = tracksOf(waiting, 2000);
    expect(leader).toMatchObject({ bar: { to: 0.25, isOpen: false }, isLonger: false });
    expect(follower).toMatchObject({ bar: { from: 0.05, to: 1, isOpen: true }, isLonger: true });
  });
});

describe('the scale', () => {
  test('is round, and fits most', () => {
    expect(scaleFor(null, null)).toBe(500);
    expect(scaleFor(summary(800, 1500), null)).toBe(2000);
    expect(scaleFor(summary(800, 8000), null)).toBe(10_000);
  });

  test('stays while it still serves', () => {
    expect(scaleFor(summary(800, 1700), 2000)).toBe(2000);
    expect(scaleFor(summary(300, 700), 2000)).toBe(2000);
    expect(scaleFor(summary(100, 300), 2000)).toBe(500);
    expect(scaleFor(summary(800, 4000), 2000)).toBe(5000);
  });

  test('of one holds all of it', () => {
    expect(scaleOfOne(TIMING)).toBe(4000);
    expect(scaleTicks(4000, 5)).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  test.each([
    [1, 1],
    [11, 20],
    [200, 200],
    [201, 500],
    [999, 1000],
  ])('%d rounds up to %d', (us, rounded) => expect(roundUp(us)).toBe(rounded));
});

test('a member keeps its colour by its place, and the slowest is who had it last', () => {
  expect(TIMING.members.map(({ id }) => colourOfMember(TIMING.members, id))).toEqual([0, 1, 2]);
  expect(slowestOf(TIMING)?.id).toBe(3);
  expect(slowestOf({ ...TIMING, members: [] })).toBeNull();
});
