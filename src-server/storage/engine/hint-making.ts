/** Gives each full segment its hint, oldest first, a slice at a time. It is read back from the file, and so verified once more. */
import type { Clock } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import { HintWriter } from './hints.ts';
import type { Log } from './log.ts';
import { RecordCursor } from './record-cursor.ts';
import type { Segment } from './segment.ts';

export interface HintMakingParts {
  readonly log: Log;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDamage: (segment: Segment, from: number, to: number) => void;
}

const RECORDS_PER_LOOK = 64;

export class HintMaking {
  readonly #parts: HintMakingParts;
  #cursor: RecordCursor | null = null;
  #writer: HintWriter | null = null;
  /** Segments up to there have a hint, or cannot have one. */
  #madeUpTo = 0;

  constructor(parts: HintMakingParts) {
    this.#parts = parts;
  }

  /** @returns whether there is more to do at once */
  step(untilMs: number): boolean {
    const { log, disk, logger } = this.#parts;
    try {
      if (this.#cursor !== null && this.#cursor.segment.number < log.oldest.number) this.abandon();
      if (this.#cursor === null) {
        const segment = log.segments.find(
          ({ number, hasHint }) => number > this.#madeUpTo && !hasHint,
        );
        if (segment === undefined || segment === log.active || segment.durable < segment.size)
          return false;
        this.#madeUpTo = segment.number;
        this.#cursor = new RecordCursor(segment);
        this.#writer = new HintWriter(disk, log.directory, segment);
      }
      this.#go(this.#cursor, this.#writer!, untilMs);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      logger.warn('a hint could not be written; the next start reads the segment itself', {
        problem: error.message,
      });
      this.abandon();
      return false;
    }
  }

  #go(cursor: RecordCursor, writer: HintWriter, untilMs: number): void {
    const { log, clock, onDamage } = this.#parts;
    for (let records = 1; ; records++) {
      const step = cursor.next();
      if (step === 'record') {
        writer.add(cursor);
      } else if (step === 'end') {
        writer.finish(log.logId);
        cursor.segment.hasHint = true;
        this.#cursor = this.#writer = null;
        return;
      } else {
        // A hint would hide the damage from the next start.
        onDamage(cursor.segment, cursor.offset, cursor.end);
        this.abandon();
        return;
      }
      if (records % RECORDS_PER_LOOK === 0 && clock.nowMs() >= untilMs) return;
    }
  }

  /** What is begun and not finished goes. */
  abandon(): void {
    this.#writer?.abandon();
    this.#cursor = this.#writer = null;
  }
}
