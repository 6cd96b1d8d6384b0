/**
 * What can happen to a replica of a partition: everything it ever learns of the world comes in as one of these.
 *
 * A turn is: take in what has arrived, then read the clock for a `tick`, then the other events one by one, then `turnEnd`.
 * The order matters: a time that is older than a message received before it would let a grant run out too early.
 */
import type { NodeId } from '../ring/topology.ts';
import type { Copying, LogFacts, PartitionMessage } from './messages.ts';

/** Who holds a partition and who leads it, as the ensemble has it. The same shape as control's record. */
export interface PartitionState {
  readonly epoch: number;
  readonly leader: NodeId | null;
  /** The start of the leader's process that was elected. */
  readonly leaderIncarnation: number;
  /** The last epoch whose leader an operator chose although it was not in sync; 0 for never. */
  readonly forcedEpoch: number;
  readonly inSync: readonly NodeId[];
  readonly replicas: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** Time passed. At `wakeAtMs` at the latest; more often does no harm. */
export interface Tick {
  readonly kind: 'tick';
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: number;
}

/** The ensemble's record was read. An older version than one known already changes nothing. */
export interface Assigned {
  readonly kind: 'assigned';
  readonly state: PartitionState;
  /** Of its znode. */
  readonly version: number;
  /** Of the ring: how many must be in sync for writes to be taken. */
  readonly minInSync: number;
}

/** The end of a `wantInSync`, as far as it is known. */
export interface ControlAnswered {
  readonly kind: 'controlAnswered';
  readonly expectedVersion: number;
  /** 'changed': the version is one more now. 'conflict': it was not changed. 'lost': nobody knows. */
  readonly outcome: 'changed' | 'conflict' | 'lost';
}

/** A sync has ended that began when the log ended with this entry. */
export interface Durable {
  readonly kind: 'durable';
  readonly epoch: number;
  readonly seq: number;
}

export interface MessageReceived {
  readonly kind: 'message';
  readonly from: NodeId;
  readonly message: PartitionMessage;
}

/** A link to this node is there, both ways; whatever was on an older one is lost. */
export interface LinkUp {
  readonly kind: 'linkUp';
  readonly node: NodeId;
}

export interface LinkDown {
  readonly kind: 'linkDown';
  readonly node: NodeId;
}

/** The end of a `sendEntries`: they have left up to this one. */
export interface EntriesSent {
  readonly kind: 'entriesSent';
  readonly to: NodeId;
  readonly lastSeq: number;
  readonly bytes: number;
}

/** The other end of a `sendEntries`: some of them are no longer kept here. */
export interface EntriesGone {
  readonly kind: 'entriesGone';
  readonly to: NodeId;
}

/** So much of the copy that is expected is on the disk. Said now and then: where the link breaks, it goes on from there. */
export interface CopyProgressed {
  readonly kind: 'copyProgressed';
  readonly copying: Copying;
}

/** A copy that was expected has come, durably: this is the log now, and it can be continued. */
export interface Installed {
  readonly kind: 'installed';
  readonly log: LogFacts;
}

/** Bytes on the disk are not what was written. The replica serves nothing until it was installed again. */
export interface Damaged {
  readonly kind: 'damaged';
}

/** A client wants to read what was committed when it asked, without trust in clocks. Tokens grow. */
export interface StrictRead {
  readonly kind: 'strictRead';
  readonly token: number;
}

/** Everything of this turn has been told: what was gathered may leave. */
export interface TurnEnd {
  readonly kind: 'turnEnd';
}

export type Event =
  | Tick
  | Assigned
  | ControlAnswered
  | Durable
  | MessageReceived
  | LinkUp
  | LinkDown
  | EntriesSent
  | EntriesGone
  | CopyProgressed
  | Installed
  | Damaged
  | StrictRead
  | TurnEnd;
