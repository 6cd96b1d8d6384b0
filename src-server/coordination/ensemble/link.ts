/**
 * One connection of the quorum port: messages both ways, and the image of the state between two of them.
 *
 *   out   message message SNAP │ image in slices │ mark │ message …        later messages wait behind the image
 *   in    message message SNAP │ held │ image, to whoever takes it │ mark │ message …
 *
 * What is sent in a turn leaves with one write at its end. A peer that takes too little of it is dropped: it is cheaper to
 * bring it up to date again than to keep everything for it.
 */
import { assert } from '../../base/assert.ts';
import type { Sid } from '../../base/ids.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Clock } from '../../platform/clock.ts';
import type { NamedSocket } from '../../platform/link-faults.ts';
import type { Socket, SocketHandler } from '../../platform/net.ts';
import { Packets } from '../wire/packets.ts';
import {
  BadPacket,
  MessageReader,
  SNAPSHOT_MARK,
  SNAPSHOT_MARK_BYTES,
  writeMessage,
} from '../wire/quorum.ts';
import type { LinkId } from '../zab/events.ts';
import type { Message } from '../zab/messages.ts';

/** What an image is sent from. */
export interface ImageSource {
  /** Writes the next piece, some ten kilobytes. @returns false when it was the last one */
  writeSlice(writer: Writer): boolean;
  /** How long to leave the processor to others after the piece just written. */
  readonly restMs: number;
  /** Once: nothing more is asked for, finished or not. */
  close(): void;
}

/** What an image is received by. */
export interface ImageSink {
  /**
   * Takes bytes of the image; they are borrowed until this returns. What it leaves comes again, with more behind it, when
   * more has arrived, or, after `Link.pause`, on `Link.resume`.
   * @returns how many it took
   */
  take(bytes: Buffer): number;
  /** True once the image is whole; the next byte is not part of it. */
  readonly isWhole: boolean;
}

export interface LinkHandler {
  /** Borrowed parts of the message are valid until this returns. After `snap`, nothing is read until `receiveImage`. */
  onMessage(link: Link, message: Message): void;
  /** Once, in a turn of its own, unless the link was closed from here. */
  onDown(link: Link, reason: string): void;
}

export interface LinkParts {
  readonly id: LinkId;
  readonly socket: NamedSocket<Sid>;
  readonly clock: Clock;
  /** Who sits at the other end. */
  readonly from: 'leader' | 'learner';
  readonly handler: LinkHandler;
  readonly recordBytesMax: number;
  readonly unsentBytesMax: number;
  /** Asks for a `flush` at the end of the turn. */
  readonly markDirty: (link: Link) => void;
  readonly onClosed: (link: Link) => void;
  /** What was sent before it was closed has left, or never will. */
  readonly onGone: (link: Link) => void;
}

/** While the socket has more than this to send, the image waits, and whoever else wants to know of room. */
const IMAGE_QUEUED_MAX = 0x4_0000;
/** An unfinished field of an image, in bytes, that still is no reason for suspicion: data and a path of the largest size. */
const IMAGE_HELD_SLACK = 0x1_0000;
const OUT_KEPT_BYTES = 0x10_0000;

type Reading = 'messages' | 'held' | 'image' | 'mark' | 'nothing';

interface Outgoing {
  readonly source: ImageSource;
  readonly onSent: () => void;
  /** Messages that wait behind the image. */
  readonly behind: Writer;
  isResting: boolean;
}

