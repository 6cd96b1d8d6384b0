/**
 * Whom to follow: votes are exchanged until a quorum says the same, or until those who already follow somebody say whom.
 *
 *             begin: round + 1, vote for oneself, tell every elector
 *               │
 *   ┌──────▶ voting ◀───────────────┐ better vote
 *   │ silence: tell again,          │
 *   │ wait twice as long            │
 *   └───────────┤ quorum         finalizing ──── finalizeMs of silence ───▶ decided
 *               ├──────────────────▶┘
 *               ├──── everybody within reach says the same ───▶ decided
 *               └──── a quorum of followers, and their leader says that it leads ───▶ decided
 *
 * The rules are those of Apache's FastLeaderElection, so that its servers elect with ours: numbers E1 … E11 in README.md.
 * Outside of elections it answers who looks for a leader.
 */
import type { Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import {
  NO_VOTE,
  type Notification,
  type PeerState,
  UNTRUSTED_ZXID,
  type Vote,
} from './messages.ts';
import { areMet } from './quorum.ts';
import type { Self } from './self.ts';
import { isSameMembership, isVoter, weightOf } from './view.ts';

/** What our notifications are: with a configuration. */
const NOTIFICATION_VERSION = 2;
/** Notifications kept while the role before is still being put away. One a server, and there are not that many servers. */
const EARLY_MAX = 1000;
const STRANGERS_MAX = 1000;

interface Ballot {
  readonly vote: Vote;
  readonly state: PeerState;
  readonly version: number;
}

type Stage = 'idle' | 'waiting' | 'voting' | 'finalizing' | 'decided';

export class Election {
  readonly #self: Self;
  #stage: Stage = 'idle';
  #proposal: Vote;
  /** Of this round: everybody's newest vote. */
  readonly #votes = new Map<Sid, Ballot>();
  /** Of those who have a leader, whatever their round. */
  readonly #settled = new Map<Sid, Ballot>();
  /** The newest of each that came before the election began. */
  readonly #early = new Map<Sid, Notification>();
  /** When servers without a vote were answered last. */
  readonly #answeredMs = new Map<Sid, number>();
  /** Electors that could not be connected to in this election and have not been heard since. */
  readonly #unreachable = new Set<Sid>();
  #waitMs = 0;
  #deadlineMs = Infinity;
  #supporters: ReadonlySet<Sid> = new Set();

  constructor(self: Self) {
    this.#self = self;
    this.#proposal = self.vote;
  }

  get wakeAtMs(): number {
    return this.#deadlineMs;
  }

  /** `self.vote` is then the outcome. */
  get isDecided(): boolean {
    return this.#stage === 'decided';
  }

  get #isVoting(): boolean {
    return this.#stage === 'voting' || this.#stage === 'finalizing';
  }

  /** Who voted for the outcome. */
  get supporters(): ReadonlySet<Sid> {
    return this.#supporters;
  }

  /** The peer is looking, and begins after a while. Until then, what is heard is kept. */
  wait(delayMs: number): void {
    this.#stage = 'waiting';
    this.#deadlineMs = this.#self.nowMs + delayMs;
  }

  /** No election: the role is known, or the peer is not ready to vote. */
  rest(): void {
    this.#stage = 'idle';
    this.#deadlineMs = Infinity;
  }

  onTick(): void {
    if (this.#self.nowMs < this.#deadlineMs) return;
    if (this.#stage === 'waiting') this.#begin();
    else if (this.#stage === 'voting') this.#tellAgain();
    else if (this.#stage === 'finalizing') this.#decide(this.#proposal);
  }

  onNotification(from: Sid, notification: Notification): void {
    const self = this.#self;
    const isLooking = self.state === 'looking';
    if (isLooking && notification.view !== null && this.#adopt(notification)) return;
    if (!self.isElector(from)) {
      // E7: observers and servers in no view are not asked, but answered.
      if (notification.state === 'looking') this.#answerStranger(from);
    } else if (isLooking) {
      if (this.#isVoting) this.#onVote(from, notification);
      else if (this.#stage !== 'decided') this.#keep(from, notification);
    } else if (notification.state === 'looking') {
      this.#answer(from, self.vote.round);
    }
  }

  /** An elector that was to be told something cannot be connected to. */
  onUnreachable(sid: Sid): void {
    if (!this.#isVoting || !this.#self.isElector(sid)) return;
    this.#unreachable.add(sid);
    if (this.#stage === 'finalizing') this.#decideIfUnanimous();
  }

  // --- rounds ---

  #begin(): void {
    const self = this.#self;
    this.#stage = 'voting';
    this.#votes.clear();
    this.#settled.clear();
    this.#unreachable.clear();
    this.#waitMs = self.settings.notifyMinMs;
    self.round++;
    this.#rearm();
    this.#proposeFirst();
    const early = [...this.#early];
    this.#early.clear();
    for (const [from, notification] of early) this.onNotification(from, notification);
  }

  /** E11: whoever has no room proposes somebody else who was heard of, if that one knows as much. */
  #proposeFirst(): void {
    const self = this.#self;
    const initial = this.#initialVote();
    const other = [...this.#early.values()].find(
      ({ state, vote }) => state === 'looking' && this.#isRather(vote, initial),
    )?.vote;
    if (other === undefined) {
      this.#propose(initial);
      return;
    }
    self.round = Math.max(self.round, other.round);
    this.#propose({ ...other, round: self.round });
  }

  /** Only before this peer was proposed: who is named by others must not refuse, or they would never agree. */
  #isRather(vote: Vote, initial: Vote): boolean {
    const { hasRoom, view } = this.#self;
    if (hasRoom || !this.#self.isElector(vote.leader) || weightOf(view, vote.leader) === 0)
      return false;
    return (
      vote.leader !== initial.leader &&
      vote.zxid !== UNTRUSTED_ZXID &&
      vote.zxid === initial.zxid &&
      vote.peerEpoch === initial.peerEpoch
    );
  }

  /**
   * E1: who may not vote proposes nobody, and then whoever it hears of. Others count that if they know it as a voter: it may
   * be one by a reconfiguration that it has not heard of yet.
   */
  #initialVote(): Vote {
    const { sid, view, isObserver, history, currentEpoch, round } = this.#self;
    return {
      leader: isVoter(view, sid) ? sid : (NO_VOTE as Sid),
      zxid: isObserver ? (NO_VOTE as Zxid) : history.last,
      round,
      peerEpoch: isObserver ? NO_VOTE : currentEpoch,
    };
  }

  /** E1: to everybody who may vote, in the view in force or in the next one. */
  #propose(vote: Vote): void {
    const { sid, electors, history } = this.#self;
    this.#proposal = vote;
    const notification = this.#notification(vote);
    for (const elector of electors) {
      if (elector !== sid) this.#self.emit({ kind: 'notify', to: elector, notification });
      else if (history.last !== UNTRUSTED_ZXID)
        this.#votes.set(sid, { vote, state: 'looking', version: 0 });
    }
    this.#count();
  }

  #notification(vote: Vote): Notification {
    return { state: this.#self.state, vote, version: NOTIFICATION_VERSION, view: this.#self.view };
  }

  /** E6 */
  #tellAgain(): void {
    this.#waitMs = Math.min(this.#waitMs * 2, this.#self.settings.notifyMaxMs);
    this.#rearm();
    this.#propose(this.#proposal);
  }

  #rearm(): void {
    const { nowMs, settings } = this.#self;
    this.#deadlineMs = nowMs + (this.#stage === 'finalizing' ? settings.finalizeMs : this.#waitMs);
  }

  /** E7 */
  #answer(to: Sid, round: number): void {
    const { state, vote } = this.#self;
    if (state === 'looking' && !this.#isVoting) return;
    const current = state === 'looking' ? this.#proposal : vote;
    const notification = this.#notification({ ...current, round });
    this.#self.emit({ kind: 'notify', to, notification });
  }

  /**
   * Two servers that look and do not know each other as voters, because their views differ, would answer each other's answers
   * as fast as the network allows. One answer in the time that a looker waits at least is all it can use.
   */
  #answerStranger(to: Sid): void {
    const { nowMs, settings, round } = this.#self;
    if (nowMs - (this.#answeredMs.get(to) ?? -Infinity) < settings.notifyMinMs) return;
    if (this.#answeredMs.size >= STRANGERS_MAX) this.#answeredMs.clear();
    this.#answeredMs.set(to, nowMs);
    this.#answer(to, round);
  }

  #keep(from: Sid, notification: Notification): void {
    if (this.#early.size < EARLY_MAX || this.#early.has(from)) this.#early.set(from, notification);
  }

  // --- votes ---

  #onVote(from: Sid, notification: Notification): void {
    const { vote, state } = notification;
    this.#unreachable.delete(from);
    // E7: a laggard hears at once which round this is.
    if (state === 'looking' && vote.round < this.#self.round) this.#answer(from, this.#self.round);
    if (this.#stage === 'finalizing') {
      // E3: anything restarts the silence, but only a better vote is looked at.
      if (!this.#isBetter(vote, this.#proposal)) {
        this.#rearm();
        if (isSameVote({ vote, state, version: 0 }, this.#own)) {
          this.#votes.set(from, { vote, state, version: 0 });
          this.#decideIfUnanimous();
        }
        return;
      }
      this.#stage = 'voting';
    }
    this.#rearm();
    if (!this.#self.isElector(vote.leader)) {
      if (state === 'looking' && vote.round > this.#self.round) this.#joinRound(vote, null);
      return;
    }
    switch (state) {
      case 'looking':
        this.#onLookingVote(from, vote);
        return;
      case 'observing':
        // E4
        return;
      case 'following':
      case 'leading':
        this.#onSettledVote(from, notification);
    }
  }

  /** E3 */
  #onLookingVote(from: Sid, vote: Vote): void {
    const self = this.#self;
    // A wiped server may have forgotten what it acknowledged: its vote would make a quorum that remembers nothing.
    if (self.history.last === UNTRUSTED_ZXID || vote.zxid === UNTRUSTED_ZXID) return;
    if (vote.round > self.round || (vote.round < self.round && !self.isElector(self.sid))) {
      this.#joinRound(vote, from);
    } else if (vote.round === self.round) {
      this.#votes.set(from, { vote, state: 'looking', version: 0 });
      if (this.#isBetter(vote, this.#proposal)) this.#propose(vote);
      else this.#count();
    }
  }

  /**
   * E3: a newer round, and what was collected is worth nothing. Two more cases than Apache's, where both wait for ever when
   * a reconfiguration made a voter that does not know it yet: such a server proposes nobody, but its round is one to join;
   * and to itself, having no vote that it knows of, any round of a voter is good.
   */
  #joinRound(vote: Vote, from: Sid | null): void {
    this.#self.round = vote.round;
    this.#votes.clear();
    const initial = this.#initialVote();
    if (from === null) {
      this.#propose(initial);
      return;
    }
    this.#votes.set(from, { vote, state: 'looking', version: 0 });
    const isTaken = this.#isBetter(vote, initial) || this.#isRather(vote, initial);
    this.#propose(isTaken ? vote : initial);
  }

  /** E2: the newer epoch, then the longer log, then the larger sid. Without weight nobody is better. */
  #isBetter(vote: Vote, than: Vote): boolean {
    if (weightOf(this.#self.view, vote.leader) === 0) return false;
    if (vote.peerEpoch !== than.peerEpoch) return vote.peerEpoch > than.peerEpoch;
    if (vote.zxid !== than.zxid) return vote.zxid > than.zxid;
    return vote.leader > than.leader;
  }

  get #own(): Ballot {
    return { vote: this.#proposal, state: 'looking', version: 0 };
  }

  #count(): void {
    if (this.#stage !== 'voting') return;
    const supporters = this.#supportersOf(this.#votes, this.#own);
    if (!areMet(this.#self.quorums, (sid) => supporters.has(sid))) return;
    this.#stage = 'finalizing';
    this.#rearm();
    this.#decideIfUnanimous();
  }

  /** E3: the silence is for a better vote, and there is nobody left to cast one. */
  #decideIfUnanimous(): void {
    const own = this.#own;
    for (const sid of this.#self.electors) {
      if (this.#unreachable.has(sid)) continue;
      const ballot = this.#votes.get(sid);
      if (ballot === undefined || !isSameVote(ballot, own)) return;
    }
    this.#decide(this.#proposal);
  }

  /** E5 */
  #onSettledVote(from: Sid, { vote, state, version }: Notification): void {
    const ballot: Ballot = { vote, state, version };
    if (vote.round === this.#self.round) {
      // Kept without its version, as Apache does: such a vote counts for its leader in whatever epoch.
      this.#votes.set(from, { vote, state, version: 0 });
      if (this.#isJoined(this.#votes, ballot)) return;
    }
    this.#settled.set(from, ballot);
    this.#isJoined(this.#settled, ballot);
  }

  #isJoined(votes: ReadonlyMap<Sid, Ballot>, ballot: Ballot): boolean {
    const self = this.#self;
    const { vote } = ballot;
    const supporters = this.#supportersOf(votes, ballot);
    // To follow is never wrong, whichever view made the leader. A next view that only we saw, and that was given up since,
    // must not keep us away.
    if (!this.#self.quorums.some((quorum) => quorum.isMet((sid) => supporters.has(sid))))
      return false;
    // Without this, everybody would go on electing a leader that has just fallen.
    const leads =
      vote.leader === self.sid
        ? vote.round === self.round
        : votes.get(vote.leader)?.state === 'leading';
    if (!leads) return false;
    self.round = vote.round;
    this.#decide(vote, supporters);
    return true;
  }

  #supportersOf(votes: ReadonlyMap<Sid, Ballot>, ballot: Ballot): ReadonlySet<Sid> {
    const supporters = new Set<Sid>();
    for (const [sid, other] of votes) if (isSameVote(ballot, other)) supporters.add(sid);
    return supporters;
  }

  #decide(vote: Vote, supporters: ReadonlySet<Sid> | null = null): void {
    this.#supporters =
      supporters ?? this.#supportersOf(this.#votes, { vote, state: 'looking', version: 0 });
    this.#stage = 'decided';
    this.#deadlineMs = Infinity;
    this.#self.vote = vote;
  }

  // --- views ---

  /** E9. @returns whether the election began anew, so that this notification is of another one */
  #adopt({ view }: Notification): boolean {
    const self = this.#self;
    const before = self.view;
    if (view === null || !self.settings.isReconfigEnabled || view.version <= before.version)
      return false;
    self.activate(view, null);
    if (isSameMembership(before, view)) return false;
    if (!this.#isVoting) return false;
    this.#begin();
    return true;
  }
}

/**
 * Servers that look must say exactly the same. Those that have a leader may have come to it in different rounds and at
 * different lengths of its log; leader and epoch identify it, and old formats do not know the epoch.
 */
function isSameVote(a: Ballot, b: Ballot): boolean {
  if (a.vote.leader !== b.vote.leader) return false;
  if (a.state === 'looking' || b.state === 'looking') {
    return (
      a.vote.zxid === b.vote.zxid &&
      a.vote.round === b.vote.round &&
      a.vote.peerEpoch === b.vote.peerEpoch
    );
  }
  return a.version > 0 !== b.version > 0 || a.vote.peerEpoch === b.vote.peerEpoch;
}
