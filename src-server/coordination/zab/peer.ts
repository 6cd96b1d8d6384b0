/**
 * One peer of the ensemble. The face of this room: an event comes in, effects come out.
 *
 *            ┌────────────────────────────────────────────────┐
 *            ▼                                                │ the role ends:
 *   settling (memory = disk) ─▶ looking ─▶ leading            │ a quorum or the leader is lost,
 *            │                         ├─▶ following ─────────┘ the configuration changes it
 *            └── a leader was named ──▶└─▶ observing
 *
 * No bytes, no clock, no chance, no waiting: time is in ticks, what the disk did is in events.
 */
import { assert } from '../../base/assert.ts';
import type { Sid } from '../../base/ids.ts';
import { nextZxid, type Zxid } from '../../base/zxid.ts';
import type { Effects } from './effects.ts';
import { Election } from './election.ts';
import type { Event, LinkId } from './events.ts';
import { Follower } from './follower.ts';
import { Leader } from './leader.ts';
import type { LearnerFacts } from './learner.ts';
import { Learning } from './learning.ts';
import type { Message, PeerState } from './messages.ts';
import { Observer } from './observer.ts';
import type { Role, RoleEvent } from './role.ts';
import { type PeerOptions, Self } from './self.ts';
import type { View } from './view.ts';

export type { LearnerFacts } from './learner.ts';
export type { PeerOptions, PeerSettings } from './self.ts';

/** Connections kept while nobody leads; who connects then has finished its election a moment before us. */
const EARLY_LINKS_MAX = 1000;

export class Peer {
  readonly #self: Self;
  readonly #election: Election;
  #role: Role | null = null;
  #isStarted = false;
  #isSettling = false;
  #jitter = 0;
  /** Links accepted while looking, with the one message a learner sends by itself. */
  readonly #early = new Map<LinkId, Message | null>();

  constructor(options: PeerOptions) {
    this.#self = new Self(options);
    this.#election = new Election(this.#self);
  }

  // --- what the member may ask ---

  get sid(): Sid {
    return this.#self.sid;
  }

  get state(): PeerState {
    return this.#self.state;
  }

  get leader(): Sid | null {
    return this.#role === null ? null : this.#self.vote.leader;
  }

  get acceptedEpoch(): number {
    return this.#self.acceptedEpoch;
  }

  get currentEpoch(): number {
    return this.#self.currentEpoch;
  }

  get view(): View {
    return this.#self.view;
  }

  /** The newest view seen; differs from `view` while a reconfiguration is under way. */
  get nextView(): View {
    return this.#self.nextView;
  }

  get lastZxid(): Zxid {
    return this.#self.history.last;
  }

  get committedZxid(): Zxid {
    return this.#self.history.committed;
  }

  /** Whether a write may be proposed now: this peer leads, and its window has room. */
  get accepts(): boolean {
    return this.#role instanceof Leader && this.#role.accepts;
  }

  /** What the next proposal must be called; null unless this peer leads an established epoch. */
  get nextZxid(): Zxid | null {
    const last = this.#role instanceof Leader ? this.#role.lastProposed : null;
    return last === null ? null : nextZxid(last);
  }

  /** Whether a quorum of a view that is to be proposed is synchronised already. */
  isSynchronised(view: View): boolean {
    return this.#role instanceof Leader && this.#role.isSynchronised(view);
  }

  /** Who is led from here. */
  get learners(): readonly LearnerFacts[] {
    return this.#role instanceof Leader ? this.#role.learners : [];
  }

  /** Where a learner sends its requests; null while it is not synchronised. */
  get leaderLink(): LinkId | null {
    return this.#role instanceof Learning ? this.#role.leaderLink : null;
  }

  /** A tick must come by then. */
  get wakeAtMs(): number {
    return this.#role?.wakeAtMs ?? this.#election.wakeAtMs;
  }

  // --- the step ---

  step(event: Event, effects: Effects): void {
    this.#self.writeTo(effects);
    this.#on(event);
    this.#follow();
    this.#self.writeTo(null);
  }

