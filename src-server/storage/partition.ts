/**
 * One partition at this node: its replica, its store, and the clients' works that wait for something to be certain.
 *
 *   write ─run─▶ changes ─append, propose─▶ waits until its entry is committed ─▶ done
 *   read  ─run─▶ waits for entries it saw that are not committed, and, without a lease, for a round that confirms the leader
 *
 * A work runs at once and is answered later. So a read shows the moment it ran, and the confirmation that comes afterwards
 * proves that nobody else led in that moment.
 */
import { Fifo } from '../base/fifo.ts';
import type { Store } from './engine/engine.ts';
import type { Role } from './replication/effects.ts';
import type { PartitionReplica } from './replication/partition.ts';
import type { ReplicaEvent } from './replication/replicas.ts';
import type { Doubt, Refusal, RefusalCode, Work } from './resp/ports.ts';
import type { KeyTransaction } from './transaction.ts';

/** What a partition needs of its node. */
export interface PartitionGround {
  readonly transaction: KeyTransaction;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly writeTimeoutMs: number;
  /** Null while there is room for writes. */
  readonly whyFull: string | null;
  /** Steps the replica and has done what it wants. */
  step(partition: Partition, event: ReplicaEvent): void;
  /** An entry of a client was appended. */
  onProposed(partition: Partition, seq: number, bytes: number): void;
  /** It has appended: a flush is due at the end of the turn. */
  onAppended(partition: Partition): void;
  refusal(partition: number, code: RefusalCode, words: string): Refusal;
  /** What these did here came to nothing, and they wait for whoever leads now. In the order in which they ran. */
  again(partition: Partition, works: readonly Work[]): void;
  /** Of all partitions of the node. */
  nextToken(): number;
}

/** Since the start. */
export interface Traffic {
  reads: number;
  writes: number;
  writtenBytes: number;
}

/** So long whoever asks waits for a new leader to be heard, at the most. */
const SWITCH_MS = 100;

interface Waiting {
  readonly work: Work;
  /** Which ran before which. */
  readonly number: number;
  /** Of its own entry; 0 for a work that changed nothing. */
  readonly ownSeq: number;
  /** In which this node led when it ran; 0 where it only followed. */
  readonly epoch: number;
  /** What must be committed before it is answered. */
  readonly seq: number;
  /** The round that must confirm the leader before; 0 where the lease did. */
  readonly token: number;
  readonly untilMs: number;
}

export class Partition {
  readonly number: number;
  readonly replica: PartitionReplica;
  store: Store | null;
  readonly traffic: Traffic = { reads: 0, writes: 0, writtenBytes: 0 };
  /** Kept by its ground: a flush of it is due. */
  hasAppended = false;
  readonly #ground: PartitionGround;
  /** In the order in which they ran. */
  #waiting = new Fifo<Waiting>();
  #lastNumber = 0;
  /** What these did came to nothing; they stay until all is decided that ran before them, so that nobody is overtaken. */
  #undone: Waiting[] = [];
  #confirmedToken = 0;
  /** Whether it is led here, as last told, and when it was the last time. */
  #isLed = false;
  #ledMs = -Infinity;

  constructor(parts: {
    readonly number: number;
    readonly replica: PartitionReplica;
    readonly store: Store | null;
    readonly ground: PartitionGround;
  }) {
    this.number = parts.number;
    this.replica = parts.replica;
    this.store = parts.store;
    this.#ground = parts.ground;
  }

  get waitingCount(): number {
    return this.#waiting.length + this.#undone.length;
  }

  /**
   * Another node leads by now, or will: what ran here last is not decided, or that node has not been heard, and would send whoever
   * comes back here.
   */
  get isSwitching(): boolean {
    const { replica } = this;
    if (replica.role === 'leader') return false;
    if (this.#waiting.length > 0 && this.#hasLed) return true;
    return !replica.isLeaderHeard && this.#ground.nowMs - this.#ledMs < SWITCH_MS;
  }

  get #hasLed(): boolean {
    return this.#ground.nowMs - this.#ledMs < this.#ground.writeTimeoutMs;
  }

