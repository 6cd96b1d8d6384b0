/** Reads log files record by record, up to where their writing ended. What is no record is judged in txnlog-damage.ts. */
import { adler32 } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import type { Disk, DiskFile } from '../../platform/disk.ts';
import type { Txn } from '../model/txn.ts';
import { readTxn } from '../wire/txns.ts';
import { DAMAGE, type DamageReason } from './damage-reasons.ts';
import { JournalError } from './journal-error.ts';
import { type Doubt, findWholeRecord, judgeMissingHeader, judgeRecord } from './txnlog-damage.ts';
import {
  LOG_HEADER_BYTES,
  LOG_MAGIC,
  LOG_VERSION,
  RECORD_END,
  RECORD_HEADER_BYTES,
} from './txnlog-format.ts';

/** 'empty': nothing was ever written; 'torn': the first write never finished, and took the header with it. */
export type LogBeginning = 'whole' | 'empty' | 'torn';
/** How the readable part of a file ends. */
export type LogEnd = 'padding' | 'end-of-file' | 'torn';

const READ_BYTES = 0x10_0000;

const ADVICE =
  'Restore the file from a backup or another member. To give up everything from here on, move this file and all later ' +
  'logs out of the directory';

export interface LogScanOptions {
  readonly recordBytesMax: number;
  /** How much is read at once; less for who jumps about in the file. */
  readonly readBytes?: number;
}

export class LogScan {
  readonly path: string;
  /** Set once `next` returned null. */
  end: LogEnd = 'end-of-file';
  /** Offset of the record `next` gave last. */
  offset = 0;
  /** Offset after the last whole record. Whoever knows where a record begins may set it and go on there. */
  position = LOG_HEADER_BYTES;
  /** The bytes of the transaction `next` gave last; a view that the next call may overwrite. */
  payload: Buffer = NONE;
  readonly #file: DiskFile;
  readonly #readBytes: number;
  #size: number;
  readonly #reader = new Reader();
  readonly #recordBytesMax: number;
  #buffer: Buffer = NONE;
  #bufferAt = 0;

  constructor(disk: Disk, path: string, options: LogScanOptions) {
    this.path = path;
    this.#recordBytesMax = options.recordBytesMax;
    this.#readBytes = options.readBytes ?? READ_BYTES;
    this.#file = disk.open(path, 'read');
    this.#size = this.#file.size();
  }

