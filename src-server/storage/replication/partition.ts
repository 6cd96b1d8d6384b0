/**
 * One replica of one partition. The face of this room: an event comes in, effects come out.
 *
 *              the record elects it, this start of it, and its log is whole
 *   Following ──────────────────────────────────────────────────────────────▶ Leading
 *   apart, promised, following, copying ◀──────────────────────────────────── beginning ▸ establishing ▸ established
 *              a newer epoch is heard of, or its log is not what it should be
 *
 * No bytes, no clock, no chance, no waiting: time is in ticks, what the disk and the ensemble did is in events.
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Became, Effects, Role, Serving } from './effects.ts';
import type { Assigned, Event, MessageReceived, PartitionState } from './events.ts';
import { Following } from './following.ts';
import type { PartitionRecord } from './in-sync.ts';
import { Leading } from './leading.ts';
import type { MemberFacts } from './member.ts';
import type { LogFacts } from './messages.ts';
import { type ReplicaOptions, Self } from './self.ts';

export type { MemberFacts, MemberPhase } from './member.ts';
export type { ReplicaOptions } from './self.ts';

/**
 * 'window': too much is under way, try again after `committed`. 'noReplicas': fewer are in sync than the ring asks for.
 * 'establishing': soon. 'notLeader': elsewhere.
 */
export type WriteRefusal = 'window' | 'noReplicas' | 'establishing' | 'notLeader';

export class PartitionReplica {
  readonly #self: Self;
  readonly #following: Following;
  #leading: Leading | null = null;
  /** Kept by who drives it: something happened to it in this turn. */
  isTouched = false;
  /** There was nothing on the disk, and nothing has come since. */
  #isBlank: boolean;
  #wantedAtVersion = -1;
  #told: Pick<Became, 'role' | 'epoch' | 'leader' | 'serving'> | null = null;

  constructor(options: ReplicaOptions) {
    this.#self = new Self(options);
    this.#following = new Following(this.#self);
    this.#isBlank = options.log === null;
  }

  // --- what the node may ask ---

  get partition(): number {
    return this.#self.partition;
  }

