/**
 * A replica that does not lead: follower, learner, or nobody yet.
 *
 *   apart ──lead──▶ promised ──follow──▶ following ◀─ entries, commit ─
 *     ▲                │
 *     │                └──replace──▶ copying ──installed, knock──▶ apart
 *     └── link down, another leader, a new attempt
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../ring/topology.ts';
import type {
  Commit,
  Copying,
  Entries,
  Follow,
  FromLeader,
  Lead,
  LogFacts,
  Replace,
} from './messages.ts';
import type { Self } from './self.ts';

type Phase = 'apart' | 'promised' | 'following' | 'copying';

export class Following {
  readonly #self: Self;
  /** Of the promised epoch, as far as known. */
  leader: NodeId | null = null;
  #phase: Phase = 'apart';
  #ackedSeq = 0;
  /** What the leader says is committed; it may be ahead of what is here. */
  #knownCommitSeq = 0;
  #isVouched = false;

  constructor(self: Self) {
    this.#self = self;
    this.#knownCommitSeq = self.log.committedSeq;
  }

  /** So old what is committed here may be, at the most. */
  get staleMs(): number {
    const { log, leases, nowMs } = this.#self;
    const isUpToDate = this.#isVouched && log.committedSeq >= this.#knownCommitSeq;
    return isUpToDate && this.leader !== null ? nowMs - leases.freshMs(this.leader) : Infinity;
  }

  get isLeaderHeard(): boolean {
    return this.#phase !== 'apart';
  }

  /** Whether a copy from its leader is expected. */
  get isCopying(): boolean {
    return this.#phase === 'copying';
  }

  // --- whom to follow ---

  /** The record or a message names a leader of a newer epoch, or the one of this epoch, or that there is none yet. */
  onLeader(epoch: number, leader: NodeId | null): void {
    const self = this.#self;
    if (epoch === self.promisedEpoch && (leader === null || leader === this.leader)) return;
    assert(epoch > self.promisedEpoch || this.leader === null, 'R1: an epoch has one leader');
    this.leave(epoch);
    self.promise(epoch);
    this.leader = leader;
  }

  /** What was granted to the leader so far stays granted; what follows is not for it. */
  leave(epoch: number): void {
    const { leader } = this;
    const self = this.#self;
    this.#enter('apart');
    if (leader === null) return;
    self.lent.onLeft(leader, self.leases.lentUntilMs(leader));
    self.send(leader, { kind: 'fenced', partition: self.partition, epoch });
    this.leader = null;
  }

  /** Asks the leader to be asked: it may have done so before we knew that it is the leader. */
  knock(): void {
    const self = this.#self;
    const { partition, promisedEpoch: epoch } = self;
    if (this.leader !== null) self.send(this.leader, { kind: 'knock', partition, epoch });
  }

  /** The record says that this is a copy, and who leads. */
  join(version: number): void {
    if (this.#phase === 'apart') {
      this.knock();
      return;
    }
    const self = this.#self;
    const { partition, promisedEpoch: epoch } = self;
    if (this.leader !== null) self.send(this.leader, { kind: 'aware', partition, epoch, version });
  }

  /** What was said on an older link is not heard of any more; the leader begins anew. */
  onLinkChanged(node: NodeId): void {
    if (node === this.leader) this.#enter('apart');
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#isVouched = false;
  }

  // --- what the leader says ---

  onMessage(message: FromLeader): void {
    switch (message.kind) {
      case 'lead':
        this.#onLead(message);
        return;
      case 'follow':
        if (this.#phase === 'promised') this.#onFollow(message);
        return;
      case 'replace':
        if (this.#phase !== 'apart') this.#onReplace(message);
        return;
      case 'entries':
        if (this.#phase === 'following') this.#onEntries(message);
        return;
      case 'commit':
        if (this.#phase === 'following') this.#onCommit(message);
        return;
      case 'vouch':
        this.#isVouched = this.#phase === 'following' && message.isOn;
    }
  }

  #onLead({ epoch, attempt }: Lead): void {
    const { partition, log, promisedEpoch, record } = this.#self;
    assert(epoch === promisedEpoch, 'R1: only the leader of the promised epoch is heard');
    this.#enter('promised');
    const version = record?.version ?? -1;
    const promise = {
      kind: 'promise',
      partition,
      epoch,
      attempt,
      version,
      log: log.facts,
    } as const;
    this.#self.send(this.leader!, promise);
  }

  #onFollow({ keepSeq }: Follow): void {
    const self = this.#self;
    self.truncate(keepSeq);
    this.#enter('following');
    this.#ackedSeq = 0;
    this.#knownCommitSeq = self.log.committedSeq;
  }

  #onEntries({ entries, committedSeq }: Entries): void {
    const self = this.#self;
    for (const { epoch, seq } of entries) {
      assert(epoch <= self.promisedEpoch, 'R1: no entry is newer than its leader');
      self.log.append(epoch, seq);
    }
    self.emit({ kind: 'append', partition: self.partition, entries });
    this.#commitUpTo(committedSeq);
  }

  #onCommit({ seq }: Commit): void {
    this.#commitUpTo(seq);
  }

  #commitUpTo(seq: number): void {
    this.#knownCommitSeq = Math.max(this.#knownCommitSeq, seq);
    this.#self.commit(Math.min(this.#knownCommitSeq, this.#self.log.lastSeq));
  }

  #onReplace({ epoch, isContinued }: Replace): void {
    const self = this.#self;
    const { log, partition } = self;
    const copying = isContinued ? log.copying : null;
    self.giveUpFates();
    log.forget();
    log.copying = copying;
    this.#enter('copying');
    self.emit({ kind: 'expectCopy', partition, from: this.leader!, epoch, copying });
  }

  // --- what the shell reports ---

  onInstalled(log: LogFacts): void {
    assert(!this.#self.log.isWhole, 'R10: a copy takes the place of no log');
    this.#self.log.take(log);
    this.#enter('apart');
    this.knock();
  }

  onCopyProgressed(copying: Copying): void {
    if (!this.#self.log.isWhole) this.#self.log.copying = copying;
  }

  onDamaged(): void {
    this.#self.giveUpFates();
    this.#self.log.forget();
    this.#enter('apart');
    this.knock();
  }

  turnEnd(): void {
    if (this.#phase !== 'following') return;
    const { partition, promisedEpoch: epoch, log } = this.#self;
    if (log.durableSeq <= this.#ackedSeq) return;
    this.#ackedSeq = log.durableSeq;
    this.#self.send(this.leader!, { kind: 'ack', partition, epoch, seq: log.durableSeq });
  }
}
