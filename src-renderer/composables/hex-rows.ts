/**
 * The lines of a hex view: sixteen cells each, as text for the eye and as spans to be marked.
 *
 *   00000010  48 65 6c 6c 6f 20 77 6f  72 6c 64 0a -- -- -- --  Hello wo rld·
 */
import type { CellMap } from '../model/byte-diff.ts';
import { asciiOfByte, hexOfByte } from '../model/hex-text.ts';

export const CELLS_PER_ROW = 16;
const HALF = CELLS_PER_ROW / 2;

export interface HexMark {
  readonly kind: 'changed' | 'selected';
  /** Columns, the second not included. */
  readonly from: number;
  readonly to: number;
}

export interface HexRow {
  readonly index: number;
  readonly offset: string;
  readonly hex: string;
  readonly ascii: string;
  readonly marks: readonly HexMark[];
}

export function rowCountOf(cells: CellMap): number {
  // One more cell, for what may be written behind the end.
  return Math.floor(cells.count / CELLS_PER_ROW) + 1;
}

export function hexRow(options: {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly cells: CellMap;
  readonly selection: { readonly from: number; readonly to: number };
}): HexRow {
  const { index, bytes, cells, selection } = options;
  const first = index * CELLS_PER_ROW;
  let hex = '';
  let ascii = '';
  let firstOffset = -1;
  const changed = new Runs('changed');
  const selected = new Runs('selected');
  for (let column = 0; column < CELLS_PER_ROW; column++) {
    const cell = first + column;
    const offset = cell < cells.count ? cells.offsetAt(cell) : -1;
    const byte = offset < 0 ? null : bytes[offset]!;
    if (firstOffset < 0) firstOffset = offset;
    hex += `${column === HALF ? ' ' : ''}${byte === null ? '  ' : hexOfByte(byte)} `;
    ascii += byte === null ? ' ' : asciiOfByte(byte);
    changed.add(column, cell < cells.count && cells.isChanged(cell));
    selected.add(column, offset >= selection.from && offset < selection.to);
  }
  return {
    index,
    offset: firstOffset < 0 ? '' : firstOffset.toString(16).padStart(8, '0'),
    hex,
    ascii,
    marks: [...changed.list, ...selected.list],
  };
}

/** Where a column's two digits begin, in characters. */
export function hexColumn(column: number): number {
  return column * 3 + (column >= HALF ? 1 : 0);
}

/** The column of a character of the hex text. */
export function columnOfCharacter(character: number): number {
  const shifted = character >= HALF * 3 ? character - 1 : character;
  return Math.max(0, Math.min(CELLS_PER_ROW - 1, Math.floor(shifted / 3)));
}

class Runs {
  readonly list: { kind: HexMark['kind']; from: number; to: number }[] = [];
  readonly #kind: HexMark['kind'];

  constructor(kind: HexMark['kind']) {
    this.#kind = kind;
  }

  add(column: number, isIn: boolean): void {
    if (!isIn) return;
    const last = this.list.at(-1);
    if (last?.to === column) last.to++;
    else this.list.push({ kind: this.#kind, from: column, to: column + 1 });
  }
}
