/**
 * What the console shows. Zxids are numbers, session ids 16 hexadecimal digits, times wall milliseconds; bytes stay bytes.
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
import { ERROR_CODES } from './errors.ts';

const errorCode = literal(...ERROR_CODES);

/** The longest path that makes sense: a request holds no more. */
export const path = text({ max: 1_048_576 });

// --- clusters ---

/** How careful the console is with a cluster. */
export const environment = literal('lab', 'test', 'production');
export type Environment = TypeOf<typeof environment>;

export const clusterId = text({ max: 64 });

/** A connection as it is remembered: nothing secret in it. */
export const clusterSettings = object({
  name: text({ max: 100 }),
  /** `host:port,host:port/chroot` */
  connect: text({ max: 4096 }),
  environment,
  sessionTimeoutMs: integer,
  /** Whether a server without quorum will do. */
  canBeReadOnly: boolean,
});
export type ClusterSettings = TypeOf<typeof clusterSettings>;

/** An identity to prove when connecting, such as `digest` and `user:password`. Kept in memory only. */
export const credential = object({ scheme: text({ max: 100 }), auth: text({ max: 10_000 }) });
export type Credential = TypeOf<typeof credential>;

export const connectionState = union('kind', {
  idle: object({ kind: literal('idle') }),
  connecting: object({
    kind: literal('connecting'),
    /** What went wrong last, in words, or null at first. */
    why: nullable(string),
    sinceMs: number,
  }),
  connected: object({
    kind: literal('connected'),
    /** `host:port` of the server in use. */
    server: string,
    sessionId: string,
    sessionTimeoutMs: integer,
    readOnly: boolean,
    sinceMs: number,
  }),
  ended: object({
    kind: literal('ended'),
    cause: literal('auth-failed', 'closed'),
    sinceMs: number,
  }),
});
export type ConnectionState = TypeOf<typeof connectionState>;

/** Who the console's session has proved to be, such as `digest` and `user`; `ip` is seen, not proved. */
export const identity = object({ scheme: string, user: string });
export type Identity = TypeOf<typeof identity>;

/** What the connected server says of itself; null where it does not answer (four-letter words switched off). */
export const serverFacts = object({
  /** standalone, leader, follower, observer, read-only */
  mode: string,
  version: string,
  nodeCount: integer,
});
export type ServerFacts = TypeOf<typeof serverFacts>;

export const cluster = object({
  id: clusterId,
  /** 'local' is the ensemble this program runs itself; it cannot be removed. */
  origin: literal('local', 'remote'),
  settings: clusterSettings,
  state: connectionState,
  /** The newest zxid seen, 0 before the first. */
  zxid: number,
  /** Round trip of the last ping, ms. */
  latencyMs: nullable(number),
  server: nullable(serverFacts),
  /** Watches the console itself holds there at present. */
  watchCount: integer,
});
export type Cluster = TypeOf<typeof cluster>;

// --- the local ensemble ---

export const memberState = union('kind', {
  starting: object({
    kind: literal('starting'),
    /** What it is doing: 'opening', 'reading-snapshot', 'replaying-log', or, with others, 'electing'. */
    step: literal('opening', 'reading-snapshot', 'replaying-log', 'electing'),
    /** Bytes read, and of how many; both 0 while unknown. */
    done: number,
    total: number,
  }),
  serving: object({ kind: literal('serving'), clientPort: integer, startedInMs: number }),
  failed: object({
    kind: literal('failed'),
    /** Why, and what to do about it. */
    why: string,
    /** When it is tried again, or null when somebody has to act first. */
    retryAtMs: nullable(number),
  }),
  stopped: object({ kind: literal('stopped') }),
  /** Held still with everything it has open: it answers nothing until it is resumed. */
  paused: object({ kind: literal('paused') }),
});
export type MemberState = TypeOf<typeof memberState>;

// --- nodes ---

/** 'unknown' where the protocol does not tell: servers show containers and TTL nodes as persistent ones to clients. */
export const nodeKind = literal('persistent', 'ephemeral', 'container', 'ttl', 'unknown');
export type NodeKind = TypeOf<typeof nodeKind>;

export const stat = object({
  czxid: number,
  mzxid: number,
  pzxid: number,
  ctime: number,
  mtime: number,
  version: integer,
  cversion: integer,
  aversion: integer,
  /** 16 hexadecimal digits, or null for nodes that belong to no session. */
  ephemeralOwner: nullable(string),
  dataLength: integer,
  numChildren: integer,
});
export type Stat = TypeOf<typeof stat>;

export const aclEntry = object({
  scheme: text({ max: 1000 }),
  id: text({ max: 10_000 }),
  /** Bits: read 1, write 2, create 4, delete 8, admin 16. */
  permissions: integer,
});
export type AclEntry = TypeOf<typeof aclEntry>;

