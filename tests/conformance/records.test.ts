/** Bytes that were taken from Apache ZooKeeper 3.8.0, made again by our codec, and every way to begin a session with both. */
import net from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { zxidOf } from '../../src-server/base/zxid.ts';
import { Reader } from '../../src-server/bytes/reader.ts';
import { Writer } from '../../src-server/bytes/writer.ts';
import { writeRecord } from '../../src-server/coordination/journal/txnlog-format.ts';
import { OPEN_ACL } from '../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import { Request } from '../../src-server/coordination/model/request.ts';
import { Txn } from '../../src-server/coordination/model/txn.ts';
import { digestId } from '../../src-server/coordination/serving/auth.ts';
import { passwordOf } from '../../src-server/coordination/serving/password.ts';
import {
  contentState,
  nodeDigest,
  TreeDigest,
} from '../../src-server/coordination/state/digest.ts';
import {
  readConnectRequest,
  writeConnectRequest,
  writeConnectResponse,
} from '../../src-server/coordination/wire/connect.ts';
import {
  beginReply,
  endReply,
  EventType,
  writeNotification,
} from '../../src-server/coordination/wire/replies.ts';
import { writeAuth, writeRequest, Xid } from '../../src-server/coordination/wire/requests.ts';
import { type ApacheServer, startApache } from '../peers/apache.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { APACHE, describeWith } from '../peers/peers.ts';
import { askWord } from '../peers/words.ts';
import { type OwnServer, startZabring } from '../peers/zabring.ts';
import { encodeConnect, framed } from './differential/encode.ts';
import { connects } from './differential/phrases.ts';
import type { Connect } from './differential/script.ts';

const PLACE = { root: '', baseZxid: 0 };
const ZERO_PASSWORD = '00'.repeat(16);

