/**
 * What survives a crash. The face of this room: open, recover, append, snapshot, retain, close.
 *
 *   append, append, append ─▶ batch ──write──▶ file ──fdatasync──▶ durable(batch) ─▶ next batch
 *                             (filled during this turn and while the sync before is under way)
 *
 * Laws: J1 a transaction is reported durable only after a sync that began after it was written. J2 transactions become
 * durable in the order they were appended. J3 recovery gives back every transaction ever reported durable, or refuses.
 */
import { assert } from '../../base/assert.ts';
import { type Zxid, zxidHex } from '../../base/zxid.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics, Summary } from '../../platform/metrics.ts';
import type { Txn } from '../model/txn.ts';
import { listNumbered } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import {
  type Recovered,
  Recovery,
  type RecoveryProgress,
  type RecoveryTarget,
} from './recovery.ts';
import { purge } from './retention.ts';
import { type SnapshotJob, writeSnapshot } from './snapshot.ts';
import { SNAPSHOT_PREFIX, type SnapshotSource, type StatedDigest } from './snapshot-format.ts';
import { TxnLog } from './txnlog.ts';
import { LOG_PREFIX, writeRecord } from './txnlog-format.ts';

export type { Recovered, RecoveryProgress, RecoveryTarget } from './recovery.ts';

/** Directory inside the data directories, named by Apache after the format's version. */
export const VERSION_DIRECTORY = 'version-2';

export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Holds snapshots and epochs. */
  readonly dataDir: string;
  /** Holds logs; often the same. */
  readonly dataLogDir: string;
  readonly preallocateBytes: number;
  /** Off: the system decides when bytes reach the disk, and a power failure may lose acknowledged writes. */
  readonly forceSync: boolean;
  readonly fsyncWarningMs: number;
  /** What a request makes at the most. Ends of sessions may be longer, as they list their nodes. */
  readonly recordBytesMax: number;
  readonly snapshotRetainCount: number;
  /** Below this much free space, `room` is 'low'; below a quarter of it, 'none'. */
  readonly reserveBytes: number;
  readonly withDigest: boolean;
  /** 3.9's last section, which 3.8 neither writes nor needs. */
  readonly withLastZxid: boolean;
}

/** How much the disk still takes: 'low' leaves room for ends of sessions, 'none' for nothing. */
export type Room = 'ok' | 'low' | 'none';

interface Batch {
  readonly writer: Writer;
  readonly txns: Txn[];
}

const BATCH_BYTES = 0x4_0000;
const BATCH_KEPT_BYTES = 0x40_0000;
const RETRY_MS = 500;
/** How often the free space is asked for, in bytes written. */
const ROOM_CHECK_BYTES = 0x80_0000;

