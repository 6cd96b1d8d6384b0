/**
 * One client's connection as a play sees it: bytes go out as they are, whole frames come in and are kept in order.
 *
 * To settle means to know that the server has nothing more to say here. The question is a sync with an xid of its own:
 * requests of a connection are answered in order, and events of earlier changes are queued before the answer.
 */
import net from 'node:net';

import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { framed } from './encode.ts';
import type { FrameKind } from './layout.ts';
import type { Message } from './script.ts';

export interface Arrival {
  /** The step of the play at which it came. */
  readonly step: number;
  readonly kind: FrameKind;
  /** What it answers; null for others. */
  readonly message: Message | null;
  readonly frame: Buffer;
}

/** 'silent' where the server neither answered nor closed the connection. */
export type LinkState = 'open' | 'closed' | 'silent';

const EVENT_XID = -1;
const PING_XID = -2;
const BARRIER_XID = 0x7eee_eeee;
const BARRIER = barrier();
const HEADER_BYTES = 16;
/** Behind xid and zxid. */
const CODE_AT = 12;
/** Long enough for a server that was stopped by its disk or its collector, short enough to call it a hang. */
const PATIENCE_MS = 1500;

export class Link {
  readonly arrivals: Arrival[] = [];
  session = 0n;
  state: LinkState = 'open';
  /** Set by whoever directs the play. */
  step = 0;
  readonly #socket: net.Socket;
  readonly #expected: Message[] = [];
  #isGreeted = false;
  #received: Buffer = Buffer.alloc(0);
  #barriers = 0;
  #waiting: (() => void) | null = null;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    const onEnd = (): void => {
      if (this.state === 'open') this.state = 'closed';
      this.#waiting?.();
    };
    this.#socket.on('end', onEnd);
    this.#socket.on('close', onEnd);
    // A reset is one way to close.
    this.#socket.on('error', onEnd);
  }

  /** Nothing is sent before it is connected: an end that came with the answer would take that along. */
  static connect(port: number): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Link(socket));
      });
    });
  }

  /** Sends, after noting what is to be answered. */
  async send(
    bytes: Buffer,
    options: {
      readonly expect: readonly Message[];
      readonly writes?: number;
      /** Asks in the same breath whether that was all; `settle` then only waits. */
      readonly withBarrier?: boolean;
    },
  ): Promise<void> {
    this.#expected.push(...options.expect);
    const writes = Math.min(options.writes ?? 1, bytes.length);
    const size = Math.ceil(bytes.length / Math.max(1, writes));
    for (let i = 0; i < writes - 1; i++) {
      this.#socket.write(bytes.subarray(i * size, (i + 1) * size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const last = bytes.subarray((writes - 1) * size);
    if (options.withBarrier !== true) {
      this.#socket.write(last);
      return;
    }
    this.#barriers++;
    this.#socket.write(Buffer.concat([last, BARRIER]));
  }

  /** Waits for the answer to the connect request, or for the end. */
  greeted(): Promise<void> {
    return this.#until(() => this.#isGreeted);
  }

  /** Waits until everything sent has its answer. */
  answered(): Promise<void> {
    return this.#until(() => this.#expected.length === 0);
  }

  /** Waits until the server has nothing more to say. */
  async settle(): Promise<void> {
    if (this.state !== 'open') return;
    if (this.#barriers === 0) {
      this.#barriers++;
      this.#socket.write(BARRIER);
    }
    await this.#until(() => this.#barriers === 0);
  }

  /** Closes this side, and waits until the server has noticed. */
  async hangUp(): Promise<void> {
    if (this.state !== 'open') return;
    this.#socket.end();
    await this.#until(() => false);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Puts every run of events since `from` into one order, whatever their zxids. */
  sortEvents(from: number): void {
    for (let at = from; at < this.arrivals.length; at++) {
      const end = this.arrivals.findIndex(({ kind }, i) => i >= at && kind !== 'event');
      const run = this.arrivals.slice(at, end < 0 ? undefined : end);
      run.sort((a, b) => Buffer.compare(a.frame.subarray(CODE_AT), b.frame.subarray(CODE_AT)));
      this.arrivals.splice(at, run.length, ...run);
      at += run.length;
    }
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (this.state !== 'open' || isSo()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting = () => {
        if (this.state !== 'open' || isSo()) resolve();
      };
      timer = setTimeout(() => {
        this.state = 'silent';
        resolve();
      }, PATIENCE_MS);
    });
    clearTimeout(timer);
    this.#waiting = null;
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let at = 0;
    for (;;) {
      if (this.#received.length - at < 4) break;
      const end = at + 4 + this.#received.readInt32BE(at);
      if (this.#received.length < end) break;
      this.#onFrame(Buffer.from(this.#received.subarray(at + 4, end)));
      at = end;
    }
    this.#received = this.#received.subarray(at);
    this.#waiting?.();
  }

  #onFrame(frame: Buffer): void {
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      this.session = frame.length >= 16 ? frame.readBigInt64BE(8) : 0n;
      this.arrivals.push({ step: this.step, kind: 'connect', message: null, frame });
      return;
    }
    const xid = frame.length >= HEADER_BYTES ? frame.readInt32BE(0) : 0;
    if (xid === BARRIER_XID) {
      this.#barriers--;
      return;
    }
    if (xid === EVENT_XID) {
      this.arrivals.push({ step: this.step, kind: 'event', message: null, frame });
      return;
    }
    // A ping is answered under the xid of all pings.
    const index = this.#expected.findIndex(
      (expected) => xid === (expected.op === OpCode.PING ? PING_XID : expected.xid),
    );
    const [message = null] = index < 0 ? [] : this.#expected.splice(index, 1);
    this.arrivals.push({ step: this.step, kind: 'reply', message, frame });
  }
}

function barrier(): Buffer {
  const body = Buffer.alloc(12);
  body.writeInt32BE(BARRIER_XID, 0);
  body.writeInt32BE(OpCode.SYNC, 4);
  body.writeInt32BE(-1, 8);
  return framed(body);
}
