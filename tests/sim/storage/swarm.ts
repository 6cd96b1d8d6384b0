/**
 * What kind of run a seed is: how many nodes and members, how hasty they are, which faults are on. Each is drawn on its own,
 * since many bugs need one fault often and another never.
 */
import type { Prng } from '../../../src-server/base/prng.ts';
import { drawSwarm, type Swarm } from '../swarm.ts';

export const FAULTS = [
  'kill',
  'power',
  'blackout',
  'long-absence',
  'pause',
  'zombie',
  'isolation',
  'cut-nodes',
  'half-cut-nodes',
  'cut-ensemble',
  'half-cut-ensemble',
  'cut-client',
  'break',
  'slow-link',
  'slow-disk',
  'full-disk',
  'bit-flip',
  'wipe',
  'clock-set',
  'member-power',
  'step-down',
  'ensemble-away',
  'controller-cut',
  'controller-kill',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface StorageSwarm {
  /** The ensemble, in the words of its own runs. */
  readonly ensemble: Swarm;
  readonly nodes: number;
  /** Local milliseconds of each node in a true one. */
  readonly rates: readonly number[];
  readonly zones: number;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly minInSync: number;
  readonly sessionTimeoutMs: number;
  readonly downOutMs: number;
  readonly retireAfterMs: number;
  readonly segmentBytes: number;
  readonly parkMs: number;
  readonly writeTimeoutMs: number;
  readonly leaseMs: number;
  readonly transferBytesPerSecond: number;
  readonly callers: number;
  readonly clientHosts: number;
  readonly keys: number;
  /** Mean pause of a client between two bursts, ms; and most commands in one. */
  readonly thinkMs: number;
  readonly burst: number;
  readonly stormMs: number;
  readonly faults: ReadonlySet<Fault>;
  readonly faultEveryMs: number;
  /** An operator orders something of a rebalance about so often, ms; 0 for never. */
  readonly rebalanceEveryMs: number;
  /** Without the ensemble, once everything is healthy; 0 for not at all. */
  readonly aloneMs: number;
  /** Whether leaders change under load, once everything is healthy. */
  readonly turnsLeaders: boolean;
  /** Whether in the end all disks but one are lost, and an operator has to choose. */
  readonly losesAll: boolean;
}

export interface StorageWishes {
  readonly nodes?: number;
  readonly members?: number;
  readonly stormMs?: number;
  readonly faults?: readonly Fault[];
  readonly faultEveryMs?: number;
  readonly rebalanceEveryMs?: number;
}

/** What leaves everybody in sync: the one copy that is left must not be the one whose bits were turned. */
const BESIDE_FLIPS: ReadonlySet<Fault> = new Set([
  'bit-flip',
  'clock-set',
  'cut-client',
  'step-down',
  'member-power',
  'ensemble-away',
]);
const FLIPPING = 0.08;

/** Within the five parts of a hundred that replication counts with. */
const DRIFT_PERMILLE = 49;

export function drawStorageSwarm(random: Prng, wishes: StorageWishes = {}): StorageSwarm {
  const nodes = wishes.nodes ?? random.pick([3, 3, 4, 5]);
  const members = wishes.members ?? random.pick([1, 1, 3]);
  const stormMs = wishes.stormMs ?? random.pick([10_000, 20_000]);
  const isCalm = random.chance(0.05);
  const often = random.pick([0.2, 0.4, 0.7]);
  const some = isCalm ? [] : FAULTS.filter(() => random.chance(often));
  const isFlipping = wishes.faults?.includes('bit-flip') ?? random.chance(FLIPPING);
  const drawn = isFlipping
    ? [...BESIDE_FLIPS].filter((fault) => fault === 'bit-flip' || some.includes(fault))
    : some.filter((fault) => fault !== 'bit-flip');
  const ensemble = drawSwarm(random, { members, observers: 0, stormMs, faults: [] });
  return {
    ensemble: { ...ensemble, grouping: null, initialCounter: 0 },
    nodes,
    rates: Array.from(
      { length: nodes },
      () => 1 + random.between(-DRIFT_PERMILLE, DRIFT_PERMILLE) / 1000,
    ),
    zones: random.pick([1, 3, nodes]),
    partitionCount: 16,
    replicaCount: isFlipping ? 3 : random.pick([2, 3, 3, 3]),
    minInSync: isFlipping ? 2 : random.pick([1, 2]),
    sessionTimeoutMs: random.pick([1000, 2000, 4000]),
    downOutMs: random.pick([2500, 6000]),
    retireAfterMs: random.pick([1000, 5000]),
    segmentBytes: random.pick([0x2000, 0x8000, 0x4_0000]),
    parkMs: random.pick([200, 2000]),
    writeTimeoutMs: random.pick([1500, 5000]),
    leaseMs: random.pick([600, 1200, 2000]),
    transferBytesPerSecond: random.pick([0x1_0000, 0x400_0000]),
    callers: random.between(2, 6),
    clientHosts: random.between(1, 3),
    keys: random.pick([3, 8]),
    thinkMs: random.pick([20, 60, 200]),
    burst: random.pick([1, 3]),
    stormMs,
    faults: new Set(wishes.faults ?? drawn),
    faultEveryMs: wishes.faultEveryMs ?? random.pick([300, 1000, 3000]),
    // What was turned may be found at any time, and without the ensemble nobody takes over.
    aloneMs: !isFlipping && random.chance(0.5) ? random.pick([6000, 15_000]) : 0,
    turnsLeaders: !isFlipping && random.chance(0.5),
    rebalanceEveryMs: isFlipping
      ? 0
      : (wishes.rebalanceEveryMs ?? random.pick([0, 400, 1500, 4000])),
    losesAll: !isFlipping && random.chance(0.2),
  };
}
