/** Writing a snapshot in slices beside live traffic, and reading one. */
import type { Zxid } from '../../base/zxid.ts';
import { ADLER_START, adler32 } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Disk, DiskError, DiskFile } from '../../platform/disk.ts';
import { DIGEST_VERSION } from '../model/txn.ts';
import { readAcl, writeAcl } from '../wire/jute.ts';
import { numberedName, temporaryName } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import {
  END_BYTES,
  END_PATH,
  readStoredStat,
  SNAPSHOT_MAGIC,
  SNAPSHOT_PREFIX,
  SNAPSHOT_VERSION,
  type SnapshotSink,
  type SnapshotSource,
  type StatedDigest,
  type StoredStat,
  writeSnapshotHeader,
  writeStoredStat,
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
  cancel(): void;
}

export interface SnapshotOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly zxid: Zxid;
  readonly source: SnapshotSource;
  /** Asked once the nodes are written: what replay must find when it gets to that zxid. Null leaves the section out. */
  readonly digest: (() => StatedDigest) | null;
  /** The section 3.9 added: the zxid the writer had reached. */
  readonly withLastZxid: boolean;
  readonly done: (error: DiskError | null, bytes: number) => void;
}

/** Starts at the end of this turn. The file gets its name only once it is whole and durable. */
export function writeSnapshot(options: SnapshotOptions): SnapshotJob {
  return new Writing(options);
}

