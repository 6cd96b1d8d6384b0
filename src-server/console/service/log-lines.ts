/**
 * Transactions of a log as lines, and of the logs that follow it where the source is the log of a member that writes.
 *
 *   place = number of the file · 2^40 + offset in it
 */
import { ApiError } from '#contract/errors.ts';
import type { LogFilter, LogRecord, LogRow } from '#contract/log-models.ts';

import { JournalError } from '../../coordination/journal/journal-error.ts';
import { type LogItem, LogReader } from '../../coordination/journal/log-reader.ts';
import type { Disk } from '../../platform/disk.ts';
import type { LineKeeper, Lines, Span } from './lines.ts';
import { EVERYTHING, fitsTxn } from './log-filter.ts';
import { txnRecord, txnRow } from './log-views.ts';

export interface LogLinesOptions {
  readonly disk: Disk;
  /** The first log, or null where there is none yet. */
  readonly path: string | null;
  /**
   * The log after this one, or the first for null; null while there is none. It may begin with what was read already, up to
   * the zxid read last. Absent for a file by itself.
   */
  readonly successor?: (path: string | null, lastZxid: number | null) => string | null;
}

type Mark = Extract<LogItem, { kind: 'mark' }>;

const FILE_SHIFT = 2 ** 40;
const STEP_ITEMS = 64;
/** Logs of a member that are open at the same time: the oldest is forgotten with its lines. */
const FILES_MAX = 4;

export class LogLines implements Lines {
  readonly #options: LogLinesOptions;
  /** Files by number; those before `#first` are forgotten. */
  readonly #files: (LogReader | null)[] = [];
  #first = 0;
  #at = 0;
  #filter = EVERYTHING;
  readonly #marksByPlace = new Map<number, Mark>();
  /** The last line is a torn end, which may turn out to be none. */
  #hasTornEnd = false;
  seen = 0;
  span: Span | null = null;
  readonly snapshot = null;
  readonly timings = null;

  /** @throws DiskError */
  constructor(options: LogLinesOptions) {
    this.#options = options;
    if (options.path !== null) this.#open(options.path);
  }

  restart(filter: LogFilter): void {
    this.#filter = filter;
    this.#at = this.#first;
    this.#marksByPlace.clear();
    this.#hasTornEnd = false;
    this.seen = 0;
    this.span = null;
    for (let i = this.#first; i < this.#files.length; i++) {
      const { path } = this.#files[i]!;
      this.#files[i]!.close();
      this.#files[i] = new LogReader(this.#options.disk, path);
    }
  }

  get marks(): number {
    return this.#marksByPlace.size;
  }

  get done(): number {
    return this.#reader?.position ?? 0;
  }

  get total(): number {
    return this.#reader?.size ?? 0;
  }

  step(keeper: LineKeeper): 'more' | 'end' {
    const reader = this.#reader;
    if (reader === null) return this.#goOn(keeper);
    // Whoever has a successor is written no more, and whatever came before it was made is there by now.
    if (!reader.hasGrown()) {
      if (this.#successorOf(reader.path) === null) return 'end';
      if (!reader.hasGrown()) return this.#goOn(keeper);
    }
    if (this.#hasTornEnd) this.#takeBackTornEnd(keeper);
    for (let i = 0; i < STEP_ITEMS; i++) {
      const item = reader.next();
      if (item === 'later') return 'more';
      if (item === null) return this.#isLastKnown ? 'end' : 'more';
      this.#take(item, keeper);
    }
    return 'more';
  }

  row(place: number): LogRow {
    const mark = this.#marksByPlace.get(place);
    if (mark !== undefined) return mark;
    try {
      return txnRow(this.#readerOf(place).at(this.offsetOf(place)));
    } catch (error) {
      // A member that takes back what was never committed cuts its log.
      if (!(error instanceof JournalError)) throw error;
      const { problem, reason } = error;
      const at = this.offsetOf(place);
      return { kind: 'mark', at, bytes: 0, damage: 'damaged', problem, reason };
    }
  }

  record(place: number): LogRecord {
    if (this.#marksByPlace.has(place))
      throw new ApiError('not-found', 'there is no transaction at this place');
    const reader = this.#readerOf(place);
    try {
      return txnRecord(reader.path, reader.at(this.offsetOf(place)));
    } catch (error) {
      throw error instanceof JournalError ? new ApiError('not-found', error.message) : error;
    }
  }

  zxidOf(place: number): number | null {
    const row = this.row(place);
    return row.kind === 'txn' ? row.zxid : null;
  }

  offsetOf(place: number): number {
    return place % FILE_SHIFT;
  }

  close(): void {
    for (const file of this.#files) file?.close();
  }

  get #reader(): LogReader | null {
    return this.#files[this.#at] ?? null;
  }

  #readerOf(place: number): LogReader {
    const reader = this.#files[Math.floor(place / FILE_SHIFT)];
    if (reader === undefined || reader === null)
      throw new ApiError('not-found', 'this log is shown no more');
    return reader;
  }

  #open(path: string): void {
    this.#files.push(new LogReader(this.#options.disk, path));
  }

  get #isLastKnown(): boolean {
    return this.#at + 1 >= this.#files.length;
  }

  #successorOf(path: string | null): string | null {
    if (!this.#isLastKnown) return this.#files[this.#at + 1]!.path;
    return this.#options.successor?.(path, this.span?.lastZxid ?? null) ?? null;
  }

  /** To the next log, or the first. */
  #goOn(keeper: LineKeeper): 'more' | 'end' {
    const isFirst = this.#reader === null;
    const path = this.#successorOf(this.#reader?.path ?? null);
    if (path === null) return 'end';
    if (this.#isLastKnown) this.#open(path);
    if (!isFirst) this.#at++;
    this.#hasTornEnd = false;
    while (this.#files.length - this.#first > FILES_MAX) this.#forgetFirst(keeper);
    return 'more';
  }

  #forgetFirst(keeper: LineKeeper): void {
    this.#files[this.#first]!.close();
    this.#files[this.#first] = null;
    this.#first++;
    const place = this.#first * FILE_SHIFT;
    for (const marked of this.#marksByPlace.keys())
      if (marked < place) this.#marksByPlace.delete(marked);
    keeper.forgetBefore(place);
  }

  #take(item: LogItem, keeper: LineKeeper): void {
    const place = this.#at * FILE_SHIFT + item.at;
    if (item.kind === 'mark') {
      this.#marksByPlace.set(place, item);
      this.#hasTornEnd = item.damage === 'torn';
      keeper.keep(place, null);
      return;
    }
    const { zxid, timeMs } = item.txn;
    const isAgain = this.#options.successor !== undefined && zxid <= (this.span?.lastZxid ?? -1);
    if (isAgain) return;
    this.seen++;
    this.span = {
      firstZxid: this.span?.firstZxid ?? zxid,
      lastZxid: zxid,
      firstMs: this.span?.firstMs ?? timeMs,
      lastMs: timeMs,
    };
    if (fitsTxn(this.#filter, item.txn)) keeper.keep(place, zxid);
  }

  #takeBackTornEnd(keeper: LineKeeper): void {
    this.#hasTornEnd = false;
    const last = [...this.#marksByPlace.keys()].at(-1);
    if (last !== undefined) this.#marksByPlace.delete(last);
    keeper.takeBack();
  }
}
