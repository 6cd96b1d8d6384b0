/** A script's messages as bytes, given where the play takes place. Written apart from the server's own codec. */
import { Writer } from '../../../src-server/bytes/writer.ts';
import { passwordOf } from '../../../src-server/coordination/serving/password.ts';
import type { Connect, Message, Value } from './script.ts';

export interface Place {
  /** The node that `~` stands for. */
  readonly root: string;
  /** The zxid that the play's own are counted from. */
  readonly baseZxid: number;
}

const UNKNOWN_SESSION = 0x0100_0000_0000_0abcn;
const PASSWORD_BYTES = 16;
const HEADER_BYTES = 8;

export function encodeConnect(connect: Connect, session: bigint | null, place: Place): Buffer {
  const writer = new Writer();
  const claimed = connect.session === null ? 0n : (session ?? UNKNOWN_SESSION);
  writer.int32(connect.protocolVersion);
  writer.long(connect.lastZxid === null ? 0 : place.baseZxid + connect.lastZxid);
  writer.int32(connect.timeoutMs);
  writer.bigint(claimed);
  writer.buffer(passwordFor(connect.password, claimed));
  if (connect.readOnly !== null) writer.byte(connect.readOnly);
  const trailing = Buffer.from(connect.trailing, 'hex');
  writer.raw(trailing, 0, trailing.length);
  return framed(writer.copy());
}

function passwordFor(kind: Connect['password'], session: bigint): Buffer | null {
  const right = session === 0n ? Buffer.alloc(PASSWORD_BYTES) : passwordOf(session);
  switch (kind) {
    case 'right':
      return right;
    case 'wrong':
      return Buffer.from(right.map((byte) => byte ^ 0xff));
    case 'short':
      return right.subarray(0, PASSWORD_BYTES - 1);
    case 'null':
      return null;
  }
}

export function encodeMessage(message: Message, place: Place): Buffer {
  const writer = new Writer();
  writer.int32(message.xid);
  writer.int32(message.op);
  if (message.headerBytes !== undefined) return framed(writer.copy(0, message.headerBytes));
  for (const value of message.body) writeValue(writer, value, place);
  const whole = writer.copy(0, Math.max(HEADER_BYTES, writer.length - (message.cut ?? 0)));
  const body = Buffer.concat([whole, Buffer.from(message.trailing ?? '', 'hex')]);
  return framed(body, message.length);
}

export function framed(body: Uint8Array, length = body.length): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(length, 0);
  frame.set(body, 4);
  return frame;
}

/** The path as it is sent. */
export function pathAt(text: string, root: string): string {
  return text.replace('~', root);
}

function writeValue(writer: Writer, value: Value, place: Place): void {
  const text = (of: string | null): void =>
    writer.string(of === null ? null : pathAt(of, place.root));
  switch (value.is) {
    case 'int':
    case 'count':
      writer.int32(value.of);
      return;
    case 'long':
      writer.bigint(BigInt(value.of));
      return;
    case 'bool':
      writer.byte(value.of);
      return;
    case 'text':
      text(value.of);
      return;
    case 'bytes-as-text':
      writer.buffer(Buffer.from(value.of, 'hex'));
      return;
    case 'data':
      writer.buffer(value.of === null ? null : Buffer.from(value.of, 'hex'));
      return;
    case 'bulk':
      writer.buffer(Buffer.alloc(value.of, 0x62));
      return;
    case 'zxid':
      writer.long(place.baseZxid + value.of);
      return;
    case 'texts':
      writer.int32(value.of?.length ?? -1);
      for (const item of value.of ?? []) text(item);
      return;
    case 'acl':
      writer.int32(value.of?.length ?? -1);
      for (const { permissions, scheme, id } of value.of ?? []) {
        writer.int32(permissions);
        writer.string(scheme);
        writer.string(id);
      }
      return;
    case 'parts':
      for (const { op, body } of value.of) {
        writePartHeader(writer, op, false);
        for (const field of body) writeValue(writer, field, place);
      }
      if (value.ended) writePartHeader(writer, -1, true);
      return;
  }
}

function writePartHeader(writer: Writer, op: number, done: boolean): void {
  writer.int32(op);
  writer.bool(done);
  writer.int32(-1);
}
