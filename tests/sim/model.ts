/**
 * A tree of nodes as the protocol describes it, written for reading and not for speed: what every transaction had to come to,
 * and what every node looked like at every zxid.
 */
import { Code } from '../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import type { Answer, Call, Change as Wish, Mode } from './history.ts';
import type { Entry } from './ledger.ts';

export interface NodeState {
  readonly data: string;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  /** Children ever made. */
  readonly creates: number;
  /** Of an ephemeral node. */
  readonly owner: bigint;
  readonly kind: 'persistent' | 'ephemeral' | 'container' | 'ttl';
  /** Names, sorted. */
  readonly children: readonly string[];
}

/** What a path was from this zxid on, until the next version of it. */
export interface Version {
  readonly from: number;
  readonly state: NodeState | null;
}

export interface TreeChange {
  readonly zxid: number;
  readonly kind: 'created' | 'deleted' | 'changed';
  readonly path: string;
}

interface ModelSession {
  readonly timeoutMs: number;
  readonly openedZxid: number;
  closedZxid: number;
}

/** What a client should be told; null where the answer has no such field. */
export interface Expected {
  readonly code: Code;
  readonly path: string | null;
  readonly state: NodeState | null;
  readonly parts: readonly Omit<Expected, 'parts'>[] | null;
}

const OK: Expected = { code: Code.OK, path: null, state: null, parts: null };
const ROOT = '/';

export class Model {
  readonly #nodes = new Map<string, NodeState>();
  readonly #versions = new Map<string, Version[]>();
  readonly sessions = new Map<bigint, ModelSession>();
  readonly changes: TreeChange[] = [];
  lastZxid = 0;
  /** Set while the parts of a multi may still be undone. */
  #undo: { readonly nodes: Map<string, NodeState | null>; readonly changes: number } | null = null;

  constructor() {
    this.#nodes.set(ROOT, { ...EMPTY, children: ['zookeeper'] });
    this.#versions.set(ROOT, [{ from: 0, state: this.#nodes.get(ROOT)! }]);
  }

  get paths(): IterableIterator<string> {
    return this.#nodes.keys();
  }

  get(path: string): NodeState | null {
    return this.#nodes.get(path) ?? null;
  }

  /** All versions of a path that held anywhere in these zxids, both included. */
  versionsWithin(path: string, low: number, high: number): Version[] {
    const versions = this.#versions.get(path) ?? [ABSENT];
    const found: Version[] = [];
    for (let i = Math.max(0, firstAfter(versions, low) - 1); i < versions.length; i++) {
      const version = versions[i]!;
      if (version.from > high) break;
      if ((versions[i + 1]?.from ?? Infinity) > low) found.push(version);
    }
    return found;
  }

  /** What a path was when everything up to this zxid had been done. */
  at(path: string, zxid: number): NodeState | null {
    return this.versionsWithin(path, zxid, zxid)[0]?.state ?? null;
  }

  /** Every path there ever was. */
  get pathsEver(): Iterable<string> {
    return this.#versions.keys();
  }

  // --- transactions ---

  /** @param call the request that led to it; null for what members do themselves */
  apply(entry: Entry, call: Call | null): Expected {
    this.lastZxid = entry.zxid;
    switch (entry.type) {
      case OpCode.CREATE_SESSION:
        this.sessions.set(entry.sessionId, {
          timeoutMs: entry.timeoutMs,
          openedZxid: entry.zxid,
          closedZxid: Infinity,
        });
        return OK;
      case OpCode.CLOSE_SESSION:
        return this.#closeSession(entry);
      case OpCode.DELETE_CONTAINER:
        this.#remove(entry.path, entry.zxid);
        return OK;
      default:
        break;
    }
    if (call === null) return { ...OK, code: entry.error };
    // The leader refuses what comes from a member that the client has left, or when its disk is full.
    if (isTurnedAway(entry.error)) return refused(entry.error);
    if (entry.parts.some(isTurnedAway)) return { ...OK, parts: entry.parts.map(refused) };
    const session = this.sessions.get(entry.sessionId);
    const isAlive = session !== undefined && session.closedZxid > entry.zxid;
    const { order } = call;
    switch (order.kind) {
      case 'create':
      case 'set':
      case 'delete':
      case 'check':
        return isAlive ? this.#change(order, entry) : refused(Code.SESSION_EXPIRED);
      case 'multi':
        return this.#multi(order.steps, entry, isAlive);
      case 'reconfig':
        // Whether it may be depends on who is connected to the leader; what came of it, the log says.
        return isAlive ? { ...OK, code: entry.error } : refused(Code.SESSION_EXPIRED);
      default:
        return refused(Code.UNIMPLEMENTED);
    }
  }

