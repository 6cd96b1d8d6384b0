/**
 * The leader: agrees on an epoch, brings learners to its history, then orders writes.
 *
 *   discovery ───────────────▶ synchronization ─────────────▶ broadcast
 *     a quorum reports           a quorum acknowledged          propose ─▶ a quorum has it on disk ─▶ commit
 *     its epochs; ours is        NEWLEADER: the initial         every half tick: ping
 *     stored, then promised      history is decided             every tick: is a quorum still with us?
 *
 * Any stage that takes longer than the initLimit, and a quorum lost, end it.
 */
import { assert } from '../../base/assert.ts';
import { type Sid, sid as sidOf } from '../../base/ids.ts';
import { makeZxid, type Zxid } from '../../base/zxid.ts';
import { Broadcast, successorIn } from './broadcast.ts';
import { CatchUp } from './catch-up.ts';
import { EpochAgreement } from './epoch-agreement.ts';
import type { LinkId, LogRead } from './events.ts';
import { Learner, type LearnerFacts } from './learner.ts';
import { Learners } from './learners.ts';
import type { Ack, AckEpoch, LearnerInfo, Message } from './messages.ts';
import { areMet, quorumOf } from './quorum.ts';
import type { Role, RoleEvent } from './role.ts';
import type { Self } from './self.ts';
import type { View } from './view.ts';

/** Since 3.4. Older learners do not know discovery. */
const PROTOCOL_VERSION = 0x10000;
/** Where no member has room, leaders change as often as this, and clients have peace in between. */
const MAKE_WAY_PAUSE_MS = 300_000;

const NO_ROOM = 'this leader has no room on its disk and makes way';

type Stage =
  'reports' | 'storingAccepted' | 'promises' | 'storingCurrent' | 'synchronization' | 'broadcast';

export class Leader implements Role {
  readonly #self: Self;
  /** Who elected this leader. */
  readonly #supporters: ReadonlySet<Sid>;
  readonly #agreement: EpochAgreement;
  readonly #learners: Learners;
  /** Learners whose catch-up by log failed: they come again and get a snapshot. */
  readonly #needSnapshot = new Set<Sid>();
  readonly #synchronised = new Set<Sid>();
  #stage: Stage = 'reports';
  #startedMs = 0;
  #deadlineMs = 0;
  #anonymous = 0;
  #broadcast: Broadcast | null = null;
  #isFullTick = false;