  /** Checks the header. Only of a whole one are there records to read. */
  open(): LogBeginning {
    const header = this.#bytes(0, LOG_HEADER_BYTES);
    if (header.length === LOG_HEADER_BYTES) {
      if (header.readInt32BE(0) === LOG_MAGIC && header.readInt32BE(4) === LOG_VERSION)
        return 'whole';
    } else if (isPrefixOfHeader(header)) {
      return 'empty';
    }
    const verdict = judgeMissingHeader(this.#doubt(0));
    if (verdict.kind === 'damaged') throw this.damage(0, verdict.reason, verdict.problem);
    return verdict.kind === 'torn' ? 'torn' : 'empty';
  }

  /** The next transaction, or null at the end. Its data is a view that the next call may overwrite. */
  next(): Txn | null {
    const at = this.position;
    const record = this.#recordAt(at);
    if (record !== null) return this.#take(at, record);
    if (at >= this.#size) return this.#stop('end-of-file');
    const doubt = this.#doubt(at);
    const verdict = judgeRecord(doubt);
    switch (verdict.kind) {
      case 'padding':
      case 'torn':
        return this.#stop(verdict.kind);
      case 'whole': {
        const end = RECORD_HEADER_BYTES + doubt.rest.readInt32BE(8);
        return this.#take(at, doubt.rest.subarray(RECORD_HEADER_BYTES, end));
      }
      case 'damaged':
        throw this.damage(at, verdict.reason, verdict.problem);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Somebody may have written meanwhile: what was read ahead does not count any more. */
  refresh(): void {
    this.#size = this.#file.size();
    this.#buffer = Buffer.alloc(0);
  }

  /** The bytes where reading stands, as far as a record may reach or less. Valid until the next call. */
  peek(length = this.#recordBytesMax + READ_BYTES): Buffer {
    return this.#bytes(this.position, Math.max(0, Math.min(length, this.#size - this.position)));
  }

  /**
   * Behind damage: goes on at the next whole record, or at the end of the file where there is none. Looks through one piece
   * of the file, so that whoever reads beside other work can pause between two.
   * @returns whether it got there
   */
  passDamage(): boolean {
    this.position++;
    const rest = this.peek();
    const found = findWholeRecord(rest);
    // A record may begin in this piece and end in the next.
    this.position += found >= 0 ? found : Math.min(rest.length, READ_BYTES);
    return found >= 0 || this.position >= this.#size;
  }

  close(): void {
    this.#file.close();
  }

  damage(at: number, reason: DamageReason, problem: string = DAMAGE[reason]): JournalError {
    return new JournalError('damaged', this.path, at, problem, ADVICE, reason);
  }

  #take(at: number, record: Buffer): Txn {
    const txn = readTxn(this.#reader.reset(record, 0, record.length));
    if (txn === null) throw this.damage(at, 'unknown-txn');
    this.offset = at;
    this.payload = record;
    this.position = at + RECORD_HEADER_BYTES + record.length + 1;
    return txn;
  }

  #stop(end: LogEnd): null {
    this.end = end;
    return null;
  }

  /** What the record at this place holds, or null where there is no whole one. */
  #recordAt(at: number): Buffer | null {
    const header = this.#bytes(at, RECORD_HEADER_BYTES);
    if (header.length < RECORD_HEADER_BYTES || header.readUInt32BE(0) !== 0) return null;
    const checksum = header.readUInt32BE(4);
    const length = header.readInt32BE(8);
    // An end of session lists its nodes, however many; what is in the file may be as long as that.
    if (length <= 0 || at + RECORD_HEADER_BYTES + length >= this.#size) return null;
    const record = this.#bytes(at + RECORD_HEADER_BYTES, length + 1);
    if (record[length] !== RECORD_END || adler32(record, 0, length) !== checksum) return null;
    return record.subarray(0, length);
  }

  /** Looks as far as the record and its followers may reach; a hole greater than that no crash leaves. */
  #doubt(at: number): Doubt {
    const header = this.#bytes(at, RECORD_HEADER_BYTES);
    const length = header.length < RECORD_HEADER_BYTES ? 0 : header.readInt32BE(8);
    const reach = Math.max(length, this.#recordBytesMax) + READ_BYTES;
    const rest = this.#bytes(at, Math.min(reach, this.#size - at));
    return {
      at,
      rest,
      isToEnd: at + rest.length === this.#size,
      timesFrom: (place) => this.#timesFrom(place),
    };
  }

  *#timesFrom(place: number): Iterable<number> {
    for (let at = place; ;) {
      const record = this.#recordAt(at);
      const txn = record === null ? null : readTxn(this.#reader.reset(record, 0, record.length));
      if (record === null || txn === null) return;
      yield txn.timeMs;
      at += RECORD_HEADER_BYTES + record.length + 1;
    }
  }

  /** Bytes of the file, fewer at its end. Valid until the next call. */
  #bytes(at: number, length: number): Buffer {
    const from = at - this.#bufferAt;
    if (from >= 0 && from + length <= this.#buffer.length)
      return this.#buffer.subarray(from, from + length);
    const available = Math.max(0, Math.min(this.#size - at, Math.max(length, this.#readBytes)));
    const buffer = Buffer.allocUnsafeSlow(available);
    const read = this.#file.read(buffer, at);
    this.#buffer = buffer.subarray(0, read);
    this.#bufferAt = at;
    return this.#buffer.subarray(0, Math.min(length, read));
  }
}

const NONE = Buffer.alloc(0);

function isPrefixOfHeader(bytes: Buffer): boolean {
  const whole = Buffer.alloc(LOG_HEADER_BYTES);
  whole.writeInt32BE(LOG_MAGIC, 0);
  whole.writeInt32BE(LOG_VERSION, 4);
  return bytes.every((byte) => byte === 0) || bytes.equals(whole.subarray(0, bytes.length));
}
