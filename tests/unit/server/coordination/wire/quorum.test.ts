import { describe, expect, test } from 'vitest';

import { sessionId, sid } from '../../../../../src-server/base/ids.ts';
import { Prng } from '../../../../../src-server/base/prng.ts';
import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import { Packets } from '../../../../../src-server/coordination/wire/packets.ts';
import {
  BadPacket,
  MessageReader,
  writeMessage,
} from '../../../../../src-server/coordination/wire/quorum.ts';
import { writeTxn } from '../../../../../src-server/coordination/wire/txns.ts';
import { readView } from '../../../../../src-server/coordination/wire/views.ts';
import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';

type Side = 'leader' | 'learner';

const DATA_MAX = 0x10_0000;
const ZXID = makeZxid(3, 5);
const CONFIG =
  'server.1=a:1:2:participant\nserver.2=b:1:2:observer;0.0.0.0:2181\nversion=300000000';
const VIEW = readView(CONFIG)!;

function encoded(message: Message): Buffer {
  const writer = new Writer();
  writeMessage(writer, message);
  return writer.copy();
}

/** Everything in the chunks, read as that side's; and the state in which the splitter stopped. */
function decoded(chunks: readonly Buffer[], from: Side) {
  const packets = new Packets(DATA_MAX);
  const reader = new MessageReader();
  const messages: (Message | null)[] = [];
  for (const chunk of chunks) {
    packets.push(chunk);
    for (;;) {
      const state = packets.next();
      if (state === 'bad-length') return { messages, state };
      if (state === 'need-more') break;
      messages.push(from === 'leader' ? reader.fromLeader(packets) : reader.fromLearner(packets));
    }
  }
  return { messages, state: 'need-more' };
}

function payload(zxid: Zxid, dataBytes = 10): Buffer {
  const txn = new Txn(OpCode.SET_DATA);
  txn.sessionId = sessionId(0x0100_0000_0000_0001n);
  txn.zxid = zxid;
  txn.path = '/a';
  txn.data = Buffer.alloc(dataBytes, 7);
  const writer = new Writer();
  writeTxn(writer, txn);
  return writer.copy();
}

function reconfiguration(zxid: Zxid): Buffer {
  const txn = new Txn(OpCode.RECONFIG);
  txn.zxid = zxid;
  txn.path = '/zookeeper/config';
  txn.data = Buffer.from(CONFIG);
  const writer = new Writer();
  writeTxn(writer, txn);
  return writer.copy();
}

const SESSION = sessionId(0xf100_0000_0000_0001n);

