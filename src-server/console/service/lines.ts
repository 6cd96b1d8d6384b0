/**
 * What a view of a file is made from: something that looks through the file bit by bit and says which places make lines, and
 * that draws the line of a place when it is looked at.
 */
import type { LogFilter, LogRecord, LogRow, SnapshotFacts } from '#contract/log-models.ts';
import type { TimingSummary } from '#contract/timing-models.ts';

export interface Span {
  readonly firstZxid: number;
  readonly lastZxid: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface LineKeeper {
  /** A place that makes a line; a number of the source's own. Its zxid is null where there is none. */
  keep(place: number, zxid: number | null): void;
  /** The last line is none any more. */
  takeBack(): void;
  /** No line before this place can be drawn any more. */
  forgetBefore(place: number): void;
}

export interface Lines {
  /** Begins anew, with lines for what fits. */
  restart(filter: LogFilter): void;
  /**
   * Looks at a bounded number of things.
   * @returns 'end' when there is nothing more at present; asking again later may find something
   */
  step(keeper: LineKeeper): 'more' | 'end';
  readonly done: number;
  readonly total: number;
  readonly seen: number;
  readonly marks: number;
  readonly span: Span | null;
  readonly snapshot: SnapshotFacts | null;
  readonly timings: TimingSummary | null;
  row(place: number): LogRow;
  record(place: number): LogRecord;
  /** Null for places without one. */
  zxidOf(place: number): number | null;
  /** The offset in the file, as rows tell it. */
  offsetOf(place: number): number;
  close(): void;
}
