/**
 * What a peer wants done, in order.
 *
 * The shell carries effects out one after the other. An effect that ends with an event may take its time; nothing that must
 * wait for it is asked for before the event came, so the shell cannot get the order of persistence wrong.
 */
import type { Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { LinkId } from './events.ts';
import type { Carried, Message, Notification, PeerState } from './messages.ts';
import type { View } from './view.ts';

// --- election port ---

/** Connect if need be. A notification that did not leave yet is replaced by a newer one to the same server. */
export interface Notify {
  readonly kind: 'notify';
  readonly to: Sid;
  readonly notification: Notification;
}

// --- quorum port ---

/** To the leader of our choice. Ends with `connected` or `connectFailed`, which repeat the number of the attempt. */
export interface Connect {
  readonly kind: 'connect';
  readonly attempt: number;
  readonly sid: Sid;
  readonly address: string;
}

/** Encode once, send to each, in the order of the effects. */
export interface Send {
  readonly kind: 'send';
  readonly to: readonly LinkId[];
  readonly message: Message;
}

/** Send what was asked for before, then close. No event about this link matters any more. */
export interface Close {
  readonly kind: 'close';
  readonly link: LinkId;
  readonly reason: string;
}

/** Send a `pong` with this zxid and the sessions touched since the last one. */
export interface AnswerPing {
  readonly kind: 'answerPing';
  readonly link: LinkId;
  readonly zxid: Zxid;
}

/** For the member's own services: the leader's `request`, `revalidate` and `pong`, the learner's `revalidated` and `sync`. */
export interface Deliver {
  readonly kind: 'deliver';
  readonly link: LinkId;
  readonly from: Sid;
  readonly message: Carried;
}

/** The leader's own `syncRequested` with this token. */
export interface Synced {
  readonly kind: 'synced';
  readonly token: number;
}

// --- storage ---

/**
 * A role ended. Make durable what was appended, apply what of it is not applied yet, so that memory and disk end at the same
 * transaction; with `reload`, memory is not to be trusted and is read from the disk again. No snapshot may be written of
 * transactions that were only applied here. Ends with `settled`; appends of the role that ended report nothing any more.
 */
export interface Settle {
  readonly kind: 'settle';
  readonly reload: boolean;
}

/** Into the log after the one before. Ends with `durable`, one for many. */
export interface Append {
  readonly kind: 'append';
  readonly zxid: Zxid;
  readonly payload: Uint8Array;
  /** Not null: the transaction is a reconfiguration. */
  readonly view: View | null;
}

/**
 * Apply the oldest transaction appended and not applied. In broadcast it is decided: tell watchers, answer. Before that it is
 * what the leader has, and nobody is served yet.
 */
export interface CommitHere {
  readonly kind: 'commit';
  readonly zxid: Zxid;
}

/** Apply to memory only; a snapshot will make it durable before anybody relies on it. */
export interface Apply {
  readonly kind: 'apply';
  readonly zxid: Zxid;
  readonly payload: Uint8Array;
}

/** Durably, the way epoch files are written. Ends with `acceptedEpochStored`. */
export interface StoreAcceptedEpoch {
  readonly kind: 'storeAcceptedEpoch';
  readonly epoch: number;
}

/** Ends with `currentEpochStored`. */
export interface StoreCurrentEpoch {
  readonly kind: 'storeCurrentEpoch';
  readonly epoch: number;
}

/**
 * Remove every transaction after this one from log and snapshots, and build the state again. Where that is impossible, as only
 * younger snapshots are left, nothing is changed. Ends with `truncated`.
 */
export interface Truncate {
  readonly kind: 'truncate';
  readonly zxid: Zxid;
}

/** The image that follows on the link replaces the state in memory. Ends with `snapshotReceived`, or with `linkDown`. */
export interface ReceiveSnapshot {
  readonly kind: 'receiveSnapshot';
  readonly link: LinkId;
  readonly zxid: Zxid;
  /** No byte for so long: the link is down. The core cannot see the bytes, and keeps no time meanwhile. */
  readonly idleMs: number;
}

/**
 * Make the state in memory durable as the snapshot of this zxid. Whatever the log holds belongs to another history: nothing
 * of it may be replayed after this snapshot. Ends with `snapshotSaved`.
 */
export interface SaveSnapshot {
  readonly kind: 'saveSnapshot';
  readonly zxid: Zxid;
}

/** Send `snap` with this zxid and the image of the state; later messages to this link wait behind it. Ends with `snapshotSent`. */
export interface SendSnapshot {
  readonly kind: 'sendSnapshot';
  readonly link: LinkId;
  readonly zxid: Zxid;
}

/**
 * Read a piece of the log: from the last entry at or before `from` up to and including `upTo`. Unusable when the log begins
 * after `from`, or when all from there to its end is larger than the share of a snapshot that settings allow. Continued:
 * what comes after `from`, without asking again for the size; a cursor may have been kept, and where what follows was purged
 * meanwhile, the log is unusable. Ends with one `logRead`.
 */
export interface ReadLog {
  readonly kind: 'readLog';
  readonly link: LinkId;
  readonly isContinued: boolean;
  readonly from: Zxid;
  readonly upTo: Zxid;
}

// --- membership ---

/**
 * A view was proposed, or the leader told of it: keep it as the next one, and talk to its servers about elections, too. The
 * one in force: what was proposed was given up, and there is no next one.
 */
export interface ViewSeen {
  readonly kind: 'viewSeen';
  readonly view: View;
}

/** A view is in force: keep it as the current one. */
export interface ViewActive {
  readonly kind: 'viewActive';
  readonly view: View;
}

// --- the member ---

export type Phase = 'election' | 'discovery' | 'synchronization' | 'broadcast';

/**
 * Where the peer is now. Clients are served in 'broadcast' only; leaving it ends every client connection. `epoch` is the
 * one being agreed on or in force.
 */
export interface PhaseChanged {
  readonly kind: 'phase';
  readonly role: PeerState;
  readonly phase: Phase;
  readonly leader: Sid | null;
  readonly epoch: number;
  /** What led here, for the log. */
  readonly reason: string;
}

/** This member cannot go on: its history is not one the ensemble can mend. Stop it. */
export interface Fail {
  readonly kind: 'fail';
  readonly reason: string;
}

export type Effect =
  | Notify
  | Connect
  | Send
  | Close
  | AnswerPing
  | Deliver
  | Synced
  | Settle
  | Append
  | CommitHere
  | Apply
  | StoreAcceptedEpoch
  | StoreCurrentEpoch
  | Truncate
  | ReceiveSnapshot
  | SaveSnapshot
  | SendSnapshot
  | ReadLog
  | ViewSeen
  | ViewActive
  | PhaseChanged
  | Fail;

/** Filled by a step, emptied by the shell: the same list again and again. */
export class Effects {
  readonly #list: Effect[] = [];

  push(effect: Effect): void {
    this.#list.push(effect);
  }

  get list(): readonly Effect[] {
    return this.#list;
  }

  clear(): void {
    this.#list.length = 0;
  }
}