const SAMPLES: readonly (readonly [Side, Message])[] = [
  [
    'learner',
    {
      kind: 'learnerInfo',
      role: 'follower',
      acceptedEpoch: 3,
      sid: sid(2),
      protocolVersion: 0x1_0000,
      configVersion: 0x1_0000_0000,
    },
  ],
  [
    'learner',
    {
      kind: 'learnerInfo',
      role: 'observer',
      acceptedEpoch: 0,
      sid: null,
      protocolVersion: 1,
      configVersion: 0,
    },
  ],
  ['learner', { kind: 'ackEpoch', lastZxid: ZXID, currentEpoch: 3 }],
  ['learner', { kind: 'ackEpoch', lastZxid: -1 as Zxid, currentEpoch: -1 }],
  ['learner', { kind: 'ack', zxid: ZXID }],
  ['learner', { kind: 'pong', zxid: ZXID, touches: [] }],
  [
    'learner',
    {
      kind: 'pong',
      zxid: ZXID,
      touches: [
        { sessionId: SESSION, timeoutMs: 4000 },
        { sessionId: sessionId(1n), timeoutMs: 40_000 },
      ],
    },
  ],
  [
    'learner',
    {
      kind: 'request',
      sessionId: SESSION,
      cxid: 7,
      op: OpCode.CREATE,
      body: Buffer.from('body'),
      identities: [
        { scheme: 'ip', id: '127.0.0.1' },
        { scheme: 'digest', id: 'user:é' },
      ],
    },
  ],
  [
    'learner',
    {
      kind: 'request',
      sessionId: SESSION,
      cxid: 0,
      op: OpCode.CREATE_SESSION,
      body: Buffer.from('00002710', 'hex'),
      identities: [],
    },
  ],
  ['learner', { kind: 'revalidate', sessionId: SESSION, timeoutMs: 30_000 }],
  ['leader', { kind: 'leaderInfo', epoch: 4 }],
  ['leader', { kind: 'diff', zxid: ZXID }],
  ['leader', { kind: 'trunc', zxid: ZXID }],
  ['leader', { kind: 'snap', zxid: ZXID }],
  ['leader', { kind: 'proposal', zxid: ZXID, payload: payload(ZXID), view: null }],
  ['leader', { kind: 'proposal', zxid: ZXID, payload: reconfiguration(ZXID), view: VIEW }],
  ['leader', { kind: 'commit', zxid: ZXID }],
  ['leader', { kind: 'commitAndActivate', zxid: ZXID, leader: sid(3) }],
  ['leader', { kind: 'inform', zxid: ZXID, payload: payload(ZXID) }],
  [
    'leader',
    {
      kind: 'informAndActivate',
      zxid: ZXID,
      leader: sid(3),
      payload: reconfiguration(ZXID),
      view: VIEW,
    },
  ],
  ['leader', { kind: 'newLeader', epoch: 4, view: VIEW }],
  ['leader', { kind: 'newLeader', epoch: 4, view: null }],
  ['leader', { kind: 'upToDate' }],
  ['leader', { kind: 'ping', zxid: ZXID }],
  ['leader', { kind: 'revalidated', sessionId: SESSION, isValid: true }],
  ['leader', { kind: 'revalidated', sessionId: SESSION, isValid: false }],
  ['leader', { kind: 'sync' }],
];

/** Made with Java's BinaryOutputArchive and QuorumPacket of 3.8.0; the first two are captures. */
test.each<[Message, string]>([
  [
    {
      kind: 'learnerInfo',
      role: 'follower',
      acceptedEpoch: 3,
      sid: sid(2),
      protocolVersion: 0x1_0000,
      configVersion: 0,
    },
    '0000000b 0000000300000000 00000014 0000000000000002 00010000 0000000000000000 ffffffff',
  ],
  [{ kind: 'ack', zxid: ZXID }, '00000003 0000000300000005 ffffffff ffffffff'],
  [{ kind: 'commit', zxid: ZXID }, '00000004 0000000300000005 ffffffff ffffffff'],
  [{ kind: 'snap', zxid: ZXID }, '0000000f 0000000300000005 ffffffff ffffffff'],
  [{ kind: 'upToDate' }, '0000000c ffffffffffffffff ffffffff ffffffff'],
  [
    {
      kind: 'request',
      sessionId: sessionId(0x0100_0000_0000_0001n),
      cxid: 7,
      op: 1,
      body: Buffer.from('00000002', 'hex'),
      identities: [
        { scheme: 'ip', id: '127.0.0.1' },
        { scheme: 'digest', id: 'user:smGaoVKd/cQkjm7b88GyorAUz20=' },
      ],
    },
    '00000001ffffffffffffffff00000014010000000000000100000007000000010000000200000002000000026970' +
      '000000093132372e302e302e310000000664696765737400000021757365723a736d47616f564b642f63516b6a6d3762' +
      '383847796f7241557a32303d',
  ],
])('bytes of $kind', (message, hex) => {
  expect(encoded(message).toString('hex')).toBe(hex.replaceAll(' ', ''));
});

