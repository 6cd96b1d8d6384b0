/**
 * The client's session, which outlives connections: finds a server, takes the session back, gives it up when it is gone.
 *
 *   connecting ⇄ connected (or read-only) ──▶ expired | auth-failed | closed
 *
 * Requests made while there is no connection wait for the next one. Those that were sent when it broke fail with
 * CONNECTION_LOSS, since nobody knows whether they were carried out; nothing is ever sent twice.
 */
import { Fifo } from '../../base/fifo.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Entropy } from '../../platform/entropy.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Net } from '../../platform/net.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import { Request } from '../model/request.ts';
import { type ConnectResponse, PASSWORD_BYTES } from '../wire/connect.ts';
import type { WatchEvent } from '../wire/replies.ts';
import { Xid } from '../wire/requests.ts';
import { ClientError } from './client-error.ts';
import { ClientConnection, type ConnectionListener, type Exchange } from './connection.ts';
import { formatHost, type Host, HostList } from './hosts.ts';
import type { ClientWatches } from './watches.ts';

export type SessionState =
  | { readonly kind: 'connecting'; readonly why: string | null }
  | { readonly kind: 'connected'; readonly server: string; readonly readOnly: boolean }
  | { readonly kind: 'expired' | 'auth-failed' | 'closed' };

export interface SessionOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly hosts: readonly Host[];
  /** Asked for; the server may answer with another. */
  readonly timeoutMs: number;
  /** Whether a server without quorum will do. */
  readonly canBeReadOnly: boolean;
  readonly watches: ClientWatches;
  readonly onState: (state: SessionState) => void;
}

export interface Credential {
  readonly scheme: string;
  readonly auth: Uint8Array;
}

/** Pause after every server was tried in vain, ms: doubles from the first to the last. */
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2000;
/** An ensemble that comes back gives a session its whole timeout once more: a pause must leave most of it. */
const RETRY_PART = 1 / 8;
/** A server that does not answer must leave time for another one. */
const CONNECT_MIN_MS = 1000;
const CONNECT_PART = 1 / 3;
/** Requests waiting for a connection or for room in it. */
const WAITING_MAX = 100_000;
const XID_MAX = 0x7fff_ffff;

