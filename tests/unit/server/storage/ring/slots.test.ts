/** Slots are those of Redis Cluster: its documented vector, its hash tags, and slots that its own tool computed. */
import { describe, expect, test } from 'vitest';

import {
  crc16,
  isPartitionCount,
  partitionOf,
  positionOf,
  slotOf,
  slotRangeOf,
  SLOTS,
} from '../../../../../src-server/storage/ring/slots.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('C1: the checksum is the one of the cluster specification', () => {
  expect(crc16(bytes('123456789'), 0, 9)).toBe(0x31c3);
});

describe('C1: hash tags', () => {
  const same = (a: string, b: string): boolean => slotOf(bytes(a)) === slotOf(bytes(b));

  test('keys of one tag share a slot, which is the slot of the tag', () => {
    expect(same('{user1000}.following', '{user1000}.followers')).toBe(true);
    expect(same('{user1000}.following', 'user1000')).toBe(true);
  });

  test('only the first braces count', () => {
    expect(same('foo{{bar}}zap', '{bar')).toBe(true);
    expect(same('foo{bar}{zap}', 'bar')).toBe(true);
    expect(same('a}b{c}d', 'c')).toBe(true);
  });

  test('an empty or an open tag is none', () => {
    expect(slotOf(bytes('foo{}{bar}'))).toBe(crc16(bytes('foo{}{bar}'), 0, 10) % SLOTS);
    expect(slotOf(bytes('foo{bar'))).toBe(crc16(bytes('foo{bar'), 0, 7) % SLOTS);
  });

  // As `CLUSTER KEYSLOT` of redis-server 7.0.15 answers.
  test.each([
    ['', 0],
    ['foo', 12182],
    ['bar', 5061],
    ['hello', 866],
    ['123456789', 12739],
    ['{user1000}.following', 3443],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['foo{bar}{zap}', 5061],
    ['a}b{c}d', 7365],
    ['ключ', 10303],
    ['{键}:1', 16043],
  ])('%j is in slot %d', (key, slot) => {
    expect(slotOf(bytes(key))).toBe(slot);
  });
});

describe('partitions', () => {
  test('part the circle into equal ranges without gaps', () => {
    for (let count = 1; count <= SLOTS; count *= 2) {
      for (const partition of [0, Math.floor(count / 2), count - 1]) {
        const { first, last } = slotRangeOf(partition, count);
        expect(last - first + 1).toBe(SLOTS / count);
        expect(partitionOf(first, count)).toBe(partition);
        expect(partitionOf(last, count)).toBe(partition);
      }
    }
  });

  test('are a power of two in number', () => {
    expect([1, 2, 256, 1024, 16384].every(isPartitionCount)).toBe(true);
    expect([0, 3, 100, 32768, 1.5, -2, Number.NaN].some(isPartitionCount)).toBe(false);
  });

  test('lie on the circle clockwise from the top', () => {
    expect(positionOf(0)).toBe(0);
    expect(positionOf(4096)).toBe(0.25);
  });
});
