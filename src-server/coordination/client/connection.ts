/**
 * One connection of the client to one server: handshake, requests and replies in order, pings, silence noticed.
 *
 * It lives from its socket's opening to its end and reports exactly one end. Sessions outlive it (session.ts).
 */
import { Fifo } from '../../base/fifo.ts';
import { Frames } from '../../bytes/frames.ts';
import { Reader } from '../../bytes/reader.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Socket, SocketHandler } from '../../platform/net.ts';
import { OpCode } from '../model/ops.ts';
import { Request } from '../model/request.ts';
import {
  type ConnectRequest,
  type ConnectResponse,
  readConnectResponse,
  writeConnectRequest,
} from '../wire/connect.ts';
import {
  readNotification,
  readReplyBody,
  readReplyHeader,
  type ReplyBody,
  type ReplyHeader,
  type WatchEvent,
} from '../wire/replies.ts';
import { writeAuth, writeRequest, Xid } from '../wire/requests.ts';

export interface Exchange {
  readonly request: Request;
  /** Called with the reply; `body` is null for an error or an operation that answers with nothing. */
  replied(header: ReplyHeader, body: ReplyBody | null): void;
  /** The connection ended before the reply. */
  lost(): void;
}

export interface ConnectionListener {
  onHandshake(response: ConnectResponse): void;
  onEvent(event: WatchEvent): void;
  /** Something that bears this zxid was read. */
  onZxid(zxid: number): void;
  /** Of everything up to this zxid that is watched, the server has told. */
  onTold(zxid: number): void;
  onAuthFailed(): void;
  /** There is room for more requests. */
  onRoom(): void;
  /** @param why in words, for the log and the user */
  onEnd(why: string): void;
}

/** A server may answer with what fits a request, and a little more: the limit of Java's own client is as large. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;
/** Requests sent and not answered; more wait with the session. */
const IN_FLIGHT_MAX = 1024;
const UNSENT_BYTES_MAX = 0x10_0000;

export class ClientConnection implements SocketHandler {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #listener: ConnectionListener;
  readonly #frames = new Frames(FRAME_BYTES_MAX);
  readonly #reader = new Reader();
  readonly #out = new Writer();
  readonly #exchanges = new Fifo<Exchange>(64);
  #isOpen = false;
  #hasEnded = false;
  #isFlushPlanned = false;
  #lastSentMs: number;
  #lastHeardMs: number;
  /** When the oldest ping without an answer was sent. */
  #pingSentMs: number | null = null;
  #timer: Timer | null = null;
  /** Round trip of the last ping, ms. */
  latencyMs: number | null = null;