export class ClientSession implements ConnectionListener {
  readonly #options: SessionOptions;
  readonly #hosts: HostList;
  readonly #waiting = new Fifo<Exchange>(64);
  readonly #credentials: Credential[] = [];
  #state: SessionState = { kind: 'connecting', why: null };
  #connection: ClientConnection | null = null;
  #server = '';
  #id = 0n;
  #password: Buffer = Buffer.alloc(PASSWORD_BYTES);
  #timeoutMs: number;
  /** The newest seen anywhere. */
  #lastZxid = 0;
  /** What is watched and changed after this may still be untold. */
  #toldZxid = 0;
  #xid = 0;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer: Timer | null = null;
  /** When the session is surely gone, because nobody heard of us for longer than it lasts. */
  #lostSinceMs: number | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs;
    this.#hosts = new HostList(options.hosts, options.entropy.uint32());
  }

  get state(): SessionState {
    return this.#state;
  }

  /** 0 before the first handshake. */
  get id(): bigint {
    return this.#id;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get lastZxid(): number {
    return this.#lastZxid;
  }

  get latencyMs(): number | null {
    return this.#connection?.latencyMs ?? null;
  }

  ping(): void {
    this.#connection?.ping();
  }

  start(): void {
    void this.#connectNext();
  }

  /** A connection that is there stays; the next one is made to one of these. */
  useHosts(hosts: readonly Host[]): void {
    this.#hosts.replace(hosts);
  }

  addCredential(credential: Credential): void {
    this.#credentials.push(credential);
    if (this.#state.kind === 'connected') {
      this.#connection?.authenticate(credential.scheme, credential.auth);
    }
  }

  submit(exchange: Exchange): void {
    if (this.#isOver()) {
      exchange.lost();
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ClientError(
        Code.CONNECTION_LOSS,
        exchange.request.path,
        'too many requests wait for a connection',
      );
    }
    this.#waiting.push(exchange);
    if (this.#connection?.hasRoom === true && this.#state.kind === 'connected') this.#sendWaiting();
  }

  /** Says goodbye where there is somebody to say it to, and ends. */
  close(): Promise<void> {
    if (this.#isOver()) return Promise.resolve();
    const connection = this.#connection;
    if (connection === null || this.#state.kind !== 'connected') {
      this.#finish('closed');
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (): void => {
        this.#finish('closed');
        resolve();
      };
      const request = new Request(OpCode.CLOSE_SESSION);
      request.xid = this.#nextXid();
      connection.send({ request, replied: done, lost: done });
    });
  }

  // --- connecting ---

  async #connectNext(): Promise<void> {
    if (this.#isOver()) return;
    if (this.#isSurelyExpired()) {
      this.#finish('expired');
      return;
    }
    const host = this.#hosts.next();
    const leastMs = Math.min(CONNECT_MIN_MS, this.#timeoutMs * CONNECT_PART);
    const timeoutMs = Math.max(leastMs, this.#timeoutMs / this.#hosts.count);
    try {
      const socket = await this.#options.net.connect({ ...host, timeoutMs });
      if (this.#isOver()) {
        socket.destroy();
        return;
      }
      this.#server = formatHost(host);
      this.#connection = new ClientConnection(socket, this.#options.clock, this);
      this.#connection.greet(
        {
          lastZxidSeen: this.#lastZxid,
          timeoutMs: this.#options.timeoutMs,
          sessionId: this.#id,
          password: this.#password,
          readOnly: this.#options.canBeReadOnly,
          hasReadOnly: true,
        },
        timeoutMs,
      );
    } catch (error) {
      this.#retry(error instanceof Error ? error.message : String(error));
    }
  }

  #retry(why: string): void {
    if (this.#isOver()) return;
    this.#setState({ kind: 'connecting', why });
    // A server that is down is passed over at once; only after a whole round it is worth waiting.
    const delayMs = this.#hosts.isRoundDone ? this.#retryMs : 0;
    const lastMs = Math.min(RETRY_LAST_MS, this.#timeoutMs * RETRY_PART);
    if (this.#hosts.isRoundDone) this.#retryMs = Math.min(this.#retryMs * 2, lastMs);
    this.#retryTimer = this.#options.clock.after(delayMs, () => void this.#connectNext());
  }

  #isSurelyExpired(): boolean {
    if (this.#id === 0n || this.#lostSinceMs === null) return false;
    return this.#options.clock.nowMs() - this.#lostSinceMs > (this.#timeoutMs * 4) / 3;
  }

  // --- connection ---

  onHandshake(response: ConnectResponse): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (response.timeoutMs <= 0) {
      this.#finish('expired');
      return;
    }
    const isRenewed = this.#id !== 0n;
    this.#id = response.sessionId;
    this.#password = Buffer.from(response.password);
    this.#timeoutMs = response.timeoutMs;
    this.#lostSinceMs = null;
    this.#retryMs = RETRY_FIRST_MS;
    connection.keepAlive(response.timeoutMs);
    for (const { scheme, auth } of this.#credentials) connection.authenticate(scheme, auth);
    if (isRenewed) this.#registerWatches(connection);
    this.#setState({ kind: 'connected', server: this.#server, readOnly: response.readOnly });
    this.#sendWaiting();
  }

  #registerWatches(connection: ClientConnection): void {
    for (const request of this.#options.watches.registrations(this.#toldZxid)) {
      request.xid = Xid.SET_WATCHES;
      connection.send({ request, replied: () => undefined, lost: () => undefined });
    }
  }

  onEvent(event: WatchEvent): void {
    this.#options.watches.fire(event);
  }

  onZxid(zxid: number): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
  }

  onTold(zxid: number): void {
    if (zxid > this.#toldZxid) this.#toldZxid = zxid;
  }

  onAuthFailed(): void {
    this.#finish('auth-failed');
  }

  onRoom(): void {
    if (this.#state.kind === 'connected') this.#sendWaiting();
  }

  onEnd(why: string): void {
    this.#connection = null;
    if (this.#isOver()) return;
    this.#lostSinceMs ??= this.#options.clock.nowMs();
    this.#options.logger.debug('connection lost', { server: this.#server, why });
    this.#retry(why);
  }

  #sendWaiting(): void {
    const connection = this.#connection;
    if (connection === null) return;
    while (connection.hasRoom) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      exchange.request.xid = this.#nextXid();
      connection.send(exchange);
    }
  }

  #nextXid(): number {
    this.#xid = this.#xid >= XID_MAX ? 1 : this.#xid + 1;
    return this.#xid;
  }

  // --- the end ---

  #isOver(): boolean {
    return this.#state.kind !== 'connecting' && this.#state.kind !== 'connected';
  }

  #finish(kind: 'expired' | 'auth-failed' | 'closed'): void {
    if (this.#isOver()) return;
    this.#retryTimer?.cancel();
    this.#setState({ kind });
    this.#connection?.end(kind);
    this.#connection = null;
    for (let e = this.#waiting.shift(); e !== undefined; e = this.#waiting.shift()) e.lost();
  }

  #setState(state: SessionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
