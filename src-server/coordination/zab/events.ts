/**
 * What can happen to a peer: everything it ever learns of the world comes in as one of these.
 *
 * Each effect that asks for work names the event that reports its end. Reports that come too late, after the role that
 * asked has ended, are recognised and dropped; the shell need not know.
 */
import type { Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { Message, Notification, Proposal } from './messages.ts';
import type { View } from './view.ts';

/** One connection on the quorum port. The shell numbers them, and never uses a number twice. */
export type LinkId = number;

/** Time passed. Once at the beginning, then at `peer.wakeAtMs` at the latest; more often does no harm. */
export interface Tick {
  readonly kind: 'tick';
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: number;
}

// --- election port ---

export interface NotificationReceived {
  readonly kind: 'notification';
  readonly from: Sid;
  readonly notification: Notification;
}

/** The end of a `notify` of which nothing has left: the server cannot be connected to. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly sid: Sid;
}

// --- quorum port ---

/** Somebody connected to our quorum port. Who it is, its first message says. */
export interface LinkAccepted {
  readonly kind: 'linkAccepted';
  readonly link: LinkId;
}

/** The end of a `connect`. */
export interface Connected {
  readonly kind: 'connected';
  readonly attempt: number;
  readonly link: LinkId;
}

/** The other end of a `connect`. */
export interface ConnectFailed {
  readonly kind: 'connectFailed';
  readonly attempt: number;
}

/** The other side closed, the connection broke, or its output did not drain. Not sent for what the core closed. */
export interface LinkDown {
  readonly kind: 'linkDown';
  readonly link: LinkId;
}

export interface MessageReceived {
  readonly kind: 'message';
  readonly link: LinkId;
  readonly message: Message;
}

// --- storage ---

/** The end of `settle`: memory is what the disk says, and both end at `zxid`. */
export interface Settled {
  readonly kind: 'settled';
  readonly zxid: Zxid;
  /** Chance, drawn by the shell in 0 ≤ jitter < 1: where in their window the pauses of this turn as a looker lie. */
  readonly jitter: number;
}

/** Every transaction appended up to this one would survive a power failure. */
export interface Durable {
  readonly kind: 'durable';
  readonly zxid: Zxid;
}

export interface AcceptedEpochStored {
  readonly kind: 'acceptedEpochStored';
  readonly epoch: number;
}

export interface CurrentEpochStored {
  readonly kind: 'currentEpochStored';
  readonly epoch: number;
}

/** The end of `truncate`, durably; the state was rebuilt. */
export interface Truncated {
  readonly kind: 'truncated';
  /** Where the history ends now. After what was asked for: no snapshot is that old, and nothing was changed. */
  readonly zxid: Zxid;
}

/** The end of `receiveSnapshot`: memory holds the leader's image. What followed it on the link comes after this. */
export interface SnapshotReceived {
  readonly kind: 'snapshotReceived';
  readonly link: LinkId;
}

/** The end of `saveSnapshot`. */
export interface SnapshotSaved {
  readonly kind: 'snapshotSaved';
  readonly zxid: Zxid;
}

/** The end of `sendSnapshot`: the image has left, and what is sent from now on follows it. */
export interface SnapshotSent {
  readonly kind: 'snapshotSent';
  readonly link: LinkId;
}

/** The end of `readLog`: one bounded piece, when the learner's link has room for it. */
export interface LogRead {
  readonly kind: 'logRead';
  readonly link: LinkId;
  /** In order, without holes between pieces. */
  readonly entries: readonly Proposal[];
  /**
   * 'more': there is more, if it is asked for. 'end': everything asked for has come. 'unusable': the log begins too late,
   * is larger than allowed or cannot be read.
   */
  readonly end: 'more' | 'end' | 'unusable';
}

// --- from the member's own services ---

/** A prepared transaction. Only while `peer.accepts` says so, with the zxid `peer.nextZxid`. */
export interface Propose {
  readonly kind: 'propose';
  readonly zxid: Zxid;
  readonly payload: Uint8Array;
  /** Not null: this is a reconfiguration, and this is the view it leads to, with its version. */
  readonly view: View | null;
}

/**
 * At the leader: somebody asked for a sync, and everything that came before from there has been proposed. Answered when
 * all proposals outstanding now are committed.
 */
export interface SyncRequested {
  readonly kind: 'syncRequested';
  /** The learner's link, or null for a client of this member, answered with `synced`. */
  readonly link: LinkId | null;
  readonly token: number;
}

/** The member is to be no leader or learner any more: the disk fails, or an operator asks. It goes looking again. */
export interface StepDown {
  readonly kind: 'stepDown';
  readonly reason: string;
}

/** The disk of this member has room for more history, or not. It has until told otherwise. */
export interface Room {
  readonly kind: 'room';
  readonly hasRoom: boolean;
}

export type Event =
  | Tick
  | Room
  | NotificationReceived
  | Unreachable
  | LinkAccepted
  | Connected
  | ConnectFailed
  | LinkDown
  | MessageReceived
  | Settled
  | Durable
  | AcceptedEpochStored
  | CurrentEpochStored
  | Truncated
  | SnapshotReceived
  | SnapshotSaved
  | SnapshotSent
  | LogRead
  | Propose
  | SyncRequested
  | StepDown;
