/**
 * One replica of one partition. The face of this room: an event comes in, effects come out.
 */
import type { NodeId } from '../ring/topology.ts';
import type { Effects, Role, Serving } from './effects.ts';
import type { Event } from './events.ts';
import type { LogFacts } from './messages.ts';

/** What a node may ask of a replica; `PartitionReplica` is one. */
export interface Replica {
  readonly partition: number;
  readonly role: Role;
  /** The newest epoch that is followed or led here. */
  readonly epoch: number;
  readonly leader: NodeId | null;
  readonly serving: Serving;
  readonly lastSeq: number;
  readonly committedSeq: number;
  readonly log: LogFacts;

  /** Whether an entry may be proposed now; its seq is `nextSeq`, its epoch `epoch`. */
  readonly acceptsWrites: boolean;
  readonly nextSeq: number;
  /** Why not, for who was refused. */
  readonly refusal: WriteRefusal | null;

  /** Whether reads may be answered now from what is committed, as far as clocks can be trusted. */
  readonly hasLease: boolean;
  /** So old may what is committed here be; Infinity when nobody can say. 0 at a leader with a lease. */
  readonly staleMs: number;

  /** A tick must come by then. */
  readonly wakeAtMs: number;
  step(event: Event, effects: Effects): void;
}

/**
 * 'window': too much is under way, try again after `committed`. 'noReplicas': fewer are in sync than the ring asks for.
 * 'establishing': soon. 'notLeader': elsewhere.
 */
export type WriteRefusal = 'window' | 'noReplicas' | 'establishing' | 'notLeader';
