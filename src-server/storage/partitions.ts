/**
 * All partitions at this node, and the turn: what arrived is put to their replicas, and what these want is done, in its order.
 *
 *   clients, links, ensemble, clock ─▶ event ─▶ replica.step ─▶ effects ─▶ store, links, ensemble, clients
 *   end of the turn: one flush for everything appended (one write, one fdatasync), one write for each link
 *
 * Nothing here waits, and nothing here decides. The clock is read for everything that arrives: a grant that has run out must
 * not be used because a turn took long.
 */
import type { Clock, Timer } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { ChangeOutcome, PartitionState, RingView } from './control/membership.ts';
import type { Engine, Entry, Store } from './engine/engine.ts';
import { Partition, type PartitionGround } from './partition.ts';
import {
  type CopyTo,
  type Effect,
  Effects,
  type ExpectCopy,
  type Send,
  type SendEntries,
  type StopCopyTo,
  type WantEpoch,
  type WantInSync,
} from './replication/effects.ts';
import type { Copying, LogFacts, Message } from './replication/messages.ts';
import { type ReplicaEvent, Replicas } from './replication/replicas.ts';
import type { ReplicationSettings } from './replication/settings.ts';
import type { Refusal, RefusalCode, Work } from './resp/ports.ts';
import type { NodeId } from './ring/topology.ts';
import { KeyTransaction } from './transaction.ts';

/** What goes to other nodes. */
export interface Wires {
  send(to: NodeId, message: Message): void;
  /** The end of a turn: everything sent since the last one leaves. */
  flush(): void;
}

/** Copies of whole partitions, in and out. */
export interface Copies {
  copyTo(order: CopyTo): void;
  stopCopyTo(order: StopCopyTo): void;
  expectCopy(order: ExpectCopy): void;
  /** Nothing more of a copy of this partition is taken. */
  forgetCopy(partition: number): void;
}

/** What a leader, or whoever cannot be one, has the ensemble write. */
export interface Say {
  changeInSync(order: WantInSync): Promise<ChangeOutcome>;
  /** This node cannot vouch for its copy. */
  withdraw(order: WantEpoch): Promise<ChangeOutcome>;
}

export interface PartitionsParts {
  readonly self: NodeId;
  readonly incarnation: () => number;
  /** Whether what is missing on this disk was never there. */
  readonly isUnbroken: () => boolean;
  readonly settings: ReplicationSettings;
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: Engine;
  readonly wires: Wires;
  readonly copies: Copies;
  readonly say: Say;
  readonly refusal: (partition: number, code: RefusalCode, words: string) => Refusal;
  /** What these did here came to nothing. They try again when `onChanged` is called. */
  readonly again: (partition: number, works: readonly Work[]) => void;
  /** Whoever waits for this partition may try again. */
  readonly onChanged: (partition: number) => void;
  /** Time passed: whoever has waited too long elsewhere is to be told. */
  readonly onPulse: (nowMs: number) => void;
  /** Nobody knows what is on the disk: the node must end. */
  readonly onFatal: (error: Error) => void;
}

/** How often those who have waited too long, and keys whose time has come, are looked for. */
const PULSE_MS = 20;
/** Every partition hears of the time, but not in every turn of a busy node. */
const TICK_MS = 5;
const EXPIRED_KEYS_MAX = 1024;
/** Only so many partitions at a time are asked which keys are due, so that a node at rest rests. */
const EXPIRY_PULSES = 4;
/** One piece of entries for a follower. */
const PIECE_BYTES = 0x10_0000;

/** What came of sending entries: reported when the effects beside it are done. */
interface Sent {
  readonly partition: Partition;
  readonly event: ReplicaEvent;
}

/** How far a partition's log went when a flush began. */
interface Flushed {
  readonly partition: Partition;
  readonly epoch: number;
  readonly seq: number;
}

