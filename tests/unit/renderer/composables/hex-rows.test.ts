/** Lines of a hex view: where columns stand, and what is marked. */
import { describe, expect, test } from 'vitest';

import {
  CELLS_PER_ROW,
  columnOfCharacter,
  hexColumn,
  hexRow,
  rowCountOf,
} from '../../../../src-renderer/composables/hex-rows.ts';
import { alignBytes, plainCells } from '../../../../src-renderer/model/byte-diff.ts';
import { hexOfByte, parseHex } from '../../../../src-renderer/model/hex-text.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { randomBytes } from '../model/random.ts';

const NOTHING = { from: 0, to: 0 };

function rowsOf(bytes: Uint8Array, cells = plainCells(bytes.length), selection = NOTHING) {
  return Array.from({ length: rowCountOf(cells) }, (_, index) =>
    hexRow({ index, bytes, cells, selection }),
  );
}

test('all lines together read out the bytes, and offsets say where', () => {
  const random = new Prng(1);
  for (let round = 0; round < 200; round++) {
    const bytes = randomBytes(random, random.below(70));
    const rows = rowsOf(bytes);
    expect(parseHex(rows.map(({ hex }) => hex).join(' '))).toEqual(bytes);
    expect(rows).toHaveLength(Math.floor(bytes.length / CELLS_PER_ROW) + 1);
    for (const { index, offset } of rows) {
      if (index * CELLS_PER_ROW < bytes.length) expect(parseInt(offset, 16)).toBe(index * 16);
      else expect(offset).toBe('');
    }
  }
});

test('two digits stand where their column is said to begin, and are found there again', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
  const [{ hex, ascii } = { hex: '', ascii: '' }] = rowsOf(bytes);
  for (let column = 0; column < CELLS_PER_ROW; column++) {
    const at = hexColumn(column);
    expect(hex.slice(at, at + 2)).toBe(hexOfByte(bytes[column]!));
    expect([columnOfCharacter(at), columnOfCharacter(at + 1)]).toEqual([column, column]);
    expect(ascii).toHaveLength(16);
  }
  expect([columnOfCharacter(-5), columnOfCharacter(500)]).toEqual([0, 15]);
});

describe('marks', () => {
  test('cover what is selected, line by line', () => {
    const bytes = new Uint8Array(40);
    const rows = rowsOf(bytes, plainCells(40), { from: 14, to: 34 });
    expect(rows.map(({ marks }) => marks)).toEqual([
      [{ kind: 'selected', from: 14, to: 16 }],
      [{ kind: 'selected', from: 0, to: 16 }],
      [{ kind: 'selected', from: 0, to: 2 }],
    ]);
  });

  test('cover what differs, gaps as well', () => {
    const [left, right] = [Uint8Array.of(1, 2, 5), Uint8Array.of(1, 2, 3, 4, 5)];
    const [row] = rowsOf(left, alignBytes(left, right).left);
    expect(row!.hex.trimEnd()).toBe('01 02       05');
    expect(row!.marks).toEqual([{ kind: 'changed', from: 2, to: 4 }]);
  });

  test('there are none where nothing is selected and nothing differs', () => {
    expect(rowsOf(new Uint8Array(20)).flatMap(({ marks }) => marks)).toEqual([]);
  });
});
