/**
 * How fast copies may go at this node: as fast as the ring allows, and slower while its own clients wait for it.
 *
 *   nothing is copied    what commands take is what clients are used to
 *   copies run           more than twice that: half as fast, at once      no more than that: a little faster every second
 *
 * Commands are timed by sample, from when they came to when they were answered.
 */
import type { Doubt, Refusal, Transaction, Work } from './resp/ports.ts';

export interface ThrottleParts {
  readonly nowMs: () => number;
  readonly isCopying: () => boolean;
  /** Bytes a second from now on, in each direction. */
  readonly onRate: (bytesPerSecond: number) => void;
}

/** One command of so many is timed. */
const SAMPLE_EVERY = 16;
const SAMPLES_MAX = 1024;
/** Fewer say nothing about the slowest of a hundred. */
const SAMPLES_MIN = 20;
const WINDOW_MS = 1000;
/** What is slower than clients are used to is too slow from there on, and below a millisecond nobody minds. */
const TOO_SLOW = 2;
const LEAST_USUAL_MS = 1;
/** So much of what clients are used to is what they saw last. */
const LEARNING = 0.2;
const SLOWER = 0.5;
/** A sixteenth of the limit more, every second. */
const FASTER_PART = 1 / 16;
const LEAST_BYTES = 0x10_0000;
/** What is tried where the ring names no limit. */
const MOST_BYTES = 0x2000_0000;

export class Throttle {
  readonly #parts: ThrottleParts;
  #limit = Infinity;
  #isAdaptive = false;
  #rate = Infinity;
  #works = 0;
  #samples: number[] = [];
  #windowFromMs: number;
  #usualMs: number | null = null;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    this.#windowFromMs = parts.nowMs();
  }

  /** As it is now; Infinity for no bound. */
  get bytesPerSecond(): number {
    return this.#rate;
  }

  /** @param bytesPerSecond null for no bound */
  set(pace: { readonly bytesPerSecond: number | null; readonly isAdaptive: boolean }): void {
    const limit = pace.bytesPerSecond ?? Infinity;
    if (limit === this.#limit && pace.isAdaptive === this.#isAdaptive) return;
    this.#limit = limit;
    this.#isAdaptive = pace.isAdaptive;
    this.#change(this.#most);
  }

  /** The same work, or one that is timed. */
  timed(work: Work): Work {
    if (!this.#isAdaptive || ++this.#works % SAMPLE_EVERY !== 0) return work;
    const fromMs = this.#parts.nowMs();
    return new TimedWork(work, () => this.sample(this.#parts.nowMs() - fromMs));
  }

  sample(ms: number): void {
    if (this.#samples.length < SAMPLES_MAX) this.#samples.push(ms);
  }

  onPulse(nowMs: number): void {
    if (!this.#isAdaptive || nowMs - this.#windowFromMs < WINDOW_MS) return;
    this.#windowFromMs = nowMs;
    const slowMs = slowestOfAHundred(this.#samples);
    this.#samples = [];
    if (!this.#parts.isCopying()) {
      if (slowMs !== null) this.#learn(slowMs);
      this.#change(this.#most);
      return;
    }
    // Without clients nobody is in the way; the first ones show what they are used to meanwhile.
    if (slowMs !== null) this.#usualMs ??= slowMs;
    const usualMs = Math.max(LEAST_USUAL_MS, this.#usualMs ?? 0);
    const isTooSlow = slowMs !== null && slowMs > usualMs * TOO_SLOW;
    const most = this.#most;
    if (isTooSlow) this.#change(Math.max(Math.min(LEAST_BYTES, most), this.#rate * SLOWER));
    else this.#change(Math.min(most, this.#rate + most * FASTER_PART));
  }

  get #most(): number {
    return this.#isAdaptive ? Math.min(this.#limit, MOST_BYTES) : this.#limit;
  }

  #learn(slowMs: number): void {
    this.#usualMs =
      this.#usualMs === null ? slowMs : this.#usualMs + (slowMs - this.#usualMs) * LEARNING;
  }

  #change(rate: number): void {
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.#parts.onRate(rate);
  }
}

/** Null where there were too few. */
function slowestOfAHundred(samples: readonly number[]): number | null {
  if (samples.length < SAMPLES_MIN) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
}

class TimedWork implements Work {
  readonly #work: Work;
  readonly #onEnd: () => void;

  constructor(work: Work, onEnd: () => void) {
    this.#work = work;
    this.#onEnd = onEnd;
  }

  get isWrite(): Work['isWrite'] {
    return this.#work.isWrite;
  }

  get consistency(): Work['consistency'] {
    return this.#work.consistency;
  }

  run(transaction: Transaction): void {
    this.#work.run(transaction);
  }

  takeBack(): boolean {
    return this.#work.takeBack();
  }

  done(): void {
    this.#onEnd();
    this.#work.done();
  }

  refused(refusal: Refusal): void {
    this.#work.refused(refusal);
  }

  uncertain(doubt: Doubt): void {
    this.#onEnd();
    this.#work.uncertain(doubt);
  }
}
