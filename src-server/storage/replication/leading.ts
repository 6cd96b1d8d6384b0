/**
 * A replica that leads its partition in one epoch.
 *
 *   beginning ── its first entry is ──▶ establishing ── nothing granted to others runs any more, ──▶ established
 *                durable here: nobody                   its first entry is committed
 *                older is followed again
 *
 * Who is needed and does not come is taken out of the record first; only then nothing waits for it any more.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Serving } from './effects.ts';
import type { ControlAnswered } from './events.ts';
import { InSync, type PartitionRecord } from './in-sync.ts';
import { Member, type MemberFacts } from './member.ts';
import type { Ack, FromMember, LogFacts, LogPromise } from './messages.ts';
import type { Self } from './self.ts';
import { StrictReads } from './strict-reads.ts';

type Phase = 'beginning' | 'establishing' | 'established';

const NO_BODY = new Uint8Array(0);
/** So much more patience there is with whoever is there, and has not heard of the partition. */
const LATE_FACTOR = 4;

export class Leading {
  readonly epoch: number;
  readonly #self: Self;
  readonly #inSync: InSync;
  readonly #members = new Map<NodeId, Member>();
  readonly #strictReads = new StrictReads();
  #phase: Phase = 'beginning';
  /** Our first entry. */
  readonly #startSeq: number;
  /** Bytes of what is proposed and not committed, by entry. */
  #windowBytes = 0;
  readonly #sizes = new Fifo<number>();
  #sizesFromSeq = 0;
  /** Never the same twice, also for a member that leaves and comes back. */
  #attempts = 0;
  #tickMs: number;

  constructor(self: Self, record: PartitionRecord) {
    this.#self = self;
    this.epoch = record.state.epoch;
    this.#inSync = new InSync(record);
    this.#startSeq = self.log.lastSeq + 1;
    this.#tickMs = self.nowMs;
  }

