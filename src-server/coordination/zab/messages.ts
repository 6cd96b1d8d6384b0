/**
 * What peers say to each other, one type for each packet; wire/ turns them into bytes, one to one.
 *
 *   election port   Notification                     anybody → anybody, the newest replaces one that was not sent yet
 *   quorum port     Message                          leader ⇄ learner, in order, nothing lost while the link lives
 *
 * Payloads are opaque and never changed here. They are kept as long as a learner may ask for them, so they must be owned,
 * not borrowed from a chunk.
 */
import type { SessionId, Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { View } from './view.ts';

// --- election ---

export type PeerState = 'looking' | 'following' | 'leading' | 'observing';

/**
 * Java's Long.MIN_VALUE, which is what a server that may not vote proposes as leader, zxid and epoch. It is exact as a
 * number although no zxid is that small; codecs write it back as the same 64 bits.
 */
export const NO_VOTE = -(2 ** 63);

/** An empty database that may have been wiped reports this zxid, and its vote does not count. */
export const UNTRUSTED_ZXID = -1;

export interface Vote {
  /** The proposed or current leader. */
  readonly leader: Sid;
  readonly zxid: Zxid;
  /** The election's logical clock; Java calls it electionEpoch. */
  readonly round: number;
  /** The current epoch of the proposed leader. */
  readonly peerEpoch: number;
}

export interface Notification {
  readonly state: PeerState;
  readonly vote: Vote;
  /** What the sender's message says of its format: 0, 1, or 2 with a configuration. */
  readonly version: number;
  /** The sender's active view; null in old formats and when it could not be read. */
  readonly view: View | null;
}

// --- leader and learner ---

export type LearnerRole = 'follower' | 'observer';

export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

export interface SessionTouch {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
}

/** FOLLOWERINFO and OBSERVERINFO. */
export interface LearnerInfo {
  readonly kind: 'learnerInfo';
  readonly role: LearnerRole;
  readonly acceptedEpoch: number;
  /** Null when the packet names nobody; the leader then gives out a negative one. */
  readonly sid: Sid | null;
  /** 0x10000 for everybody since 3.4. */
  readonly protocolVersion: number;
  /** Version of the view the learner has activated; 0 when the packet does not say. */
  readonly configVersion: number;
}

export interface LeaderInfo {
  readonly kind: 'leaderInfo';
  readonly epoch: number;
}

export interface AckEpoch {
  readonly kind: 'ackEpoch';
  readonly lastZxid: Zxid;
  /** −1: the learner had accepted this very epoch before, and does not count for it again. */
  readonly currentEpoch: number;
}

export interface Diff {
  readonly kind: 'diff';
  readonly zxid: Zxid;
}

export interface Trunc {
  readonly kind: 'trunc';
  /** The last transaction to keep. */
  readonly zxid: Zxid;
}

/** Followed by the raw image of the state on the same link. */
export interface Snap {
  readonly kind: 'snap';
  readonly zxid: Zxid;
}

/** Also what the log and the list of committed transactions hold: one object from the proposal to the last learner. */
export interface Proposal {
  readonly kind: 'proposal';
  readonly zxid: Zxid;
  readonly payload: Uint8Array;
  /** The view a reconfiguration leads to; null for every other transaction. */
  readonly view: View | null;
}

export interface Commit {
  readonly kind: 'commit';
  readonly zxid: Zxid;
}

export interface CommitAndActivate {
  readonly kind: 'commitAndActivate';
  readonly zxid: Zxid;
  /** Who leads from here on. */
  readonly leader: Sid;
}

export interface Inform {
  readonly kind: 'inform';
  readonly zxid: Zxid;
  readonly payload: Uint8Array;
}

export interface InformAndActivate {
  readonly kind: 'informAndActivate';
  readonly zxid: Zxid;
  readonly leader: Sid;
  readonly payload: Uint8Array;
  readonly view: View;
}

export interface NewLeader {
  readonly kind: 'newLeader';
  readonly epoch: number;
  /** The newest view the leader has seen; null when the packet carries none. */
  readonly view: View | null;
}

export interface Ack {
  readonly kind: 'ack';
  /** With counter 0: the NEWLEADER or UPTODATE of that epoch. */
  readonly zxid: Zxid;
}

export interface UpToDate {
  readonly kind: 'upToDate';
}

/** PING from the leader. */
export interface Ping {
  readonly kind: 'ping';
  readonly zxid: Zxid;
}

/** PING from the learner. */
export interface Pong {
  readonly kind: 'pong';
  readonly zxid: Zxid;
  readonly touches: readonly SessionTouch[];
}

/** A client's write, or its sync, on the way to the leader. */
export interface Request {
  readonly kind: 'request';
  readonly sessionId: SessionId;
  readonly cxid: number;
  readonly op: number;
  /** The client's request body as it came. */
  readonly body: Uint8Array;
  readonly identities: readonly Identity[];
}

/** REVALIDATE from the learner. */
export interface Revalidate {
  readonly kind: 'revalidate';
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
}

/** REVALIDATE from the leader. */
export interface Revalidated {
  readonly kind: 'revalidated';
  readonly sessionId: SessionId;
  readonly isValid: boolean;
}

/** The answer to the oldest sync request of this learner that has none yet. */
export interface Sync {
  readonly kind: 'sync';
}

/** Passed through by the core: it only notes that the other side lives. */
export type Carried = Pong | Request | Revalidate | Revalidated | Sync;

export type FromLearner = LearnerInfo | AckEpoch | Ack | Pong | Request | Revalidate;

export type FromLeader =
  | LeaderInfo
  | Diff
  | Trunc
  | Snap
  | Proposal
  | Commit
  | CommitAndActivate
  | Inform
  | InformAndActivate
  | NewLeader
  | UpToDate
  | Ping
  | Revalidated
  | Sync;

export type Message = FromLearner | FromLeader;
