/**
 * The words of one command, as offsets into the bytes that came. Nothing is cut out until somebody asks, and what is cut out
 * is borrowed: it is good until the parser goes on. `kept()` gives a copy that lasts.
 */
import type {} from '../../bytes/reader.ts';

const CASE_BIT = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** A type, ten digits, two ends of lines. */
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
    const copy = new Arguments();
    const room = this.byteLength + (this.count + 1) * WORD_OVERHEAD_BYTES;
    const bytes = Buffer.allocUnsafe(room);
    let at = bytes.write(`*${this.count}\r\n`, 0, 'latin1');
    for (let i = 0; i < this.count; i++) {
      const length = this.length(i);
      at += bytes.write(`$${length}\r\n`, at, 'latin1');
      copy.add(at, at + length);
      this.bytes.copy(bytes, at, this.starts[i], this.ends[i]);
      at += length;
      bytes[at++] = CR;
      bytes[at++] = LF;
    }
    copy.bytes = bytes.subarray(0, at);
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

const NONE = Buffer.alloc(0);