export const createMode = literal(
  'persistent',
  'ephemeral',
  'persistent-sequential',
  'ephemeral-sequential',
  'container',
  'persistent-ttl',
  'persistent-sequential-ttl',
);
export type CreateMode = TypeOf<typeof createMode>;

/** One node, opened. Parts the operator may not see say so. */
export const znode = object({
  path,
  stat,
  kind: nodeKind,
  ttlMs: nullable(number),
  /** Null for a node whose data is null; `dataRefused` when it may not be read. */
  data: nullable(bytes),
  dataRefused: boolean,
  /** Null when it may not be read. */
  acl: nullable(list(aclEntry)),
});
export type Znode = TypeOf<typeof znode>;

/** What became of a guarded write. */
export const saveResult = union('kind', {
  saved: object({ kind: literal('saved'), stat }),
  /** Somebody else changed it meanwhile; nothing of theirs was overwritten. */
  conflict: object({ kind: literal('conflict'), theirs: znode }),
  /** It does not exist any more. */
  gone: object({ kind: literal('gone') }),
});
export type SaveResult = TypeOf<typeof saveResult>;

/** What the watched node is now. */
export const znodeEvent = union('kind', {
  present: object({ kind: literal('present'), znode }),
  gone: object({ kind: literal('gone') }),
  /** It could not be asked; the next event says when it can again. */
  unknown: object({ kind: literal('unknown'), code: errorCode, why: string }),
});
export type ZnodeEvent = TypeOf<typeof znodeEvent>;

// --- tree ---

/** One line of the tree. Facts are null until they have been asked for, which is done for visible lines only. */
export const treeRow = object({
  path,
  name: string,
  depth: integer,
  /** Place among the siblings, from 0, and how many there are. */
  position: integer,
  siblings: integer,
  isExpanded: boolean,
  /** An expanded line whose children are on their way. */
  isLoading: boolean,
  /** Why its children cannot be shown, or null. */
  problem: nullable(object({ code: errorCode, why: string })),
  /** Why its own facts cannot be shown, or null. */
  refusal: nullable(errorCode),
  facts: nullable(
    object({
      kind: nodeKind,
      isSequential: boolean,
      numChildren: integer,
      dataLength: integer,
      version: integer,
      mtime: number,
      ephemeralOwner: nullable(string),
    }),
  ),
});
export type TreeRow = TypeOf<typeof treeRow>;

export const treeWindow = object({
  /** Changes with every change of what the tree would show. */
  revision: integer,
  rowCount: integer,
  from: integer,
  rows: list(treeRow),
});
export type TreeWindow = TypeOf<typeof treeWindow>;

/** 'sequence' goes by the ten digits at the end, whatever stands before them, as recipes for locks and queues do. */
export const treeOrder = literal('name', 'name-descending', 'sequence', 'sequence-descending');
export type TreeOrder = TypeOf<typeof treeOrder>;

// --- long work ---

/** What deleting a node with everything below it would do, found by walking it. */
export const deletePlan = object({
  path,
  nodes: integer,
  bytes: number,
  ephemerals: integer,
  /** The first hundred, deepest first, as they would be deleted. */
  sample: list(path),
  /** Says which list was shown; deleting asks for it, and refuses when the tree has changed since. */
  token: string,
});
export type DeletePlan = TypeOf<typeof deletePlan>;

export const operationState = union('kind', {
  running: object({
    kind: literal('running'),
    done: number,
    /** Null while unknown. */
    total: nullable(number),
  }),
  done: object({ kind: literal('done'), done: number }),
  failed: object({ kind: literal('failed'), done: number, code: errorCode, why: string }),
  cancelled: object({ kind: literal('cancelled'), done: number }),
});
export type OperationState = TypeOf<typeof operationState>;

// --- the program ---

/** What runs in this program, and what its start had to settle. */
export const localStart = object({
  kind: literal('standalone', 'ensemble'),
  /**
   * Clients connect elsewhere than usual, as another program has the port. Null: the server on its own. `isLasting`: from now
   * on, since the ensemble began so; otherwise the next start tries the usual one again.
   */
  movedPorts: list(
    object({ member: nullable(integer), from: integer, to: integer, isLasting: boolean }),
  ),
  /** Members that have a folder, and are not in the configuration: they are not started. */
  leftOut: list(object({ member: integer, folder: string })),
  /** The folder of this ensemble also holds the data of a server on its own, which does not run. */
  isOtherBeside: boolean,
});
export type LocalStart = TypeOf<typeof localStart>;

export const appFacts = object({
  version: string,
  /** Where the local ensemble keeps its data. */
  dataDir: string,
  /** What ordinary clients connect to, `127.0.0.1:2181`; null while the member does not serve. */
  connectString: nullable(string),
  member: memberState,
  local: localStart,
});
export type AppFacts = TypeOf<typeof appFacts>;
