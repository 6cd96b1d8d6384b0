import { expect, test } from 'vitest';

import { Prng } from '../../../../../../src-server/base/prng.ts';
import { TokenBucket } from '../../../../../../src-server/storage/replication/mesh/token-bucket.ts';

const RATE = 64 * 1024 * 1024;

/** Sends as fast as it may, with timers that ring late. @returns bytes a second */
function rateOf(bucket: TokenBucket, prng: Prng, startMs: number, lastsMs: number): number {
  let nowMs = startMs;
  let bytes = 0;
  while (nowMs < startMs + lastsMs) {
    const waitMs = bucket.waitMs(nowMs);
    if (waitMs > 0) {
      nowMs += Math.ceil(waitMs) + prng.below(5);
      continue;
    }
    const piece = prng.between(1000, 1_500_000);
    bucket.take(piece, nowMs);
    bytes += piece;
  }
  return (bytes / (nowMs - startMs)) * 1000;
}

test('what goes through a bucket is within 5 % of its rate, whatever its pieces', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const prng = new Prng(seed);
    const bucket = new TokenBucket(RATE, 0);
    expect(rateOf(bucket, prng, 0, 5000) / RATE).toBeCloseTo(1, 1);
    expect(Math.abs(rateOf(bucket, prng, 5000, 20_000) / RATE - 1)).toBeLessThan(0.05);
    bucket.change(RATE / 8, 25_000);
    expect(Math.abs(rateOf(bucket, prng, 25_000, 60_000) / (RATE / 8) - 1)).toBeLessThan(0.05);
  }
});

test('a long pause is not made up for', () => {
  const bucket = new TokenBucket(RATE, 0);
  expect(bucket.waitMs(3_600_000)).toBe(0);
  bucket.take(RATE / 5, 3_600_000);
  expect(bucket.waitMs(3_600_000)).toBeCloseTo(100, 0);
});

test('without a bound nothing waits', () => {
  const bucket = new TokenBucket(Infinity, 0);
  for (let i = 0; i < 1000; i++) {
    bucket.take(1e9, 0);
    expect(bucket.waitMs(0)).toBe(0);
  }
});
