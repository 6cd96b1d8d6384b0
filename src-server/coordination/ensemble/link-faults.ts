/**
 * What a fault lab may do to the connections between members: cut a direction, slow it down, break it.
 *
 * A cut behaves as in a real network: nobody is told, what is sent waits, and it arrives when the way is open again, unless
 * somebody lost patience before. Without a lab there is no wrapper and no cost.
 */
import { Fifo } from '../../base/fifo.ts';
import type { Sid } from '../../base/ids.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Socket, SocketHandler } from '../../platform/net.ts';

export type Direction = 'in' | 'out';

export interface LinkFaults {
  /** Whether bytes pass. While they do not, no new connection comes about either. */
  isOpen(peer: Sid, direction: Direction): boolean;
  /** How much later they arrive, ms. */
  delayMs(peer: Sid, direction: Direction): number;
  /** Asked for every piece: whether the connection breaks here, since nothing can be left out of a stream. */
  breaks(peer: Sid, direction: Direction): boolean;
  /** Calls back after any of this changed, until the function it returns is called. */
  onChange(listener: () => void): () => void;
}

/** A socket whose peer is told once it is known; until then everything passes. */
export interface NamedSocket {
  readonly socket: Socket;
  name(peer: Sid): void;
}

export function throughFaults(
  socket: Socket,
  parts: { readonly clock: Clock; readonly faults: LinkFaults | null },
): NamedSocket {
  if (parts.faults === null) return { socket, name: () => undefined };
  const faulty = new FaultySocket(socket, parts.clock, parts.faults);
  return { socket: faulty, name: (peer) => faulty.name(peer) };
}

export function mayConnect(faults: LinkFaults | null, peer: Sid): boolean {
  return faults === null || (faults.isOpen(peer, 'in') && faults.isOpen(peer, 'out'));
}

/** Held back bytes above which the other side is made to wait, as by a full window of TCP. */
const HELD_BYTES_MAX = 0x10_0000;

interface Piece {
  /** Null: the end of the connection. */
  readonly bytes: Buffer | null;
  readonly reason: string | null;
  readonly dueMs: number;
}

/** What is held back in one direction. */
class Lane {
  readonly pieces = new Fifo<Piece>();
  bytes = 0;
  timer: Timer | null = null;
  isRunning = false;

  push(bytes: Buffer | null, dueMs: number, reason: string | null = null): void {
    this.pieces.push({ bytes, reason, dueMs });
    this.bytes += bytes?.length ?? 0;
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

class FaultySocket implements Socket, SocketHandler {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #faults: LinkFaults;
  readonly #stopListening: () => void;
  readonly #in = new Lane();
  readonly #out = new Lane();
  #handler: SocketHandler | null = null;
  #peer: Sid | null = null;
  #isPaused = false;
  #isEnding = false;
  #isDestroyed = false;

  constructor(socket: Socket, clock: Clock, faults: LinkFaults) {
    this.#socket = socket;
    this.#clock = clock;
    this.#faults = faults;
    this.#stopListening = faults.onChange(() => this.#goOn());
  }

  name(peer: Sid): void {
    this.#peer = peer;
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
    if (this.#breaks('out')) return true;
    if (this.#passes('out', this.#out)) return this.#socket.write(bytes);
    this.#out.push(Buffer.from(bytes), this.#dueMs('out'));
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
    this.#socket.destroy();
  }

  // --- from the socket ---

  onChunk(chunk: Buffer): void {
    if (this.#breaks('in')) return;
    if (this.#passes('in', this.#in)) {
      this.#handler?.onChunk(chunk);
      return;
    }
    this.#in.push(Buffer.from(chunk), this.#dueMs('in'));
    if (this.#in.bytes > HELD_BYTES_MAX) this.#socket.pause();
    this.#run('in');
  }

  onDrain(): void {
    if (this.#out.pieces.length === 0) this.#handler?.onDrain();
  }

  onClose(reason: string | null): void {
    // The other side's end is news that a cut holds back as well; our own is not.
    if (!this.#isDestroyed && !this.#isEnding && !this.#passes('in', this.#in)) {
      this.#in.push(null, this.#dueMs('in'), reason);
      this.#run('in');
      return;
    }
    this.#close(reason);
  }

  #close(reason: string | null): void {
    this.#isDestroyed = true;
    this.#in.clear();
    this.#out.clear();
    this.#stopListening();
    this.#handler?.onClose(reason);
  }

  // --- what is held back ---

  #passes(direction: Direction, lane: Lane): boolean {
    if (this.#peer === null) return true;
    return (
      lane.pieces.length === 0 &&
      this.#faults.isOpen(this.#peer, direction) &&
      this.#faults.delayMs(this.#peer, direction) <= 0
    );
  }

  #breaks(direction: Direction): boolean {
    if (this.#peer === null || !this.#faults.breaks(this.#peer, direction)) return false;
    this.destroy();
    return true;
  }

  #dueMs(direction: Direction): number {
    const delayMs = this.#peer === null ? 0 : this.#faults.delayMs(this.#peer, direction);
    return this.#clock.nowMs() + delayMs;
  }

  #goOn(): void {
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
    while (!this.#isDestroyed && this.#isWayOpen(direction)) {
      const next = lane.pieces.peek();
      if (next === undefined) break;
      const waitMs = next.dueMs - this.#clock.nowMs();
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

  #isWayOpen(direction: Direction): boolean {
    if (direction === 'in' && this.#isPaused) return false;
    return this.#peer === null || this.#faults.isOpen(this.#peer, direction);
  }

  #let(direction: Direction, { bytes, reason }: Piece): void {
    if (direction === 'in') {
      if (bytes === null) this.#close(reason);
      else this.#handler?.onChunk(bytes);
      return;
    }
    const isTaken = this.#socket.write(bytes!);
    if (this.#out.pieces.length > 0) return;
    if (this.#isEnding) this.#socket.end();
    else if (isTaken) this.#handler?.onDrain();
  }
}
