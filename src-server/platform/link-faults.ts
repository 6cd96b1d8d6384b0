/**
 * What a fault lab may do to the connections between members of an ensemble, or nodes of a ring: cut a direction, slow it down, break it.
 *
 * A cut behaves as in a real network: nobody is told, what is sent waits, and it arrives when the way is open again, unless
 * somebody lost patience before. What waits when nothing is done to a connection any more arrives at once. Without a lab there
 * is no wrapper and no cost; with one, connections that nothing is done to pay a look at a field.
 */
import { Fifo } from '../base/fifo.ts';
import type { Clock, Timer } from './clock.ts';
import type { Socket, SocketHandler } from './net.ts';

export type Direction = 'in' | 'out';

/** How one piece of a stream arrives. */
export interface Arrival {
  readonly lateMs: number;
  /** It does not: when it is so late, the connection breaks, since nothing can be left out of a stream. */
  readonly isLost: boolean;
}

/** `Peer`: how those at the other ends are called. */
export interface LinkFaults<Peer> {
  /** Whether anything is done to what passes between here and there. */
  isTouched(peer: Peer): boolean;
  /** Whether bytes pass. While they do not, no new connection comes about either. */
  isOpen(peer: Peer, direction: Direction): boolean;
  /** Asked for every piece that comes from there. */
  arrival(peer: Peer): Arrival;
  /** Calls back after any of this changed, until the function it returns is called. */
  onChange(listener: () => void): () => void;
}

/** A socket whose peer is told once it is known; until then everything passes, which is a message at the most. */
export interface NamedSocket<Peer> {
  readonly socket: Socket;
  name(peer: Peer): void;
}

export function throughFaults<Peer>(
  socket: Socket,
  parts: { readonly clock: Clock; readonly faults: LinkFaults<Peer> | null },
): NamedSocket<Peer> {
  if (parts.faults === null) return { socket, name: () => undefined };
  const faulty = new FaultySocket(socket, parts.clock, parts.faults);
  return { socket: faulty, name: (peer) => faulty.name(peer) };
}

export function mayConnect<Peer>(faults: LinkFaults<Peer> | null, peer: Peer): boolean {
  return faults === null || (faults.isOpen(peer, 'in') && faults.isOpen(peer, 'out'));
}

/** Held back bytes above which the other side is made to wait, as by a full window of TCP. */
const HELD_BYTES_MAX = 0x10_0000;

interface Piece {
  /** Null: the end of the connection. */
  readonly bytes: Buffer | null;
  readonly reason: string | null;
  readonly dueMs: number;
  /** Instead of it comes the end. */
  readonly isLost: boolean;
}

const NOW: Arrival = { lateMs: 0, isLost: false };

/** What is held back in one direction. */
class Lane {
  readonly pieces = new Fifo<Piece>();
  bytes = 0;
  timer: Timer | null = null;
  isRunning = false;

  push(piece: Piece): void {
    this.pieces.push(piece);
    this.bytes += piece.bytes?.length ?? 0;
  }

  shift(): Piece {
    const piece = this.pieces.shift()!;
    this.bytes -= piece.bytes?.length ?? 0;
    return piece;
  }

  clear(): void {
    this.timer?.cancel();
    this.timer = null;
    this.pieces.clear();
    this.bytes = 0;
  }
}

class FaultySocket<Peer> implements Socket, SocketHandler {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #faults: LinkFaults<Peer>;
  readonly #stopListening: () => void;
  readonly #in = new Lane();
  readonly #out = new Lane();
  #handler: SocketHandler | null = null;
  #peer: Peer | null = null;
  #isTouched = false;
  #isPaused = false;
  #isEnding = false;
  #isDestroyed = false;
  /** The socket has told of its end already; whoever uses it may not know yet. */
  #isOver = false;

  constructor(socket: Socket, clock: Clock, faults: LinkFaults<Peer>) {
    this.#socket = socket;
    this.#clock = clock;
    this.#faults = faults;
    this.#stopListening = faults.onChange(() => this.#goOn());
  }

  name(peer: Peer): void {
    this.#peer = peer;
    this.#isTouched = this.#faults.isTouched(peer);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number {
    return this.#socket.remotePort;
  }

  get localPort(): number {
    return this.#socket.localPort;
  }

  get isSecure(): boolean {
    return this.#socket.isSecure;
  }

  get queuedBytes(): number {
    return this.#out.bytes + this.#socket.queuedBytes;
  }

