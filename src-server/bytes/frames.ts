/**
 * Cuts a byte stream into length-prefixed frames: i32 length, then that many bytes.
 *
 * Frames are pulled, so that whoever is not ready for the next one simply does not ask; what has arrived stays here. A frame
 * that lies whole in its chunk is given as offsets, without a copy; only one that spans chunks is put together, in a buffer
 * reserved after its length was found to be within the limit.
 */
import { assert } from '../base/assert.ts';

export type FrameState = 'frame' | 'need-more' | 'bad-length';

const HEADER_BYTES = 4;

export class Frames {
  /** Body of the current frame: `bytes[start, end)`, borrowed until the next call of `next`. */
  bytes: Buffer = NONE;
  start = 0;
  end = 0;
  /** The refused length after 'bad-length'. */
  badLength = 0;

  readonly #bytesMax: number;
  #chunk: Buffer = NONE;
  #at = 0;
  /** A frame that spans chunks: its header and body so far. */
  #partial: Buffer = NONE;
  #filled = 0;
  /** Header and body length of the partial frame, or just the header while that is incomplete. */
  #wanted = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Hands over the next chunk of the stream. Every frame of the previous one must have been taken. */
  push(chunk: Buffer): void {
    assert(this.#at === this.#chunk.length, 'a chunk is used up before the next one');
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** True while bytes of the current chunk have not been looked at. */
  get hasUnread(): boolean {
    return this.#at < this.#chunk.length;
  }

  next(): FrameState {
    if (this.#wanted > 0) return this.#nextSpanning();
    const left = this.#chunk.length - this.#at;
    if (left < HEADER_BYTES) {
      if (left > 0) this.#startSpanning(HEADER_BYTES);
      return 'need-more';
    }
    const length = this.#chunk.readInt32BE(this.#at);
    if (length < 0 || length > this.#bytesMax) return this.#refuse(length);
    if (left - HEADER_BYTES < length) {
      this.#startSpanning(HEADER_BYTES + length);
      return 'need-more';
    }
    this.bytes = this.#chunk;
    this.start = this.#at + HEADER_BYTES;
    this.end = this.start + length;
    this.#at = this.end;
    return 'frame';
  }

  #startSpanning(wanted: number): void {
    this.#partial = Buffer.allocUnsafeSlow(wanted);
    this.#wanted = wanted;
    this.#filled = 0;
    this.#fill();
  }

  #nextSpanning(): FrameState {
    this.#fill();
    if (this.#filled < this.#wanted) return 'need-more';
    if (this.#wanted === HEADER_BYTES) {
      const length = this.#partial.readInt32BE(0);
      if (length < 0 || length > this.#bytesMax) return this.#refuse(length);
      if (length > 0) {
        const whole = Buffer.allocUnsafeSlow(HEADER_BYTES + length);
        whole.set(this.#partial);
        this.#partial = whole;
        this.#wanted = whole.length;
        this.#fill();
        if (this.#filled < this.#wanted) return 'need-more';
      }
    }
    this.bytes = this.#partial;
    this.start = HEADER_BYTES;
    this.end = this.#wanted;
    this.#partial = NONE;
    this.#wanted = 0;
    this.#filled = 0;
    return 'frame';
  }

  #fill(): void {
    const take = Math.min(this.#wanted - this.#filled, this.#chunk.length - this.#at);
    this.#chunk.copy(this.#partial, this.#filled, this.#at, this.#at + take);
    this.#filled += take;
    this.#at += take;
  }

  #refuse(length: number): FrameState {
    this.badLength = length;
    return 'bad-length';
  }
}

const NONE = Buffer.alloc(0);