  begin(): void {
    const { node, lent, log, nowMs, partition } = this.#self;
    const { epoch } = this;
    const seq = this.#startSeq;
    // Once it is committed, so is everything before it (R6); once it is durable, our own promise is (R1).
    log.append(epoch, seq);
    this.#self.emit({ kind: 'append', partition, entries: [{ epoch, seq, body: NO_BODY }] });
    this.#admit();
    // Who led before can give back what it was granted, although it may be no member any more.
    for (const holder of lent.holders(nowMs)) {
      if (holder !== node && !this.#members.has(holder)) this.#askToPromise(holder, 0);
    }
  }

  // --- what may be asked ---

  get serving(): Serving {
    if (this.#phase !== 'established') return 'none';
    return this.#inSync.isEnoughByRecord ? 'writes' : 'reads';
  }

  get isWindowFull(): boolean {
    const { windowEntries, windowBytes } = this.#self.settings;
    const { lastSeq, committedSeq } = this.#self.log;
    return lastSeq - committedSeq >= windowEntries || this.#windowBytes >= windowBytes;
  }

  /** Whether nobody else can have committed anything by now (R8). */
  get hasLease(): boolean {
    if (this.#phase !== 'established') return false;
    const { leases, nowMs } = this.#self;
    for (const node of this.#inSync.needed) {
      if (node === this.#self.node) continue;
      if (this.#members.get(node)?.isConfirmed !== true || leases.heldUntilMs(node) <= nowMs)
        return false;
    }
    return true;
  }

  get members(): MemberFacts[] {
    const { inSync } = this.#inSync.record.state;
    return [...this.#members.values()].map(({ node, phase, ackedSeq }) => {
      return { node, phase, ackedSeq, isInSync: inSync.includes(node) };
    });
  }

  get hasStrictReads(): boolean {
    return !this.#strictReads.isEmpty;
  }

  get wakeAtMs(): number {
    const { lent, settings } = this.#self;
    const beatMs = this.#tickMs + settings.beatMs;
    if (this.#phase === 'established') return beatMs;
    const { untilMs } = lent;
    return untilMs > this.#tickMs ? Math.min(beatMs, untilMs) : beatMs;
  }

  // --- entries ---

  onProposed(seq: number, bytes: number): void {
    const { log, fates } = this.#self;
    assert(this.serving === 'writes', 'R6: only an established leader takes writes');
    log.append(this.epoch, seq);
    fates.onProposed(this.epoch, seq);
    if (this.#sizes.length === 0) this.#sizesFromSeq = seq;
    this.#sizes.push(bytes);
    this.#windowBytes += bytes;
  }

  /** Goes on as far as it may: establishes itself, commits. */
  #advance(): void {
    const { lent, log, nowMs } = this.#self;
    if (this.#phase === 'beginning') return;
    // R7: until then a former leader may answer reads from what is about to change.
    if (this.#phase === 'establishing' && lent.untilMs > nowMs) return;
    this.#commit();
    if (this.#phase === 'established' || log.committedSeq < this.#startSeq) return;
    this.#phase = 'established';
    for (const member of this.#members.values()) this.#tellCommit(member);
  }

  #commit(): void {
    const { log, node } = this.#self;
    let seq = log.durableSeq;
    for (const needed of this.#inSync.needed) {
      if (needed !== node) seq = Math.min(seq, this.#members.get(needed)?.ackedSeq ?? 0);
    }
    // With too few in sync nothing new is taken, but what was there before can be read (R6).
    if (!this.#inSync.isEnough) seq = Math.min(seq, this.#startSeq);
    if (seq < this.#startSeq || seq <= log.committedSeq) return;
    this.#self.commit(seq);
    this.#shrinkWindow(seq);
  }

  #shrinkWindow(seq: number): void {
    while (this.#sizes.length > 0 && this.#sizesFromSeq <= seq) {
      this.#windowBytes -= this.#sizes.shift()!;
      this.#sizesFromSeq++;
    }
  }

  onDurable(): void {
    if (this.#phase === 'beginning' && this.#self.log.durableSeq >= this.#startSeq) this.#root();
    this.#advance();
  }

  /**
   * From now on no crash makes us follow an older leader again. Only now others may be told to cut their logs: what they lose
   * could else be committed by that leader after all, with what they acknowledged before and what we would acknowledge then.
   */
  #root(): void {
    this.#phase = 'establishing';
    for (const member of this.#members.values()) {
      const { promise } = member;
      member.promise = null;
      if (promise !== null) this.#answerPromise(member, promise);
    }
  }

  // --- members ---

  /** Those who have a copy by the record, or make one, and those who are needed. */
  #admit(): void {
    const { node, nowMs } = this.#self;
    const { replicas, learners } = this.#inSync.record.state;
    const wanted = new Set([...replicas, ...learners, ...this.#inSync.needed]);
    wanted.delete(node);
    for (const [id, member] of this.#members) {
      if (wanted.has(id)) continue;
      this.#drop(member);
      this.#members.delete(id);
    }
    for (const id of wanted) {
      if (this.#members.has(id)) continue;
      const member = new Member(id, nowMs);
      this.#members.set(id, member);
      this.#lead(member);
    }
    for (const member of this.#members.values()) this.#unbar(member);
  }

  /** Nothing more is said to it; beats go on, and must not be taken to say anything. */
  #drop(member: Member): void {
    const { partition } = this.#self;
    const { node, phase } = member;
    this.#vouch(member, false);
    if (phase === 'copying') this.#self.emit({ kind: 'stopCopyTo', partition, to: node });
  }

  #lead(member: Member): void {
    member.attempt = ++this.#attempts;
    this.#askToPromise(member.node, member.attempt);
  }

  #askToPromise(node: NodeId, attempt: number): void {
    const { partition } = this.#self;
    this.#self.send(node, { kind: 'lead', partition, epoch: this.epoch, attempt });
  }

  onLinkUp(node: NodeId): void {
    const member = this.#members.get(node);
    if (member === undefined) return;
    this.#part(member);
    // What it grants on this link is for others, until it promises on it (R8).
    member.isConfirmed = false;
    this.#lead(member);
  }

  onLinkDown(node: NodeId): void {
    const member = this.#members.get(node);
    if (member !== undefined) this.#part(member);
  }

  #part(member: Member): void {
    member.promise = null;
    if (member.phase === 'apart') return;
    this.#drop(member);
    member.enter('apart', this.#self.nowMs);
  }

  onMessage(from: NodeId, message: FromMember): void {
    const member = this.#members.get(from);
    switch (message.kind) {
      case 'knock':
        if (member === undefined) return;
        this.#part(member);
        this.#lead(member);
        return;
      case 'promise':
        this.#self.lent.onGivenBack(from);
        if (member?.attempt === message.attempt) this.#onPromise(member, message);
        this.#advance();
        return;
      case 'aware':
        if (member !== undefined) member.awareVersion = message.version;
        return;
      case 'ack':
        if (member?.phase === 'streaming') this.#onAck(member, message);
        return;
      case 'fenced':
        assert(false, 'R1: who promised more is heard elsewhere');
    }
  }

  #onPromise(member: Member, { log, version }: LogPromise): void {
    member.isConfirmed = true;
    member.awareVersion = version;
    this.#self.leases.ask(member.node);
    if (this.#phase === 'beginning') member.promise = log;
    else this.#answerPromise(member, log);
  }

  #answerPromise(member: Member, log: LogFacts): void {
    const { partition, log: own, nowMs } = this.#self;
    const shared = log.isWhole ? own.sharedWith(log) : null;
    const isNeeded = this.#isNeeded(member.node);
    if (isNeeded && log.isWhole && log.committedSeq > (shared ?? 0)) {
      // It counts, and knows of something committed that is not here: it is we who lack what we should have (R10).
      this.#self.isUnfit = true;
      return;
    }
    const isLacking = shared === null || shared < own.committedSeq;
    if (isNeeded && isLacking) {
      member.copying = log.copying;
      member.enter('barred', nowMs);
    } else if (shared === null || log.committedSeq > shared) {
      member.copying = log.copying;
      this.#copyTo(member);
    } else {
      member.stream(shared, nowMs);
      this.#self.send(member.node, {
        kind: 'follow',
        partition,
        epoch: this.epoch,
        keepSeq: shared,
      });
    }
  }

  #isNeeded(node: NodeId): boolean {
    return this.#inSync.needed.includes(node);
  }

  /** Who is out of sync by the record has nothing to lose any more. */
  #unbar(member: Member): void {
    if (member.phase === 'barred' && !this.#isNeeded(member.node)) this.#copyTo(member);
  }

  #copyTo(member: Member): void {
    const { node, copying } = member;
    const { partition, log, nowMs } = this.#self;
    const { epoch } = this;
    const isContinued = copying !== null && this.#canGoOn(copying.baseSeq, copying.baseEpoch);
    const baseSeq = isContinued ? copying.baseSeq : log.committedSeq;
    const baseEpoch = log.epochOf(baseSeq);
    const epochs = log.epochsUpTo(baseSeq);
    const cursor = isContinued ? copying.cursor : 0;
    member.enter('copying', nowMs);
    member.copying = null;
    this.#self.send(node, { kind: 'replace', partition, epoch, isContinued });
    const base = { baseSeq, baseEpoch, epochs, cursor };
    this.#self.emit({ kind: 'copyTo', partition, to: node, epoch, ...base });
  }

  #canGoOn(baseSeq: number, baseEpoch: number): boolean {
    const { log } = this.#self;
    return baseSeq <= log.committedSeq && log.epochOf(baseSeq) === baseEpoch;
  }

  #onAck(member: Member, { seq }: Ack): void {
    assert(seq <= member.sentSeq, 'R3: only what was sent is acknowledged');
    member.onAck(seq);
    this.#advance();
  }

  // --- sending ---

  #pump(member: Member): void {
    const { log, partition, settings } = this.#self;
    if (member.phase !== 'streaming' || member.isSending) return;
    if (member.sentSeq >= log.lastSeq || member.flightBytes >= settings.flightBytes) return;
    member.isSending = true;
    member.toldCommitSeq = log.committedSeq;
    this.#self.emit({
      kind: 'sendEntries',
      partition,
      to: member.node,
      epoch: this.epoch,
      fromSeq: member.sentSeq + 1,
      toSeq: log.lastSeq,
      committedSeq: log.committedSeq,
    });
  }

