/** When sessions end: touched by every request, expired in whole ticks, told to whoever closes them. */
import { Deadlines } from '../../base/deadlines.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Session } from '../state/machine.ts';

interface Tracked {
  timeoutMs: number;
  /** No touch before this moment moves the session to another bucket. */
  sameBucketUntilMs: number;
}

export class SessionClock {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #deadlines: Deadlines<Session>;
  readonly #tracked = new Map<Session, Tracked>();
  readonly #onExpired: (sessions: readonly Session[]) => void;
  #timer: Timer | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly tickMs: number;
    readonly onExpired: (sessions: readonly Session[]) => void;
  }) {
    this.#clock = options.clock;
    this.#tickMs = options.tickMs;
    this.#onExpired = options.onExpired;
    this.#deadlines = new Deadlines(options.tickMs, options.clock.nowMs());
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Begins to count, or goes on with another timeout. */
  track(session: Session, timeoutMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#tracked.set(session, { timeoutMs, sameBucketUntilMs: 0 });
    this.touch(session, nowMs);
  }

  /** It showed life elsewhere, with the timeout that was agreed on there. */
  renew(session: Session, timeoutMs: number): void {
    if (this.#tracked.get(session)?.timeoutMs === timeoutMs)
      this.touch(session, this.#clock.nowMs());
    else this.track(session, timeoutMs);
  }

  /** @returns whether this clock counts for it */
  touch(session: Session, nowMs: number): boolean {
    const tracked = this.#tracked.get(session);
    if (tracked === undefined) return false;
    if (nowMs < tracked.sameBucketUntilMs) return true;
    const end = nowMs + tracked.timeoutMs;
    tracked.sameBucketUntilMs =
      (Math.floor(end / this.#tickMs) + 1) * this.#tickMs - tracked.timeoutMs;
    this.#deadlines.touch(session, nowMs, tracked.timeoutMs);
    return true;
  }

  forget(session: Session): void {
    this.#tracked.delete(session);
    this.#deadlines.remove(session);
  }

  timeoutOf(session: Session): number {
    return this.#tracked.get(session)?.timeoutMs ?? session.timeoutMs;
  }

  /** Ends of buckets, on this clock, with the sessions that would end then. */
  byDeadline(): Iterable<readonly [number, ReadonlySet<Session>]> {
    return this.#deadlines.byDeadline();
  }

  #schedule(): void {
    const delayMs = Math.max(0, this.#deadlines.nextDueMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(delayMs, () => {
      const expired = this.#deadlines.expire(this.#clock.nowMs());
      for (const session of expired) this.#tracked.delete(session);
      if (expired.length > 0) this.#onExpired(expired);
      if (this.#timer !== null) this.#schedule();
    });
  }
}
