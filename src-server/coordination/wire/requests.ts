/** Client requests: bytes to Request, and the other way for our own client. */
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import { NO_TTL, Request } from '../model/request.ts';
import { readAcl, readStrings, writeAcl, writeStrings } from './jute.ts';

/** Special xids of the protocol. */
export const Xid = { NOTIFICATION: -1, PING: -2, AUTH: -4, SET_WATCHES: -8 } as const;

/** A multi is not nested, so a request has at most as many parts as its bytes can hold headers. */
const MULTI_HEADER_BYTES = 9;

/**
 * Fills `request` from the bytes after the header. Whatever is not the record of its operation is noted in
 * `request.malformed`; the connection goes on.
 */
export function readRequest(reader: Reader, request: Request): void {
  readBody(reader, request);
  if (!reader.ok) request.malformed = Code.MARSHALLING_ERROR;
}

function readBody(reader: Reader, request: Request): void {
  switch (request.op) {
    case OpCode.GET_DATA:
    case OpCode.EXISTS:
    case OpCode.GET_CHILDREN:
    case OpCode.GET_CHILDREN2:
      request.path = reader.string();
      request.watch = reader.bool();
      return;
    case OpCode.SET_DATA:
      request.path = reader.string();
      request.data = reader.view();
      request.version = reader.int32();
      return;
    case OpCode.CREATE:
    case OpCode.CREATE2:
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      request.path = reader.string();
      request.data = reader.view();
      request.acl = readAcl(reader);
      request.flags = reader.int32();
      request.ttlMs = request.op === OpCode.CREATE_TTL ? reader.long() : NO_TTL;
      return;
    case OpCode.DELETE:
    case OpCode.CHECK:
      request.path = reader.string();
      request.version = reader.int32();
      return;
    case OpCode.GET_ACL:
    case OpCode.SYNC:
    case OpCode.GET_EPHEMERALS:
    case OpCode.GET_ALL_CHILDREN_NUMBER:
      request.path = reader.string();
      return;
    case OpCode.SET_ACL:
      request.path = reader.string();
      request.acl = readAcl(reader);
      request.version = reader.int32();
      return;
    case OpCode.CHECK_WATCHES:
    case OpCode.REMOVE_WATCHES:
    case OpCode.ADD_WATCH:
      request.path = reader.string();
      request.mode = reader.int32();
      return;
    case OpCode.SET_WATCHES:
    case OpCode.SET_WATCHES2:
      readSetWatches(reader, request);
      return;
    case OpCode.MULTI:
    case OpCode.MULTI_READ:
      readMulti(reader, request);
      return;
    case OpCode.RECONFIG:
      request.reconfig = {
        joining: reader.string(),
        leaving: reader.string(),
        members: reader.string(),
        fromVersion: reader.long(),
      };
      return;
    default:
      // Ping, whoAmI and closeSession have no record.
      return;
  }
}

function readSetWatches(reader: Reader, request: Request): void {
  request.zxid = reader.long();
  request.watches = {
    data: readStrings(reader),
    exist: readStrings(reader),
    child: readStrings(reader),
    persistent: request.op === OpCode.SET_WATCHES2 ? readStrings(reader) : [],
    recursive: request.op === OpCode.SET_WATCHES2 ? readStrings(reader) : [],
  };
}

/**
 * {type, done, err} and a record, until a header says done: all of them writes, or all of them reads. Which of the two it
 * had to be is asked only afterwards.
 */
function readMulti(reader: Reader, request: Request): void {
  const parts: Request[] = [];
  let kind: ReadonlySet<number> | null = null;
  for (;;) {
    const op = reader.int32();
    const isDone = reader.bool();
    reader.int32();
    if (!reader.ok || isDone) break;
    kind ??= WRITE_PARTS.has(op) ? WRITE_PARTS : READ_PARTS;
    if (!kind.has(op)) {
      request.malformed = Code.MARSHALLING_ERROR;
      return;
    }
    const part = new Request(op as OpCode);
    readBody(reader, part);
    parts.push(part);
  }
  // A multiRead of writes is answered, though with nothing but the error.
  if (kind === READ_PARTS && request.op === OpCode.MULTI)
    request.malformed = Code.MARSHALLING_ERROR;
  request.ops = parts;
}

const WRITE_PARTS: ReadonlySet<number> = new Set([
  OpCode.CREATE,
  OpCode.CREATE2,
  OpCode.CREATE_CONTAINER,
  OpCode.CREATE_TTL,
  OpCode.DELETE,
  OpCode.SET_DATA,
  OpCode.CHECK,
]);