  get role(): Role {
    if (this.#leading !== null) return 'leader';
    const { state, isCopy, node } = this.#self;
    if (state === null) return 'learner';
    if (!isCopy) return 'idle';
    return state.inSync.includes(node) ? 'follower' : 'learner';
  }

  /** The newest that is led or followed here, or was promised to somebody. */
  get epoch(): number {
    return this.#self.promisedEpoch;
  }

  get leader(): NodeId | null {
    return this.#leading === null ? this.#following.leader : this.#self.node;
  }

  get serving(): Serving {
    return this.#leading?.serving ?? 'none';
  }

  get log(): LogFacts {
    return this.#self.log.facts;
  }

  get lastSeq(): number {
    return this.#self.log.lastSeq;
  }

  get committedSeq(): number {
    return this.#self.log.committedSeq;
  }

  /** The others, as far as this is the leader. */
  get members(): readonly MemberFacts[] {
    return this.#leading?.members ?? [];
  }

  /** Whether an entry may be proposed now, with the epoch `epoch` and the seq `lastSeq` + 1. */
  get acceptsWrites(): boolean {
    return this.refusal === null;
  }

  get refusal(): WriteRefusal | null {
    if (this.#leading === null) return 'notLeader';
    const { serving, isWindowFull } = this.#leading;
    if (serving === 'none') return 'establishing';
    if (serving === 'reads') return 'noReplicas';
    return isWindowFull ? 'window' : null;
  }

  /**
   * Whether reads may be answered now from what is committed, as far as clocks can be trusted. Reads that wait for it look
   * again at the end of each turn.
   */
  get hasLease(): boolean {
    return this.#leading?.hasLease === true;
  }

  /** So old what is committed here may be, at the most; Infinity where nobody can say. */
  get staleMs(): number {
    if (this.#leading === null) return this.#following.staleMs;
    return this.#leading.hasLease ? 0 : Infinity;
  }

  /** Whether whoever is to be followed has spoken, on the link there is. */
  get isLeaderHeard(): boolean {
    return this.#leading !== null || this.#following.isLeaderHeard;
  }

  /** From whom a copy is expected, in this epoch; anybody else's is refused, and so is what comes too late. */
  get copyingFrom(): NodeId | null {
    return this.#leading === null && this.#following.isCopying ? this.#following.leader : null;
  }

  get hasStrictReads(): boolean {
    return this.#leading?.hasStrictReads === true;
  }

  /** A tick must come by then. */
  get wakeAtMs(): number {
    return this.#leading?.wakeAtMs ?? Infinity;
  }

  /**
   * A client's entry, appended here a moment ago. Only while `acceptsWrites`, with the epoch and `lastSeq` + 1 of the replica.
   * Nothing comes of it before the turn ends, so it is no step.
   */
  onProposed(seq: number, bytes: number): void {
    assert(this.acceptsWrites, 'R6: a proposal comes only where it is accepted');
    this.#leading!.onProposed(seq, bytes);
  }

  // --- the step ---

  step(event: Event, effects: Effects): void {
    this.#self.writeTo(effects);
    this.#on(event);
    if (this.#self.isUnfit) this.#stopLeading('unfit');
    this.#tell();
    this.#self.writeTo(null);
  }

  /** A leader's: what its beats vouch for is said before them. */
  beforeBeat(effects: Effects): void {
    this.#self.writeTo(effects);
    this.#leading?.beforeBeat();
    this.#self.writeTo(null);
  }

  #on(event: Event): void {
    switch (event.kind) {
      case 'tick':
        this.#leading?.onTick();
        return;
      case 'assigned':
        this.#onAssigned(event);
        return;
      case 'controlAnswered': {
        const record = this.#leading?.onControlAnswered(event) ?? null;
        if (record !== null) this.#onRecord(record);
        return;
      }
      case 'durable':
        this.#self.log.onDurable(event.epoch, event.seq);
        this.#leading?.onDurable();
        return;
      case 'message':
        this.#onMessage(event);
        return;
      case 'linkUp':
        this.#following.onLinkChanged(event.node);
        this.#leading?.onLinkUp(event.node);
        return;
      case 'linkDown':
        this.#following.onLinkChanged(event.node);
        this.#leading?.onLinkDown(event.node);
        return;
      case 'entriesSent':
        this.#leading?.onEntriesSent(event.to, event.lastSeq, event.bytes);
        return;
      case 'entriesGone':
        this.#leading?.onEntriesGone(event.to);
        return;
      case 'copyProgressed':
        this.#following.onCopyProgressed(event.copying);
        return;
      case 'installed':
        this.#following.onInstalled(event.log);
        return;
      case 'damaged':
        this.#isBlank = false;
        if (this.#leading !== null) this.#stopLeading('unfit');
        this.#following.onDamaged();
        return;
      case 'strictRead':
        this.#onStrictRead(event.token);
        return;
      case 'turnEnd':
        if (this.#leading === null) this.#following.turnEnd();
        else this.#leading.turnEnd();
    }
  }

  #tell(): void {
    const { role, epoch, leader, serving } = this;
    const told = this.#told;
    if (
      told?.role === role &&
      told.epoch === epoch &&
      told.leader === leader &&
      told.serving === serving
    )
      return;
    this.#told = { role, epoch, leader, serving };
    this.#self.emit({ kind: 'became', partition: this.partition, ...this.#told });
  }

  #onStrictRead(token: number): void {
    const { partition } = this;
    if (this.#leading !== null) this.#leading.onStrictRead(token);
    else this.#self.emit({ kind: 'readsRefused', partition, upToToken: token });
  }

  // --- what the ensemble says ---

  #onAssigned({ state, version, minInSync }: Assigned): void {
    const { record } = this.#self;
    if (record !== null && version <= record.version) {
      if (version < record.version || minInSync === record.minInSync) return;
      this.#self.record = { ...record, minInSync };
      this.#leading?.onMinInSync(minInSync);
      return;
    }
    assert(state.epoch >= (record?.state.epoch ?? 0), 'R1: epochs do not fall');
    this.#onRecord({ state, version, minInSync });
  }

  #onRecord(record: PartitionRecord): void {
    const self = this.#self;
    const { epoch, leader } = record.state;
    self.record = record;
    if (this.#leading !== null) {
      if (epoch === this.#leading.epoch && leader === self.node) {
        this.#leading.onRecord(record);
        return;
      }
      this.#stopLeading('superseded');
    }
    this.#form(record);
    // Its copy goes, and with it what could be learnt of entries that were proposed here.
    if (!self.isCopy) self.giveUpFates();
    // Somebody who knew better told us of a newer epoch before the record did.
    if (epoch < self.promisedEpoch) return;
    if (leader === self.node) this.#lead(record);
    else if (self.isCopy) {
      this.#following.onLeader(epoch, leader);
      this.#following.join(record.version);
    } else this.#following.onLeader(epoch, null);
  }

  /**
   * Who is in sync and never had a log has none because there was never anything to hold: nothing is committed without it. So
   * an empty one takes its place, unless the disk itself is new (R10). An operator who chose who has nothing, or half a copy, was
   * shown what that costs.
   */
  #form({ state }: PartitionRecord): void {
    const { log, node, partition, isUnbroken } = this.#self;
    if (log.isWhole || !state.inSync.includes(node)) return;
    const isNew = this.#isBlank && isUnbroken();
    if (!isNew && !this.#isForced(state)) {
      this.#wantEpoch('unfit');
      return;
    }
    this.#isBlank = false;
    log.forget();
    log.create();
    this.#self.emit({ kind: 'create', partition });
  }

  /** To lead in this very start: a later one would take what this one wrote for something that was given up, too. */
  #isForced({ epoch, forcedEpoch, leader, leaderIncarnation }: PartitionState): boolean {
    const { log, node, incarnation } = this.#self;
    const isMeant = leader === node && leaderIncarnation === incarnation();
    const hasPart = log.copying !== null || this.#following.isCopying;
    return forcedEpoch === epoch && isMeant && (this.#isBlank || hasPart);
  }

  // --- leading ---

  #lead(record: PartitionRecord): void {
    const self = this.#self;
    const { epoch, leaderIncarnation } = record.state;
    this.#following.onLeader(epoch, null);
    // R11: what another start of us asked of the ensemble may still be decided, and what it knew is gone.
    if (leaderIncarnation !== self.incarnation()) this.#wantEpoch('restarted');
    // R10: nor does anybody lead without a log, or twice in one epoch.
    else if (!self.log.isWhole || self.log.lastEpoch >= epoch) this.#wantEpoch('unfit');
    else {
      this.#leading = new Leading(self, record);
      this.#leading.begin();
    }
  }

