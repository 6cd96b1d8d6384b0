import { expect, test } from 'vitest';

import { DiskFullness } from '../../../../src-server/storage/disk-fullness.ts';

test('a disk that is too full is told once, and again when there is clearly room', () => {
  let bytes = 80;
  const told: (number | null)[] = [];
  const fullness = new DiskFullness({
    used: () => ({ bytes, ofBytes: 100 }),
    limitPercent: 85,
    onChanged: (percent) => told.push(percent),
  });
  let nowMs = 0;
  const after = (used: number): void => {
    bytes = used;
    fullness.onPulse((nowMs += 2000));
  };
  for (const used of [80, 85, 86, 90, 84, 81]) after(used);
  expect(told).toEqual([86]);
  expect(fullness.percent).toBe(86);
  for (const used of [80, 84, 85]) after(used);
  expect(told).toEqual([86, null]);
  // What has no end is never full.
  const endless = new DiskFullness({
    used: () => ({ bytes: 1e15, ofBytes: Infinity }),
    limitPercent: 85,
    onChanged: (percent) => told.push(percent),
  });
  endless.onPulse(nowMs);
  expect(told).toHaveLength(2);
});
