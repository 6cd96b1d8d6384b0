/**
 * What the ensemble page shows of an ensemble: its members, whether they are enough, and how their figures moved. A figure
 * that a server does not tell is null, never a guess.
 */
import {
  boolean,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  string,
  type TypeOf,
} from './checks.ts';
import { memberState } from './models.ts';

/**
 * What a server said it is. 'looking': it answers and does not serve, so it has no leader at present; 'unreachable': nothing
 * answers at its address; 'unknown': there is no telling, and `trouble` says why.
 */
export const memberRole = literal(
  'leader',
  'follower',
  'observer',
  'standalone',
  'read-only',
  'looking',
  'unreachable',
  'unknown',
);
export type MemberRole = TypeOf<typeof memberRole>;

/** Why a member is not as it should be, or cannot be seen as it is. Each has words and advice in the interface. */
export const memberTrouble = literal(
  /** The connection is refused: no process listens there. */
  'refused',
  /** Host or network cannot be reached, or its name is not known. */
  'unreachable',
  /** It took the connection, or not even that, and said nothing in time: paused, overloaded, or a firewall. */
  'silent',
  /** The configuration does not say where its clients connect. */
  'no-address',
  /** It takes clients over TLS only, and words cannot be asked so. */
  'tls-only',
  /** It answers, but every word that would tell its role is switched off. */
  'words-refused',
  /** It has no leader: an election, or no quorum. */
  'looking',
  /** It lost its quorum and answers reads only. */
  'read-only',
);
export type MemberTrouble = TypeOf<typeof memberTrouble>;

/** Whether the voters that can be seen suffice, counted as this ensemble counts. */
export const quorumView = object({
  voters: integer,
  /** Voters that follow a leader, or lead. */
  alive: integer,
  /** Null with groups and weights, where no one number decides. */
  needed: nullable(integer),
  isMet: boolean,
  /** How many more of those alive may fail, whichever they are, before writes stop. */
  mayFail: integer,
});
export type QuorumView = TypeOf<typeof quorumView>;

const latency = object({ minMs: number, averageMs: number, maxMs: number });

/** What a server tells of itself. */
export const memberFigures = object({
  version: nullable(string),
  zxid: nullable(number),
  /** Since its start, or since somebody reset it. */
  latency: nullable(latency),
  connections: nullable(integer),
  outstanding: nullable(integer),
  nodeCount: nullable(integer),
  /** These from `mntr` only. */
  sessions: nullable(integer),
  watches: nullable(integer),
  ephemerals: nullable(integer),
  dataBytes: nullable(number),
  uptimeMs: nullable(number),
  openFiles: nullable(integer),
  /** How many voters this leader counts, with itself. */
  following: nullable(integer),
  /** Snapshots and logs together, from `conf`. */
  diskBytes: nullable(number),
});
export type MemberFigures = TypeOf<typeof memberFigures>;

export const ensembleMember = object({
  /** The same as long as it is the same server: its id, or its address where the id is not known. */
  key: string,
  id: nullable(integer),
  /** Where clients connect; null where nobody says. */
  address: nullable(string),
  /** Where the others connect, `host:port:port`, from the configuration. */
  quorumAddress: nullable(string),
  /** Null outside of an ensemble. */
  votes: nullable(boolean),
  role: memberRole,
  trouble: nullable(memberTrouble),
  /** What exactly went wrong, in the words of whoever noticed. */
  detail: nullable(string),
  /** Words it does not answer. */
  refusedWords: list(string),
  figures: memberFigures,
  /** Transactions behind the leader, both asked at the same time; null where either is not known or the epochs differ. */
  lag: nullable(integer),
  /** How long it took to answer this console, ms. */
  answerMs: nullable(number),
  /** What becomes of the quorum if this one stops; null where it takes no part in one. */
  ifStopped: nullable(quorumView),
  /** For members of this program: what it knows of them itself. */
  local: nullable(memberState),
});
export type EnsembleMember = TypeOf<typeof ensembleMember>;

/**
 * What is to become of a member of this program: `stop` ends it in order, `kill` as if its process had been killed, `pause`
 * holds it as if its process had been stopped with SIGSTOP, until `resume`.
 */
export const memberOrder = object({
  /** Null for a server on its own. */
  id: nullable(integer),
  what: literal('start', 'stop', 'kill', 'pause', 'resume'),
});
export type MemberOrder = TypeOf<typeof memberOrder>;

/** One moment of one member. Rates are over the second before. */
export const memberSample = object({
  key: string,
  requestsPerS: nullable(number),
  /** Mean of the requests answered since the sample before. */
  latencyMs: nullable(number),
  outstanding: nullable(number),
  connections: nullable(number),
  txnsPerS: nullable(number),
});
export type MemberSample = TypeOf<typeof memberSample>;

export const ensembleSample = object({ atMs: number, members: list(memberSample) });
export type EnsembleSample = TypeOf<typeof ensembleSample>;

export const ensembleView = object({
  atMs: number,
  members: list(ensembleMember),
  /** Null for servers on their own, and where nobody tells who votes. */
  quorum: nullable(quorumView),
  /** The configuration's version, a zxid; null where it cannot be read. */
  configVersion: nullable(number),
  /** Whether the configuration was read; else these are the servers of the connect string. */
  isConfigKnown: boolean,
  /** Those this listener has not had yet: everything kept at first, one at a time afterwards. */
  samples: list(ensembleSample),
});
export type EnsembleView = TypeOf<typeof ensembleView>;
