/**
 * Commands out of a byte stream: RESP arrays of bulk strings, and lines as people type them into telnet.
 *
 *   push(chunk) → next() → 'command' (in `words`), 'need-more', or 'broken' (`problem` in Redis's own words; no way back)
 *
 * A command that lies whole in its chunk is given as offsets without a copy. Only what is cut by the end of a chunk is put
 * together in a buffer, which grows with what has arrived, never with what was announced, and no byte is looked at twice.
 */
import { assert } from '../../base/assert.ts';
import { Arguments } from './arguments.ts';
import { wordsOfLine } from './typed-line.ts';

export interface RequestLimits {
  /** Of one word. */
  readonly bulkBytesMax: number;
  /** Of one command. */
  readonly commandBytesMax: number;
}

export type RequestState = 'command' | 'need-more' | 'broken';

/** As Redis: a line without an end is given up after this many bytes, whether typed or a length. */
const LINE_BYTES_MAX = 64 * 1024;
const WORDS_MAX = 0x7fff_ffff;
/** Whoever has not said who they are gets little room to say it. */
const STRANGER_WORDS_MAX = 10;
const STRANGER_BULK_BYTES_MAX = 16_384;
const KEPT_BYTES_MAX = 0x10_0000;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

export class RequestParser {
  /** The command just found; borrowed until the next call of `next` or `push`. */
  readonly words = new Arguments();
  /** After 'broken': what is wrong, without the code. */
  problem = '';
  /** Whether the other side has yet to say who they are. */
  isStranger = false;

