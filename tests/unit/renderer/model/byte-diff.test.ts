/** Two values side by side: both are wholly there, in order, and what is not marked is equal. */
import { describe, expect, test } from 'vitest';

import { alignBytes, type CellMap, plainCells } from '../../../../src-renderer/model/byte-diff.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { randomBytes } from './random.ts';

function changedCopy(random: Prng, bytes: Uint8Array): Uint8Array {
  const list = [...bytes];
  for (let edits = random.below(5); edits > 0; edits--) {
    list.splice(
      random.below(list.length + 1),
      random.below(6),
      ...randomBytes(random, random.below(6)),
    );
  }
  return Uint8Array.from(list);
}

/** The bytes of one side, read cell by cell. */
function readOut(map: CellMap, bytes: Uint8Array): number[] {
  const out: number[] = [];
  for (let cell = 0; cell < map.count; cell++) {
    const offset = map.offsetAt(cell);
    if (offset >= 0) out.push(bytes[offset]!);
  }
  return out;
}

describe('two values', () => {
  const pairs: [left: Uint8Array, right: Uint8Array][] = [];
  const random = new Prng(1);
  for (let round = 0; round < 400; round++) {
    const left = randomBytes(random, random.below(60));
    pairs.push([left, random.chance(0.7) ? changedCopy(random, left) : randomBytes(random, 20)]);
  }

  test.each(['left', 'right'] as const)('the %s one reads out whole and in order', (side) => {
    for (const [left, right] of pairs) {
      const bytes = side === 'left' ? left : right;
      expect(readOut(alignBytes(left, right)[side], bytes)).toEqual([...bytes]);
    }
  });

  test('cells that are not marked hold the same byte on both sides, marked ones never the same gap', () => {
    for (const [left, right] of pairs) {
      const aligned = alignBytes(left, right);
      expect(aligned.right.count).toBe(aligned.left.count);
      for (let cell = 0; cell < aligned.left.count; cell++) {
        const [a, b] = [aligned.left.offsetAt(cell), aligned.right.offsetAt(cell)];
        expect(aligned.left.isChanged(cell)).toBe(aligned.right.isChanged(cell));
        expect(a < 0 && b < 0).toBe(false);
        if (!aligned.left.isChanged(cell)) expect(left[a]).toBe(right[b]);
      }
    }
  });

  test('each byte is found in its cell, and the end behind the last one', () => {
    for (const [left, right] of pairs) {
      const { left: map } = alignBytes(left, right);
      for (let offset = 0; offset < left.length; offset++) {
        expect(map.offsetAt(map.cellOf(offset))).toBe(offset);
      }
      expect(map.cellOf(left.length)).toBe(map.count);
      expect(map.offsetAt(map.count)).toBe(-1);
    }
  });

  test('the list of changes names the first cell of each marked run', () => {
    for (const [left, right] of pairs) {
      const { left: map, changes } = alignBytes(left, right);
      const starts: number[] = [];
      for (let cell = 0; cell < map.count; cell++) {
        if (map.isChanged(cell) && !(cell > 0 && map.isChanged(cell - 1))) starts.push(cell);
      }
      expect(changes).toEqual(starts);
    }
  });

  test('equal ones have nothing marked', () => {
    const bytes = randomBytes(new Prng(2), 20_000);
    const { left, changes } = alignBytes(bytes, bytes.slice());
    expect([left.count, changes]).toEqual([20_000, []]);
  });

  test('a byte put in between moves the rest along', () => {
    const { left, right, changes } = alignBytes(
      Uint8Array.of(1, 2, 3, 4),
      Uint8Array.of(1, 2, 9, 3, 4),
    );
    expect(changes).toEqual([2]);
    expect([0, 1, 2, 3, 4].map((cell) => left.offsetAt(cell))).toEqual([0, 1, -1, 2, 3]);
    expect([0, 1, 2, 3, 4].map((cell) => right.offsetAt(cell))).toEqual([0, 1, 2, 3, 4]);
  });

  test('long and wholly different ones come out right as well', () => {
    const [a, b] = [randomBytes(new Prng(3), 30_000), randomBytes(new Prng(4), 25_000)];
    const { left, right } = alignBytes(a, b);
    expect(readOut(left, a)).toEqual([...a]);
    expect(readOut(right, b)).toEqual([...b]);
  });
});

test('a value by itself has every byte in the cell of its own number', () => {
  const cells = plainCells(3);
  expect([0, 2, 3].map((cell) => cells.offsetAt(cell))).toEqual([0, 2, -1]);
  expect([cells.count, cells.cellOf(2), cells.cellOf(3), cells.isChanged(1)]).toEqual([
    3,
    2,
    3,
    false,
  ]);
});
