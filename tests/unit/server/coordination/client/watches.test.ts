/** What a client asks for when it comes back with its watches, before a server that says what the test tells it to. */
import { expect, test } from 'vitest';

import { Frames } from '../../../../../src-server/bytes/frames.ts';
import { Reader } from '../../../../../src-server/bytes/reader.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { Client } from '../../../../../src-server/coordination/client/client.ts';
import { Code } from '../../../../../src-server/coordination/model/codes.ts';
import { type OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import {
  PASSWORD_BYTES,
  readConnectRequest,
  writeConnectResponse,
} from '../../../../../src-server/coordination/wire/connect.ts';
import {
  EventType,
  writeBareReply,
  writeNotification,
} from '../../../../../src-server/coordination/wire/replies.ts';
import { readRequest, Xid } from '../../../../../src-server/coordination/wire/requests.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import type { Socket, SocketHandler } from '../../../../../src-server/platform/net.ts';
import { SimClock } from '../../../../sim/clock.ts';

const TIMEOUT_MS = 9000;
/** Longer than a client waits before it tries again. */
const RETRY_MS = 100;

/** The server's end of one connection. */
class Line implements Socket {
  readonly remoteAddress = 'server';
  readonly remotePort = 2181;
  readonly localPort = 1;
  readonly isSecure = false;
  readonly queuedBytes = 0;
  readonly requests: Request[] = [];
  /** What the client said in its handshake that it had seen. */
  seenZxid = -1;
  readonly #frames = new Frames(0x10_0000);
  #handler: SocketHandler | null = null;

  attach(handler: SocketHandler): void {
    this.#handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    this.#frames.push(Buffer.from(bytes));
    while (this.#frames.next() === 'frame') this.#take();
    return true;
  }

  #take(): void {
    const { bytes, start, end } = this.#frames;
    const reader = new Reader().reset(bytes, start, end);
    if (this.seenZxid < 0) {
      this.seenZxid = readConnectRequest(reader)!.lastZxidSeen;
      return;
    }
    const xid = reader.int32();
    const request = new Request(reader.int32() as OpCode);
    request.xid = xid;
    readRequest(reader, request);
    this.requests.push(request);
  }

  say(write: (writer: Writer) => void): void {
    const writer = new Writer();
    write(writer);
    this.#handler!.onChunk(writer.copy());
  }

  destroy(): void {}
  end(): void {}
  pause(): void {}
  resume(): void {}

  breakOff(): void {
    this.#handler!.onClose('the line broke');
  }

  /** The registrations that came, as what they ask about and since when. */
  get registrations(): string[] {
    return this.requests
      .filter(({ xid }) => xid === Xid.SET_WATCHES)
      .map(
        ({ watches, zxid }) =>
          `${watches!.exist!.map((path) => path!.slice(0, 2)).join(' ')} since ${zxid}`,
      );
  }
}

class Stage {
  readonly clock = new SimClock();
  readonly client: Client;
  #line: Line | null = null;

  constructor() {
    this.client = new Client({
      platform: {
        clock: this.clock,
        logger: SILENT,
        entropy: { bytes: (count) => new Uint8Array(count), uint32: () => 0 },
        net: {
          listen: () => Promise.reject(new Error('a client listens nowhere')),
          connect: () => Promise.resolve((this.#line = new Line())),
        },
      },
      connect: 'server:2181',
      sessionTimeoutMs: TIMEOUT_MS,
    });
  }

  /** The connection, with its handshake done and what the client says first. */
  async connected(): Promise<Line> {
    await nextTurn();
    const line = this.#line!;
    line.say((writer) => {
      const password = Buffer.alloc(PASSWORD_BYTES);
      const session = { timeoutMs: TIMEOUT_MS, sessionId: 7n, password, readOnly: false };
      writeConnectResponse(writer, session, true);
    });
    this.clock.settle();
    return line;
  }

  /** The connection that follows when this one breaks. */
  reconnected(): Promise<Line> {
    this.#line!.breakOff();
    this.clock.advance(RETRY_MS);
    return this.connected();
  }

  /** A watch for a node that is not there, set at this zxid. */
  async watch(line: Line, path: string, zxid: number): Promise<void> {
    const answered = this.client.exists(path, () => undefined);
    this.clock.settle();
    const { xid } = line.requests.at(-1)!;
    line.say((writer) => writeBareReply(writer, xid, zxid, Code.NO_NODE));
    await answered;
  }
}

/** Promises that have settled have told so. */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('what an answered request can show has been told of', async () => {
  const stage = new Stage();
  const line = await stage.connected();
  await stage.watch(line, '/a', 5);
  await stage.watch(line, '/b', 9);
  const again = await stage.reconnected();
  expect([again.registrations, again.seenZxid]).toEqual([['/a /b since 9'], 9]);
});

test('the answer to a ping tells of no change, as it may come before the watches are set again', async () => {
  const stage = new Stage();
  await stage.watch(await stage.connected(), '/a', 5);
  const second = await stage.reconnected();
  second.say((writer) => writeBareReply(writer, Xid.PING, 9, Code.OK));
  const third = await stage.reconnected();
  expect([third.registrations, third.seenZxid]).toEqual([['/a since 5'], 9]);
});

test('an event tells of one change of its transaction, and others may be missing', async () => {
  const stage = new Stage();
  const line = await stage.connected();
  await stage.watch(line, '/a', 5);
  await stage.watch(line, '/b', 5);
  line.say((writer) => writeNotification(writer, 9, EventType.CREATED, '/a'));
  const again = await stage.reconnected();
  expect([again.registrations, again.seenZxid]).toEqual([['/b since 5'], 9]);
});

test('of registrations in several parts one may be answered and the next not', async () => {
  const stage = new Stage();
  const line = await stage.connected();
  // More than a registration holds.
  for (const name of ['a', 'b', 'c']) await stage.watch(line, `/${name}${'x'.repeat(30_000)}`, 5);
  const second = await stage.reconnected();
  expect(second.registrations).toEqual(['/a /b since 5', '/c since 5']);
  second.say((writer) => writeBareReply(writer, Xid.SET_WATCHES, 9, Code.OK));
  const third = await stage.reconnected();
  expect(third.registrations).toEqual(['/a /b since 5', '/c since 5']);
});