test('a proposal is the bytes of the log in an envelope of 20', () => {
  const bytes = payload(ZXID);
  const packet = encoded({ kind: 'proposal', zxid: ZXID, payload: bytes, view: null });
  expect(packet.subarray(16, 16 + bytes.length)).toEqual(bytes);
  expect(packet.length).toBe(bytes.length + 20);
});

describe.each(SAMPLES)('%s sends %o', (from, message) => {
  const bytes = encoded(message);

  test('it is read back', () => {
    expect(decoded([bytes], from)).toEqual({ messages: [message], state: 'need-more' });
  });

  test('cut at every byte, it is read back', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(decoded(chunks, from).messages).toEqual([message]);
    }
  });

  test('cut off at any byte, it is not there yet, and nothing else is', () => {
    for (let cut = 0; cut < bytes.length; cut++)
      expect(decoded([bytes.subarray(0, cut)], from)).toEqual({
        messages: [],
        state: 'need-more',
      });
  });
});

test('streams cut at random are read back', () => {
  const prng = new Prng(11);
  for (let round = 0; round < 300; round++) {
    const from = prng.pick(['leader', 'learner'] as const);
    const samples = SAMPLES.filter(([side]) => side === from).map(([, message]) => message);
    const sent: Message[] = Array.from({ length: prng.between(1, 30) }, () => {
      if (from === 'learner' || prng.chance(0.7)) return prng.pick(samples);
      const zxid = makeZxid(prng.below(1000), prng.next());
      return { kind: 'inform', zxid, payload: payload(zxid, prng.below(5000)) };
    });
    const stream = Buffer.concat(sent.map(encoded));
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const length = prng.chance(0.5) ? prng.between(1, 9) : prng.between(1, 4000);
      chunks.push(stream.subarray(at, at + length));
      at += length;
    }
    expect(decoded(chunks, from).messages).toEqual(sent);
  }
});

test('a kept payload does not change with the chunk it came in', () => {
  const bytes = payload(ZXID);
  const chunk = encoded({ kind: 'proposal', zxid: ZXID, payload: bytes, view: null });
  const [message] = decoded([chunk], 'leader').messages;
  chunk.fill(0);
  expect(message).toMatchObject({ payload: bytes });
});

