/**
 * One round of a controller's decisions: what it sees, what it wants changed, and what has to wait and for what.
 *
 * Decisions are functions that look at a round and add to it. Each partition is changed at most once in a round: what comes
 * after that is decided upon when the change is there to be seen, so that every state on the way is one that was written down.
 */
import type { NodeId } from '../ring/topology.ts';
import type { RingPaths } from './paths.ts';
import type { Presence } from './presence.ts';
import type { RebalanceState } from './rebalance-records.ts';
import type { HistoryEntry, NodeRecord, PartitionState } from './records.ts';
import { DEFAULT_PACE, type Pace, type RingConfig } from './ring-config.ts';
import { isUsable, type RingView, type Versioned } from './view.ts';

/** What a ring is formed with, and how hasty its controllers are. */
export interface ControlTerms extends Pace {
  /** Nodes that must be there before a ring that does not exist is begun. */
  readonly formNodes: number;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly minInSync: number;
  readonly strategy: RingConfig['strategy'];
  readonly downOutMs: number;
  readonly backfillsPerNode: number;
  /** A node found missing after a gap is given so long to register again. */
  readonly settleMs: number;
  /** A node that came back must have stayed so long before partitions are led by it, or placed on it, again. */
  readonly steadyMs: number;
  /** Leaders that are changed for the sake of balance, at most so many in `handOverEveryMs`. */
  readonly handOversAtOnce: number;
  readonly handOverEveryMs: number;
  /**
   * So long a leader that handed over keeps its place before its copy goes: only its successor can tell it what became of writes
   * that it had begun, and their clients are in doubt until then.
   */
  readonly farewellMs: number;
}

export const DEFAULT_TERMS: ControlTerms = {
  formNodes: 3,
  partitionCount: 256,
  replicaCount: 3,
  minInSync: 2,
  strategy: 'balanced',
  downOutMs: 60_000,
  backfillsPerNode: 2,
  ...DEFAULT_PACE,
  settleMs: 4000,
  steadyMs: 3000,
  handOversAtOnce: 64,
  handOverEveryMs: 1000,
  farewellMs: 1000,
};

export interface Situation {
  readonly view: RingView;
  readonly paths: RingPaths;
  readonly terms: ControlTerms;
  readonly presenceOf: (id: NodeId) => Presence | null;
  /** Since when a partition is led under its present epoch. */
  readonly ledSinceMs: (partition: number) => number;
  /** Of the clock that presences are told in. */
  readonly nowMs: number;
  /** For people. */
  readonly wallMs: number;
  /** The node that decides. */
  readonly by: NodeId;
  /** For a ring that is to be formed. */
  readonly newRingId: string;
  /** Leaders that may be changed for the sake of balance now. */
  readonly handOvers: number;
  /** What was found out last about the copies of a partition; null where nobody has asked. */
  readonly comparisonOf: (partition: number) => Comparison | null;
}

/** One znode, as it should be; made against the version that was seen, null where it must not exist yet. */
export type Write =
  | {
      readonly kind: 'config';
      readonly config: RingConfig;
      readonly expectedVersion: number | null;
    }
  | {
      readonly kind: 'partition';
      readonly partition: number;
      readonly state: PartitionState;
      readonly expectedVersion: number | null;
    }
  | {
      readonly kind: 'rebalance';
      readonly state: RebalanceState;
      readonly expectedVersion: number;
    }
  | {
      readonly kind: 'force-done';
      readonly partition: number;
      readonly expectedVersion: number;
    };

/** Writes that belong together, and what history says of them; nothing where only something is counted on. */
export interface Change {
  readonly writes: readonly Write[];
  readonly entry: HistoryEntry | null;
}

/** Whether the copies of a partition are the same: what its leader found out. */
export interface Comparison {
  readonly partition: number;
  /** Of the partition's record, when it was asked. */
  readonly version: number;
  /** When it was answered, of the clock of the situation. */
  readonly atMs: number;
  /** `incomparable`: copies of a cache, which forgets at each node what that node did not need. */
  readonly kind: 'equal' | 'different' | 'unknown' | 'incomparable';
  /** Which differ, or why nobody knows. */
  readonly words: string;
  /** What each node took over the network to have its copy. */
  readonly copiedBytes: ReadonlyMap<NodeId, number>;
}

export type WaitReason =
  | 'too-few-nodes'
  | 'other-ring'
  | 'unreadable'
  | 'missing'
  | 'settling'
  | 'no-leader'
  | 'away'
  | 'too-many-away'
  | 'no-room'
  | 'backfill-limit'
  | 'repairs-first'
  | 'copying'
  | 'catching-up'
  | 'not-enough-copies'
  | 'hand-over-pace'
  | 'paused'
  | 'disk-full'
  | 'comparing';

/** Something that is wanted and cannot be done yet: the limit it waits for, whose, and where that stands. */
export interface Wait {
  readonly reason: WaitReason;
  /** Null where it concerns the ring as a whole. */
  readonly partition: number | null;
  readonly node: NodeId | null;
  /** The path whose change would end the wait. */
  readonly znode: string;
  readonly words: string;
}

