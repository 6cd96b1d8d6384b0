/** What a replica is whatever its role: its log, what it promised, what it granted, and the record as far as it knows it. */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Effect, Effects } from './effects.ts';
import type { PartitionState } from './events.ts';
import { Fates } from './fates.ts';
import type { PartitionRecord } from './in-sync.ts';
import type { Leases } from './leases.ts';
import { Lent } from './lent.ts';
import type { LogFacts, PartitionMessage } from './messages.ts';
import { ReplicaLog } from './replica-log.ts';
import type { ReplicationSettings } from './settings.ts';

export interface ReplicaOptions {
  readonly partition: number;
  /** Of this node. */
  readonly node: NodeId;
  /** Number of this start of the node, as it is known: a new folder may not be the node's first one. */
  readonly incarnation: () => number;
  readonly settings: ReplicationSettings;
  readonly leases: Leases;
  /** What was found on the disk; null for nothing. What was found is durable. */
  readonly log: LogFacts | null;
  /** When this process began, or later. */
  readonly nowMs: number;
  /** Whether what is missing on this disk was never there: it is not a new one in the place of one that was lost. */
  readonly isUnbroken: () => boolean;
}

export class Self {
  readonly partition: number;
  readonly node: NodeId;
  readonly incarnation: () => number;
  readonly settings: ReplicationSettings;
  readonly leases: Leases;
  readonly log: ReplicaLog;
  readonly fates: Fates;
  readonly isUnbroken: () => boolean;
  readonly lent = new Lent();
  /** No leader of an older epoch is followed (R1). */
  promisedEpoch: number;
  record: PartitionRecord | null = null;
  /** It was found out that its log lacks what a leader's must have. */
  isUnfit = false;
  #effects: Effects | null = null;

  constructor(options: ReplicaOptions) {
    this.partition = options.partition;
    this.node = options.node;
    this.incarnation = options.incarnation;
    this.settings = options.settings;
    this.leases = options.leases;
    this.log = new ReplicaLog(options.log);
    this.fates = new Fates(options.partition);
    this.isUnbroken = options.isUnbroken;
    this.promisedEpoch = this.log.lastEpoch;
    if (options.log !== null) this.lent.onStart(options.nowMs, options.settings.leaseMs);
  }

  get nowMs(): number {
    return this.leases.nowMs;
  }

  get state(): PartitionState | null {
    return this.record?.state ?? null;
  }

  /** Has a copy by the record, or makes one. */
  get isCopy(): boolean {
    const { state } = this;
    return (
      state !== null && (state.replicas.includes(this.node) || state.learners.includes(this.node))
    );
  }

  /** A newer epoch exists: whoever leads an older one is not followed any more. */
  promise(epoch: number): void {
    assert(epoch >= this.promisedEpoch, 'R1: a promise is kept');
    this.promisedEpoch = epoch;
  }

  writeTo(effects: Effects | null): void {
    this.#effects = effects;
  }

  emit(effect: Effect): void {
    this.#effects!.push(effect);
  }

  send(to: NodeId, message: PartitionMessage): void {
    if (this.leases.isLinked(to)) this.emit({ kind: 'send', to, message });
  }

  commit(seq: number): void {
    if (seq <= this.log.committedSeq) return;
    this.log.commit(seq);
    this.fates.onCommitted(seq, this.log, this.#effects!);
    this.emit({ kind: 'committed', partition: this.partition, seq });
  }

  truncate(seq: number): void {
    if (seq === this.log.lastSeq) return;
    this.log.truncate(seq);
    this.fates.onTruncated(seq);
    this.emit({ kind: 'truncate', partition: this.partition, seq });
  }

  giveUpFates(): void {
    this.fates.giveUp(this.#effects!);
  }
}