  constructor(self: Self, supporters: ReadonlySet<Sid>) {
    this.#self = self;
    this.#supporters = supporters;
    this.#learners = new Learners(self);
    this.#agreement = new EpochAgreement({
      leader: self.sid,
      view: self.view,
      currentEpoch: self.currentEpoch,
      lastZxid: self.history.last,
    });
  }

  begin(): void {
    const { sid, nowMs, acceptedEpoch } = this.#self;
    this.#startedMs = nowMs;
    this.#rearm();
    this.#self.enter(
      'discovery',
      sid,
      acceptedEpoch,
      this.#self.hasSuccessor ? 'named' : 'elected',
    );
    if (this.#agreement.report(sid, acceptedEpoch)) this.#storeAccepted();
  }

  end(reason: string): void {
    this.#learners.closeAll(reason);
  }

  // --- what services ask ---

  get accepts(): boolean {
    return this.#broadcast?.accepts ?? false;
  }

  get lastProposed(): Zxid | null {
    return this.#broadcast?.lastProposed ?? null;
  }

  /** Whether a quorum of this view is with the leader already, before it is proposed. */
  isSynchronised(view: View): boolean {
    return areMet(
      [quorumOf(view)],
      this.#learners.with(({ stage, role }) => stage === 'synced' && role === 'follower'),
    );
  }

  /** Those who have said who they are. */
  get learners(): readonly LearnerFacts[] {
    return [...this.#learners]
      .filter(({ stage }) => stage !== 'new')
      .map(({ link, sid, role, stage }) => ({ link, sid, role, isSynced: stage === 'synced' }));
  }

  // --- time ---

  get wakeAtMs(): number {
    let wakeAtMs = this.#deadlineMs;
    // Half ticks are close enough for the deadlines of learners, and keep this off the path of writes.
    if (this.#stage === 'broadcast') return wakeAtMs;
    for (const { deadlineMs } of this.#learners) wakeAtMs = Math.min(wakeAtMs, deadlineMs);
    return wakeAtMs;
  }

  onTick(): void {
    const { nowMs } = this.#self;
    for (const learner of this.#learners)
      if (nowMs >= learner.deadlineMs) this.#learners.drop(learner, 'nothing heard in time');
    if (nowMs < this.#deadlineMs) return;
    if (this.#broadcast !== null) this.#onHalfTick(this.#broadcast);
    else this.#self.leave(`no quorum in time: ${this.#stage}`);
  }

  #onHalfTick(broadcast: Broadcast): void {
    const { nowMs, settings } = this.#self;
    this.#deadlineMs = nowMs + settings.tickMs / 2;
    if (this.#isFullTick && !this.#hasQuorum()) {
      this.#self.leave('not enough synchronised followers');
      return;
    }
    if (broadcast.isStuckFor(this.#initLimitMs + this.#syncLimitMs)) {
      this.#self.leave('proposals are not decided');
      return;
    }
    if (this.#shouldMakeWay) {
      this.#self.madeWayMs = nowMs;
      this.#self.leave(NO_ROOM);
      return;
    }
    this.#isFullTick = !this.#isFullTick;
    const zxid = broadcast.lastProposed;
    const links: LinkId[] = [];
    for (const learner of this.#learners) {
      if (!learner.isForwarded) continue;
      const owesSinceMs = learner.owesSinceMs();
      if (owesSinceMs !== null && nowMs - owesSinceMs >= this.#syncLimitMs)
        this.#learners.drop(learner, 'a proposal was not acknowledged in time');
      else links.push(learner.link);
    }
    this.#learners.tell(links, { kind: 'ping', zxid });
  }

  /** E11: writes are refused where this peer leads. Where nobody has room, it must not be tried all the time. */
  get #shouldMakeWay(): boolean {
    const { hasRoom, nowMs, madeWayMs } = this.#self;
    if (hasRoom || nowMs - madeWayMs < MAKE_WAY_PAUSE_MS) return false;
    return [...this.#learners].some(({ stage, role }) => stage === 'synced' && role === 'follower');
  }

  #hasQuorum(): boolean {
    const { quorums, nowMs } = this.#self;
    return areMet(
      quorums,
      this.#learners.with((learner) => nowMs <= learner.countsUntilMs),
    );
  }

  get #initLimitMs(): number {
    return this.#self.settings.initLimitTicks * this.#self.settings.tickMs;
  }

  get #syncLimitMs(): number {
    return this.#self.settings.syncLimitTicks * this.#self.settings.tickMs;
  }

  #rearm(): void {
    this.#deadlineMs = this.#self.nowMs + this.#initLimitMs;
  }

  /** E10: one of those who elected us looks for a leader again, while we wait for their epochs. */
  onLooking(sid: Sid): void {
    const { settings, nowMs } = this.#self;
    if (this.#stage !== 'reports' || settings.epochWaitMaxMs < 0) return;
    if (this.#supporters.has(sid) && nowMs - this.#startedMs > settings.epochWaitMaxMs)
      this.#self.leave('a voter that elected this leader looks again');
  }

  // --- links ---

  onAccepted(link: LinkId): void {
    const { nowMs } = this.#self;
    const learner = new Learner(link, {
      deadlineMs: nowMs + this.#initLimitMs,
      countsUntilMs: nowMs + this.#initLimitMs + this.#syncLimitMs,
    });
    this.#learners.add(learner);
  }

  onLinkDown(link: LinkId): void {
    this.#learners.remove(link);
  }

  onMessage(link: LinkId, message: Message): void {
    const learner = this.#learners.get(link);
    if (learner === null) return;
    switch (message.kind) {
      case 'ack':
        this.#onAck(learner, message);
        return;
      case 'pong':
      case 'request':
      case 'revalidate':
        if (learner.stage === 'synced') {
          this.#onHeard(learner);
          this.#self.emit({ kind: 'deliver', link, from: learner.sid, message });
          return;
        }
        break;
      case 'learnerInfo':
        if (learner.stage === 'new') {
          this.#onLearnerInfo(learner, message);
          return;
        }
        break;
      case 'ackEpoch':
        if (learner.stage === 'asked') {
          this.#onAckEpoch(learner, message);
          return;
        }
        break;
      default:
    }
    this.#learners.drop(learner, `${message.kind} does not belong here`);
  }

  #onHeard(learner: Learner): void {
    learner.deadlineMs = this.#self.nowMs + this.#syncLimitMs;
    learner.countsUntilMs = learner.deadlineMs;
  }

  on(event: RoleEvent): void {
    switch (event.kind) {
      case 'durable':
        this.#broadcast?.onDurable(event.zxid);
        return;
      case 'acceptedEpochStored':
        this.#onAcceptedStored();
        return;
      case 'currentEpochStored':
        this.#onCurrentStored();
        return;
      case 'snapshotSent':
        this.#onSnapshotSent(event.link);
        return;
      case 'logRead':
        this.#onLogRead(event);
        return;
      case 'propose':
        assert(this.#broadcast !== null, 'only an established leader proposes');
        this.#broadcast.propose(event);
        return;
      case 'syncRequested':
        this.#broadcast?.onSyncRequested(event);
        return;
      case 'connected':
        this.#self.emit({ kind: 'close', link: event.link, reason: 'no longer wanted' });
        return;
      case 'connectFailed':
      case 'truncated':
      case 'snapshotReceived':
      case 'snapshotSaved':
    }
  }

  // --- discovery ---

  #onLearnerInfo(learner: Learner, info: LearnerInfo): void {
    const { sid, view } = this.#self;
    if (info.protocolVersion < PROTOCOL_VERSION) {
      this.#learners.drop(learner, 'speaks a protocol from before 3.4');
      return;
    }
    if (info.configVersion > view.version) {
      this.#learners.drop(learner, 'has activated a newer configuration');
      return;
    }
    if (info.sid === sid) {
      this.#learners.drop(learner, 'claims to be this server');
      return;
    }
    for (const other of this.#learners)
      if (other !== learner && other.stage !== 'new' && other.sid === info.sid)
        this.#learners.drop(other, 'the server has connected again');
    learner.sid = info.sid ?? sidOf(--this.#anonymous);
    learner.role = info.role;
    learner.stage = 'reported';
    learner.deadlineMs = Infinity;
    if (this.#stage === 'reports') {
      if (this.#agreement.report(learner.sid, info.acceptedEpoch)) this.#storeAccepted();
    } else if (this.#stage !== 'storingAccepted') {
      this.#ask(learner);
    }
  }

  get #epoch(): number {
    const { epoch } = this.#agreement;
    assert(epoch !== null, 'Z1: the epoch is chosen before it is used');
    return epoch;
  }

  #storeAccepted(): void {
    this.#stage = 'storingAccepted';
    this.#self.emit({ kind: 'storeAcceptedEpoch', epoch: this.#epoch });
  }

  #onAcceptedStored(): void {
    const { sid, currentEpoch, history } = this.#self;
    assert(this.#stage === 'storingAccepted', 'Z1: an epoch is stored when it was chosen');
    this.#self.onAcceptedEpochStored(this.#epoch);
    this.#stage = 'promises';
    this.#rearm();
    for (const learner of this.#learners) if (learner.stage === 'reported') this.#ask(learner);
    if (this.#agreement.promise(sid, currentEpoch, history.last) === 'agreed') this.#storeCurrent();
  }

  #ask(learner: Learner): void {
    assert(this.#self.acceptedEpoch === this.#epoch, 'Z1: LEADERINFO after the epoch is on disk');
    learner.stage = 'asked';
    learner.deadlineMs = this.#self.nowMs + this.#initLimitMs;
    this.#self.send(learner.link, { kind: 'leaderInfo', epoch: this.#epoch });
  }

  #onAckEpoch(learner: Learner, { currentEpoch, lastZxid }: AckEpoch): void {
    const promise = this.#agreement.promise(learner.sid, currentEpoch, lastZxid);
    if (promise === 'ahead') {
      this.#learners.drop(learner, 'knows more than this leader');
      return;
    }
    learner.stage = 'promised';
    learner.lastZxid = lastZxid;
    learner.deadlineMs = Infinity;
    if (this.#stage === 'synchronization' || this.#stage === 'broadcast') this.#catchUp(learner);
    else if (promise === 'agreed') this.#storeCurrent();
  }

  #storeCurrent(): void {
    this.#stage = 'storingCurrent';
    this.#self.emit({ kind: 'storeCurrentEpoch', epoch: this.#epoch });
  }

  #onCurrentStored(): void {
    const { sid, view, nextView } = this.#self;
    assert(this.#stage === 'storingCurrent', 'Z1: an epoch is current when it was agreed on');
    this.#self.onCurrentEpochStored(this.#epoch);
    this.#stage = 'synchronization';
    this.#rearm();
    this.#self.enter('synchronization', sid, this.#epoch, 'the epoch is agreed on');
    // A view that was written by hand gets the first version that anything can be compared with.
    if (view.version === 0 && nextView.version === 0)
      this.#self.see({ ...view, version: makeZxid(this.#epoch, 0) });
    this.#synchronised.add(sid);
    for (const learner of this.#learners) if (learner.stage === 'promised') this.#catchUp(learner);
    this.#establish();
  }

  // --- synchronisation ---

  #catchUp(learner: Learner): void {
    const catchUp = new CatchUp(this.#self, learner, this.#needSnapshot.has(learner.sid));
    learner.stage = 'catchingUp';
    learner.catchUp = catchUp;
    catchUp.begin();
    if (this.#isCrowded(learner, catchUp)) return;
    this.#onCaughtUp(learner, catchUp);
  }

  /** Voters are never held back, as the ensemble waits for them. */
  #isCrowded(learner: Learner, { isBySnapshot }: CatchUp): boolean {
    const { settings } = this.#self;
    const max = isBySnapshot ? settings.snapshotSyncsMax : settings.diffSyncsMax;
    let count = 0;
    for (const { catchUp, stage } of this.#learners)
      if (stage !== 'synced' && catchUp !== null && catchUp.isBySnapshot === isBySnapshot) count++;
    if (learner.role === 'follower' || count <= max) return false;
    this.#learners.drop(learner, 'too many learners are being synchronised');
    return true;
  }

  #onLogRead(event: LogRead): void {
    const learner = this.#learners.get(event.link);
    if (learner?.stage !== 'catchingUp' || learner.catchUp === null) return;
    learner.catchUp.onLogRead(event);
    this.#onCaughtUp(learner, learner.catchUp);
  }

  #onCaughtUp(learner: Learner, catchUp: CatchUp): void {
    if (catchUp.state === 'failed') {
      this.#needSnapshot.add(learner.sid);
      this.#learners.drop(learner, 'the log could not be read to its end');
      return;
    }
    if (catchUp.state === 'reading') return;
    const { history, nowMs } = this.#self;
    // An observer is not asked about what is not decided.
    if (learner.role === 'follower')
      for (let i = history.decided; i < history.length; i++)
        this.#self.send(learner.link, history.at(i));
    this.#needSnapshot.delete(learner.sid);
    learner.stage = 'following';
    // An image takes the time it takes; the learner's time begins when it has left.
    learner.deadlineMs = catchUp.isBySnapshot ? Infinity : nowMs + this.#initLimitMs;
    // The learner puts this view in force with UPTODATE. A leader that becomes established decides the next one by that;
    // later, a next one is an outstanding proposal and has just been sent as such.
    const view = this.#stage === 'broadcast' ? this.#self.view : this.#self.nextView;
    this.#self.send(learner.link, { kind: 'newLeader', epoch: this.#epoch, view });
    this.#learners.reroute();
  }

  #onSnapshotSent(link: LinkId): void {
    const learner = this.#learners.get(link);
    if (learner?.stage === 'following') learner.deadlineMs = this.#self.nowMs + this.#initLimitMs;
  }

  #onAck(learner: Learner, { zxid }: Ack): void {
    if (learner.stage === 'following') {
      if (zxid !== makeZxid(this.#epoch, 0)) {
        this.#learners.drop(learner, 'acknowledges another epoch');
        return;
      }
      learner.stage = 'synced';
      learner.catchUp = null;
      if (this.#stage === 'broadcast') {
        this.#onHeard(learner);
        this.#self.send(learner.link, { kind: 'upToDate' });
      } else {
        // It has nothing to say until UPTODATE, which waits for a quorum.
        learner.deadlineMs = Infinity;
        // Whether it votes, the views say: an observer may be a voter of the next one without knowing it yet.
        this.#synchronised.add(learner.sid);
        this.#establish();
      }
      return;
    }
    if (learner.stage !== 'synced' || this.#broadcast === null) {
      this.#learners.drop(learner, 'acknowledges before it is asked');
      return;
    }
    this.#onHeard(learner);
    if (learner.role === 'observer') return;
    learner.onAcknowledged(zxid);
    if (!this.#broadcast.acknowledge(learner.sid, zxid))
      this.#learners.drop(learner, 'acknowledges what was not proposed');
  }

  /** Z6: the initial history is decided once a quorum has taken it over. */
  #establish(): void {
    const self = this.#self;
    if (this.#stage !== 'synchronization') return;
    if (!areMet(self.quorums, (sid) => this.#synchronised.has(sid))) return;
    this.#stage = 'broadcast';
    self.voteForEpoch(this.#epoch);
    const zxid = makeZxid(this.#epoch, self.settings.initialCounter);
    const successor = successorIn(self, self.nextView, (sid) =>
      this.#synchronised.has(sid) ? 1 : 0,
    );
    self.activate(self.nextView, { leader: successor, zxid });
    this.#broadcast = new Broadcast(self, this.#learners, zxid);
    const links: LinkId[] = [];
    for (const learner of this.#learners) {
      if (learner.stage !== 'synced') continue;
      this.#onHeard(learner);
      links.push(learner.link);
    }
    this.#learners.tell(links, { kind: 'upToDate' });
    this.#deadlineMs = self.nowMs + self.settings.tickMs / 2;
    self.enter('broadcast', self.sid, this.#epoch, 'a quorum is synchronised');
    if (self.hasSuccessor) self.leave('the configuration names another leader');
  }
}
