/**
 * Bytes being edited: where the cursor stands, what is selected, and every step back and forward.
 *
 * The cursor stands on a byte, or behind the last one; within the hexadecimal column on one of the byte's two digits.
 */

interface Edit {
  readonly at: number;
  readonly removed: Uint8Array;
  readonly inserted: Uint8Array;
  /** Joins the edit before it: the second digit of a byte is no step of its own. */
  readonly joins: boolean;
}

/** Steps that can be taken back. */
const UNDO_MAX = 1000;
const EMPTY = new Uint8Array(0);

export class HexDocument {
  #bytes: Uint8Array;
  #cursor = 0;
  #anchor = 0;
  #isSecondDigit = false;
  readonly #done: Edit[] = [];
  readonly #undone: Edit[] = [];
  /** Digits and characters push bytes away instead of replacing them. */
  isInserting = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get isSecondDigit(): boolean {
    return this.#isSecondDigit;
  }

  /** Selected bytes, from and to; both the cursor where nothing is. */
  get selection(): { readonly from: number; readonly to: number } {
    if (this.#anchor === this.#cursor) return { from: this.#cursor, to: this.#cursor };
    const from = Math.min(this.#anchor, this.#cursor);
    const to = Math.max(this.#anchor, this.#cursor);
    return { from, to: Math.min(to + 1, this.#bytes.length) };
  }

  get selected(): Uint8Array {
    const { from, to } = this.selection;
    return this.#bytes.slice(from, to);
  }

  moveTo(
    offset: number,
    options: { readonly isSelecting: boolean } = { isSelecting: false },
  ): void {
    this.#cursor = Math.max(0, Math.min(offset, this.#bytes.length));
    this.#isSecondDigit = false;
    if (!options.isSelecting) this.#anchor = this.#cursor;
  }

  selectAll(): void {
    this.#anchor = 0;
    // Behind the last byte: on it, a single byte would be a cursor and no selection.
    this.#cursor = this.#bytes.length;
    this.#isSecondDigit = false;
  }

  /** One hexadecimal digit, 0 to 15, at the cursor. */
  typeDigit(digit: number): void {
    const hadSelection = this.#dropSelection();
    const at = this.#cursor;
    if (this.#isSecondDigit) {
      this.#replace(at, 1, Uint8Array.of((this.#bytes[at]! & 0xf0) | digit), true);
      this.moveTo(at + 1);
      return;
    }
    const makesRoom = this.isInserting || hadSelection || at === this.#bytes.length;
    const rest = makesRoom ? 0 : this.#bytes[at]! & 0x0f;
    this.#replace(at, makesRoom ? 0 : 1, Uint8Array.of((digit << 4) | rest), hadSelection);
    this.moveTo(at);
    this.#isSecondDigit = true;
  }

  /** Whole bytes at the cursor: a typed character, or what was pasted. */
  typeBytes(bytes: Uint8Array): void {
    const hadSelection = this.#dropSelection();
    const at = this.#cursor;
    const replaced =
      this.isInserting || hadSelection ? 0 : Math.min(bytes.length, this.#bytes.length - at);
    this.#replace(at, replaced, bytes, hadSelection);
    this.moveTo(at + bytes.length);
  }

  /** The selection, or the byte before the cursor. */
  deleteBackward(): void {
    if (this.#dropSelection() || this.#cursor === 0) return;
    const at = this.#cursor - 1;
    this.#replace(at, 1, EMPTY, false);
    this.moveTo(at);
  }

  /** The selection, or the byte at the cursor. */
  deleteForward(): void {
    if (this.#dropSelection() || this.#cursor === this.#bytes.length) return;
    const at = this.#cursor;
    this.#replace(at, 1, EMPTY, false);
    this.moveTo(at);
  }

  undo(): void {
    for (;;) {
      const edit = this.#done.pop();
      if (edit === undefined) return;
      this.#undone.push(edit);
      this.#splice(edit.at, edit.inserted.length, edit.removed);
      this.moveTo(edit.at);
      if (!edit.joins) return;
    }
  }

  redo(): void {
    do {
      const edit = this.#undone.pop();
      if (edit === undefined) return;
      this.#done.push(edit);
      this.#splice(edit.at, edit.removed.length, edit.inserted);
      this.moveTo(edit.at + edit.inserted.length);
    } while (this.#undone.at(-1)?.joins === true);
  }

  #dropSelection(): boolean {
    const { from, to } = this.selection;
    if (from === to) return false;
    this.#replace(from, to - from, EMPTY, false);
    this.moveTo(from);
    return true;
  }

  #replace(at: number, count: number, inserted: Uint8Array, joins: boolean): void {
    const removed = this.#bytes.slice(at, at + count);
    this.#splice(at, count, inserted);
    this.#undone.length = 0;
    this.#done.push({ at, removed, inserted, joins: joins && this.#done.length > 0 });
    if (this.#done.length > UNDO_MAX) this.#done.shift();
  }

  #splice(at: number, count: number, inserted: Uint8Array): void {
    const next = new Uint8Array(this.#bytes.length - count + inserted.length);
    next.set(this.#bytes.subarray(0, at));
    next.set(inserted, at);
    next.set(this.#bytes.subarray(at + count), at + inserted.length);
    this.#bytes = next;
  }
}
