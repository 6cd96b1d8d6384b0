/**
 * The console's contract: every method with its parameters and result, every topic with its events. Both halves derive from
 * it, and both check against it.
 *
 * It changes by addition: a new optional field, method or topic. A removal waits for the next version.
 */
import {
  boolean,
  bytes,
  type Check,
  integer,
  list,
  literal,
  nothing,
  nullable,
  number,
  object,
  range,
  string,
  text,
  type TypeOf,
} from './checks.ts';
import { edits } from './edit-models.ts';
import { ensembleView, memberOrder } from './ensemble-models.ts';
import { faultsView, linkFaults } from './fault-models.ts';
import {
  keyChange,
  keyCreation,
  keyLines,
  keyName,
  keyPage,
  keyRange,
  keyValue,
  ttlMs,
} from './key-models.ts';
import {
  filePath,
  logFilter,
  logRecord,
  logState,
  logWindow,
  storedFile,
  storedKind,
} from './log-models.ts';
import { membership, membershipOrder } from './membership-models.ts';
import {
  aclEntry,
  appFacts,
  cluster,
  clusterId,
  clusterSettings,
  createMode,
  credential,
  deletePlan,
  identity,
  operationState,
  path,
  saveResult,
  stat,
  treeOrder,
  treeWindow,
  znode,
  znodeEvent,
} from './models.ts';
import {
  importedLayout,
  layoutText,
  loss,
  pace,
  previewAnswer,
  previewRequest,
  rebalanceName,
  rebalanceNow,
  rebalanceOrder,
  rebalanceReplay,
  rebalanceStart,
  rebalanceSummary,
  scenarios,
  stagedPlace,
} from './rebalance-models.ts';
import { reconfigPlan } from './reconfig-plan-models.ts';
import {
  accessFacts,
  accessOutcome,
  accessWish,
  keyPlace,
  partitionReport,
  ringAt,
  ringLive,
  ringView,
  whatIf,
} from './ring-models.ts';
import { nodeLinkFaults, nodeName, nodeOrder } from './storage-models.ts';

export const CONTRACT_VERSION = 1;

interface Method<P, R> {
  readonly params: Check<P>;
  readonly result: Check<R>;
}

interface Topic<P, E> {
  readonly params: Check<P>;
  readonly event: Check<E>;
}

function method<P, R>(params: Check<P>, result: Check<R>): Method<P, R> {
  return { params, result };
}

function topic<P, E>(params: Check<P>, event: Check<E>): Topic<P, E> {
  return { params, event };
}

const inCluster = { cluster: clusterId };
const node = object({ ...inCluster, path });
const treeId = text({ max: 64 });
const logId = text({ max: 64 });
/** No window needs more lines than a tall screen has. */
const WINDOW_ROWS_MAX = 1000;
const row = range({ min: 0, max: Number.MAX_SAFE_INTEGER });
const atRing = object(ringAt);

