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
  /** It has appended: a flush is due at the end of the turn. */
  onAppended(partition: Partition): void;
  refusal(partition: number, code: RefusalCode, words: string): Refusal;
  /** Of all partitions of the node. */
  nextToken(): number;
}

/** Since the start. */
export interface Traffic {
  reads: number;
  writes: number;
  writtenBytes: number;
}

interface Waiting {
  readonly work: Work;
  /** Of its own entry; 0 for a work that changed nothing. */
  readonly ownSeq: number;
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
  readonly #ground: PartitionGround;
  /** In the order in which they ran. */
  #waiting = new Fifo<Waiting>();
  #confirmedToken = 0;

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
    return this.#waiting.length;
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
    const { hasLease, epoch } = replica;
    if (!this.#run(work, store)) return true;
    let ownSeq = 0;
    if (transaction.hasChanges) {
      ownSeq = this.#propose(transaction.body);
      this.traffic.writes++;
    } else {
      this.traffic.reads++;
    }
    const seq = ownSeq > 0 ? ownSeq : transaction.waitSeq;
    const isCommitted = seq <= store.committedSeq;
    if (ownSeq === 0 && isCommitted && hasLease && work.consistency.kind !== 'strict') {
      work.done();
      return true;
    }
    // Its own entry proves who leads when it is committed; whoever wrote nothing has to ask.
    const isAsking = ownSeq === 0 && (!hasLease || work.consistency.kind === 'strict');
    const token = isAsking ? this.#ground.nextToken() : 0;
    this.#waiting.push({ work, ownSeq, epoch, seq, token, untilMs: nowMs + writeTimeoutMs });
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
    this.#ground.onAppended(this);
    this.#ground.step(this, { kind: 'proposed', seq, bytes: body.length });
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
    this.#waiting.push({ work, ownSeq: 0, epoch: replica.epoch, seq, token: 0, untilMs });
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

  /** @returns false where it met damage, and was refused */
  #run(work: Work, store: Store): boolean {
    const { transaction, wallMs } = this.#ground;
    transaction.begin(store, wallMs);
    work.run(transaction);
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
      if (next.seq > committedSeq || next.token > this.#confirmedToken) return;
      waiting.shift();
      next.work.done();
    }
  }

  /** Entries of this epoch from here to there never happened. */
  onDiscarded(epoch: number, fromSeq: number, toSeq: number): void {
    const words = 'another node leads now, and this was not done';
    this.#end(
      ({ ownSeq, seq, epoch: own }) =>
        (ownSeq === 0 || own === epoch) && seq >= fromSeq && seq <= toSeq,
      ({ work }) => this.#refuse(work, 'TRYAGAIN', words),
    );
  }

  /** Nobody here will learn what became of entries from this one on. */
  onDoubt(fromSeq: number): void {
    this.#end(
      ({ seq }) => seq >= fromSeq,
      (one) => {
        if (one.ownSeq > 0) this.#doubt(one, 'this node does not lead any more');
        else this.#refuse(one.work, 'TRYAGAIN', 'another node leads now');
      },
    );
  }

  onReadsRefused(upToToken: number): void {
    this.#end(
      ({ token }) => token > 0 && token <= upToToken,
      ({ work }) => this.#refuse(work, 'TRYAGAIN', 'another node leads now'),
    );
  }

  /** What was taken back was seen by some who read. */
  onTruncated(seq: number): void {
    this.#end(
      (one) => one.ownSeq === 0 && one.seq > seq,
      ({ work }) => this.#refuse(work, 'TRYAGAIN', 'what was read is not so any more'),
    );
  }

  /** Those who have waited too long. */
  onTime(nowMs: number): void {
    const waiting = this.#waiting;
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (next.untilMs > nowMs) return;
      waiting.shift();
      if (next.ownSeq > 0) this.#doubt(next, 'copies did not confirm it in time');
      else
        this.#refuse(
          next.work,
          'MASTERDOWN',
          'copies did not confirm in time that this node leads',
        );
    }
  }

  /** The node ends. */
  onClosing(): void {
    this.onDoubt(0);
  }

  #end(isMeant: (one: Waiting) => boolean, end: (one: Waiting) => void): void {
    const before = this.#waiting;
    const ended: Waiting[] = [];
    this.#waiting = new Fifo<Waiting>();
    for (let next = before.shift(); next !== undefined; next = before.shift()) {
      if (isMeant(next)) ended.push(next);
      else this.#waiting.push(next);
    }
    // Those who are told may come back with something else at once.
    for (const one of ended) end(one);
  }

  #refuse(work: Work, code: RefusalCode, words: string): void {
    work.refused(this.#ground.refusal(this.number, code, words));
  }

  #doubt({ work, epoch, ownSeq: seq }: Waiting, words: string): void {
    const doubt: Doubt = { partition: this.number, epoch, seq, words };
    work.uncertain(doubt);
  }
}
