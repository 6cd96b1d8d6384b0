/**
 * Reads log files record by record, and tells the end of what was written from damage to it.
 *
 * A crash may leave the last, never acknowledged, records torn: the file ends inside a record, or goes on as zeros, or has
 * whole blocks missing (zeros) before later ones. Reading stops there and nothing is lost. Anything else that is not a
 * record is damage to what was acknowledged, and reading refuses, with file and offset, rather than skip a write.
 */
import { adler32 } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import type { Disk, DiskFile } from '../../platform/disk.ts';
import type { Txn } from '../model/txn.ts';
import { readTxn } from '../wire/txns.ts';
import { JournalError } from './journal-error.ts';
import {
  LOG_HEADER_BYTES,
  LOG_MAGIC,
  LOG_VERSION,
  RECORD_END,
  RECORD_HEADER_BYTES,
} from './txnlog-format.ts';

/** How the readable part of a file ends. */
export type LogEnd = 'padding' | 'end-of-file' | 'torn';

const READ_BYTES = 0x10_0000;
/** Disks write whole sectors of at least this size, so a write that never arrived leaves such runs of zeros. */
const SECTOR_BYTES = 512;

const ADVICE =
  'Restore the file from a backup or another member. To give up everything from here on, move this file and all later ' +
  'logs out of the directory';

export class LogScan {
  readonly path: string;
  /** Set once `next` returned null. */
  end: LogEnd = 'end-of-file';
  /** Offset of the record `next` gave last. */
  offset = 0;
  /** Offset after the last whole record. */
  position = LOG_HEADER_BYTES;
  readonly #file: DiskFile;
  readonly #size: number;
  readonly #reader = new Reader();
  readonly #recordBytesMax: number;
  #buffer = Buffer.alloc(0);
  #bufferAt = 0;

  constructor(disk: Disk, path: string, options: { readonly recordBytesMax: number }) {
    this.path = path;
    this.#recordBytesMax = options.recordBytesMax;
    this.#file = disk.open(path, 'read');
    this.#size = this.#file.size();
  }

  /**
   * Checks the header.
   * @returns false for a file whose header never arrived: it holds nothing
   */
  open(): boolean {
    const header = this.#bytes(0, LOG_HEADER_BYTES);
    if (header.length < LOG_HEADER_BYTES || header.every((byte) => byte === 0)) {
      // A header cut short is a torn first write, as long as what is there is the beginning of one.
      if (isPrefixOfHeader(header)) return false;
    } else if (header.readInt32BE(0) === LOG_MAGIC && header.readInt32BE(4) === LOG_VERSION) {
      return true;
    }
    throw new JournalError(
      'damaged',
      this.path,
      0,
      'this is not a transaction log of format version 2',
      ADVICE,
    );
  }

  /** The next transaction, or null at the end. Its data is a view that the next call may overwrite. */
  next(): Txn | null {
    const at = this.position;
    const header = this.#bytes(at, RECORD_HEADER_BYTES);
    if (header.length < RECORD_HEADER_BYTES)
      return this.#stop(at === this.#size ? 'end-of-file' : 'torn');
    const checksum = header.readUInt32BE(0) * 0x1_0000_0000 + header.readUInt32BE(4);
    const length = header.readInt32BE(8);
    if (checksum === 0 && length === 0) {
      this.#refuseIfRecordsFollow(at);
      return this.#stop('padding');
    }
    const bodyAt = at + RECORD_HEADER_BYTES;
    const end = bodyAt + length;
    if (length <= 0 || length > this.#recordBytesMax || end + 1 > this.#size)
      return this.#stopTorn(at, checksum);
    const record = this.#bytes(bodyAt, length + 1);
    if (record[length] !== RECORD_END) return this.#stopTorn(at, checksum);
    if (adler32(record, 0, length) !== checksum) {
      // Blocks that never arrived can only be in the last write there is.
      if (
        !hasMissingSector(record, bodyAt) ||
        this.#recordFollows(end + 1, { acrossMissing: true }) !== null
      ) {
        throw this.#damage(at, 'the record does not match its checksum');
      }
      return this.#stop('torn');
    }
    const txn = readTxn(this.#reader.reset(record, 0, length));
    if (txn === null)
      throw this.#damage(at, 'the record is whole but holds no transaction this version knows');
    this.offset = at;
    this.position = end + 1;
    return txn;
  }

  /** Every byte up to `position`, for copying. */
  close(): void {
    this.#file.close();
  }

  #stop(end: LogEnd): null {
    this.end = end;
    return null;
  }

  #stopTorn(at: number, checksum: number): null {
    // A bad length over a good body: somewhere a prefix of what follows has the checksum that was written.
    if (this.#bodyExistsFor(at + RECORD_HEADER_BYTES, checksum)) {
      throw this.#damage(at, 'the record is there, but its length or its last byte was changed');
    }
    this.#refuseIfRecordsFollow(at);
    return this.#stop('torn');
  }

