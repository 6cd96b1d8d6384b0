import { expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { Push, type Reply, RespError } from '../../../../../src-server/storage/resp/reply.ts';
import { ReplyParser } from '../../../../../src-server/storage/resp/reply-parser.ts';
import { endOfReply, itemsOf } from '../../../../../src-server/storage/resp/reply-pieces.ts';
import { ReplyWriter } from '../../../../../src-server/storage/resp/reply-writer.ts';

function write(value: Reply, writer: ReplyWriter): void {
  if (value === null) writer.nil();
  else if (typeof value === 'string') writer.simple(value);
  else if (typeof value === 'number' || typeof value === 'bigint') writer.integer(value);
  else if (typeof value === 'boolean') writer.boolean(value);
  else if (Buffer.isBuffer(value)) writer.bulk(value);
  else if (value instanceof RespError) writer.error(value.message);
  else if (value instanceof Map) {
    writer.map(value.size);
    for (const [key, item] of value as ReadonlyMap<Reply, Reply>) {
      write(key, writer);
      write(item, writer);
    }
  } else {
    const items = value as readonly Reply[];
    writer.array(items.length);
    for (const item of items) write(item, writer);
  }
}

function randomReply(random: Prng, depth = 0): Reply {
  const kinds = depth > 3 ? 7 : 9;
  switch (random.below(kinds)) {
    case 0:
      return null;
    case 1:
      return random.pick(['OK', 'QUEUED', 'PONG']);
    case 2:
      return random.pick([
        0,
        1,
        -1,
        9,
        10,
        99,
        100,
        123_456_789,
        Number.MAX_SAFE_INTEGER,
        -(2 ** 40),
      ]);
    case 3:
      return random.pick([2n ** 62n, -(2n ** 63n)]);
    case 4:
      return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
    case 5:
      return new RespError('ERR something');
    case 6:
      return random.chance(0.5);
    case 7:
      return new Map(
        Array.from({ length: random.below(4) }, (_, i) => [
          Buffer.from(`k${i}`),
          randomReply(random, depth + 1),
        ]),
      );
    default:
      return Array.from({ length: random.below(5) }, () => randomReply(random, depth + 1));
  }
}

test('what is written is read again, wherever it is cut', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Prng(seed);
    const replies = Array.from({ length: random.between(1, 6) }, () => randomReply(random));
    const writer = new ReplyWriter(16);
    writer.protocol = 3;
    for (const reply of replies) write(reply, writer);
    const parser = new ReplyParser();
    const read: (Reply | Push)[] = [];
    for (let at = 0; at < writer.length;) {
      const end = Math.min(writer.length, at + random.between(1, 20));
      parser.push(writer.view(at, end));
      for (let next = parser.next(); next !== undefined; next = parser.next()) read.push(next);
      at = end;
    }
    expect(read, `seed ${seed}`).toEqual(replies);
  }
});

test('a list falls apart into its items', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const items = Array.from({ length: 5 }, (_, i) => randomReply(new Prng(seed * 10 + i)));
    const writer = new ReplyWriter();
    writer.protocol = 3;
    write(items, writer);
    expect(endOfReply(writer.view(), 0)).toBe(writer.length);
    expect(endOfReply(writer.view(0, writer.length - 1), 0)).toBe(-1);
    const pieces = itemsOf(writer.view()).map((piece) => {
      const parser = new ReplyParser();
      parser.push(piece);
      return parser.next();
    });
    expect(pieces).toEqual(items);
  }
});

test('RESP2 makes of RESP3 what Redis makes of it', () => {
  const writer = new ReplyWriter();
  writer.map(1);
  writer.boolean(true);
  writer.double(1.5);
  writer.nil();
  writer.nilArray();
  writer.verbatim('text');
  expect(writer.view().toString()).toBe('*2\r\n:1\r\n$3\r\n1.5\r\n$-1\r\n*-1\r\n$4\r\ntext\r\n');
});

test('an error is one line whatever is in it', () => {
  const writer = new ReplyWriter();
  writer.error('ERR a\r\nb');
  expect(writer.view().toString()).toBe('-ERR a  b\r\n');
  expect(writer.errors).toBe(1);
});

test('pushes come beside replies, and attributes are left out', () => {
  const parser = new ReplyParser();
  parser.push(Buffer.from('>2\r\n+invalidate\r\n_\r\n|1\r\n+ttl\r\n:3\r\n+OK\r\n'));
  expect(parser.next()).toEqual(new Push(['invalidate', null]));
  expect(parser.next()).toBe('OK');
  expect(parser.next()).toBeUndefined();
});

test('bytes that are no reply are refused', () => {
  const parser = new ReplyParser();
  parser.push(Buffer.from('HTTP/1.1 400 Bad Request\r\n'));
  expect(() => parser.next()).toThrow('cannot begin with "H"');
});
