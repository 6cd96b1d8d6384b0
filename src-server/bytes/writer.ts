/**
 * A cursor that writes big-endian records into one slab, which grows by doubling and is reused.
 *
 * The owner takes the written bytes with `view()` and calls `clear()` when nobody borrows them any more.
 */

const FIRST_BYTES = 1024;

export class Writer {
  bytes: Buffer;
  /** How many bytes are written. */
  length = 0;
  #view: DataView;

  constructor(capacity = FIRST_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  get capacity(): number {
    return this.bytes.length;
  }

  clear(): void {
    this.length = 0;
  }

  /** Gives the slab away, because somebody still borrows it, and goes on with a fresh one. */
  release(capacity = FIRST_BYTES): void {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.bytes.buffer);
    this.length = 0;
  }

  view(start = 0, end = this.length): Buffer {
    return this.bytes.subarray(start, end);
  }

  /** A copy that outlives the slab. */
  copy(start = 0, end = this.length): Buffer {
    return Buffer.from(this.bytes.subarray(start, end));
  }

  bool(value: boolean): void {
    this.reserve(1);
    this.bytes[this.length++] = value ? 1 : 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.#view.setInt32(this.length, value);
    this.length += 4;
  }

  /** A whole number of at most 53 bits as a signed 64-bit integer. */
  long(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#view.setInt32(this.length, high);
    this.#view.setUint32(this.length + 4, value - high * 0x1_0000_0000);
    this.length += 8;
  }

  bigint(value: bigint): void {
    this.reserve(8);
    this.#view.setBigInt64(this.length, value);
    this.length += 8;
  }

  /** Two 32-bit halves as they are. */
  halves(high: number, low: number): void {
    this.reserve(8);
    this.#view.setInt32(this.length, high);
    this.#view.setInt32(this.length + 4, low);
    this.length += 8;
  }

  string(value: string | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    // Three bytes is the most one UTF-16 unit can take.
    this.reserve(4 + value.length * 3);
    const written = this.bytes.utf8Write(value, this.length + 4);
    this.#view.setInt32(this.length, written);
    this.length += 4 + written;
  }

  /** Length and bytes; null as −1. */
  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    this.int32(value.length);
    this.raw(value, 0, value.length);
  }

  /** Bytes without a length. */
  raw(source: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    if (length <= 32) {
      const { bytes } = this;
      const at = this.length;
      for (let i = 0; i < length; i++) bytes[at + i] = source[start + i]!;
    } else {
      // Making a view takes as long as copying some hundred bytes.
      const isWhole = length === source.length;
      this.bytes.set(isWhole ? source : source.subarray(start, start + length), this.length);
    }
    this.length += length;
  }

  zeros(length: number): void {
    this.reserve(length);
    this.bytes.fill(0, this.length, this.length + length);
    this.length += length;
  }

  /** Leaves room to be filled by `patch…` later, and says where. */
  gap(length: number): number {
    this.reserve(length);
    const at = this.length;
    this.length += length;
    return at;
  }

  patchInt32(at: number, value: number): void {
    this.#view.setInt32(at, value);
  }

  patchLong(at: number, value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#view.setInt32(at, high);
    this.#view.setUint32(at + 4, value - high * 0x1_0000_0000);
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
