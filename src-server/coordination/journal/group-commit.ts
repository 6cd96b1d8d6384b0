/**
 * Many transactions, one write and one sync.
 *
 *   append, append, append ─▶ batch ──write──▶ file ──fdatasync──▶ durable(batch) ─▶ next batch
 *                             (filled during this turn and while the sync before is under way)
 */
import { assert } from '../../base/assert.ts';
import { type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics, Summary } from '../../platform/metrics.ts';
import type { Txn } from '../model/txn.ts';
import type { TxnLog } from './txnlog.ts';
import { writeEncodedRecord, writeRecord } from './txnlog-format.ts';

export interface GroupCommitParts {
  readonly log: TxnLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Off: what was written counts as durable. */
  readonly forceSync: boolean;
  readonly fsyncWarningMs: number;
  readonly onDurable: (txns: readonly Txn[]) => void;
  /** So many bytes were written. */
  readonly onWritten: (bytes: number) => void;
  /** The disk takes no more for now. It is tried again and again. */
  readonly onFull: () => void;
  /** What is durable is unknown; nothing is written any more. */
  readonly onBroken: (error: DiskError) => void;
}

interface Batch {
  readonly writer: Writer;
  readonly txns: Txn[];
}

interface Waiter {
  readonly zxid: Zxid;
  readonly run: () => void;
}

const BATCH_BYTES = 0x4_0000;
const BATCH_KEPT_BYTES = 0x40_0000;
const RETRY_MS = 500;

export class GroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #fsyncTime: Summary;
  readonly #batchSize: Summary;
  #filling: Batch = newBatch();
  #spare: Batch | null = newBatch();
  #durable = ZXID_ZERO;
  #isSyncing = false;
  #isScheduled = false;
  #rollNext = false;
  /** After a failed sync nobody knows what is durable; trying again could report what is not. */
  #isBroken = false;
  #isClosing = false;
  #retry: Timer | null = null;
  /** In the order they came, which need not be that of their zxids. */
  #waiters: Waiter[] = [];
  #idle: (() => void)[] = [];

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
    this.#fsyncTime = parts.metrics.summary('fsynctime');
    this.#batchSize = parts.metrics.summary('sync_processor_batch_size');
  }

  /** From here on `txn.data` refers to the batch's own copy, until the transaction was reported durable. */
  append(txn: Txn): void {
    writeRecord(this.#filling.writer, txn);
    this.#note(txn);
  }

  /** The same for a transaction whose bytes are at hand; its data keeps referring to them. */
  appendEncoded(txn: Txn, payload: Uint8Array): void {
    writeEncodedRecord(this.#filling.writer, payload);
    this.#note(txn);
  }

  #note(txn: Txn): void {
    this.#filling.txns.push(txn);
    if (!this.#isSyncing) this.#plan();
  }

  /** Transactions appended and not yet durable. */
  get waiting(): number {
    return this.#filling.txns.length + (this.#isSyncing ? 1 : 0);
  }

  /** The next transaction begins a new file. */
  roll(): void {
    this.#rollNext = true;
  }

  /** Runs it once the log has durably got to `zxid`; at once where it has. */
  whenDurable(zxid: Zxid, run: () => void): void {
    if (zxid <= this.#durable) run();
    else this.#waiters.push({ zxid, run });
  }

  /** Runs it once everything appended is durable; at once where it is. */
  whenIdle(run: () => void): void {
    if (this.#isIdle) run();
    else this.#idle.push(run);
  }

  /** The log ends here from now on, and what comes next begins a new file. Only while nothing is under way. */
  restart(zxid: Zxid): void {
    assert(this.#isIdle, 'history is rewritten while nothing is being appended to it');
    this.#durable = zxid;
    this.#rollNext = false;
    this.#parts.log.roll();
  }

  /** Something else went wrong, and nothing may be written any more. */
  giveUp(error: DiskError): void {
    this.#isBroken = true;
    this.#parts.onBroken(error);
  }

  get #isIdle(): boolean {
    return !this.#isSyncing && this.#filling.txns.length === 0;
  }

  /** Waits for everything appended to be durable, as far as the disk takes it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#retry?.cancel();
    this.#commit();
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#idle.push(resolve));
    // What the disk did not take was never reported, and a turn that still comes must not begin another file for it.
    this.#isBroken = true;
  }

  /** At the end of the turn, so that what else arrives in it shares the sync. */
  #plan(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.defer(() => {
      this.#isScheduled = false;
      this.#commit();
    });
  }

  #commit(): void {
    const batch = this.#filling;
    if (this.#isSyncing || this.#isBroken || batch.txns.length === 0) return;
    const { log, clock, forceSync } = this.#parts;
    try {
      if (this.#rollNext) {
        log.roll();
        this.#rollNext = false;
      }
      log.append(batch.writer.view(), batch.txns[0]!.zxid);
    } catch (error) {
      this.#onWriteFailed(error);
      return;
    }
    this.#parts.onWritten(batch.writer.length);
    this.#filling = this.#spare ?? newBatch();
    this.#spare = null;
    this.#isSyncing = true;
    const startedMs = clock.nowMs();
    if (forceSync) log.sync((error) => this.#onSynced(batch, startedMs, error));
    else clock.defer(() => this.#onSynced(batch, startedMs, null));
  }

  #onSynced(batch: Batch, startedMs: number, error: DiskError | null): void {
    const { clock, logger, fsyncWarningMs } = this.#parts;
    this.#isSyncing = false;
    if (error !== null) {
      logger.error('the log could not be made durable; this member stops', {
        problem: error.message,
      });
      this.#break(error);
      return;
    }
    const tookMs = clock.nowMs() - startedMs;
    this.#fsyncTime.add(tookMs);
    this.#batchSize.add(batch.txns.length);
    if (tookMs > fsyncWarningMs) {
      logger.warn('a sync of the log took long; clients wait for it', { ms: Math.round(tookMs) });
    }
    this.#durable = batch.txns.at(-1)!.zxid;
    this.#parts.onDurable(batch.txns);
    batch.txns.length = 0;
    if (batch.writer.capacity > BATCH_KEPT_BYTES) batch.writer.release(BATCH_BYTES);
    else batch.writer.clear();
    this.#spare = batch;
    if (this.#filling.txns.length > 0) {
      if (this.#isClosing) this.#commit();
      else this.#plan();
    }
    this.#tellWaiters();
  }

  #tellWaiters(): void {
    if (this.#waiters.length > 0) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const { zxid, run } of waiters) this.whenDurable(zxid, run);
    }
    if (this.#isIdle) this.#endWaitForIdle();
  }

  #endWaitForIdle(): void {
    for (const run of this.#idle.splice(0)) run();
  }

  #onWriteFailed(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    if (error.code !== 'full') {
      this.#parts.logger.error('the log could not be written; this member stops', {
        problem: error.message,
      });
      this.#break(error);
      return;
    }
    this.#parts.onFull();
    if (this.#isClosing) this.#endWaitForIdle();
    if (this.#isClosing || this.#retry !== null) return;
    this.#retry = this.#parts.clock.after(RETRY_MS, () => {
      this.#retry = null;
      this.#commit();
    });
  }

  #break(error: DiskError): void {
    // Only who closes goes on after this; whoever else waits relied on what is unknown now.
    if (this.#isClosing) this.#endWaitForIdle();
    this.giveUp(error);
  }
}

function newBatch(): Batch {
  return { writer: new Writer(BATCH_BYTES), txns: [] };
}
