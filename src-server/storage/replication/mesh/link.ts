/**
 * One connection between two nodes: frames both ways. What is sent in a turn leaves with one write at its end. A peer that takes
 * too little of it, or says nothing for long, is dropped: it is cheaper to begin anew than to keep everything for it.
 */
import { Frames } from '../../../bytes/frames.ts';
import { Writer } from '../../../bytes/writer.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { NamedSocket } from '../../../platform/link-faults.ts';
import type { Socket, SocketHandler } from '../../../platform/net.ts';
import type { NodeId } from '../../ring/topology.ts';
import type { MeshMessage } from './mesh-messages.ts';
import { MessageReader, writeMessage } from './wire.ts';

export interface LinkParts {
  readonly socket: NamedSocket<NodeId>;
  readonly clock: Clock;
  readonly frameBytesMax: number;
  readonly unsentBytesMax: number;
  readonly onMessage: (link: Link, message: MeshMessage) => void;
  /** Everything given before has left. */
  readonly onDrain: (link: Link) => void;
  /** Once, whoever closed it. */
  readonly onClose: (link: Link, reason: string) => void;
}

/** What a link keeps for its next turn; a slab that grew larger is let go. */
const OUT_KEPT_BYTES = 0x10_0000;

export class Link implements SocketHandler {
  /** Who sits at the other end; null before it said so. */
  peer: NodeId | null = null;
  lastHeardMs: number;
  readonly #parts: LinkParts;
  readonly #socket: Socket;
  readonly #frames: Frames;
  readonly #reader = new MessageReader();
  readonly #out = new Writer();
  #isClosed = false;
  #why = 'it was closed';

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#socket = parts.socket.socket;
    this.#frames = new Frames(parts.frameBytesMax);
    this.lastHeardMs = parts.clock.nowMs();
    this.#socket.attach(this);
  }

  /** Says who sits at the other end: faults that were ordered for it hold from here on. */
  name(peer: NodeId): void {
    this.peer = peer;
    this.#parts.socket.name(peer);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  /** Bytes sent from here that the system has not taken. */
  get unsentBytes(): number {
    return this.#out.length + this.#socket.queuedBytes;
  }

  send(message: MeshMessage): void {
    if (!this.#isClosed) writeMessage(this.#out, message);
  }

  flush(): void {
    const out = this.#out;
    if (this.#isClosed || out.length === 0) return;
    const isTaken = this.#socket.write(out.view());
    if (isTaken && out.capacity <= OUT_KEPT_BYTES) out.clear();
    else out.release();
    if (this.unsentBytes > this.#parts.unsentBytesMax) this.close('it takes too little');
  }

  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#why = why;
    this.#socket.destroy();
  }

  // --- from the socket ---

  onChunk(chunk: Buffer): void {
    this.lastHeardMs = this.#parts.clock.nowMs();
    this.#frames.push(chunk);
    for (;;) {
      const state = this.#frames.next();
      if (state === 'need-more') return;
      const message =
        state === 'frame'
          ? this.#reader.read(this.#frames.bytes, this.#frames.start, this.#frames.end)
          : null;
      if (message === null) {
        this.close('what it says is not understood');
        return;
      }
      this.#parts.onMessage(this, message);
      if (this.#isClosed) return;
    }
  }

  onDrain(): void {
    if (!this.#isClosed) this.#parts.onDrain(this);
  }

  onClose(reason: string | null): void {
    const why = this.#isClosed ? this.#why : (reason ?? 'the other end closed it');
    this.#isClosed = true;
    this.#parts.onClose(this, why);
  }
}
