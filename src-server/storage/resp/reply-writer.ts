/**
 * Replies into one slab, in RESP2 or RESP3. What RESP2 lacks becomes what Redis makes of it there: a map its pairs one after
 * another, true 1, a double its digits.
 */
import { Writer } from '../../bytes/writer.ts';

export type Protocol = 2 | 3;

const ZERO = 0x30;
const MINUS = 0x2d;
const CR = 0x0d;
const LF = 0x0a;
/** A type byte, a sign, the digits of a 53-bit number, an end of line. */
const LINE_BYTES = 24;
const SMALL = 10;

export class ReplyWriter extends Writer {
  protocol: Protocol = 2;
  /** Errors written since somebody counted. */
  errors = 0;

  ok(): void {
    this.raw(OK, 0, OK.length);
  }

  /** A short text that needs no length: printable and in one line. */
  simple(text: string): void {
    this.#line(0x2b, text);
  }

  /** `code words`, as one line whatever is in them. */
  error(text: string): void {
    this.errors++;
    this.#line(0x2d, text.replace(/[\r\n]/g, ' '));
  }

  integer(value: number | bigint): void {
    if (typeof value === 'bigint') this.#line(0x3a, value.toString());
    else this.#number(0x3a, value);
  }

  bulk(value: Uint8Array): void {
    this.#number(0x24, value.length);
    this.raw(value, 0, value.length);
    this.reserve(2);
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
  }

  text(value: string): void {
    this.bulk(Buffer.from(value));
  }

  /** Nothing there. */
  nil(): void {
    const bytes = this.protocol === 3 ? NIL_3 : NIL_BULK;
    this.raw(bytes, 0, bytes.length);
  }

  /** No list: a transaction that was not carried out. */
  nilArray(): void {
    const bytes = this.protocol === 3 ? NIL_3 : NIL_ARRAY;
    this.raw(bytes, 0, bytes.length);
  }

  /** So many replies follow. */
  array(length: number): void {
    this.#number(0x2a, length);
  }

  /** So many pairs follow. */
  map(pairs: number): void {
    if (this.protocol === 3) this.#number(0x25, pairs);
    else this.#number(0x2a, pairs * 2);
  }

  set(length: number): void {
    this.#number(this.protocol === 3 ? 0x7e : 0x2a, length);
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.#line(0x23, value ? 't' : 'f');
    else this.integer(value ? 1 : 0);
  }

  double(value: number): void {
    if (this.protocol === 3) this.#line(0x2c, String(value));
    else this.text(String(value));
  }

  /** A text for people. */
  verbatim(text: string): void {
    if (this.protocol !== 3) {
      this.text(text);
      return;
    }
    const bytes = Buffer.from(`txt:${text}`);
    this.#number(0x3d, bytes.length);
    this.raw(bytes, 0, bytes.length);
    this.raw(END_OF_LINE, 0, END_OF_LINE.length);
  }

  /** Replies that are encoded already. */
  encoded(reply: Uint8Array): void {
    this.raw(reply, 0, reply.length);
  }

  #line(type: number, text: string): void {
    // Three bytes is the most one UTF-16 unit can take.
    this.reserve(3 + text.length * 3);
    this.bytes[this.length++] = type;
    this.length += this.bytes.utf8Write(text, this.length);
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
  }

  #number(type: number, value: number): void {
    this.reserve(LINE_BYTES);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = type;
    if (value < 0) bytes[at++] = MINUS;
    let rest = Math.abs(value);
    let end = at + 1;
    for (let power = SMALL; rest >= power; power *= SMALL) end++;
    for (let i = end - 1; i >= at; i--) {
      const tenth = Math.floor(rest / SMALL);
      bytes[i] = ZERO + (rest - tenth * SMALL);
      rest = tenth;
    }
    bytes[end] = CR;
    bytes[end + 1] = LF;
    this.length = end + 2;
  }
}

const OK = Buffer.from('+OK\r\n');
const NIL_BULK = Buffer.from('$-1\r\n');
const NIL_ARRAY = Buffer.from('*-1\r\n');
const NIL_3 = Buffer.from('_\r\n');
const END_OF_LINE = Buffer.from('\r\n');