const READ_PARTS: ReadonlySet<number> = new Set([OpCode.GET_DATA, OpCode.GET_CHILDREN]);

/** A whole frame: length, xid, type, record. */
export function writeRequest(writer: Writer, request: Request): void {
  const frame = writer.gap(4);
  writer.int32(request.xid);
  writer.int32(request.op);
  writeBody(writer, request);
  writer.patchInt32(frame, writer.length - frame - 4);
}

/** AuthPacket, whose type field nobody reads. */
export function writeAuth(writer: Writer, scheme: string, auth: Uint8Array): void {
  const frame = writer.gap(4);
  writer.int32(Xid.AUTH);
  writer.int32(OpCode.AUTH);
  writer.int32(0);
  writer.string(scheme);
  writer.buffer(auth);
  writer.patchInt32(frame, writer.length - frame - 4);
}

/** Null where the bytes are not an AuthPacket. */
export function readAuth(
  reader: Reader,
): { readonly scheme: string | null; readonly auth: Buffer | null } | null {
  reader.int32();
  const scheme = reader.string();
  const auth = reader.buffer();
  return reader.ok ? { scheme, auth } : null;
}

/** Null where there is none, or no GetSASLRequest. */
export function readSaslToken(reader: Reader): Buffer | null {
  const token = reader.view();
  return reader.ok ? token : null;
}

function writeBody(writer: Writer, request: Request): void {
  switch (request.op) {
    case OpCode.GET_DATA:
    case OpCode.EXISTS:
    case OpCode.GET_CHILDREN:
    case OpCode.GET_CHILDREN2:
      writer.string(request.path);
      writer.bool(request.watch);
      return;
    case OpCode.SET_DATA:
      writer.string(request.path);
      writer.buffer(request.data);
      writer.int32(request.version);
      return;
    case OpCode.CREATE:
    case OpCode.CREATE2:
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      writer.string(request.path);
      writer.buffer(request.data);
      writeAcl(writer, request.acl ?? []);
      writer.int32(request.flags);
      if (request.op === OpCode.CREATE_TTL) writer.long(request.ttlMs);
      return;
    case OpCode.DELETE:
    case OpCode.CHECK:
      writer.string(request.path);
      writer.int32(request.version);
      return;
    case OpCode.GET_ACL:
    case OpCode.SYNC:
    case OpCode.GET_EPHEMERALS:
    case OpCode.GET_ALL_CHILDREN_NUMBER:
      writer.string(request.path);
      return;
    case OpCode.SET_ACL:
      writer.string(request.path);
      writeAcl(writer, request.acl ?? []);
      writer.int32(request.version);
      return;
    case OpCode.CHECK_WATCHES:
    case OpCode.REMOVE_WATCHES:
    case OpCode.ADD_WATCH:
      writer.string(request.path);
      writer.int32(request.mode);
      return;
    case OpCode.SET_WATCHES:
    case OpCode.SET_WATCHES2:
      writeSetWatches(writer, request);
      return;
    case OpCode.MULTI:
    case OpCode.MULTI_READ:
      for (const part of request.ops ?? []) {
        writeMultiHeader(writer, part.op, false, -1);
        writeBody(writer, part);
      }
      writeMultiHeader(writer, -1, true, -1);
      return;
    case OpCode.RECONFIG:
      writer.string(request.reconfig?.joining ?? null);
      writer.string(request.reconfig?.leaving ?? null);
      writer.string(request.reconfig?.members ?? null);
      writer.long(request.reconfig?.fromVersion ?? -1);
      return;
    default:
      return;
  }
}

function writeSetWatches(writer: Writer, request: Request): void {
  const { watches } = request;
  writer.long(request.zxid);
  writeStrings(writer, present(watches?.data));
  writeStrings(writer, present(watches?.exist));
  writeStrings(writer, present(watches?.child));
  if (request.op === OpCode.SET_WATCHES2) {
    writeStrings(writer, present(watches?.persistent));
    writeStrings(writer, present(watches?.recursive));
  }
}

function present(paths: readonly (string | null)[] | null | undefined): string[] {
  return (paths ?? []).filter((path) => path !== null);
}

export function writeMultiHeader(writer: Writer, type: number, done: boolean, code: number): void {
  writer.reserve(MULTI_HEADER_BYTES);
  writer.int32(type);
  writer.bool(done);
  writer.int32(code);
}
