/**
 * A place in the log, for whoever reads it piece by piece while it is being written, rolled and purged.
 *
 *   log.1 ─────┐ log.9 ────────┐ log.1f ───────┐◀ being written
 *              └ 1 … 8         └ 9 … 1e  ▲     └ 1f … 34
 *                                      cursor: what comes next
 */
import { type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import type { Disk } from '../../platform/disk.ts';
import type { OpCode } from '../model/ops.ts';
import { listNumbered, listPackable, numberedName } from './file-names.ts';
import { SNAPSHOT_PREFIX } from './snapshot-format.ts';
import { LOG_HEADER_BYTES, LOG_PREFIX } from './txnlog-format.ts';
import { LogScan } from './txnlog-scan.ts';

export interface LogEntry {
  readonly zxid: Zxid;
  readonly type: OpCode;
  /** A copy of its own. */
  readonly payload: Buffer;
}

export interface LogPiece {
  readonly entries: readonly LogEntry[];
  /** 'more': the piece is full; 'end': that is all, up to what was asked for. */
  readonly end: 'more' | 'end';
}

export interface LogPlaces {
  readonly disk: Disk;
  readonly snapshotDir: string;
  readonly logDir: string;
  readonly recordBytesMax: number;
}

/** Entries of a piece take about so much together; what is read in one go is no more than a few milliseconds' work. */
const PIECE_BYTES = 0x4_0000;
const PIECE_ENTRIES = 2048;
/** Of the bytes behind the last record, the smallest hole that is taken for the end of a file extended ahead of writing. */
const HOLE_BYTES = 4096;

/** On the way to a transaction: files that may hold it, newest first, and the best place seen in the first of them. */
interface Search {
  readonly wanted: Zxid;
  readonly files: Zxid[];
  position: number;
  found: { readonly zxid: Zxid; readonly begin: number; readonly end: number } | null;
}

/** A piece on the way; it may go over several files. */
interface Taken {
  readonly entries: LogEntry[];
  bytes: number;
}

export class LogCursor {
  readonly #places: LogPlaces;
  #search: Search | null = null;
  /** The log it stands in. */
  #file = ZXID_ZERO;
  #position = LOG_HEADER_BYTES;
  /** The transaction before what comes next; null while nothing was read. */
  #last: Zxid | null = null;

  constructor(places: LogPlaces) {
    this.#places = places;
  }

  get last(): Zxid | null {
    return this.#last;
  }

  /**
   * Goes on towards the last transaction at or before `wanted`, for a few milliseconds' work.
   * @param side whether that transaction is what comes next, or was the last one
   * @returns 'later' when there is more of the way, 'missing' where the log begins after it
   * @throws JournalError, DiskError where the log cannot be read
   */
  seek(wanted: Zxid, side: 'before' | 'behind'): 'found' | 'later' | 'missing' {
    const search = (this.#search ??= {
      wanted,
      files: this.#logs()
        .filter((zxid) => zxid <= wanted)
        .reverse(),
      position: LOG_HEADER_BYTES,
      found: null,
    });
    const file = search.files[0];
    if (file === undefined) {
      this.#search = null;
      return 'missing';
    }
    if (!this.#searchIn(file, search)) return 'later';
    const { found } = search;
    if (found === null) {
      search.files.shift();
      search.position = LOG_HEADER_BYTES;
      return 'later';
    }
    this.#search = null;
    this.#file = file;
    this.#position = side === 'before' ? found.begin : found.end;
    this.#last = side === 'before' ? null : found.zxid;
    return 'found';
  }

  /** @returns whether everything of the file that matters was seen */
  #searchIn(file: Zxid, search: Search): boolean {
    return this.#within(file, search.position, (scan) => {
      for (let seen = 0; seen < PIECE_ENTRIES; seen++) {
        const txn = scan.next();
        if (txn === null || txn.zxid > search.wanted) return true;
        search.found = { zxid: txn.zxid, begin: scan.offset, end: scan.position };
        search.position = scan.position;
      }
      return false;
    });
  }

  /** About how many bytes there are from here to the end of the log. */
  bytesLeft(): number {
    return this.#logs()
      .filter((file) => file >= this.#file)
      .reduce((sum, file) => {
        const begin = file === this.#file ? this.#position : LOG_HEADER_BYTES;
        return sum + Math.max(0, this.#endOf(file) - begin);
      }, 0);
  }

  /**
   * The next transactions, up to and including `upTo`.
   * @returns null where there is a gap in the log that only a snapshot covers
   * @throws JournalError, DiskError where the log cannot be read
   */
  read(upTo: Zxid): LogPiece | null {
    const piece: Taken = { entries: [], bytes: 0 };
    const { entries } = piece;
    for (;;) {
      const end = this.#within(this.#file, this.#position, (scan) => this.#take(scan, upTo, piece));
      if (end === 'gap') return null;
      if (end !== 'file') return { entries, end };
      const next = this.#logs().find((file) => file > this.#file);
      if (next === undefined) return { entries, end: 'end' };
      this.#file = next;
      this.#position = LOG_HEADER_BYTES;
    }
  }

  #take(scan: LogScan, upTo: Zxid, piece: Taken): 'end' | 'more' | 'gap' | 'file' {
    const { entries } = piece;
    for (let txn = scan.next(); txn !== null; txn = scan.next()) {
      if (txn.zxid > upTo) return 'end';
      if (this.#isBehindGap(txn.zxid)) return 'gap';
      entries.push({ zxid: txn.zxid, type: txn.type, payload: Buffer.from(scan.payload) });
      this.#position = scan.position;
      this.#last = txn.zxid;
      piece.bytes += scan.payload.length;
      if (txn.zxid === upTo) return 'end';
      if (piece.bytes >= PIECE_BYTES || entries.length >= PIECE_ENTRIES) return 'more';
    }
    return 'file';
  }

  /** A server that took over an image goes on after it; what its log held before may never have been decided. */
  #isBehindGap(zxid: Zxid): boolean {
    const last = this.#last;
    if (last === null || zxid === last + 1) return false;
    const { disk, snapshotDir } = this.#places;
    const snapshots = listPackable(disk, snapshotDir, SNAPSHOT_PREFIX);
    return snapshots.some((snapshot) => snapshot.zxid > last && snapshot.zxid < zxid);
  }

  /** Oldest first. */
  #logs(): Zxid[] {
    const { disk, logDir } = this.#places;
    return listNumbered(disk, logDir, LOG_PREFIX).map(({ zxid }) => zxid);
  }

  #pathOf(file: Zxid): string {
    const { disk, logDir } = this.#places;
    return disk.join(logDir, numberedName(LOG_PREFIX, file));
  }

  #within<T>(file: Zxid, position: number, look: (scan: LogScan) => T): T {
    const { disk, recordBytesMax } = this.#places;
    const scan = new LogScan(disk, this.#pathOf(file), { recordBytesMax });
    try {
      scan.position = position;
      return look(scan);
    } finally {
      scan.close();
    }
  }

  /** Where the writing of a file ended, found by halving: behind it there is nothing but zeros. */
  #endOf(log: Zxid): number {
    const file = this.#places.disk.open(this.#pathOf(log), 'read');
    const block = Buffer.allocUnsafe(HOLE_BYTES);
    try {
      let [low, high] = [0, Math.ceil(file.size() / HOLE_BYTES)];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const read = file.read(block, middle * HOLE_BYTES);
        if (block.subarray(0, read).every((byte) => byte === 0)) high = middle;
        else low = middle + 1;
      }
      return low * HOLE_BYTES;
    } finally {
      file.close();
    }
  }
}