export class Partitions implements PartitionGround {
  readonly #parts: PartitionsParts;
  readonly #replicas: Replicas;
  readonly #partitions = new Map<number, Partition>();
  /** Lists that are not in use. */
  readonly #lists: Effects[] = [];
  readonly #sent: Sent[] = [];
  /** Of the effects that are carried out now: what is read stays the same so long. */
  #lastRead: {
    readonly partition: Partition;
    readonly fromSeq: number;
    readonly toSeq: number;
    readonly entries: readonly Entry[];
  } | null = null;
  /** Some who ran there wait once more. */
  readonly #undone = new Set<number>();
  readonly transaction = new KeyTransaction();
  nowMs = 0;
  wallMs = 0;
  #isInTurn = false;
  #isClosed = false;
  #appended: Partition[] = [];
  #timer: Timer | null = null;
  #timerAtMs = Infinity;
  #tickAtMs = -Infinity;
  #pulse: Timer | null = null;
  #pulses = 0;
  #lastToken = 0;
  #led: readonly number[] | null = null;

  constructor(parts: PartitionsParts) {
    this.#parts = parts;
    const { self: node, incarnation, isUnbroken, settings } = parts;
    this.#replicas = new Replicas({ node, incarnation, isUnbroken, settings });
  }

  /** What is on the disk is there from now on. */
  start(): void {
    this.beginTurn();
    for (const number of this.#parts.engine.partitions()) this.#open(number);
    this.#beat();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#pulse?.cancel();
    for (const partition of this.#partitions.values()) partition.onClosing();
  }

  // --- what may be asked ---

  get self(): NodeId {
    return this.#parts.self;
  }

  partition(number: number): Partition | null {
    return this.#partitions.get(number) ?? null;
  }

  /** Those of which there is something here, ascending. */
  get held(): readonly Partition[] {
    return [...this.#partitions.values()]
      .filter(({ store }) => store !== null)
      .sort((a, b) => a.number - b.number);
  }

  /** Ascending. */
  get led(): readonly number[] {
    this.#led ??= [...this.#partitions.values()]
      .filter(({ replica }) => replica.role === 'leader')
      .map(({ number }) => number)
      .sort((a, b) => a - b);
    return this.#led;
  }

  get whyFull(): string | null {
    const { room } = this.#parts.engine;
    return room === 'ok' ? null : 'the disk of this node is nearly full: it takes no writes';
  }

  get writeTimeoutMs(): number {
    return this.#parts.writeTimeoutMs;
  }

  nextToken(): number {
    return ++this.#lastToken;
  }

  refusal(partition: number, code: RefusalCode, words: string): Refusal {
    return this.#parts.refusal(partition, code, words);
  }

  again({ number }: Partition, works: readonly Work[]): void {
    this.#parts.again(number, works);
    this.#undone.add(number);
  }

  // --- what arrives ---

  onView(view: RingView, changed: Iterable<number>): void {
    const { config } = view;
    if (config === null) return;
    this.beginTurn();
    for (const number of changed) {
      const found = view.partitions.get(number);
      if (found !== undefined)
        this.assign(number, found.value, found.version, config.value.minInSync);
    }
  }

  /** What the ensemble says of a partition, by the version of its record. */
  assign(number: number, state: PartitionState, version: number, minInSync: number): void {
    const { self } = this.#parts;
    const isMine = state.replicas.includes(self) || state.learners.includes(self);
    const partition = this.partition(number) ?? (isMine ? this.#open(number) : null);
    if (partition !== null) this.step(partition, { kind: 'assigned', state, version, minInSync });
    this.#parts.onChanged(number);
  }

  onMessage(from: NodeId, message: Message): void {
    this.beginTurn();
    this.#do((effects) => this.#replicas.message(from, message, effects));
    // Whoever waits for a new leader to be heard goes there now.
    if (message.kind === 'lead') this.#parts.onChanged(message.partition);
  }

  onLinkUp(node: NodeId): void {
    this.beginTurn();
    this.#do((effects) => this.#replicas.linkUp(node, effects));
  }

  onLinkDown(node: NodeId): void {
    this.beginTurn();
    this.#do((effects) => this.#replicas.linkDown(node, effects));
  }

  onCopyProgressed(number: number, copying: Copying): void {
    this.#tell(number, { kind: 'copyProgressed', copying });
  }

  onInstalled(number: number): void {
    const store = this.#parts.engine.partition(number)!;
    this.#tell(number, { kind: 'installed', log: logOf(store) });
  }

  /** From whom, and in which epoch, a copy may come; null for from nobody. */
  expectedCopyOf(number: number): { readonly from: NodeId; readonly epoch: number } | null {
    const replica = this.partition(number)?.replica;
    const from = replica?.copyingFrom ?? null;
    return replica === undefined || from === null ? null : { from, epoch: replica.epoch };
  }

  onDamage(number: number): void {
    this.#tell(number, { kind: 'damaged' });
  }

  #tell(number: number, event: ReplicaEvent): void {
    const partition = this.partition(number);
    if (partition === null) return;
    this.beginTurn();
    // A copy may have made it anew.
    partition.store = this.#parts.engine.partition(number);
    this.step(partition, event);
  }

  #open(number: number): Partition {
    const store = this.#parts.engine.partition(number);
    const replica = this.#replicas.open(number, store === null ? null : logOf(store));
    const partition = new Partition({ number, replica, store, ground: this });
    this.#partitions.set(number, partition);
    return partition;
  }

  /** Nobody counts on what is here any more. */
  drop(number: number): void {
    this.#replicas.close(number);
    this.#partitions.delete(number);
    this.#parts.engine.drop(number);
  }

  // --- the turn ---

  beginTurn(): void {
    const { clock } = this.#parts;
    this.nowMs = clock.nowMs();
    this.#replicas.leases.tick(this.nowMs);
    if (this.#isInTurn || this.#isClosed) return;
    this.#isInTurn = true;
    this.wallMs = clock.wallMs();
    if (this.nowMs >= this.#tickAtMs) {
      this.#tickAtMs = this.nowMs + TICK_MS;
      this.#do((effects) => this.#replicas.tick(this.nowMs, effects));
    }
    clock.defer(() => this.#endTurn());
  }

  #endTurn(): void {
    // Whoever is answered from here on may ask for more, which is the next turn's.
    this.#isInTurn = false;
    if (this.#isClosed) return;
    // What leaves now grants time from now on.
    this.nowMs = this.#parts.clock.nowMs();
    this.#replicas.leases.tick(this.nowMs);
    this.#do((effects) => this.#replicas.turnEnd(effects));
    this.#flush();
    this.#parts.wires.flush();
    this.#wakeInTime();
  }

  onAppended(partition: Partition): void {
    if (partition.hasAppended) return;
    partition.hasAppended = true;
    this.#appended.push(partition);
  }

  onProposed(partition: Partition, seq: number, bytes: number): void {
    this.onAppended(partition);
    this.#replicas.proposed(partition.replica, seq, bytes);
  }

  /** One sync for everything that was appended in this turn. */
  #flush(): void {
    if (this.#appended.length === 0) return;
    const flushed: Flushed[] = [];
    for (const partition of this.#appended) {
      const { store } = partition;
      partition.hasAppended = false;
      if (store !== null) flushed.push({ partition, epoch: store.lastEpoch, seq: store.lastSeq });
    }
    this.#appended.length = 0;
    this.#parts.engine.flush((error) => this.#onFlushed(flushed, error));
  }

  #onFlushed(flushed: readonly Flushed[], error: Error | null): void {
    if (this.#isClosed) return;
    if (error !== null) {
      this.#parts.onFatal(error);
      return;
    }
    this.beginTurn();
    for (const { partition, epoch, seq } of flushed)
      this.step(partition, { kind: 'durable', epoch, seq });
  }

  /** For beats; all else can wait for the next pulse. A timer that rings too early does no harm; it is set again. */
  #wakeInTime(): void {
    const { wakeAtMs } = this.#replicas.leases;
    if (this.#timerAtMs <= wakeAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = wakeAtMs;
    const delayMs = Math.ceil(Math.max(0, wakeAtMs - this.nowMs));
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#timerAtMs = Infinity;
      this.beginTurn();
    });
  }

  #beat(): void {
    this.#pulse = this.#parts.clock.after(PULSE_MS, () => this.#beat());
    this.beginTurn();
    const share = ++this.#pulses % EXPIRY_PULSES;
    for (const partition of this.#partitions.values()) {
      partition.onTime(this.nowMs);
      if (partition.number % EXPIRY_PULSES === share) partition.expire(EXPIRED_KEYS_MAX);
    }
    this.#parts.onPulse(this.nowMs);
  }

  // --- what replicas want ---

  step({ number }: Partition, event: ReplicaEvent): void {
    const effects = this.#lists.pop() ?? new Effects();
    this.#replicas.step(number, event, effects);
    this.#carryOutAll(effects);
  }

  #do(work: (effects: Effects) => void): void {
    const effects = this.#lists.pop() ?? new Effects();
    work(effects);
    this.#carryOutAll(effects);
  }

  /** One step may lead to another before all of its effects are done: each has a list of its own. */
  #carryOutAll(effects: Effects): void {
    const { list } = effects;
    const mark = this.#sent.length;
    this.#lastRead = null;
    let hasCommitted = false;
    for (const effect of list) {
      // The disk failed meanwhile: what is left is another start's.
      if (this.#isClosed) return;
      if (effect.kind === 'send') this.#parts.wires.send(effect.to, effect.message);
      else if (effect.kind === 'sendEntries') this.#sent.push(this.#sendEntries(effect));
      else {
        hasCommitted ||= effect.kind === 'committed';
        this.#carryOut(effect);
      }
    }
    if (this.#sent.length > mark)
      for (const { partition, event } of this.#sent.splice(mark)) this.step(partition, event);
    // Whoever is answered may come back with more at once, and must find all of this done.
    if (hasCommitted)
      for (const effect of list) {
        if (effect.kind === 'committed') this.#onCommitted(this.#partitions.get(effect.partition)!);
      }
    effects.clear();
    this.#lists.push(effects);
    for (const number of this.#undone) {
      this.#undone.delete(number);
      this.#parts.onChanged(number);
    }
  }

  #onCommitted(partition: Partition): void {
    partition.onCommitted();
    this.#parts.onChanged(partition.number);
  }

  #carryOut(effect: Exclude<Effect, Send | SendEntries>): void {
    const { copies, engine } = this.#parts;
    const one = this.#partitions.get(effect.partition)!;
    switch (effect.kind) {
      case 'create':
        if (one.store !== null) {
          copies.forgetCopy(one.number);
          engine.drop(one.number);
        }
        one.store = engine.create(one.number);
        this.onAppended(one);
        return;
      case 'append':
        for (const entry of effect.entries) one.store!.append(entry);
        this.onAppended(one);
        return;
      case 'truncate':
        one.store!.truncate(effect.seq);
        one.onTruncated(effect.seq);
        this.onAppended(one);
        return;
      case 'committed':
        one.store!.commit(effect.seq);
        return;
      case 'discarded':
        one.onDiscarded(effect.epoch, effect.fromSeq, effect.toSeq);
        return;
      case 'inDoubt':
        one.onDoubt(effect.fromSeq);
        return;
      case 'copyTo':
        copies.copyTo(effect);
        return;
      case 'stopCopyTo':
        copies.stopCopyTo(effect);
        return;
      case 'expectCopy':
        copies.expectCopy(effect);
        return;
      case 'wantInSync':
        void this.#wantInSync(one, effect);
        return;
      case 'wantEpoch':
        void this.#wantEpoch(effect);
        return;
      case 'became':
        one.onBecame(effect.role);
        this.#led = null;
        this.#parts.onChanged(one.number);
        return;
      case 'readsConfirmed':
        one.onConfirmed(effect.upToToken);
        return;
      case 'readsRefused':
        one.onReadsRefused(effect.upToToken);
    }
  }

  /** @returns what came of it */
  #sendEntries(order: SendEntries): Sent {
    const { to, epoch, fromSeq, committedSeq } = order;
    const partition = this.#partitions.get(order.partition)!;
    const entries = this.#read(partition, order);
    if (entries === 'gone') return { partition, event: { kind: 'entriesGone', to } };
    const { number } = partition;
    this.#parts.wires.send(to, {
      kind: 'entries',
      partition: number,
      epoch,
      entries,
      committedSeq,
    });
    let bytes = 0;
    for (const { body } of entries) bytes += body.length;
    const lastSeq = fromSeq + entries.length - 1;
    return { partition, event: { kind: 'entriesSent', to, lastSeq, bytes } };
  }

  /** Followers that keep up are sent the same, one after the other. */
  #read(partition: Partition, { fromSeq, toSeq }: SendEntries): readonly Entry[] | 'gone' {
    const last = this.#lastRead;
    if (last?.partition === partition && last.fromSeq === fromSeq && last.toSeq === toSeq)
      return last.entries;
    const found = partition.store!.read(fromSeq, PIECE_BYTES);
    if (found === 'gone') return found;
    const count = Math.min(found.length, toSeq - fromSeq + 1);
    const entries = count === found.length ? found : found.slice(0, count);
    this.#lastRead = { partition, fromSeq, toSeq, entries };
    return entries;
  }

  async #wantInSync(partition: Partition, order: WantInSync): Promise<void> {
    const { expectedVersion } = order;
    const answer = await this.#parts.say.changeInSync(order);
    if (this.#isClosed) return;
    const outcome = answer.kind === 'ok' ? 'changed' : answer.kind;
    this.beginTurn();
    this.step(partition, { kind: 'controlAnswered', expectedVersion, outcome });
  }

  /** The controller sees by itself who was started again; of a log that is not what it should be nobody else knows. */
  async #wantEpoch(order: WantEpoch): Promise<void> {
    const { partition, why } = order;
    if (why === 'restarted') return;
    const { say, clock, logger, settings } = this.#parts;
    const answer = await say.withdraw(order);
    if (answer.kind === 'ok' || this.#isClosed) return;
    if (answer.kind === 'lost') {
      // Told once for each version of the record: nobody would ask for it again, and nobody else take over.
      clock.after(settings.controlRetryMs, () => {
        if (!this.#isClosed) void this.#wantEpoch(order);
      });
      return;
    }
    logger.warn('a copy that cannot be vouched for stays in sync', { partition, why: answer.why });
  }
}

function logOf(store: Store): LogFacts {
  const { lastSeq, lastEpoch, committedSeq, epochs, installing, damage } = store;
  const isWhole = installing === null && damage === null;
  return { lastSeq, lastEpoch, committedSeq, epochs, isWhole, copying: installing };
}
