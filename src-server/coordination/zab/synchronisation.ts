/**
 * How a learner takes over its leader's history.
 *
 *   learnerInfo ─▶ LEADERINFO ─▶ [acceptedEpoch on disk] ─▶ ACKEPOCH ─▶ DIFF, TRUNC [cut] or SNAP [loaded]
 *       ─▶ transactions … NEWLEADER ─▶ [log on disk] ─▶ [currentEpoch on disk] ─▶ ACK ─▶ UPTODATE ─▶ ACK, serving
 *
 * Law Z6: the log, then the epoch, then the acknowledgement. Every other order has lost acknowledged writes in Apache's
 * history (ZOOKEEPER-3911, 4394, 4643, 4646, 4685, 4785). In [brackets] the disk is waited for, and nothing is read.
 *
 * After a snapshot, what follows is applied to memory and the whole is saved at NEWLEADER. After DIFF and TRUNC it goes to the
 * log, so that the log has no hole where Apache's has one that its snapshot covers.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Sid } from '../../base/ids.ts';
import { counterOf, makeZxid, type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import type { LeaderLink } from './leader-link.ts';
import type { LeaderInfo, LearnerRole, Message, NewLeader, Proposal } from './messages.ts';
import type { RoleEvent } from './role.ts';
import type { Self } from './self.ts';
import type { View } from './view.ts';

const PROTOCOL_VERSION = 0x10000;
/** In an ACKEPOCH: this epoch was accepted before, and must not be counted twice. */
const PROMISED_BEFORE = -1;

type Stage =
  | 'connecting'
  | 'greeted'
  | 'storingAccepted'
  | 'promised'
  | 'truncating'
  | 'receiving'
  | 'history'
  | 'saving'
  | 'logging'
  | 'storingCurrent'
  | 'acknowledged'
  | 'done';

export class Synchronisation {
  readonly #self: Self;
  readonly #link: LeaderLink;
  readonly #role: LearnerRole;
  #stage: Stage = 'connecting';
  #epoch = 0;
  #isBySnapshot = false;
  #mustBeSnapshot = false;
  /** Where the histories part; what is not after it is here already. */
  #shared: Zxid;
  /** The last one queued or here. */
  #queued: Zxid;
  /** Proposed and not in the log; the first `#decided` of them are committed. */
  readonly #pending = new Fifo<Proposal>();
  #decided = 0;
  #newView: View | null = null;

  constructor(self: Self, link: LeaderLink, role: LearnerRole) {
    this.#self = self;
    this.#link = link;
    this.#role = role;
    this.#shared = self.history.last;
    this.#queued = self.history.last;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get isDone(): boolean {
    return this.#stage === 'done';
  }

  /** The disk is at work; messages wait. */
  get isBusy(): boolean {
    switch (this.#stage) {
      case 'storingAccepted':
      case 'truncating':
      case 'receiving':
      case 'saving':
      case 'logging':
      case 'storingCurrent':
        return true;
      default:
        return false;
    }
  }

