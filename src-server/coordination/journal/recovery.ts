/**
 * Reads a data directory back: the newest whole snapshot, then every later transaction. J3 is kept here: whatever was
 * reported durable is given back, or recovery refuses and says what is missing.
 *
 *   snapshot.8 ✓      snapshot.30 ✗ damaged, so the older one is taken, and must be made up for by the logs
 *   log.1 ─┐ log.9 ─────┐ log.1f ───┐
 *          └─ 1 … 8     └─ 9 … 1e   └─ 1f … 34 (torn)        no zxid may be missing on the way
 */
import { counterOf, epochOf, type Zxid, ZXID_ZERO, zxidHex } from '../../base/zxid.ts';
import type { Disk } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Txn } from '../model/txn.ts';
import { checkEpochs, readEpochs } from './epochs.ts';
import { listLeftovers, listNumbered, listPackable, type NumberedFile } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import type { CutPlace } from './rewriting.ts';
import { looksFinished, readSnapshot } from './snapshot.ts';
import { SNAPSHOT_PREFIX, type SnapshotSink, type StatedDigest } from './snapshot-format.ts';
import { LOG_PREFIX } from './txnlog-format.ts';
import { LogScan } from './txnlog-scan.ts';

/** Where recovery puts what it reads. */
export interface RecoveryTarget {
  /** An empty state, for a first or another attempt at a snapshot. */
  begin(): SnapshotSink;
  loaded(zxid: Zxid, stated: StatedDigest | null): void;
  replay(txn: Txn): void;
  /** Every transaction seen in the log on the way, also those that the snapshot holds; the bytes are borrowed. */
  seen?(txn: Txn, payload: Buffer): void;
}

export interface Recovered {
  readonly lastZxid: Zxid;
  /** Null for a new, empty database. */
  readonly snapshotZxid: Zxid | null;
  readonly txnsReplayed: number;
}

/** How much of what is there is wanted, and by whom. */
export interface RecoveryScope {
  /** Nothing after this transaction; null for everything. */
  readonly upTo: Zxid | null;
  /** A member of an ensemble looks at its epochs itself, as its log may end in one that is not current yet. */
  readonly isMember: boolean;
}

export interface RecoveryProgress {
  readonly doing: 'snapshot' | 'log';
  readonly file: string;
  readonly bytes: number;
  readonly total: number;
}

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly snapshotDir: string;
  readonly logDir: string;
  readonly recordBytesMax: number;
  /** The one before the first of every epoch. */
  readonly initialCounter: number;
  readonly scope: RecoveryScope;
}

/** A snapshot whose content was there once and cannot be had. */
interface Unreadable {
  readonly name: string;
  readonly zxid: Zxid;
  readonly problem: string;
  readonly advice: string;
}

