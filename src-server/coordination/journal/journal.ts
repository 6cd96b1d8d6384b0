/**
 * What survives a crash. The face of this room: open, recover, append, snapshot, retain, close; and, in an ensemble, epochs,
 * reading back, and history that is cut or replaced.
 *
 * Laws: J1 a transaction is reported durable only after a sync that began after it was written. J2 transactions become
 * durable in the order they were appended. J3 recovery gives back every transaction ever reported durable, or refuses. J4
 * history is cut or replaced wholly or not at all. J5 a snapshot gets its name when the log durably holds all it can show.
 */
import { assert } from '../../base/assert.ts';
import { type Zxid, zxidHex } from '../../base/zxid.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Txn } from '../model/txn.ts';
import { type Epochs, takeUpEpochs, writeEpoch } from './epochs.ts';
import { listNumbered, listPackable, temporaryName, VERSION_DIRECTORY } from './file-names.ts';
import { GroupCommit } from './group-commit.ts';
import { JournalError } from './journal-error.ts';
import { LogCursor, type LogPlaces } from './log-cursor.ts';
import { ReceivedSnapshot } from './received-snapshot.ts';
import {
  type Recovered,
  Recovery,
  type RecoveryProgress,
  type RecoveryScope,
  type RecoveryTarget,
} from './recovery.ts';
import { purge } from './retention.ts';
import { carryOutPlan, writePlan } from './rewriting.ts';
import { type SnapshotJob, type SnapshotOptions, writeSnapshot } from './snapshot.ts';
import {
  type Packing,
  SNAPSHOT_PREFIX,
  type SnapshotSource,
  type StatedDigest,
} from './snapshot-format.ts';
import { TxnLog } from './txnlog.ts';
import { LOG_PREFIX } from './txnlog-format.ts';

export type { Epochs } from './epochs.ts';
export { VERSION_DIRECTORY } from './file-names.ts';
export { ImageReader, ImageWriter } from './image.ts';
export type { LogCursor, LogEntry, LogPiece } from './log-cursor.ts';
export type { ReceivedSnapshot } from './received-snapshot.ts';
export type { Recovered, RecoveryProgress, RecoveryTarget } from './recovery.ts';
export type { Packing, SnapshotSink, SnapshotSource, StatedDigest } from './snapshot-format.ts';

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
  /** How snapshots are packed, if at all; one that replaces everything else is not, as somebody waits for it. */
  readonly packing?: Packing | null;
  /** Every epoch begins to count after this; 0 where nothing is said. */
  readonly initialCounter?: number;
}

/** How much the disk still takes: 'low' leaves room for ends of sessions, 'none' for nothing. */
export type Room = 'ok' | 'low' | 'none';

/** How often the free space is asked for, in bytes written. */
const ROOM_CHECK_BYTES = 0x80_0000;

export interface SnapshotParts {
  readonly zxid: Zxid;
  readonly source: SnapshotSource;
  /** What the state was when the last of the source was written. */
  readonly digest: () => StatedDigest & { readonly isKnown: boolean };
  readonly done: (error: DiskError | null) => void;
}

export interface DurableHandlers {
  durable(txns: readonly Txn[]): void;
  /** What is durable is unknown: the member must stop. */
  fatal(error: DiskError): void;
  /** There is another amount of room than before. */
  room?(room: Room): void;
}

const INITIALIZE_FILE = 'initialize';

const EVERYTHING: RecoveryScope = { upTo: null, isMember: false };

export class Journal {
  readonly #options: JournalOptions;
  readonly #places: LogPlaces;
  readonly #log: TxnLog;
  readonly #commits: GroupCommit;
  #isRecovered = false;
  #isPurging = false;
  #handlers: DurableHandlers = { durable: () => undefined, fatal: () => undefined };
  #snapshotJob: SnapshotJob | null = null;
  /** Received, and on its way to be all there is. */
  #takingOver: ReceivedSnapshot | null = null;
  #receipts = 0;
  #room: Room = 'ok';
  /** The last write found no room. Whatever the system says is free, there is none until a write succeeds. */
  #isFull = false;
  #bytesSinceRoomCheck = 0;
  #lastSnapshot: { readonly zxid: Zxid; readonly wallMs: number } | null = null;
  /** Waiting for files to be left alone. */
  #quiet: (() => void)[] = [];