  get #initLimitMs(): number {
    return this.#self.settings.initLimitTicks * this.#self.settings.tickMs;
  }

  get #syncLimitMs(): number {
    return this.#self.settings.syncLimitTicks * this.#self.settings.tickMs;
  }

  onConnected(): void {
    const { sid, acceptedEpoch, view } = this.#self;
    this.#link.send({
      kind: 'learnerInfo',
      role: this.#role,
      acceptedEpoch,
      sid,
      protocolVersion: PROTOCOL_VERSION,
      configVersion: view.version,
    });
    this.#stage = 'greeted';
  }

  /** @returns whether that was the last one */
  onMessage(message: Message): boolean {
    assert(!this.isBusy, 'Z6: nothing is read while the disk is waited for');
    this.#link.expect(this.#stage === 'acknowledged' ? this.#syncLimitMs : this.#initLimitMs);
    if (this.#stage === 'greeted') this.#onGreeting(message);
    else if (this.#stage === 'promised') this.#onMode(message);
    else this.#onHistory(message);
    return this.isDone;
  }

  on(event: RoleEvent): void {
    if (event.kind === 'acceptedEpochStored' && this.#stage === 'storingAccepted') {
      this.#self.onAcceptedEpochStored(this.#epoch);
      this.#promise(this.#self.currentEpoch);
    } else if (event.kind === 'truncated' && this.#stage === 'truncating') {
      this.#onTruncated(event.zxid);
    } else if (event.kind === 'snapshotReceived' && this.#stage === 'receiving') {
      this.#goOn('history');
    } else if (event.kind === 'snapshotSaved' && this.#stage === 'saving') {
      this.#self.isMemoryAhead = false;
      this.#self.needsSnapshot = false;
      this.#logDecided();
    } else if (event.kind === 'durable' && this.#stage === 'logging') {
      if (event.zxid >= this.#self.history.last) this.#storeCurrent();
    } else if (event.kind === 'currentEpochStored' && this.#stage === 'storingCurrent') {
      this.#acknowledge();
    }
  }

  #refuse(message: Message): void {
    this.#self.leave(`the leader sent ${message.kind} at the wrong time`);
  }

  #wait(stage: Stage): void {
    this.#stage = stage;
    this.#link.expect(null);
  }

  #goOn(stage: Stage): void {
    this.#stage = stage;
    this.#link.expect(this.#initLimitMs);
  }

  // --- discovery ---

  #onGreeting(message: Message): void {
    if (message.kind !== 'leaderInfo') {
      this.#refuse(message);
      return;
    }
    this.#link.trust();
    this.#onLeaderInfo(message);
  }

  #onLeaderInfo({ epoch }: LeaderInfo): void {
    const { acceptedEpoch } = this.#self;
    this.#epoch = epoch;
    if (epoch < acceptedEpoch) {
      this.#self.leave('the leader is of an older epoch than one that was accepted');
    } else if (epoch === acceptedEpoch) {
      this.#promise(PROMISED_BEFORE);
    } else {
      this.#wait('storingAccepted');
      this.#self.emit({ kind: 'storeAcceptedEpoch', epoch });
    }
  }

  #promise(currentEpoch: number): void {
    const { acceptedEpoch, history, vote, needsSnapshot } = this.#self;
    assert(acceptedEpoch === this.#epoch, 'Z1: ACKEPOCH after the epoch is on disk');
    // A promise that counts is true. One that is repeated may say that there is nothing here, which asks for a snapshot.
    this.#mustBeSnapshot = needsSnapshot && currentEpoch === PROMISED_BEFORE;
    const lastZxid = this.#mustBeSnapshot ? ZXID_ZERO : history.last;
    this.#link.send({ kind: 'ackEpoch', lastZxid, currentEpoch });
    this.#goOn('promised');
    this.#self.enter('synchronization', vote.leader, this.#epoch, 'the epoch is accepted');
  }

  // --- history ---

  #onMode(message: Message): void {
    const self = this.#self;
    if (this.#mustBeSnapshot && message.kind !== 'snap') {
      self.emit({
        kind: 'fail',
        reason: "the history is not the leader's, and it sends no snapshot",
      });
      return;
    }
    switch (message.kind) {
      case 'diff':
        self.unsee(this.#shared);
        this.#goOn('history');
        return;
      case 'trunc':
        this.#wait('truncating');
        this.#shared = message.zxid;
        self.emit({ kind: 'truncate', zxid: message.zxid });
        return;
      case 'snap': {
        const link = this.#link.link;
        assert(link !== null, 'a message comes over a link');
        this.#isBySnapshot = true;
        self.isMemoryAhead = true;
        this.#wait('receiving');
        self.history.reset(message.zxid);
        this.#share(message.zxid);
        const idleMs = this.#initLimitMs;
        self.emit({ kind: 'receiveSnapshot', link, zxid: message.zxid, idleMs });
        return;
      }
      default:
        this.#refuse(message);
    }
  }

  #onTruncated(zxid: Zxid): void {
    const self = this.#self;
    const wanted = this.#shared;
    if (zxid > wanted) {
      // A snapshot that was saved, and whose epoch was not, cannot be cut. The whole history must be replaced.
      self.needsSnapshot = true;
      self.leave('the history cannot be cut where the leader asks');
    } else if (zxid < wanted && counterOf(wanted) !== 0) {
      // The beginning of an epoch is no transaction, and a log may end before it. Here something is missing.
      self.leave('the history ends before the place where the leader cuts it');
    } else {
      self.history.truncate(wanted);
      self.unsee(wanted);
      this.#share(wanted);
      this.#goOn('history');
    }
  }

  #share(zxid: Zxid): void {
    this.#shared = zxid;
    this.#queued = zxid;
  }

  #onHistory(message: Message): void {
    switch (message.kind) {
      case 'proposal':
        this.#queue(message);
        return;
      case 'commit':
        this.#decide(message.zxid);
        return;
      case 'commitAndActivate':
        this.#activate(message.zxid, message.leader);
        return;
      case 'inform':
        this.#queue({ kind: 'proposal', zxid: message.zxid, payload: message.payload, view: null });
        this.#decide(message.zxid);
        return;
      case 'informAndActivate': {
        const { zxid, payload, view } = message;
        this.#queue({ kind: 'proposal', zxid, payload, view });
        this.#activate(zxid, message.leader);
        return;
      }
      case 'newLeader':
        this.#onNewLeader(message);
        return;
      case 'upToDate':
        this.#onUpToDate(message);
        return;
      case 'ping':
        // Not answered: the leader waits for the acknowledgement and takes nothing else.
        return;
      default:
        this.#refuse(message);
    }
  }

  /** What is here already may come again, as it was proposed when the image was not yet made. */
  #queue(proposal: Proposal): void {
    if (proposal.zxid <= this.#shared) return;
    if (!this.#self.history.isSuccessor(this.#queued, proposal.zxid)) {
      this.#self.leave('a transaction is missing in what the leader sent');
      return;
    }
    this.#queued = proposal.zxid;
    if (proposal.view !== null) this.#self.see(proposal.view);
    this.#pending.push(proposal);
  }

  #decide(zxid: Zxid): void {
    if (zxid <= this.#shared || this.#self.leaving !== null) return;
    if (this.#pending.at(this.#decided)?.zxid !== zxid) {
      this.#self.leave('the leader decided out of order');
      return;
    }
    if (!this.#isBySnapshot || this.#stage !== 'history') {
      this.#decided++;
      return;
    }
    const { history } = this.#self;
    const proposal = this.#pending.shift()!;
    history.append(proposal);
    history.commit(zxid);
    this.#self.emit({ kind: 'apply', zxid, payload: proposal.payload });
  }

  #activate(zxid: Zxid, leader: Sid): void {
    const head = this.#pending.at(this.#decided);
    if (head === undefined || head.zxid !== zxid || head.view === null) this.#decide(zxid);
    else if (this.#self.activate(head.view, { leader, zxid }))
      this.#self.leave('the configuration changes what this server does');
    else this.#decide(zxid);
  }

  // --- the new leader ---

  #onNewLeader(message: NewLeader): void {
    const { history } = this.#self;
    if (this.#stage !== 'history' || message.epoch !== this.#epoch) {
      this.#refuse(message);
      return;
    }
    this.#newView = message.view;
    if (message.view !== null) this.#self.see(message.view);
    if (!this.#isBySnapshot) {
      this.#logDecided();
      return;
    }
    this.#wait('saving');
    this.#self.emit({ kind: 'saveSnapshot', zxid: history.last });
  }

  #logDecided(): void {
    const isAny = this.#decided > 0;
    for (; this.#decided > 0; this.#decided--) {
      const { zxid } = this.#log();
      this.#self.history.commit(zxid);
      this.#self.emit({ kind: 'commit', zxid });
    }
    if (isAny) this.#wait('logging');
    else this.#storeCurrent();
  }

  #log(): Proposal {
    const proposal = this.#pending.shift();
    assert(proposal !== undefined, 'Z4: what is decided was proposed');
    const { zxid, payload, view } = proposal;
    this.#self.history.append(proposal);
    this.#self.emit({ kind: 'append', zxid, payload, view });
    return proposal;
  }

  /**
   * R3: the leader tells of the newest view that its history holds, and the disk holds that history now. A newer one that is
   * no outstanding proposal either was given up with its transaction, even where later transactions have come.
   */
  #unseeGivenUp(): void {
    const { nextView } = this.#self;
    if (this.#newView === null || nextView.version <= this.#newView.version) return;
    for (let i = 0; i < this.#pending.length; i++)
      if (this.#pending.at(i)!.view?.version === nextView.version) return;
    this.#self.unsee(ZXID_ZERO);
    this.#self.see(this.#newView);
  }

  #storeCurrent(): void {
    this.#unseeGivenUp();
    this.#wait('storingCurrent');
    this.#self.emit({ kind: 'storeCurrentEpoch', epoch: this.#epoch });
  }

  #acknowledge(): void {
    const self = this.#self;
    self.onCurrentEpochStored(this.#epoch);
    assert(!self.isMemoryAhead, 'Z6: history is on disk before NEWLEADER is acknowledged');
    this.#stage = 'acknowledged';
    this.#link.expect(this.#syncLimitMs);
    this.#link.send({ kind: 'ack', zxid: makeZxid(this.#epoch, 0) });
  }

  #onUpToDate(message: Message): void {
    const self = this.#self;
    if (this.#stage !== 'acknowledged') {
      this.#refuse(message);
      return;
    }
    assert(self.currentEpoch === this.#epoch, 'Z6: the epoch is on disk before it is served in');
    if (this.#newView !== null && self.activate(this.#newView, null)) {
      self.leave('the configuration changes what this server does');
      return;
    }
    // The second one, as every learner sends it; leaders know it by its counter.
    this.#link.send({ kind: 'ack', zxid: makeZxid(this.#epoch, 0) });
    this.#stage = 'done';
    self.voteForEpoch(this.#epoch);
    self.enter('broadcast', self.vote.leader, this.#epoch, 'synchronised');
  }

  /** What came since NEWLEADER and is not in the log: from here on as in broadcast. */
  logRest(): void {
    assert(this.isDone, 'Z6: proposals of an epoch are logged when it is served in');
    let decided = this.#decided;
    this.#decided = 0;
    while (this.#pending.length > 0) this.#log();
    for (; decided > 0; decided--) {
      const { zxid } = this.#self.history.undecided!;
      this.#self.history.commit(zxid);
      this.#self.emit({ kind: 'commit', zxid });
    }
  }
}