  #closeSession({ sessionId, zxid, paths }: Entry): Expected {
    const session = this.sessions.get(sessionId);
    if (session !== undefined && session.closedZxid === Infinity) session.closedZxid = zxid;
    for (const path of paths) if (this.#nodes.has(path)) this.#remove(path, zxid);
    return OK;
  }

  #multi(steps: readonly Wish[], entry: Entry, isAlive: boolean): Expected {
    this.#undo = { nodes: new Map(), changes: this.changes.length };
    const parts: Expected[] = [];
    let failed: Code = Code.OK;
    for (const step of steps) {
      if (failed !== Code.OK) {
        parts.push(refused(Code.RUNTIME_INCONSISTENCY));
        continue;
      }
      const part = isAlive ? this.#change(step, entry) : refused(Code.SESSION_EXPIRED);
      failed = part.code;
      parts.push(part);
    }
    const { nodes, changes } = this.#undo;
    this.#undo = null;
    if (failed === Code.OK) {
      for (const path of nodes.keys()) this.#remember(path, entry.zxid);
      return { ...OK, parts };
    }
    for (const [path, state] of nodes) {
      if (state === null) this.#nodes.delete(path);
      else this.#nodes.set(path, state);
    }
    this.changes.length = changes;
    return { ...OK, parts: parts.map(({ code }) => (code === Code.OK ? OK : refused(code))) };
  }

  #change(wish: Wish, entry: Entry): Expected {
    switch (wish.kind) {
      case 'create':
        return this.#create(wish, entry);
      case 'set': {
        const node = this.get(wish.path);
        if (node === null) return refused(Code.NO_NODE);
        if (!fits(wish.version, node)) return refused(Code.BAD_VERSION);
        const state = {
          ...node,
          data: wish.data,
          version: node.version + 1,
          mzxid: entry.zxid,
          mtime: entry.timeMs,
        };
        this.#put(wish.path, state, entry.zxid);
        this.changes.push({ zxid: entry.zxid, kind: 'changed', path: wish.path });
        return { ...OK, state };
      }
      case 'delete': {
        const node = this.get(wish.path);
        if (this.get(parentOf(wish.path)) === null || node === null) return refused(Code.NO_NODE);
        if (!fits(wish.version, node)) return refused(Code.BAD_VERSION);
        if (node.children.length > 0) return refused(Code.NOT_EMPTY);
        this.#remove(wish.path, entry.zxid);
        return OK;
      }
      case 'check': {
        const node = this.get(wish.path);
        if (node === null) return refused(Code.NO_NODE);
        return fits(wish.version, node) ? OK : refused(Code.BAD_VERSION);
      }
    }
  }

  #create(wish: Wish & { kind: 'create' }, { zxid, timeMs, sessionId }: Entry): Expected {
    const parent = this.get(parentOf(wish.path));
    if (parent === null) return refused(Code.NO_NODE);
    const suffix = wish.mode.endsWith('sequential') ? String(parent.creates).padStart(10, '0') : '';
    const path = wish.path + suffix;
    if (this.get(path) !== null) return refused(Code.NODE_EXISTS);
    if (parent.kind === 'ephemeral') return refused(Code.NO_CHILDREN_FOR_EPHEMERALS);
    const kind = kindOf(wish.mode);
    const state: NodeState = {
      ...EMPTY,
      data: wish.data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: timeMs,
      mtime: timeMs,
      owner: kind === 'ephemeral' ? sessionId : 0n,
      kind,
    };
    this.#put(path, state, zxid);
    const children = withName(parent.children, nameOf(path));
    const { creates } = parent;
    this.#put(parentOf(path), { ...parent, children, creates: creates + 1, pzxid: zxid }, zxid);
    this.changes.push({ zxid, kind: 'created', path });
    return { ...OK, path, state };
  }

  #remove(path: string, zxid: number): void {
    const parent = this.get(parentOf(path));
    this.#put(path, null, zxid);
    if (parent !== null) {
      const children = parent.children.filter((name) => name !== nameOf(path));
      this.#put(parentOf(path), { ...parent, children, pzxid: zxid }, zxid);
    }
    this.changes.push({ zxid, kind: 'deleted', path });
  }

  #put(path: string, state: NodeState | null, zxid: number): void {
    if (this.#undo !== null && !this.#undo.nodes.has(path))
      this.#undo.nodes.set(path, this.get(path));
    if (state === null) this.#nodes.delete(path);
    else this.#nodes.set(path, state);
    if (this.#undo === null) this.#remember(path, zxid);
  }

  #remember(path: string, zxid: number): void {
    let versions = this.#versions.get(path);
    if (versions === undefined) this.#versions.set(path, (versions = [ABSENT]));
    const version: Version = { from: zxid, state: this.get(path) };
    if (versions.at(-1)!.from === zxid) versions[versions.length - 1] = version;
    else versions.push(version);
  }
}

