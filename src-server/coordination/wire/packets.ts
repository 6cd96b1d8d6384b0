/**
 * Cuts the stream of the quorum port into packets.
 *
 *   type i32 · zxid i64 · data: length i32, bytes · identities: count i32, n × (scheme, id), each a length and bytes
 *
 * No length stands in front of a packet: where it ends is known only after its last field has begun. Every length is checked
 * before memory is reserved for it. A packet that lies whole in its chunk is given as offsets, without a copy.
 */
import { assert } from '../../base/assert.ts';

export type PacketState = 'packet' | 'need-more' | 'bad-length';

const TYPE_AND_ZXID_BYTES = 12;
const FIXED_BYTES = TYPE_AND_ZXID_BYTES + 4;
/** A client has as many identities as schemes it used; all of them together are as long as a few certificates' names. */
const IDENTITIES_MAX = 1024;
const IDENTITY_BYTES_MAX = 0x4_0000;

export class Packets {
  /** The current packet: `bytes[start, end)`, borrowed until the next call of `next` … */
  bytes: Buffer = NONE;
  start = 0;
  end = 0;
  /** … unless this says that nobody else will write there: then parts of it may be kept. */
  isOwned = false;
  /** The refused length or count after 'bad-length'. */
  badLength = 0;

  readonly #dataBytesMax: number;
  #chunk: Buffer = NONE;
  #at = 0;
  /** A packet that spans chunks: what has come of it, and how many bytes it has at the least. */
  #partial: Buffer = NONE;
  #filled = 0;
  #wanted = 0;

  constructor(dataBytesMax: number) {
    this.#dataBytesMax = dataBytesMax;
  }

  /** Hands over the next chunk of the stream. What was in the one before must have been taken. */
  push(chunk: Buffer): void {
    assert(this.#at === this.#chunk.length, 'a chunk is used up before the next one');
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Takes out what of the chunk has not been looked at: it is not packets, or not yet wanted. */
  takeRest(): Buffer {
    assert(this.#wanted === 0, 'the rest begins where a packet ended');
    const rest = this.#chunk.subarray(this.#at);
    this.#at = this.#chunk.length;
    return rest;
  }

  next(): PacketState {
    if (this.#wanted > 0) return this.#nextSpanning();
    const left = this.#chunk.length - this.#at;
    if (left === 0) return 'need-more';
    const needed = this.#measure(this.#chunk, this.#at, this.#chunk.length);
    if (needed < 0) return 'bad-length';
    if (needed > left) {
      this.#reserve(needed);
      return this.#nextSpanning();
    }
    this.bytes = this.#chunk;
    this.start = this.#at;
    this.end = this.#at + needed;
    this.isOwned = false;
    this.#at = this.end;
    return 'packet';
  }

  #nextSpanning(): PacketState {
    for (;;) {
      const take = Math.min(this.#wanted - this.#filled, this.#chunk.length - this.#at);
      this.#chunk.copy(this.#partial, this.#filled, this.#at, this.#at + take);
      this.#filled += take;
      this.#at += take;
      if (this.#filled < this.#wanted) return 'need-more';
      const needed = this.#measure(this.#partial, 0, this.#filled);
      if (needed < 0) return 'bad-length';
      if (needed === this.#filled) break;
      this.#reserve(needed);
    }
    this.bytes = this.#partial;
    this.start = 0;
    this.end = this.#filled;
    this.isOwned = true;
    this.#partial = NONE;
    this.#filled = 0;
    this.#wanted = 0;
    return 'packet';
  }

  #reserve(needed: number): void {
    if (needed > this.#partial.length) {
      // Doubled, so that a long list of short identities is not copied once for each of them.
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(this.#partial.length * 2, IDENTITY_BYTES_MAX)),
      );
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    this.#wanted = needed;
  }

  /** How many bytes the packet has at the least, as far as `bytes[start, end)` shows; −1 where a length is refused. */
  #measure(bytes: Buffer, start: number, end: number): number {
    const have = end - start;
    if (have < FIXED_BYTES) return FIXED_BYTES;
    const dataLength = bytes.readInt32BE(start + TYPE_AND_ZXID_BYTES);
    if (dataLength < -1 || dataLength > this.#dataBytesMax) return this.#refuse(dataLength);
    const countAt = FIXED_BYTES + Math.max(0, dataLength);
    let at = countAt + 4;
    if (have < at) return at;
    const count = bytes.readInt32BE(start + countAt);
    if (count < -1 || count > IDENTITIES_MAX) return this.#refuse(count);
    for (let strings = Math.max(0, count) * 2; strings > 0; strings--) {
      // Each of those to come has a length of its own at the least.
      if (have < at + 4) return at + strings * 4;
      const length = bytes.readInt32BE(start + at);
      at += 4 + Math.max(0, length);
      if (length < -1 || at - countAt > IDENTITY_BYTES_MAX) return this.#refuse(length);
    }
    return at;
  }

  #refuse(length: number): number {
    this.badLength = length;
    return -1;
  }
}

const NONE = Buffer.alloc(0);
