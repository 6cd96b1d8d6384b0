/**
 * Transactions become state here, the same way on every member and on every replay.
 *
 * Replaying over a snapshot that was written while changes went on ("fuzzy") meets effects that are there already. So
 * nothing here is an error that stops: what exists is taken as done, absolute values are set again, and a parent's counters
 * only ever grow.
 */
import type { Zxid } from '../../base/zxid.ts';
import { type Acl, OPEN_ACL } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import { type Change, NO_CHANGES, type Outcome } from '../model/outcome.ts';
import type { Txn } from '../model/txn.ts';
import type { Lifetimes } from './lifetimes.ts';
import { NO_ROW, type Nodes, type Row } from './node.ts';
import type { AclTable } from './permissions.ts';
import { ownerOfCreated } from './prepare.ts';
import type { Quotas } from './quotas.ts';
import type { Sessions } from './sessions.ts';
import type { Tree } from './tree.ts';

export class Apply {
  readonly #tree: Tree;
  readonly #nodes: Nodes;
  readonly #acls: AclTable;
  readonly #sessions: Sessions;
  readonly #quotas: Quotas;
  readonly #lifetimes: Lifetimes;

  constructor(parts: {
    tree: Tree;
    acls: AclTable;
    sessions: Sessions;
    quotas: Quotas;
    lifetimes: Lifetimes;
  }) {
    this.#tree = parts.tree;
    this.#nodes = parts.tree.nodes;
    this.#acls = parts.acls;
    this.#sessions = parts.sessions;
    this.#quotas = parts.quotas;
    this.#lifetimes = parts.lifetimes;
  }

  apply(txn: Txn): Outcome {
    switch (txn.type) {
      case OpCode.CREATE_SESSION:
        this.#sessions.add(txn.sessionId, txn.timeoutMs);
        return outcome(txn, Code.OK);
      case OpCode.CLOSE_SESSION:
        return this.#closeSession(txn);
      case OpCode.MULTI:
        return this.#multi(txn);
      default:
        return this.#applyChange(txn, txn);
    }
  }

