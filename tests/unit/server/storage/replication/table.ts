/**
 * Replicas of one partition on a table: whoever tells a story moves the clock, cuts ways and writes the record by hand, and
 * everything else happens at once.
 */
import type { Effect } from '../../../../../src-server/storage/replication/effects.ts';
import { Effects } from '../../../../../src-server/storage/replication/effects.ts';
import type { PartitionState } from '../../../../../src-server/storage/replication/events.ts';
import type { Message } from '../../../../../src-server/storage/replication/messages.ts';
import type { PartitionReplica } from '../../../../../src-server/storage/replication/partition.ts';
import { Replicas } from '../../../../../src-server/storage/replication/replicas.ts';
import { DEFAULT_REPLICATION_SETTINGS } from '../../../../../src-server/storage/replication/settings.ts';
import { type NodeId, nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { bodyOf, SimStore } from '../../../../sim/replication/store.ts';

/** Time passes from beat to beat here. */
export const SETTINGS = {
  ...DEFAULT_REPLICATION_SETTINGS,
  attentionMs: DEFAULT_REPLICATION_SETTINGS.beatMs,
};
const PARTITION = 0;

export const a = nodeId('a');
export const b = nodeId('b');
export const c = nodeId('c');

/** Of effects that are not messages and not the log's: what a replica wanted or told. */
type Told = Exclude<
  Effect,
  { readonly kind: 'send' | 'sendEntries' | 'append' | 'truncate' | 'create' }
>;

class Seat {
  readonly replicas: Replicas;
  readonly effects = new Effects();
  store: SimStore | null = null;
  told: Told[] = [];
  /** Its disk takes its time. */
  isSlow = false;
  isChanged = false;

  constructor(parts: {
    readonly node: NodeId;
    readonly incarnation: number;
    readonly store: SimStore | null;
    readonly nowMs: number;
    readonly isUnbroken: boolean;
  }) {
    const { node, incarnation, store, nowMs } = parts;
    this.replicas = new Replicas({
      node,
      incarnation: () => incarnation,
      settings: SETTINGS,
      isUnbroken: () => parts.isUnbroken,
    });
    this.replicas.tick(nowMs, this.effects);
    this.store = store;
    this.replicas.open(PARTITION, store?.facts ?? null);
  }

  get replica(): PartitionReplica {
    return this.replicas.get(PARTITION)!;
  }
}

export class Table {
  nowMs = 10_000;
  readonly #seats = new Map<NodeId, Seat>();
  readonly #cut = new Set<string>();
  #mail: { readonly from: NodeId; readonly to: NodeId; readonly message: Message }[] = [];
  #state: PartitionState;
  #version = 0;
  #minInSync = 2;
  #ids = 0;

  constructor() {
    const nodes = [a, b, c];
    const led = { epoch: 1, leader: a, leaderIncarnation: 1, forcedEpoch: 0 };
    this.#state = { ...led, inSync: nodes, replicas: nodes, learners: [] };
    const first = { incarnation: 1, store: null, nowMs: this.nowMs, isUnbroken: true };
    for (const node of nodes) this.#seats.set(node, new Seat({ node, ...first }));
    for (const node of nodes) this.#link(node);
    this.record({});
  }

  #link(node: NodeId): void {
    for (const [other, { replicas, effects }] of this.#seats) {
      if (other === node) continue;
      const seat = this.#seats.get(node)!;
      replicas.linkDown(node, effects);
      replicas.linkUp(node, effects);
      seat.replicas.linkUp(other, seat.effects);
    }
  }

  replica(node: NodeId): PartitionReplica {
    return this.#seats.get(node)!.replica;
  }

  /** What a replica wanted or told since it was asked last. */
  told(node: NodeId): Told[] {
    const seat = this.#seats.get(node)!;
    const { told } = seat;
    seat.told = [];
    return told;
  }

  kinds(node: NodeId): string[] {
    return this.told(node).map(({ kind }) => kind);
  }

  get version(): number {
    return this.#version;
  }

  // --- what may happen ---

  /** The ensemble's record changes, and those who are named learn of it. */
  record(change: Partial<PartitionState>, whoLearns: readonly NodeId[] = [a, b, c]): void {
    this.#state = { ...this.#state, ...change };
    this.#version++;
    for (const node of whoLearns) this.learn(node);
    this.settle();
  }

  learn(node: NodeId): void {
    const { replicas, effects } = this.#seats.get(node)!;
    const assigned = { state: this.#state, version: this.#version, minInSync: this.#minInSync };
    replicas.step(PARTITION, { kind: 'assigned', ...assigned }, effects);
  }

  /** What a leader asked of the ensemble is answered. */
  answer(
    node: NodeId,
    outcome: 'changed' | 'conflict' | 'lost',
    expectedVersion = this.#version,
  ): void {
    const { replicas, effects } = this.#seats.get(node)!;
    replicas.step(PARTITION, { kind: 'controlAnswered', expectedVersion, outcome }, effects);
    this.settle();
  }

  /** @returns the seq of the entry */
  write(node: NodeId): number {
    const seat = this.#seats.get(node)!;
    const { replicas, store } = seat;
    const replica = this.replica(node);
    const seq = replica.lastSeq + 1;
    store!.apply({
      kind: 'append',
      entries: [{ epoch: replica.epoch, seq, body: bodyOf(++this.#ids) }],
    });
    seat.isChanged = true;
    replicas.proposed(replica, seq, 5);
    this.settle();
    return seq;
  }

  readStrictly(node: NodeId, token: number): void {
    const { replicas, effects } = this.#seats.get(node)!;
    replicas.step(PARTITION, { kind: 'strictRead', token }, effects);
    this.settle();
  }

  /** What the one says does not reach the other, and is lost with the link in the end. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from} ${to}`);
  }

  mendAll(): void {
    this.#cut.clear();
    this.settle();
  }

  slowDisk(node: NodeId, isSlow: boolean): void {
    this.#seats.get(node)!.isSlow = isSlow;
    this.settle();
  }

  /** Its process ends and begins anew, with its disk or with another one. */
  /** Forgetful: its disk is the same, and never had anything. */
  restart(
    node: NodeId,
    { isWiped = false, isForgetful = false }: { isWiped?: boolean; isForgetful?: boolean } = {},
  ): void {
    const { store } = this.#seats.get(node)!;
    const isUnbroken = !isWiped;
    const kept = isWiped || isForgetful ? null : store;
    const next = { incarnation: 2, store: kept, nowMs: this.nowMs, isUnbroken };
    this.#seats.set(node, new Seat({ node, ...next }));
    this.#mail = this.#mail.filter(({ from, to }) => from !== node && to !== node);
    this.#link(node);
    this.settle();
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + SETTINGS.beatMs);
      this.settle();
    }
  }

  /** Everything that follows at once happens. */
  settle(): void {
    for (let isQuiet = false; !isQuiet;) {
      isQuiet = true;
      for (const [node, seat] of this.#seats) this.#turn(node, seat);
      const mail = this.#mail;
      this.#mail = [];
      for (const { from, to, message } of mail) {
        if (this.#cut.has(`${from} ${to}`)) this.#mail.push({ from, to, message });
        else {
          const { replicas, effects } = this.#seats.get(to)!;
          replicas.message(from, message, effects);
          isQuiet = false;
        }
      }
    }
  }

  #turn(node: NodeId, seat: Seat): void {
    const { replicas, effects } = seat;
    replicas.tick(this.nowMs, effects);
    this.#carryOut(node, seat);
    replicas.turnEnd(effects);
    this.#carryOut(node, seat);
    if (!seat.isChanged || seat.isSlow) return;
    seat.isChanged = false;
    const { lastEpoch: epoch, lastSeq: seq } = seat.store!.facts;
    replicas.step(PARTITION, { kind: 'durable', epoch, seq }, effects);
    this.#turn(node, seat);
  }

  #carryOut(node: NodeId, seat: Seat): void {
    const { list } = seat.effects;
    for (let i = 0; i < list.length; i++) this.#do(node, seat, list[i]!);
    seat.effects.clear();
  }

  #do(from: NodeId, seat: Seat, effect: Effect): void {
    switch (effect.kind) {
      case 'create':
        seat.store = new SimStore();
        return;
      case 'append':
        seat.store!.apply({ kind: 'append', entries: effect.entries });
        seat.isChanged = true;
        return;
      case 'truncate':
        seat.store!.apply({ kind: 'truncate', seq: effect.seq });
        seat.isChanged = true;
        return;
      case 'send':
        this.#mail.push({ from, to: effect.to, message: effect.message });
        return;
      case 'sendEntries': {
        const { to, epoch, fromSeq, toSeq, committedSeq } = effect;
        const entries = seat.store!.read(fromSeq, toSeq, Infinity);
        if (entries === 'gone') throw new Error('nothing is compacted here');
        const place = { partition: PARTITION, epoch, entries, committedSeq };
        this.#mail.push({ from, to, message: { kind: 'entries', ...place } });
        const report = { kind: 'entriesSent', to, lastSeq: toSeq, bytes: 1 } as const;
        seat.replicas.step(PARTITION, report, seat.effects);
        return;
      }
      case 'committed':
        seat.store!.apply({ kind: 'commit', seq: effect.seq });
        seat.told.push(effect);
        return;
      default:
        seat.told.push(effect);
    }
  }
}
