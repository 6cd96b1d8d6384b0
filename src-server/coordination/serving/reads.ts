/** Requests that are answered from this member's own state. */
import type { Writer } from '../../bytes/writer.ts';
import { Permission } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import type { PathList, Request } from '../model/request.ts';
import { type Machine, NO_ROW, type Row, type Session } from '../state/machine.ts';
import { writeAcl, writeStrings } from '../wire/jute.ts';
import {
  amendCode,
  beginReply,
  endReply,
  EventType,
  writeBareReply,
  writeNotification,
} from '../wire/replies.ts';
import { writeMultiHeader, Xid } from '../wire/requests.ts';
import { publicName } from './auth.ts';
import { writeChildNames, writeNodeData, writeNodeStat, writePartError } from './replies.ts';
import { type Watcher, WatcherType, type Watches } from './watches.ts';

/** ZooKeeper's addWatch modes. */
const AddWatchMode = { PERSISTENT: 0, RECURSIVE: 1 } as const;

export class Reads {
  #machine: Machine;
  readonly #watches: Watches;
  readonly #compat38: boolean;

  constructor(parts: {
    readonly machine: Machine;
    readonly watches: Watches;
    readonly compat38: boolean;
  }) {
    this.#machine = parts.machine;
    this.#watches = parts.watches;
    this.#compat38 = parts.compat38;
  }

  /** Another state took its place. */
  use(machine: Machine): void {
    this.#machine = machine;
  }

  /** Writes the whole reply, and before it whatever notifications the request itself brings. */
  answer(request: Request, session: Session, watcher: Watcher, writer: Writer): void {
    const zxid = this.#machine.lastZxid;
    if (request.op === OpCode.PING) {
      writeBareReply(writer, Xid.PING, zxid, Code.OK);
      return;
    }
    let code = request.malformed;
    const isSetWatches = request.op === OpCode.SET_WATCHES || request.op === OpCode.SET_WATCHES2;
    if (code === Code.OK && isSetWatches) code = this.#setWatches(request, watcher, writer);
    if (code === Code.OK) {
      const frame = beginReply(writer, request.xid, zxid, Code.OK);
      code = this.#writeBody(request, session, watcher, writer);
      if (code === Code.OK || request.op === OpCode.MULTI_READ) {
        if (code !== Code.OK) amendCode(writer, frame, code);
        endReply(writer, frame);
        return;
      }
      writer.length = frame;
    }
    writeBareReply(writer, request.xid, zxid, code);
  }