  constructor(socket: Socket, clock: Clock, listener: ConnectionListener) {
    this.#socket = socket;
    this.#clock = clock;
    this.#listener = listener;
    this.#lastSentMs = this.#lastHeardMs = clock.nowMs();
    socket.attach(this);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number {
    return this.#socket.remotePort;
  }

  get hasRoom(): boolean {
    return (
      this.#isOpen &&
      this.#exchanges.length < IN_FLIGHT_MAX &&
      this.#socket.queuedBytes + this.#out.length < UNSENT_BYTES_MAX
    );
  }

  get inFlight(): number {
    return this.#exchanges.length;
  }

  /** Asks for a session; the answer comes to `onHandshake`, within `timeoutMs` or the connection ends. */
  greet(request: Omit<ConnectRequest, 'protocolVersion'>, timeoutMs: number): void {
    writeConnectRequest(this.#out, request);
    this.#flush();
    this.#timer = this.#clock.after(timeoutMs, () =>
      this.end('the server did not answer the handshake'),
    );
  }

  /** From now on silence for two thirds of the session's timeout ends the connection; a ping goes out well before. */
  keepAlive(sessionTimeoutMs: number): void {
    const readTimeoutMs = (sessionTimeoutMs * 2) / 3;
    const pingAfterMs = Math.min(readTimeoutMs / 2, 10_000);
    const look = (): void => {
      const nowMs = this.#clock.nowMs();
      if (nowMs - this.#lastHeardMs >= readTimeoutMs) {
        this.end(`the server was silent for ${Math.round(readTimeoutMs)} ms`);
        return;
      }
      if (nowMs - this.#lastSentMs >= pingAfterMs) this.#sendPing();
      const nextMs = Math.min(this.#lastSentMs + pingAfterMs, this.#lastHeardMs + readTimeoutMs);
      this.#timer = this.#clock.after(Math.max(1, nextMs - nowMs), look);
    };
    this.#timer?.cancel();
    look();
  }

  /** Measures the round trip, and learns the server's newest zxid; one at a time. */
  ping(): void {
    if (this.#isOpen && this.#pingSentMs === null) this.#sendPing();
  }

  authenticate(scheme: string, auth: Uint8Array): void {
    writeAuth(this.#out, scheme, auth);
    this.#planFlush();
  }

  send(exchange: Exchange): void {
    writeRequest(this.#out, exchange.request);
    this.#exchanges.push(exchange);
    this.#planFlush();
  }

  /** Closes at once; whoever waits hears that it is lost. */
  end(why: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#socket.destroy();
    for (let e = this.#exchanges.shift(); e !== undefined; e = this.#exchanges.shift()) e.lost();
    this.#listener.onEnd(why);
  }

  // --- socket ---

  onChunk(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#lastHeardMs = this.#clock.nowMs();
    this.#frames.push(chunk);
    for (let state = this.#frames.next(); state !== 'need-more'; state = this.#frames.next()) {
      if (state === 'bad-length') {
        this.end(`the server announced a frame of ${this.#frames.badLength} bytes`);
        return;
      }
      const { bytes, start, end } = this.#frames;
      this.#reader.reset(bytes, start, end);
      if (!this.#take()) return;
    }
    if (this.hasRoom) this.#listener.onRoom();
  }

  onDrain(): void {
    if (this.hasRoom) this.#listener.onRoom();
  }

  onClose(reason: string | null): void {
    this.end(reason ?? 'the server closed the connection');
  }

  /** @returns false once the connection has ended */
  #take(): boolean {
    if (!this.#isOpen) return this.#takeHandshake();
    const header = readReplyHeader(this.#reader);
    if (!this.#reader.ok) return this.#broken('a reply without header');
    if (header.zxid > 0) this.#listener.onZxid(header.zxid);
    switch (header.xid) {
      case Xid.NOTIFICATION: {
        const event = readNotification(this.#reader, header.zxid);
        if (event === null) return this.#broken('a notification that is none');
        this.#listener.onEvent(event);
        return !this.#hasEnded;
      }
      case Xid.PING:
        if (this.#pingSentMs !== null) this.latencyMs = this.#clock.nowMs() - this.#pingSentMs;
        this.#pingSentMs = null;
        return true;
      case Xid.AUTH:
        if (header.code !== 0) this.#listener.onAuthFailed();
        return !this.#hasEnded;
      default:
        return this.#takeReply(header);
    }
  }

  #takeHandshake(): boolean {
    const response = readConnectResponse(this.#reader);
    if (response === null) return this.#broken('an answer to the handshake that is none');
    this.#timer?.cancel();
    this.#isOpen = true;
    this.#listener.onHandshake(response);
    return !this.#hasEnded;
  }

  #takeReply(header: ReplyHeader): boolean {
    const exchange = this.#exchanges.shift();
    if (exchange === undefined || exchange.request.xid !== header.xid) {
      return this.#broken(`a reply to request ${header.xid}, which is not the oldest`);
    }
    // A request is answered behind the events of all that its answer can show, and behind the registrations that were sent
    // before it. Nothing else proves that much: a ping may be answered before the watches are set again, an event comes
    // before another of its transaction, and one part of the registrations before the next.
    if (header.xid > 0 && header.zxid > 0) this.#listener.onTold(header.zxid);
    if (header.code !== 0) {
      exchange.replied(header, null);
      return !this.#hasEnded;
    }
    const body = readReplyBody(this.#reader, exchange.request.op);
    if (body === null) {
      exchange.lost();
      return this.#broken('a reply that does not fit its request');
    }
    exchange.replied(header, body);
    return !this.#hasEnded;
  }

  #broken(what: string): boolean {
    this.end(`the server sent ${what}`);
    return false;
  }

  #sendPing(): void {
    const ping = new Request(OpCode.PING);
    ping.xid = Xid.PING;
    writeRequest(this.#out, ping);
    this.#pingSentMs ??= this.#clock.nowMs();
    this.#flush();
  }

  /** Requests of one turn leave with one write. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#clock.defer(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#hasEnded || this.#out.length === 0) return;
    this.#lastSentMs = this.#clock.nowMs();
    if (this.#socket.write(this.#out.view())) this.#out.clear();
    else this.#out.release();
  }
}