export const methods = {
  // --- clusters ---
  /** Remembers a remote cluster. */
  'clusters.add': method(clusterSettings, object({ id: clusterId })),
  'clusters.update': method(object({ id: clusterId, settings: clusterSettings }), nothing),
  /** Forgets it, and disconnects. */
  'clusters.remove': method(object({ id: clusterId }), nothing),
  /** Connects or reconnects; progress comes by the topic. */
  'clusters.connect': method(
    object({ id: clusterId, credentials: list(credential, { max: 20 }) }),
    nothing,
  ),
  'clusters.disconnect': method(object({ id: clusterId }), nothing),
  /** Who the session is to the server. */
  'clusters.identities': method(object({ id: clusterId }), list(identity)),

  // --- the local ensemble ---
  /** Tries a member that failed again, now. */
  'ensemble.retry': method(nothing, nothing),
  /** Starts, ends, pauses or resumes one of its members; how that goes comes by the topics. */
  'ensemble.order': method(memberOrder, nothing),
  /** Does this to ways between its members, and leaves the other ways as they are. */
  'ensemble.breakLinks': method(object({ links: linkFaults }), nothing),
  /** Makes every way healthy, and resumes whoever is paused. */
  'ensemble.heal': method(nothing, nothing),

  /**
   * Makes one more member of this computer: a thread and a folder, which joins once it has what the others have. Its
   * progress is in three steps by the topic `operation`: started, in step, let in.
   */
  'ensemble.grow': method(
    object({ role: literal('participant', 'observer') }),
    object({ operation: string }),
  ),
  /** Takes a member of this computer out for good, and says where its data is kept. */
  'ensemble.shrink': method(
    object({ id: integer, isDataKept: boolean }),
    object({ keptIn: nullable(string) }),
  ),

  // --- who belongs to an ensemble ---
  /** The configuration as the servers have it now, and who of its members is heard. */
  'ensemble.config': method(object(inCluster), membership),
  /** What a change would lead to, as everybody stands now. Nothing is sent. */
  'ensemble.planReconfig': method(object({ ...inCluster, order: membershipOrder }), reconfigPlan),
  /** Changes the configuration, over the client protocol; answers when a quorum of the old and of the new one have it. */
  'ensemble.reconfigure': method(
    object({ ...inCluster, order: membershipOrder }),
    object({ version: number }),
  ),

  // --- tree ---
  /** Opens a view of a cluster's tree; it ends with `tree.close` or with the connection. */
  'tree.open': method(object({ ...inCluster, order: treeOrder }), object({ tree: treeId })),
  'tree.close': method(object({ tree: treeId }), nothing),
  /**
   * Lines [from, from + count) as they are now. What is asked for last is what counts as visible: the service watches those
   * lines and no others.
   */
  'tree.window': method(
    object({ tree: treeId, from: row, count: range({ min: 0, max: WINDOW_ROWS_MAX }) }),
    treeWindow,
  ),
  'tree.expand': method(object({ tree: treeId, path }), nothing),
  'tree.collapse': method(object({ tree: treeId, path }), nothing),
  'tree.order': method(object({ tree: treeId, order: treeOrder }), nothing),
  /** Expands every ancestor; the line of the node, or of its nearest ancestor that exists. */
  'tree.reveal': method(object({ tree: treeId, path }), object({ row: integer, path })),
  /** The line of a path that is shown at present, or null. */
  'tree.find': method(object({ tree: treeId, path }), object({ row: nullable(integer) })),

  // --- nodes ---
  'znodes.get': method(node, znode),
  /** Paths that begin so, for the address bar; at most 50. */
  'znodes.complete': method(object({ ...inCluster, prefix: path }), list(path)),
  'znodes.create': method(
    object({
      ...inCluster,
      path,
      mode: createMode,
      data: nullable(bytes),
      acl: list(aclEntry, { max: 1000 }),
      /** For the two modes with a time to live. */
      ttlMs: nullable(integer),
      /** Makes missing ancestors, persistent and with the same list. */
      withParents: boolean,
    }),
    object({ path, stat }),
  ),
  /** Saves only onto the very node and version that was opened. */
  'znodes.save': method(
    object({ ...inCluster, path, data: nullable(bytes), version: integer, czxid: integer }),
    saveResult,
  ),
  'znodes.setAcl': method(
    object({ ...inCluster, path, acl: list(aclEntry, { max: 1000 }), aclVersion: integer }),
    object({ stat }),
  ),
  /** Deletes one node without children, of this version and creation. */
  'znodes.delete': method(
    object({ ...inCluster, path, version: integer, czxid: integer }),
    saveResult,
  ),
  /** Walks the subtree and says what deleting it would do. Can be cancelled. */
  'znodes.planDelete': method(node, deletePlan),
  /** Carries out a plan that was shown; progress by the topic `operation`. */
  'znodes.deleteTree': method(
    object({ ...inCluster, path, token: string }),
    object({ operation: string }),
  ),

  // --- logs and snapshots ---
  /** Those of the ensemble on this computer, as they lie in its data folder now; newest first, logs before snapshots. */
  'logs.files': method(nothing, list(storedFile)),
  /**
   * Opens a log or snapshot of this computer, and no other file; it ends with `logs.close` or with the connection. For 'live'
   * the path is the folder of a member of this computer, as `logs.files` tells it: its log from file to file, while it is
   * written. For 'ensemble' it is empty: the log of whichever member of this computer leads.
   */
  'logs.open': method(
    object({ source: literal('file', 'live', 'ensemble'), path: filePath }),
    object({ log: logId, kind: storedKind, path: filePath }),
  ),
  'logs.close': method(object({ log: logId }), nothing),
  /** Shows what fits, from now on; reads the file again. */
  'logs.filter': method(object({ log: logId, filter: logFilter }), nothing),
  /** Reads no further; what was found stays. */
  'logs.stop': method(object({ log: logId }), nothing),
  'logs.window': method(
    object({ log: logId, from: row, count: range({ min: 0, max: WINDOW_ROWS_MAX }) }),
    logWindow,
  ),
  /** The first line of that zxid or a greater one, or the last line; null while there is none. */
  'logs.find': method(object({ log: logId, zxid: row }), object({ row: nullable(integer) })),
  /** The transaction or node of a line, in full; refused when another place of the file stands in that line now. */
  'logs.record': method(object({ log: logId, row, at: row }), logRecord),

  // --- the ring ---
  /** Where a key lies, whoever holds it. */
  'ring.locate': method(object({ ...ringAt, key: keyName }), keyPlace),
  /** What each copy of a partition tells of it now. */
  'ring.partition': method(
    object({ ...ringAt, partition: range({ min: 0, max: 16383 }) }),
    partitionReport,
  ),
  /** What becomes of the ring without these nodes; with none, how it is. Nothing is touched. */
  'ring.whatIf': method(object({ ...ringAt, without: list(nodeName, { max: 1000 }) }), whatIf),
  /** How the nodes of a ring are entered; what is secret of it is told to nobody. */
  'ring.access': method(object(ringAt), accessFacts),
  /** Enters them so from now on, for as long as the console runs, if they let it in; else nothing changes. */
  'ring.enter': method(object({ ...ringAt, access: accessWish }), accessOutcome),
  /** Starts, ends, pauses or resumes a storage node of this program; how that goes comes by the topics. */
  'ring.order': method(nodeOrder, nothing),
  /** What is done on purpose to ways between storage nodes of this program; those that are not named stay as they are. */
  'ring.breakLinks': method(object({ links: nodeLinkFaults }), nothing),
  /** Makes every way between them healthy, and resumes whoever is paused. */
  'ring.heal': method(nothing, nothing),

  // --- the ring editor ---
  /** What would come of these edits. Nothing is touched. */
  'ring.preview': method(previewRequest, previewAnswer),
  /** Where a key lies now, and where it would. */
  'ring.locateStaged': method(object({ ...ringAt, edits, key: keyName }), stagedPlace),
  /** What is staged beside the least movement, the best balance, and these losses. */
  'ring.scenarios': method(
    object({ ...ringAt, edits, losses: list(loss, { max: 50 }), pace: nullable(pace) }),
    scenarios,
  ),
  /** The ring with these edits as a file that people write and the command line applies. */
  'ring.exportLayout': method(object({ ...ringAt, edits }), object({ text: layoutText })),
  /** The edits that make the ring as a file says. */
  'ring.importLayout': method(object({ ...ringAt, text: layoutText }), importedLayout),

  // --- rebalances ---
  'ring.rebalance.start': method(rebalanceStart, object({ name: rebalanceName, version: integer })),
  'ring.rebalance.pause': method(rebalanceOrder, nothing),
  'ring.rebalance.resume': method(rebalanceOrder, nothing),
  /** What is being copied is given up; what has changed hands stays. */
  'ring.rebalance.cancel': method(rebalanceOrder, nothing),
  /** Brings the ring back to what it was before; within the grace only what came in since is copied. */
  'ring.rebalance.undo': method(rebalanceOrder, nothing),
  'ring.rebalance.setPace': method(object({ ...ringAt, name: rebalanceName, pace }), nothing),
  /** Those that are remembered, the newest first. */
  'ring.rebalances': method(atRing, list(rebalanceSummary)),
  'ring.rebalanceReplay': method(object({ ...ringAt, name: rebalanceName }), rebalanceReplay),

  // --- keys ---
  /** Some more of the keys; a page may be empty before the end. */
  'keys.list': method(
    object({ ...ringAt, range: keyRange, cursor: nullable(text({ max: 100 })), count: keyPage }),
    keyLines,
  ),
  /** Null for a key that is not there. */
  'keys.get': method(object({ ...ringAt, key: keyName }), nullable(keyValue)),
  'keys.create': method(
    object({ ...ringAt, key: keyName, value: bytes, ttlMs: nullable(ttlMs) }),
    keyCreation,
  ),
  /** These three land on the very value that was looked at, as far as it was shown. How long the key lives stays. */
  'keys.save': method(
    object({ ...ringAt, key: keyName, value: bytes, expected: bytes }),
    keyChange,
  ),
  /** Null: for good. */
  'keys.expire': method(
    object({ ...ringAt, key: keyName, ttlMs: nullable(ttlMs), expected: bytes }),
    keyChange,
  ),
  'keys.delete': method(object({ ...ringAt, key: keyName, expected: bytes }), keyChange),

  // --- long work ---
  'operations.cancel': method(object({ operation: string }), nothing),
} as const satisfies Record<string, Method<never, never> | Method<unknown, unknown>>;

