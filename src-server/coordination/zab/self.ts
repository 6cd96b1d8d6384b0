/**
 * What a peer is whatever its role: its settings, what it has on disk, the views it knows, its vote, and where effects go.
 *
 * Roles change it only through the methods here. Epochs change when the disk has them, never before (Z1).
 */
import { assert } from '../../base/assert.ts';
import type { Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { Effect, Effects, Phase } from './effects.ts';
import type { LinkId } from './events.ts';
import { History } from './history.ts';
import type { Message, PeerState, Proposal, Vote } from './messages.ts';
import { type Quorum, quorumOf } from './quorum.ts';
import { isObserver, isSameMembership, isVoter, serverOf, type View, votersOf } from './view.ts';

/** Apache's names and defaults are in config/settings.ts; times in milliseconds, limits in ticks as there. */
export interface PeerSettings {
  readonly tickMs: number;
  /** For connecting, agreeing on an epoch and receiving a snapshot. */
  readonly initLimitTicks: number;
  /** For an answer, once synchronised. */
  readonly syncLimitTicks: number;
  /** For connecting to the leader, if another than the initLimit. */
  readonly connectLimitTicks: number | null;
  /** Pause between two tries to connect to the leader. */
  readonly connectRetryMs: number;
  readonly notifyMinMs: number;
  readonly notifyMaxMs: number;
  /** How long a quorum of votes waits for a better one. */
  readonly finalizeMs: number;
  /** −1: a leader waits for its epoch until the initLimit, even when its voters look again. */
  readonly epochWaitMaxMs: number;
  readonly observerElectionDelayMs: number;
  readonly observerReconnectDelayMs: number;
  /** Committed transactions kept for learners that lag a little. */
  readonly committedKept: number;
  readonly proposalsMax: number;
  readonly isSnapshotForced: boolean;
  readonly isLogSyncEnabled: boolean;
  readonly snapshotSyncsMax: number;
  readonly diffSyncsMax: number;
  readonly isReconfigEnabled: boolean;
  /** Counter before the first transaction of an epoch; other than 0 only where a rollover is to be seen. */
  readonly initialCounter: number;
}

export interface PeerOptions {
  readonly sid: Sid;
  readonly settings: PeerSettings;
  readonly view: View;
  /** A newer view that was proposed and, as far as is known, not decided. */
  readonly nextView: View | null;
  /** Told to observe although the view does not say so. */
  readonly isObserver: boolean;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The end of the log as recovery saw it, if it kept it: learners that lag a little are then served from memory. */
  readonly recent: readonly Proposal[];
}

export class Self {
  readonly sid: Sid;
  readonly settings: PeerSettings;
  readonly history: History;
  state: PeerState = 'looking';
  nowMs = 0;
  /** The election's logical clock. */
  round = 0;
  /** Whom this peer follows or is; while looking, the last such. */
  vote: Vote;
  /** Why the role is to end, or null. */
  leaving: string | null = null;
  /** The view named the next leader, so that no election is needed. */
  hasSuccessor = false;
  /** What is in memory is not on the disk. */
  isMemoryAhead = false;
  /** A leader asked for a cut that the disk could not make. */
  needsSnapshot = false;
  /** E11: whoever has no room on its disk would rather not lead. */
  hasRoom = true;
  /** When it made way for another leader last, for want of room. */
  madeWayMs = -Infinity;
  /** Connections tried so far, as their numbers. */
  attempts = 0;
  #acceptedEpoch: number;
  #currentEpoch: number;
  #view: View;
  #nextView: View;
  #isObserver: boolean;
  #quorums: readonly Quorum[] = [];
  #out: Effects | null = null;

  constructor(options: PeerOptions) {
    const { recent } = options;
    this.sid = options.sid;
    this.settings = options.settings;
    const base = recent.length === 0 ? 0 : recent[0]!.zxid - 1;
    const { committedKept, initialCounter } = options.settings;
    this.history = new History({ zxid: base as Zxid, keep: committedKept, initialCounter });
    for (const entry of recent) {
      // Logs of other programs have holes that a snapshot covers; what is before one is of no use to a learner.
      if (!this.history.isNext(entry.zxid)) this.history.reset((entry.zxid - 1) as Zxid);
      this.history.append(entry);
      this.history.commit(entry.zxid);
    }
    this.vote = {
      leader: options.sid,
      zxid: this.history.last,
      round: 0,
      peerEpoch: options.currentEpoch,
    };
    this.#acceptedEpoch = options.acceptedEpoch;
    this.#currentEpoch = options.currentEpoch;
    this.#view = options.view;
    this.#nextView = options.nextView ?? options.view;
    this.#isObserver = options.isObserver || isObserver(options.view, options.sid);
    assert(
      this.#acceptedEpoch >= this.#currentEpoch,
      'Z1: an epoch is accepted before it is current',
    );
    this.#recount();
  }

  // --- effects ---

  /** For the length of one step. */
  writeTo(out: Effects | null): void {
    this.#out = out;
  }

  emit(effect: Effect): void {
    assert(this.#out !== null, 'effects come from steps');
    this.#out.push(effect);
  }

  send(link: LinkId, message: Message): void {
    this.emit({ kind: 'send', to: [link], message });
  }

  leave(reason: string): void {
    this.leaving ??= reason;
  }

  get isLeaving(): boolean {
    return this.leaving !== null;
  }

  enter(phase: Phase, leader: Sid | null, epoch: number, reason: string): void {
    this.emit({ kind: 'phase', role: this.state, phase, leader, epoch, reason });
  }

  // --- epochs ---

  /** The newest epoch this peer promised to respect, on disk. */
  get acceptedEpoch(): number {
    return this.#acceptedEpoch;
  }

  /** The newest epoch whose leader's history this peer took over, on disk. */
  get currentEpoch(): number {
    return this.#currentEpoch;
  }

  onAcceptedEpochStored(epoch: number): void {
    assert(epoch > this.#acceptedEpoch, 'Z1: an epoch is accepted once');
    this.#acceptedEpoch = epoch;
  }

  onCurrentEpochStored(epoch: number): void {
    assert(epoch >= this.#currentEpoch, 'Z1: epochs only grow');
    assert(epoch <= this.#acceptedEpoch, 'Z1: an epoch is accepted before it is current');
    this.#currentEpoch = epoch;
  }

  /** Joiners must hear the same from everybody, and the epoch is what everybody agrees on once synchronised. */
  voteForEpoch(epoch: number): void {
    this.vote = { ...this.vote, peerEpoch: epoch };
  }

  // --- views ---

  get view(): View {
    return this.#view;
  }

  /** The newest view seen, decided or not. */
  get nextView(): View {
    return this.#nextView;
  }

  /** Who must agree: the view in force, and the next one if there is a newer. */
  get quorums(): readonly Quorum[] {
    return this.#quorums;
  }

  get isObserver(): boolean {
    return this.#isObserver;
  }

  /** Where learners find this peer when it leads, as far as the view in force says. */
  get quorumAddress(): string | null {
    return serverOf(this.#view, this.sid)?.quorumAddress ?? null;
  }

  /** Voters of the view in force and of the next one take part in elections. */
  isElector(sid: Sid): boolean {
    return isVoter(this.#view, sid) || isVoter(this.#nextView, sid);
  }

  get electors(): ReadonlySet<Sid> {
    return new Set([...votersOf(this.#view), ...votersOf(this.#nextView)]);
  }

  see(view: View): void {
    if (!this.settings.isReconfigEnabled || view.version <= this.#nextView.version) return;
    this.#nextView = view;
    this.#recount();
    this.emit({ kind: 'viewSeen', view });
  }

  /**
   * The history up to `zxid` is all that is left of what was seen: a view that was proposed after it was given up with its
   * transaction. The leader tells of the one that counts instead.
   */
  unsee(zxid: Zxid): void {
    if (this.#nextView.version <= Math.max(zxid, this.#view.version)) return;
    this.#nextView = this.#view;
    this.#recount();
    this.emit({ kind: 'viewSeen', view: this.#view });
  }

  /**
   * A view comes into force.
   * @param successor the leader it names; null where nobody was named
   * @returns whether this peer's role or leader changes by it, so that its role must end
   */
  activate(view: View, successor: { readonly leader: Sid; readonly zxid: Zxid } | null): boolean {
    const before = this.#view;
    if (!this.settings.isReconfigEnabled || view.version <= before.version) return false;
    this.#view = view;
    if (view.version > this.#nextView.version) this.#nextView = view;
    this.#recount();
    this.emit({ kind: 'viewActive', view });
    if (isSameMembership(before, view)) return false;
    const wasObserver = this.#isObserver;
    // Who is in no view goes on as a follower without a vote, until somebody stops it.
    this.#isObserver = isObserver(view, this.sid);
    const isOtherRole = wasObserver !== this.#isObserver;
    if (successor === null) {
      const address = (of: View): string | undefined =>
        serverOf(of, this.vote.leader)?.quorumAddress;
      return isOtherRole || !isVoter(view, this.vote.leader) || address(before) !== address(view);
    }
    const isOtherLeader = successor.leader !== this.vote.leader;
    // Nobody was elected: no round and no epoch belong to this vote until its leader has synchronised us.
    if (isOtherLeader) this.vote = { ...successor, round: -1, peerEpoch: -1 };
    if (isOtherRole || isOtherLeader) this.hasSuccessor = true;
    return isOtherRole || isOtherLeader;
  }

  #recount(): void {
    const active = quorumOf(this.#view);
    this.#quorums =
      this.#nextView.version > this.#view.version ? [active, quorumOf(this.#nextView)] : [active];
  }
}
