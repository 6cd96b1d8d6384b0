/**
 * The world of a run: virtual time, and everything that will happen in it, in one order that follows from the seed alone.
 *
 *   heap by time, then by order of entry ──▶ one event ──▶ all promises it settled ──▶ the next event
 *
 * An event belongs to a process (`Life`) or to the world itself. What belongs to a process that has ended never happens; what
 * falls due while one is stopped happens when it goes on: its timers first, as Node runs them, then what came over the network.
 */
import { assert } from '../../src-server/base/assert.ts';
import { Prng } from '../../src-server/base/prng.ts';

export type EventKind = 'timer' | 'io' | 'turn';

/** More than any run needs: processes that only answer each other are found by it. */
const EVENTS_MAX = 20_000_000;
const EVENTS_PER_BATCH = 512;

/** One process, from its start to its end. */
export class Life {
  readonly name: string;
  readonly id: number;
  isOver = false;
  isStopped = false;
  readonly backlog: Item[] = [];

  constructor(name: string, id: number) {
    this.name = name;
    this.id = id;
  }
}

interface Item {
  readonly atMs: number;
  readonly order: number;
  readonly kind: EventKind;
  readonly life: Life | null;
  /** Null once it happened or was cancelled. */
  task: (() => void) | null;
}

export interface Appointment {
  cancel(): void;
}

export class World {
  readonly seed: number;
  /** Milliseconds since the run began. */
  nowMs = 0;
  events = 0;
  /** Whose event it is, with all that follows from it before the next one. */
  running: Life | null = null;
  readonly #heap: Item[] = [];
  #orders = 0;
  #lives = 0;
  #hash = 0x811c9dc5;
  #failure: Error | null = null;
  readonly #streams: Prng;

  constructor(seed: number) {
    this.seed = seed;
    this.#streams = new Prng(seed);
  }

  /** A generator of its own for each part, so that one part's draws do not change another's. */
  stream(): Prng {
    return new Prng(this.#streams.next());
  }

  newLife(name: string): Life {
    return new Life(name, ++this.#lives);
  }

  /** Says how far two runs were the same: every event's time, kind and owner are in it, and whatever `note` was given. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  note(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193);
    this.#hash ^= this.#hash >>> 15;
  }

  // --- what will happen ---

  at(atMs: number, kind: EventKind, life: Life | null, task: () => void): Appointment {
    const item: Item = {
      atMs: Math.max(atMs, this.nowMs),
      order: this.#orders++,
      kind,
      life,
      task,
    };
    this.#push(item);
    return {
      cancel: () => {
        item.task = null;
      },
    };
  }

  after(delayMs: number, task: () => void): Appointment {
    return this.at(this.nowMs + delayMs, 'io', null, task);
  }

  /** The process does nothing until it goes on. */
  stop(life: Life): void {
    life.isStopped = true;
  }

  goOn(life: Life): void {
    if (!life.isStopped) return;
    life.isStopped = false;
    const due = life.backlog.splice(0);
    for (const kind of ['timer', 'io', 'turn'] as const)
      for (const item of due)
        if (item.kind === kind && item.task !== null) this.at(this.nowMs, kind, life, item.task);
  }

  /** Ends the run with this, from wherever it was noticed. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  // --- running ---

  /**
   * Runs until `untilMs`, or until `isDone`.
   * @returns whether it was done
   */
  run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let hasEnded = false;
      const end = (settle: () => void): void => {
        hasEnded = true;
        settle();
      };
      // Node settles all promises between two immediates, so each event sees what the one before led to.
      const step = (): void => {
        if (hasEnded) return;
        try {
          if (this.#failure !== null) throw this.#failure;
          if (isDone()) end(() => resolve(true));
          else if (!this.#next(untilMs)) {
            this.nowMs = untilMs;
            end(() => resolve(isDone()));
          }
        } catch (error) {
          end(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const batch = (): void => {
        if (hasEnded) return;
        for (let i = 0; i < EVENTS_PER_BATCH; i++) immediately(step);
        immediately(batch);
      };
      batch();
    });
  }

  #next(untilMs: number): boolean {
    for (;;) {
      const item = this.#heap[0];
      if (item === undefined || item.atMs > untilMs) return false;
      this.#pop();
      const { task, life } = item;
      if (task === null || life?.isOver === true) continue;
      if (life?.isStopped === true) {
        life.backlog.push(item);
        continue;
      }
      assert(this.events++ < EVENTS_MAX, 'the world comes to rest now and then');
      this.nowMs = item.atMs;
      this.note(item.atMs * 1000);
      this.note((life?.id ?? 0) * 4 + KIND_NUMBERS[item.kind]);
      item.task = null;
      this.running = life;
      task();
      return true;
    }
  }

  // --- the heap ---

  #push(item: Item): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

const KIND_NUMBERS: Record<EventKind, number> = { timer: 0, io: 1, turn: 2 };

/** Kept from before anybody forbids real timers (guard.ts). */
const immediately = setImmediate;

function isBefore(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
