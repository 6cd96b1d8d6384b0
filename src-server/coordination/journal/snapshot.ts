/** Writing a snapshot in slices beside live traffic, and reading one. */
import type { Zxid } from '../../base/zxid.ts';
import { ADLER_START, adler32 } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Disk, DiskError, DiskFile } from '../../platform/disk.ts';
import { DIGEST_VERSION } from '../model/txn.ts';
import { numberedName, temporaryName } from './file-names.ts';
import { ImageReader, ImageWriter } from './image.ts';
import { JournalError } from './journal-error.ts';
import { isPacked, openReadable, type ReadableFile } from './packed-file.ts';
import {
  END_BYTES,
  END_PATH,
  type Packing,
  SNAPSHOT_HEADER_BYTES,
  SNAPSHOT_MAGIC,
  SNAPSHOT_PREFIX,
  SNAPSHOT_VERSION,
  type SnapshotSink,
  type SnapshotSource,
  type StatedDigest,
  writeSnapshotHeader,
} from './snapshot-format.ts';

/** A slice ends after this long, so that no client waits noticeably longer for it … */
const SLICE_MS = 4;
/** … and, whatever the clock says, after so many entries or bytes: what they take at most is a few milliseconds more. */
export const SLICE_ENTRIES = 4096;
export const SLICE_BYTES = 0x10_0000;
/** Looking at the clock costs as much as writing a node, so it is done once in so many. */
const ENTRIES_PER_LOOK = 64;
const WRITE_BYTES = 0x4_0000;
/** Data is pushed to the disk in such portions, or the log's next sync would have to wait for all of it. */
const SYNC_BYTES = 0x40_0000;

export interface SnapshotJob {
  readonly zxid: Zxid;
  readonly startedMs: number;
  readonly nodesWritten: number;
  readonly nodesTotal: number;
  /** @param gone called once nothing of it is under way any more; it may have been too late */
  cancel(gone: () => void): void;
}

export interface SnapshotOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly zxid: Zxid;
  readonly source: SnapshotSource;
  /** Asked once the nodes are written: what replay must find when it gets to that zxid. Null leaves the section out. */
  readonly digest: (() => StatedDigest | null) | null;
  /** The section 3.9 added: the zxid the writer had reached. */
  readonly withLastZxid: boolean;
  /** Null, or left out, for a file as it is. */
  readonly packing?: Packing | null;
  /** Runs `go` when the file, which is whole and durable, may get its name. At once, unless there is something to wait for. */
  readonly whenPublishable?: (go: () => void) => void;
  /** Gives the file its name, unless that is all there is to do. */
  readonly publish?: (temporary: string) => void;
  /** Not called for one that was cancelled in time. */
  readonly done: (error: DiskError | null, bytes: number) => void;
}

/** Starts at the end of this turn. The file gets its name only once it is whole and durable. */
export function writeSnapshot(options: SnapshotOptions): SnapshotJob {
  return new Writing(options);
}