  onEntriesSent(to: NodeId, lastSeq: number, bytes: number): void {
    const member = this.#members.get(to);
    if (member?.isSending !== true) return;
    member.isSending = false;
    assert(lastSeq > member.sentSeq, 'R2: what is sent goes on where it ended');
    member.onSent(lastSeq, bytes, this.#self.nowMs);
    this.#pump(member);
  }

  onEntriesGone(to: NodeId): void {
    const member = this.#members.get(to);
    if (member?.isSending !== true) return;
    member.isSending = false;
    if (!this.#isNeeded(to)) this.#copyTo(member);
    else member.enter('barred', this.#self.nowMs);
  }

  #tellCommit(member: Member): void {
    const { log, partition } = this.#self;
    if (member.phase !== 'streaming' || member.toldCommitSeq >= log.committedSeq) return;
    member.toldCommitSeq = log.committedSeq;
    const { epoch } = this;
    this.#self.send(member.node, { kind: 'commit', partition, epoch, seq: log.committedSeq });
  }

  /** Before this node's beats: what they vouch for is said before them. */
  beforeBeat(): void {
    const { hasLease } = this;
    for (const member of this.#members.values()) {
      if (member.phase !== 'streaming') continue;
      this.#tellCommit(member);
      this.#vouch(member, hasLease);
    }
  }

  #vouch(member: Member, isOn: boolean): void {
    if (member.isVouched === isOn) return;
    const { partition } = this.#self;
    member.isVouched = isOn;
    this.#self.send(member.node, { kind: 'vouch', partition, epoch: this.epoch, isOn });
  }

  // --- strict reads ---

  onStrictRead(token: number): void {
    const { leases, node } = this.#self;
    const needed = this.#inSync.needed.filter((id) => id !== node);
    this.#strictReads.add(token, () => new Map(needed.map((id) => [id, leases.ask(id)])));
  }

  #confirmReads(): void {
    if (this.#strictReads.isEmpty || this.#phase !== 'established') return;
    const { leases, partition } = this.#self;
    const upToToken = this.#strictReads.confirm((node, number) => {
      if (!this.#isNeeded(node)) return true;
      const isConfirmed = this.#members.get(node)?.isConfirmed === true;
      return isConfirmed && leases.answeredNumber(node) >= number;
    });
    if (upToToken !== null) this.#self.emit({ kind: 'readsConfirmed', partition, upToToken });
  }

