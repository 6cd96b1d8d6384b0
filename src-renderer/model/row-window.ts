/**
 * The window of a long list's lines that the interface holds: what is looked at is asked for, at most two questions at a time,
 * and an answer that a later one has overtaken is dropped. Lines that are not there yet show as placeholders.
 */
import type { RowRange } from './scaled-scroll.ts';

export interface RowWindowOptions<W> {
  ask(range: RowRange): Promise<W>;
  /** The window holds something else now. */
  onWindow(window: W, before: W | null): void;
  onProblem(error: unknown): void;
}

const IN_FLIGHT_MAX = 2;

export class RowWindow<W> {
  readonly #options: RowWindowOptions<W>;
  #window: W | null = null;
  #wanted: RowRange = { from: 0, count: 0 };
  #inFlight = 0;
  #asked = 0;
  #answered = 0;
  #isWaiting = false;
  #isClosed = false;

  constructor(options: RowWindowOptions<W>) {
    this.#options = options;
  }

  /** These lines are looked at from now on. */
  look(range: RowRange): void {
    const isSame = range.from === this.#wanted.from && range.count === this.#wanted.count;
    if (isSame) return;
    this.#wanted = range;
    this.#ask();
  }

  /** The same, and as they are now, whichever were looked at before. */
  renew(range: RowRange): void {
    this.#wanted = range;
    this.#ask();
  }

  /** There is something else to show: the same lines again. */
  refresh(): void {
    this.#ask();
  }

  close(): void {
    this.#isClosed = true;
  }

  #ask(): void {
    if (this.#isClosed) return;
    if (this.#inFlight === IN_FLIGHT_MAX) {
      this.#isWaiting = true;
      return;
    }
    const number = ++this.#asked;
    this.#inFlight++;
    this.#options.ask(this.#wanted).then(
      (window) => this.#settle(() => this.#take(number, window)),
      (error: unknown) => this.#settle(() => this.#options.onProblem(error)),
    );
  }

  #settle(end: () => void): void {
    this.#inFlight--;
    if (this.#isClosed) return;
    end();
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#ask();
  }

  #take(number: number, window: W): void {
    if (number < this.#answered) return;
    this.#answered = number;
    const before = this.#window;
    this.#window = window;
    this.#options.onWindow(window, before);
  }
}
