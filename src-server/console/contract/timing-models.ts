/**
 * What the console shows of when a transaction came past each member of the ensemble on this computer. Times are whole
 * microseconds since its leader proposed it; where the leader does not tell, since the first member heard of it.
 */
import {
  boolean,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  text,
  type TypeOf,
} from './checks.ts';

const timeUs = nullable(integer);

/** At one member; null for what has not happened or nobody told. */
export const memberTiming = object({
  id: integer,
  /** Of others, such as Apache's servers, the leader's word of their acknowledgements is all there is. */
  tells: boolean,
  /** Null at the leader. */
  receivedUs: timeUs,
  appendedUs: timeUs,
  durableUs: timeUs,
  /** When the leader heard that it is on this member's disk; of the leader itself, when it was on its own. */
  ackUs: timeUs,
  /** When it learnt of the decision. */
  committedUs: timeUs,
  appliedUs: timeUs,
});
export type MemberTiming = TypeOf<typeof memberTiming>;

export const txnTiming = object({
  /** Null where whoever proposed it does not tell. */
  leader: nullable(integer),
  /** 'given-up': later ones were committed and this one was not. */
  standing: literal('committed', 'waiting', 'given-up'),
  /** When a quorum was reached, which is when it was decided. */
  commitUs: timeUs,
  /** How long it has waited so far. */
  waitedUs: timeUs,
  /** Whose acknowledgement was the last that was needed. */
  quorumBy: nullable(integer),
  /** By id. */
  members: list(memberTiming),
});
export type TxnTiming = TypeOf<typeof txnTiming>;

/** Who asked for it: where that client is connected from, and to which member. */
export const clientAddress = object({ address: text({ max: 300 }), member: nullable(integer) });
export type ClientAddress = TypeOf<typeof clientAddress>;

/** Commits that took so long: from `fromUs` to below `toUs`. */
export const latencyBucket = object({ fromUs: number, toUs: number, count: integer });
export type LatencyBucket = TypeOf<typeof latencyBucket>;

/** Of the last minute, as far as it is kept. */
export const timingSummary = object({
  /** By id. */
  members: list(object({ id: integer, tells: boolean })),
  leader: nullable(integer),
  /** Transactions whose times were overwritten before anybody could ask for them. */
  skipped: integer,
  waiting: integer,
  commits: integer,
  spanMs: integer,
  p50Us: timeUs,
  p90Us: timeUs,
  p99Us: timeUs,
  maxUs: timeUs,
  histogram: list(latencyBucket),
});
export type TimingSummary = TypeOf<typeof timingSummary>;