  #stopLeading(why: 'superseded' | 'unfit'): void {
    this.#self.isUnfit = false;
    this.#leading?.end();
    this.#leading = null;
    if (why === 'unfit') this.#wantEpoch('unfit');
  }

  #wantEpoch(why: 'restarted' | 'unfit'): void {
    const { record, partition } = this.#self;
    if (record === null || record.version === this.#wantedAtVersion) return;
    this.#wantedAtVersion = record.version;
    this.#self.emit({ kind: 'wantEpoch', partition, expectedVersion: record.version, why });
  }

  // --- what other nodes say ---

  #onMessage({ from, message }: MessageReceived): void {
    const { epoch } = message;
    switch (message.kind) {
      case 'fenced':
        this.#hearOf(epoch, null);
        return;
      case 'knock':
      case 'promise':
      case 'aware':
      case 'ack':
        if (this.#leading?.epoch === epoch) this.#leading.onMessage(from, message);
        return;
      case 'lead':
      case 'follow':
      case 'replace':
      case 'entries':
      case 'commit':
      case 'vouch':
        if (epoch < this.#self.promisedEpoch) this.#fence(from);
        else {
          this.#hearOf(epoch, from);
          this.#following.onMessage(message);
          if (message.kind === 'replace') this.#isBlank = false;
        }
    }
  }

  /** R1: whoever is told of an epoch leads and follows no older one. */
  #hearOf(epoch: number, leader: NodeId | null): void {
    if (epoch < this.#self.promisedEpoch) return;
    if (epoch > this.#self.promisedEpoch && this.#leading !== null) this.#stopLeading('superseded');
    assert(this.#leading === null || leader === null, 'R1: an epoch has one leader');
    this.#following.onLeader(epoch, leader);
  }

  #fence(leader: NodeId): void {
    const { partition, promisedEpoch: epoch } = this.#self;
    this.#self.send(leader, { kind: 'fenced', partition, epoch });
  }
}