  #on(event: Event): void {
    const self = this.#self;
    switch (event.kind) {
      case 'tick':
        assert(event.nowMs >= self.nowMs, 'time does not go back');
        self.nowMs = event.nowMs;
        if (!this.#isStarted) this.#start();
        else if (this.#role !== null) this.#role.onTick();
        else this.#election.onTick();
        return;
      case 'notification':
        this.#election.onNotification(event.from, event.notification);
        if (this.#role instanceof Leader && event.notification.state === 'looking')
          this.#role.onLooking(event.from);
        return;
      case 'unreachable':
        if (self.state === 'looking') this.#election.onUnreachable(event.sid);
        return;
      case 'linkAccepted':
        this.#onAccepted(event.link);
        return;
      case 'linkDown':
        if (!this.#early.delete(event.link)) this.#role?.onLinkDown(event.link);
        return;
      case 'message':
        this.#onMessage(event.link, event.message);
        return;
      case 'settled':
        this.#onSettled(event.zxid, event.jitter);
        return;
      case 'room':
        self.hasRoom = event.hasRoom;
        return;
      case 'stepDown':
        if (this.#role !== null) self.leave(event.reason);
        return;
      default:
        this.#onReport(event);
    }
  }

  /** Roles begin and end here, after the event and never in the middle of one. */
  #follow(): void {
    if (this.#role !== null && this.#self.leaving !== null) this.#end(this.#self.leaving);
    else if (this.#role === null && this.#election.isDecided) this.#begin('elected');
  }

  #start(): void {
    this.#isStarted = true;
    this.#settle('started');
  }

  #settle(reason: string): void {
    const self = this.#self;
    self.state = 'looking';
    this.#isSettling = true;
    this.#election.rest();
    self.enter('election', null, self.currentEpoch, reason);
    self.emit({ kind: 'settle', reload: self.isMemoryAhead });
  }

  #onSettled(zxid: Zxid, jitter: number): void {
    assert(this.#isSettling, 'Z8: what is settled was asked for');
    const self = this.#self;
    this.#isSettling = false;
    this.#jitter = jitter;
    self.isMemoryAhead = false;
    self.history.settle(zxid);
    if (self.hasSuccessor) this.#begin('named');
    else this.#election.wait(this.#electionDelayMs);
    this.#election.onTick();
  }

  get #electionDelayMs(): number {
    const { isObserver, hasRoom, settings } = this.#self;
    if (isObserver) return Math.floor(this.#jitter * settings.observerElectionDelayMs);
    // E11: the others propose themselves meanwhile.
    return hasRoom ? 0 : settings.tickMs;
  }

  #begin(how: 'elected' | 'named'): void {
    const self = this.#self;
    const leads = self.vote.leader === self.sid;
    self.state = leads ? 'leading' : self.isObserver ? 'observing' : 'following';
    self.leaving = null;
    const supporters = how === 'elected' ? this.#election.supporters : new Set<Sid>();
    this.#election.rest();
    if (leads) this.#lead(new Leader(self, supporters));
    else {
      this.#refuseEarly();
      this.#role = self.isObserver ? new Observer(self, this.#jitter) : new Follower(self);
      this.#role.begin();
    }
    self.hasSuccessor = false;
    this.#follow();
  }

  #lead(leader: Leader): void {
    this.#role = leader;
    leader.begin();
    for (const [link, message] of this.#early) {
      leader.onAccepted(link);
      if (message !== null) leader.onMessage(link, message);
    }
    this.#early.clear();
  }

  #end(reason: string): void {
    const self = this.#self;
    this.#role?.end(reason);
    this.#role = null;
    self.leaving = null;
    this.#settle(reason);
  }

  // --- links ---

  #onAccepted(link: LinkId): void {
    if (this.#role instanceof Leader) this.#role.onAccepted(link);
    else if (this.#role === null && this.#early.size < EARLY_LINKS_MAX) this.#early.set(link, null);
    else this.#self.emit({ kind: 'close', link, reason: 'this server does not lead' });
  }

  #onMessage(link: LinkId, message: Message): void {
    const early = this.#early.get(link);
    if (early === undefined) {
      this.#role?.onMessage(link, message);
    } else if (early === null) {
      this.#early.set(link, message);
    } else {
      this.#early.delete(link);
      this.#self.emit({ kind: 'close', link, reason: 'a learner waits for LEADERINFO' });
    }
  }

  #refuseEarly(): void {
    for (const link of this.#early.keys())
      this.#self.emit({ kind: 'close', link, reason: 'this server does not lead' });
    this.#early.clear();
  }

  // --- reports of work that was asked for ---

  #onReport(event: RoleEvent): void {
    if (this.#role !== null) {
      this.#role.on(event);
      return;
    }
    switch (event.kind) {
      // The role that asked is gone, but what is on the disk is on the disk.
      case 'acceptedEpochStored':
        if (event.epoch > this.#self.acceptedEpoch) this.#self.onAcceptedEpochStored(event.epoch);
        return;
      case 'currentEpochStored':
        if (event.epoch > this.#self.currentEpoch) this.#self.onCurrentEpochStored(event.epoch);
        return;
      case 'connected':
        this.#self.emit({ kind: 'close', link: event.link, reason: 'no longer wanted' });
        return;
      case 'propose':
        assert(false, 'only an established leader proposes');
        return;
      case 'connectFailed':
      case 'durable':
      case 'truncated':
      case 'snapshotReceived':
      case 'snapshotSaved':
      case 'snapshotSent':
      case 'logRead':
      case 'syncRequested':
    }
  }
}
