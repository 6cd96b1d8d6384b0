/**
 * A cursor over received bytes: big-endian integers, booleans and length-prefixed strings and buffers.
 *
 * Reading past the end never throws. It yields zeros and turns `ok` off, so that a decoder reads a whole record without
 * asking after every field and checks once; garbage from the network is normal traffic here.
 */

declare global {
  // Node's own methods, faster than `toString` and `write` and missing from its type declarations.
  interface Buffer {
    utf8Slice(start: number, end: number): string;
    latin1Slice(start: number, end: number): string;
    utf8Write(text: string, offset: number): number;
  }
}

/** What a null string or buffer (length −1) reads as. */
const NULL_LENGTH = -1;

export class Reader {
  /** False once something was read that is not there. */
  ok = true;
  bytes: Buffer = EMPTY;
  at = 0;
  end = 0;
  #view: DataView = EMPTY_VIEW;

  /** Points the cursor at `bytes[start, end)`. A chunk's view is made once and kept while the chunk stays the same. */
  reset(bytes: Buffer, start: number, end: number): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.ok = true;
    this.at = start;
    this.end = end;
    return this;
  }

  get left(): number {
    return this.end - this.at;
  }

  bool(): boolean {
    if (!this.#has(1)) return false;
    return this.bytes[this.at++] !== 0;
  }

  int32(): number {
    if (!this.#has(4)) return 0;
    const value = this.#view.getInt32(this.at);
    this.at += 4;
    return value;
  }

  /** A signed 64-bit integer as a number: exact up to 2^53, which covers zxids and times. */
  long(): number {
    if (!this.#has(8)) return 0;
    const value = this.#view.getInt32(this.at) * 0x1_0000_0000 + this.#view.getUint32(this.at + 4);
    this.at += 8;
    return value;
  }

  /** A signed 64-bit integer that may use its top bits: session ids and owners. */
  bigint(): bigint {
    if (!this.#has(8)) return 0n;
    const value = this.#view.getBigInt64(this.at);
    this.at += 8;
    return value;
  }

  /** A UTF-8 string, or null. Malformed sequences become U+FFFD, as in Java. */
  string(): string | null {
    const length = this.int32();
    if (length === NULL_LENGTH) return null;
    if (length < 0 || !this.#has(length)) return this.#fail('');
    const start = this.at;
    this.at += length;
    return this.bytes.utf8Slice(start, this.at);
  }

  /** A copy of a length-prefixed buffer, or null. */
  buffer(): Buffer | null {
    const view = this.view();
    return view === null ? null : Buffer.from(view);
  }

  /** A length-prefixed buffer as a view that is valid until the end of the turn, or null. */
  view(): Buffer | null {
    const length = this.int32();
    if (length === NULL_LENGTH) return null;
    if (length < 0 || !this.#has(length)) return this.#fail(EMPTY);
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  /** The rest of the record as a view. */
  rest(): Buffer {
    const start = this.at;
    this.at = this.end;
    return this.bytes.subarray(start, this.end);
  }

  /**
   * The length of a list whose items take at least `itemBytes` each, −1 for a null list. Any other negative count is an
   * empty list, as in Java. Refuses a count that the bytes left cannot hold, before anybody reserves memory for it.
   */
  count(itemBytes: number): number {
    const count = this.int32();
    if (count < 0) return count === NULL_LENGTH ? count : 0;
    return count * itemBytes > this.left ? this.#fail(0) : count;
  }

  skip(bytes: number): void {
    if (this.#has(bytes)) this.at += bytes;
  }

  #has(bytes: number): boolean {
    if (bytes <= this.end - this.at) return true;
    this.ok = false;
    return false;
  }

  #fail<T>(instead: T): T {
    this.ok = false;
    return instead;
  }
}

const EMPTY = Buffer.alloc(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer, EMPTY.byteOffset, 0);
