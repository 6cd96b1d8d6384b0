/** Asks the members of the local ensemble for their timings while somebody looks, each by itself: one that stands still holds up none. */
import type { TimingSummary, TxnTiming } from '#contract/timing-models.ts';

import type { Clock, Timer } from '../../platform/clock.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import { type Slowness, TimingBook, type Verdict } from './timing-book.ts';

/** Often enough that a busy member's ring is not overwritten in between. */
const ASK_MS = 150;
/** Sorting every latency is worth doing so often. */
const SUMMARY_MS = 500;
/** The last minute passes, also while nothing is written. */
const REFRESH_MS = 5000;
/** Somebody who leaves the page for a moment finds what was there. */
const KEEP_MS = 60_000;

export class Timings {
  readonly #clock: Clock;
  readonly #local: Pick<LocalEnsemble, 'timed' | 'timings' | 'restTimings'>;
  readonly #listeners = new Set<() => void>();
  readonly #asked = new Set<number>();
  readonly #revisions = new Map<number, number>();
  #book = new TimingBook();
  /** What the members' clock is ahead of ours; null before one has told. */
  #aheadMs: number | null = null;
  #summary: TimingSummary | null = null;
  #summaryMs = -Infinity;
  /** Something was told since it was made. */
  #isStale = false;
  #timer: Timer | null = null;
  #forgetting: Timer | null = null;

  constructor(parts: {
    readonly clock: Clock;
    readonly local: Pick<LocalEnsemble, 'timed' | 'timings' | 'restTimings'>;
  }) {
    this.#clock = parts.clock;
    this.#local = parts.local;
  }

  /** There are members of an ensemble here that can be asked, or there were. */
  get isThere(): boolean {
    return this.#aheadMs !== null || this.#local.timed.length > 0;
  }

  get leader(): number | null {
    return this.#book.leader;
  }

  /** Somebody looks from now on, and is told when there is something new. */
  watch(listener: () => void): () => void {
    this.#forgetting?.cancel();
    this.#forgetting = null;
    this.#listeners.add(listener);
    if (this.#timer === null) this.#ask();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#timer?.cancel();
      this.#timer = null;
      this.#forgetting = this.#clock.after(KEEP_MS, () => this.#forget());
    };
  }

  close(): void {
    this.#timer?.cancel();
    this.#forgetting?.cancel();
  }

  timingOf(zxid: number): TxnTiming | null {
    return this.#book.timingOf(zxid);
  }

  verdictOf(zxid: number, slowness: Slowness): Verdict {
    return this.#book.verdictOf(zxid, slowness);
  }

  get summary(): TimingSummary | null {
    if (!this.isThere) return null;
    const nowMs = this.#clock.nowMs();
    if (this.#summary === null || nowMs - this.#summaryMs >= SUMMARY_MS) {
      this.#summary = this.#book.summary();
      this.#summaryMs = nowMs;
      this.#isStale = false;
    }
    return this.#summary;
  }

  #ask(): void {
    for (const member of this.#local.timed) if (!this.#asked.has(member)) void this.#askOne(member);
    if (this.#aheadMs !== null) this.#book.passTo(this.#clock.nowMs() + this.#aheadMs);
    if (this.#isDue) this.#tell();
    this.#timer = this.#clock.after(ASK_MS, () => this.#ask());
  }

  get #isDue(): boolean {
    const { waiting, commits } = this.#summary ?? { waiting: 0, commits: 0 };
    // What waits grows older, whether or not something else happens.
    if (waiting > 0) return true;
    const ageMs = this.#clock.nowMs() - this.#summaryMs;
    return this.#isStale ? ageMs >= SUMMARY_MS : commits > 0 && ageMs >= REFRESH_MS;
  }

  async #askOne(member: number): Promise<void> {
    this.#asked.add(member);
    const book = this.#book;
    const after = this.#revisions.get(member) ?? 0;
    const part = await this.#local.timings(member, after).catch(() => null);
    this.#asked.delete(member);
    if (part === null || book !== this.#book) return;
    // One that was started again counts anew, and is asked for everything.
    const isNew = part.revision <= after;
    this.#revisions.set(member, isNew ? 0 : part.revision);
    this.#aheadMs = part.nowMs - this.#clock.nowMs();
    if (!this.#book.take(member, part)) return;
    this.#isStale = true;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #forget(): void {
    this.#local.restTimings();
    this.#book = new TimingBook();
    this.#summary = null;
    this.#revisions.clear();
  }
}
