/**
 * Two byte values side by side: cells in which equal bytes stand opposite each other, with gaps where one side has more.
 *
 *   left   61 62 63 -- 64        cell   0  1  2  3  4
 *   right  61 62 7a 7b 64                     ^^^^^ changed
 */
import { diff } from '@codemirror/merge';

/** How the cells of one side map to its bytes. */
export interface CellMap {
  readonly count: number;
  /** Offset of the byte in a cell, −1 for a gap. */
  offsetAt(cell: number): number;
  cellOf(offset: number): number;
  isChanged(cell: number): boolean;
}

export interface Alignment {
  readonly left: CellMap;
  readonly right: CellMap;
  /** First cell of each run of changed cells. */
  readonly changes: readonly number[];
}

/** A limit on exactness for long and very different values; they come out right, only less finely divided. */
const DIFF_LIMITS = { scanLimit: 1000, timeout: 300 } as const;

/** Every byte in the cell of its own number. */
export function plainCells(length: number): CellMap {
  return {
    count: length,
    offsetAt: (cell) => (cell < length ? cell : -1),
    cellOf: (offset) => offset,
    isChanged: () => false,
  };
}

export function alignBytes(left: Uint8Array, right: Uint8Array): Alignment {
  const changes = diff(latin1(left), latin1(right), DIFF_LIMITS);
  const spread = changes.map(({ fromA, toA, fromB, toB }) => Math.max(toA - fromA, toB - fromB));
  const equal = left.length - changes.reduce((sum, { fromA, toA }) => sum + toA - fromA, 0);
  const count = equal + spread.reduce((sum, cells) => sum + cells, 0);

  const leftCells = new Int32Array(count).fill(-1);
  const rightCells = new Int32Array(count).fill(-1);
  const changed = new Uint8Array(count);
  const starts: number[] = [];
  let [cell, a, b] = [0, 0, 0];
  const takeEqual = (until: number): void => {
    while (a < until) {
      leftCells[cell] = a++;
      rightCells[cell++] = b++;
    }
  };
  changes.forEach(({ fromA, toA, toB }, i) => {
    takeEqual(fromA);
    starts.push(cell);
    const end = cell + spread[i]!;
    for (; cell < end; cell++) {
      changed[cell] = 1;
      if (a < toA) leftCells[cell] = a++;
      if (b < toB) rightCells[cell] = b++;
    }
  });
  takeEqual(left.length);
  return {
    left: cellMap(leftCells, changed, left.length),
    right: cellMap(rightCells, changed, right.length),
    changes: starts,
  };
}

function cellMap(offsets: Int32Array, changed: Uint8Array, length: number): CellMap {
  const cells = new Int32Array(length);
  offsets.forEach((offset, cell) => {
    if (offset >= 0) cells[offset] = cell;
  });
  return {
    count: offsets.length,
    offsetAt: (cell) => offsets[cell] ?? -1,
    // Behind the last byte is the cell behind the last one.
    cellOf: (offset) => cells[offset] ?? offsets.length,
    isChanged: (cell) => changed[cell] === 1,
  };
}

const PIECE = 8192;

function latin1(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  }
  return pieces.join('');
}
