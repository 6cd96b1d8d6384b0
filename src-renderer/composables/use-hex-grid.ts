/** What a hex view does: which lines are seen, where the cursor is, and what every key means. */
import { computed, type ComputedRef, type Ref, ref, shallowRef, triggerRef, watch } from 'vue';

import { type CellMap, plainCells } from '../model/byte-diff.ts';
import { HexDocument } from '../model/hex-document.ts';
import { parseHex, toHex } from '../model/hex-text.ts';
import { areEqual, encodeUtf8 } from '../model/value-codec.ts';
import { CELLS_PER_ROW, type HexRow, hexRow, rowCountOf } from './hex-rows.ts';

export type HexSide = 'hex' | 'ascii';

export interface HexGrid {
  readonly rows: ComputedRef<readonly HexRow[]>;
  readonly rowCount: ComputedRef<number>;
  readonly cursor: ComputedRef<{ row: number; column: number; isSecondDigit: boolean }>;
  readonly side: Ref<HexSide>;
  readonly isInserting: Ref<boolean>;
  readonly selection: ComputedRef<{ from: number; to: number }>;
  look(from: number, count: number): void;
  moveToCell(cell: number, isSelecting: boolean): void;
  /** True where the key was meant for us. */
  onKey(event: KeyboardEvent): boolean;
  copy(): string;
  cut(): string;
  paste(text: string): void;
}

export function useHexGrid(options: {
  readonly bytes: () => Uint8Array;
  /** How bytes map to cells; each in the cell of its own number where this is null. */
  readonly cells: () => CellMap | null;
  readonly isReadOnly: () => boolean;
  readonly rowsPerPage: () => number;
  onBytes(bytes: Uint8Array): void;
}): HexGrid {
  /** Triggered by hand after every change: the document is not reactive itself. */
  const hex = shallowRef(new HexDocument(options.bytes()));
  const side = ref<HexSide>('hex');
  const isInserting = ref(false);
  const seen = shallowRef({ from: 0, count: 0 });

  watch(options.bytes, (bytes) => {
    if (areEqual(bytes, hex.value.bytes)) return;
    const next = new HexDocument(bytes);
    next.isInserting = isInserting.value;
    next.moveTo(hex.value.cursor);
    hex.value = next;
  });

  const cells = computed<CellMap>(() => {
    return options.cells() ?? plainCells(hex.value.bytes.length);
  });
  const rowCount = computed(() => rowCountOf(cells.value));
  const selection = computed(() => {
    return hex.value.selection;
  });
  const cursor = computed(() => {
    const cell = cells.value.cellOf(hex.value.cursor);
    return {
      row: Math.floor(cell / CELLS_PER_ROW),
      column: cell % CELLS_PER_ROW,
      isSecondDigit: hex.value.isSecondDigit,
    };
  });
  const rows = computed(() => {
    const { from, count } = seen.value;
    const to = Math.min(from + count, rowCount.value);
    const list: HexRow[] = [];
    for (let index = from; index < to; index++) {
      list.push(
        hexRow({ index, bytes: hex.value.bytes, cells: cells.value, selection: selection.value }),
      );
    }
    return list;
  });

  function edit(change: () => void): void {
    if (options.isReadOnly()) return;
    const before = hex.value.bytes;
    change();
    triggerRef(hex);
    if (hex.value.bytes !== before) options.onBytes(hex.value.bytes);
  }

  function moveToCell(cell: number, isSelecting: boolean): void {
    // A gap stands for the next byte there is.
    let at = Math.max(0, cell);
    while (at < cells.value.count && cells.value.offsetAt(at) < 0) at++;
    hex.value.moveTo(at >= cells.value.count ? hex.value.bytes.length : cells.value.offsetAt(at), {
      isSelecting,
    });
    triggerRef(hex);
  }

  function move(to: number, isSelecting: boolean): void {
    hex.value.moveTo(to, { isSelecting });
    triggerRef(hex);
  }

  function moveRows(rowsDown: number, isSelecting: boolean): void {
    const here = cells.value.cellOf(hex.value.cursor);
    const cell = here + rowsDown * CELLS_PER_ROW;
    if (cell >= 0) moveToCell(Math.min(cell, cells.value.count), isSelecting);
    // Above the first row: selecting takes all of it, moving stays in the column.
    else if (isSelecting) move(0, true);
    else moveToCell(here % CELLS_PER_ROW, false);
  }

  function toEdgeOfRow(isEnd: boolean, isSelecting: boolean): void {
    const row = Math.floor(cells.value.cellOf(hex.value.cursor) / CELLS_PER_ROW) * CELLS_PER_ROW;
    moveToCell(isEnd ? Math.min(row + CELLS_PER_ROW - 1, cells.value.count) : row, isSelecting);
  }

  function onCommand(event: KeyboardEvent): boolean {
    switch (event.key.toLowerCase()) {
      case 'a':
        hex.value.selectAll();
        triggerRef(hex);
        return true;
      case 'z':
        edit(() => (event.shiftKey ? hex.value.redo() : hex.value.undo()));
        return true;
      case 'y':
        edit(() => hex.value.redo());
        return true;
      case 'home':
        move(0, event.shiftKey);
        return true;
      case 'end':
        move(hex.value.bytes.length, event.shiftKey);
        return true;
      default:
        return false;
    }
  }

  function onKey(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey) return onCommand(event);
    if (event.altKey) return false;
    const { key, shiftKey } = event;
    switch (key) {
      case 'ArrowLeft':
        move(hex.value.cursor - 1, shiftKey);
        return true;
      case 'ArrowRight':
        move(hex.value.cursor + 1, shiftKey);
        return true;
      case 'ArrowUp':
        moveRows(-1, shiftKey);
        return true;
      case 'ArrowDown':
        moveRows(1, shiftKey);
        return true;
      case 'PageUp':
        moveRows(-options.rowsPerPage(), shiftKey);
        return true;
      case 'PageDown':
        moveRows(options.rowsPerPage(), shiftKey);
        return true;
      case 'Home':
      case 'End':
        toEdgeOfRow(key === 'End', shiftKey);
        return true;
      case 'Backspace':
        edit(() => hex.value.deleteBackward());
        return true;
      case 'Delete':
        edit(() => hex.value.deleteForward());
        return true;
      case 'Insert':
        isInserting.value = !isInserting.value;
        hex.value.isInserting = isInserting.value;
        return true;
      case 'F6':
        side.value = side.value === 'hex' ? 'ascii' : 'hex';
        return true;
      default:
        return key.length === 1 && onCharacter(key);
    }
  }

  function onCharacter(key: string): boolean {
    if (side.value === 'ascii') {
      const bytes = encodeUtf8(key);
      if (bytes !== null) edit(() => hex.value.typeBytes(bytes));
      return true;
    }
    if (!/^[0-9a-fA-F]$/.test(key)) return false;
    edit(() => hex.value.typeDigit(parseInt(key, 16)));
    return true;
  }

  function copy(): string {
    return side.value === 'hex'
      ? toHex(hex.value.selected, ' ')
      : new TextDecoder().decode(hex.value.selected);
  }

  return {
    rows,
    rowCount,
    cursor,
    side,
    isInserting,
    selection,
    look: (from, count) => (seen.value = { from, count }),
    moveToCell,
    onKey,
    copy,
    cut: () => {
      const text = copy();
      edit(() => hex.value.deleteForward());
      return text;
    },
    paste: (text) => {
      const bytes = side.value === 'hex' ? parseHex(text) : encodeUtf8(text);
      if (bytes !== null && bytes.length > 0) edit(() => hex.value.typeBytes(bytes));
    },
  };
}
