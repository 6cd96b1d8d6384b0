/**
 * The mesh of the election port: one connection between any two members, over which only the newest vote matters.
 *
 *   larger sid dials:    connect ── hello ──▶                     the connection stays
 *   smaller sid dials:   connect ── hello ──▶ end ◀── dials back  the other one's stays
 *
 * A message that has not left when a newer one comes is replaced by it, and the last one is said again on a new connection:
 * the peer may not have read it from the old one. Nothing is dialled by itself; whoever wants to say something asks.
 */
import { Fifo } from '../../base/fifo.ts';
import { type Sid, sid } from '../../base/ids.ts';
import { Frames } from '../../bytes/frames.ts';
import { Writer } from '../../bytes/writer.ts';
import { type HostPort, hostPortText } from '../../config/ensemble-config.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import {
  type LinkFaults,
  mayConnect,
  type NamedSocket,
  throughFaults,
} from '../../platform/link-faults.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  type Listener,
  type Net,
  NetError,
  type Socket,
  type SocketHandler,
} from '../../platform/net.ts';
import {
  type Hello,
  HELLO_BYTES_MAX,
  NOTIFICATION_BYTES_MAX,
  readHello,
  readNotification,
  writeHello,
  writeNotification,
} from '../wire/votes.ts';
import type { Notification } from '../zab/messages.ts';
import { Complaints } from './complaints.ts';
import { listenEverywhere } from './listening.ts';

export interface ElectionLinksOptions {
  readonly self: Sid;
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where this member listens, and what it tells the others. */
  readonly addresses: readonly HostPort[];
  readonly onEveryInterface: boolean;
  /** Every peer understands hellos with several addresses. */
  readonly isMultiAddress: boolean;
  /** How often to try to listen; 0 for ever. */
  readonly bindTriesMax: number;
  readonly connectTimeoutMs: number;
  /** A connection that does not say whose it is ends after this. */
  readonly helloTimeoutMs: number;
  /** Where a member listens, as of the views in force and proposed; none for one that is in neither. */
  readonly addressesOf: (peer: Sid) => readonly HostPort[];
  readonly faults: LinkFaults<Sid> | null;
  /** There is something to take. */
  readonly onArrival: () => void;
  /** Something was to be said to this member, and none of its addresses can be connected to now. */
  readonly onUnreachable: (peer: Sid) => void;
}

export interface Received {
  readonly from: Sid;
  readonly notification: Notification;
}

export interface ElectionLinkStatus {
  readonly peer: Sid;
  readonly state: 'connected' | 'connecting' | 'down';
  readonly hasUnsent: boolean;
  readonly sent: number;
  readonly received: number;
  /** When it connected, by the clock's `nowMs`; null while it is not. */
  readonly connectedMs: number | null;
  /** Whether it is encrypted; null while there is none. */
  readonly isSecure: boolean | null;
}

/** Received and not taken; beyond that the oldest are dropped, which later ones supersede anyway. */
const RECEIVED_MAX = 100;
/** Members and strangers we keep something about; a stranger is whoever says hello and stands in no view. */
const PEERS_MAX = 1024;
/** Connections that have not said hello yet. */
const ARRIVALS_MAX = 256;
/** A larger peer that heard our hello dials back; asking again meanwhile would only undo what it is doing. */
const DIAL_BACK_MS = 1000;

/** What is known about one other member. */
class Peer {
  readonly sid: Sid;
  /** The message that has not left yet, with its length in front. */
  unsent: Buffer | null = null;
  lastSent: Buffer | null = null;
  line: Line | null = null;
  dialing: AbortController | null = null;
  /** Until then the peer is believed to be dialling back. */
  dialBackUntilMs = 0;
  sent = 0;
  received = 0;

  constructor(id: Sid) {
    this.sid = id;
  }
}

export class ElectionLinks {
  readonly #options: ElectionLinksOptions;
  readonly #complaints: Complaints;
  readonly #peers = new Map<Sid, Peer>();
  readonly #arrivals = new Set<Line>();
  readonly #received = new Fifo<Received>();
  readonly #closing = new AbortController();
  #listeners: Listener[] = [];
  /** Observers without an id get −1, −2 and so on. */
  #lastAnonymous = 0;
  #overrun = 0;
  #unreadable = 0;