interface Replayed {
  readonly lastZxid: Zxid;
  readonly txnsReplayed: number;
  readonly files: readonly string[];
}

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #disk: Disk;
  readonly #logger: Logger;
  /** The snapshot that was loaded. */
  snapshot: { readonly name: string; readonly zxid: Zxid; readonly wallMs: number } | null = null;
  /** The first transaction in the log that was not wanted. */
  unwanted: CutPlace | null = null;
  /** The newest one of its kind. */
  #unreadable: Unreadable | null = null;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.#logger = options.logger;
  }

  run(target: RecoveryTarget, onProgress: (progress: RecoveryProgress) => void): Recovered {
    const { snapshotDir, scope } = this.#options;
    this.#removeLeftovers();
    const all = listPackable(this.#disk, snapshotDir, SNAPSHOT_PREFIX);
    const snapshots = all.filter(({ zxid }) => this.#isWanted(zxid));
    const logs = this.#readableLogs();
    this.#loadNewest(snapshots, target, onProgress);
    const snapshotZxid = this.snapshot?.zxid ?? null;
    if (snapshotZxid === null) {
      if (logs.length > 0) this.#refuseLogsAlone(snapshots.length);
      target.begin();
    }
    const replayed = this.#replayAll(logs, snapshotZxid ?? ZXID_ZERO, target, onProgress);
    this.#refuseWithoutUnreadable(replayed.lastZxid);
    this.#makeDurable(replayed.files);
    const epochs = scope.isMember ? null : readEpochs(this.#disk, snapshotDir);
    if (epochs !== null) checkEpochs(epochs, replayed.lastZxid, snapshotDir);
    const { lastZxid, txnsReplayed } = replayed;
    return { lastZxid, snapshotZxid, txnsReplayed };
  }

  /** Null where what is wanted cannot be had. Files are left as they are. */
  tryRun(
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
  ): Recovered | null {
    try {
      return this.run(target, onProgress);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#logger.warn('the history up to there cannot be had', { problem: error.message });
      return null;
    }
  }

  #isWanted(zxid: number): boolean {
    const { upTo } = this.#options.scope;
    return upTo === null || zxid <= upTo;
  }

  #snapshotPath(name: string): string {
    return this.#disk.join(this.#options.snapshotDir, name);
  }

  #noteUnreadable(unreadable: Unreadable): void {
    if (unreadable.zxid >= (this.#unreadable?.zxid ?? ZXID_ZERO)) this.#unreadable = unreadable;
  }

  // --- snapshots ---

  /** A crash in the middle of writing a snapshot leaves it under its temporary name. */
  #removeLeftovers(): void {
    for (const name of listLeftovers(this.#disk, this.#options.snapshotDir, SNAPSHOT_PREFIX))
      this.#disk.remove(this.#snapshotPath(name));
  }

  #loadNewest(
    snapshots: readonly NumberedFile[],
    target: RecoveryTarget,
    onProgress: (progress: RecoveryProgress) => void,
  ): void {
    for (const { name, zxid, modifiedMs } of [...snapshots].reverse()) {
      const path = this.#snapshotPath(name);
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
        if (stated !== null && !this.#isWanted(stated.zxid)) {
          this.#logger.info('this snapshot was finished too late; an older one is tried', {
            file: path,
          });
          continue;
        }
        target.loaded(zxid, stated);
        this.snapshot = { name, zxid, wallMs: modifiedMs };
        return;
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        this.#noteUnreadable({
          name,
          zxid,
          problem: 'this snapshot is damaged',
          advice: 'Restore it, or the logs before it, from a backup',
        });
        this.#logger.warn('this snapshot is damaged; an older one is tried', {
          file: path,
          problem: error.message,
        });
      }
    }
  }

  #refuseLogsAlone(snapshotCount: number): never {
    throw new JournalError(
      'incomplete',
      this.#options.snapshotDir,
      null,
      snapshotCount === 0
        ? 'there are transaction logs but no snapshot'
        : `there are transaction logs, and none of ${snapshotCount} snapshots can be read`,
      'Restore the missing snapshot from a backup, or empty the directory to begin anew',
    );
  }

  /** What a snapshot that cannot be read held has to have come from elsewhere. */
  #refuseWithoutUnreadable(lastZxid: number): void {
    const unreadable = this.#unreadable;
    if (unreadable === null || lastZxid >= unreadable.zxid) return;
    throw new JournalError(
      'incomplete',
      this.#snapshotPath(unreadable.name),
      null,
      `${unreadable.problem}, and nothing else here reaches its zxid`,
      `${unreadable.advice}, or empty the directory and let another member fill it`,
    );
  }

  // --- logs ---

  /** Logs that hold at least a header; others are leftovers of a crash at their very start. */
  #readableLogs(): NumberedFile[] {
    const logs = listNumbered(this.#disk, this.#options.logDir, LOG_PREFIX);
    return logs.filter(({ name }, i) => {
      const scan = this.#scan(name);
      try {
        const beginning = scan.open();
        if (beginning === 'whole') return true;
        // A later log is begun only when everything in this one is durable.
        if (beginning === 'torn' && i < logs.length - 1) throw scan.damage(0, 'beginning-gone');
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
  ): Replayed {
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
          if (!this.#isWanted(txn.zxid)) {
            this.unwanted = { name, offset: scan.offset };
            break;
          }
          target.seen?.(txn, scan.payload);
          if (txn.zxid <= after) continue;
          this.#checkFollows(txn.zxid, lastZxid, scan);
          target.replay(txn);
          lastZxid = txn.zxid > lastZxid ? txn.zxid : lastZxid;
          if (++txnsReplayed % 4096 === 0)
            onProgress({ doing: 'log', file: name, bytes: scan.position, total: bytes });
        }
        if (this.unwanted !== null) break;
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
    const files = logs.slice(first).map(({ name }) => this.#disk.join(this.#options.logDir, name));
    return { lastZxid, txnsReplayed, files };
  }

  /** Zxids have no holes, and an epoch begins with 1. (Java repeats a zxid for a request it could not decode.) */
  #checkFollows(zxid: Zxid, last: Zxid, scan: LogScan): void {
    const isFirst = counterOf(zxid) <= this.#options.initialCounter + 1;
    if (zxid <= last + 1 || (epochOf(zxid) > epochOf(last) && isFirst)) return;
    throw new JournalError(
      'incomplete',
      scan.path,
      scan.offset,
      `transactions are missing between 0x${zxidHex(last)} and 0x${zxidHex(zxid)}`,
      'Restore the missing log from a backup, or empty the directory and let another member fill it',
    );
  }

  /**
   * What was just read may lie in the system's memory alone, where a process that was killed before its sync ended has left
   * it. Were the power to fail after new writes are durable, those would stand behind a hole.
   */
  #makeDurable(logs: readonly string[]): void {
    const files = [...logs];
    if (this.snapshot !== null) files.push(this.#snapshotPath(this.snapshot.name));
    for (const path of files) {
      const file = this.#disk.open(path, 'edit');
      try {
        file.syncNow();
      } finally {
        file.close();
      }
    }
    const { snapshotDir, logDir } = this.#options;
    this.#disk.syncDirectory(snapshotDir);
    if (logDir !== snapshotDir) this.#disk.syncDirectory(logDir);
  }

  #scan(name: string): LogScan {
    return new LogScan(this.#disk, this.#disk.join(this.#options.logDir, name), {
      recordBytesMax: this.#options.recordBytesMax,
    });
  }
}