  // --- who is in sync ---

  onTick(): void {
    this.#tickMs = this.#self.nowMs;
    this.#excludeLaggards();
    this.#advance();
  }

  #excludeLaggards(): void {
    const { nowMs, node } = this.#self;
    if (!this.#inSync.mayAsk(nowMs)) return;
    const { inSync } = this.#inSync.record.state;
    const kept = inSync.filter((id) => id === node || !this.#isLaggard(id));
    if (kept.length < inSync.length) this.#ask(kept);
  }

  #isLaggard(node: NodeId): boolean {
    const { leases, settings } = this.#self;
    const member = this.#members.get(node)!;
    const { phase, sinceMs, oldestFlightMs } = member;
    if (phase === 'barred') return true;
    const heardMs =
      phase === 'streaming' ? Math.max(sinceMs, leases.answeredSentMs(node)) : sinceMs;
    const quietSinceMs = Math.min(heardMs, oldestFlightMs ?? Infinity);
    const { laggardMs } = settings;
    // Who answers and has not promised has not heard of a new partition yet: nobody is served by going on without it at once.
    const isLate = phase === 'apart' && leases.isLinked(node) && this.#isPresent(node);
    return leases.attendedMs(quietSinceMs) > (isLate ? LATE_FACTOR * laggardMs : laggardMs);
  }

  /**
   * Who holds everything committed comes in, and counts from here on (R5). It must know the record that is to be changed: by an
   * older one it may be about to drop its copy.
   */
  #includeCaughtUp(): void {
    const { log, nowMs } = this.#self;
    if (this.#phase !== 'established' || !this.#inSync.mayAsk(nowMs)) return;
    const { version, state } = this.#inSync.record;
    const { inSync } = state;
    if (this.#members.size < inSync.length) return;
    const joining: NodeId[] = [];
    for (const { node, phase, ackedSeq, awareVersion } of this.#members.values()) {
      if (phase !== 'streaming' || awareVersion < version || inSync.includes(node)) continue;
      if (ackedSeq >= log.committedSeq && this.#isPresent(node)) joining.push(node);
    }
    if (joining.length > 0) this.#ask([...inSync, ...joining]);
  }

  #isPresent(node: NodeId): boolean {
    const { leases, settings } = this.#self;
    return leases.attendedMs(leases.answeredSentMs(node)) <= settings.laggardMs;
  }

  #ask(inSync: readonly NodeId[]): void {
    const { version, state } = this.#inSync.record;
    const learners = state.learners.filter((id) => !inSync.includes(id));
    const change = { inSync, learners, expectedVersion: version };
    this.#inSync.ask(change);
    this.#self.emit({ kind: 'wantInSync', partition: this.#self.partition, ...change });
  }

  onControlAnswered({ expectedVersion, outcome }: ControlAnswered): PartitionRecord | null {
    const { nowMs, settings } = this.#self;
    return this.#inSync.onAnswer(expectedVersion, outcome, nowMs + settings.controlRetryMs);
  }

  /** A newer record that names us as leader of this epoch still. */
  onRecord(record: PartitionRecord): void {
    this.#inSync.onRecord(record);
    this.#admit();
    this.#advance();
  }

  onMinInSync(minInSync: number): void {
    this.#inSync.onMinInSync(minInSync);
    this.#advance();
  }

  // --- turns and the end ---

  turnEnd(): void {
    for (const member of this.#members.values()) this.#pump(member);
    this.#includeCaughtUp();
    this.#strictReads.endTurn();
    this.#confirmReads();
  }

  /** Another leads, or must: nothing more is decided here. */
  end(): void {
    const { partition } = this.#self;
    for (const member of this.#members.values()) this.#drop(member);
    const upToToken = this.#strictReads.clear();
    if (upToToken !== null) this.#self.emit({ kind: 'readsRefused', partition, upToToken });
  }
}
