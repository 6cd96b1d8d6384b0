/** Replies and notifications: the frame around a body, and bodies as our own client reads them. */
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import type { Acl } from '../model/acl.ts';
import { OpCode } from '../model/ops.ts';
import type { Stat } from '../model/stat.ts';
import { readAcl, readStat, readStrings } from './jute.ts';
import { Xid } from './requests.ts';

export const EventType = {
  CREATED: 1,
  DELETED: 2,
  DATA_CHANGED: 3,
  CHILDREN_CHANGED: 4,
} as const;

export type EventType = (typeof EventType)[keyof typeof EventType];

/** The only state a server ever sends; clients make up the rest. */
const STATE_SYNC_CONNECTED = 3;

/** Behind the length, xid and zxid. */
const CODE_AT = 16;

/** Starts a frame with a reply header. The answer is the frame's place, for `endReply`. */
export function beginReply(writer: Writer, xid: number, zxid: number, code: number): number {
  const frame = writer.gap(4);
  writer.int32(xid);
  writer.long(zxid);
  writer.int32(code);
  return frame;
}

/** Another code than the one the reply was begun with. */
export function amendCode(writer: Writer, frame: number, code: number): void {
  writer.patchInt32(frame + CODE_AT, code);
}

export function endReply(writer: Writer, frame: number): void {
  writer.patchInt32(frame, writer.length - frame - 4);
}

/** A frame that is a header alone: pings, errors, and operations that answer with nothing. */
export function writeBareReply(writer: Writer, xid: number, zxid: number, code: number): void {
  writer.int32(16);
  writer.int32(xid);
  writer.long(zxid);
  writer.int32(code);
}

export function writeNotification(
  writer: Writer,
  zxid: number,
  type: EventType,
  path: string,
): void {
  const frame = beginReply(writer, Xid.NOTIFICATION, zxid, 0);
  writer.int32(type);
  writer.int32(STATE_SYNC_CONNECTED);
  writer.string(path);
  endReply(writer, frame);
}

export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: number;
  readonly code: number;
}

export function readReplyHeader(reader: Reader): ReplyHeader {
  return { xid: reader.int32(), zxid: reader.long(), code: reader.int32() };
}

export interface WatchEvent {
  readonly type: EventType;
  readonly path: string;
  readonly zxid: number;
}

export function readNotification(reader: Reader, zxid: number): WatchEvent | null {
  const type = reader.int32();
  reader.int32();
  const path = reader.string();
  if (!reader.ok || path === null || type < EventType.CREATED || type > EventType.CHILDREN_CHANGED)
    return null;
  return { type: type as EventType, path, zxid };
}

/** What an operation answered; fields it does not have keep their empty value. */
export interface ReplyBody {
  path: string | null;
  stat: Stat | null;
  data: Buffer | null;
  acl: Acl | null;
  names: string[] | null;
  count: number;
  identities: { readonly scheme: string; readonly user: string }[] | null;
  parts: MultiResult[] | null;
}

export interface MultiResult extends ReplyBody {
  /** 0, or why this part failed or was given up. */
  readonly code: number;
}

/** Null where the bytes are not this operation's answer. */
export function readReplyBody(reader: Reader, op: OpCode): ReplyBody | null {
  const body = emptyBody();
  readBody(reader, op, body);
  return reader.ok ? body : null;
}

function emptyBody(): ReplyBody {
  return {
    path: null,
    stat: null,
    data: null,
    acl: null,
    names: null,
    count: 0,
    identities: null,
    parts: null,
  };
}

function readBody(reader: Reader, op: OpCode, body: ReplyBody): void {
  switch (op) {
    case OpCode.CREATE:
    case OpCode.SYNC:
      body.path = reader.string();
      return;
    case OpCode.CREATE2:
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      body.path = reader.string();
      body.stat = readStat(reader);
      return;
    case OpCode.EXISTS:
    case OpCode.SET_DATA:
    case OpCode.SET_ACL:
      body.stat = readStat(reader);
      return;
    case OpCode.GET_DATA:
    case OpCode.RECONFIG:
      body.data = reader.buffer();
      body.stat = readStat(reader);
      return;
    case OpCode.GET_ACL:
      body.acl = readAcl(reader);
      body.stat = readStat(reader);
      return;
    case OpCode.GET_CHILDREN:
    case OpCode.GET_EPHEMERALS:
      body.names = readNames(reader);
      return;
    case OpCode.GET_CHILDREN2:
      body.names = readNames(reader);
      body.stat = readStat(reader);
      return;
    case OpCode.GET_ALL_CHILDREN_NUMBER:
      body.count = reader.int32();
      return;
    case OpCode.WHO_AM_I:
      body.identities = [];
      for (let left = reader.count(8); left > 0 && reader.ok; left--) {
        body.identities.push({ scheme: reader.string() ?? '', user: reader.string() ?? '' });
      }
      return;
    case OpCode.MULTI:
    case OpCode.MULTI_READ:
      body.parts = readMultiResults(reader);
      return;
    default:
      return;
  }
}

function readNames(reader: Reader): string[] {
  return (readStrings(reader) ?? []).map((name) => name ?? '');
}

function readMultiResults(reader: Reader): MultiResult[] {
  const parts: MultiResult[] = [];
  for (;;) {
    const type = reader.int32();
    const isDone = reader.bool();
    reader.int32();
    if (!reader.ok || isDone) return parts;
    const body = emptyBody();
    let code = 0;
    if (type === OpCode.ERROR) code = reader.int32();
    else readBody(reader, type as OpCode, body);
    parts.push({ ...body, code });
  }
}
