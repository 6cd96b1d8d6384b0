/**
 * One client session over a socket, with nothing done on its own: no reconnects, no pings. Requests are pipelined, answers
 * come back as promises in their order, and the session can be taken up again on another server.
 */
import net from 'node:net';

import { Frames } from '../../../src-server/bytes/frames.ts';
import { Reader } from '../../../src-server/bytes/reader.ts';
import { Writer } from '../../../src-server/bytes/writer.ts';
import { type Acl, OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { NO_TTL, Request } from '../../../src-server/coordination/model/request.ts';
import {
  readConnectResponse,
  writeConnectRequest,
} from '../../../src-server/coordination/wire/connect.ts';
import {
  readReplyBody,
  readReplyHeader,
  type ReplyBody,
} from '../../../src-server/coordination/wire/replies.ts';
import { writeAuth, writeRequest, Xid } from '../../../src-server/coordination/wire/requests.ts';

export interface Reply {
  readonly code: number;
  readonly zxid: number;
  /** Null for errors, and for answers without a body. */
  readonly body: ReplyBody | null;
}

/** What it takes to come back to a session. */
export interface SessionKey {
  readonly id: bigint;
  readonly password: Buffer;
}

interface Waiting {
  readonly op: OpCode;
  settle(reply: Reply | Error): void;
}

const FRAME_BYTES_MAX = 0x100_0000;

export class WireSession {
  readonly #socket: net.Socket;
  readonly #frames = new Frames(FRAME_BYTES_MAX);
  readonly #reader = new Reader();
  readonly #writer = new Writer();
  readonly #waiting: Waiting[] = [];
  #xid = 0;
  #key: SessionKey | null = null;
  #greeted: (error: Error | null) => void = () => undefined;
  #closed: () => void = () => undefined;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  /** How many events it was told of. */
  notifications = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#closed = resolve));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    // The close that follows every error is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose());
  }

  /** @param options again: a session to take up instead of a new one; readOnly: a server that is cut off will do */
  static async open(
    port: number,
    options: {
      readonly timeoutMs?: number;
      readonly again?: SessionKey;
      readonly readOnly?: boolean;
    } = {},
  ): Promise<WireSession> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const session = new WireSession(socket);
    const writer = new Writer();
    writeConnectRequest(writer, {
      lastZxidSeen: 0,
      timeoutMs: options.timeoutMs ?? 30_000,
      sessionId: options.again?.id ?? 0n,
      password: options.again?.password ?? Buffer.alloc(16),
      readOnly: options.readOnly ?? false,
      hasReadOnly: true,
    });
    socket.write(writer.view());
    await new Promise<void>((resolve, reject) => {
      session.#greeted = (error) => (error === null ? resolve() : reject(error));
    });
    return session;
  }

  get key(): SessionKey {
    if (this.#key === null) throw new Error('there is no session yet');
    return this.#key;
  }

  get id(): bigint {
    return this.key.id;
  }

  /** Sends a request; rejects when the connection ends before its answer. */
  ask(op: OpCode, fields: Partial<Request> = {}): Promise<Reply> {
    const request = Object.assign(new Request(op), { version: -1, acl: OPEN_ACL }, fields);
    request.xid = ++this.#xid;
    this.#writer.clear();
    writeRequest(this.#writer, request);
    return this.#send(op, this.#writer.copy());
  }

  /** Sends bytes as they are: a whole frame. */
  askRaw(op: OpCode, frame: Buffer): Promise<Reply> {
    return this.#send(op, frame);
  }

  auth(user: string, password: string): Promise<Reply> {
    this.#writer.clear();
    writeAuth(this.#writer, 'digest', Buffer.from(`${user}:${password}`));
    return this.#send(OpCode.AUTH, this.#writer.copy());
  }

  create(
    path: string,
    data: string | Buffer | null = '',
    more: Partial<Request> = {},
  ): Promise<Reply> {
    return this.ask(OpCode.CREATE, { path, data: bytesOf(data), ttlMs: NO_TTL, ...more });
  }

  set(path: string, data: string | Buffer | null, version = -1): Promise<Reply> {
    return this.ask(OpCode.SET_DATA, { path, data: bytesOf(data), version });
  }

  delete(path: string, version = -1): Promise<Reply> {
    return this.ask(OpCode.DELETE, { path, version });
  }

  setAcl(path: string, acl: Acl, version = -1): Promise<Reply> {
    return this.ask(OpCode.SET_ACL, { path, acl, version });
  }

  multi(...ops: Request[]): Promise<Reply> {
    return this.ask(OpCode.MULTI, { ops });
  }

  /** Ends the session. Java's server now and then leaves the connection open for ten seconds more; nobody waits for that. */
  async close(): Promise<void> {
    await this.ask(OpCode.CLOSE_SESSION);
    await this.drop();
  }

  /** Goes away without a word; the session lives on. */
  async drop(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #send(op: OpCode, frame: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        op,
        settle: (reply) => (reply instanceof Error ? reject(reply) : resolve(reply)),
      });
      if (this.#socket.destroyed) this.#onClose();
      else this.#socket.write(frame);
    });
  }

  #onData(chunk: Buffer): void {
    this.#frames.push(chunk);
    while (this.#frames.next() === 'frame') {
      const { bytes, start, end } = this.#frames;
      this.#reader.reset(bytes, start, end);
      if (this.#key === null) this.#onGreeting();
      else this.#onReply();
    }
  }

  #onGreeting(): void {
    const response = readConnectResponse(this.#reader);
    if (response === null || response.timeoutMs <= 0) {
      this.#greeted(new Error('the session is gone'));
      return;
    }
    this.#key = { id: response.sessionId, password: Buffer.from(response.password) };
    this.#greeted(null);
  }

  #onReply(): void {
    const { xid, zxid, code } = readReplyHeader(this.#reader);
    if (xid === Xid.NOTIFICATION) {
      this.notifications++;
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new Error(`an answer to nothing, xid ${xid}`);
    const body = code === 0 ? readReplyBody(this.#reader, waiting.op) : null;
    waiting.settle({ code, zxid, body });
  }

  #onClose(): void {
    for (const waiting of this.#waiting.splice(0))
      waiting.settle(new Error('the connection ended'));
    this.#greeted(new Error('the connection ended'));
    this.#closed();
  }
}

function bytesOf(data: string | Buffer | null): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

/** A part of a multi. */
export function part(op: OpCode, path: string, fields: Partial<Request> = {}): Request {
  return Object.assign(new Request(op), {
    path,
    version: -1,
    acl: OPEN_ACL,
    data: op === OpCode.SET_DATA || op === OpCode.CREATE ? Buffer.from('part') : null,
    ...fields,
  });
}
