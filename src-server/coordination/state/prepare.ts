/**
 * Requests become transactions here, judged against the tree and everything already proposed.
 *
 * The order of the checks is the protocol: it decides which of several errors a client sees. A refused request still yields
 * a transaction (of type error), so that it takes its zxid and its place in the log.
 */
import type { Zxid } from '../../base/zxid.ts';
import { type Acl, type Identity, Permission } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import {
  CONTAINER_OWNER,
  kindOfOwner,
  type NodeKind,
  TTL_MS_MAX,
  ttlOwner,
} from '../model/owner.ts';
import { CreateFlag, NO_TTL, type ReconfigOrder, type Request } from '../model/request.ts';
import { errorTxn, Txn } from '../model/txn.ts';
import { contentState } from './digest.ts';
import { CONFIG_PATH, isSystemPath, isValidPath, parentOf, sequenceSuffix } from './paths.ts';
import type { NodeRecord, Pending } from './pending.ts';
import { type AclRules, isPermitted, resolveAcl } from './permissions.ts';
import type { Quotas } from './quotas.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Tree } from './tree.ts';

export interface PrepareRules {
  readonly extendedTypes: boolean;
  readonly skipAcl: boolean;
  readonly enforceQuota: boolean;
  readonly reconfigEnabled: boolean;
  /** Judges as 3.8 did where 3.9 differs. */
  readonly compat38: boolean;
  /** Off for data directories that older servers read without digests. */
  readonly digests: boolean;
}

/** Who asks, when, and under which zxid. */
export interface Proposal {
  /** Null for a session about to be created, for housekeeping, and for one that only another member knows. */
  readonly session: Session | null;
  readonly sessionId: bigint;
  /**
   * Where more is known of the session than the table says: that it ended, that its client is elsewhere by now, or that
   * another member vouches for it.
   */
  readonly standing?: Code;
  /** The same where it is about nodes that live as long as the session does; absent where nothing else holds for them. */
  readonly ephemeralStanding?: Code;
  readonly zxid: Zxid;
  readonly timeMs: number;
  /** The configuration that an order leads to, as text, or why it is refused. Absent on a server that has none. */
  readonly reconfigure?: (order: ReconfigOrder) => Uint8Array | Code;
}

/** A transaction without header, or the code of the refusal. */
type Prepared = Txn | Code;

export class Prepare {
  readonly #tree: Tree;
  readonly #pending: Pending;
  readonly #sessions: Sessions;
  readonly #quotas: Quotas;
  readonly #rules: PrepareRules;
  readonly #aclRules: AclRules;

  constructor(parts: {
    tree: Tree;
    pending: Pending;
    sessions: Sessions;
    quotas: Quotas;
    rules: PrepareRules;
  }) {
    this.#tree = parts.tree;
    this.#pending = parts.pending;
    this.#sessions = parts.sessions;
    this.#quotas = parts.quotas;
    this.#rules = parts.rules;
    this.#aclRules = { ipv6: !parts.rules.compat38 };
  }

  /** Always a whole transaction: of type error where the request is refused. */
  prepare(request: Request, by: Proposal): Txn {
    const prepared =
      request.malformed === Code.OK ? this.#prepareOne(request, by) : request.malformed;
    const txn = typeof prepared === 'number' ? errorTxn(prepared) : prepared;
    txn.sessionId = by.sessionId;
    txn.cxid = request.xid;
    txn.zxid = by.zxid;
    txn.timeMs = by.timeMs;
    if (typeof prepared !== 'number' && this.#rules.digests) {
      const { digest } = this.#pending;
      txn.hasDigest = true;
      txn.digestHigh = digest.high;
      txn.digestLow = digest.low;
    }
    return txn;
  }