class Writing implements SnapshotJob {
  readonly zxid: Zxid;
  readonly startedMs: number;
  readonly #options: SnapshotOptions;
  readonly #image: ImageWriter;
  readonly #writer = new Writer(WRITE_BYTES * 2);
  readonly #temporary: string;
  #file: DiskFile | null = null;
  #checksum = ADLER_START;
  /** In what is packed, and in the file. */
  #position = 0;
  #fileAt = 0;
  #syncedTo = 0;
  #isCancelled = false;
  #gone: () => void = () => undefined;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.zxid = options.zxid;
    this.startedMs = options.clock.nowMs();
    this.#image = new ImageWriter(options.source);
    this.#temporary = options.disk.join(
      options.directory,
      temporaryName(SNAPSHOT_PREFIX, options.zxid),
    );
    options.clock.defer(() => this.#start());
  }

  get nodesWritten(): number {
    return this.#image.nodesWritten;
  }

  get nodesTotal(): number {
    return Math.max(this.nodesWritten, this.#options.source.nodeCount);
  }

  cancel(gone: () => void): void {
    this.#isCancelled = true;
    this.#gone = gone;
  }

  #start(): void {
    this.#guard(() => {
      this.#file = this.#options.disk.open(this.#temporary, 'replace');
      const { packing } = this.#options;
      if (packing) this.#put(packing.header);
      writeSnapshotHeader(this.#writer);
      this.#slice();
    });
  }

  #slice(): void {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + SLICE_MS;
    const image = this.#image;
    const untilEntries = image.entries + SLICE_ENTRIES;
    const untilBytes = this.#position + SLICE_BYTES;
    for (;;) {
      if (!image.writeEntry(this.#writer)) {
        this.#finish();
        return;
      }
      const isFull = this.#writer.length >= WRITE_BYTES;
      if (isFull) this.#flush();
      if (!isFull && image.entries % ENTRIES_PER_LOOK !== 0) continue;
      if (image.entries >= untilEntries || this.#position >= untilBytes) break;
      if (clock.nowMs() >= untilMs) break;
    }
    if (this.#position - this.#syncedTo < SYNC_BYTES) {
      clock.defer(() => this.#guard(() => this.#slice()));
      return;
    }
    this.#syncedTo = this.#position;
    this.#file!.sync((error) =>
      this.#guard(() => (error === null ? this.#slice() : this.#fail(error))),
    );
  }

  #finish(): void {
    const { digest, withLastZxid } = this.#options;
    const writer = this.#writer;
    this.#seal();
    const stated = digest?.() ?? null;
    if (stated !== null) {
      writer.long(stated.zxid);
      writer.int32(DIGEST_VERSION);
      // Where nothing was applied yet, Apache states none.
      if (stated.zxid === 0) writer.long(0);
      else writer.halves(stated.high | 0, stated.low | 0);
      this.#seal();
      if (withLastZxid) {
        writer.long(stated.zxid);
        this.#seal();
      }
    }
    this.#flush();
    this.#file!.sync((error) =>
      this.#guard(() => (error === null ? this.#close() : this.#fail(error))),
    );
  }

  #close(): void {
    this.#file!.close();
    this.#file = null;
    const publish = (): void => this.#guard(() => this.#publish());
    const { whenPublishable } = this.#options;
    if (whenPublishable === undefined) publish();
    else whenPublishable(publish);
  }

  #publish(): void {
    const { disk, directory, publish, packing } = this.#options;
    const name = numberedName(SNAPSHOT_PREFIX, this.zxid) + (packing?.ending ?? '');
    if (publish === undefined) disk.rename(this.#temporary, disk.join(directory, name));
    else publish(this.#temporary);
    disk.syncDirectory(directory, (error) => this.#end(error, this.#fileAt));
  }

  /** The checksum of everything so far, and the string "/". */
  #seal(): void {
    this.#flush();
    this.#writer.long(this.#checksum);
    this.#writer.string(END_PATH);
  }

  #flush(): void {
    const bytes = this.#writer.view();
    this.#checksum = adler32(bytes, 0, bytes.length, this.#checksum);
    this.#put(this.#options.packing?.pack(bytes) ?? bytes);
    this.#position += bytes.length;
    this.#writer.clear();
  }

  #put(bytes: Uint8Array): void {
    this.#file!.write(bytes, this.#fileAt);
    this.#fileAt += bytes.length;
  }

  #guard(work: () => void): void {
    if (this.#isCancelled) {
      this.#cleanUp();
      this.#gone();
      return;
    }
    try {
      work();
    } catch (error) {
      // Whatever goes wrong with a snapshot, the log has everything: it is tried again later.
      this.#fail(error as DiskError);
    }
  }

  #fail(error: DiskError): void {
    this.#cleanUp();
    this.#end(error, 0);
  }

  #end(error: DiskError | null, bytes: number): void {
    this.#options.done(error, bytes);
    this.#gone();
  }

  #cleanUp(): void {
    const { disk, source } = this.#options;
    source.close();
    this.#file?.close();
    this.#file = null;
    disk.remove(this.#temporary);
  }
}

/** Whether the file ends as a finished snapshot does. */
export function looksFinished(disk: Disk, path: string): boolean {
  // Of a packed one only its reading tells.
  if (isPacked(path)) return true;
  const file = disk.open(path, 'read');
  try {
    const size = file.size();
    if (size < END_BYTES.length * 2) return false;
    const tail = Buffer.alloc(END_BYTES.length);
    file.read(tail, size - END_BYTES.length);
    return tail.equals(END_BYTES);
  } finally {
    file.close();
  }
}

/**
 * Reads a snapshot into an empty state.
 * @returns the digest it states, or null
 * @throws JournalError where the file is damaged
 */
export function readSnapshot(options: {
  readonly disk: Disk;
  readonly path: string;
  readonly sink: SnapshotSink;
  readonly onProgress: (bytes: number, total: number) => void;
}): StatedDigest | null {
  const reading = new SnapshotReading({ ...options, readBytes: READ_BYTES });
  try {
    reading.begin();
    while (!reading.readPiece());
    return reading.finish().digest;
  } finally {
    reading.close();
  }
}

const READ_BYTES = 0x10_0000;
/** More than any section but the image takes. */
const SECTION_BYTES = 128;

/** What stands behind the nodes. */
export interface SnapshotEnd {
  readonly digest: StatedDigest | null;
  /** The zxid its writer had reached; null where it does not say. */
  readonly lastZxid: number | null;
}