  /** @returns OK, or the code to answer with instead of whatever was written */
  #writeBody(request: Request, session: Session, watcher: Watcher, writer: Writer): Code {
    switch (request.op) {
      case OpCode.GET_DATA:
        return this.#getData(request, watcher, writer);
      case OpCode.EXISTS:
        return this.#exists(request, watcher, writer);
      case OpCode.GET_CHILDREN:
      case OpCode.GET_CHILDREN2:
        return this.#getChildren(request, watcher, writer);
      case OpCode.GET_ACL:
        return this.#getAcl(request, writer);
      case OpCode.GET_ALL_CHILDREN_NUMBER:
        return this.#getAllChildrenNumber(request, writer);
      case OpCode.GET_EPHEMERALS:
        return this.#getEphemerals(request, session, writer);
      case OpCode.MULTI_READ:
        return this.#multiRead(request, writer);
      case OpCode.SYNC:
        writer.string(request.path);
        return Code.OK;
      case OpCode.SET_WATCHES:
      case OpCode.SET_WATCHES2:
        return Code.OK;
      case OpCode.ADD_WATCH:
        return this.#addWatch(request, watcher, writer);
      case OpCode.CHECK_WATCHES:
        if (!this.#isWatcherType(request.mode)) return Code.MARSHALLING_ERROR;
        // Where 3.8 looked for its ancestors, a path that is none was an error.
        if (request.path === null) return this.#compat38 ? Code.MARSHALLING_ERROR : Code.NO_WATCHER;
        return this.#watches.has(request.path, watcher, request.mode) ? Code.OK : Code.NO_WATCHER;
      case OpCode.REMOVE_WATCHES:
        if (!this.#isWatcherType(request.mode)) return Code.MARSHALLING_ERROR;
        return request.path !== null && this.#watches.remove(request.path, watcher, request.mode)
          ? Code.OK
          : Code.NO_WATCHER;
      case OpCode.WHO_AM_I:
        writer.int32(request.identities.length);
        for (const identity of request.identities) {
          writer.string(identity.scheme);
          writer.string(publicName(identity));
        }
        return Code.OK;
      default:
        return Code.UNIMPLEMENTED;
    }
  }

  #getData(request: Request, watcher: Watcher, writer: Writer): Code {
    const { path } = request;
    if (path === null) return Code.MARSHALLING_ERROR;
    const row = this.#machine.find(path);
    if (row === NO_ROW) return Code.NO_NODE;
    if (!this.#machine.isPermitted(row, Permission.READ, request.identities)) return Code.NO_AUTH;
    if (request.watch) this.#watches.addData(path, watcher);
    writeNodeData(writer, this.#machine.nodes, row);
    writeNodeStat(writer, this.#machine.nodes, row);
    return Code.OK;
  }

  #exists(request: Request, watcher: Watcher, writer: Writer): Code {
    const { path } = request;
    if (path === null) return Code.MARSHALLING_ERROR;
    if (path.includes('\0')) return Code.BAD_ARGUMENTS;
    const row = this.#machine.find(path);
    // Until 3.8.4 whoever knew a path could ask whether it exists.
    const needsRight = row !== NO_ROW && !this.#compat38;
    if (needsRight && !this.#machine.isPermitted(row, Permission.READ, request.identities))
      return Code.NO_AUTH;
    if (request.watch) this.#watches.addData(path, watcher);
    if (row === NO_ROW) return Code.NO_NODE;
    writeNodeStat(writer, this.#machine.nodes, row);
    return Code.OK;
  }

  #getChildren(request: Request, watcher: Watcher, writer: Writer): Code {
    const { path } = request;
    if (path === null) return Code.MARSHALLING_ERROR;
    const row = this.#machine.find(path);
    if (row === NO_ROW) return Code.NO_NODE;
    if (!this.#machine.isPermitted(row, Permission.READ, request.identities)) return Code.NO_AUTH;
    if (request.watch) this.#watches.addChild(path, watcher);
    writeChildNames(writer, this.#machine.nodes, row);
    if (request.op === OpCode.GET_CHILDREN2) writeNodeStat(writer, this.#machine.nodes, row);
    return Code.OK;
  }

  #getAcl(request: Request, writer: Writer): Code {
    if (request.path === null) return Code.MARSHALLING_ERROR;
    const row = this.#machine.find(request.path);
    if (row === NO_ROW) return Code.NO_NODE;
    const { identities } = request;
    if (!this.#machine.isPermitted(row, Permission.READ | Permission.ADMIN, identities))
      return Code.NO_AUTH;
    const acl = this.#machine.aclOf(row);
    const seesSecrets = this.#machine.isPermitted(row, Permission.ADMIN, identities);
    writeAcl(
      writer,
      seesSecrets
        ? acl
        : acl.map((entry) =>
            entry.scheme === 'digest' ? { ...entry, id: hidden(entry.id) } : entry,
          ),
    );
    writeNodeStat(writer, this.#machine.nodes, row);
    return Code.OK;
  }

  #getAllChildrenNumber(request: Request, writer: Writer): Code {
    if (request.path === null) return Code.MARSHALLING_ERROR;
    const row = this.#machine.find(request.path);
    if (row === NO_ROW) return Code.NO_NODE;
    if (!this.#machine.isPermitted(row, Permission.READ, request.identities)) return Code.NO_AUTH;
    // The root has two names in Apache's table, and below the empty one lies the other.
    writer.int32(this.#machine.countBelow(row) + (request.path === '' ? 1 : 0));
    return Code.OK;
  }

  #getEphemerals(request: Request, session: Session, writer: Writer): Code {
    const prefix = request.path?.trim() ?? '';
    const all = this.#machine.ephemeralPathsOf(session.id);
    writeStrings(
      writer,
      prefix === '' || prefix === '/'
        ? all
        : all.filter((path) => path.startsWith(request.path ?? '')),
    );
    return Code.OK;
  }

  /**
   * Each part has its own result. Where one cannot be understood, the reply says so in its header, and still carries the
   * results before it.
   */
  #multiRead(request: Request, writer: Writer): Code {
    let code: Code = Code.OK;
    for (const part of request.ops ?? []) {
      const isRead = part.op === OpCode.GET_DATA || part.op === OpCode.GET_CHILDREN;
      if (!isRead || part.path === null) {
        code = Code.MARSHALLING_ERROR;
        break;
      }
      const row = this.#machine.find(part.path);
      if (row === NO_ROW) writePartError(writer, Code.NO_NODE);
      else if (!this.#machine.isPermitted(row, Permission.READ, request.identities))
        writePartError(writer, Code.NO_AUTH);
      else this.#writeReadPart(part.op, row, writer);
    }
    writeMultiHeader(writer, -1, true, -1);
    return code;
  }

  #writeReadPart(op: OpCode, row: Row, writer: Writer): void {
    writeMultiHeader(writer, op, false, 0);
    if (op === OpCode.GET_CHILDREN) {
      writeChildNames(writer, this.#machine.nodes, row);
      return;
    }
    writeNodeData(writer, this.#machine.nodes, row);
    writeNodeStat(writer, this.#machine.nodes, row);
  }

  /** The last two came with 3.9. */
  #isWatcherType(type: number): boolean {
    const last = this.#compat38 ? WatcherType.ANY : WatcherType.RECURSIVE;
    return type >= WatcherType.CHILDREN && type <= last;
  }

  #addWatch(request: Request, watcher: Watcher, writer: Writer): Code {
    if (request.path === null) return Code.MARSHALLING_ERROR;
    if (request.mode === AddWatchMode.PERSISTENT)
      this.#watches.addPersistent(request.path, watcher);
    else if (request.mode === AddWatchMode.RECURSIVE)
      this.#watches.addRecursive(request.path, watcher);
    else return Code.MARSHALLING_ERROR;
    // The answer is an ErrorResponse that says there was none.
    writer.int32(Code.OK);
    return Code.OK;
  }

  /**
   * A client that was away registers again. What happened meanwhile it is told at once, as far as the tree still shows it;
   * persistent watches are only registered. These notifications bear no zxid.
   * @returns MARSHALLING_ERROR at the first null, as in Apache after what came before it has been done
   */
  #setWatches(request: Request, watcher: Watcher, writer: Writer): Code {
    const { watches: lists, zxid } = request;
    if (lists === null) return Code.MARSHALLING_ERROR;
    const { nodes } = this.#machine;
    const tell = (type: EventType, path: string): void =>
      writeNotification(writer, NO_ZXID, type, path);
    const isDone =
      forEachPath(lists.data, (path) => {
        const row = this.#machine.find(path);
        if (row === NO_ROW) tell(EventType.DELETED, path);
        else if (nodes.mzxid(row) > zxid) tell(EventType.DATA_CHANGED, path);
        else this.#watches.addData(path, watcher);
      }) &&
      forEachPath(lists.exist, (path) => {
        if (this.#machine.find(path) !== NO_ROW) tell(EventType.CREATED, path);
        else this.#watches.addData(path, watcher);
      }) &&
      forEachPath(lists.child, (path) => {
        const row = this.#machine.find(path);
        if (row === NO_ROW) tell(EventType.DELETED, path);
        else if (nodes.pzxid(row) > zxid) tell(EventType.CHILDREN_CHANGED, path);
        else this.#watches.addChild(path, watcher);
      }) &&
      forEachPath(lists.persistent, (path) => this.#watches.addPersistent(path, watcher)) &&
      forEachPath(lists.recursive, (path) => this.#watches.addRecursive(path, watcher));
    return isDone ? Code.OK : Code.MARSHALLING_ERROR;
  }
}

/** @returns false where it stopped at a null */
function forEachPath(paths: PathList, visit: (path: string) => void): boolean {
  if (paths === null) return false;
  for (const path of paths) {
    if (path === null) return false;
    visit(path);
  }
  return true;
}

const NO_ZXID = -1;

/** Everything behind the user's name, as Java's replaceAll(":.*", ":x") hides it. */
function hidden(id: string | null): string | null {
  return id === null ? null : id.replace(/:.*/g, ':x');
}