  #prepareOne(request: Request, by: Proposal): Prepared {
    switch (request.op) {
      case OpCode.CREATE_SESSION:
        return this.#createSession(request, by);
      case OpCode.CLOSE_SESSION:
        return this.#closeSession(by);
      case OpCode.MULTI:
        return this.#multi(request, by);
      case OpCode.RECONFIG:
        return this.#reconfig(request, by);
      default:
        return this.#prepareChange(request, by);
    }
  }

  /** What may also stand in a multi. */
  #prepareChange(request: Request, by: Proposal): Prepared {
    switch (request.op) {
      case OpCode.CREATE:
      case OpCode.CREATE2:
      case OpCode.CREATE_CONTAINER:
      case OpCode.CREATE_TTL:
        return this.#create(request, by);
      case OpCode.DELETE:
        return this.#delete(request, by);
      case OpCode.DELETE_CONTAINER:
        return this.#deleteUnowned(request, by);
      case OpCode.SET_DATA:
        return this.#setData(request, by);
      case OpCode.SET_ACL:
        return this.#setAcl(request, by);
      case OpCode.CHECK:
        return this.#check(request, by);
      default:
        return Code.UNIMPLEMENTED;
    }
  }

  #create(request: Request, by: Proposal): Prepared {
    const { flags, identities } = request;
    if (flags < CreateFlag.PERSISTENT || flags > CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL)
      return Code.BAD_ARGUMENTS;
    const refusedTtl = this.#checkTtl(request);
    if (refusedTtl !== Code.OK) return refusedTtl;
    const session = (isEphemeral(flags) ? by.ephemeralStanding : undefined) ?? checkSession(by);
    if (session !== Code.OK) return session;

    if (request.path === null) return Code.MARSHALLING_ERROR;
    const parentPath = parentOf(request.path);
    if (parentPath === null || request.path.includes('\0')) return Code.BAD_ARGUMENTS;
    const acl = resolveAcl(request.acl, identities, this.#aclRules);
    if (typeof acl === 'number') return acl;
    const parent = this.#pending.find(parentPath);
    if (parent === null) return Code.NO_NODE;
    if (!this.#allows(parent.acl, Permission.CREATE, identities)) return Code.NO_AUTH;

    const path = isSequential(flags)
      ? request.path + sequenceSuffix(parent.cversion)
      : request.path;
    if (!isValidPath(path)) return Code.BAD_ARGUMENTS;
    if (this.#pending.find(path) !== null) return Code.NODE_EXISTS;
    if (this.#kindOf(parent) === 'ephemeral') return Code.NO_CHILDREN_FOR_EPHEMERALS;
    const bytes = request.data?.length ?? 0;
    if (this.#rules.enforceQuota && this.#quotas.exceeds(path, bytes, 1))
      return Code.QUOTA_EXCEEDED;

    const txn = new Txn(request.op);
    txn.path = path;
    txn.data = request.data;
    txn.acl = acl;
    txn.ephemeral =
      isEphemeral(flags) && (request.op === OpCode.CREATE || request.op === OpCode.CREATE2);
    txn.parentCversion = (parent.cversion + 1) | 0;
    txn.ttlMs = request.ttlMs;

    this.#changeChildren(parent, 1, txn.parentCversion, by.zxid);
    const node = this.#pending.create(path, by.zxid);
    node.czxid = node.mzxid = node.pzxid = by.zxid;
    node.ctime = node.mtime = by.timeMs;
    node.version = node.cversion = node.aversion = 0;
    const owner = ownerOfCreated(txn, by.sessionId);
    node.ownerHigh = Number(owner >> 32n);
    node.ownerLow = Number(BigInt.asIntN(32, owner));
    node.childCount = 0;
    node.dataLength = bytes;
    node.content = contentState(path, request.data, 0, bytes);
    node.acl = acl;
    this.#pending.settleChange(node);
    return txn;
  }

  #delete(request: Request, by: Proposal): Prepared {
    const session = checkSession(by);
    if (session !== Code.OK) return session;
    const { path } = request;
    if (path === null) return Code.MARSHALLING_ERROR;
    const parentPath = parentOf(path);
    if (parentPath === null || path.includes('\0') || isSystemPath(path)) return Code.BAD_ARGUMENTS;
    const parent = this.#pending.find(parentPath);
    if (parent === null) return Code.NO_NODE;
    if (!this.#allows(parent.acl, Permission.DELETE, request.identities)) return Code.NO_AUTH;
    const node = this.#pending.find(path);
    if (node === null) return Code.NO_NODE;
    if (!versionFits(request.version, node.version)) return Code.BAD_VERSION;
    if (node.childCount > 0) return Code.NOT_EMPTY;
    return this.#remove(OpCode.DELETE, parent, node, by);
  }

  /** Housekeeping removes a container or a TTL node, which belongs to no session. */
  #deleteUnowned(request: Request, by: Proposal): Prepared {
    const { path } = request;
    if (path === null) return Code.MARSHALLING_ERROR;
    const parentPath = parentOf(path);
    if (parentPath === null || isSystemPath(path)) return Code.BAD_ARGUMENTS;
    const parent = this.#pending.find(parentPath);
    const node = this.#pending.find(path);
    if (parent === null || node === null) return Code.NO_NODE;
    if (node.childCount > 0) return Code.NOT_EMPTY;
    const kind = this.#kindOf(node);
    // The path may have been deleted and made anew, as something that must live.
    if (kind === 'ephemeral' || kind === 'persistent') return Code.BAD_VERSION;
    return this.#remove(OpCode.DELETE_CONTAINER, parent, node, by);
  }

  #remove(
    type: typeof OpCode.DELETE | typeof OpCode.DELETE_CONTAINER,
    parent: NodeRecord,
    node: NodeRecord,
    by: Proposal,
  ): Txn {
    const txn = new Txn(type);
    txn.path = node.path;
    this.#changeChildren(parent, -1, parent.cversion, by.zxid);
    this.#pending.settleRemoval(this.#pending.change(node, by.zxid));
    return txn;
  }

  #setData(request: Request, by: Proposal): Prepared {
    const session = checkSession(by);
    if (session !== Code.OK) return session;
    const { path, data } = request;
    if (path === null || !isValidPath(path)) return Code.BAD_ARGUMENTS;
    const found = this.#pending.find(path);
    if (found === null) return Code.NO_NODE;
    if (!this.#allows(found.acl, Permission.WRITE, request.identities)) return Code.NO_AUTH;
    const bytes = data?.length ?? 0;
    if (
      this.#rules.enforceQuota &&
      this.#quotas.exceeds(path, bytes - Math.max(0, found.dataLength), 0)
    ) {
      return Code.QUOTA_EXCEEDED;
    }
    if (!versionFits(request.version, found.version)) return Code.BAD_VERSION;

    const txn = new Txn(OpCode.SET_DATA);
    txn.path = path;
    txn.data = data;
    txn.version = nextVersion(found.version);
    const node = this.#pending.change(found, by.zxid);
    node.version = txn.version;
    node.mzxid = by.zxid;
    node.mtime = by.timeMs;
    node.dataLength = bytes;
    node.content = contentState(path, data, 0, bytes);
    this.#pending.settleChange(node);
    return txn;
  }

  #setAcl(request: Request, by: Proposal): Prepared {
    const session = checkSession(by);
    if (session !== Code.OK) return session;
    const { path } = request;
    if (path === null || !isValidPath(path)) return Code.BAD_ARGUMENTS;
    const acl = resolveAcl(request.acl, request.identities, this.#aclRules);
    if (typeof acl === 'number') return acl;
    const found = this.#pending.find(path);
    if (found === null) return Code.NO_NODE;
    if (!this.#allows(found.acl, Permission.ADMIN, request.identities)) return Code.NO_AUTH;
    if (!versionFits(request.version, found.aversion)) return Code.BAD_VERSION;

    const txn = new Txn(OpCode.SET_ACL);
    txn.path = path;
    txn.acl = acl;
    txn.version = nextVersion(found.aversion);
    const node = this.#pending.change(found, by.zxid);
    node.aversion = txn.version;
    node.acl = acl;
    this.#pending.settleChange(node);
    return txn;
  }

  #check(request: Request, by: Proposal): Prepared {
    const session = checkSession(by);
    if (session !== Code.OK) return session;
    const { path } = request;
    if (path === null || !isValidPath(path)) return Code.BAD_ARGUMENTS;
    const node = this.#pending.find(path);
    if (node === null) return Code.NO_NODE;
    if (!this.#allows(node.acl, Permission.READ, request.identities)) return Code.NO_AUTH;
    if (!versionFits(request.version, node.version)) return Code.BAD_VERSION;
    const txn = new Txn(OpCode.CHECK);
    txn.path = path;
    txn.version = nextVersion(node.version);
    return txn;
  }

  /** All or nothing: after the first refusal only errors follow, nothing stays pending, and applying skips what came before. */
  #multi(request: Request, by: Proposal): Prepared {
    const parts = request.ops ?? [];
    // 3.9 looks at the modes of all parts while it decodes them, 3.8 at each when its turn comes.
    if (!this.#rules.compat38 && parts.some((part) => isCreate(part.op) && !hasFittingMode(part)))
      return Code.MARSHALLING_ERROR;
    const txn = new Txn(OpCode.MULTI);
    txn.ops = [];
    let failure: Code = Code.OK;
    this.#pending.begin();
    for (const part of parts) {
      if (failure !== Code.OK) {
        txn.ops.push(errorTxn(Code.RUNTIME_INCONSISTENCY));
        continue;
      }
      part.identities = request.identities;
      const prepared = this.#preparePart(part, by);
      if (prepared === Code.MARSHALLING_ERROR) {
        // What cannot be read is no refusal of this part: the whole request could not be.
        this.#pending.rollBack();
        return prepared;
      }
      if (typeof prepared === 'number') {
        failure = prepared;
        txn.ops.push(errorTxn(prepared));
      } else {
        txn.ops.push(prepared);
      }
    }
    if (failure === Code.OK) this.#pending.commit();
    else this.#pending.rollBack();
    return txn;
  }

  /** In a multi the mode says what a create makes, whichever operation asks for it. */
  #preparePart(part: Request, by: Proposal): Prepared {
    if (isCreate(part.op)) {
      if (this.#rules.compat38 && part.op !== OpCode.CREATE_TTL && isTtl(part.flags))
        return Code.MARSHALLING_ERROR;
      part.op = this.#createOf(part);
      if (part.op !== OpCode.CREATE_TTL) part.ttlMs = NO_TTL;
    }
    return this.#prepareChange(part, by);
  }

  #createOf({ op, flags }: Request): OpCode {
    if (isTtl(flags)) return OpCode.CREATE_TTL;
    if (flags === CreateFlag.CONTAINER) return OpCode.CREATE_CONTAINER;
    // 3.8 did not tell create2 from create, and answered without the Stat.
    return this.#rules.compat38 || op === OpCode.CREATE_TTL ? OpCode.CREATE : op;
  }

  /** Everything about the servers themselves is judged by whoever knows them, before the right to change them is. */
  #reconfig(request: Request, by: Proposal): Prepared {
    if (!this.#rules.reconfigEnabled) return Code.RECONFIG_DISABLED;
    const session = checkSession(by);
    if (session !== Code.OK) return session;
    // A standalone server has no membership to change.
    if (by.reconfigure === undefined) return Code.UNIMPLEMENTED;
    if (request.reconfig === null) return Code.MARSHALLING_ERROR;
    const data = by.reconfigure(request.reconfig);
    if (typeof data === 'number') return data;
    const found = this.#pending.find(CONFIG_PATH);
    if (found === null) return Code.NO_NODE;
    if (!this.#allows(found.acl, Permission.WRITE, request.identities)) return Code.NO_AUTH;

    const txn = new Txn(OpCode.RECONFIG);
    txn.path = CONFIG_PATH;
    txn.data = data;
    // Its version is in its text; that of the node stays what it was.
    txn.version = -1;
    const node = this.#pending.change(found, by.zxid);
    node.version = txn.version;
    node.mzxid = by.zxid;
    node.mtime = by.timeMs;
    node.dataLength = data.length;
    node.content = contentState(CONFIG_PATH, data, 0, data.length);
    this.#pending.settleChange(node);
    return txn;
  }

  #createSession(request: Request, { sessionId }: Proposal): Txn {
    this.#sessions.propose(sessionId, request.timeoutMs);
    const txn = new Txn(OpCode.CREATE_SESSION);
    txn.timeoutMs = request.timeoutMs;
    return txn;
  }

  #closeSession(by: Proposal): Txn {
    const txn = new Txn(OpCode.CLOSE_SESSION);
    txn.paths = this.#ephemeralsOf(by.sessionId);
    for (const path of txn.paths) {
      const parent = this.#pending.find(parentOf(path) ?? '');
      const node = this.#pending.find(path);
      if (parent === null || node === null) continue;
      this.#changeChildren(parent, -1, parent.cversion, by.zxid);
      this.#pending.settleRemoval(this.#pending.change(node, by.zxid));
    }
    if (by.session !== null) by.session.isClosing = true;
    return txn;
  }

  /** Ephemerals as they will be when everything proposed is applied. */
  #ephemeralsOf(sessionId: bigint): string[] {
    const high = Number(sessionId >> 32n);
    const low = Number(BigInt.asIntN(32, sessionId));
    const { gained, lost } = this.#pending.ephemeralChanges(
      (record) =>
        record.ownerHigh === high &&
        record.ownerLow === low &&
        this.#kindOf(record) === 'ephemeral',
    );
    const paths = new Set(gained);
    for (const row of this.#sessions.ephemeralsOf(sessionId)) {
      const path = this.#tree.pathOf(row);
      if (!lost.has(path)) paths.add(path);
    }
    return [...paths];
  }

  #changeChildren(found: NodeRecord, by: 1 | -1, cversion: number, zxid: Zxid): void {
    const parent = this.#pending.change(found, zxid);
    parent.childCount += by;
    parent.cversion = cversion;
    parent.pzxid = zxid;
    this.#pending.settleChange(parent);
  }

  #checkTtl(request: Request): Code {
    if (isTtl(request.flags)) {
      if (!this.#rules.extendedTypes) return Code.UNIMPLEMENTED;
      return request.ttlMs > 0 && request.ttlMs <= TTL_MS_MAX ? Code.OK : Code.BAD_ARGUMENTS;
    }
    if (request.ttlMs >= 0) return Code.BAD_ARGUMENTS;
    // A TTL transaction without a TTL mode would be one that no server can apply.
    return request.op === OpCode.CREATE_TTL ? Code.BAD_ARGUMENTS : Code.OK;
  }

  #kindOf(record: NodeRecord): NodeKind {
    if (record.ownerHigh === 0 && record.ownerLow === 0) return 'persistent';
    const owner = (BigInt(record.ownerHigh) << 32n) | BigInt(record.ownerLow >>> 0);
    return kindOfOwner(owner, this.#rules.extendedTypes);
  }

  #allows(acl: Acl, wanted: number, identities: readonly Identity[]): boolean {
    return this.#rules.skipAcl || isPermitted(acl, wanted, identities);
  }
}