/** Reading one piece by piece: `begin`, `readPiece` until it says that the image is whole, `finish`. */
export class SnapshotReading {
  readonly #path: string;
  readonly #file: ReadableFile;
  #size: number;
  readonly #readBytes: number;
  readonly #onProgress: (bytes: number, total: number) => void;
  readonly #reader = new Reader();
  readonly image: ImageReader;
  #buffer = Buffer.alloc(0);
  /** Where in the file the buffer begins. */
  #bufferAt = 0;
  #checksum = ADLER_START;
  /** The checksum covers the buffer up to here. */
  #summedTo = 0;

  constructor(options: {
    readonly disk: Disk;
    readonly path: string;
    readonly sink: SnapshotSink;
    readonly readBytes: number;
    readonly onProgress: (bytes: number, total: number) => void;
  }) {
    this.#path = options.path;
    this.#file = openReadable(options.disk, options.path);
    this.#size = this.#file.size();
    this.#readBytes = options.readBytes;
    this.#onProgress = options.onProgress;
    this.image = new ImageReader(options.sink, {
      bytesMax: Math.max(0, this.#size - SNAPSHOT_HEADER_BYTES),
    });
  }

  get position(): number {
    return this.#bufferAt + this.#reader.at;
  }

  /** As far as it is known: of a packed file, a guess. */
  get size(): number {
    return Math.max(this.position, Math.min(this.#size, this.#file.sizeGuess));
  }

  close(): void {
    this.#file.close();
  }

  begin(): void {
    const reader = this.#reader;
    this.#need(SNAPSHOT_HEADER_BYTES);
    if (reader.int32() !== SNAPSHOT_MAGIC || reader.int32() !== SNAPSHOT_VERSION) {
      throw this.#damaged('this is not a snapshot of format version 2');
    }
    reader.long();
  }

  /** @returns whether that was the end of the image */
  readPiece(): boolean {
    const { image } = this;
    this.#reader.at = image.take(this.#buffer, this.#reader.at);
    if (image.isWhole) return true;
    if (image.problem !== null) throw this.#damaged(image.problem);
    if (this.#isAllThere) throw this.#damaged('the file ends within the image');
    this.#need(image.wanted);
    return false;
  }

  finish(): SnapshotEnd {
    const reader = this.#reader;
    this.#checkSeal();
    // The end of a packed file is known when it was read.
    this.#need(1);
    if (this.#left === 0) return { digest: null, lastZxid: null };
    this.#need(SECTION_BYTES);
    const zxid = reader.long();
    const version = reader.int32();
    // The digests of version 1 were text.
    if (version < DIGEST_VERSION) reader.string();
    const high = version < DIGEST_VERSION ? 0 : reader.int32() >>> 0;
    const low = version < DIGEST_VERSION ? 0 : reader.int32() >>> 0;
    this.#checkSeal();
    let lastZxid: number | null = null;
    this.#need(1);
    if (this.#left > 0) {
      this.#need(SECTION_BYTES);
      lastZxid = reader.long();
      this.#checkSeal();
    }
    const isStated = version === DIGEST_VERSION && zxid > 0;
    return { digest: isStated ? { zxid, high, low } : null, lastZxid };
  }

  #checkSeal(): void {
    this.#sum(this.#reader.at);
    this.#need(SECTION_BYTES);
    const expected = this.#checksum;
    const stated = this.#reader.long();
    const end = this.#reader.string();
    if (!this.#reader.ok) throw this.#damaged('the file ends within a seal');
    if (stated !== expected || end !== END_PATH) throw this.#damaged('the checksum does not match');
  }

  /** Whether the buffer reaches to the end of the file. */
  get #isAllThere(): boolean {
    return this.#bufferAt + this.#buffer.length >= this.#size;
  }

  get #left(): number {
    return this.#size - this.#bufferAt - this.#reader.at;
  }

  /** Makes at least so many bytes available, or all that are left. */
  #need(bytes: number): void {
    const reader = this.#reader;
    if (reader.left >= bytes || this.#isAllThere) return;
    this.#sum(reader.at);
    const from = this.#bufferAt + reader.at;
    const length = Math.min(this.#size - from, Math.max(this.#readBytes, bytes));
    const buffer = Buffer.allocUnsafeSlow(length);
    const read = this.#file.read(buffer, from);
    if (read < length) this.#size = from + read;
    this.#buffer = buffer.subarray(0, read);
    this.#bufferAt = from;
    this.#summedTo = 0;
    reader.reset(this.#buffer, 0, read);
    this.#onProgress(from, this.size);
  }

  #sum(to: number): void {
    this.#checksum = adler32(this.#buffer, this.#summedTo, to, this.#checksum);
    this.#summedTo = to;
  }

  #damaged(problem: string): JournalError {
    return new JournalError(
      'damaged',
      this.#path,
      this.position,
      problem,
      'An older snapshot is tried; without one, restore the directory from a backup',
    );
  }
}