  #refuseIfRecordsFollow(at: number): void {
    const follower = this.#recordFollows(at + 1, { acrossMissing: false });
    if (follower !== null)
      throw this.#damage(at, `a whole record follows at byte ${follower}, but this is none`);
  }

  /**
   * Where the next whole record begins, or null.
   * @param options acrossMissing: look behind blocks of zeros, too, which may be writes that never arrived
   */
  #recordFollows(from: number, options: { readonly acrossMissing: boolean }): number | null {
    const rest = this.#bytes(from, Math.min(this.#size - from, this.#recordBytesMax + READ_BYTES));
    let at = 0;
    while (at + RECORD_HEADER_BYTES < rest.length) {
      if ((from + at) % SECTOR_BYTES === 0 && isZero(rest, at, at + SECTOR_BYTES)) {
        if (!options.acrossMissing) return null;
        at += SECTOR_BYTES;
      } else {
        if (this.#isRecord(rest, at)) return from + at;
        at++;
      }
    }
    return null;
  }

  #isRecord(bytes: Buffer, at: number): boolean {
    const high = bytes.readUInt32BE(at);
    const length = bytes.readInt32BE(at + 8);
    if (high !== 0 || length <= 0 || length > this.#recordBytesMax) return false;
    const end = at + RECORD_HEADER_BYTES + length;
    if (end >= bytes.length || bytes[end] !== RECORD_END) return false;
    return adler32(bytes, at + RECORD_HEADER_BYTES, end) === bytes.readUInt32BE(at + 4);
  }

  #bodyExistsFor(bodyAt: number, checksum: number): boolean {
    const body = this.#bytes(bodyAt, Math.min(this.#size - bodyAt, this.#recordBytesMax));
    let a = 1;
    let b = 0;
    for (let i = 0; i < body.length; i++) {
      a = (a + body[i]!) % 65521;
      b = (b + a) % 65521;
      // The byte behind the last one is the terminator; a zero or nothing there is what a cut leaves.
      if (b * 0x1_0000 + a === checksum && i + 1 < body.length && body[i + 1] !== 0) return true;
    }
    return false;
  }

  #damage(at: number, problem: string): JournalError {
    return new JournalError('damaged', this.path, at, problem, ADVICE);
  }

  /** Bytes of the file, fewer at its end. Valid until the next call. */
  #bytes(at: number, length: number): Buffer {
    const from = at - this.#bufferAt;
    if (from >= 0 && from + length <= this.#buffer.length)
      return this.#buffer.subarray(from, from + length);
    const available = Math.max(0, Math.min(this.#size - at, Math.max(length, READ_BYTES)));
    const buffer = Buffer.allocUnsafeSlow(available);
    const read = this.#file.read(buffer, at);
    this.#buffer = buffer.subarray(0, read);
    this.#bufferAt = at;
    return this.#buffer.subarray(0, Math.min(length, read));
  }
}

function hasMissingSector(record: Buffer, fileAt: number): boolean {
  const first = (SECTOR_BYTES - (fileAt % SECTOR_BYTES)) % SECTOR_BYTES;
  for (let at = first; at + SECTOR_BYTES <= record.length; at += SECTOR_BYTES) {
    if (isZero(record, at, at + SECTOR_BYTES)) return true;
  }
  return false;
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < Math.min(to, bytes.length); i++) if (bytes[i] !== 0) return false;
  return true;
}

function isPrefixOfHeader(bytes: Buffer): boolean {
  const whole = Buffer.alloc(LOG_HEADER_BYTES);
  whole.writeInt32BE(LOG_MAGIC, 0);
  whole.writeInt32BE(LOG_VERSION, 4);
  return bytes.every((byte) => byte === 0) || bytes.equals(whole.subarray(0, bytes.length));
}