  attach(handler: SocketHandler): void {
    this.#handler = handler;
    this.#socket.attach(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isDestroyed) return true;
    if (this.#out.pieces.length === 0 && this.#isWayOpen('out')) return this.#socket.write(bytes);
    this.#hold('out', Buffer.from(bytes), NOW);
    this.#run('out');
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#run('in');
  }

  end(): void {
    this.#isEnding = true;
    if (this.#out.pieces.length === 0) this.#socket.end();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#in.clear();
    this.#out.clear();
    if (this.#isOver) this.#clock.defer(() => this.#close(null));
    else this.#socket.destroy();
  }

  // --- from the socket ---

  onChunk(chunk: Buffer): void {
    const arrival = this.#arrival();
    if (this.#passes(arrival)) {
      this.#handler?.onChunk(chunk);
      return;
    }
    this.#hold('in', Buffer.from(chunk), arrival);
    if (this.#in.bytes > HELD_BYTES_MAX) this.#socket.pause();
    this.#run('in');
  }

  onDrain(): void {
    if (this.#out.pieces.length === 0) this.#handler?.onDrain();
  }

  onClose(reason: string | null): void {
    this.#isOver = true;
    // The other side's end is news that a cut holds back as well; our own is not.
    const isOurs = this.#isDestroyed || this.#isEnding;
    const arrival = isOurs ? NOW : { ...this.#arrival(), isLost: false };
    if (isOurs || this.#passes(arrival)) {
      this.#close(reason);
      return;
    }
    this.#hold('in', null, arrival, reason);
    this.#run('in');
  }

  #close(reason: string | null): void {
    this.#isDestroyed = true;
    this.#in.clear();
    this.#out.clear();
    this.#stopListening();
    this.#handler?.onClose(reason);
  }

  // --- what is held back ---

  #arrival(): Arrival {
    return this.#isTouched ? this.#faults.arrival(this.#peer!) : NOW;
  }

  /** Whether what just came from the socket is for the handler now. */
  #passes({ lateMs }: Arrival): boolean {
    return this.#in.pieces.length === 0 && lateMs <= 0 && this.#isWayOpen('in');
  }

  #hold(
    direction: Direction,
    bytes: Buffer | null,
    { lateMs, isLost }: Arrival,
    reason: string | null = null,
  ): void {
    const lane = direction === 'in' ? this.#in : this.#out;
    lane.push({ bytes, reason, dueMs: this.#clock.nowMs() + lateMs, isLost });
  }

  #goOn(): void {
    this.#isTouched = this.#peer !== null && this.#faults.isTouched(this.#peer);
    this.#run('in');
    this.#run('out');
  }

  /** Lets through what is due. */
  #run(direction: Direction): void {
    const lane = direction === 'in' ? this.#in : this.#out;
    // Whoever takes a piece may pause and resume; the next piece comes when it is done with this one.
    if (lane.isRunning) return;
    lane.timer?.cancel();
    lane.timer = null;
    lane.isRunning = true;
    while (!this.#isDestroyed && this.#mayGo(direction)) {
      const next = lane.pieces.peek();
      if (next === undefined) break;
      const waitMs = this.#isTouched ? next.dueMs - this.#clock.nowMs() : 0;
      if (waitMs > 0) {
        lane.timer = this.#clock.after(waitMs, () => this.#run(direction));
        break;
      }
      this.#let(direction, lane.shift());
    }
    lane.isRunning = false;
    if (this.#isDestroyed || lane.pieces.length > 0) return;
    if (direction === 'in' && !this.#isPaused) this.#socket.resume();
  }

  #mayGo(direction: Direction): boolean {
    return this.#isWayOpen(direction) && !(direction === 'in' && this.#isPaused);
  }

  #isWayOpen(direction: Direction): boolean {
    return !this.#isTouched || this.#faults.isOpen(this.#peer!, direction);
  }

  #let(direction: Direction, { bytes, reason, isLost }: Piece): void {
    if (direction === 'in') {
      if (isLost && this.#isTouched) this.destroy();
      else if (bytes === null) this.#close(reason);
      else this.#handler?.onChunk(bytes);
      return;
    }
    const isTaken = this.#socket.write(bytes!);
    if (this.#out.pieces.length > 0) return;
    if (this.#isEnding) this.#socket.end();
    else if (isTaken) this.#handler?.onDrain();
  }
}
