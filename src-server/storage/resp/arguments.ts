/**
 * The words of one command, as offsets into the bytes that came. Nothing is cut out until somebody asks, and what is cut out
 * is borrowed: it is good until the parser goes on. `kept()` gives a copy that lasts.
 */
import { Writer } from '../../bytes/writer.ts';

const CASE_BIT = 0x20;
const STAR = '*';
const DOLLAR = '$';
const WORD_OVERHEAD_BYTES = 16;

export class Arguments {
  bytes: Buffer = NONE;
  /** With the command's own name, which is word 0. */
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  /** Words of our own. */
  static of(words: readonly (string | Uint8Array)[]): Arguments {
    const made = new Arguments();
    const parts = words.map((word) => (typeof word === 'string' ? Buffer.from(word) : word));
    made.bytes = Buffer.concat(parts);
    let at = 0;
    for (const part of parts) made.add(at, (at += part.length));
    return made;
  }

  clear(): void {
    this.count = 0;
  }

  add(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  view(index: number): Buffer {
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }

  text(index: number): string {
    return this.bytes.utf8Slice(this.starts[index]!, this.ends[index]!);
  }

  length(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  /** Whether a word is this one, which is given in small letters, in any case of letters. */
  is(index: number, word: string): boolean {
    if (index >= this.count) return false;
    const start = this.starts[index]!;
    if (this.ends[index]! - start !== word.length) return false;
    const { bytes } = this;
    for (let i = 0; i < word.length; i++) {
      const wanted = word.charCodeAt(i);
      const byte = bytes[start + i]!;
      const isLetter = wanted >= 0x61 && wanted <= 0x7a;
      if ((isLetter ? byte | CASE_BIT : byte) !== wanted) return false;
    }
    return true;
  }

  /** Bytes of all words together. */
  get byteLength(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.ends[i]! - this.starts[i]!;
    return sum;
  }

  /** A copy whose bytes are its own, and are the whole command as an array of bulk strings. */
  kept(): Arguments {
    const writer = new Writer(
      this.byteLength + this.count * WORD_OVERHEAD_BYTES + WORD_OVERHEAD_BYTES,
    );
    const copy = new Arguments();
    head(writer, STAR, this.count);
    for (let i = 0; i < this.count; i++) {
      const length = this.length(i);
      head(writer, DOLLAR, length);
      copy.add(writer.length, writer.length + length);
      writer.raw(this.bytes, this.starts[i]!, length);
      writer.raw(END_OF_LINE, 0, END_OF_LINE.length);
    }
    copy.bytes = writer.view();
    return copy;
  }

  /** Some of the words as they are, over the same bytes. */
  pick(indexes: readonly number[]): Arguments {
    const picked = new Arguments();
    picked.bytes = this.bytes;
    for (const index of indexes) picked.add(this.starts[index]!, this.ends[index]!);
    return picked;
  }
}

function head(writer: Writer, type: string, length: number): void {
  const line = Buffer.from(`${type}${length}\r\n`, 'latin1');
  writer.raw(line, 0, line.length);
}

const NONE = Buffer.alloc(0);
const END_OF_LINE = Buffer.from('\r\n');
