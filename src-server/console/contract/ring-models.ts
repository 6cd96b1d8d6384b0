/**
 * What the ring page shows: who is there, who holds which partition, how each of them fares, and what would become of
 * everything without some of them. A figure that a node does not tell is null, never a guess.
 *
 * What there is of every partition travels in columns, little-endian: a ring of 16384 partitions is a few hundred kilobytes so,
 * and megabytes as a list of objects.
 */
import {
  boolean,
  bytes,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  range,
  string,
  text,
  type TypeOf,
} from './checks.ts';
import { nodeName, nodeState } from './storage-models.ts';

/** Where a ring keeps its facts in the tree: `/ring` by default. */
const ringRoot = text({ max: 1000 });
export const ringAt = { cluster: text({ max: 64 }), root: ringRoot };
/** In place of a node's number, where there is nobody. */
export const NOBODY = 0xffff;

// --- nodes ---

export const ringNode = object({
  id: nodeName,
  region: string,
  zone: string,
  host: string,
  weight: number,
  capBytes: nullable(number),
  /** Whether partitions are placed on it. */
  isPlaced: boolean,
  /** Taken out of placement: what it holds is copied elsewhere. */
  isOut: boolean,
  /** Whether it is registered with the ensemble now. */
  isAlive: boolean,
  /** Number of its start. */
  incarnation: nullable(integer),
  /** `host:port` for clients that follow redirections, and for all others. */
  clusterAddress: nullable(string),
  proxyAddress: nullable(string),
  /** For nodes of this program: what it knows of them itself. */
  local: nullable(nodeState),
});
export type RingNode = TypeOf<typeof ringNode>;

// --- the ring ---

export const ringSettings = object({
  ringId: string,
  /** Grows with every change of placement. */
  version: integer,
  partitionCount: range({ min: 1, max: 16384 }),
  replicaCount: range({ min: 1, max: 16 }),
  minInSync: integer,
  strategy: string,
  /** A node away for so long is taken out, and its copies are made elsewhere. */
  downOutMs: number,
  /** Of the placement: when, by whom and why. */
  changed: object({ atMs: number, by: string, why: string }),
});
export type RingSettings = TypeOf<typeof ringSettings>;

/** Columns by partition; a node is its place in `RingView.nodes`, `NOBODY` none. */
export const ringColumns = object({
  /** As many copies as the partition that has most of them. */
  width: range({ min: 1, max: 16 }),
  /** Uint16, `replicaCount` for each: where copies are wanted; the first is to lead. */
  wanted: bytes,
  /** Uint16 for each: who leads. */
  leaders: bytes,
  /** Uint16, `width` for each: who has a copy, replicas before those who still copy. */
  copies: bytes,
  /** Uint16 for each: bit i says that copy i is in sync. */
  inSync: bytes,
  /** Uint16 for each: bit i says that copy i is still being made. */
  learning: bytes,
  /** Uint32 for each: how often the leader has changed. */
  epochs: bytes,
});
export type RingColumns = TypeOf<typeof ringColumns>;

/** Why there is no ring to be shown. */
export const ringAbsence = literal(
  /** Nothing is at this path. */
  'no-ring',
  /** Nodes have registered, and wait for more before partitions are placed. */
  'forming',
  /** The session may not read it. */
  'no-auth',
  /** Something else is there, or it was written by a later program; `detail` says what. */
  'unreadable',
);
export type RingAbsence = TypeOf<typeof ringAbsence>;

export const ringView = object({
  root: ringRoot,
  atMs: number,
  /** Whether it is kept up with the ensemble; else this is how things were before that was lost. */
  isCurrent: boolean,
  absence: nullable(ringAbsence),
  detail: nullable(string),
  settings: nullable(ringSettings),
  /** In the order of their ids. */
  nodes: list(ringNode),
  /** The node that decides placement at present. */
  controller: nullable(nodeName),
  columns: nullable(ringColumns),
  /** Records that cannot be read: where, and what is wrong with them. */
  problems: list(object({ path: string, why: string })),
});
export type RingView = TypeOf<typeof ringView>;

// --- live figures ---

/** Why a node tells nothing. */
export const nodeTrouble = literal(
  /** It is not registered: it does not run, or lost the ensemble. */
  'away',
  /** Nothing listens at its address. */
  'refused',
  /** It took the connection, or not even that, and said nothing in time. */
  'silent',
  /** It wants to know who asks. */
  'no-auth',
  /** It does not know this user with this password. */
  'wrong-auth',
  /** It knows the user, who may not ask that. */
  'not-allowed',
  /** It speaks TLS only. */
  'tls-only',
  /** It was to speak TLS, and no such connection came about. */
  'tls-failed',
  /** Its certificate is not accepted. */
  'untrusted',
  /** It still reads its files. */
  'loading',
  /** It answers something else than nodes do. */
  'unreadable',
);
export type NodeTrouble = TypeOf<typeof nodeTrouble>;

