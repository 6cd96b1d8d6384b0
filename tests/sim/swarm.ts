/**
 * What kind of run a seed is: sizes, timings, and which faults are on. Each is drawn on its own, since many bugs need one
 * fault often and another never.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import { COUNTER_MAX } from '../../src-server/base/zxid.ts';
import type { NetworkOptions } from './network.ts';
import type { ClockFaults } from './platform.ts';

export const FAULTS = [
  'kill',
  'power',
  'blackout',
  'isolation',
  'step-down',
  'pause',
  'cut',
  'half-cut',
  'break',
  'slow-link',
  'slow-disk',
  'failing-disk',
  'full-disk',
  'clock-set',
  'client-kill',
  'client-pause',
  'reconfig',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Swarm {
  readonly members: number;
  /** How many of them, the last ones, are observers. */
  readonly observers: number;
  /** Machines that may join later. */
  readonly spares: number;
  /** Groups and weights, as a zoo.cfg says them; null where a plain majority decides. */
  readonly grouping: readonly string[] | null;
  /** The counter that every epoch begins after: near its end where a rollover is to be seen. */
  readonly initialCounter: number;
  readonly readOnlyModeEnabled: boolean;
  readonly clocks: readonly ClockFaults[];
  readonly clientHosts: number;
  readonly visitors: number;
  /** How long faults and work go on, ms. */
  readonly stormMs: number;
  readonly tickMs: number;
  readonly network: NetworkOptions;
  readonly snapCount: number;
  readonly snapRetainCount: number;
  readonly preallocateBytes: number;
  readonly diskReserveBytes: number;
  readonly commitLogCount: number;
  readonly snapshotSizeFactor: number;
  readonly faults: ReadonlySet<Fault>;
  /** Mean pause between two faults, ms. */
  readonly faultEveryMs: number;
  /** Mean pause of a client between two bursts of requests, ms. */
  readonly thinkMs: number;
  readonly burst: number;
  readonly valueBytes: number;
  readonly weather: Weather;
}

/**
 * A long run is not one storm: faults and work come thick for a while, then everything takes `calmFactor` times as long. What
 * needs hours to go wrong meets what needs things to happen at once.
 */
export interface Weather {
  readonly roughMs: number;
  readonly calmMs: number;
  readonly calmFactor: number;
}

export interface SwarmWishes {
  readonly members?: number;
  readonly observers?: number;
  readonly stormMs?: number;
  readonly faults?: readonly Fault[];
  readonly faultEveryMs?: number;
}

const SHORT_MS = 60_000;
const ALWAYS_ROUGH: Weather = { roughMs: SHORT_MS, calmMs: 0, calmFactor: 1 };

/** How many times longer than drawn one waits at this time. */
export function slownessAt({ roughMs, calmMs, calmFactor }: Weather, nowMs: number): number {
  return nowMs % (roughMs + calmMs) < roughMs ? 1 : calmFactor;
}

export function drawSwarm(random: Prng, wishes: SwarmWishes = {}): Swarm {
  const members = wishes.members ?? random.pick([1, 1, 3, 3, 3, 5]);
  const observers = wishes.observers ?? (members > 3 ? random.below(3) : 0);
  const isCalm = random.chance(0.08);
  const drawn = isCalm ? [] : FAULTS.filter(() => random.chance(0.4));
  const faults = new Set(wishes.faults ?? drawn);
  const spares = members > 1 && faults.has('reconfig') ? random.between(1, 2) : 0;
  const stormMs = wishes.stormMs ?? random.pick([10_000, 20_000, 40_000]);
  return {
    members,
    observers,
    spares,
    grouping: members > 1 && random.chance(0.15) ? drawGrouping(random, members - observers) : null,
    initialCounter: random.chance(0.1) ? COUNTER_MAX - random.between(20, 400) : 0,
    readOnlyModeEnabled: random.chance(0.3),
    clocks: Array.from({ length: members + spares }, () => ({
      rate: 1 + random.between(-1000, 1000) / 1_000_000,
      wallAheadMs: random.chance(0.5) ? 0 : random.between(-60_000, 60_000),
    })),
    clientHosts: random.between(1, 4),
    visitors: random.between(1, 7),
    stormMs,
    tickMs: members > 1 ? random.pick([200, 500]) : random.pick([100, 300, 1000]),
    network: {
      delayMinMs: 0,
      delayMaxMs: random.pick([1, 5, 40]),
      cutting: random.pick(['whole', 'anywhere', 'crumbs', 'segments']),
      bufferBytes: random.pick([2048, 0x1_0000, 0x4_0000]),
    },
    snapCount: random.pick([10, 60, 500, 100_000]),
    // Of an ensemble the logs must tell who came after whom, so all of them are kept.
    snapRetainCount: members > 1 ? 1_000_000 : random.pick([1, 3]),
    preallocateBytes: random.pick([0, 4096, 0x1_0000]),
    diskReserveBytes: 0x4000,
    commitLogCount: random.pick([2, 20, 500]),
    snapshotSizeFactor: random.pick([-1, 0.33, 100]),
    faults,
    faultEveryMs: wishes.faultEveryMs ?? random.pick([300, 1500, 5000]),
    // Several members do the work of one several times.
    thinkMs: random.pick(members > 1 ? [100, 300] : [10, 60, 300]),
    burst: random.pick(members > 1 ? [1, 3] : [1, 3, 10]),
    valueBytes: random.pick([20, 200, 20_000]),
    weather:
      stormMs <= SHORT_MS
        ? ALWAYS_ROUGH
        : {
            roughMs: random.pick([1000, 3000, 10_000]),
            calmMs: random.pick([20_000, 60_000, 150_000]),
            calmFactor: random.pick([10, 30, 100]),
          },
  };
}

/** One to three groups; in each somebody's vote counts. */
function drawGrouping(random: Prng, participants: number): readonly string[] {
  const count = Math.min(participants, random.pick([1, 2, 3]));
  const groups = Array.from({ length: count }, (_, group) =>
    Array.from({ length: participants }, (_, i) => i + 1).filter((id) => id % count === group),
  );
  return groups.flatMap((ids, group) => [
    `group.${group + 1}=${ids.join(':')}`,
    ...ids.map((id, i) => `weight.${id}=${i === 0 ? random.between(1, 3) : random.below(3)}`),
  ]);
}
