/**
 * What the console shows of logs and snapshots: files, lines of a view, one transaction or node in full. Zxids are numbers,
 * session ids and digests 16 hexadecimal digits, times wall milliseconds, places byte offsets in the file.
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
  string,
  text,
  type TypeOf,
  union,
} from './checks.ts';
import { aclEntry, path } from './models.ts';
import { clientAddress, timingSummary, txnTiming } from './timing-models.ts';

/** The longest name of a file that systems take. */
export const filePath = text({ max: 32_767 });

export const storedKind = literal('log', 'snapshot');
export type StoredKind = TypeOf<typeof storedKind>;

/** A log or snapshot in the data folder of the ensemble on this computer. */
export const storedFile = object({
  kind: storedKind,
  /** Whole, as `logs.open` takes it. */
  path: filePath,
  name: string,
  /** The folder it lies in, whole. */
  folder: filePath,
  /** Whose it is, where an ensemble of several runs here; null for a server on its own. */
  member: nullable(integer),
  bytes: number,
  modifiedMs: number,
  /** From its name: of a log the first transaction, of a snapshot the last one it surely holds. */
  zxid: number,
  /** Of a log: where the next one begins; null for the newest, and for snapshots. */
  nextZxid: nullable(number),
});
export type StoredFile = TypeOf<typeof storedFile>;

/** What is to be seen of a log or snapshot. Everything that is set must fit; damaged places are always seen. */
export const logFilter = object({
  /** Names of operations, as in the log, 'error' for refused ones; all for an empty list. */
  ops: list(text({ max: 40 }), { max: 100 }),
  /** With a slash in front, what paths begin with; else a part of them. Empty for all. */
  path: text({ max: 10_000 }),
  /** 16 digits, or null for all. */
  sessionId: nullable(text({ max: 16 })),
  fromZxid: nullable(number),
  toZxid: nullable(number),
  fromMs: nullable(number),
  toMs: nullable(number),
  /** Only what took so long, or is taking it; where members of this computer tell their times. */
  slowerThanMs: nullable(number),
  /** Until this member acknowledged it; null: until it was decided. */
  slowAt: nullable(integer),
});
export type LogFilter = TypeOf<typeof logFilter>;

/** How the reading of a file is getting on. */
export const logReading = union('kind', {
  /** Bytes read, and of how many. */
  reading: object({ kind: literal('reading'), done: number, total: number }),
  /** Everything was read; what is written from now on follows by itself. */
  complete: object({ kind: literal('complete') }),
  /** Somebody stopped it, and `logs.filter` begins again. */
  stopped: object({ kind: literal('stopped'), done: number, total: number }),
  /** More lines than a view holds; a filter shows those that were left out. */
  full: object({ kind: literal('full'), done: number, total: number }),
  failed: object({ kind: literal('failed'), why: string }),
});
export type LogReading = TypeOf<typeof logReading>;

/** What a snapshot holds besides nodes; known once it was read to the end. */
export const snapshotFacts = object({
  sessionCount: integer,
  /** The first thousand. */
  sessions: list(object({ id: string, timeoutMs: integer })),
  aclCount: integer,
  nodeCount: integer,
  dataBytes: number,
  ephemeralCount: integer,
  /** What the tree must sum up to once the log was replayed up to that zxid; null where it does not say. */
  digest: nullable(object({ zxid: number, value: string })),
  /** The zxid its writer had reached, which 3.9 adds. */
  lastZxid: nullable(number),
});
export type SnapshotFacts = TypeOf<typeof snapshotFacts>;