export const topics = {
  /** The program and its own ensemble: at once and after every change. */
  app: topic(nothing, appFacts),
  /** The members of an ensemble: every second, while somebody listens. */
  'ensemble.members': topic(object(inCluster), ensembleView),
  /** What is broken on purpose in the local ensemble: at once and after every change. */
  'ensemble.faults': topic(nothing, faultsView),
  /** Who is in a ring and holds what: at once and after every change. */
  ring: topic(atRing, ringView),
  /** What its nodes tell of themselves: every second, while somebody listens. */
  'ring.live': topic(atRing, ringLive),
  /** The rebalance that runs or ran last: at once, after every change, and every second while it runs. */
  'ring.rebalance': topic(atRing, rebalanceNow),
  /** All clusters: at once and after every change. */
  clusters: topic(nothing, list(cluster)),
  /** A view of a tree shows something else now: ask for the window again. At most ten a second. */
  tree: topic(object({ tree: treeId }), object({ revision: integer, rowCount: integer })),
  /** One node: at once and after every change. */
  znode: topic(node, znodeEvent),
  /** How far looking through a subtree for `znodes.planDelete` has come. */
  planning: topic(node, object({ nodes: integer })),
  operation: topic(object({ operation: string }), operationState),
  /** How far the reading of an open log has come, and what it found: at once and after every change. */
  log: topic(object({ log: logId }), logState),
} as const satisfies Record<string, Topic<never, never> | Topic<unknown, unknown>>;

export type MethodName = keyof typeof methods;
export type ParamsOf<M extends MethodName> = TypeOf<(typeof methods)[M]['params']>;
export type ResultOf<M extends MethodName> = TypeOf<(typeof methods)[M]['result']>;

export type TopicName = keyof typeof topics;
export type TopicParamsOf<T extends TopicName> = TypeOf<(typeof topics)[T]['params']>;
export type EventOf<T extends TopicName> = TypeOf<(typeof topics)[T]['event']>;
