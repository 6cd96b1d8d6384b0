/** Bytes being edited: every edit is what it would be on a plain list, and every step can be taken back. */
import { describe, expect, test } from 'vitest';

import { HexDocument } from '../../../../src-renderer/model/hex-document.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { randomBytes } from './random.ts';

function documentOf(...bytes: number[]): HexDocument {
  return new HexDocument(Uint8Array.from(bytes));
}

type Editor = Pick<
  HexDocument,
  'typeDigit' | 'typeBytes' | 'deleteBackward' | 'deleteForward' | 'moveTo' | 'isInserting'
>;

/** What an editor of bytes does, told with a list and splice. */
class PlainEditor implements Editor {
  readonly bytes: number[];
  cursor = 0;
  anchor = 0;
  isSecondDigit = false;
  isInserting = false;

  constructor(bytes: Uint8Array) {
    this.bytes = [...bytes];
  }

  get range(): [from: number, to: number] {
    if (this.anchor === this.cursor) return [this.cursor, this.cursor];
    const ends = [this.anchor, this.cursor].sort((a, b) => a - b) as [number, number];
    return [ends[0], Math.min(ends[1] + 1, this.bytes.length)];
  }

  moveTo(to: number, { isSelecting } = { isSelecting: false }): void {
    this.cursor = Math.max(0, Math.min(to, this.bytes.length));
    if (!isSelecting) this.anchor = this.cursor;
    this.isSecondDigit = false;
  }

  drop(): boolean {
    const [from, to] = this.range;
    if (from === to) return false;
    this.bytes.splice(from, to - from);
    this.moveTo(from);
    return true;
  }

  typeDigit(digit: number): void {
    const had = this.drop();
    const at = this.cursor;
    if (this.isSecondDigit) {
      this.bytes[at] = (this.bytes[at]! & 0xf0) + digit;
      this.moveTo(at + 1);
      return;
    }
    if (this.isInserting || had || at === this.bytes.length) this.bytes.splice(at, 0, digit * 16);
    else this.bytes[at] = digit * 16 + (this.bytes[at]! % 16);
    this.isSecondDigit = true;
  }

  typeBytes(typed: Uint8Array): void {
    const had = this.drop();
    this.bytes.splice(this.cursor, this.isInserting || had ? 0 : typed.length, ...typed);
    this.moveTo(this.cursor + typed.length);
  }

  deleteBackward(): void {
    this.#delete(-1);
  }

  deleteForward(): void {
    this.#delete(0);
  }

  #delete(offset: -1 | 0): void {
    if (this.drop()) return;
    const at = this.cursor + offset;
    if (at < 0 || at >= this.bytes.length) return;
    this.bytes.splice(at, 1);
    this.moveTo(at);
  }
}