  readonly #limits: RequestLimits;
  /** Where the parser reads: a chunk, or `#joined` while a command spans chunks. */
  #bytes: Buffer = NONE;
  #at = 0;
  #end = 0;
  /** Where the command begins that is being read. */
  #begin = 0;
  /** No end of line lies before this. */
  #searched = 0;
  /** Words that the array still announces; 0 between commands. */
  #wordsLeft = 0;
  /** Length of the word being read, or −1 before it is known. */
  #bulkBytes = -1;
  #joined: Buffer = NONE;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** The next bytes of the stream. Everything in the last ones was asked for: `next` has said 'need-more'. */
  push(chunk: Buffer): void {
    const left = this.#end - this.#begin;
    if (left === 0) {
      if (this.#joined.length > KEPT_BYTES_MAX) this.#joined = NONE;
      this.#look(chunk, chunk.length);
      return;
    }
    this.#makeRoom(left, chunk.length);
    chunk.copy(this.#joined, left);
    this.#look(this.#joined, left + chunk.length);
  }

  /** Bytes that wait for the rest of their command. */
  get heldBytes(): number {
    return this.#end - this.#begin;
  }

  /** Keeps what was not asked for yet: the chunk it lies in is about to go. */
  hold(): void {
    const left = this.#end - this.#begin;
    if (this.#bytes === this.#joined) return;
    this.#makeRoom(left, 0);
    this.#look(this.#joined, left);
  }

  next(): RequestState {
    if (this.problem !== '') return 'broken';
    for (;;) {
      if (this.#wordsLeft > 0) return this.#takeWords();
      this.words.clear();
      this.#begin = this.#searched = this.#at;
      if (this.#at === this.#end) return 'need-more';
      if (this.#bytes[this.#at] !== STAR) {
        const state = this.#takeLine();
        if (state !== 'command' || this.words.count > 0) return state;
        continue;
      }
      const count = this.#number('too big mbulk count string');
      if (count === null) return this.#stuck();
      if (Number.isNaN(count) || count > WORDS_MAX) return this.#break('invalid multibulk length');
      if (this.isStranger && count > STRANGER_WORDS_MAX)
        return this.#break('unauthenticated multibulk length');
      // An array of nothing asks for nothing and is not answered.
      if (count > 0) this.#wordsLeft = count;
    }
  }

  #takeWords(): RequestState {
    const { words } = this;
    while (this.#wordsLeft > 0) {
      if (this.#bulkBytes < 0) {
        if (this.#at === this.#end) return 'need-more';
        const first = this.#bytes[this.#at]!;
        if (first !== DOLLAR && this.#hasLine()) {
          const shown = String.fromCharCode(first);
          return this.#break(`expected '$', got '${shown}'`);
        }
        const length = this.#number('too big bulk count string');
        if (length === null) return this.#stuck();
        if (!(length >= 0 && length <= this.#limits.bulkBytesMax))
          return this.#break('invalid bulk length');
        if (this.isStranger && length > STRANGER_BULK_BYTES_MAX)
          return this.#break('unauthenticated bulk length');
        if (this.#at - this.#begin + length > this.#limits.commandBytesMax)
          return this.#break('too big request');
        this.#bulkBytes = length;
      }
      const end = this.#at + this.#bulkBytes;
      if (end + 2 > this.#end) return 'need-more';
      words.add(this.#at, end);
      this.#at = this.#searched = end + 2;
      this.#bulkBytes = -1;
      this.#wordsLeft--;
    }
    words.bytes = this.#bytes;
    this.#begin = this.#at;
    return 'command';
  }

  /**
   * The number behind the first byte of a line, which is then left behind: null while the line has no end, NaN for anything
   * that is no number.
   */
  #number(tooLong: string): number | null {
    const bytes = this.#bytes;
    const end = this.#end;
    // Nearly always a few digits that are all there.
    let at = this.#at + 1;
    let value = 0;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9 || at - this.#at > 9) break;
      value = value * 10 + digit;
    }
    const digits = at - this.#at - 1;
    const isCanonical = digits === 1 || (digits > 1 && bytes[this.#at + 1] !== ZERO);
    if (isCanonical && at + 1 < end && bytes[at] === CR) {
      this.#at = this.#searched = at + 2;
      return value;
    }
    return this.#oddNumber(tooLong);
  }

  #oddNumber(tooLong: string): number | null {
    const cr = this.#find(CR);
    if (cr < 0) {
      if (this.#end - this.#at > LINE_BYTES_MAX) this.#break(tooLong);
      return null;
    }
    // As Redis: whatever follows the CR is taken for the LF, once it is there.
    if (cr + 2 > this.#end) return null;
    const text = this.#bytes.latin1Slice(this.#at + 1, cr);
    this.#at = this.#searched = cr + 2;
    return /^(0|-?[1-9]\d{0,18})$/.test(text) ? Number(text) : NaN;
  }

  #hasLine(): boolean {
    return this.#find(CR) >= 0;
  }

  /** Where this byte comes next in the line being read, or −1. What was searched once is not searched again. */
  #find(byte: number): number {
    const from = Math.max(this.#searched, this.#at);
    const found = this.#bytes.subarray(from, this.#end).indexOf(byte);
    this.#searched = found < 0 ? this.#end : from + found;
    return found < 0 ? -1 : this.#searched;
  }

  #takeLine(): RequestState {
    const lf = this.#find(LF);
    if (lf < 0) {
      return this.#end - this.#at > LINE_BYTES_MAX
        ? this.#break('too big inline request')
        : 'need-more';
    }
    const end = lf > this.#at && this.#bytes[lf - 1] === CR ? lf - 1 : lf;
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = this.#searched = this.#begin = lf + 1;
    const typed = wordsOfLine(line);
    if (typed === null) return this.#break('unbalanced quotes in request');
    // What was quoted is not in the stream as it is meant, so that the line's words have bytes of their own.
    this.words.bytes = Buffer.concat(typed);
    let at = 0;
    for (const word of typed) this.words.add(at, (at += word.length));
    return 'command';
  }

  #stuck(): RequestState {
    return this.problem === '' ? 'need-more' : 'broken';
  }

  #break(problem: string): 'broken' {
    this.problem = `Protocol error: ${problem}`;
    return 'broken';
  }

  // --- a command that spans chunks ---

  #look(bytes: Buffer, end: number): void {
    const moved = this.#begin;
    if (moved > 0) {
      const { starts, ends, count } = this.words;
      // Whole words of the command being read move with it.
      if (this.#wordsLeft > 0) {
        for (let i = 0; i < count; i++) {
          starts[i]! -= moved;
          ends[i]! -= moved;
        }
      }
    }
    this.#bytes = bytes;
    this.#at -= moved;
    this.#searched = Math.max(0, this.#searched - moved);
    this.#begin = 0;
    this.#end = end;
  }

  /** Brings what is left to the front of `#joined`, with room behind it. */
  #makeRoom(left: number, more: number): void {
    assert(this.#end <= this.#bytes.length, 'what is held lies within its bytes');
    const needed = left + more;
    const target =
      this.#joined.length >= needed
        ? this.#joined
        : Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#joined.length, needed) * 2));
    // What already lies at the front stays there, or a long value would be copied with each of its chunks.
    if (target !== this.#bytes || this.#begin > 0)
      this.#bytes.copy(target, 0, this.#begin, this.#end);
    this.#joined = target;
  }
}

const NONE = Buffer.alloc(0);
