/** Requests from bytes: what does not hold the record is noted, and what merely looks odd is left to whoever judges it. */
import { describe, expect, test } from 'vitest';

import { Reader } from '../../../../../src-server/bytes/reader.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { Code } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import {
  readAuth,
  readRequest,
  readSaslToken,
} from '../../../../../src-server/coordination/wire/requests.ts';

function readerOf(fill: (writer: Writer) => void): Reader {
  const writer = new Writer(8);
  fill(writer);
  return new Reader().reset(writer.copy(), 0, writer.length);
}

function read(op: OpCode, fill: (writer: Writer) => void): Request {
  const request = new Request(op);
  readRequest(readerOf(fill), request);
  return request;
}

describe('a multi', () => {
  const part = (writer: Writer, op: number): void => {
    writer.int32(op);
    writer.bool(op === -1);
    writer.int32(-1);
    if (op === -1) return;
    writer.string('/a');
    if (op === OpCode.GET_DATA) writer.bool(false);
    else writer.int32(-1);
  };
  const READ = OpCode.GET_DATA;
  const WRITE = OpCode.DELETE;

  test.each<[string, OpCode, readonly number[], Code, number | null]>([
    ['writes in a multi', OpCode.MULTI, [WRITE, OpCode.CHECK, -1], Code.OK, 2],
    ['reads in a multiRead', OpCode.MULTI_READ, [READ, READ, -1], Code.OK, 2],
    ['nothing', OpCode.MULTI, [-1], Code.OK, 0],
    ['reads in a multi', OpCode.MULTI, [READ, -1], Code.MARSHALLING_ERROR, 1],
    // Answered with the error and an empty list, so it is not refused here.
    ['writes in a multiRead', OpCode.MULTI_READ, [WRITE, -1], Code.OK, 1],
    ['a mixture', OpCode.MULTI, [WRITE, READ, -1], Code.MARSHALLING_ERROR, null],
    ['a mixture to read', OpCode.MULTI_READ, [READ, WRITE, -1], Code.MARSHALLING_ERROR, null],
    ['a stranger', OpCode.MULTI, [OpCode.SET_ACL, -1], Code.MARSHALLING_ERROR, null],
    ['a multi within', OpCode.MULTI, [WRITE, OpCode.MULTI, -1], Code.MARSHALLING_ERROR, null],
    ['no end', OpCode.MULTI, [WRITE], Code.MARSHALLING_ERROR, 1],
  ])('%s', (_, op, parts, code, count) => {
    const request = read(op, (writer) => {
      for (const each of parts) part(writer, each);
    });
    expect([request.malformed, request.ops?.length ?? null]).toEqual([code, count]);
  });
});

describe('lists', () => {
  const create = (count: number): Request =>
    read(OpCode.CREATE, (writer) => {
      writer.string('/a');
      writer.buffer(null);
      writer.int32(count);
      writer.int32(0);
    });

  test('none, empty, and of a negative count that is empty as well', () => {
    expect(create(-1).acl).toBe(null);
    expect(create(0).acl).toEqual([]);
    const negative = create(-0x8000_0000);
    expect([negative.acl, negative.malformed]).toEqual([[], Code.OK]);
    expect(create(1).malformed).toBe(Code.MARSHALLING_ERROR);
  });

  test('of watches may be missing or hold nothing: what comes before still counts', () => {
    const request = read(OpCode.SET_WATCHES, (writer) => {
      writer.long(7);
      writer.int32(2);
      writer.string('/a');
      writer.string(null);
      writer.int32(-1);
      writer.int32(0);
    });
    expect(request.malformed).toBe(Code.OK);
    expect(request.zxid).toBe(7);
    expect(request.watches).toEqual({
      data: ['/a', null],
      exist: null,
      child: [],
      persistent: [],
      recursive: [],
    });
  });
});

describe('who somebody is', () => {
  test('a packet may lack scheme and proof; one that is cut is none', () => {
    const packet = (writer: Writer): void => {
      writer.int32(0);
      writer.string(null);
      writer.buffer(null);
    };
    expect(readAuth(readerOf(packet))).toEqual({ scheme: null, auth: null });
    expect(readAuth(readerOf((writer) => writer.int32(0)))).toBe(null);
  });

  test('a SASL token must be there, if empty', () => {
    expect(readSaslToken(readerOf((writer) => writer.buffer(Buffer.alloc(0))))).toEqual(
      Buffer.alloc(0),
    );
    expect(readSaslToken(readerOf((writer) => writer.buffer(null)))).toBe(null);
    expect(readSaslToken(readerOf((writer) => writer.int32(3)))).toBe(null);
  });
});
