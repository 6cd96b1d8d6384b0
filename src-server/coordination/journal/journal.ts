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
import { counterOf, epochOf, type Zxid, ZXID_ZERO, zxidHex, zxidOf } from '../../base/zxid.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics, Summary } from '../../platform/metrics.ts';
import type { Txn } from '../model/txn.ts';
import { checkEpochs, readEpochs } from './epochs.ts';
import { listLeftovers, listNumbered, type NumberedFile, numberedName } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import { purge } from './retention.ts';
import { looksFinished, readSnapshot, type SnapshotJob, writeSnapshot } from './snapshot.ts';
import {
  SNAPSHOT_PREFIX,
  type SnapshotSink,
  type SnapshotSource,
  type StatedDigest,
} from './snapshot-format.ts';
import { TxnLog } from './txnlog.ts';
import { LOG_PREFIX, writeRecord } from './txnlog-format.ts';
import { LogScan } from './txnlog-scan.ts';

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
  readonly recordBytesMax: number;
  readonly snapshotRetainCount: number;
  /** Below this much free space, `room` is 'low'; below a quarter of it, 'none'. */
  readonly reserveBytes: number;
  readonly withDigest: boolean;
  /** 3.9's last section, which 3.8 neither writes nor needs. */
  readonly withLastZxid: boolean;
}

/** Where recovery puts what it reads. */
export interface RecoveryTarget {
  /** An empty state, for a first or another attempt at a snapshot. */
  begin(): SnapshotSink;
  loaded(zxid: Zxid, stated: StatedDigest | null): void;
  replay(txn: Txn): void;
}

export interface Recovered {
  readonly lastZxid: Zxid;
  /** Null for a new, empty database. */
  readonly snapshotZxid: Zxid | null;
  readonly txnsReplayed: number;
}

export interface RecoveryProgress {
  readonly doing: 'snapshot' | 'log';
  readonly file: string;
  readonly bytes: number;
  readonly total: number;
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

  // --- recovery ---

  /**
   * Newest whole snapshot, then every later transaction.
   * @throws JournalError where acknowledged writes would be missing
   */
  recover(target: RecoveryTarget, onProgress: (progress: RecoveryProgress) => void): Recovered {
    this.#removeLeftovers();
    const snapshots = listNumbered(this.#disk, this.#snapshotDir, SNAPSHOT_PREFIX);
    const logs = this.#readableLogs();
    const { snapshotZxid, damagedZxid } = this.#loadNewest(snapshots, target, onProgress);
    if (snapshotZxid === null) {
      if (logs.length > 0) {
        throw new JournalError(
          'incomplete',
          this.#snapshotDir,
          null,
          snapshots.length === 0
            ? 'there are transaction logs but no snapshot'
            : `there are transaction logs, and none of ${snapshots.length} snapshots can be read`,
          'Restore the missing snapshot from a backup, or empty the directory to begin anew',
        );
      }
      target.begin();
    }
    const replayed = this.#replayAll(logs, snapshotZxid ?? ZXID_ZERO, target, onProgress);
    if (replayed.lastZxid < damagedZxid) {
      throw new JournalError(
        'incomplete',
        this.#disk.join(this.#snapshotDir, numberedName(SNAPSHOT_PREFIX, damagedZxid)),
        null,
        `this snapshot is damaged, and without it nothing after 0x${zxidHex(replayed.lastZxid)} is there`,
        'Restore it, or the logs before it, from a backup, or empty the directory and let another member fill it',
      );
    }
    this.#makeDurable(snapshotZxid, replayed.files);
    const epochs = readEpochs(this.#disk, this.#snapshotDir);
    if (epochs !== null) checkEpochs(epochs, replayed.lastZxid, this.#snapshotDir);
    this.#isRecovered = true;
    const { lastZxid, txnsReplayed } = replayed;
    return { lastZxid, snapshotZxid, txnsReplayed };
  }

  /** A crash in the middle of writing a snapshot leaves it under its temporary name. */
  #removeLeftovers(): void {
    for (const name of listLeftovers(this.#disk, this.#snapshotDir, SNAPSHOT_PREFIX))
      this.#disk.remove(this.#disk.join(this.#snapshotDir, name));
  }

  /** @returns damagedZxid: of the newest one that was finished once and cannot be read, or zero */
  #loadNewest(
    snapshots: readonly NumberedFile[],
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
  ): { readonly snapshotZxid: Zxid | null; readonly damagedZxid: Zxid } {
    let damagedZxid = ZXID_ZERO;
    for (const { name, zxid, modifiedMs } of [...snapshots].reverse()) {
      const path = this.#disk.join(this.#snapshotDir, name);
      if (!looksFinished(this.#disk, path)) {
        this.#logger.warn('this snapshot was never finished; an older one is tried', {
          file: path,
        });
        continue;
      }
      try {
        const stated = readSnapshot({
          disk: this.#disk,
          path,
          sink: target.begin(),
          onProgress: (bytes, total) => onProgress({ doing: 'snapshot', file: name, bytes, total }),
        });
        target.loaded(zxid, stated);
        this.#lastSnapshot = { zxid, wallMs: modifiedMs };
        return { snapshotZxid: zxid, damagedZxid };
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        damagedZxid = zxidOf(Math.max(damagedZxid, zxid));
        this.#logger.warn('this snapshot is damaged; an older one is tried', {
          file: path,
          problem: error.message,
        });
      }
    }
    return { snapshotZxid: null, damagedZxid };
  }