class Writing implements SnapshotJob {
  readonly zxid: Zxid;
  readonly startedMs: number;
  nodesWritten = 0;
  /** Sessions, lists and nodes written. */
  #entries = 0;
  readonly #options: SnapshotOptions;
  readonly #writer = new Writer(WRITE_BYTES * 2);
  readonly #temporary: string;
  #file: DiskFile | null = null;
  #checksum = ADLER_START;
  #position = 0;
  #syncedTo = 0;
  #isCancelled = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.zxid = options.zxid;
    this.startedMs = options.clock.nowMs();
    this.#temporary = options.disk.join(
      options.directory,
      temporaryName(SNAPSHOT_PREFIX, options.zxid),
    );
    options.clock.defer(() => this.#start());
  }

  get nodesTotal(): number {
    return Math.max(this.nodesWritten, this.#options.source.nodeCount);
  }

  cancel(): void {
    this.#isCancelled = true;
  }

  #start(): void {
    this.#guard(() => {
      const { source, disk } = this.#options;
      this.#file = disk.open(this.#temporary, 'replace');
      writeSnapshotHeader(this.#writer);
      this.#writer.int32(source.sessions.length);
      if (source.sessions.length === 0) this.#writer.int32(source.acls.length);
      this.#slice();
    });
  }

  #slice(): void {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + SLICE_MS;
    const untilEntries = this.#entries + SLICE_ENTRIES;
    const untilBytes = this.#position + SLICE_BYTES;
    for (;;) {
      if (!this.#writeEntry()) {
        this.#finish();
        return;
      }
      this.#entries++;
      const isFull = this.#writer.length >= WRITE_BYTES;
      if (isFull) this.#flush();
      if (!isFull && this.#entries % ENTRIES_PER_LOOK !== 0) continue;
      if (this.#entries >= untilEntries || this.#position >= untilBytes) break;
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

  /** The next session, list or node, in that order; false when there are no more. */
  #writeEntry(): boolean {
    const { source } = this.#options;
    const { sessions, acls } = source;
    const listAt = this.#entries - sessions.length;
    if (listAt < 0) {
      const { id, timeoutMs } = sessions[this.#entries]!;
      this.#writer.bigint(id);
      this.#writer.int32(timeoutMs);
      if (listAt === -1) this.#writer.int32(acls.length);
      return true;
    }
    if (listAt < acls.length) {
      const { id, acl } = acls[listAt]!;
      this.#writer.long(id);
      writeAcl(this.#writer, acl);
      return true;
    }
    if (!source.next()) return false;
    this.#writeNode(source);
    this.nodesWritten++;
    return true;
  }

  #writeNode(source: SnapshotSource): void {
    const writer = this.#writer;
    writer.string(source.path);
    const length = source.dataLength;
    writer.int32(length);
    if (length > 0) writer.raw(source.dataBytes, source.dataOffset, length);
    writer.long(source.acl);
    writeStoredStat(writer, source.stat);
  }

  #finish(): void {
    const { digest, withLastZxid } = this.#options;
    const writer = this.#writer;
    writer.string(END_PATH);
    this.#seal();
    const stated = digest?.();
    if (stated !== undefined) {
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
      this.#guard(() => (error === null ? this.#publish() : this.#fail(error))),
    );
  }

  #publish(): void {
    const { disk, directory } = this.#options;
    this.#file!.close();
    this.#file = null;
    disk.rename(this.#temporary, disk.join(directory, numberedName(SNAPSHOT_PREFIX, this.zxid)));
    disk.syncDirectory(directory, (error) => this.#options.done(error, this.#position));
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
    this.#file!.write(bytes, this.#position);
    this.#position += bytes.length;
    this.#writer.clear();
  }

  #guard(work: () => void): void {
    if (this.#isCancelled) {
      this.#cleanUp();
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
    this.#options.done(error, 0);
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
  const reading = new Reading(options.disk, options.path, options.onProgress);
  try {
    return reading.readInto(options.sink);
  } finally {
    reading.close();
  }
}

const READ_BYTES = 0x10_0000;
/** More than any node's fixed part, so that one check covers the next few fields. */
const FIXED_BYTES = 128;

class Reading {
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #size: number;
  readonly #onProgress: (bytes: number, total: number) => void;
  readonly #reader = new Reader();
  #buffer = Buffer.alloc(0);
  /** Where in the file the buffer begins. */
  #bufferAt = 0;
  #checksum = ADLER_START;
  /** The checksum covers the buffer up to here. */
  #summedTo = 0;

  constructor(disk: Disk, path: string, onProgress: (bytes: number, total: number) => void) {
    this.#path = path;
    this.#file = disk.open(path, 'read');
    this.#size = this.#file.size();
    this.#onProgress = onProgress;
  }

  close(): void {
    this.#file.close();
  }

  readInto(sink: SnapshotSink): StatedDigest | null {
    const reader = this.#reader;
    this.#need(FIXED_BYTES);
    if (reader.int32() !== SNAPSHOT_MAGIC || reader.int32() !== SNAPSHOT_VERSION) {
      throw this.#damaged('this is not a snapshot of format version 2');
    }
    reader.long();
    this.#readSessions(sink);
    this.#readAcls(sink);
    this.#readNodes(sink);
    this.#checkSeal();
    if (this.#left === 0) return null;
    this.#need(FIXED_BYTES);
    const zxid = reader.long();
    const version = reader.int32();
    // The digests of version 1 were text.
    if (version < DIGEST_VERSION) reader.string();
    const high = version < DIGEST_VERSION ? 0 : reader.int32() >>> 0;
    const low = version < DIGEST_VERSION ? 0 : reader.int32() >>> 0;
    this.#checkSeal();
    if (this.#left > 0) {
      this.#need(FIXED_BYTES);
      reader.long();
      this.#checkSeal();
    }
    return version === DIGEST_VERSION && zxid > 0 ? { zxid, high, low } : null;
  }

  #readSessions(sink: SnapshotSink): void {
    for (let left = this.#count(); left > 0; left--) {
      this.#need(FIXED_BYTES);
      sink.addSession(this.#reader.bigint(), this.#reader.int32());
      this.#check();
    }
  }

  #readAcls(sink: SnapshotSink): void {
    for (let left = this.#count(); left > 0; left--) {
      // A list says how many entries it has and not how many bytes, so it is tried with more and more of them.
      for (let bytes = FIXED_BYTES; ; bytes *= 4) {
        this.#need(bytes);
        const { at } = this.#reader;
        const key = this.#reader.long();
        const acl = readAcl(this.#reader) ?? [];
        if (this.#reader.ok) {
          sink.addAcl(key, acl);
          break;
        }
        if (this.#isAllThere) this.#check();
        this.#reader.reset(this.#buffer, at, this.#buffer.length);
      }
    }
  }

  #readNodes(sink: SnapshotSink): void {
    const reader = this.#reader;
    const stat: StoredStat = {
      czxid: 0,
      mzxid: 0,
      pzxid: 0,
      ctime: 0,
      mtime: 0,
      version: 0,
      cversion: 0,
      aversion: 0,
      ownerHigh: 0,
      ownerLow: 0,
    };
    for (;;) {
      this.#needNext();
      const path = reader.string();
      if (path === END_PATH) return;
      this.#check();
      this.#needNext();
      const data = reader.view();
      this.#need(FIXED_BYTES);
      const acl = reader.long();
      readStoredStat(reader, stat);
      this.#check();
      const problem = path === null ? 'a node without a path' : sink.addNode(path, data, acl, stat);
      if (problem !== null) throw this.#damaged(problem);
    }
  }

  #count(): number {
    this.#need(FIXED_BYTES);
    const count = this.#reader.int32();
    if (count < 0 || count * 8 > this.#left)
      throw this.#damaged(`a list of ${count} entries does not fit the file`);
    return count;
  }

  #checkSeal(): void {
    this.#sum(this.#reader.at);
    this.#need(FIXED_BYTES);
    const expected = this.#checksum;
    const stated = this.#reader.long();
    const end = this.#reader.string();
    this.#check();
    if (stated !== expected || end !== END_PATH) throw this.#damaged('the checksum does not match');
  }

  /** Whether the buffer reaches to the end of the file. */
  get #isAllThere(): boolean {
    return this.#bufferAt + this.#buffer.length >= this.#size;
  }

  get #left(): number {
    return this.#size - this.#bufferAt - this.#reader.at;
  }

  #check(): void {
    if (!this.#reader.ok)
      throw this.#damaged('the file ends within a record, or a length is wrong');
  }

  /** Makes the length-prefixed field at the cursor whole in the buffer, with its fixed followers. */
  #needNext(): void {
    this.#need(4);
    const length = this.#reader.left >= 4 ? this.#buffer.readInt32BE(this.#reader.at) : 0;
    if (length > this.#left)
      throw this.#damaged(`a field of ${length} bytes does not fit the file`);
    this.#need(FIXED_BYTES + Math.max(0, length));
  }

  /** Makes at least so many bytes available, or all that are left. */
  #need(bytes: number): void {
    const reader = this.#reader;
    if (reader.left >= bytes || this.#isAllThere) return;
    this.#sum(reader.at);
    const from = this.#bufferAt + reader.at;
    const length = Math.min(this.#size - from, Math.max(READ_BYTES, bytes));
    const buffer = Buffer.allocUnsafeSlow(length);
    const read = this.#file.read(buffer, from);
    this.#buffer = buffer.subarray(0, read);
    this.#bufferAt = from;
    this.#summedTo = 0;
    reader.reset(this.#buffer, 0, read);
    this.#onProgress(from, this.#size);
  }

  #sum(to: number): void {
    this.#checksum = adler32(this.#buffer, this.#summedTo, to, this.#checksum);
    this.#summedTo = to;
  }

  #damaged(problem: string): JournalError {
    return new JournalError(
      'damaged',
      this.#path,
      this.#bufferAt + this.#reader.at,
      problem,
      'An older snapshot is tried; without one, restore the directory from a backup',
    );
  }
}
