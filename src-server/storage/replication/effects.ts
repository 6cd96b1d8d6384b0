/**
 * What a replica wants done, in order.
 *
 * The shell carries effects out one after the other. What changes the log (create, append, commit, truncate) is done at once;
 * what takes time ends with an event, and nothing that must wait for it is asked for before that event came.
 */
import type { NodeId } from '../ring/topology.ts';
import type { Copying, EpochStart, LogEntry, Message } from './messages.ts';

// --- the log ---

/** A new and empty log, in the place of what was copied of another. */
export interface Create {
  readonly kind: 'create';
  readonly partition: number;
}

/** Behind the last entry. Durable with the flush at the end of the turn, which is told with `durable`. */
export interface Append {
  readonly kind: 'append';
  readonly partition: number;
  readonly entries: readonly LogEntry[];
}

/** Takes back everything after this entry; none of it was committed. */
export interface Truncate {
  readonly kind: 'truncate';
  readonly partition: number;
  readonly seq: number;
}

/**
 * Entries up to this one hold for ever. Who waits for one that was proposed here, and is not told `discarded`, is answered.
 */
export interface Committed {
  readonly kind: 'committed';
  readonly partition: number;
  readonly seq: number;
}

/** Entries that were proposed here in this epoch, and that never happened nor will: they may be tried again elsewhere. */
export interface Discarded {
  readonly kind: 'discarded';
  readonly partition: number;
  readonly epoch: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Of entries that were proposed here from this one on, this replica will not learn more: they are in doubt. */
export interface InDoubt {
  readonly kind: 'inDoubt';
  readonly partition: number;
  readonly fromSeq: number;
}

// --- other nodes ---

/** In the order of the effects; dropped where there is no link. */
export interface Send {
  readonly kind: 'send';
  readonly to: NodeId;
  readonly message: Message;
}

/**
 * Send entries from this one on, as many as one piece may hold and one at least, none after `toSeq`, as `entries` with this
 * epoch and commit point. Done at once: `entriesSent` or `entriesGone` is stepped before any other event.
 */
export interface SendEntries {
  readonly kind: 'sendEntries';
  readonly partition: number;
  readonly to: NodeId;
  readonly epoch: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly committedSeq: number;
}

/**
 * Copy what is committed here to that node, which expects it, going on where an earlier copy ended if `from` says so. Its next
 * promise tells that it has come. Another one for the same node replaces it.
 */
export interface CopyTo {
  readonly kind: 'copyTo';
  readonly partition: number;
  readonly to: NodeId;
  readonly epoch: number;
  /** Where the log stands from which entries will follow. */
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly epochs: readonly EpochStart[];
  /** 0: from the beginning. */
  readonly cursor: number;
}

/** The copy to that node is not wanted any more, if there is one. */
export interface StopCopyTo {
  readonly kind: 'stopCopyTo';
  readonly partition: number;
  readonly to: NodeId;
}

/**
 * A copy from that node is expected, or continued, and replaces what is here. Ends with `installed`; a copy of any other epoch
 * or node is refused.
 */
export interface ExpectCopy {
  readonly kind: 'expectCopy';
  readonly partition: number;
  readonly from: NodeId;
  readonly epoch: number;
  readonly copying: Copying | null;
}

// --- the ensemble ---

/** Write these into the partition's record if it still has this version. Ends with `controlAnswered`. */
export interface WantInSync {
  readonly kind: 'wantInSync';
  readonly partition: number;
  readonly inSync: readonly NodeId[];
  /** Replicas have no say here: who comes into sync and was a learner is a replica from then on. */
  readonly learners: readonly NodeId[];
  readonly expectedVersion: number;
}

/**
 * This replica is not what the record takes it for. 'restarted': as the leader it must be elected again, under a new epoch.
 * 'unfit': its log is not that of somebody in sync, and it must be taken out. Told once for each version.
 */
export interface WantEpoch {
  readonly kind: 'wantEpoch';
  readonly partition: number;
  readonly expectedVersion: number;
  readonly why: 'restarted' | 'unfit';
}

// --- those who serve ---

export type Role = 'leader' | 'follower' | 'learner' | 'idle';

/** Told whenever one of them changes. */
export interface Became {
  readonly kind: 'became';
  readonly partition: number;
  readonly role: Role;
  readonly epoch: number;
  /** As far as known here. */
  readonly leader: NodeId | null;
  readonly serving: Serving;
}

/**
 * What may be asked for here. 'reads' and 'writes' at a leader; 'reads' are those with a lease or strict, which may still have
 * to wait for grants. 'none' at a leader: it is establishing itself; who asks waits.
 */
export type Serving = 'none' | 'reads' | 'writes';

/** Strict reads up to this token may be answered from what is committed. */
export interface ReadsConfirmed {
  readonly kind: 'readsConfirmed';
  readonly partition: number;
  readonly upToToken: number;
}

/** Strict reads that were not confirmed never will be: this is not the leader any more. */
export interface ReadsRefused {
  readonly kind: 'readsRefused';
  readonly partition: number;
  readonly upToToken: number;
}

export type Effect =
  | Create
  | Append
  | Truncate
  | Committed
  | Discarded
  | InDoubt
  | Send
  | SendEntries
  | CopyTo
  | StopCopyTo
  | ExpectCopy
  | WantInSync
  | WantEpoch
  | Became
  | ReadsConfirmed
  | ReadsRefused;

/** Filled by steps, emptied by the shell: the same list again and again. */
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