  /** Logs that hold at least a header; others are leftovers of a crash at their very start. */
  #readableLogs(): NumberedFile[] {
    const logs = listNumbered(this.#disk, this.#logDir, LOG_PREFIX);
    return logs.filter(({ name }, i) => {
      const scan = this.#scan(name);
      try {
        const beginning = scan.open();
        if (beginning === 'whole') return true;
        // A later log is begun only when everything in this one is durable.
        if (beginning === 'torn' && i < logs.length - 1)
          throw scan.damage(0, 'the beginning of this log is gone, and there are later ones');
      } finally {
        scan.close();
      }
      this.#logger.warn('this log was never begun and is removed', { file: scan.path });
      this.#disk.remove(scan.path);
      return false;
    });
  }

  #replayAll(
    logs: readonly NumberedFile[],
    after: Zxid,
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
  ): {
    readonly lastZxid: Zxid;
    readonly txnsReplayed: number;
    readonly files: readonly string[];
  } {
    const first = Math.max(
      0,
      logs.findLastIndex(({ zxid }) => zxid <= after + 1),
    );
    let lastZxid = after;
    let txnsReplayed = 0;
    for (const { name, bytes } of logs.slice(first)) {
      const scan = this.#scan(name);
      try {
        scan.open();
        for (let txn = scan.next(); txn !== null; txn = scan.next()) {
          if (txn.zxid <= after) continue;
          this.#checkFollows(txn.zxid, lastZxid, scan);
          target.replay(txn);
          lastZxid = txn.zxid > lastZxid ? txn.zxid : lastZxid;
          if (++txnsReplayed % 4096 === 0)
            onProgress({ doing: 'log', file: name, bytes: scan.position, total: bytes });
        }
        if (scan.end === 'torn') {
          this.#logger.warn(
            'the last write to this log was cut off, and had not been acknowledged',
            {
              file: scan.path,
              offset: scan.position,
            },
          );
        }
      } finally {
        scan.close();
      }
    }
    const files = logs.slice(first).map(({ name }) => this.#disk.join(this.#logDir, name));
    return { lastZxid, txnsReplayed, files };
  }

  /**
   * What was just read may lie in the system's memory alone, where a process that was killed before its sync ended has left
   * it. Were the power to fail after new writes are durable, those would stand behind a hole.
   */
  #makeDurable(snapshotZxid: Zxid | null, logs: readonly string[]): void {
    const files = [...logs];
    if (snapshotZxid !== null) {
      const name = numberedName(SNAPSHOT_PREFIX, snapshotZxid);
      files.push(this.#disk.join(this.#snapshotDir, name));
    }
    for (const path of files) {
      const file = this.#disk.open(path, 'edit');
      try {
        file.syncNow();
      } finally {
        file.close();
      }
    }
    this.#disk.syncDirectory(this.#snapshotDir);
    if (this.#logDir !== this.#snapshotDir) this.#disk.syncDirectory(this.#logDir);
  }

  /** Zxids have no holes, and an epoch begins with 1. (Java repeats a zxid for a request it could not decode.) */
  #checkFollows(zxid: Zxid, last: Zxid, scan: LogScan): void {
    if (zxid <= last + 1 || (epochOf(zxid) > epochOf(last) && counterOf(zxid) <= 1)) return;
    throw new JournalError(
      'incomplete',
      scan.path,
      scan.offset,
      `transactions are missing between 0x${zxidHex(last)} and 0x${zxidHex(zxid)}`,
      'Restore the missing log from a backup, or empty the directory and let another member fill it',
    );
  }

  #scan(name: string): LogScan {
    return new LogScan(this.#disk, this.#disk.join(this.#logDir, name), {
      recordBytesMax: this.#options.recordBytesMax,
    });
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
    if (this.#isSyncing || this.#isScheduled) return;
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
    if (this.#filling.txns.length > 0) this.#commit();
    else this.#idle?.();
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
