/**
 * Whose disks must have an entry before it is committed, as its leader sees it: everybody in sync by the record, and while a
 * change of the record is asked for and its end not known, everybody who would be.
 *
 *   record {a b c} v7 ──ask {a b} at v7──▶ needed: a b c ──changed──▶ record {a b} v8, needed: a b
 *   record {a b}   v8 ──ask {a b d} at v8─▶ needed: a b d ──lost───▶ needed: a b d, until the record is read again
 *
 * So whatever the record says at any moment, everybody in it has all that was committed (R5), and whoever is elected from it
 * had to agree to all that this leader committed.
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../ring/topology.ts';
import type { PartitionState } from './events.ts';

/** The record of a partition as far as it is known. */
export interface PartitionRecord {
  readonly state: PartitionState;
  readonly version: number;
  readonly minInSync: number;
}

export interface InSyncChange {
  readonly inSync: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly expectedVersion: number;
}

export class InSync {
  #record: PartitionRecord;
  /** Under way. */
  #asked: InSyncChange | null = null;
  #needed: readonly NodeId[];
  #retryAtMs = -Infinity;

  constructor(record: PartitionRecord) {
    this.#record = record;
    this.#needed = record.state.inSync;
  }

  get record(): PartitionRecord {
    return this.#record;
  }

  /** Ourselves among them. */
  get needed(): readonly NodeId[] {
    return this.#needed;
  }

  /** Whether entries of clients may be committed by those who are needed now. */
  get isEnough(): boolean {
    return this.#needed.length >= this.#record.minInSync;
  }

  /** Whether new entries of clients are taken. */
  get isEnoughByRecord(): boolean {
    return this.#record.state.inSync.length >= this.#record.minInSync;
  }

  mayAsk(nowMs: number): boolean {
    return this.#asked === null && nowMs >= this.#retryAtMs;
  }

  ask(change: InSyncChange): void {
    assert(this.#asked === null, 'one change of the record at a time');
    this.#asked = change;
    const added = change.inSync.filter((node) => !this.#needed.includes(node));
    if (added.length > 0) this.#needed = [...this.#needed, ...added];
  }

  /** A record that is newer than the one known: whatever was asked for before has been decided. */
  onRecord(record: PartitionRecord): void {
    assert(record.version > this.#record.version, 'R5: a record is only replaced by a newer one');
    this.#record = record;
    this.#asked = null;
    this.#needed = record.state.inSync;
    this.#retryAtMs = -Infinity;
  }

  /** Only how many are asked for differs. */
  onMinInSync(minInSync: number): void {
    this.#record = { ...this.#record, minInSync };
  }

  /** @returns the record that came about, if one did */
  onAnswer(
    expectedVersion: number,
    outcome: 'changed' | 'conflict' | 'lost',
    retryAtMs: number,
  ): PartitionRecord | null {
    const asked = this.#asked;
    if (asked?.expectedVersion !== expectedVersion) return null;
    if (outcome !== 'changed') {
      // Who was asked for stays needed: until the record is read again, nobody knows that it is not so.
      this.#asked = null;
      this.#retryAtMs = retryAtMs;
      return null;
    }
    const { state, minInSync } = this.#record;
    const { inSync, learners } = asked;
    const joined = inSync.filter((node) => !state.replicas.includes(node));
    const replicas = [...state.replicas, ...joined];
    return {
      state: { ...state, inSync, learners, replicas },
      version: expectedVersion + 1,
      minInSync,
    };
  }
}
