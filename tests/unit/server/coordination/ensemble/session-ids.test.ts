/** No two sessions of a server get one id. */
import { expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { SessionIds } from '../../../../../src-server/coordination/ensemble/session-ids.ts';
import { CONTAINER_OWNER } from '../../../../../src-server/coordination/model/owner.ts';
import { SimClock } from '../../../../sim/clock.ts';

const WALL_MS = 1_750_000_000_000;

function idsOf(serverId: number, wallMs: number, random: () => number): SessionIds {
  const entropy = { bytes: (count: number) => new Uint8Array(count), uint32: random };
  return new SessionIds(serverId, { clock: new SimClock({ wallMs }), entropy });
}

const isFree = (): boolean => false;

test('the server comes first, then when it started, then a count', () => {
  const ids = idsOf(5, WALL_MS, () => 0xabcd_0003);
  const first = ids.next(isFree);
  expect(first >> 56n).toBe(5n);
  expect((first >> 16n) & 0xff_ffff_ffffn).toBe(BigInt(WALL_MS) & 0xff_ffff_ffffn);
  expect(first & 0xffffn).toBe(4n);
  expect(ids.next(isFree)).toBe(first + 1n);
});

test('a clock that was set back to the moment of an earlier start brings no id back', () => {
  const random = new Prng(1);
  const starts = Array.from({ length: 10 }, () => idsOf(1, WALL_MS, () => random.next()));
  const ids = starts.flatMap((start) => Array.from({ length: 10 }, () => start.next(isFree)));
  expect(new Set(ids).size).toBe(ids.length);
});

test('an id that is taken, or says something else where it owns a node, is passed over', () => {
  const first = idsOf(1, WALL_MS, () => 0).next(isFree);
  expect(idsOf(1, WALL_MS, () => 0).next((id) => id === first)).toBe(first + 1n);
  expect(idsOf(127, 2 ** 40 - 1, () => 0xffff).next(isFree)).toBe(CONTAINER_OWNER + 1n);
});
