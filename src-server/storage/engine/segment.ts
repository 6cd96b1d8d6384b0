/**
 * One file of the log, and those of its bytes that are still in memory: all that are not written, and the newest of the rest.
 *
 *   file     ├── header ──┼─ record ─┼─ record ─┼─ … ─┼─ record ─┤ zeros ┤
 *   chunks                                 ├───────────┼───────────┤  contiguous up to the end; no record crosses two
 *                                durable ──┘   written ──┘    size ──┘       └── filled
 *
 * Zeros stand ahead of the records while the segment is written to, so that a sync costs the file system no new blocks: measured
 * for batches of 56 kB, the median sync took 0.39 ms instead of 1.63.
 *
 *   header   magic u32 │ format u32 │ log id, 8 bytes │ number u32 │ crc u32       twice, 512 bytes apart
 */
import { crc32c } from '../../bytes/checksum.ts';
import { type Disk, DiskError, type DiskFile } from '../../platform/disk.ts';

export const SEGMENT_HEADER_BYTES = 1024;
const HEADER_COPY_AT = 512;
const HEADER_LENGTH = 24;
const MAGIC = 0x5a524c47;
const FORMAT = 1;

export const LOG_ID_BYTES = 8;

const CHUNK_BYTES = 0x10_0000;
/** So many zeros are written ahead at a time. */
const FILL_BYTES = 0x8_0000;
const ZEROS = new Uint8Array(FILL_BYTES);
/** What a disk fails to read at a time, at least. */
const SECTOR_BYTES = 4096;

/** Bytes of a segment that are in memory; records lie in one of them each. */
export interface HotChunk {
  readonly offset: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  length: number;
}

export class Segment {
  readonly number: number;
  /** What the checksums of its records begin with. */
  readonly salt: number;
  size = 0;
  written = 0;
  durable = 0;
  /** Where the file ends; behind `size` there are zeros. */
  filled = 0;
  /** Where the batch began that is being filled. */
  batchAt = SEGMENT_HEADER_BYTES;
  /** Of ops that a table points at, and how many they are. */
  liveBytes = 0;
  liveOps = 0;
  /** Ops that a truncation would bring back. */
  pins = 0;
  hasHint = false;
  file: DiskFile | null = null;
  readonly #chunks: HotChunk[] = [];
  readonly #chunkBytes: number;
  readonly #segmentBytes: number;

  constructor(number: number, logId: Uint8Array, segmentBytes: number) {
    this.number = number;
    this.#segmentBytes = segmentBytes;
    this.salt = saltOf(logId, number);
    this.#chunkBytes = Math.min(CHUNK_BYTES, segmentBytes);
  }

  /** A new one, with its header on its way to the disk. */
  static begin(number: number, logId: Uint8Array, segmentBytes: number): Segment {
    const segment = new Segment(number, logId, segmentBytes);
    const chunk = segment.reserve(SEGMENT_HEADER_BYTES);
    chunk.bytes.set(segmentHeader(number, logId));
    segment.extend(chunk, SEGMENT_HEADER_BYTES);
    return segment;
  }

