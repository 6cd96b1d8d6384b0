/**
 * All replicas of a node, and the leases that they share: what a node's composition drives.
 *
 *   turn   take in what arrived ─▶ tick(clock) ─▶ links, messages, reports ─▶ turnEnd ─▶ flush the log, flush the links
 *
 * The clock is read after the turn's messages were taken in, never before: a grant that is given late must not look older than
 * what it answers.
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Effects } from './effects.ts';
import type { Event, Tick, TurnEnd } from './events.ts';
import { Leases } from './leases.ts';
import type { LogFacts, Message } from './messages.ts';
import { PartitionReplica } from './partition.ts';
import type { ReplicationSettings } from './settings.ts';

export interface ReplicasOptions {
  readonly node: NodeId;
  /** See `ReplicaOptions`. */
  readonly incarnation: () => number;
  readonly settings: ReplicationSettings;
  /** See `ReplicaOptions`. */
  readonly isUnbroken: () => boolean;
}

/** What happens to one replica; ticks, links and ends of turns are for all. */
export type ReplicaEvent = Exclude<
  Event,
  { readonly kind: 'tick' | 'linkUp' | 'linkDown' | 'message' | 'turnEnd' }
>;

/** Of the time between two ticks. */
const EARLY_PART = 1 / 8;

const TURN_END: TurnEnd = { kind: 'turnEnd' };

export class Replicas {
  readonly leases: Leases;
  readonly #options: ReplicasOptions;
  readonly #replicas = new Map<number, PartitionReplica>();
  /** Something happened to them in this turn, or they wait for an answer. */
  #touched: PartitionReplica[] = [];
  /** Taken in turns with the other list. */
  #spareList: PartitionReplica[] = [];
  /** Not later than any of them wants a tick: a turn need not ask all of them. */
  #dueMs = Infinity;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.leases = new Leases(options.settings);
  }

  /** After the first tick. @param log what was found on the disk, durable; null for nothing */
  open(partition: number, log: LogFacts | null): PartitionReplica {
    assert(!this.#replicas.has(partition), 'a partition has one replica here');
    const { leases } = this;
    const { nowMs } = leases;
    assert(Number.isFinite(nowMs), 'a replica begins at a time');
    const replica = new PartitionReplica({ ...this.#options, partition, leases, log, nowMs });
    this.#replicas.set(partition, replica);
    return replica;
  }

  /** Its role is 'idle': nobody counts on it any more. */
  close(partition: number): void {
    const replica = this.#replicas.get(partition);
    if (replica === undefined) return;
    assert(replica.role === 'idle', 'only who holds nothing any more is closed');
    this.#replicas.delete(partition);
    this.#touched = this.#touched.filter((one) => one !== replica);
  }

  get(partition: number): PartitionReplica | null {
    return this.#replicas.get(partition) ?? null;
  }

  get all(): Iterable<PartitionReplica> {
    return this.#replicas.values();
  }

  /** A tick must come by then. */
  get wakeAtMs(): number {
    return Math.min(this.leases.wakeAtMs, this.#dueMs);
  }

  // --- what happens ---

  tick(nowMs: number, effects: Effects): void {
    this.leases.tick(nowMs);
    if (nowMs < this.#dueMs) return;
    const tick: Tick = { kind: 'tick', nowMs };
    // Who is due soon is ticked as well, so that they come to be due together and the rest of the time nobody is asked.
    const soonMs = nowMs + this.#options.settings.beatMs * EARLY_PART;
    this.#dueMs = Infinity;
    for (const replica of this.#replicas.values()) {
      if (replica.wakeAtMs <= soonMs) this.#step(replica, tick, effects);
      else this.#dueMs = Math.min(this.#dueMs, replica.wakeAtMs);
    }
  }

  linkUp(node: NodeId, effects: Effects): void {
    this.leases.linkUp(node);
    for (const replica of this.#replicas.values()) {
      this.#step(replica, { kind: 'linkUp', node }, effects);
    }
  }

  linkDown(node: NodeId, effects: Effects): void {
    this.leases.linkDown(node);
    for (const replica of this.#replicas.values()) {
      this.#step(replica, { kind: 'linkDown', node }, effects);
    }
  }

  message(from: NodeId, message: Message, effects: Effects): void {
    switch (message.kind) {
      case 'beat':
      case 'question':
      case 'answer':
        this.leases.onMessage(from, message);
        return;
      default: {
        // Who hears of a partition before the ensemble told of it says nothing; it knocks when it knows.
        const replica = this.#replicas.get(message.partition);
        if (replica !== undefined) this.#step(replica, { kind: 'message', from, message }, effects);
      }
    }
  }

  step(partition: number, event: ReplicaEvent, effects: Effects): void {
    const replica = this.#replicas.get(partition);
    if (replica !== undefined) this.#step(replica, event, effects);
  }

  /** A client's entry was appended to the log of this replica, as `PartitionReplica.onProposed` says. */
  proposed(replica: PartitionReplica, seq: number, bytes: number): void {
    replica.onProposed(seq, bytes);
    this.#touch(replica);
  }

  /** What was gathered leaves; beats and answers behind it, as they speak for what was said before. */
  turnEnd(effects: Effects): void {
    const touched = this.#touched;
    this.#touched = this.#spareList;
    for (const replica of touched) {
      replica.isTouched = false;
      replica.step(TURN_END, effects);
      if (replica.hasStrictReads) this.#touch(replica);
    }
    touched.length = 0;
    this.#spareList = touched;
    if (this.leases.isBeatDue) {
      for (const replica of this.#replicas.values()) replica.beforeBeat(effects);
    }
    this.leases.turnEnd(effects);
  }

  #step(replica: PartitionReplica, event: Event, effects: Effects): void {
    replica.step(event, effects);
    this.#touch(replica);
    this.#dueMs = Math.min(this.#dueMs, replica.wakeAtMs);
  }

  #touch(replica: PartitionReplica): void {
    if (replica.isTouched) return;
    replica.isTouched = true;
    this.#touched.push(replica);
  }
}