describe('edits', () => {
  test('are those of a plain list, whatever is done in whatever order', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Prng(seed);
      const start = randomBytes(random, random.below(20));
      const hex = new HexDocument(start);
      const plain = new PlainEditor(start);
      for (let step = 0; step < 120; step++) {
        const digit = random.below(16);
        const bytes = randomBytes(random, 1 + random.below(3));
        const to = random.below(24) - 2;
        const isSelecting = random.chance(0.4);
        const does = random.pick<(editor: Editor) => void>([
          (editor) => editor.typeDigit(digit),
          (editor) => editor.typeBytes(bytes),
          (editor) => editor.deleteBackward(),
          (editor) => editor.deleteForward(),
          (editor) => editor.moveTo(to, { isSelecting }),
          (editor) => (editor.isInserting = !editor.isInserting),
        ]);
        for (const editor of [hex, plain]) does(editor);
        const [from, until] = plain.range;
        expect([...hex.bytes], `seed ${seed}, step ${step}`).toEqual(plain.bytes);
        expect(hex.selection).toEqual({ from, to: until });
        expect([...hex.selected]).toEqual(plain.bytes.slice(from, until));
        expect([hex.cursor, hex.isSecondDigit]).toEqual([plain.cursor, plain.isSecondDigit]);
      }
    }
  });

  test('two digits make a byte', () => {
    const hex = documentOf(0x11, 0x22);
    hex.typeDigit(0xa);
    expect([...hex.bytes]).toEqual([0xa1, 0x22]);
    hex.typeDigit(0xb);
    expect([...hex.bytes]).toEqual([0xab, 0x22]);
    expect(hex.cursor).toBe(1);
  });

  test('a digit over a selection takes its place and leaves the byte behind it alone', () => {
    const hex = documentOf(0x61, 0x62, 0x63, 0x64);
    hex.moveTo(1);
    hex.moveTo(2, { isSelecting: true });
    hex.typeDigit(0xf);
    expect([...hex.bytes]).toEqual([0x61, 0xf0, 0x64]);
    hex.undo();
    expect([...hex.bytes]).toEqual([0x61, 0x62, 0x63, 0x64]);
  });

  test('nothing is written into the bytes that were handed in', () => {
    const start = Uint8Array.of(1, 2, 3);
    const hex = new HexDocument(start);
    hex.typeDigit(7);
    hex.typeDigit(7);
    hex.deleteForward();
    expect([...start]).toEqual([1, 2, 3]);
  });

  test.each([0, 1, 2, 40])('everything is selected of %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i);
    const hex = new HexDocument(bytes);
    hex.selectAll();
    expect(hex.selected).toEqual(bytes);
    hex.deleteBackward();
    expect(hex.bytes).toHaveLength(0);
  });
});

describe('steps', () => {
  test('taken back, all of them, the bytes are the first again; taken forward, the last', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Prng(seed);
      const start = randomBytes(random, random.below(20));
      const hex = new HexDocument(start);
      const seen = [start];
      for (let step = 0; step < 60; step++) {
        random.pick([
          () => hex.typeDigit(random.below(16)),
          () => hex.typeBytes(randomBytes(random, 1 + random.below(3))),
          () => hex.deleteBackward(),
          () => hex.deleteForward(),
          () => hex.moveTo(random.below(20), { isSelecting: random.chance(0.3) }),
        ])();
        seen.push(hex.bytes);
      }
      for (let step = 0; step < 60; step++) {
        hex.undo();
        expect(seen).toContainEqual(hex.bytes);
      }
      expect(hex.bytes).toEqual(start);
      for (let step = 0; step < 60; step++) hex.redo();
      expect(hex.bytes).toEqual(seen.at(-1));
    }
  });

  test('a byte of two digits is one step', () => {
    const hex = documentOf(1);
    for (const digit of [0xa, 0xb]) hex.typeDigit(digit);
    hex.undo();
    expect([...hex.bytes]).toEqual([1]);
    hex.redo();
    expect([...hex.bytes]).toEqual([0xab]);
  });

  test('what was pasted over a selection is one step', () => {
    const hex = documentOf(1, 2, 3, 4);
    hex.moveTo(0);
    hex.moveTo(1, { isSelecting: true });
    hex.typeBytes(Uint8Array.of(9, 9, 9));
    expect([...hex.bytes]).toEqual([9, 9, 9, 3, 4]);
    hex.undo();
    expect([...hex.bytes]).toEqual([1, 2, 3, 4]);
  });

  test('what was taken back is forgotten once something else is done', () => {
    const hex = documentOf(1, 2);
    hex.deleteForward();
    hex.undo();
    hex.typeDigit(5);
    hex.redo();
    expect([...hex.bytes]).toEqual([0x51, 2]);
  });

  test('so many are remembered and no more', () => {
    const hex = documentOf();
    for (let i = 0; i < 1500; i++) hex.typeBytes(Uint8Array.of(i & 0xff));
    for (let i = 0; i < 1500; i++) hex.undo();
    expect(hex.bytes).toHaveLength(500);
  });
});