export const logState = object({
  /** Changes with every change of what the view would show. */
  revision: integer,
  rowCount: integer,
  /** Transactions or nodes looked at, shown or not. */
  seen: integer,
  /** Damaged and torn places. */
  marks: integer,
  /** Lines at the beginning that are shown no more, as there is no room for all of what is written: row 0 is the one after them. */
  forgotten: integer,
  reading: logReading,
  /** Of the transactions looked at; null before the first. */
  span: nullable(object({ firstZxid: number, lastZxid: number, firstMs: number, lastMs: number })),
  snapshot: nullable(snapshotFacts),
  /** Of the members of this computer while they write; null for files. */
  timings: nullable(timingSummary),
});
export type LogState = TypeOf<typeof logState>;

/** The beginning of a value, enough for a line. */
const preview = nullable(object({ bytes: integer, start: bytes }));

/** Why a place of a log cannot be read. */
export const damageReason = literal(
  'no-record',
  'checksum-changed',
  'length-changed',
  'other-length',
  'record-follows',
  'does-not-fit',
  'last-byte-changed',
  'mismatch',
  'no-log',
  'zeros',
  'unknown-txn',
  'gone',
  'beginning-gone',
  'unfinished',
);

export const logRow = union('kind', {
  txn: object({
    kind: literal('txn'),
    at: number,
    zxid: number,
    timeMs: number,
    op: string,
    sessionId: string,
    cxid: integer,
    /** The first node it is about, and how many others. */
    path: nullable(path),
    morePaths: integer,
    /** Name of the result code where the request was refused. */
    error: nullable(string),
    data: preview,
    /** How many parts a group has; 0 for a single operation. */
    parts: integer,
    /** Null for files, and for what nobody told or is too long ago. */
    timing: nullable(txnTiming),
    /** Who asked for it; null where that is not known. */
    client: nullable(clientAddress),
  }),
  /** A place where there should be a record and is none. */
  mark: object({
    kind: literal('mark'),
    at: number,
    bytes: number,
    /** 'torn': the last write, never finished, of which nobody was told that it is safe. 'damaged': anything else. */
    damage: literal('torn', 'damaged'),
    problem: string,
    /** The same as a code; null where there is none. */
    reason: nullable(damageReason),
  }),
  node: object({
    kind: literal('node'),
    at: number,
    path,
    mzxid: number,
    mtime: number,
    version: integer,
    ephemeralOwner: nullable(string),
    data: preview,
  }),
});
export type LogRow = TypeOf<typeof logRow>;

export const logWindow = object({
  revision: integer,
  rowCount: integer,
  from: integer,
  rows: list(logRow),
});
export type LogWindow = TypeOf<typeof logWindow>;

/** One operation of a transaction, in full: what does not belong to its kind is null. */
export const logPart = object({
  op: string,
  path: nullable(path),
  data: nullable(bytes),
  acl: nullable(list(aclEntry)),
  /** The version the node, or its list, has afterwards. */
  version: nullable(integer),
  parentCversion: nullable(integer),
  isEphemeral: nullable(boolean),
  ttlMs: nullable(number),
  timeoutMs: nullable(integer),
  error: nullable(string),
  /** What the end of a session deletes; null where old servers do not say. */
  deletes: nullable(list(path)),
});
export type LogPart = TypeOf<typeof logPart>;

export const logRecord = union('kind', {
  txn: object({
    kind: literal('txn'),
    /** The file it stands in. */
    file: filePath,
    at: number,
    bytes: integer,
    zxid: number,
    timeMs: number,
    sessionId: string,
    cxid: integer,
    /** Sum of the whole tree afterwards, as its writer saw it. */
    digest: nullable(string),
    whole: logPart,
    /** Of a group. */
    parts: list(logPart),
  }),
  node: object({
    kind: literal('node'),
    file: filePath,
    at: number,
    path,
    data: nullable(bytes),
    /** Null where the snapshot lacks the list that the node names. */
    acl: nullable(list(aclEntry)),
    czxid: number,
    mzxid: number,
    pzxid: number,
    ctime: number,
    mtime: number,
    version: integer,
    cversion: integer,
    aversion: integer,
    ephemeralOwner: nullable(string),
  }),
});
export type LogRecord = TypeOf<typeof logRecord>;
