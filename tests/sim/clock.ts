/**
 * Virtual time: nothing happens until somebody lets it pass, and then everything happens in one order.
 *
 * What is deferred runs first, in the order it was asked for; then the timer that is due next, at exactly its moment.
 */
import type { Clock, Timer } from '../../src-server/platform/clock.ts';

interface Alarm {
  readonly dueMs: number;
  readonly order: number;
  readonly task: () => void;
}

/** More turns without time going on than any honest program needs. */
const TURNS_MAX = 1_000_000;

export class SimClock implements Clock {
  #nowMs: number;
  readonly #wallAheadMs: number;
  readonly #deferred: (() => void)[] = [];
  /** Soonest last, so that the next one is popped. */
  readonly #alarms: Alarm[] = [];
  #orders = 0;

  constructor(options: { readonly nowMs?: number; readonly wallMs?: number } = {}) {
    this.#nowMs = options.nowMs ?? 1000;
    this.#wallAheadMs = (options.wallMs ?? 1_700_000_000_000) - this.#nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallAheadMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const alarm: Alarm = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#orders++,
      task,
    };
    const at = this.#alarms.findLastIndex((other) => isLater(other, alarm)) + 1;
    this.#alarms.splice(at, 0, alarm);
    return {
      cancel: () => {
        const index = this.#alarms.indexOf(alarm);
        if (index >= 0) this.#alarms.splice(index, 1);
      },
    };
  }

  defer(task: () => void): void {
    this.#deferred.push(task);
  }

  /** Ends turns until nothing is deferred any more; no time passes. */
  settle(): void {
    for (let turns = 0; this.#deferred.length > 0; turns++) {
      if (turns > TURNS_MAX) throw new Error('turns follow each other without end');
      this.turn();
    }
  }

  /** One turn: what is deferred now, not what that defers in its turn. Says whether there was anything. */
  turn(): boolean {
    const tasks = this.#deferred.splice(0);
    for (const task of tasks) task();
    return tasks.length > 0;
  }

  /** Time goes by while something is being done. */
  pass(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** Lets so much time pass, with everything that falls due in it. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    this.settle();
    for (let next = this.#alarms.at(-1); next !== undefined && next.dueMs <= until;) {
      this.#alarms.pop();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.task();
      this.settle();
      next = this.#alarms.at(-1);
    }
    this.#nowMs = until;
  }
}

/** Whether `alarm` rings after `other`, the way the list is ordered. */
function isLater(alarm: Alarm, other: Alarm): boolean {
  return alarm.dueMs > other.dueMs || (alarm.dueMs === other.dueMs && alarm.order > other.order);
}
