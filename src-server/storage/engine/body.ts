/**
 * The body of an entry: one or more changes of keys, all of them or none.
 *
 *   op      crc u32 │ kind u8 │ 0 │ key length u16 │ value length u32 │ expires at ms u64 │ key │ value
 *   body    op op op …
 *
 * The checksum covers the rest of its op. It is made once, where a change enters the ring, and travels with the op through
 * replication, log, compaction and copies, so that every reader can tell whether what it holds is what was written.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../bytes/checksum.ts';

const KEY_BYTES_MAX = 0xffff;
const VALUE_BYTES_MAX = 0x400_0000;
/** A transaction may change several values. */
export const BODY_BYTES_MAX = 0x1000_0000;

export const OpKind = { put: 1, delete: 2 } as const;

export const OP_HEADER_BYTES = 20;
const FIRST_BYTES = 4096;

/** Fills one slab with bodies, one after the other: `view` is lent until `clear`. */
export class BodyWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  #ops = 0;

  constructor(capacity = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Changes written. */
  get ops(): number {
    return this.#ops;
  }

  /** What the body would come to with one more change. */
  lengthWith(key: Uint8Array, value: Uint8Array): number {
    return this.#length + OP_HEADER_BYTES + key.length + value.length;
  }

  /** @param expiresAtMs wall time from which on the key counts as absent; 0 for never */
  put(key: Uint8Array, value: Uint8Array, expiresAtMs = 0): void {
    this.#write(OpKind.put, key, value, expiresAtMs);
  }

  delete(key: Uint8Array): void {
    this.#write(OpKind.delete, key, NO_BYTES, 0);
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#ops = 0;
  }

  #write(kind: number, key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
    assert(key.length <= KEY_BYTES_MAX, 'a key has a length that its op can tell');
    assert(value.length <= VALUE_BYTES_MAX, 'a value is within the limit');
    const start = this.#length;
    const keyAt = start + OP_HEADER_BYTES;
    const end = keyAt + key.length + value.length;
    this.#reserve(end);
    const view = this.#view;
    view.setUint32(start + 4, (kind << 24) | key.length);
    view.setUint32(start + 8, value.length);
    setUint53(view, start + 12, expiresAtMs);
    copyInto(this.#bytes, keyAt, key);
    copyInto(this.#bytes, keyAt + key.length, value);
    view.setUint32(start, crc32c(this.#bytes, start + 4, end));
    this.#length = end;
    this.#ops++;
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Asking the runtime to copy takes as long as doing it for a key. */
function copyInto(into: Uint8Array, at: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > SHORT_BYTES) into.set(bytes, at);
  else for (let i = 0; i < length; i++) into[at + i] = bytes[i]!;
}

const SHORT_BYTES = 32;
const NO_BYTES = new Uint8Array(0);

/** Goes from op to op through a body, or through anything that consists of ops; its fields tell of the one it stands at. */
export class BodyReader {
  bytes: Uint8Array = NO_BYTES;
  kind = 0;
  crc = 0;
  expiresAtMs = 0;
  /** Where the op begins, its key, its value, and where it ends. */
  start = 0;
  keyAt = 0;
  valueAt = 0;
  end = 0;
  /** What the whole op takes, and where it lies in its segment. */
  length = 0;
  place = 0;
  #base = 0;
  #limit = 0;

  /** @param place where the bytes begin in their segment */
  over(bytes: Uint8Array, place = 0): this {
    this.bytes = bytes;
    this.#limit = bytes.length;
    this.#base = place;
    this.start = this.end = 0;
    return this;
  }

  /** @returns whether there is another op; a damaged one ends it, as `isAtEnd` tells */
  next(): boolean {
    return this.nextUnchecked() && this.isSound();
  }

  /** The same for bytes whose checksum is somebody else's matter. */
  nextUnchecked(): boolean {
    const { bytes } = this;
    const start = this.end;
    if (start + OP_HEADER_BYTES > this.#limit) return false;
    const keyAt = start + OP_HEADER_BYTES;
    const valueAt = keyAt + keyLengthAt(bytes, start);
    const end = valueAt + uint32At(bytes, start + 8);
    if (end > this.#limit) return false;
    this.start = start;
    this.crc = uint32At(bytes, start);
    this.kind = bytes[start + 4]!;
    this.expiresAtMs = expiryAt(bytes, start);
    this.keyAt = keyAt;
    this.valueAt = valueAt;
    this.end = end;
    this.length = end - start;
    this.place = this.#base + start;
    return true;
  }

  /** The same for ops as hints keep them: a place, then the op without its value. */
  nextStripped(): boolean {
    const { bytes } = this;
    const start = this.end + 4;
    if (start + OP_HEADER_BYTES > this.#limit) return false;
    const keyAt = start + OP_HEADER_BYTES;
    const valueAt = keyAt + keyLengthAt(bytes, start);
    if (valueAt > this.#limit) return false;
    this.place = uint32At(bytes, this.end);
    this.start = start;
    this.crc = uint32At(bytes, start);
    this.kind = bytes[start + 4]!;
    this.expiresAtMs = expiryAt(bytes, start);
    this.keyAt = keyAt;
    this.valueAt = this.end = valueAt;
    this.length = valueAt - start + uint32At(bytes, start + 8);
    return true;
  }

  /** Whether the op it stands at is what was written. */
  isSound(): boolean {
    if (crc32c(this.bytes, this.start + 4, this.end) === this.crc) return true;
    this.end = this.start;
    return false;
  }

  get isAtEnd(): boolean {
    return this.end === this.#limit;
  }

  key(): Uint8Array {
    return this.bytes.subarray(this.keyAt, this.valueAt);
  }

  value(): Uint8Array {
    return this.bytes.subarray(this.valueAt, this.end);
  }
}

export interface BodyVisitor {
  put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void;
  delete(key: Uint8Array): void;
}

/** @returns whether the body is whole: a visitor may have seen its beginning before the damage was found */
export function readBody(bytes: Uint8Array, visitor: BodyVisitor): boolean {
  const reader = new BodyReader().over(bytes);
  while (reader.next()) {
    if (reader.kind === OpKind.put) visitor.put(reader.key(), reader.value(), reader.expiresAtMs);
    else visitor.delete(reader.key());
  }
  return reader.isAtEnd;
}

/** Whether every op is what was written; for bytes that came over a wire. */
export function isSoundBody(bytes: Uint8Array): boolean {
  const reader = new BodyReader().over(bytes);
  while (reader.next())
    if (reader.kind !== OpKind.put && reader.kind !== OpKind.delete) return false;
  return reader.isAtEnd && bytes.length > 0;
}

// --- fields of an op, without a view: making one takes longer than reading them ---

/** Of the op that begins there. */
export function keyLengthAt(bytes: Uint8Array, start: number): number {
  return (bytes[start + 6]! << 8) | bytes[start + 7]!;
}

export function expiryAt(bytes: Uint8Array, start: number): number {
  return uint32At(bytes, start + 12) * 0x1_0000_0000 + uint32At(bytes, start + 16);
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** A whole number of at most 53 bits in eight bytes. */
export function setUint53(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}