/** How the nodes of a ring are entered: as whom, and over TLS or not. */
const tlsAccess = nullable(object({ caFile: nullable(text({ max: 4000 })) }));
/** What may be told of it. */
export const accessFacts = object({ user: nullable(string), tls: tlsAccess });
export type AccessFacts = TypeOf<typeof accessFacts>;

/** User and password empty: nobody in particular. */
export const accessWish = object({
  user: text({ max: 64 }),
  password: text({ max: 10_000 }),
  tls: tlsAccess,
});
export type AccessWish = TypeOf<typeof accessWish>;

/** Null where it is in force now; else why the first node that answered does not let the console in so. */
export const accessOutcome = object({ trouble: nullable(nodeTrouble), detail: nullable(string) });
export type AccessOutcome = TypeOf<typeof accessOutcome>;

export const nodeFigures = object({
  version: nullable(string),
  /** 'durable' or 'cache'. */
  mode: nullable(string),
  uptimeMs: nullable(number),
  clients: nullable(integer),
  keys: nullable(number),
  /** What its partitions hold, and what that takes on disk. */
  dataBytes: nullable(number),
  diskBytes: nullable(number),
  diskFreeBytes: nullable(number),
  memoryBytes: nullable(number),
  partitionsHeld: nullable(integer),
  partitionsLed: nullable(integer),
  /** Entries it has still to get of partitions it follows. */
  lagEntries: nullable(number),
});
export type NodeFigures = TypeOf<typeof nodeFigures>;

export const nodeReport = object({
  id: nodeName,
  trouble: nullable(nodeTrouble),
  /** What exactly went wrong, in the words of whoever noticed. */
  detail: nullable(string),
  answerMs: nullable(number),
  figures: nodeFigures,
});
export type NodeReport = TypeOf<typeof nodeReport>;

/** One moment of one node; rates are over the second before. */
export const nodeSample = object({
  id: nodeName,
  commandsPerS: nullable(number),
  bytesInPerS: nullable(number),
  bytesOutPerS: nullable(number),
  lagEntries: nullable(number),
});
export type NodeSample = TypeOf<typeof nodeSample>;

export const ringSample = object({ atMs: number, nodes: list(nodeSample) });
export type RingSample = TypeOf<typeof ringSample>;

/** Why something of the ring does not go on, for all partitions alike: which limit holds it, and whose. */
export const ringWait = object({
  reason: string,
  node: nullable(nodeName),
  /** How many partitions wait so, and which are the first of them; none where it concerns the ring as a whole. */
  partitionCount: integer,
  partitions: list(integer, { max: 6 }),
  /** The path whose change would end the wait, and all of it in words: of the first of them. */
  znode: string,
  words: string,
});
export type RingWait = TypeOf<typeof ringWait>;

export const ringLive = object({
  atMs: number,
  nodes: list(nodeReport),
  /** Float32 for each partition: commands a second at its leader; null where no node tells. */
  traffic: nullable(bytes),
  /** What the node that decides placement waits for, as far as it tells. */
  waits: list(ringWait),
  /** Those this listener has not had yet: everything kept at first, one at a time afterwards. */
  samples: list(ringSample),
});
export type RingLive = TypeOf<typeof ringLive>;

// --- one partition, one key ---

/** What one of its copies tells of a partition. */
export const replicaReport = object({
  id: nodeName,
  /** 'leader', 'follower', 'learner', 'idle', or whatever it calls itself; null where it tells nothing. */
  role: nullable(string),
  trouble: nullable(nodeTrouble),
  epoch: nullable(integer),
  lastSeq: nullable(number),
  committedSeq: nullable(number),
  keys: nullable(number),
  bytes: nullable(number),
  /** Why it does not serve, in its own words; null while it does. */
  waits: nullable(string),
});
export type ReplicaReport = TypeOf<typeof replicaReport>;

export const partitionReport = object({
  partition: integer,
  /** Of its node in the tree: what the controller writes against. */
  version: nullable(integer),
  changedMs: nullable(number),
  replicas: list(replicaReport),
});
export type PartitionReport = TypeOf<typeof partitionReport>;

export const keyPlace = object({
  /** CRC16 of what is hashed, before it is cut to a slot. */
  crc: integer,
  /** What is hashed: the key, or what stands between its braces. */
  hashed: bytes,
  slot: integer,
  /** Null while there is no ring. */
  partition: nullable(integer),
});
export type KeyPlace = TypeOf<typeof keyPlace>;

// --- what if ---

/** For a number of nodes that fail at the same time: how likely it is that something is on none of the others. */
export const lossChance = object({
  failures: integer,
  chance: number,
  /** Counted, and not estimated. */
  isExact: boolean,
});
export type LossChance = TypeOf<typeof lossChance>;

export const whatIf = object({
  without: list(nodeName),
  /** Partitions that get another leader. */
  failOvers: integer,
  /** Copies that have to be made again, and of how much; null where nobody tells sizes. */
  copies: integer,
  copyBytes: nullable(number),
  /** Whether those left can hold as many copies as are wanted, on distinct nodes. */
  canRecover: boolean,
  before: list(lossChance),
  after: list(lossChance),
});
export type WhatIf = TypeOf<typeof whatIf>;