export class Link implements SocketHandler {
  readonly id: LinkId;
  readonly remoteAddress: string;
  /** Who sits at the other end; null before that is known. */
  peer: Sid | null = null;
  /** When it came about, was last heard of, and was last sent something: by the clock's `nowMs`. */
  readonly connectedMs: number;
  lastHeardMs: number;
  lastSentMs: number;
  isDirty = false;
  readonly #parts: LinkParts;
  readonly #socket: Socket;
  readonly #packets: Packets;
  readonly #reader = new MessageReader();
  readonly #out = new Writer();
  #reading: Reading = 'messages';
  #isPaused = false;
  #isReadingNow = false;
  /** Closed by the owner. */
  #isGivenUp = false;
  #isLeaving = false;
  /** Received and not yet read, while held, paused, or when a field of the image is incomplete. */
  #unread: Buffer = NONE;
  #sink: { readonly sink: ImageSink; readonly onReceived: () => void } | null = null;
  #outgoing: Outgoing | null = null;
  /** What waits for room. */
  #whenRoom: (() => void)[] = [];

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.#socket = parts.socket.socket;
    this.remoteAddress = this.#socket.remoteAddress;
    this.#packets = new Packets(parts.recordBytesMax);
    this.connectedMs = this.lastHeardMs = this.lastSentMs = parts.clock.nowMs();
    this.#socket.attach(this);
  }

  /** Says who sits at the other end, once that is known. */
  name(peer: Sid): void {
    this.peer = peer;
    this.#parts.socket.name(peer);
  }

  get isOpen(): boolean {
    return this.#reading !== 'nothing';
  }

  /** Bytes sent from here that the system has not taken. */
  get unsentBytes(): number {
    const behind = this.#outgoing?.behind.length ?? 0;
    return this.#out.length + behind + this.#socket.queuedBytes;
  }

  // --- sending ---

  send(message: Message): void {
    if (!this.isOpen) return;
    writeMessage(this.#outgoing?.behind ?? this.#out, message);
    this.#noteOutput();
  }

  /** A message that was encoded before, for several links. */
  sendEncoded(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    (this.#outgoing?.behind ?? this.#out).raw(bytes, 0, bytes.length);
    this.#noteOutput();
  }

  /** The image that belongs to the `snap` just sent; the mark goes after it. */
  sendImage(source: ImageSource, onSent: () => void): void {
    assert(this.#outgoing === null, 'one image at a time');
    if (!this.isOpen) {
      source.close();
      return;
    }
    this.#outgoing = { source, onSent, behind: new Writer(), isResting: false };
    this.#markDirty();
  }

  /** The end of a turn: what was gathered leaves with one write. */
  flush(): void {
    this.isDirty = false;
    if (!this.isOpen) return;
    if (this.#outgoing !== null) this.#writeImage(this.#outgoing);
    this.#write();
    this.#tellOfRoom();
  }

  #noteOutput(): void {
    if (this.unsentBytes > this.#parts.unsentBytesMax) {
      this.#fail(`it lags ${this.unsentBytes} bytes behind`);
      return;
    }
    this.#markDirty();
  }

  #markDirty(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.#parts.markDirty(this);
  }

  #write(): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.lastSentMs = this.#parts.clock.nowMs();
    const isTaken = this.#socket.write(out.view());
    if (isTaken && out.capacity <= OUT_KEPT_BYTES) out.clear();
    else out.release();
  }

  /** One slice, if there is room for it; the next one when the system took this one, and not in the same turn. */
  #writeImage(outgoing: Outgoing): void {
    if (outgoing.isResting || this.#socket.queuedBytes > IMAGE_QUEUED_MAX) return;
    const { source } = outgoing;
    if (source.writeSlice(this.#out)) {
      const goOn = (): void => {
        outgoing.isResting = false;
        this.#markDirty();
      };
      outgoing.isResting = source.restMs > 0;
      if (outgoing.isResting) this.#parts.clock.after(source.restMs, goOn);
      else this.#parts.clock.defer(goOn);
      return;
    }
    this.#out.string(SNAPSHOT_MARK);
    this.#outgoing = null;
    source.close();
    this.#out.raw(outgoing.behind.bytes, 0, outgoing.behind.length);
    outgoing.onSent();
  }

  /** Runs it in a turn of its own once what was sent has left, but for a little; never when the link is closed before. */
  whenRoom(run: () => void): void {
    this.#whenRoom.push(run);
    this.#tellOfRoom();
  }

  #tellOfRoom(): void {
    if (this.#whenRoom.length === 0 || this.unsentBytes > IMAGE_QUEUED_MAX) return;
    for (const run of this.#whenRoom.splice(0))
      this.#parts.clock.defer(() => {
        if (this.isOpen) run();
      });
  }

  // --- reading ---

  /** Nothing is read until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#goOn();
  }

  /** After a `snap`: what follows goes to the sink; when that is whole and the mark was right, `onReceived`, then messages. */
  receiveImage(sink: ImageSink, onReceived: () => void): void {
    if (!this.isOpen) return;
    assert(this.#reading === 'held', 'an image follows SNAP');
    this.#reading = 'image';
    this.#sink = { sink, onReceived };
    this.#goOn();
  }

  #goOn(): void {
    if (!this.isOpen || this.#isPaused || this.#reading === 'held') return;
    // Whoever is being called by the loop below lets it go on by returning.
    if (!this.#isReadingNow) {
      const bytes = this.#unread;
      this.#unread = NONE;
      this.#read(bytes);
    }
    if (!this.#mustWait) this.#socket.resume();
  }

  /** Whether what arrives cannot be read yet. */
  get #mustWait(): boolean {
    return this.#isPaused || this.#reading === 'held';
  }

  #read(bytes: Buffer): void {
    let left: Buffer | null = bytes;
    this.#isReadingNow = true;
    while (left !== null && this.isOpen) {
      if (this.#mustWait) {
        this.#putAside(left);
        break;
      }
      left = this.#reading === 'messages' ? this.#readMessages(left) : this.#readImage(left);
    }
    this.#isReadingNow = false;
  }

  /** @returns what is left when something else is to be done first, or null when more must arrive */
  #readMessages(bytes: Buffer): Buffer | null {
    const packets = this.#packets;
    packets.push(bytes);
    for (;;) {
      const state = packets.next();
      if (state === 'need-more') return null;
      if (state === 'bad-length') {
        this.#fail(`it announced a field of ${packets.badLength} bytes`);
        return null;
      }
      if (!this.#readMessage()) return null;
      if (this.#mustWait || this.#reading !== 'messages') return packets.takeRest();
    }
  }

  /** @returns false when the link is no more */
  #readMessage(): boolean {
    const { from, handler } = this.#parts;
    let message: Message | null;
    try {
      message =
        from === 'leader'
          ? this.#reader.fromLeader(this.#packets)
          : this.#reader.fromLearner(this.#packets);
    } catch (error) {
      if (!(error instanceof BadPacket)) throw error;
      this.#fail(error.message);
      return false;
    }
    if (message === null) return true;
    if (message.kind === 'snap') this.#reading = 'held';
    handler.onMessage(this, message);
    return this.isOpen;
  }

  /** @returns what is left for the next step, or null when more must arrive */
  #readImage(bytes: Buffer): Buffer | null {
    const { sink, onReceived } = this.#sink!;
    if (this.#reading === 'image') {
      const left = bytes.subarray(sink.take(bytes));
      if (!this.isOpen) return null;
      if (sink.isWhole) {
        this.#reading = 'mark';
        return left;
      }
      this.#putAside(left);
      return null;
    }
    if (bytes.length < SNAPSHOT_MARK_BYTES) {
      this.#putAside(bytes);
      return null;
    }
    const text = bytes.latin1Slice(4, SNAPSHOT_MARK_BYTES);
    if (bytes.readInt32BE(0) !== SNAPSHOT_MARK.length || text !== SNAPSHOT_MARK) {
      this.#fail('the image of the state does not end as it should');
      return null;
    }
    this.#reading = 'messages';
    this.#sink = null;
    onReceived();
    return bytes.subarray(SNAPSHOT_MARK_BYTES);
  }

  /** Keeps what was received for later, out of the borrowed chunk. */
  #putAside(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#mustWait) {
      this.#socket.pause();
    } else if (bytes.length > this.#heldMax) {
      this.#fail(`a field of the image is longer than ${this.#heldMax} bytes`);
      return;
    }
    this.#unread = Buffer.from(bytes);
  }

  get #heldMax(): number {
    return this.#parts.recordBytesMax + IMAGE_HELD_SLACK;
  }

  // --- socket ---

  onChunk(chunk: Buffer): void {
    if (!this.isOpen) return;
    this.lastHeardMs = this.#parts.clock.nowMs();
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#unread = NONE;
    this.#read(bytes);
  }

  onDrain(): void {
    if (this.#outgoing !== null) this.#markDirty();
    this.#tellOfRoom();
  }

  onClose(reason: string | null): void {
    if (this.#isLeaving) this.#gone();
    this.#fail(reason ?? 'the other side closed the connection');
  }

  /** Sends what was sent before, then closes; the handler hears nothing more. */
  close(): void {
    this.#isGivenUp = true;
    if (!this.isOpen) return;
    if (this.#outgoing === null) this.#write();
    this.#isLeaving = true;
    this.#shut();
    this.#socket.end();
  }

  /** Closed, while what was sent before is still on its way out, which takes for ever where nobody reads it. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  #gone(): void {
    this.#isLeaving = false;
    this.#parts.onGone(this);
  }

  /** Closes now, whatever is unsent. */
  destroy(): void {
    this.#isGivenUp = true;
    if (!this.isOpen && !this.#isLeaving) return;
    if (this.#isLeaving) this.#gone();
    else this.#shut();
    this.#socket.destroy();
  }

  #fail(reason: string): void {
    if (!this.isOpen) return;
    this.#shut();
    this.#socket.destroy();
    // Never from within a call of the owner's, who is in the middle of something.
    this.#parts.clock.defer(() => {
      if (!this.#isGivenUp) this.#parts.handler.onDown(this, reason);
    });
  }

  #shut(): void {
    this.#reading = 'nothing';
    this.#unread = NONE;
    this.#sink = null;
    this.#outgoing?.source.close();
    this.#outgoing = null;
    this.#whenRoom.length = 0;
    this.#parts.onClosed(this);
  }
}

const NONE = Buffer.alloc(0);
