/** The small pure rooms: zxids, ids, the generator, results and assertions. */
import { describe, expect, test } from 'vitest';

import { assert, AssertionFailed, unreachable } from '../../../../src-server/base/assert.ts';
import { sessionHex, sessionId, sid } from '../../../../src-server/base/ids.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { err, ok } from '../../../../src-server/base/result.ts';
import {
  COUNTER_MAX,
  counterOf,
  epochOf,
  makeZxid,
  nextZxid,
  zxidHex,
  zxidOf,
} from '../../../../src-server/base/zxid.ts';

describe('zxid', () => {
  test.each([
    [0, 0, '0'],
    [0, 1, '1'],
    [1, 0, '100000000'],
    [3, 5, '300000005'],
    [0x1f_ffff, COUNTER_MAX, '1fffffffffffff'],
  ])('epoch %i, counter %i is 0x%s', (epoch, counter, hex) => {
    const zxid = makeZxid(epoch, counter);
    expect(zxidHex(zxid)).toBe(hex);
    expect([epochOf(zxid), counterOf(zxid)]).toEqual([epoch, counter]);
    expect(zxidOf(Number.parseInt(hex, 16))).toBe(zxid);
  });

  test('order is that of epochs, then counters', () => {
    expect(makeZxid(2, 0)).toBeGreaterThan(makeZxid(1, COUNTER_MAX));
    expect(nextZxid(makeZxid(1, 7))).toBe(makeZxid(1, 8));
  });

  test('what does not fit is refused', () => {
    expect(() => makeZxid(0x20_0000, 0)).toThrow(AssertionFailed);
    expect(() => makeZxid(0, -1)).toThrow(AssertionFailed);
    expect(() => zxidOf(2 ** 53)).toThrow(AssertionFailed);
  });

  test('minus one prints as Java prints it', () => {
    expect(zxidHex(-1)).toBe('ffffffffffffffff');
  });
});

describe('ids', () => {
  test('a session id is signed, and sixteen digits for people', () => {
    expect(sessionId(0xff00_0000_0000_0001n)).toBe(-0xff_ffff_ffff_ffffn);
    expect(sessionHex(sessionId(0xff00_0000_0000_0001n))).toBe('ff00000000000001');
    expect(sessionHex(1n)).toBe('0000000000000001');
    expect(sid(3)).toBe(3);
  });
});

describe('prng', () => {
  test('a seed gives the same numbers again, another seed others', () => {
    const draw = (seed: number): number[] => {
      const random = new Prng(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new Set(draw(0)).size).toBe(20);
  });

  test('numbers stay in their bounds and reach both ends', () => {
    const random = new Prng(1);
    const below = Array.from({ length: 2000 }, () => random.below(5));
    expect([Math.min(...below), Math.max(...below)]).toEqual([0, 4]);
    const between = Array.from({ length: 2000 }, () => random.between(-2, 2));
    expect([Math.min(...between), Math.max(...between)]).toEqual([-2, 2]);
    expect(below.every(Number.isInteger)).toBe(true);
    expect(random.pick(['only'])).toBe('only');
  });

  test('chances come true about as often as they should, and every bit is used', () => {
    const random = new Prng(2);
    let hits = 0;
    let ones = 0;
    let both = -1;
    for (let i = 0; i < 10_000; i++) {
      if (random.chance(0.3)) hits++;
      const number = random.next();
      ones |= number;
      both &= number;
    }
    expect(hits).toBeGreaterThan(2800);
    expect(hits).toBeLessThan(3200);
    expect([ones >>> 0, both]).toEqual([0xffff_ffff, 0]);
  });
});

describe('results and assertions', () => {
  test('a result is one or the other', () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 });
    expect(err('no')).toEqual({ ok: false, error: 'no' });
  });

  test('a false statement stops, with its sentence', () => {
    assert(true, 'fine');
    expect(() => assert(false, 'J1: late')).toThrow('J1: late');
    expect(() => unreachable('x' as never)).toThrow(AssertionFailed);
  });
});