export class Round {
  readonly situation: Situation;
  readonly changes: Change[] = [];
  readonly waits: Wait[] = [];
  /** What this round makes of partitions. */
  readonly #decided = new Map<number, PartitionState>();
  /** How many partitions each node leads, counting what this round has decided. */
  readonly #led = new Map<NodeId, number>();
  /** How many hand-overs are left. */
  handOvers: number;
  /** Partitions whose copies are to be compared. */
  readonly comparisons: number[] = [];
  /** When to look again although nothing has changed. */
  wakeAtMs = Infinity;

  constructor(situation: Situation) {
    this.situation = situation;
    this.handOvers = situation.handOvers;
    for (const { value } of situation.view.partitions.values()) {
      if (value.leader !== null && this.isUsable(value.leader)) this.#countLeader(value.leader, 1);
    }
  }

  get view(): RingView {
    return this.situation.view;
  }

  get terms(): ControlTerms {
    return this.situation.terms;
  }

  get paths(): RingPaths {
    return this.situation.paths;
  }

  /** Partitions that may be decided upon: known, readable, and not changed in this round. */
  *partitions(): Iterable<[number, Versioned<PartitionState>]> {
    for (const [partition, state] of this.view.partitions) {
      if (this.#decided.has(partition)) continue;
      if (this.view.problems.has(this.paths.partition(partition))) continue;
      yield [partition, state];
    }
  }

  /** Every partition as it is, and once more as this round would have it: a change may turn out to be late. */
  *states(): Iterable<readonly PartitionState[]> {
    for (const [partition, { value }] of this.view.partitions) {
      const decided = this.#decided.get(partition);
      yield decided === undefined ? [value] : [value, decided];
    }
  }

  isUsable(id: NodeId): boolean {
    return isUsable(this.view, id);
  }

  nodeOf(id: NodeId): NodeRecord | null {
    return this.view.nodes.get(id) ?? null;
  }

  /** Away for sure: it went before our eyes, or had its time to come back. */
  isGone(id: NodeId): boolean {
    if (this.isUsable(id)) return false;
    const presence = this.situation.presenceOf(id);
    if (presence === null || presence.isSeen) return true;
    const untilMs = presence.sinceMs + this.terms.settleMs;
    if (this.situation.nowMs >= untilMs) return true;
    this.wakeAt(untilMs);
    return false;
  }

  /** How long it is there without a break; 0 for a node that is away. */
  thereForMs(id: NodeId): number {
    const presence = this.situation.presenceOf(id);
    return presence?.isThere === true ? this.situation.nowMs - presence.sinceMs : 0;
  }

  /** How long it is away; 0 for a node that is there. */
  awayForMs(id: NodeId): number {
    const presence = this.situation.presenceOf(id);
    return presence?.isThere === false ? this.situation.nowMs - presence.sinceMs : 0;
  }

  /** There for long enough to be counted on. */
  isSteady(id: NodeId): boolean {
    if (!this.isUsable(id)) return false;
    const leftMs = this.terms.steadyMs - this.thereForMs(id);
    if (leftMs > 0) this.wakeAt(this.situation.nowMs + leftMs);
    return leftMs <= 0;
  }

  ledBy(id: NodeId): number {
    return this.#led.get(id) ?? 0;
  }

  /** The partition becomes this, in one write. */
  changePartition(
    partition: number,
    { version, value }: Versioned<PartitionState>,
    state: PartitionState,
    entry: Pick<HistoryEntry, 'kind' | 'node' | 'words'>,
    more: readonly Write[] = [],
  ): void {
    this.#decided.set(partition, state);
    if (value.leader !== null && this.isUsable(value.leader)) this.#countLeader(value.leader, -1);
    if (state.leader !== null && this.isUsable(state.leader)) this.#countLeader(state.leader, 1);
    this.changes.push({
      writes: [{ kind: 'partition', partition, state, expectedVersion: version }, ...more],
      entry: { ...entry, partition, epoch: state.epoch },
    });
  }

  createPartition(partition: number, state: PartitionState): void {
    this.#decided.set(partition, state);
    if (state.leader !== null) this.#countLeader(state.leader, 1);
    this.changes.push({
      writes: [{ kind: 'partition', partition, state, expectedVersion: null }],
      entry: { kind: 'formed', partition, node: state.leader, epoch: state.epoch, words: '' },
    });
  }

  changeConfig(
    config: RingConfig,
    expectedVersion: number | null,
    entry: Pick<HistoryEntry, 'kind' | 'node' | 'words'>,
  ): void {
    this.changes.push({
      writes: [{ kind: 'config', config, expectedVersion }],
      entry: { ...entry, partition: null, epoch: null },
    });
  }

  /** @param entry null where only something is counted on */
  changeRebalance(
    state: RebalanceState,
    expectedVersion: number,
    entry: Pick<HistoryEntry, 'kind' | 'words'> | null,
  ): void {
    this.changes.push({
      writes: [{ kind: 'rebalance', state, expectedVersion }],
      entry: entry === null ? null : { ...entry, partition: null, node: null, epoch: null },
    });
  }

  wait(wait: Wait): void {
    this.waits.push(wait);
  }

  wakeAt(atMs: number): void {
    this.wakeAtMs = Math.min(this.wakeAtMs, atMs);
  }

  #countLeader(id: NodeId, by: number): void {
    this.#led.set(id, (this.#led.get(id) ?? 0) + by);
  }
}
