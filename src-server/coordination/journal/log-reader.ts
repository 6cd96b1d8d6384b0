/**
 * Reads a log file for people: every transaction with its place, and every place that is torn or damaged, where recovery
 * would end or refuse. The face for whoever looks at logs and does not recover from them.
 *
 *   next() ─▶ txn │ mark │ 'later' (nothing now, call again) │ null (the end, until `hasGrown` says otherwise)
 *
 * Laws: L1 what it gives as a transaction is a whole record. L2 no byte between two transactions goes unmentioned. L3 a file
 * that is being written is not called torn or damaged for a write that is under way.
 */
import { adler32 } from '../../bytes/checksum.ts';
import type { Disk } from '../../platform/disk.ts';
import type { Txn } from '../model/txn.ts';
import { DAMAGE, type DamageReason } from './damage-reasons.ts';
import { JournalError } from './journal-error.ts';
import { LOG_HEADER_BYTES, RECORD_HEADER_BYTES } from './txnlog-format.ts';
import { LogScan } from './txnlog-scan.ts';

/** 'torn': a last write that never finished, which nobody was told is durable. 'damaged': what was acknowledged is gone. */
export type Damage = 'torn' | 'damaged';

/** The data of the transaction is a view that the next call may overwrite. */
export interface TxnItem {
  readonly kind: 'txn';
  readonly at: number;
  readonly bytes: number;
  readonly txn: Txn;
}

export type LogItem =
  | TxnItem
  | {
      readonly kind: 'mark';
      readonly at: number;
      readonly bytes: number;
      readonly damage: Damage;
      readonly problem: string;
      readonly reason: DamageReason | null;
    };

interface Obstacle {
  readonly at: number;
  readonly damage: Damage;
  readonly problem: string;
  readonly reason: DamageReason | null;
}

/** More than any record of a server with Apache's limits; a hole greater than that is looked through piece by piece. */
const RECORD_BYTES_MAX = 0x20_0400;
/** Enough for a screen of records that lie together. */
const JUMP_BYTES = 0x1_0000;

export class LogReader {
  readonly path: string;
  readonly #scan: LogScan;
  readonly #jumps: LogScan;
  #hasHeader = false;
  /** What reading cannot get past at present. */
  #obstacle: Obstacle | null = null;
  /** The obstacle was found twice, with time between: it is no write under way. */
  #isSure = false;
  #isEnded = false;
  /** What lay behind a torn end when it was told. */
  #seen = 0;

  /** @throws DiskError */
  constructor(disk: Disk, path: string) {
    this.path = path;
    this.#scan = new LogScan(disk, path, { recordBytesMax: RECORD_BYTES_MAX });
    this.#jumps = new LogScan(disk, path, {
      recordBytesMax: RECORD_BYTES_MAX,
      readBytes: JUMP_BYTES,
    });
  }

  /** Bytes read so far, and how many there are to read. */
  get position(): number {
    return this.#scan.position;
  }

  get size(): number {
    return this.#scan.size;
  }

  /** @throws DiskError */
  next(): LogItem | 'later' | null {
    if (this.#isEnded) return null;
    if (this.#obstacle !== null && this.#isSure) return this.#pass(this.#obstacle);
    try {
      const txn = this.#read();
      if (txn === 'torn') return this.#meet('torn', DAMAGE.unfinished, 'unfinished');
      this.#obstacle = null;
      if (txn === null) return this.#end();
      const at = this.#scan.offset;
      return { kind: 'txn', at, bytes: this.#scan.position - at, txn };
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      return this.#meet('damaged', error.problem, error.reason);
    }
  }

  /** The transaction at a place that `next` gave. @throws DiskError, JournalError where it is there no more */
  at(offset: number): TxnItem {
    const found = this.#jumpTo(offset);
    if (found !== null) return found;
    // What was read ahead of a record that came later holds zeros in its place, or half of it.
    this.#jumps.refresh();
    const again = this.#jumpTo(offset);
    if (again === null) throw this.#jumps.damage(offset, 'gone');
    return again;
  }

  /**
   * Behind the end: whether there is something new to read. A torn end that was told is told again, or has become a
   * transaction; whoever keeps marks drops that one.
   */
  hasGrown(): boolean {
    if (!this.#isEnded) return true;
    const { size } = this.#scan;
    this.#scan.refresh();
    if (this.#obstacle === null) {
      const beginning = this.#scan.peek(RECORD_HEADER_BYTES);
      if (beginning.every((byte) => byte === 0)) return false;
    } else if (this.#scan.size === size && this.#fingerprint() === this.#seen) {
      return false;
    }
    this.#isEnded = false;
    this.#isSure = false;
    this.#obstacle = null;
    return true;
  }

  close(): void {
    this.#scan.close();
    this.#jumps.close();
  }

  #jumpTo(offset: number): TxnItem | null {
    const scan = this.#jumps;
    scan.position = offset;
    try {
      const txn = scan.next();
      if (txn === null) return null;
      return { kind: 'txn', at: offset, bytes: scan.position - offset, txn };
    } catch (error) {
      if (error instanceof JournalError) return null;
      throw error;
    }
  }

  #read(): Txn | 'torn' | null {
    if (!this.#hasHeader) {
      const beginning = this.#scan.open();
      if (beginning !== 'whole') return beginning === 'torn' ? 'torn' : null;
      this.#hasHeader = true;
    }
    const txn = this.#scan.next();
    return txn === null && this.#scan.end === 'torn' ? 'torn' : txn;
  }

  #meet(damage: Damage, problem: string, reason: DamageReason | null): 'later' | LogItem {
    const at = this.#hasHeader ? this.#scan.position : 0;
    this.#isSure = this.#obstacle?.at === at;
    this.#obstacle = { at, damage, problem, reason };
    if (this.#isSure && damage === 'torn') return this.#endTorn(this.#obstacle);
    if (!this.#isSure) this.#scan.refresh();
    return 'later';
  }

  /** Recovery ends here, and so does reading. */
  #endTorn({ at, problem, reason }: Obstacle): LogItem {
    this.#isEnded = true;
    this.#seen = this.#fingerprint();
    return { kind: 'mark', at, bytes: this.#scan.size - at, damage: 'torn', problem, reason };
  }

  /** Goes on behind damage as soon as a whole record is found there. */
  #pass(obstacle: Obstacle): 'later' | LogItem {
    if (!this.#hasHeader) {
      this.#hasHeader = true;
      this.#scan.position = LOG_HEADER_BYTES - 1;
    }
    if (!this.#scan.passDamage()) return 'later';
    const { at, damage, problem, reason } = obstacle;
    this.#obstacle = null;
    this.#isSure = false;
    return { kind: 'mark', at, bytes: this.#scan.position - at, damage, problem, reason };
  }

  #end(): null {
    this.#isEnded = true;
    return null;
  }

  #fingerprint(): number {
    const rest = this.#scan.peek();
    return adler32(rest, 0, rest.length);
  }
}