  constructor(options: JournalOptions) {
    const { disk, clock, logger, metrics, forceSync, fsyncWarningMs, recordBytesMax } = options;
    this.#options = options;
    this.#places = {
      disk,
      snapshotDir: disk.join(options.dataDir, VERSION_DIRECTORY),
      logDir: disk.join(options.dataLogDir, VERSION_DIRECTORY),
      recordBytesMax,
    };
    const { snapshotDir, logDir } = this.#places;
    this.#log = new TxnLog({ disk, directory: logDir, preallocateBytes: options.preallocateBytes });
    this.#commits = new GroupCommit({
      log: this.#log,
      clock,
      logger,
      metrics,
      forceSync,
      fsyncWarningMs,
      onDurable: (txns) => this.#handlers.durable(txns),
      onWritten: (bytes) => this.#onWritten(bytes),
      onFull: () => {
        this.#isFull = true;
        this.#setRoom('none');
      },
      onBroken: (error) => this.#handlers.fatal(error),
    });
    disk.makeDirectory(snapshotDir);
    disk.makeDirectory(logDir);
    this.#checkDirectories();
    this.checkRoom();
  }

  /** @throws JournalError where acknowledged writes would be missing */
  recover(
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
    scope: RecoveryScope = EVERYTHING,
  ): Recovered {
    carryOutPlan(this.#places);
    const recovery = this.#recovery(scope);
    const recovered = recovery.run(target, onProgress);
    this.#lastSnapshot = recovery.snapshot;
    this.#isRecovered = true;
    this.#commits.restart(recovered.lastZxid);
    return recovered;
  }

  /** Swapped directories would be read as empty ones. */
  #checkDirectories(): void {
    const { disk, snapshotDir, logDir } = this.#places;
    if (snapshotDir === logDir) return;
    const misplacedLog = listNumbered(disk, snapshotDir, LOG_PREFIX)[0];
    const misplacedSnapshot = listPackable(disk, logDir, SNAPSHOT_PREFIX)[0];
    const misplaced =
      misplacedLog !== undefined
        ? disk.join(snapshotDir, misplacedLog.name)
        : misplacedSnapshot !== undefined
          ? disk.join(logDir, misplacedSnapshot.name)
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

  onDurable(handlers: DurableHandlers): void {
    this.#handlers = handlers;
  }

  /** From here on `txn.data` refers to the log's own copy, until the transaction was reported durable. */
  append(txn: Txn): void {
    this.#commits.append(txn);
  }

  /** The same for a transaction that is encoded already; its data keeps referring to what it did. */
  appendEncoded(txn: Txn, payload: Uint8Array): void {
    this.#commits.appendEncoded(txn, payload);
  }

  /** Transactions appended and not yet durable. */
  get waiting(): number {
    return this.#commits.waiting;
  }

  /** The next transaction begins a new file. */
  roll(): void {
    this.#commits.roll();
  }

  /** Runs it once the log is durable up to there; at once where it is. */
  whenDurable(zxid: Zxid, run: () => void): void {
    this.#commits.whenDurable(zxid, run);
  }

  #onWritten(bytes: number): void {
    this.#bytesSinceRoomCheck += bytes;
    const wasFull = this.#isFull;
    this.#isFull = false;
    if (wasFull || this.#bytesSinceRoomCheck >= ROOM_CHECK_BYTES) this.checkRoom();
  }

  // --- room ---

  get room(): Room {
    return this.#room;
  }

  checkRoom(): void {
    this.#bytesSinceRoomCheck = 0;
    if (this.#isFull) return;
    const { disk, reserveBytes } = this.#options;
    const free = disk.freeBytes(this.#places.logDir);
    this.#setRoom(free < reserveBytes / 4 ? 'none' : free < reserveBytes ? 'low' : 'ok');
  }

  #setRoom(room: Room): void {
    if (room === this.#room) return;
    this.#room = room;
    this.#handlers.room?.(room);
    const { logger } = this.#options;
    if (room === 'ok') {
      logger.info('there is room on the disk again; writes are accepted');
      return;
    }
    logger.error('the disk is nearly full; writes are refused until there is room', {
      directory: this.#places.logDir,
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
   * Begins a snapshot as of `zxid`. One at a time; `done` is called after retention, too. It waits for its name (J5), as a
   * snapshot must not know what the log forgets in a crash.
   */
  snapshot({ zxid, source, digest, done }: SnapshotParts): void {
    this.#write({
      zxid,
      source,
      digest,
      packing: this.#options.packing ?? null,
      whenPublishable: (go) => this.#commits.whenDurable(digest().zxid as Zxid, go),
      done: (error) => {
        if (error === null) this.purge(() => done(null));
        else done(error);
      },
    });
  }

  #write(
    parts: SnapshotParts & Pick<SnapshotOptions, 'whenPublishable' | 'publish' | 'packing'>,
  ): void {
    assert(this.#snapshotJob === null, 'one snapshot is written at a time');
    const { clock, logger, metrics, withDigest, withLastZxid } = this.#options;
    const startedMs = clock.nowMs();
    this.#snapshotJob = writeSnapshot({
      ...parts,
      disk: this.#places.disk,
      clock,
      directory: this.#places.snapshotDir,
      digest: withDigest ? () => known(parts.digest()) : null,
      withLastZxid,
      done: (error, bytes) => {
        const tookMs = clock.nowMs() - startedMs;
        this.#snapshotJob = null;
        if (error === null) {
          metrics.summary('snapshottime').add(tookMs);
          this.#lastSnapshot = { zxid: parts.zxid, wallMs: clock.wallMs() };
          logger.debug('snapshot written', {
            zxid: `0x${zxidHex(parts.zxid)}`,
            bytes,
            ms: Math.round(tookMs),
          });
        } else {
          metrics.counter('snapshot_error_count').add();
          logger.warn('the snapshot could not be written; the log keeps everything', {
            problem: error.message,
          });
        }
        parts.done(error);
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
    const { logger, snapshotRetainCount } = this.#options;
    purge(this.#places, snapshotRetainCount, (removed, error) => {
      this.#isPurging = false;
      if (removed.length > 0)
        logger.debug('files no longer needed are removed', { files: removed.join(' ') });
      if (error !== null)
        logger.warn('files no longer needed could not be removed', { problem: error.message });
      done();
      for (const run of this.#quiet.splice(0)) this.quiesce(run);
    });
  }

  /** Bytes of all snapshots and of all logs. */
  sizes(): { readonly snapshotBytes: number; readonly logBytes: number } {
    const bytesOf = (directory: string, prefix: string): number =>
      listPackable(this.#places.disk, directory, prefix).reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      snapshotBytes: bytesOf(this.#places.snapshotDir, SNAPSHOT_PREFIX),
      logBytes: bytesOf(this.#places.logDir, LOG_PREFIX),
    };
  }

  /** Waits for everything appended to be durable, as far as the disk takes it, then lets go of the files. */
  async close(): Promise<void> {
    this.#snapshotJob?.cancel(() => undefined);
    this.#takingOver?.discard();
    await this.#commits.close();
    this.#log.close();
  }

  // --- in an ensemble ---

  /** Whether somebody put a file there that lets a database be new. It counts once, and whether it was needed or not. */
  takeLeaveToBegin(): boolean {
    const { disk } = this.#places;
    const { dataLogDir } = this.#options;
    const path = disk.join(dataLogDir, INITIALIZE_FILE);
    if (!disk.exists(path)) return false;
    disk.remove(path);
    disk.syncDirectory(dataLogDir);
    return true;
  }

  /** @throws JournalError where the epochs contradict each other or the log */
  takeUpEpochs(lastZxid: Zxid): Epochs {
    return takeUpEpochs(this.#places.disk, this.#places.snapshotDir, lastZxid);
  }

  /** @throws DiskError */
  storeEpoch(which: keyof Epochs, epoch: number): void {
    writeEpoch(this.#places.disk, this.#places.snapshotDir, which, epoch);
  }

  /**
   * Gives up the snapshot under way, and runs it when everything appended is durable and no file is being made or removed:
   * history can then be read back, cut or replaced.
   */
  quiesce(run: () => void): void {
    const job = this.#snapshotJob;
    if (job !== null) {
      job.cancel(() => {
        if (this.#snapshotJob === job) this.#snapshotJob = null;
        this.quiesce(run);
      });
    } else if (this.#isPurging) {
      this.#quiet.push(run);
    } else {
      this.#commits.whenIdle(run);
    }
  }

  #recovery(scope: RecoveryScope): Recovery {
    const { logger, initialCounter = 0 } = this.#options;
    return new Recovery({ ...this.#places, logger, initialCounter, scope });
  }

  /**
   * Cuts off everything after `zxid`, once it is known that what is left can be read, into `target`. While quiet.
   * @returns null where it cannot: nothing was changed
   * @throws DiskError
   */
  truncate(
    zxid: Zxid,
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
  ): Recovered | null {
    const recovery = this.#recovery({ upTo: zxid, isMember: true });
    const recovered = recovery.tryRun(target, onProgress);
    if (recovered === null || recovered.snapshotZxid === null) return null;
    writePlan(this.#places, {
      kind: 'cut',
      after: zxid,
      place: recovery.unwanted,
      base: recovered.snapshotZxid,
    });
    this.#carryOutPlan();
    this.#commits.restart(recovered.lastZxid);
    this.#lastSnapshot = recovery.snapshot;
    return recovered;
  }

  /** Makes a snapshot that is all there will be: no log and no other snapshot is left beside it. While quiet. */
  replace(parts: SnapshotParts): void {
    this.#write({ ...parts, publish: () => this.#takeOver(parts.zxid) });
  }

  /** A snapshot that is received: to be given to `replaceBy`, or discarded. */
  receive(zxid: Zxid): ReceivedSnapshot {
    const { disk, snapshotDir } = this.#places;
    return new ReceivedSnapshot({ disk, directory: snapshotDir, zxid, number: ++this.#receipts });
  }

  /** As `replace`, by one that was received whole. While quiet. */
  replaceBy(received: ReceivedSnapshot, done: (error: DiskError | null) => void): void {
    const { disk, snapshotDir } = this.#places;
    const { clock, logger } = this.#options;
    const { zxid, bytes } = received;
    this.#takingOver = received;
    received.finish((error) => {
      this.#takingOver = null;
      if (error !== null) {
        done(error);
        return;
      }
      try {
        received.rename(disk.join(snapshotDir, temporaryName(SNAPSHOT_PREFIX, zxid)));
        this.#takeOver(zxid);
      } catch (problem) {
        if (!(problem instanceof DiskError)) throw problem;
        received.discard();
        done(problem);
        return;
      }
      this.#lastSnapshot = { zxid, wallMs: clock.wallMs() };
      logger.debug('received snapshot kept', { zxid: `0x${zxidHex(zxid)}`, bytes });
      done(null);
    });
  }

  #takeOver(zxid: Zxid): void {
    writePlan(this.#places, { kind: 'takeover', by: zxid });
    this.#commits.restart(zxid);
    this.#carryOutPlan();
  }

  /** From the moment the plan is written, nothing else may be done here before it is carried out: if need be, by a restart. */
  #carryOutPlan(): void {
    try {
      carryOutPlan(this.#places);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#commits.giveUp(error);
    }
  }

  /** A place in the log, to be sought before it is read from. */
  cursor(): LogCursor {
    return new LogCursor(this.#places);
  }

  get newestSnapshotBytes(): number {
    const { disk, snapshotDir } = this.#places;
    return listPackable(disk, snapshotDir, SNAPSHOT_PREFIX).at(-1)?.bytes ?? 0;
  }
}

function known(digest: StatedDigest & { readonly isKnown: boolean }): StatedDigest | null {
  return digest.isKnown ? digest : null;
}