describe('what is refused', () => {
  const packet = (type: number, options: { zxid?: bigint; data?: string } = {}): Buffer => {
    const writer = new Writer();
    writer.int32(type);
    writer.bigint(options.zxid ?? 0x3_0000_0005n);
    writer.buffer(options.data === undefined ? null : Buffer.from(options.data, 'hex'));
    writer.int32(-1);
    return writer.copy();
  };

  test.each<[string, Side, Buffer]>([
    ['a learner that says half an id', 'learner', packet(11, { data: '00000000' })],
    ['an accepted epoch below zero', 'learner', packet(11, { zxid: -1n, data: '00'.repeat(20) })],
    ['ACKEPOCH without an epoch', 'learner', packet(18)],
    ['ACK of a zxid beyond counting', 'learner', packet(3, { zxid: 0x4000_0000_0000_0000n })],
    ['a table with a broken line', 'learner', packet(5, { data: '00'.repeat(13) })],
    ['a request without an op', 'learner', packet(1, { data: '00'.repeat(15) })],
    ['REVALIDATE without a timeout', 'learner', packet(6, { data: '00'.repeat(8) })],
    ['LEADERINFO without a version', 'leader', packet(17)],
    ['a proposal without a header', 'leader', packet(2, { data: '00'.repeat(31) })],
    ['a proposal without data', 'leader', packet(2)],
    [
      'a proposal of another zxid',
      'leader',
      packet(2, { data: payload(makeZxid(3, 6)).toString('hex') }),
    ],
    [
      'a reconfiguration to nothing',
      'leader',
      packet(2, {
        data: `${reconfiguration(ZXID).toString('hex', 0, 32)}00000000ffffffff00000000`,
      }),
    ],
    ['COMMITANDACTIVATE without a leader', 'leader', packet(9)],
    [
      'INFORMANDACTIVATE of a plain write',
      'leader',
      packet(19, { data: `0000000000000001${payload(ZXID).toString('hex')}` }),
    ],
    ['REVALIDATE without an answer', 'leader', packet(6, { data: '00'.repeat(8) })],
  ])('%s', (_, from, bytes) => {
    expect(() => decoded([bytes], from)).toThrow(BadPacket);
  });

  test.each([
    ['longer data than allowed', '0000000200000003000000050010000100'],
    ['data of a negative length', '000000020000000300000005fffffffe'],
    ['more identities than allowed', '000000010000000300000005ffffffff00000401'],
    ['a negative number of identities', '000000010000000300000005fffffffffffffffe'],
    ['a longer identity than allowed', '000000010000000300000005ffffffff000000010004000100000000'],
    [
      'an identity of a negative length',
      '000000010000000300000005ffffffff00000001fffffffe00000000',
    ],
  ])('%s, wherever it is cut', (_, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(decoded([bytes], 'learner').state).toBe('bad-length');
    for (let cut = 1; cut < bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(decoded(chunks, 'learner').state).toBe('bad-length');
    }
  });

  test('a type that the side does not send is skipped, as by Apache', () => {
    const ack = encoded({ kind: 'ack', zxid: ZXID });
    expect(decoded([packet(99), packet(2), ack], 'learner').messages).toEqual([
      null,
      null,
      { kind: 'ack', zxid: ZXID },
    ]);
    expect(decoded([packet(0), packet(11)], 'leader').messages).toEqual([null, null]);
  });

  test('garbage never does worse than being refused', () => {
    const prng = new Prng(5);
    for (let round = 0; round < 3000; round++) {
      const [from, message] = prng.pick(SAMPLES);
      const bytes = Buffer.from(encoded(message));
      for (let flips = prng.between(1, 4); flips > 0; flips--)
        bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8);
      try {
        decoded([bytes.subarray(0, prng.below(bytes.length)), bytes], from);
      } catch (error) {
        expect(error).toBeInstanceOf(BadPacket);
      }
    }
  });
});

test('old learners: a sid alone, a sid with a version', () => {
  const info = (data: string): Buffer =>
    Buffer.from(`0000000b0000000200000000${data}ffffffff`, 'hex');
  const common = { kind: 'learnerInfo', role: 'follower', acceptedEpoch: 2, sid: 5 };
  expect(
    decoded([info('000000080000000000000005'), info('0000000c000000000000000500010000')], 'learner')
      .messages,
  ).toEqual([
    { ...common, protocolVersion: 1, configVersion: 0 },
    { ...common, protocolVersion: 0x1_0000, configVersion: 0 },
  ]);
});

test('Apache’s that lost its database has accepted the epoch before the first', () => {
  const info = Buffer.from('0000000bffffffff00000000000000080000000000000005ffffffff', 'hex');
  expect(decoded([info], 'learner').messages).toMatchObject([{ acceptedEpoch: -1, sid: 5 }]);
});

test('a configuration that nobody can read is none', () => {
  const writer = new Writer();
  writer.int32(10);
  writer.long(makeZxid(4, 0));
  writer.string('not a configuration');
  writer.int32(-1);
  expect(decoded([writer.copy()], 'leader').messages).toEqual([
    { kind: 'newLeader', epoch: 4, view: null },
  ]);
});

test('what follows SNAP is handed out as it came', () => {
  const packets = new Packets(DATA_MAX);
  packets.push(Buffer.concat([encoded({ kind: 'snap', zxid: ZXID }), Buffer.from('image')]));
  expect(packets.next()).toBe('packet');
  expect(packets.takeRest().toString()).toBe('image');
  packets.push(encoded({ kind: 'upToDate' }));
  expect(packets.next()).toBe('packet');
  expect(new MessageReader().fromLeader(packets)).toEqual({ kind: 'upToDate' });
});
