/**
 * The segmented log of a node: records go to the end, segments leave at the beginning, oldest first.
 *
 *   first ─▶ ├ segment 7 ┤├ segment 8 ┤├ segment 9 …  ◀─ active
 *
 * That order is what makes deletions simple: whatever lies before a record is older than it, so a deletion may be forgotten
 * with the segment it lies in (E7).
 */
import { assert } from '../../base/assert.ts';
import type { Disk } from '../../platform/disk.ts';
import {
  positionOf,
  RECORD_HEADER_BYTES,
  recordBytes,
  type RecordHeader,
  sealRecord,
  tieOf,
} from './record.ts';
import { Segment, SEGMENT_HEADER_BYTES } from './segment.ts';

export interface LogOptions {
  /** Null keeps every byte in memory. */
  readonly disk: Disk | null;
  readonly directory: string;
  readonly logId: Uint8Array;
  readonly segmentBytes: number;
}

/** Bytes that were written and stay in memory, because what is newest is asked for most: by replicas, to begin with. */
const HOT_BYTES = 0x80_0000;
/** Reads share slabs of this size; larger ones get their own. */
const READ_SLAB_BYTES = 0x4_0000;
/** A table tells segments apart by sixteen bits. */
const SEGMENTS_MAX = 0xff00;

export class Log {
  readonly disk: Disk | null;
  readonly directory: string;
  readonly logId: Uint8Array;
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];
  #first = 1;
  #hotBytes = 0;
  #totalBytes = 0;
  #appendedBytes = 0;
  #appends = 0;
  #slab: Buffer = Buffer.alloc(0);
  #slabUsed = 0;

  constructor(options: LogOptions) {
    this.disk = options.disk;
    this.directory = options.directory;
    this.logId = options.logId;
    this.#segmentBytes = options.segmentBytes;
  }

  // --- segments ---

  /** Oldest first; the last one is written to. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get oldest(): Segment {
    return this.#segments[0]!;
  }

  get active(): Segment {
    return this.#segments.at(-1)!;
  }

  /** Of all segments together. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Ever appended since it was opened; what a waiter for durability remembers. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  get appends(): number {
    return this.#appends;
  }

  get hotBytes(): number {
    return this.#hotBytes;
  }

  get isCrowded(): boolean {
    return this.#segments.length >= SEGMENTS_MAX;
  }

  /** By number, or by the low sixteen bits of it. */
  segment(number: number): Segment {
    return this.#segments[(number - this.#first) & 0xffff]!;
  }

  /** A segment that was found, after all that were before it. */
  adopt(segment: Segment): void {
    if (this.#segments.length === 0) this.#first = segment.number;
    assert(segment.number === this.#first + this.#segments.length, 'segments have no gaps');
    this.#segments.push(segment);
    this.#totalBytes += segment.size;
    this.#hotBytes += segment.hotBytes;
  }

  /** A segment that was found ends there. */
  cut(segment: Segment, size: number): void {
    this.#totalBytes -= segment.size - size;
    segment.size = segment.written = segment.durable = segment.batchAt = segment.filled = size;
  }

  /** Begins the next segment. */
  roll(): void {
    const number = this.#segments.length === 0 ? this.#first : this.active.number + 1;
    const segment = Segment.begin(number, this.logId, this.#segmentBytes);
    this.#appendedBytes += segment.size;
    this.adopt(segment);
  }

  /** The oldest one leaves the log; its file is its owner's matter. */
  forgetOldest(): Segment {
    assert(this.#segments.length > 1, 'the active segment stays');
    const segment = this.#segments.shift()!;
    this.#first++;
    this.#totalBytes -= segment.size;
    this.#hotBytes -= segment.hotBytes;
    return segment;
  }

  // --- appending and reading ---

  /** @returns where the record begins; its body follows RECORD_HEADER_BYTES later */
  append(header: RecordHeader, body: Uint8Array): number {
    const bytes = recordBytes(body.length);
    if (this.active.size + bytes > this.#segmentBytes && !this.#isFresh) this.roll();
    const segment = this.active;
    const chunk = segment.reserve(bytes);
    if (chunk.length === 0) this.#hotBytes += chunk.bytes.length;
    const at = chunk.length;
    const offset = segment.size;
    chunk.bytes.set(body, at + RECORD_HEADER_BYTES);
    header.length = body.length;
    header.batch = segment.batchAt;
    sealRecord(chunk.bytes, chunk.view, at, header, tieOf(segment.salt, offset));
    segment.extend(chunk, bytes);
    this.#totalBytes += bytes;
    this.#appendedBytes += bytes;
    this.#appends++;
    return positionOf(segment.number, offset);
  }

  /** Nothing but its header: a record that is longer than a segment gets one of its own. */
  get #isFresh(): boolean {
    return this.active.size <= SEGMENT_HEADER_BYTES;
  }

  /** The first segment with bytes that are not durable, or with zeros behind it though it is full. */
  get oldestDirty(): Segment | null {
    let oldest: Segment | null = null;
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!;
      const isTrimmed = segment === this.active || segment.filled <= segment.size;
      if (segment.durable === segment.size && isTrimmed) break;
      oldest = segment;
    }
    return oldest;
  }

  /** Bytes of a segment, lent until the end of the turn. Fewer than asked for only where the file is shorter than it was. */
  read(segment: Segment, offset: number, length: number): Uint8Array {
    return segment.hot(offset, length) ?? this.readFile(segment, offset, length);
  }

  /** The same from the file, whatever is in memory. */
  readFile(segment: Segment, offset: number, length: number): Uint8Array {
    const into = this.#borrow(length);
    const count = segment.readFile(into, offset);
    return count === length ? into : into.subarray(0, count);
  }

  #borrow(length: number): Buffer {
    if (length > READ_SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(length);
    if (this.#slabUsed + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(READ_SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed;
    this.#slabUsed += length;
    return this.#slab.subarray(from, from + length);
  }

  /** Lets go of what was written and is not among the newest. */
  cool(): void {
    for (const segment of this.#segments) {
      while (this.#hotBytes > HOT_BYTES) {
        const bytes = segment.cool();
        if (bytes === 0) break;
        this.#hotBytes -= bytes;
      }
      if (this.#hotBytes <= HOT_BYTES) return;
    }
  }

  close(): void {
    for (const { file } of this.#segments) file?.close();
  }
}