describe('bytes of Apache ZooKeeper', () => {
  /** What is written, with the frame's length checked and left out. */
  function body(write: (writer: Writer) => void): string {
    const writer = new Writer(8);
    write(writer);
    expect(writer.view().readInt32BE(0)).toBe(writer.length - 4);
    return writer.view(4).toString('hex');
  }

  const hex = (text: string): string => text.replaceAll(' ', '');

  test.each([
    [0x1n, '054cc74a37327db215e702e20c73f005'],
    [0x0100_0000_0000_0001n, '054cc74a37327db215e702e20c73f005'],
    [0x8000_0000_0000_0001n, '054cc74a37327db215e702e20c73f005'],
    [0x0100_018b_cfe5_6800n, '8b0846ad2489fb312884aba76d164e68'],
  ])('password of session %s', (session, password) => {
    expect(passwordOf(session).toString('hex')).toBe(password);
  });

  test.each([
    ['super:test', 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='],
    ['user:pass', 'user:smGaoVKd/cQkjm7b88GyorAUz20='],
  ])('digest id of %s', (pair, id) => {
    expect(digestId(pair)).toBe(id);
  });

  test('connect request and response, with and without the last byte', () => {
    const request = (hasReadOnly: boolean): string =>
      body((writer) =>
        writeConnectRequest(writer, {
          lastZxidSeen: 0,
          timeoutMs: 10_000,
          sessionId: 0n,
          password: Buffer.alloc(16),
          readOnly: false,
          hasReadOnly,
        }),
      );
    const bare = hex(
      `00000000 0000000000000000 00002710 0000000000000000 00000010 ${ZERO_PASSWORD}`,
    );
    expect(bare.length).toBe(44 * 2);
    expect([request(false), request(true)]).toEqual([bare, `${bare}00`]);
    const reader = new Reader().reset(Buffer.from(bare, 'hex'), 0, 44);
    expect(readConnectRequest(reader)).toMatchObject({ timeoutMs: 10_000, hasReadOnly: false });

    const response = (withReadOnly: boolean): string =>
      body((writer) => {
        const session = { timeoutMs: 10_000, sessionId: 0x0100_018b_cfe5_6800n, readOnly: false };
        const password = passwordOf(session.sessionId);
        writeConnectResponse(writer, { ...session, password }, withReadOnly);
      });
    const answer = hex(
      '00000000 00002710 0100018bcfe56800 00000010 8b0846ad2489fb312884aba76d164e68',
    );
    expect(answer.length).toBe(36 * 2);
    expect([response(false), response(true)]).toEqual([answer, `${answer}00`]);
  });

  test('create and its reply', () => {
    const request = Object.assign(new Request(OpCode.CREATE), {
      xid: 1,
      path: '/a',
      data: Buffer.from('hi'),
      acl: OPEN_ACL,
    });
    expect(body((writer) => writeRequest(writer, request))).toBe(
      hex(
        '00000001 00000001 00000002 2f61 00000002 6869 00000001 0000001f 00000005 776f726c64 ' +
          '00000006 616e796f6e65 00000000',
      ),
    );
    const reply = body((writer) => {
      const frame = beginReply(writer, 1, 0x1_0000_0002, 0);
      writer.string('/a');
      endReply(writer, frame);
    });
    expect(reply).toBe(hex('00000001 0000000100000002 00000000 00000002 2f61'));
  });

  test('an event, a ping and a proof of identity', () => {
    expect(body((writer) => writeNotification(writer, -1, EventType.DATA_CHANGED, '/a'))).toBe(
      hex('ffffffff ffffffffffffffff 00000000 00000003 00000003 00000002 2f61'),
    );
    const ping = Object.assign(new Request(OpCode.PING), { xid: Xid.PING });
    expect(body((writer) => writeRequest(writer, ping))).toBe(hex('fffffffe 0000000b'));
    expect(body((writer) => writeAuth(writer, 'digest', Buffer.from('user:pass')))).toBe(
      hex('fffffffc 00000064 00000000 00000006 646967657374 00000009 757365723a70617373'),
    );
  });

  test('a record of the log, with its checksum', () => {
    const txn = Object.assign(new Txn(OpCode.CREATE), {
      sessionId: 0x0100_0000_0000_0001n,
      cxid: 1,
      zxid: zxidOf(2),
      timeMs: 1_700_000_000_000,
      path: '/a',
      data: Buffer.from('hi'),
      acl: OPEN_ACL,
      parentCversion: 1,
      hasDigest: true,
      digestHigh: Math.floor(1_234_567_890_123 / 2 ** 32),
      digestLow: 1_234_567_890_123 % 2 ** 32,
    });
    const writer = new Writer(8);
    writeRecord(writer, txn);
    expect(writer.view().toString('hex')).toBe(
      hex(
        '000000006ec60b4f 00000058 0100000000000001 00000001 0000000000000002 0000018bcfe56800 00000001 ' +
          '00000002 2f61 00000002 6869 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00 ' +
          '00000001 00000002 0000011f71fb04cb 42',
      ),
    );
  });

  test('digests of nodes, and of the empty tree', () => {
    const digest = (path: string, text: string, zxid: number, time: number): number => {
      const data = Buffer.from(text);
      return nodeDigest(contentState(path, data, 0, data.length), {
        czxid: zxid,
        mzxid: zxid,
        pzxid: zxid,
        ctime: time,
        mtime: time,
        version: 0,
        cversion: 0,
        aversion: 0,
        ownerHigh: 0,
        ownerLow: 0,
      });
    };
    const nodes = [digest('/', '', 0, 0), digest('/zookeeper', '', 0, 0)];
    expect([digest('/a', 'hi', 2, 1_700_000_000_000), ...nodes]).toEqual([
      2936132313, 68323592, 1303661912,
    ]);
    const tree = new TreeDigest();
    for (const node of nodes) tree.add(node);
    expect(tree.toBigint()).toBe(1371985504n);
  });
});

describeWith([APACHE], 'the beginning of a session', () => {
  const SLOW_MS = 1000;
  let folders: Folder[];
  let theirs: ApacheServer;
  let ours: OwnServer;

  beforeAll(async () => {
    folders = [temporaryFolder(), temporaryFolder()];
    theirs = await startApache({
      folder: folders[0]!.path,
      properties: { 'zookeeper.nio.sessionlessCnxnTimeout': String(SLOW_MS) },
    });
    ours = await startZabring(folders[1]!.path, { compat: '3.8', sessionlessTimeoutMs: SLOW_MS });
  });

  afterAll(async () => {
    await ours.stop();
    await theirs.stop();
    for (const folder of folders) folder[Symbol.dispose]();
  });

  /** Says the same to both, and expects the same of both. */
  async function onBoth(dialogue: (port: number) => Promise<unknown>): Promise<unknown> {
    const [their, our] = [await dialogue(theirs.port), await dialogue(ours.port)];
    expect(our).toEqual(their);
    return their;
  }

  const request = (how: Partial<Connect> = {}, session: bigint | null = null): Buffer =>
    encodeConnect(connects(0, how), session, PLACE);

  /** The answer in words, with the session for a later one. */
  interface Greeting {
    readonly words: string;
    readonly session: bigint;
    readonly caller: Caller;
  }

  async function greet(port: number, chunks: readonly Uint8Array[]): Promise<Greeting> {
    const caller = await Caller.connect(port);
    for (const chunk of chunks) {
      caller.socket.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const frame = await caller.answer;
    if (frame === null) return { words: 'closed without a word', session: 0n, caller };
    const session = frame.readBigInt64BE(8);
    const password = frame.subarray(20, 36).toString('hex');
    const isRight =
      password === (session === 0n ? ZERO_PASSWORD : passwordOf(session).toString('hex'));
    const words = [
      `${frame.length} bytes`,
      `timeout ${frame.readInt32BE(4)}`,
      session === 0n ? 'no session' : 'a session',
      ...(isRight ? [] : [`password ${password}`]),
      ...(frame.length > 36 ? [`readOnly ${frame[36]}`] : []),
    ];
    return { words: words.join(', '), session, caller };
  }

  test.each<[string, Uint8Array[], string]>([
    ['45 bytes', [request()], '37 bytes, timeout 30000, a session, readOnly 0'],
    ['44 bytes', [request({ readOnly: null })], '36 bytes, timeout 30000, a session'],
    ['readOnly', [request({ readOnly: 1 })], '37 bytes, timeout 30000, a session, readOnly 0'],
    [
      'more behind',
      [request({ trailing: 'ffff' })],
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'another protocol',
      [request({ protocolVersion: 7 })],
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'a password for nothing',
      [request({ password: 'wrong' })],
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'no password',
      [request({ password: 'null' })],
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'too short a timeout',
      [request({ timeoutMs: 1 })],
      '37 bytes, timeout 4000, a session, readOnly 0',
    ],
    [
      'a negative timeout',
      [request({ timeoutMs: -1 })],
      '37 bytes, timeout 4000, a session, readOnly 0',
    ],
    [
      'too long a timeout',
      [request({ timeoutMs: 50_000 })],
      '37 bytes, timeout 40000, a session, readOnly 0',
    ],
    ['a zxid ahead', [request({ lastZxid: 1_000_000 })], 'closed without a word'],
    [
      'a zxid below zero',
      [request({ lastZxid: -5 })],
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'byte by byte',
      [...request()].map((byte) => Uint8Array.of(byte)),
      '37 bytes, timeout 30000, a session, readOnly 0',
    ],
    [
      'an unknown session',
      [request({ session: 'unknown' })],
      '37 bytes, timeout 0, no session, readOnly 0',
    ],
    [
      'an unknown session, 44 bytes',
      [request({ session: 'unknown', readOnly: null })],
      '36 bytes, timeout 0, no session',
    ],
    ['a negative length', [framed(new Uint8Array(44), -1)], 'closed without a word'],
    ['a length above the limit', [framed(new Uint8Array(44), 1_048_576)], 'closed without a word'],
    ['letters that are no word', [Buffer.from('abcd')], 'closed without a word'],
    ['an empty frame', [framed(new Uint8Array())], 'closed without a word'],
  ])('%s', async (_, chunks, expected) => {
    const words = await onBoth(async (port) => {
      const greeting = await greet(port, chunks);
      greeting.caller.socket.destroy();
      return greeting.words;
    });
    expect(words).toBe(expected);
  });

  test('a request cut anywhere is none', async () => {
    const whole = request({ readOnly: null }).subarray(4);
    const words = await onBoth((port) =>
      Promise.all(
        Array.from({ length: whole.length }, async (_, length) => {
          const { words: said } = await greet(port, [framed(whole.subarray(0, length))]);
          return said;
        }),
      ),
    );
    expect(new Set(words as string[])).toEqual(new Set(['closed without a word']));
  });

  test('a session goes with whoever knows its password; who had it loses the connection', async () => {
    const story = await onBoth(async (port) => {
      const first = await greet(port, [request()]);
      const again = await greet(port, [
        request({ session: { of: 0 }, timeoutMs: 5000 }, first.session),
      ]);
      await first.caller.closed;
      const wrong = await greet(port, [
        request({ session: { of: 0 }, password: 'wrong' }, first.session),
      ]);
      await wrong.caller.closed;
      // Apache closes the connection that has the session before it looks at the password.
      await again.caller.closed;
      const back = await greet(port, [request({ session: { of: 0 } }, first.session)]);
      back.caller.socket.write(framed(Buffer.from('00000001fffffff5', 'hex')));
      await back.caller.closed;
      const late = await greet(port, [request({ session: { of: 0 } }, first.session)]);
      await late.caller.closed;
      expect([again.session, back.session]).toEqual([first.session, first.session]);
      return [again.words, wrong.words, back.words, late.words];
    });
    expect(story).toEqual([
      '37 bytes, timeout 5000, a session, readOnly 0',
      '37 bytes, timeout 0, no session, readOnly 0',
      '37 bytes, timeout 30000, a session, readOnly 0',
      '37 bytes, timeout 0, no session, readOnly 0',
    ]);
  });

  test('a word instead', async () => {
    await onBoth((port) => askWord(port, 'ruok'));
    expect(
      await onBoth(async (port) => (await askWord(port, 'srvr')).includes('Mode: standalone')),
    ).toBe(true);
  });

  test('who takes too long is sent away', async () => {
    const words = await onBoth(
      async (port) => (await greet(port, [request().subarray(0, 20)])).words,
    );
    expect(words).toBe('closed without a word');
  });

  test('what was asked before a breach of the rules is answered', async () => {
    const caller = await Caller.connect(ours.port);
    const ping = framed(Buffer.from('fffffffe0000000b', 'hex'));
    caller.socket.write(Buffer.concat([request(), ping, framed(new Uint8Array(), -1)]));
    await caller.closed;
    expect(caller.received.length).toBe(4 + 37 + 4 + 16);
  });
});

/** A socket that keeps what it hears. */
class Caller {
  readonly socket: net.Socket;
  received: Buffer = Buffer.alloc(0);
  /** The first frame, or null for none. */
  readonly answer: Promise<Buffer | null>;
  readonly closed: Promise<void>;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.answer = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        this.received = Buffer.concat([this.received, chunk]);
        if (this.received.length < 4) return;
        const end = 4 + this.received.readInt32BE(0);
        if (this.received.length >= end) resolve(this.received.subarray(4, end));
      });
      void this.closed.then(() => resolve(null));
    });
  }

  static connect(port: number): Promise<Caller> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Caller(socket));
      });
    });
  }
}