  /** Room for so many bytes in one piece, at the end: `chunk.length` tells where. */
  reserve(bytes: number): HotChunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length + bytes <= last.bytes.length) return last;
    const memory = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, bytes));
    const chunk: HotChunk = {
      offset: this.size,
      bytes: memory,
      view: new DataView(memory.buffer),
      length: 0,
    };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** The bytes reserved are there now. */
  extend(chunk: HotChunk, bytes: number): void {
    chunk.length += bytes;
    this.size += bytes;
  }

  /** Bytes in memory, or null where they lie in the file only. */
  hot(offset: number, length: number): Uint8Array | null {
    const chunk = this.hotChunk(offset, length);
    if (chunk === null) return null;
    const at = offset - chunk.offset;
    return chunk.bytes.subarray(at, at + length);
  }

  /** Where those bytes are in memory. */
  hotChunk(offset: number, length: number): HotChunk | null {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i]!;
      if (offset >= chunk.offset)
        return offset + length <= chunk.offset + chunk.length ? chunk : null;
    }
    return null;
  }

  /** What is in memory in one piece from there on. */
  hotFrom(offset: number): Uint8Array | null {
    const chunk = this.#chunks.findLast((candidate) => candidate.offset <= offset);
    return chunk?.bytes.subarray(offset - chunk.offset, chunk.length) ?? null;
  }

  /** Writes what is not written; what it throws leaves `written` as it was. */
  write(disk: Disk, directory: string, isActive: boolean): void {
    if (this.file === null) {
      // A first attempt that found no room may have left a file behind.
      this.file = disk.open(disk.join(directory, segmentName(this.number)), 'replace');
      disk.syncDirectory(directory);
    }
    for (const chunk of this.#chunks) {
      if (chunk.offset + chunk.length <= this.written) continue;
      const from = Math.max(0, this.written - chunk.offset);
      this.file.write(chunk.bytes.subarray(from, chunk.length), chunk.offset + from);
      this.written = chunk.offset + chunk.length;
    }
    this.filled = Math.max(this.filled, this.written);
    if (isActive) this.#fillAhead(this.file);
    else this.trim();
  }

  #fillAhead(file: DiskFile): void {
    if (this.filled > this.written) return;
    const bytes = Math.min(FILL_BYTES, this.#segmentBytes - this.filled);
    if (bytes <= 0) return;
    const from = this.filled;
    // Also where not all of them find room: some may have.
    this.filled += bytes;
    try {
      file.write(ZEROS.subarray(0, bytes), from);
    } catch (error) {
      // What matters is written; zeros that find no room are none.
      if (!(error instanceof DiskError) || error.code !== 'full') throw error;
    }
  }

  /** Takes the zeros away: nothing follows any more. */
  trim(): void {
    if (this.filled > this.size) this.file?.truncate(this.size);
    this.filled = this.size;
  }

  /** Bytes of the file, fewer only at its end. A place that cannot be read gives zeros: its checksum tells the rest. */
  readFile(into: Uint8Array, at: number): number {
    const { file } = this;
    if (file === null) return 0;
    try {
      return file.read(into, at);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'io') throw error;
      return into.length <= SECTOR_BYTES ? zeroed(into) : this.#readSectors(into, at);
    }
  }

  #readSectors(into: Uint8Array, at: number): number {
    let done = 0;
    while (done < into.length) {
      const end = Math.min(into.length, done + SECTOR_BYTES - ((at + done) % SECTOR_BYTES));
      const count = this.readFile(into.subarray(done, end), at + done);
      done += count;
      if (done < end) break;
    }
    return done;
  }

  get hotBytes(): number {
    let bytes = 0;
    for (const chunk of this.#chunks) bytes += chunk.bytes.length;
    return bytes;
  }

  /** Lets go of the oldest chunk, where all of it is written. Returns how many bytes that were. */
  cool(): number {
    const chunk = this.#chunks[0];
    if (chunk === undefined || chunk.offset + chunk.length > this.written) return 0;
    this.#chunks.shift();
    return chunk.bytes.length;
  }
}

export function segmentHeader(number: number, logId: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  for (const at of [0, HEADER_COPY_AT]) {
    bytes.writeUInt32BE(MAGIC, at);
    bytes.writeUInt32BE(FORMAT, at + 4);
    bytes.set(logId, at + 8);
    bytes.writeUInt32BE(number, at + 16);
    bytes.writeUInt32BE(crc32c(bytes, at, at + HEADER_LENGTH - 4), at + 20);
  }
  return bytes;
}

/** The log a segment belongs to, or null where neither of its headers can be read. */
export function readSegmentHeader(bytes: Uint8Array, number: number): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const at of [0, HEADER_COPY_AT]) {
    if (at + HEADER_LENGTH > bytes.length) continue;
    const isSound =
      view.getUint32(at) === MAGIC &&
      view.getUint32(at + 4) === FORMAT &&
      view.getUint32(at + 16) === number &&
      view.getUint32(at + 20) === crc32c(bytes, at, at + HEADER_LENGTH - 4);
    if (isSound) return bytes.slice(at + 8, at + 8 + LOG_ID_BYTES);
  }
  return null;
}

function zeroed(bytes: Uint8Array): number {
  bytes.fill(0);
  return bytes.length;
}

/** Nobody outside knows the log's id, so nobody can put a record into a value that would be taken for one. */
function saltOf(logId: Uint8Array, number: number): number {
  return crc32c(logId, 0, logId.length, number >>> 0);
}

const SEGMENT_PREFIX = 'log-';
const HINT_PREFIX = 'hint-';

export function segmentName(number: number): string {
  return `${SEGMENT_PREFIX}${String(number).padStart(10, '0')}`;
}

export function hintName(number: number): string {
  return `${HINT_PREFIX}${String(number).padStart(10, '0')}`;
}

/** The number in the name of a segment, or null for any other file. */
export function segmentNumber(name: string): number | null {
  const match = /^log-(\d{10})$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** The number in the name of a hint, or null for any other file. */
export function hintNumber(name: string): number | null {
  const match = /^hint-(\d{10})$/.exec(name);
  return match === null ? null : Number(match[1]);
}
