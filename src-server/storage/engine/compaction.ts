/**
 * Gives back room: what still counts of the oldest segment is written again at the end of the log, then the segment goes.
 *
 *   ├ 7: a  b† c† d ┤├ 8 ┤├ 9 … a d ┤      †: written again or deleted since
 *     └────────────────────────────┘
 *   idle ─▶ moving ─▶ flushing ─▶ removing ─▶ idle
 *
 * Always the oldest: nothing older can then bring a deleted key back, and a deletion goes with its segment (E7). It begins when
 * half of the log no longer counts, so that each byte is written twice on average. Refused: the segment with the least to move
 * first, which would have to remember deletions for as long as any older segment may hold their keys.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { FlushDone } from './backing.ts';
import { isKept, LiveOps, mayLeave } from './live-ops.ts';
import type { Log } from './log.ts';
import type { PartitionStore } from './partition-store.ts';
import { positionOf, RECORD_HEADER_BYTES } from './record.ts';
import { RecordCursor } from './record-cursor.ts';
import { hintName, type Segment, segmentName } from './segment.ts';

export interface CompactionParts {
  readonly log: Log;
  readonly stores: ReadonlyMap<number, PartitionStore>;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly segmentBytes: number;
  readonly keepBytes: number;
  readonly flush: (done: FlushDone) => void;
  readonly isShortOfRoom: () => boolean;
  readonly onDamage: (segment: Segment, from: number, to: number) => void;
}

type Phase = 'idle' | 'moving' | 'flushing' | 'removing';

/** Of the log that no longer counts, before it is worth the while; less where the disk is nearly full. */
const GARBAGE_PART = 0.5;
const GARBAGE_PART_IN_NEED = 0.15;
/** Moved in one slice, at most; a slice ends earlier when its time is over. */
const SLICE_BYTES = 0x10_0000;
const RECORDS_PER_LOOK = 64;
/** What could not leave is not tried again before. */
const RETRY_MS = 10_000;

export class Compaction {
  readonly #parts: CompactionParts;
  readonly #liveOps: LiveOps;
  #phase: Phase = 'idle';
  #cursor: RecordCursor | null = null;
  #movedBytes = 0;
  #notBeforeMs = 0;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
    this.#liveOps = new LiveOps(parts.stores);
  }

  get movedBytes(): number {
    return this.#movedBytes;
  }

  /** @returns whether there is more to do at once */
  step(untilMs: number): boolean {
    if (this.#phase === 'idle' && this.#isWorthIt()) {
      this.#phase = 'moving';
      this.#cursor = new RecordCursor(this.#parts.log.oldest);
    }
    if (this.#phase !== 'moving') return false;
    this.#move(this.#cursor!, untilMs);
    return true;
  }

  #isWorthIt(): boolean {
    const { log, stores, clock, segmentBytes, keepBytes, isShortOfRoom } = this.#parts;
    const { oldest, active, totalBytes } = log;
    if (oldest === active || oldest.durable < oldest.size || clock.nowMs() < this.#notBeforeMs)
      return false;
    const inNeed = isShortOfRoom();
    const garbage = totalBytes - liveBytes(log);
    const isMuch = inNeed
      ? garbage > totalBytes * GARBAGE_PART_IN_NEED
      : garbage > Math.max(segmentBytes * 2, totalBytes * GARBAGE_PART);
    if (!isMuch) return false;
    const end = positionOf(oldest.number + 1, 0);
    if (!mayLeave(end, stores.values())) return false;
    return inNeed || totalBytes > keepBytes || !isKept(end, stores.values());
  }

  #move(cursor: RecordCursor, untilMs: number): void {
    const { clock, flush, onDamage } = this.#parts;
    let bytes = 0;
    for (let records = 0; bytes < SLICE_BYTES; records++) {
      if (records % RECORDS_PER_LOOK === RECORDS_PER_LOOK - 1 && clock.nowMs() >= untilMs) break;
      const step = this.#liveOps.step(cursor, (store, at, op) => {
        store.move(at, op);
        bytes += op.length;
      });
      if (step === 'end') {
        this.#movedBytes += bytes;
        this.#endOfPass(cursor.segment);
        return;
      }
      if (step === 'bad-header') cursor.seek();
      if (step !== 'record') onDamage(cursor.segment, cursor.offset, cursor.end);
    }
    this.#movedBytes += bytes;
    if (bytes > 0) flush(() => undefined);
  }

  #endOfPass(segment: Segment): void {
    const { stores, flush } = this.#parts;
    this.#cursor = null;
    if (!this.#isFree(segment)) {
      // Something was brought back meanwhile, or cannot be read and must be installed again.
      this.#rest();
      return;
    }
    for (const store of stores.values()) store.writeState();
    this.#phase = 'flushing';
    flush((error) => {
      if (error === null && this.#isFree(segment)) this.#remove(segment);
      else this.#rest();
    });
  }

  #isFree(segment: Segment): boolean {
    const end = positionOf(segment.number + 1, 0);
    return (
      segment.liveOps === 0 && segment.pins === 0 && mayLeave(end, this.#parts.stores.values())
    );
  }

  #rest(): void {
    this.#phase = 'idle';
    this.#notBeforeMs = this.#parts.clock.nowMs() + RETRY_MS;
  }

  /** One after the other, each durably: no order in which names vanish may leave an older segment without a newer one. */
  #remove(segment: Segment): void {
    const { log, stores, disk } = this.#parts;
    this.#phase = 'removing';
    log.forgetOldest();
    const begin = positionOf(log.oldest.number, 0);
    for (const store of stores.values()) store.forgetBefore(begin);
    segment.file?.close();
    const path = disk.join(log.directory, segmentName(segment.number));
    this.#whenDone(
      (done) => disk.remove(path, done),
      () =>
        this.#whenDone(
          (done) => disk.syncDirectory(log.directory, done),
          () => {
            if (segment.hasHint) disk.remove(disk.join(log.directory, hintName(segment.number)));
            this.#phase = 'idle';
          },
        ),
    );
  }

  #whenDone(work: (done: (error: DiskError | null) => void) => void, next: () => void): void {
    work((error) => {
      if (error === null) {
        next();
        return;
      }
      // The next restart finds the segment again, and in it nothing that counts.
      this.#parts.logger.warn('a segment that is no longer needed could not be removed', {
        problem: error.message,
      });
      this.#rest();
    });
  }
}

/** What the records of everything that counts would take. */
export function liveBytes(log: Log): number {
  let bytes = 0;
  for (const segment of log.segments)
    bytes += segment.liveBytes + segment.liveOps * (RECORD_HEADER_BYTES + 4);
  return bytes;
}