  /** @param header where session, zxid and time are; a part of a multi has none of its own */
  #applyChange(txn: Txn, header: Txn): Outcome {
    switch (txn.type) {
      case OpCode.CREATE:
      case OpCode.CREATE2:
      case OpCode.CREATE_CONTAINER:
      case OpCode.CREATE_TTL:
        return this.#create(txn, header);
      case OpCode.DELETE:
      case OpCode.DELETE_CONTAINER:
        return this.#delete(txn, header.zxid);
      case OpCode.SET_DATA:
      case OpCode.RECONFIG:
        return this.#setData(txn, header);
      case OpCode.SET_ACL:
        return this.#setAcl(txn, header);
      case OpCode.ERROR:
        return {
          type: OpCode.ERROR,
          zxid: header.zxid,
          code: txn.error,
          path: '',
          stat: null,
          changes: NO_CHANGES,
          parts: null,
        };
      default:
        return outcome(txn, Code.OK);
    }
  }

  #create(txn: Txn, header: Txn): Outcome {
    const { path } = txn;
    const parent = this.#tree.find(path.slice(0, path.lastIndexOf('/')));
    if (parent === NO_ROW) return outcome(txn, Code.NO_NODE);
    const existing = this.#tree.find(path);
    if (existing !== NO_ROW) {
      // Replay over a fuzzy snapshot. The list the node refers to may not have been in the snapshot's table yet.
      this.#changeAcl(existing, txn.acl, this.#nodes.aversion(existing));
      this.#raiseChildren(parent, txn.parentCversion, header.zxid);
      return outcome(txn, Code.NODE_EXISTS);
    }
    const acl = this.#acls.intern(txn.acl);
    this.#raiseChildren(parent, txn.parentCversion, header.zxid);
    const owner = ownerOfCreated(txn, header.sessionId);
    const stat = this.#freshStat;
    stat.czxid = stat.mzxid = stat.pzxid = header.zxid;
    stat.ctime = stat.mtime = header.timeMs;
    stat.ownerHigh = Number(owner >> 32n);
    stat.ownerLow = Number(BigInt.asIntN(32, owner));
    const row = this.#tree.create(parent, path, txn.data, acl, stat);
    if (owner !== 0n) this.#trackOwner(row, owner);
    this.#quotas.onCreated(path, txn.data?.length ?? 0);
    return {
      type: txn.type,
      zxid: header.zxid,
      code: Code.OK,
      path,
      stat: txn.type === OpCode.CREATE ? null : this.#nodes.stat(row),
      changes: [{ kind: 'created', path, acl: txn.acl, parentAcl: this.#aclOf(parent) }],
      parts: null,
    };
  }

  readonly #freshStat = {
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ownerHigh: 0,
    ownerLow: 0,
  };

  #delete(txn: Txn, zxid: Zxid): Outcome {
    const change = this.#deletePath(txn.path, zxid);
    if (change === null) return outcome(txn, Code.NO_NODE);
    return {
      type: txn.type,
      zxid,
      code: Code.OK,
      path: txn.path,
      stat: null,
      changes: [change],
      parts: null,
    };
  }

  /** Null where there is nothing to delete; a parent learns of the deletion even then, in case the snapshot was ahead. */
  #deletePath(path: string, zxid: Zxid): Change | null {
    const parent = this.#tree.find(path.slice(0, path.lastIndexOf('/')));
    if (parent === NO_ROW) return null;
    if (zxid > this.#nodes.pzxid(parent))
      this.#tree.setChildrenChanged(parent, this.#nodes.cversion(parent), zxid);
    const row = this.#tree.find(path);
    if (row === NO_ROW) return null;
    // Children at this point come from a fuzzy snapshot, and a later transaction creates them again.
    for (
      let child = this.#nodes.firstChild(row);
      child !== NO_ROW;
      child = this.#nodes.firstChild(row)
    ) {
      this.#deletePath(this.#tree.pathOf(child), zxid);
    }
    const acl = this.#aclOf(row);
    const aclId = this.#nodes.acl(row);
    const bytes = Math.max(0, this.#nodes.dataLength(row));
    this.#untrackOwner(row);
    this.#tree.remove(row);
    this.#acls.release(aclId);
    this.#quotas.onDeleted(path, bytes);
    return { kind: 'deleted', path, acl, parentAcl: this.#aclOf(parent) };
  }

  #setData(txn: Txn, header: Txn): Outcome {
    const { path } = txn;
    const row = this.#tree.find(path);
    if (row === NO_ROW) return outcome(txn, Code.NO_NODE);
    const bytesBefore = Math.max(0, this.#nodes.dataLength(row));
    this.#tree.setData(row, path, txn.data, txn.version, header.zxid, header.timeMs);
    this.#quotas.onDataChanged(path, (txn.data?.length ?? 0) - bytesBefore);
    return {
      type: txn.type,
      zxid: header.zxid,
      code: Code.OK,
      path,
      stat: this.#nodes.stat(row),
      changes: [{ kind: 'changed', path, acl: this.#aclOf(row), parentAcl: OPEN_ACL }],
      parts: null,
    };
  }

  #setAcl(txn: Txn, header: Txn): Outcome {
    const row = this.#tree.find(txn.path);
    if (row === NO_ROW) return outcome(txn, Code.NO_NODE);
    this.#changeAcl(row, txn.acl, txn.version);
    return {
      type: txn.type,
      zxid: header.zxid,
      code: Code.OK,
      path: txn.path,
      stat: this.#nodes.stat(row),
      changes: NO_CHANGES,
      parts: null,
    };
  }

  #closeSession(txn: Txn): Outcome {
    const changes: Change[] = [];
    const owned = [...this.#sessions.ephemeralsOf(txn.sessionId)].map((row) =>
      this.#tree.pathOf(row),
    );
    // The transaction names what to delete; logs of old servers leave it to the table.
    for (const path of new Set([...(txn.paths ?? []), ...owned])) {
      const change = this.#deletePath(path, txn.zxid);
      if (change !== null) changes.push(change);
    }
    this.#sessions.remove(txn.sessionId);
    return {
      type: txn.type,
      zxid: txn.zxid,
      code: Code.OK,
      path: '',
      stat: null,
      changes,
      parts: null,
    };
  }

  #multi(txn: Txn): Outcome {
    const ops = txn.ops ?? [];
    const hasFailed = ops.some((op) => op.type === OpCode.ERROR);
    const parts: Outcome[] = [];
    const changes: Change[] = [];
    let code: Code = Code.OK;
    for (const op of ops) {
      const part =
        hasFailed && op.type !== OpCode.ERROR ? undone(op, txn.zxid) : this.#applyChange(op, txn);
      if (code === Code.OK) code = part.code;
      parts.push(part);
      changes.push(...part.changes);
    }
    return { type: txn.type, zxid: txn.zxid, code, path: '', stat: null, changes, parts };
  }

  #raiseChildren(parent: Row, parentCversion: number, zxid: Zxid): void {
    const current = this.#nodes.cversion(parent);
    const cversion = parentCversion === -1 ? current + 1 : parentCversion;
    if (cversion > current) this.#tree.setChildrenChanged(parent, cversion, zxid);
  }

  #changeAcl(row: Row, acl: Acl, aversion: number): void {
    const before = this.#nodes.acl(row);
    this.#tree.setAcl(row, this.#acls.intern(acl), aversion);
    this.#acls.release(before);
  }

  #aclOf(row: Row): Acl {
    return this.#acls.get(this.#nodes.acl(row));
  }

  #trackOwner(row: Row, owner: bigint): void {
    if (this.#nodes.kind(row) === 'ephemeral') this.#sessions.addEphemeral(owner, row);
    else this.#lifetimes.add(row);
  }

  #untrackOwner(row: Row): void {
    const kind = this.#nodes.kind(row);
    if (kind === 'ephemeral') this.#sessions.removeEphemeral(this.#nodes.owner(row), row);
    else if (kind !== 'persistent') this.#lifetimes.remove(row);
  }
}

function outcome(txn: Txn, code: Code): Outcome {
  return {
    type: txn.type,
    zxid: txn.zxid,
    code,
    path: txn.path,
    stat: null,
    changes: NO_CHANGES,
    parts: null,
  };
}

/** A part of a failed multi that would have worked. */
function undone(op: Txn, zxid: Zxid): Outcome {
  return {
    type: OpCode.ERROR,
    zxid,
    code: Code.OK,
    path: op.path,
    stat: null,
    changes: NO_CHANGES,
    parts: null,
  };
}
