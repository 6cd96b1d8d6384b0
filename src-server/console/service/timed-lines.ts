/**
 * Lines of the log that the ensemble on this computer writes, with what its members say of their times, and of those only the
 * slow ones if that is what somebody looks for. Whether a transaction was slow shows after it was read: lines wait, in their
 * order, until it is known.
 */
import type { LogFilter, LogRecord, LogRow } from '#contract/log-models.ts';
import type { TimingSummary } from '#contract/timing-models.ts';

import { Fifo } from '../../base/fifo.ts';
import type { ClientAddresses } from './client-addresses.ts';
import type { LineKeeper, Lines, Span } from './lines.ts';
import type { LogLines } from './log-lines.ts';
import type { Slowness } from './timing-book.ts';
import type { Timings } from './timings.ts';

interface Waiting {
  readonly place: number;
  /** Null for damaged places, which are always seen. */
  readonly zxid: number | null;
}

export class TimedLines implements Lines {
  readonly #lines: LogLines;
  readonly #timings: Timings;
  readonly #clients: ClientAddresses;
  readonly #waiting = new Fifo<Waiting>();
  #slowness: Slowness | null = null;
  readonly snapshot = null;

  constructor(parts: {
    readonly lines: LogLines;
    readonly timings: Timings;
    readonly clients: ClientAddresses;
  }) {
    this.#lines = parts.lines;
    this.#timings = parts.timings;
    this.#clients = parts.clients;
  }

  restart(filter: LogFilter): void {
    const { slowerThanMs: thanMs, slowAt: member } = filter;
    this.#slowness = thanMs === null ? null : { thanMs, member };
    this.#waiting.clear();
    this.#lines.restart(filter);
  }

  step(keeper: LineKeeper): 'more' | 'end' {
    if (this.#slowness === null) return this.#lines.step(keeper);
    const went = this.#lines.step({
      keep: (place, zxid) => this.#waiting.push({ place, zxid }),
      takeBack: () => {
        if (this.#waiting.pop() === undefined) keeper.takeBack();
      },
      forgetBefore: (place) => {
        while ((this.#waiting.peek()?.place ?? Infinity) < place) this.#waiting.shift();
        keeper.forgetBefore(place);
      },
    });
    this.#judge(keeper, this.#slowness);
    return went;
  }

  #judge(keeper: LineKeeper, slowness: Slowness): void {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      const { place, zxid } = next;
      const verdict = zxid === null ? 'slow' : this.#timings.verdictOf(zxid, slowness);
      if (verdict === 'later') return;
      this.#waiting.shift();
      if (verdict === 'slow') keeper.keep(place, zxid);
    }
  }

  get done(): number {
    return this.#lines.done;
  }

  get total(): number {
    return this.#lines.total;
  }

  get seen(): number {
    return this.#lines.seen;
  }

  get marks(): number {
    return this.#lines.marks;
  }

  get span(): Span | null {
    return this.#lines.span;
  }

  get timings(): TimingSummary | null {
    return this.#timings.summary;
  }

  row(place: number): LogRow {
    const row = this.#lines.row(place);
    if (row.kind !== 'txn') return row;
    const { zxid, sessionId } = row;
    return {
      ...row,
      timing: this.#timings.timingOf(zxid),
      client: isNobody(sessionId) ? null : this.#clients.of(sessionId),
    };
  }

  record(place: number): LogRecord {
    return this.#lines.record(place);
  }

  zxidOf(place: number): number | null {
    return this.#lines.zxidOf(place);
  }

  offsetOf(place: number): number {
    return this.#lines.offsetOf(place);
  }

  close(): void {
    this.#lines.close();
  }
}

/** What a member does of its own, such as removing a node whose time is over. */
function isNobody(sessionId: string): boolean {
  return /^0+$/.test(sessionId);
}
