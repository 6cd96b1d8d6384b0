/**
 * Reads every durable byte of the log again and again, at the pace at which one round takes the time it was given.
 *
 * It reads the files, whatever is in memory, and moves on over what is damaged: who is concerned is told, and heals.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Log } from './log.ts';
import { RecordCursor } from './record-cursor.ts';
import type { Segment } from './segment.ts';

export interface ScrubParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly onDamage: (segment: Segment, from: number, to: number) => void;
}

export interface ScrubFacts {
  readonly bytes: number;
  readonly bytesTotal: number;
  /** Wall time of the end of the last round; 0 for never. */
  readonly endedMs: number;
}

const SLICE_BYTES = 0x10_0000;

export class Scrub {
  readonly #parts: ScrubParts;
  #cursor: RecordCursor | null = null;
  /** Number of the segment to be read next. */
  #next = 0;
  #done = 0;
  #beganMs: number;
  #endedMs = 0;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
    this.#beganMs = parts.clock.nowMs();
  }

  facts(): ScrubFacts {
    return { bytes: this.#done, bytesTotal: this.#parts.log.totalBytes, endedMs: this.#endedMs };
  }

  /** Reads what is due by now, a slice at the most. Returns whether more is due. */
  step(): boolean {
    const { log, clock, periodMs } = this.#parts;
    const due = ((clock.nowMs() - this.#beganMs) / periodMs) * log.totalBytes;
    if (this.#done >= due) return false;
    const cursor = this.#current();
    if (cursor === null) {
      this.#endedMs = clock.wallMs();
      this.#beganMs += periodMs;
      this.#done = 0;
      this.#next = 0;
      return false;
    }
    const from = cursor.end;
    while (cursor.end - from < SLICE_BYTES && this.#verify(cursor));
    this.#done += cursor.end - from;
    return this.#done < due;
  }

  /** @returns whether the segment goes on */
  #verify(cursor: RecordCursor): boolean {
    const step = cursor.next();
    if (step === 'end') {
      this.#cursor = null;
      return false;
    }
    if (step === 'bad-header') cursor.seek();
    if (step !== 'record') this.#parts.onDamage(cursor.segment, cursor.offset, cursor.end);
    return true;
  }

  /** Where it reads; the next segment where one is finished or has left the log, null at the end. */
  #current(): RecordCursor | null {
    const { log } = this.#parts;
    const isThere = this.#cursor !== null && this.#cursor.segment.number >= log.oldest.number;
    if (isThere) return this.#cursor;
    const segment = log.segments.find(({ number }) => number >= this.#next);
    if (segment === undefined || segment.file === null) return (this.#cursor = null);
    this.#next = segment.number + 1;
    return (this.#cursor = new RecordCursor(segment, segment.durable));
  }
}