  onBecame(role: Role): void {
    if (this.#isLed && role !== 'leader') this.#ledMs = this.#ground.nowMs;
    this.#isLed = role === 'leader';
  }

  // --- works ---

  /** @returns false where it has to wait before it can run at all */
  take(work: Work): boolean {
    const { replica, store } = this;
    if (replica.role !== 'leader') return this.#takeStale(work);
    if (replica.serving === 'none' || store === null) return false;
    if (work.isWrite && !replica.acceptsWrites) return this.#refuseWrite(work);
    if (work.isWrite && this.#ground.whyFull !== null) {
      this.#refuse(work, 'MISCONF', this.#ground.whyFull);
      return true;
    }
    const { transaction, nowMs, writeTimeoutMs } = this.#ground;
    const { epoch } = replica;
    const untilMs = nowMs + writeTimeoutMs;
    if (!this.#run(work, store)) return true;
    if (transaction.hasChanges) {
      // Its own entry proves who leads when it is committed.
      const seq = this.#propose(transaction.body);
      this.traffic.writes++;
      const number = ++this.#lastNumber;
      this.#waiting.push({ work, number, ownSeq: seq, epoch, seq, token: 0, untilMs });
      return true;
    }
    this.traffic.reads++;
    const seq = transaction.waitSeq;
    const isAsking = work.consistency.kind === 'strict' || !replica.hasLease;
    if (!isAsking && seq <= store.committedSeq) {
      work.done();
      return true;
    }
    const token = isAsking ? this.#ground.nextToken() : 0;
    const number = ++this.#lastNumber;
    this.#waiting.push({ work, number, ownSeq: 0, epoch, seq, token, untilMs });
    if (isAsking) this.#ground.step(this, { kind: 'strictRead', token });
    return true;
  }

  /** Keys whose time has come go, as an entry like any other. */
  expire(countMax: number): void {
    const { replica, store } = this;
    if (replica.role !== 'leader' || !replica.acceptsWrites || store === null) return;
    const { transaction, wallMs } = this.#ground;
    const keys = store.due(wallMs, countMax);
    if (keys.length === 0) return;
    transaction.begin(store, wallMs);
    for (const key of keys) transaction.delete(key);
    this.#propose(transaction.body);
  }

  #propose(body: Uint8Array): number {
    const { replica } = this;
    const { epoch } = replica;
    const seq = replica.lastSeq + 1;
    this.store!.append({ epoch, seq, body });
    this.traffic.writtenBytes += body.length;
    this.#ground.onProposed(this, seq, body.length);
    return seq;
  }

  /** What is here may be old: how old is known. */
  #takeStale(work: Work): boolean {
    const { replica, store } = this;
    const { consistency } = work;
    if (work.isWrite || consistency.kind !== 'stale' || store === null) return false;
    if (replica.staleMs > consistency.withinMs) return false;
    if (!this.#run(work, store)) return true;
    this.traffic.reads++;
    const { transaction, nowMs, writeTimeoutMs } = this.#ground;
    const seq = transaction.waitSeq;
    if (seq <= store.committedSeq) {
      work.done();
      return true;
    }
    const untilMs = nowMs + writeTimeoutMs;
    const number = ++this.#lastNumber;
    this.#waiting.push({ work, number, ownSeq: 0, epoch: 0, seq, token: 0, untilMs });
    return true;
  }

  #refuseWrite(work: Work): boolean {
    if (this.replica.refusal !== 'noReplicas') return false;
    this.#refuse(
      work,
      'NOREPLICAS',
      'fewer copies are in sync than a write needs; it was not made',
    );
    return true;
  }

  /** @returns false where it was refused: it met damage, or is too large */
  #run(work: Work, store: Store): boolean {
    const { transaction, wallMs } = this.#ground;
    transaction.begin(store, wallMs);
    work.run(transaction);
    if (transaction.isTooLarge) {
      this.#refuse(work, 'ERR', 'this would change more at once than an entry of the log holds');
      return false;
    }
    if (transaction.damage === null) return true;
    this.#refuse(work, 'TRYAGAIN', 'its bytes on the disk are damaged; another copy takes over');
    this.#ground.step(this, { kind: 'damaged' });
    return false;
  }

  // --- what becomes of those that wait ---

  onCommitted(): void {
    this.#answer();
  }

  onConfirmed(upToToken: number): void {
    this.#confirmedToken = upToToken;
    this.#answer();
  }

  #answer(): void {
    const waiting = this.#waiting;
    const committedSeq = this.store?.committedSeq ?? 0;
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (next.seq > committedSeq || next.token > this.#confirmedToken) break;
      waiting.shift();
      next.work.done();
    }
    this.#tellUndone();
  }

  /** Entries of this epoch from here to there never happened. */
  onDiscarded(epoch: number, fromSeq: number, toSeq: number): void {
    this.#again(({ seq, epoch: own }) => own === epoch && seq >= fromSeq && seq <= toSeq);
  }

  /** Nobody here will learn what became of entries from this one on. */
  onDoubt(fromSeq: number): void {
    for (const one of this.#remove(({ seq, ownSeq }) => ownSeq > 0 && seq >= fromSeq))
      this.#doubt(one, 'this node does not lead any more');
    this.#again(({ seq }) => seq >= fromSeq);
  }

  onReadsRefused(upToToken: number): void {
    this.#again(({ token }) => token > 0 && token <= upToToken);
  }

  /** What was taken back was seen by some who read what others led; what was led here is decided with its entry. */
  onTruncated(seq: number): void {
    this.#again((one) => one.epoch === 0 && one.seq > seq);
  }

  /** Those who have waited too long. */
  onTime(nowMs: number): void {
    const waiting = this.#waiting;
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (next.untilMs > nowMs) break;
      waiting.shift();
      if (next.ownSeq > 0) this.#doubt(next, 'copies did not confirm it in time');
      else
        this.#refuse(
          next.work,
          'MASTERDOWN',
          'copies did not confirm in time that this node leads',
        );
    }
    this.#tellUndone();
  }

  /** The node ends. */
  onClosing(): void {
    const undone = this.#undone;
    this.#undone = [];
    for (const { work } of undone) this.#refuse(work, 'TRYAGAIN', 'this node ends');
    for (const one of this.#remove(() => true)) {
      if (one.ownSeq > 0) this.#doubt(one, 'this node ends');
      else this.#refuse(one.work, 'TRYAGAIN', 'this node ends');
    }
  }

  #again(isMeant: (one: Waiting) => boolean): void {
    this.#undone.push(...this.#remove(isMeant));
    this.#tellUndone();
  }

  #tellUndone(): void {
    const undone = this.#undone;
    if (undone.length === 0) return;
    undone.sort((a, b) => a.number - b.number);
    const undecided = this.#waiting.peek();
    if (undecided !== undefined && undecided.number < undone.at(-1)!.number) return;
    this.#undone = [];
    const works = undone.map(({ work }) => work);
    this.#ground.again(this, works);
  }

  /** Those who are told may come back with something else at once, and find themselves gone from here. */
  #remove(isMeant: (one: Waiting) => boolean): Waiting[] {
    const before = this.#waiting;
    const removed: Waiting[] = [];
    this.#waiting = new Fifo<Waiting>();
    for (let next = before.shift(); next !== undefined; next = before.shift()) {
      if (isMeant(next)) removed.push(next);
      else this.#waiting.push(next);
    }
    return removed;
  }

  #refuse(work: Work, code: RefusalCode, words: string): void {
    work.refused(this.#ground.refusal(this.number, code, words));
  }

  #doubt({ work, epoch, ownSeq: seq }: Waiting, words: string): void {
    const doubt: Doubt = { partition: this.number, epoch, seq, words };
    work.uncertain(doubt);
  }
}