/** What a node made by this transaction stores as its owner: the type decides, not the flags. */
export function ownerOfCreated(txn: Txn, sessionId: bigint): bigint {
  switch (txn.type) {
    case OpCode.CREATE_CONTAINER:
      return CONTAINER_OWNER;
    case OpCode.CREATE_TTL:
      return ttlOwner(txn.ttlMs);
    default:
      return txn.ephemeral ? sessionId : 0n;
  }
}

/** OK, or why this session may not ask for anything. */
function checkSession({ session, standing }: Proposal): Code {
  if (standing !== undefined) return standing;
  if (session === null) return Code.UNKNOWN_SESSION;
  return session.isClosing ? Code.SESSION_EXPIRED : Code.OK;
}

function isSequential(flags: number): boolean {
  return (
    flags === CreateFlag.PERSISTENT_SEQUENTIAL ||
    flags === CreateFlag.EPHEMERAL_SEQUENTIAL ||
    flags === CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL
  );
}

function isEphemeral(flags: number): boolean {
  return flags === CreateFlag.EPHEMERAL || flags === CreateFlag.EPHEMERAL_SEQUENTIAL;
}

function isTtl(flags: number): boolean {
  return (
    flags === CreateFlag.PERSISTENT_WITH_TTL || flags === CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL
  );
}

function isCreate(op: OpCode): boolean {
  return (
    op === OpCode.CREATE ||
    op === OpCode.CREATE2 ||
    op === OpCode.CREATE_CONTAINER ||
    op === OpCode.CREATE_TTL
  );
}

/** A mode that exists, and a lifetime where it asks for one. */
function hasFittingMode({ op, flags }: Request): boolean {
  if (op === OpCode.CREATE_TTL) return true;
  return flags >= CreateFlag.PERSISTENT && flags <= CreateFlag.CONTAINER;
}

/** −1 asks for no check. */
function versionFits(expected: number, current: number): boolean {
  return expected === -1 || expected === current;
}

/** Java's int arithmetic: it wraps. */
function nextVersion(version: number): number {
  return (version + 1) | 0;
}
