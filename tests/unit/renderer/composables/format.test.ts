/** Sizes, times and lengths of time, as people read them. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  formatBytes,
  formatDuration,
  formatRelative,
  formatTime,
  formatTimeExactly,
} from '../../../../src-renderer/composables/format.ts';
import { setLanguage } from '../../../../src-renderer/i18n/words.ts';

beforeEach(() => setLanguage('en'));
afterEach(() => setLanguage('en'));

const KIB = 1024;

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1,023 bytes'],
  [KIB, '1 KiB'],
  [KIB * 1.5, '1.5 KiB'],
  [KIB * 1.234, '1.23 KiB'],
  [KIB * 12.34, '12.3 KiB'],
  [KIB * 123.4, '123 KiB'],
  [KIB ** 2 - 1, '1 MiB'],
  [KIB ** 2, '1 MiB'],
  [KIB ** 3 * 2.5, '2.5 GiB'],
  [KIB ** 4 * 3, '3 TiB'],
  [KIB ** 5, '1,024 TiB'],
])('%d bytes are %s', (bytes, words) => {
  expect(formatBytes(bytes)).toBe(words);
});

const S = 1000;
test.each([
  [0, 'just now'],
  [-4 * S, 'just now'],
  [4 * S, 'just now'],
  [-30 * S, '30 seconds ago'],
  [-90 * S, '1 minute ago'],
  [-59 * 60 * S, '59 minutes ago'],
  [-3600 * S, '1 hour ago'],
  [-86_400 * S, 'yesterday'],
  [-40 * 86_400 * S, 'last month'],
  [-800 * 86_400 * S, '2 years ago'],
  [7200 * S, 'in 2 hours'],
])('%d ms from now is %s', (distanceMs, words) => {
  expect(formatRelative(1_700_000_000_000 + distanceMs, 1_700_000_000_000).toLowerCase()).toBe(
    words,
  );
});

test.each([
  [0, '0 ms'],
  [250, '250 ms'],
  [1500, '1.5 sec'],
  [30_000, '30 sec'],
  [90_000, '90 sec'],
  [60_000, '1 min'],
  [5_400_000, '90 min'],
  [7_200_000, '2 hr'],
  [86_400_000, '1 day'],
])('%d ms last %s', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});

test('a time is read to the second, and exactly where that is asked for', () => {
  expect(formatTime(1_700_000_000_123)).toMatch(/2023.*:\d\d/);
  expect(formatTimeExactly(1_700_000_000_123)).toContain('2023-11-14T22:13:20.123Z');
  expect(formatTimeExactly(1_700_000_000_123)).toContain('1700000000123 ms');
});

test('every language writes its own', () => {
  setLanguage('zh-CN');
  expect(formatRelative(0, 3_600_000)).toBe('1小时前');
  expect(formatBytes(5)).not.toContain('bytes');
});