const EMPTY: NodeState = {
  data: '',
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  creates: 0,
  owner: 0n,
  kind: 'persistent',
  children: [],
};
const ABSENT: Version = { from: 0, state: null };

/** The index of the first that begins behind this zxid. */
function firstAfter(versions: readonly Version[], zxid: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (versions[middle]!.from <= zxid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Another name in its place. */
function withName(names: readonly string[], name: string): string[] {
  const at = names.findLastIndex((other) => other < name) + 1;
  return [...names.slice(0, at), name, ...names.slice(at)];
}

function refused(code: Code): Expected {
  return { code, path: null, state: null, parts: null };
}

function isTurnedAway(code: Code): boolean {
  return code === Code.SESSION_MOVED || code === Code.NOT_READ_ONLY;
}

function fits(version: number, node: NodeState): boolean {
  return version === -1 || version === node.version;
}

function kindOf(mode: Mode): NodeState['kind'] {
  if (mode.startsWith('ephemeral')) return 'ephemeral';
  if (mode === 'container') return 'container';
  return mode === 'persistent-ttl' ? 'ttl' : 'persistent';
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || ROOT;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first way in which a Stat is not this node's, or null. */
export function whyNotStat(stat: NonNullable<Answer['stat']>, node: NodeState): string | null {
  const wanted: readonly (readonly [string, number | bigint, number | bigint])[] = [
    ['czxid', stat.czxid, node.czxid],
    ['mzxid', stat.mzxid, node.mzxid],
    ['pzxid', stat.pzxid, node.pzxid],
    ['ctime', stat.ctime, node.ctime],
    ['mtime', stat.mtime, node.mtime],
    ['version', stat.version, node.version],
    ['cversion', stat.cversion, 2 * node.creates - node.children.length],
    ['aversion', stat.aversion, 0],
    ['ephemeralOwner', stat.ephemeralOwner, node.owner],
    ['dataLength', stat.dataLength, node.data.length],
    ['numChildren', stat.numChildren, node.children.length],
  ];
  const wrong = wanted.find(([, is, should]) => is !== should);
  return wrong === undefined ? null : `${wrong[0]} is ${wrong[1]} and not ${wrong[2]}`;
}
