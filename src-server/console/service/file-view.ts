/**
 * One log or snapshot as one person sees it: its lines, found bit by bit beside everything else this thread does.
 *
 *   reading ──▶ complete ⇄ (somebody writes: reading)      stopped, full, failed: until the filter is set again
 */
import { ApiError } from '#contract/errors.ts';
import type {
  LogFilter,
  LogReading,
  LogRecord,
  LogState,
  LogWindow,
} from '#contract/log-models.ts';

import type { Clock, Timer } from '../../platform/clock.ts';
import type { Lines } from './lines.ts';
import { Places } from './places.ts';

export interface FileViewOptions {
  readonly clock: Clock;
  readonly lines: Lines;
  readonly rowsMax?: number;
  /** Where there is no room for more, the oldest lines go, and not the newest. */
  readonly isRolling?: boolean;
}

/** No click waits noticeably longer for a slice, and reading takes most of the time. */
const SLICE_MS = 8;
const TELL_MS = 100;
/** How soon what was written is to be seen. */
const FOLLOW_MS = 400;
/** 16 MB of places. */
const ROWS_MAX = 2_000_000;

export class FileView {
  readonly #clock: Clock;
  readonly #lines: Lines;
  readonly #rowsMax: number;
  readonly #isRolling: boolean;
  readonly #places = new Places();
  readonly #listeners = new Set<(state: LogState) => void>();
  #reading: LogReading = { kind: 'reading', done: 0, total: 0 };
  #revision = 0;
  #forgotten = 0;
  #tellTimer: Timer | null = null;
  #followTimer: Timer | null = null;
  /** Slices of before a restart end without a trace. */
  #run = 0;
  #isClosed = false;

  constructor(options: FileViewOptions) {
    this.#clock = options.clock;
    this.#lines = options.lines;
    this.#rowsMax = options.rowsMax ?? ROWS_MAX;
    this.#isRolling = options.isRolling ?? false;
    this.#begin();
  }

  get state(): LogState {
    const { seen, marks, span, snapshot, timings } = this.#lines;
    return {
      revision: this.#revision,
      rowCount: this.#places.length,
      seen,
      marks,
      forgotten: this.#forgotten,
      reading: this.#reading,
      span,
      snapshot,
      timings,
    };
  }

  /** Tells the present state and every later one, at most ten a second. */
  onChange(listener: (state: LogState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.state);
    return () => this.#listeners.delete(listener);
  }

  filter(filter: LogFilter): void {
    this.#places.clear();
    this.#forgotten = 0;
    this.#guard(() => {
      this.#lines.restart(filter);
      this.#begin();
    });
  }

  stop(): void {
    if (this.#reading.kind !== 'reading') return;
    this.#run++;
    const { done, total } = this.#lines;
    this.#become({ kind: 'stopped', done, total });
  }

  window(from: number, count: number): LogWindow {
    const rows = [];
    for (let row = from; row < from + count; row++) {
      const place = this.#places.at(row);
      if (place === null) break;
      rows.push(this.#lines.row(place));
    }
    return { revision: this.#revision, rowCount: this.#places.length, from, rows };
  }

  /** The first line of this zxid or a greater one, or the last; null where there is none. Zxids grow, line by line. */
  find(zxid: number): number | null {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.#zxidFrom(middle, high);
      if (found === null || found >= zxid) high = middle;
      else low = middle + 1;
    }
    return this.#places.length === 0 ? null : Math.min(low, this.#places.length - 1);
  }

  /** The transaction or node of a line. @throws ApiError not-found where another place stands there now */
  record(row: number, at: number): LogRecord {
    const place = this.#places.at(row);
    if (place === null || this.#lines.offsetOf(place) !== at)
      throw new ApiError('not-found', 'something else stands in this line now');
    return this.#lines.record(place);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#run++;
    this.#tellTimer?.cancel();
    this.#followTimer?.cancel();
    this.#lines.close();
  }

  /** Of the first line from here on that has one. */
  #zxidFrom(row: number, end: number): number | null {
    for (let at = row; at < end; at++) {
      const zxid = this.#lines.zxidOf(this.#places.at(at)!);
      if (zxid !== null) return zxid;
    }
    return null;
  }

  #begin(): void {
    const run = ++this.#run;
    this.#followTimer?.cancel();
    this.#followTimer = null;
    const { done, total } = this.#lines;
    this.#become({ kind: 'reading', done, total });
    this.#clock.defer(() => this.#slice(run));
  }

  #slice(run: number): void {
    if (run !== this.#run) return;
    this.#guard(() => {
      const untilMs = this.#clock.nowMs() + SLICE_MS;
      const before = this.#lines.seen + this.#places.length;
      do {
        if (this.#step() === 'end') {
          this.#rest(run, before !== this.#lines.seen + this.#places.length);
          return;
        }
      } while (this.#clock.nowMs() < untilMs && this.#places.length < this.#rowsMax);
      const { done, total } = this.#lines;
      if (this.#places.length >= this.#rowsMax && this.#isRolling)
        this.#forgotten += this.#places.dropFirst(Math.ceil(this.#rowsMax / 4));
      if (this.#places.length >= this.#rowsMax) {
        this.#become({ kind: 'full', done, total });
        return;
      }
      this.#become({ kind: 'reading', done, total });
      this.#clock.defer(() => this.#slice(run));
    });
  }

  #step(): 'more' | 'end' {
    return this.#lines.step({
      keep: (place) => this.#places.push(place),
      takeBack: () => this.#places.pop(),
      forgetBefore: (place) => (this.#forgotten += this.#places.dropBefore(place)),
    });
  }

  /** What lines show has changed, and not which there are. */
  touch(): void {
    this.#become(this.#reading);
  }

  /** Everything is read; whether there is more is asked every now and then. */
  #rest(run: number, isNew: boolean): void {
    if (this.#reading.kind !== 'complete' || isNew) this.#become({ kind: 'complete' });
    this.#followTimer = this.#clock.after(FOLLOW_MS, () => this.#slice(run));
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#run++;
      this.#become({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
  }

  #become(reading: LogReading): void {
    this.#reading = reading;
    this.#revision++;
    if (this.#tellTimer !== null || this.#isClosed) return;
    this.#tellTimer = this.#clock.after(TELL_MS, () => {
      this.#tellTimer = null;
      for (const listener of [...this.#listeners]) listener(this.state);
    });
  }
}