export class Journal {
  readonly #options: JournalOptions;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #snapshotDir: string;
  readonly #logDir: string;
  readonly #log: TxnLog;
  readonly #fsyncTime: Summary;
  readonly #batchSize: Summary;
  #filling: Batch = newBatch();
  #spare: Batch | null = newBatch();
  #isSyncing = false;
  #isScheduled = false;
  #rollNext = false;
  /** After a failed sync nobody knows what is durable; trying again could report what is not. */
  #isBroken = false;
  #isClosing = false;
  #isRecovered = false;
  #isPurging = false;
  #onDurable: (txns: readonly Txn[]) => void = () => undefined;
  #onFatal: (error: DiskError) => void = () => undefined;
  #snapshotJob: SnapshotJob | null = null;
  #room: Room = 'ok';
  /** The last write found no room. Whatever the system says is free, there is none until a write succeeds. */
  #isFull = false;
  #bytesSinceRoomCheck = 0;
  #retry: Timer | null = null;
  #idle: (() => void) | null = null;
  #lastSnapshot: { readonly zxid: Zxid; readonly wallMs: number } | null = null;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#snapshotDir = options.disk.join(options.dataDir, VERSION_DIRECTORY);
    this.#logDir = options.disk.join(options.dataLogDir, VERSION_DIRECTORY);
    this.#log = new TxnLog({
      disk: options.disk,
      directory: this.#logDir,
      preallocateBytes: options.preallocateBytes,
    });
    this.#fsyncTime = options.metrics.summary('fsynctime');
    this.#batchSize = options.metrics.summary('sync_processor_batch_size');
    options.disk.makeDirectory(this.#snapshotDir);
    options.disk.makeDirectory(this.#logDir);
    this.#checkDirectories();
    this.checkRoom();
  }

  /** @throws JournalError where acknowledged writes would be missing */
  recover(target: RecoveryTarget, onProgress: (progress: RecoveryProgress) => void): Recovered {
    const recovery = new Recovery({
      disk: this.#disk,
      logger: this.#logger,
      snapshotDir: this.#snapshotDir,
      logDir: this.#logDir,
      recordBytesMax: this.#options.recordBytesMax,
    });
    const recovered = recovery.run(target, onProgress);
    this.#lastSnapshot = recovery.snapshot;
    this.#isRecovered = true;
    return recovered;
  }

  /** Swapped directories would be read as empty ones. */
  #checkDirectories(): void {
    if (this.#snapshotDir === this.#logDir) return;
    const misplacedLog = listNumbered(this.#disk, this.#snapshotDir, LOG_PREFIX)[0];
    const misplacedSnapshot = listNumbered(this.#disk, this.#logDir, SNAPSHOT_PREFIX)[0];
    const misplaced =
      misplacedLog !== undefined
        ? this.#disk.join(this.#snapshotDir, misplacedLog.name)
        : misplacedSnapshot !== undefined
          ? this.#disk.join(this.#logDir, misplacedSnapshot.name)
          : null;
    if (misplaced === null) return;
    throw new JournalError(
      'inconsistent',
      misplaced,
      null,
      'logs belong into dataLogDir and snapshots into dataDir, and this file lies in the other one',
      'Check whether the two settings are swapped',
    );
  }

  // --- appending ---

  /** @param handlers fatal is called when a sync failed: what is durable is then unknown, and the member must stop */
  onDurable(handlers: {
    durable(txns: readonly Txn[]): void;
    fatal(error: DiskError): void;
  }): void {
    this.#onDurable = (txns) => handlers.durable(txns);
    this.#onFatal = (error) => handlers.fatal(error);
  }

  /** From here on `txn.data` refers to the log's own copy, until the transaction was reported durable. */
  append(txn: Txn): void {
    const batch = this.#filling;
    writeRecord(batch.writer, txn);
    batch.txns.push(txn);
    if (!this.#isSyncing) this.#plan();
  }

  /** At the end of the turn, so that what else arrives in it shares the sync. */
  #plan(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.defer(() => {
      this.#isScheduled = false;
      this.#commit();
    });
  }

  /** Transactions appended and not yet durable. */
  get waiting(): number {
    return this.#filling.txns.length + (this.#isSyncing ? 1 : 0);
  }

  get room(): Room {
    return this.#room;
  }

  /** The next transaction begins a new file. */
  roll(): void {
    this.#rollNext = true;
  }

  #commit(): void {
    const batch = this.#filling;
    if (this.#isSyncing || this.#isBroken || batch.txns.length === 0) return;
    try {
      if (this.#rollNext) {
        this.#log.roll();
        this.#rollNext = false;
      }
      this.#log.append(batch.writer.view(), batch.txns[0]!.zxid);
    } catch (error) {
      this.#onWriteFailed(error);
      return;
    }
    this.#bytesSinceRoomCheck += batch.writer.length;
    const wasFull = this.#isFull;
    this.#isFull = false;
    if (wasFull || this.#bytesSinceRoomCheck >= ROOM_CHECK_BYTES) this.checkRoom();
    this.#filling = this.#spare ?? newBatch();
    this.#spare = null;
    this.#isSyncing = true;
    const startedMs = this.#clock.nowMs();
    if (this.#options.forceSync) this.#log.sync((error) => this.#onSynced(batch, startedMs, error));
    else this.#clock.defer(() => this.#onSynced(batch, startedMs, null));
  }

  #onSynced(batch: Batch, startedMs: number, error: DiskError | null): void {
    this.#isSyncing = false;
    if (error !== null) {
      this.#logger.error('the log could not be made durable; this member stops', {
        problem: error.message,
      });
      this.#break(error);
      return;
    }
    const tookMs = this.#clock.nowMs() - startedMs;
    this.#fsyncTime.add(tookMs);
    this.#batchSize.add(batch.txns.length);
    if (tookMs > this.#options.fsyncWarningMs) {
      this.#logger.warn('a sync of the log took long; clients wait for it', {
        ms: Math.round(tookMs),
      });
    }
    this.#onDurable(batch.txns);
    batch.txns.length = 0;
    if (batch.writer.capacity > BATCH_KEPT_BYTES) batch.writer.release(BATCH_BYTES);
    else batch.writer.clear();
    this.#spare = batch;
    if (this.#filling.txns.length === 0) this.#idle?.();
    else if (this.#isClosing) this.#commit();
    else this.#plan();
  }

  #onWriteFailed(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    if (error.code !== 'full') {
      this.#logger.error('the log could not be written; this member stops', {
        problem: error.message,
      });
      this.#break(error);
      return;
    }
    this.#isFull = true;
    this.#setRoom('none');
    if (this.#isClosing) this.#idle?.();
    if (this.#isClosing || this.#retry !== null) return;
    this.#retry = this.#clock.after(RETRY_MS, () => {
      this.#retry = null;
      this.#commit();
    });
  }

  #break(error: DiskError): void {
    this.#isBroken = true;
    this.#idle?.();
    this.#onFatal(error);
  }

  // --- room ---

  checkRoom(): void {
    this.#bytesSinceRoomCheck = 0;
    if (this.#isFull) return;
    const free = this.#disk.freeBytes(this.#logDir);
    const { reserveBytes } = this.#options;
    this.#setRoom(free < reserveBytes / 4 ? 'none' : free < reserveBytes ? 'low' : 'ok');
  }

  #setRoom(room: Room): void {
    if (room === this.#room) return;
    this.#room = room;
    if (room === 'ok') {
      this.#logger.info('there is room on the disk again; writes are accepted');
      return;
    }
    this.#logger.error('the disk is nearly full; writes are refused until there is room', {
      directory: this.#logDir,
    });
    // Before recovery nobody knows which snapshot can be read.
    if (this.#isRecovered) this.purge();
  }

  // --- snapshots and retention ---

  get snapshotInProgress(): SnapshotJob | null {
    return this.#snapshotJob;
  }

  get lastSnapshot(): { readonly zxid: Zxid; readonly wallMs: number } | null {
    return this.#lastSnapshot;
  }

  /**
   * Begins a snapshot as of `zxid`. One at a time; `done` is called after retention, too.
   */
  snapshot(parts: {
    readonly zxid: Zxid;
    readonly source: SnapshotSource;
    readonly digest: () => StatedDigest;
    readonly done: (error: DiskError | null) => void;
  }): void {
    assert(this.#snapshotJob === null, 'one snapshot is written at a time');
    const { metrics, withDigest, withLastZxid } = this.#options;
    this.#snapshotJob = writeSnapshot({
      disk: this.#disk,
      clock: this.#clock,
      directory: this.#snapshotDir,
      zxid: parts.zxid,
      source: parts.source,
      digest: withDigest ? parts.digest : null,
      withLastZxid,
      done: (error, bytes) => {
        const tookMs = this.#clock.nowMs() - this.#snapshotJob!.startedMs;
        this.#snapshotJob = null;
        if (error === null) {
          metrics.summary('snapshottime').add(tookMs);
          this.#lastSnapshot = { zxid: parts.zxid, wallMs: this.#clock.wallMs() };
          this.#logger.debug('snapshot written', {
            zxid: `0x${zxidHex(parts.zxid)}`,
            bytes,
            ms: Math.round(tookMs),
          });
          this.purge(() => parts.done(null));
        } else {
          metrics.counter('snapshot_error_count').add();
          this.#logger.warn('the snapshot could not be written; the log keeps everything', {
            problem: error.message,
          });
          parts.done(error);
        }
      },
    });
  }

  /** Removes what no kept snapshot needs, in the background; one at a time. */
  purge(done: () => void = () => undefined): void {
    if (this.#isPurging) {
      done();
      return;
    }
    this.#isPurging = true;
    const directories = { disk: this.#disk, snapshots: this.#snapshotDir, logs: this.#logDir };
    purge(directories, this.#options.snapshotRetainCount, (removed, error) => {
      this.#isPurging = false;
      if (removed.length > 0)
        this.#logger.debug('files no longer needed are removed', { files: removed.join(' ') });
      if (error !== null)
        this.#logger.warn('files no longer needed could not be removed', {
          problem: error.message,
        });
      done();
    });
  }

  /** Bytes of all snapshots and of all logs. */
  sizes(): { readonly snapshotBytes: number; readonly logBytes: number } {
    const bytesOf = (directory: string, prefix: string): number =>
      listNumbered(this.#disk, directory, prefix).reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      snapshotBytes: bytesOf(this.#snapshotDir, SNAPSHOT_PREFIX),
      logBytes: bytesOf(this.#logDir, LOG_PREFIX),
    };
  }

  /** Waits for everything appended to be durable, as far as the disk takes it, then lets go of the files. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#snapshotJob?.cancel();
    this.#retry?.cancel();
    this.#commit();
    if (this.#isSyncing) await new Promise<void>((resolve) => (this.#idle = resolve));
    // What the disk did not take was never reported, and a turn that still comes must not begin another file for it.
    this.#isBroken = true;
    this.#log.close();
  }
}

function newBatch(): Batch {
  return { writer: new Writer(BATCH_BYTES), txns: [] };
}
