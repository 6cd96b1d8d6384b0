/**
 * One simulated process's platform. Its clocks are wrong as clocks are: the wall clock is off, drifts and is set, the monotonic
 * one runs a little fast or slow, and timers count whole milliseconds, as Node's do.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import type { Clock, Timer } from '../../src-server/platform/clock.ts';
import type { Disk } from '../../src-server/platform/disk.ts';
import type { Entropy } from '../../src-server/platform/entropy.ts';
import type { LogFields, Logger, LogLevel } from '../../src-server/platform/logger.ts';
import type { Net } from '../../src-server/platform/net.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import type { ProcessFacts } from '../../src-server/platform/process-facts.ts';
import type { Life, World } from './world.ts';

/** How a machine's clocks go wrong. */
export interface ClockFaults {
  /** Local monotonic milliseconds in a true one. */
  readonly rate: number;
  /** The wall clock against the true one, ms; may be changed at any time. */
  wallAheadMs: number;
}

export const TRUE_CLOCK: ClockFaults = { rate: 1, wallAheadMs: 0 };

/** True wall time when a run begins. */
const EPOCH_MS = 1_750_000_000_000;
/** Node lets a longer timer ring at once. */
const TIMER_MS_MAX = 0x7fff_ffff;
const SAFETY_MS = 1e-6;

export class ProcessClock implements Clock {
  readonly #world: World;
  readonly #life: Life;
  readonly #faults: ClockFaults;
  readonly #random: Prng;
  #lastTurnMs = 0;

  constructor(world: World, life: Life, faults: ClockFaults, random: Prng) {
    this.#world = world;
    this.#life = life;
    this.#faults = faults;
    this.#random = random;
  }

  nowMs(): number {
    return this.#world.nowMs * this.#faults.rate;
  }

  wallMs(): number {
    return Math.floor(EPOCH_MS + this.#faults.wallAheadMs + this.#world.nowMs * this.#faults.rate);
  }

  after(delayMs: number, task: () => void): Timer {
    const wholeMs = delayMs >= 1 && delayMs <= TIMER_MS_MAX ? Math.trunc(delayMs) : 1;
    // Counted from the whole millisecond, so that a timer may ring up to one before its time.
    const dueMs = Math.floor(this.nowMs()) + wholeMs;
    return this.#world.at(dueMs / this.#faults.rate + SAFETY_MS, 'timer', this.#life, task);
  }

  defer(task: () => void): void {
    const { nowMs } = this.#world;
    // A turn now and then takes its time, and more arrives before it ends.
    const tookMs = this.#random.chance(0.1) ? this.#random.below(2000) / 1000 : 0;
    this.#lastTurnMs = Math.max(this.#lastTurnMs, nowMs + tookMs);
    this.#world.at(this.#lastTurnMs, 'turn', this.#life, task);
  }
}

class SeededEntropy implements Entropy {
  readonly #random: Prng;

  constructor(random: Prng) {
    this.#random = random;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#random.below(256));
  }

  uint32(): number {
    return this.#random.next();
  }
}

export type LogSink = (level: LogLevel, sentence: string, fields: LogFields) => void;

function loggerTo(sink: LogSink, always: LogFields = {}): Logger {
  const at =
    (level: LogLevel) =>
    (sentence: string, fields: LogFields = {}): void =>
      sink(level, sentence, { ...always, ...fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => loggerTo(sink, { ...always, ...fields }),
  };
}

const PROCESS_FACTS: ProcessFacts = {
  environment: () => [['host.name', 'simulated']],
  openFiles: () => 1,
  maxOpenFiles: () => 1024,
  residentBytes: () => 0,
};

export function simPlatform(parts: {
  readonly world: World;
  readonly life: Life;
  readonly clock: ClockFaults;
  readonly random: Prng;
  readonly net: Net;
  readonly log: LogSink;
  /** Made with this process's clock, as what is under way ends with the process. */
  readonly disk: (clock: Clock) => Disk;
}): Platform {
  const clock = new ProcessClock(parts.world, parts.life, parts.clock, parts.random);
  return {
    clock,
    disk: parts.disk(clock),
    net: parts.net,
    entropy: new SeededEntropy(parts.random),
    logger: loggerTo(parts.log),
    process: PROCESS_FACTS,
  };
}
