import { expect, test } from 'vitest';

import { Throttle } from '../../../../src-server/storage/throttle.ts';

const MIB = 0x10_0000;

/** A node whose commands take what they are said to, second after second. */
class Stage {
  nowMs = 0;
  isCopying = false;
  rate = Infinity;
  readonly throttle = new Throttle({
    nowMs: () => this.nowMs,
    isCopying: () => this.isCopying,
    onRate: (rate) => (this.rate = rate),
  });

  second(commandMs: number | null): number {
    if (commandMs !== null) for (let i = 0; i < 100; i++) this.throttle.sample(commandMs);
    this.nowMs += 1000;
    this.throttle.onPulse(this.nowMs);
    return this.rate;
  }
}

test('what the ring allows holds from when it is said', () => {
  const stage = new Stage();
  stage.throttle.set({ bytesPerSecond: 8 * MIB, isAdaptive: false });
  expect(stage.rate).toBe(8 * MIB);
  stage.throttle.set({ bytesPerSecond: null, isAdaptive: false });
  expect(stage.rate).toBe(Infinity);
  stage.isCopying = true;
  expect(stage.second(1000)).toBe(Infinity);
});

test('twice as slow as clients are used to halves it, and it comes back step by step', () => {
  const stage = new Stage();
  stage.throttle.set({ bytesPerSecond: 64 * MIB, isAdaptive: true });
  for (let i = 0; i < 5; i++) expect(stage.second(2)).toBe(64 * MIB);
  stage.isCopying = true;
  expect(stage.second(3.9)).toBe(64 * MIB);
  expect(stage.second(4.1)).toBe(32 * MIB);
  expect(stage.second(50)).toBe(16 * MIB);
  expect(stage.second(2)).toBe(20 * MIB);
  for (let i = 0; i < 20; i++) stage.second(2);
  expect(stage.rate).toBe(64 * MIB);
  for (let i = 0; i < 20; i++) stage.second(500);
  expect(stage.rate, 'it never stands still').toBe(MIB);
  stage.isCopying = false;
  expect(stage.second(2)).toBe(64 * MIB);
});

test('nobody who waits is no reason to wait', () => {
  const stage = new Stage();
  stage.throttle.set({ bytesPerSecond: 16 * MIB, isAdaptive: true });
  stage.isCopying = true;
  for (let i = 0; i < 5; i++) expect(stage.second(null)).toBe(16 * MIB);
  // What is quick anyway may become twice as slow.
  expect(stage.second(0.1)).toBe(16 * MIB);
  expect(stage.second(0.9)).toBe(16 * MIB);
  expect(stage.second(2.5)).toBe(8 * MIB);
});