  constructor(options: ElectionLinksOptions) {
    this.#options = options;
    this.#complaints = new Complaints(options.logger);
  }

  /** @throws NetError when the port cannot be had */
  async open(): Promise<void> {
    const { net, clock, logger, addresses, onEveryInterface } = this.#options;
    this.#listeners = await listenEverywhere({
      net,
      clock,
      logger,
      addresses,
      onEveryInterface,
      triesMax: this.#options.bindTriesMax,
      onSocket: (socket) => this.#onSocket(socket),
      onRefused: (from, why) =>
        this.#complaints.make(from, 'somebody who wants to elect is not let in', { why }),
      signal: this.#closing.signal,
    });
  }

  /** The ports listened on; chosen by the system where an address has port 0. */
  get ports(): readonly number[] {
    return this.#listeners.map(({ port }) => port);
  }

  /** Ends every connection and attempt. Nothing arrives afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const line of this.#arrivals) line.destroy();
    for (const peer of this.#peers.values()) {
      peer.dialing?.abort();
      peer.line?.destroy();
    }
    this.#peers.clear();
    this.#received.clear();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  // --- saying and hearing ---

  /** Says it now, or as soon as there is a connection, unless something newer is to be said by then. */
  send(to: Sid, notification: Notification): void {
    if (this.#closing.signal.aborted) return;
    if (to === this.#options.self) {
      this.#receive(to, notification);
      return;
    }
    const peer = this.#peerOf(to);
    peer.unsent = encoded(notification);
    if (peer.line === null) this.connect(to);
    else peer.line.pump();
  }

  /** Dials, unless there is a connection or there is about to be one. */
  connect(to: Sid): void {
    const peer = this.#peerOf(to);
    if (peer.line !== null || peer.dialing !== null || this.#closing.signal.aborted) return;
    if (this.#options.clock.nowMs() < peer.dialBackUntilMs) return;
    this.#dial(peer, this.#options.addressesOf(to));
  }

  /** The oldest message not taken yet. */
  take(): Received | undefined {
    return this.#received.shift();
  }

  get status(): ElectionLinkStatus[] {
    return [...this.#peers.values()]
      .sort((a, b) => a.sid - b.sid)
      .map((peer) => ({
        peer: peer.sid,
        state: peer.line !== null ? 'connected' : peer.dialing !== null ? 'connecting' : 'down',
        hasUnsent: peer.unsent !== null,
        sent: peer.sent,
        received: peer.received,
        connectedMs: peer.line?.connectedMs ?? null,
        isSecure: peer.line?.isSecure ?? null,
      }));
  }

  /** Messages dropped because nobody took them, and messages nobody could read. */
  get losses(): { readonly overrun: number; readonly unreadable: number } {
    return { overrun: this.#overrun, unreadable: this.#unreadable };
  }

  #peerOf(id: Sid): Peer {
    let peer = this.#peers.get(id);
    if (peer === undefined) this.#peers.set(id, (peer = new Peer(id)));
    return peer;
  }

  #receive(from: Sid, notification: Notification): void {
    if (this.#received.length === RECEIVED_MAX) {
      this.#received.shift();
      this.#overrun++;
    }
    this.#received.push({ from, notification });
    this.#options.onArrival();
  }

  // --- dialling ---

  #dial(peer: Peer, addresses: readonly HostPort[]): void {
    const { net, faults, logger, connectTimeoutMs: timeoutMs } = this.#options;
    const [address, ...others] = addresses;
    if (address === undefined || !mayConnect(faults, peer.sid)) {
      peer.dialing = null;
      this.#forgetStranger(peer);
      this.#options.onUnreachable(peer.sid);
      return;
    }
    const dialing = peer.dialing ?? new AbortController();
    peer.dialing = dialing;
    const { host, port } = address;
    net.connect({ host, port, timeoutMs, signal: dialing.signal }).then(
      (socket) => this.#onDialled(peer, socket),
      (error: unknown) => {
        if (dialing.signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        const what = 'a member cannot be reached for elections';
        if (error instanceof NetError && error.code === 'tls')
          this.#complaints.make(peer.sid, what, { why });
        else logger.debug(what, { peer: peer.sid, address: hostPortText(address), why });
        this.#dial(peer, others);
      },
    );
  }

  #onDialled(peer: Peer, socket: Socket): void {
    const { self, clock, addresses, isMultiAddress } = this.#options;
    const dialing = peer.dialing;
    peer.dialing = null;
    if (dialing === null || dialing.signal.aborted) {
      socket.destroy();
      return;
    }
    const named = throughFaults(socket, this.#options);
    named.name(peer.sid);
    const hello = new Writer();
    writeHello(hello, { sid: self, addresses, isMultiAddress });
    named.socket.write(hello.view());
    if (peer.sid > self) {
      peer.dialBackUntilMs = clock.nowMs() + DIAL_BACK_MS;
      named.socket.end();
      return;
    }
    this.#adopt(peer, new Line(named, this.#mesh, clock));
  }

  // --- being dialled ---

  #onSocket(socket: Socket): void {
    if (this.#closing.signal.aborted || this.#arrivals.size >= ARRIVALS_MAX) {
      socket.destroy();
      return;
    }
    const { clock, helloTimeoutMs } = this.#options;
    const line = new Line(throughFaults(socket, this.#options), this.#mesh, clock);
    this.#arrivals.add(line);
    line.awaitHello(helloTimeoutMs);
  }

  /** @returns whether the connection stays */
  #onHello(line: Line, hello: Hello): boolean {
    const { self, logger, faults, addressesOf } = this.#options;
    this.#arrivals.delete(line);
    const id = hello.sid ?? sid(--this.#lastAnonymous);
    if (id === self) {
      logger.warn('somebody else uses the id of this member', { address: line.remoteAddress });
      return false;
    }
    const isStranger = !this.#peers.has(id) && addressesOf(id).length === 0;
    if (!mayConnect(faults, id) || (isStranger && this.#peers.size >= PEERS_MAX)) return false;
    const peer = this.#peerOf(id);
    if (id > self) {
      this.#adopt(peer, line);
      return true;
    }
    // A connection that we believe to be up is not, or it would not dial.
    dropLine(peer);
    if (peer.dialing === null) this.#dial(peer, [...hello.addresses, ...addressesOf(id)]);
    return false;
  }

  // --- connections ---

  #adopt(peer: Peer, line: Line): void {
    dropLine(peer);
    peer.dialing?.abort();
    peer.dialing = null;
    peer.dialBackUntilMs = 0;
    peer.line = line;
    // What was said last may have been lost with the connection before.
    peer.unsent ??= peer.lastSent;
    line.open(peer);
    this.#options.logger.debug('connected for elections', { peer: peer.sid });
  }

  readonly #mesh: Mesh = {
    onHello: (line, hello) => this.#onHello(line, hello),
    onNotification: (from, notification) => {
      this.#complaints.withdraw(from);
      if (notification === null) this.#unreadable++;
      else this.#receive(from, notification);
    },
    onLineClosed: (line, peer, reason) => {
      this.#arrivals.delete(line);
      if (peer?.line !== line) return;
      peer.line = null;
      const why = reason ?? 'it was closed';
      // A peer that does not accept our certificate may say so only after the handshake.
      if (line.isSecure && line.isUnheard && reason !== null)
        this.#complaints.make(peer.sid, 'a member ended the connection for elections', { why });
      else this.#options.logger.debug('disconnected for elections', { peer: peer.sid, why });
      this.#forgetStranger(peer);
    },
  };

  #forgetStranger(peer: Peer): void {
    const isIdle = peer.line === null && peer.dialing === null;
    if (isIdle && this.#options.addressesOf(peer.sid).length === 0) this.#peers.delete(peer.sid);
  }
}

/** Ends the connection to a peer that gets another one: nothing is forgotten on the way. */
function dropLine(peer: Peer): void {
  const { line } = peer;
  peer.line = null;
  line?.destroy();
}

function encoded(notification: Notification): Buffer {
  const writer = new Writer();
  const length = writer.gap(4);
  writeNotification(writer, notification);
  writer.patchInt32(length, writer.length - length - 4);
  return writer.view();
}

/** What a connection needs from the mesh. */
interface Mesh {
  onHello(line: Line, hello: Hello): boolean;
  /** Null: the message could not be read. */
  onNotification(from: Sid, notification: Notification | null): void;
  onLineClosed(line: Line, peer: Peer | null, reason: string | null): void;
}

/** One connection: a hello if it was accepted, then messages both ways. */
class Line implements SocketHandler {
  readonly #socket: Socket;
  readonly #named: NamedSocket<Sid>;
  readonly #mesh: Mesh;
  readonly #clock: Clock;
  readonly #frames = new Frames(NOTIFICATION_BYTES_MAX);
  readonly connectedMs: number;
  #peer: Peer | null = null;
  /** Of the hello, while it is not whole. */
  #greeting: Buffer = Buffer.alloc(0);
  #helloTimer: Timer | null = null;
  #isClosed = false;
  /** Nothing came yet. */
  isUnheard = true;

  constructor(named: NamedSocket<Sid>, mesh: Mesh, clock: Clock) {
    this.#named = named;
    this.#socket = named.socket;
    this.#mesh = mesh;
    this.#clock = clock;
    this.connectedMs = clock.nowMs();
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get isSecure(): boolean {
    return this.#socket.isSecure;
  }

  awaitHello(timeoutMs: number): void {
    this.#helloTimer = this.#clock.after(timeoutMs, () => this.destroy());
    this.#socket.attach(this);
  }

  open(peer: Peer): void {
    const isAccepted = this.#helloTimer !== null;
    this.#helloTimer?.cancel();
    this.#peer = peer;
    this.#named.name(peer.sid);
    if (!isAccepted) this.#socket.attach(this);
    this.pump();
  }

  /** Says what is to be said, if what was said before has left. */
  pump(): void {
    const peer = this.#peer;
    if (peer === null || peer.unsent === null || this.#isClosed) return;
    if (this.#socket.queuedBytes > 0) return;
    peer.lastSent = peer.unsent;
    peer.unsent = null;
    peer.sent++;
    this.#socket.write(peer.lastSent);
  }

  destroy(reason: string | null = null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#helloTimer?.cancel();
    this.#socket.destroy();
    this.#mesh.onLineClosed(this, this.#peer, reason);
  }

  onChunk(chunk: Buffer): void {
    if (this.#isClosed) return;
    const messages = this.#peer === null ? this.#greet(chunk) : chunk;
    if (messages !== null) this.#hear(messages);
  }

  onDrain(): void {
    this.pump();
  }

  onClose(reason: string | null): void {
    this.destroy(reason);
  }

  /** @returns what follows the hello, or null */
  #greet(chunk: Buffer): Buffer | null {
    this.#greeting = Buffer.concat([this.#greeting, chunk]);
    const hello = readHello(this.#greeting.subarray(0, HELLO_BYTES_MAX));
    if (hello === 'need-more') return null;
    if (hello === 'bad' || !this.#mesh.onHello(this, hello)) {
      this.destroy();
      return null;
    }
    return this.#greeting.subarray(hello.bytes);
  }

  #hear(bytes: Buffer): void {
    const peer = this.#peer!;
    this.#frames.push(bytes);
    for (let state = this.#frames.next(); state !== 'need-more'; state = this.#frames.next()) {
      const { bytes: body, start, end } = this.#frames;
      if (state === 'bad-length' || start === end) {
        this.destroy();
        return;
      }
      peer.received++;
      this.isUnheard = false;
      this.#mesh.onNotification(peer.sid, readNotification(body, start, end));
      // Whoever was told may have closed everything.
      if (this.#isClosed) return;
    }
  }
}
