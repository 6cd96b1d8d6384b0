/**
 * An established leader's writes: proposed in order, committed in order, each when everybody whose agreement it needs has it
 * on disk.
 *
 *   propose ─▶ own log, every follower ─▶ acknowledgements ─▶ the oldest is agreed: commit, inform, apply, answer syncs
 *
 * A reconfiguration is a proposal like any other, but for three things: from it on both views must agree, its commit puts
 * the view in force, and it may name another leader, who then decides what is still outstanding.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Sid } from '../../base/ids.ts';
import { COUNTER_MAX, counterOf, nextZxid, type Zxid } from '../../base/zxid.ts';
import type { LinkId, Propose, SyncRequested } from './events.ts';
import type { Learners } from './learners.ts';
import type { Proposal } from './messages.ts';
import { Proposals } from './proposals.ts';
import type { Self } from './self.ts';
import { isVoter, serverOf, type View, votersOf } from './view.ts';

interface PendingSync {
  readonly after: Zxid;
  readonly link: LinkId | null;
  readonly token: number;
}

export class Broadcast {
  readonly #self: Self;
  readonly #learners: Learners;
  readonly #proposals: Proposals;
  readonly #pendingSyncs = new Fifo<PendingSync>();
  #committedSeen: Zxid;
  #committedSeenMs: number;

  /** @param zxid the one before the first of the epoch */
  constructor(self: Self, learners: Learners, zxid: Zxid) {
    this.#self = self;
    this.#learners = learners;
    const windowMax = self.settings.proposalsMax;
    this.#proposals = new Proposals({ zxid, quorums: self.quorums, windowMax });
    this.#committedSeen = zxid;
    this.#committedSeenMs = self.nowMs;
  }

  get accepts(): boolean {
    return !this.#proposals.isFull;
  }

  get lastProposed(): Zxid {
    return this.#proposals.lastProposed;
  }

  propose({ zxid, payload, view }: Propose): void {
    const self = this.#self;
    const proposals = this.#proposals;
    assert(zxid === nextZxid(proposals.lastProposed), 'Z4: proposals have no holes');
    if (counterOf(zxid) === COUNTER_MAX) {
      self.leave('the counter of this epoch is used up');
      return;
    }
    if (view !== null) {
      assert(view.version === zxid, 'R1: a view is versioned by its transaction');
      assert(self.nextView.version === self.view.version, 'R1: one reconfiguration at a time');
      self.see(view);
      // Z2: from this very proposal on, both views must agree.
      proposals.require(self.quorums);
    }
    const proposal: Proposal = { kind: 'proposal', zxid, payload, view };
    proposals.add(zxid);
    self.history.append(proposal);
    self.emit({ kind: 'append', zxid, payload, view });
    this.#learners.tell(this.#learners.followers, proposal);
    for (const learner of this.#learners)
      if (learner.stage === 'synced' && learner.role === 'follower')
        learner.onProposed(zxid, self.nowMs);
  }

  /** The leader's own disk is one voice among the others, and may be the last. */
  onDurable(zxid: Zxid): void {
    assert(
      this.#proposals.acknowledge(this.#self.sid, zxid),
      'Z3: nothing is durable that was not proposed',
    );
    this.#commitAgreed();
  }

  /** @returns whether that can be: nobody acknowledges what was not proposed */
  acknowledge(sid: Sid, zxid: Zxid): boolean {
    if (!this.#proposals.acknowledge(sid, zxid)) return false;
    this.#commitAgreed();
    return true;
  }

  /**
   * Followers that owe acknowledgements are dropped, so this is seen only where the next view needs servers that still
   * observe and are not asked. The next leader has them synchronise, which decides that view.
   */
  isStuckFor(limitMs: number): boolean {
    const { nowMs } = this.#self;
    const { count, lastCommitted } = this.#proposals;
    if (count === 0 || lastCommitted !== this.#committedSeen) {
      this.#committedSeen = lastCommitted;
      this.#committedSeenMs = nowMs;
    }
    return nowMs - this.#committedSeenMs > limitMs;
  }

  #commitAgreed(): void {
    while (!this.#self.isLeaving && this.#proposals.isHeadAgreed) this.#commitHead();
  }

  #commitHead(): void {
    const self = this.#self;
    const { followers, observers } = this.#learners;
    const zxid = this.#proposals.commitHead();
    const { payload, view } = self.history.commit(zxid);
    if (view === null) {
      this.#learners.tell(followers, { kind: 'commit', zxid });
      if (observers.length > 0) this.#learners.tell(observers, { kind: 'inform', zxid, payload });
      self.emit({ kind: 'commit', zxid });
    } else {
      const leader = successorIn(self, view, (sid) => this.#proposals.acknowledgedBy(sid) ?? 0);
      this.#learners.tell(followers, { kind: 'commitAndActivate', zxid, leader });
      this.#learners.tell(observers, { kind: 'informAndActivate', zxid, leader, payload, view });
      self.emit({ kind: 'commit', zxid });
      self.activate(view, { leader, zxid });
      this.#proposals.requireOnly(self.quorums);
      // What is still outstanding is for the next leader to decide.
      if (self.hasSuccessor) self.leave('the configuration names another leader');
    }
    while ((this.#pendingSyncs.peek()?.after ?? Infinity) <= zxid)
      this.#answerSync(this.#pendingSyncs.shift()!);
  }

  onSyncRequested({ link, token }: SyncRequested): void {
    const pending: PendingSync = { after: this.#proposals.lastProposed, link, token };
    if (this.#proposals.count === 0) this.#answerSync(pending);
    else this.#pendingSyncs.push(pending);
  }

  #answerSync({ link, token }: PendingSync): void {
    if (link === null) this.#self.emit({ kind: 'synced', token });
    else if (this.#learners.get(link) !== null) this.#self.send(link, { kind: 'sync' });
  }
}

/**
 * Who leads once this view is in force: this server if it still votes at the same address, otherwise the voter that
 * acknowledged most, as it has everything this leader could have committed. The only voter leads wherever it is.
 */
export function successorIn(self: Self, view: View, acknowledged: (sid: Sid) => number): Sid {
  const { sid, quorumAddress } = self;
  if (isVoter(view, sid) && serverOf(view, sid)?.quorumAddress === quorumAddress) return sid;
  const candidates = votersOf(view).filter((voter) => voter !== sid);
  assert(candidates.length > 0 || isVoter(view, sid), 'R2: a view has a voter to lead it');
  return candidates.reduce(
    (best, voter) => (acknowledged(voter) > acknowledged(best) ? voter : best),
    candidates[0] ?? sid,
  );
}
