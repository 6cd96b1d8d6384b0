/**
 * Many appends, one write and one sync: of everything the partitions of a node appended in a turn, and of what arrives while
 * another sync is under way.
 *
 *   append, append ─▶ flush ─▶ round: write ─▶ fdatasync ─▶ done, done ─▶ end of the turn ─▶ next round
 *                              what is appended and flushed meanwhile waits ────────────────────▲
 *
 * A round serves one segment; the next one is written only when the one before is durable (E3), so that whatever a segment
 * holds, the segments before it hold theirs.
 */
import { Fifo } from '../../base/fifo.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { FlushDone } from './backing.ts';
import type { Log } from './log.ts';
import type { Segment } from './segment.ts';

export interface GroupCommitParts {
  readonly log: Log;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** So many bytes were written. */
  readonly onWritten: (bytes: number) => void;
  /** The disk takes no more for now. It is tried again and again. */
  readonly onFull: () => void;
}

interface Waiter {
  /** Of `log.appendedBytes` when it came. */
  readonly upTo: number;
  readonly done: FlushDone;
}

const RETRY_MS = 500;

export class GroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #waiters = new Fifo<Waiter>();
  /** How much of `log.appendedBytes` is durable. */
  #durable: number;
  #isSyncing = false;
  #isPlanned = false;
  #isClosing = false;
  #retry: Timer | null = null;
  /** After a failed sync nobody knows what is durable; trying again could report what is not. */
  #broken: DiskError | null = null;
  #syncs = 0;
  #writtenBytes = 0;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
    const { segments, appendedBytes } = parts.log;
    // A log that is new has a header to be written.
    this.#durable = segments.reduce((sum, one) => sum - (one.size - one.durable), appendedBytes);
  }

  get syncs(): number {
    return this.#syncs;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get broken(): DiskError | null {
    return this.#broken;
  }

  flush(done: FlushDone): void {
    const upTo = this.#parts.log.appendedBytes;
    if (this.#broken !== null) done(this.#broken);
    else if (upTo === this.#durable && this.#waiters.length === 0) done(null);
    else {
      this.#waiters.push({ upTo, done });
      if (!this.#isSyncing && !this.#isPlanned && this.#retry === null) this.#round();
    }
  }

  /** Waits for everything that was appended, as far as the disk takes it. */
  close(done: () => void): void {
    this.#isClosing = true;
    const wasWaiting = this.#retry !== null;
    this.#retry?.cancel();
    this.#retry = null;
    this.flush(() => done());
    if (wasWaiting) this.#round();
  }

  #round(): void {
    const { log, disk, logger } = this.#parts;
    const segment = log.oldestDirty;
    if (this.#broken !== null || segment === null) return;
    const before = segment.written;
    try {
      segment.write(disk, log.directory, segment === log.active);
    } catch (error) {
      this.#onWriteFailed(error);
      return;
    }
    const { written } = segment;
    // Records that come now are written after this sync: what lies before them is durable then.
    segment.batchAt = written;
    this.#isSyncing = true;
    this.#syncs++;
    this.#writtenBytes += written - before;
    this.#parts.onWritten(written - before);
    segment.file!.sync((error) => {
      this.#isSyncing = false;
      if (error !== null) {
        logger.error('the log could not be made durable; this node stops', {
          problem: error.message,
        });
        this.#break(error);
        return;
      }
      this.#onDurable(segment, written);
    });
  }

  #onDurable(segment: Segment, written: number): void {
    const { log, clock } = this.#parts;
    this.#durable += written - segment.durable;
    segment.durable = written;
    log.cool();
    this.#isPlanned = true;
    for (let head = this.#waiters.peek(); head !== undefined && head.upTo <= this.#durable;) {
      this.#waiters.shift();
      head.done(null);
      head = this.#waiters.peek();
    }
    // At the end of the turn, so that what those who waited append now shares the sync.
    clock.defer(() => {
      this.#isPlanned = false;
      if (this.#waiters.length > 0 && !this.#isSyncing) this.#round();
    });
  }

  #onWriteFailed(error: unknown): void {
    const { logger, clock, onFull } = this.#parts;
    if (!(error instanceof DiskError)) throw error;
    if (error.code !== 'full') {
      logger.error('the log could not be written; this node stops', { problem: error.message });
      this.#break(error);
      return;
    }
    onFull();
    if (this.#isClosing) {
      this.#break(error);
      return;
    }
    this.#retry = clock.after(RETRY_MS, () => {
      this.#retry = null;
      this.#round();
    });
  }

  #break(error: DiskError): void {
    this.#broken = error;
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift())
      waiter.done(error);
  }
}
