/**
 * One connection between two simulated processes: two pipes of bytes, each in order, cut into pieces anywhere.
 *
 *   write ─▶ waiting (the writer's memory) ─▶ taken: in transit ─▶ arrived ─▶ onChunk
 *            └ queuedBytes                    └ at most `bufferBytes`, given back when read
 *
 * Bytes handed to `onChunk` are spoiled afterwards, and what waits is read only when it is sent: whoever keeps or changes what
 * is borrowed is found out.
 */
import { Fifo } from '../../src-server/base/fifo.ts';
import type { Prng } from '../../src-server/base/prng.ts';
import type { Socket, SocketHandler } from '../../src-server/platform/net.ts';
import type { Life, World } from './world.ts';

export interface Conditions {
  readonly world: World;
  readonly random: Prng;
  /** How much a connection holds between its ends. */
  readonly bufferBytes: number;
  delayMs(from: End, to: End): number;
  isCut(from: End, to: End): boolean;
  /** Sizes of the pieces that so many bytes arrive in. */
  pieces(bytes: number): number[];
  /** The pipe cannot go on; `unpark` is called when that may have changed. */
  park(pipe: Pipe): void;
  isHostUp(end: End): boolean;
  /** Everything `from` has sent so far has been read. */
  onHeard(from: End, to: End): void;
  readonly tamper: Tamper;
}

/** What a broken network does, for tests of the checkers. */
export interface Tamper {
  written?(bytes: Uint8Array, from: End, to: End): Uint8Array;
  /** Whether a piece overtakes the one before it. */
  overtakes?(from: End, to: End): boolean;
}

type Arrival =
  | { readonly kind: 'data'; readonly bytes: Buffer; arrivesMs: number }
  | { readonly kind: 'fin' | 'reset'; arrivesMs: number };

const SPOILED = 0xdb;
const RESET = 'connection reset by peer';

export class Pipe {
  readonly #conditions: Conditions;
  readonly from: End;
  readonly to: End;
  /** Borrowed from the writer until they are taken. */
  readonly #waiting = new Fifo<Uint8Array>();
  waitingBytes = 0;
  /** In transit or arrived, and not read. */
  takenBytes = 0;
  #transit: Arrival[] = [];
  #isMoving = false;
  #lastArrivalMs = 0;
  #isFillPlanned = false;
  #isDrainOwed = false;
  #endsWhenTaken = false;
  /** The rest of what was written never comes. */
  #isCutOff = false;

  constructor(conditions: Conditions, from: End, to: End) {
    this.#conditions = conditions;
    this.from = from;
    this.to = to;
  }

  write(bytes: Uint8Array): boolean {
    const { tamper } = this.#conditions;
    const sent = tamper.written?.(bytes, this.from, this.to) ?? bytes;
    if (sent.length === 0) return this.waitingBytes === 0;
    if (this.waitingBytes === 0) {
      const room = Math.max(0, this.#conditions.bufferBytes - this.takenBytes);
      const taken = Math.min(room, sent.length);
      this.#transmit(sent.subarray(0, taken));
      if (taken === sent.length) return true;
      this.#wait(sent.subarray(taken));
    } else {
      this.#wait(sent);
    }
    return false;
  }

  #wait(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.#isDrainOwed = true;
  }

  /** Sends what waits, then says goodbye. */
  end(): void {
    this.#endsWhenTaken = true;
    if (this.waitingBytes === 0) this.#finish();
  }

  #finish(): void {
    this.#endsWhenTaken = false;
    this.#push({ kind: 'fin', arrivesMs: 0 });
    this.from.closeSoon(null);
  }

  /** What waits is lost; what was taken still arrives, before the news. */
  abandon(how: 'fin' | 'reset'): void {
    this.forget();
    this.#push({ kind: how, arrivesMs: 0 });
  }

  /** What is on the way is lost as well. */
  break(): void {
    this.#transit = [];
    this.abandon('reset');
  }

  /** What waits is gone with the process that owned it. */
  forget(): void {
    this.#isCutOff ||= this.waitingBytes > 0;
    this.#waiting.clear();
    this.waitingBytes = 0;
    this.#isDrainOwed = false;
    this.#endsWhenTaken = false;
  }

  #transmit(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const { tamper, pieces, world } = this.#conditions;
    this.takenBytes += bytes.length;
    world.note(bytes.length);
    let at = 0;
    for (const size of pieces(bytes.length)) {
      this.#push({ kind: 'data', bytes: Buffer.from(bytes.subarray(at, at + size)), arrivesMs: 0 });
      at += size;
      const last = this.#transit.length - 1;
      if (last < 1 || tamper.overtakes?.(this.from, this.to) !== true) continue;
      const piece = this.#transit[last]!;
      this.#transit[last] = this.#transit[last - 1]!;
      this.#transit[last - 1] = piece;
    }
  }

  #push(arrival: Arrival): void {
    const { world, delayMs } = this.#conditions;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, world.nowMs + delayMs(this.from, this.to));
    arrival.arrivesMs = this.#lastArrivalMs;
    this.#transit.push(arrival);
    this.#move();
  }

  /** The cut may have healed, or the other host may be up again. */
  unpark(): void {
    const { world, delayMs } = this.#conditions;
    const againMs = world.nowMs + delayMs(this.from, this.to);
    for (const arrival of this.#transit)
      if (arrival.arrivesMs < againMs) arrival.arrivesMs = againMs;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, againMs);
    this.#move();
    this.#planFill();
  }

  #move(): void {
    const head = this.#transit[0];
    if (head === undefined || this.#isMoving) return;
    this.#isMoving = true;
    const { world } = this.#conditions;
    world.at(head.arrivesMs, 'io', null, () => {
      this.#isMoving = false;
      const next = this.#transit[0];
      if (next === undefined) return;
      if (this.#conditions.isCut(this.from, this.to) || !this.#conditions.isHostUp(this.to)) {
        this.#conditions.park(this);
        return;
      }
      if (next.arrivesMs <= world.nowMs) {
        this.#transit.shift();
        this.to.arrive(next);
      }
      this.#move();
    });
  }

  /** The reader took so much, and the writer learns that there is room again. */
  consumed(bytes: number): void {
    this.takenBytes -= bytes;
    if (this.takenBytes === 0 && this.waitingBytes === 0 && !this.#isCutOff)
      this.#conditions.onHeard(this.from, this.to);
    this.#planFill();
  }

  #planFill(): void {
    if (this.#isFillPlanned || this.waitingBytes === 0) return;
    this.#isFillPlanned = true;
    const { world, delayMs } = this.#conditions;
    world.after(delayMs(this.to, this.from), () => {
      this.#isFillPlanned = false;
      if (this.#conditions.isCut(this.to, this.from)) this.#conditions.park(this);
      else this.#fill();
    });
  }

  #fill(): void {
    while (this.waitingBytes > 0) {
      const room = this.#conditions.bufferBytes - this.takenBytes;
      const next = this.#waiting.peek();
      if (room <= 0 || next === undefined) return;
      if (next.length <= room) {
        this.#waiting.shift();
        this.waitingBytes -= next.length;
        this.#transmit(next);
      } else {
        // The rest of it becomes the first that waits.
        const rest = [next.subarray(room)];
        this.#waiting.shift();
        for (let w = this.#waiting.shift(); w !== undefined; w = this.#waiting.shift())
          rest.push(w);
        for (const w of rest) this.#waiting.push(w);
        this.waitingBytes -= room;
        this.#transmit(next.subarray(0, room));
      }
    }
    if (this.#endsWhenTaken) this.#finish();
    if (this.#isDrainOwed) this.from.drainSoon(() => (this.#isDrainOwed = false));
  }
}

export class End implements Socket {
  readonly #conditions: Conditions;
  readonly life: Life;
  readonly host: string;
  /** Whose connection it is, for whoever watches the network. */
  readonly label: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly isSecure = false;
  /** Towards the other end. */
  #out: Pipe | null = null;
  #in: Pipe | null = null;
  #handler: SocketHandler | null = null;
  readonly #arrived: Arrival[] = [];
  #isPaused = false;
  #isReadPlanned = false;
  #isEnding = false;
  /** No byte comes in or goes out any more. */
  #isClosed = false;
  #closeReason: string | null = null;
  #isCloseTold = false;
  /** Its process ended: nobody is told anything. */
  isGone = false;
  /** Called once, when it is closed or gone. */
  onEnd: () => void = () => undefined;

  constructor(
    conditions: Conditions,
    who: { readonly life: Life; readonly host: string; readonly label: string },
    where: {
      readonly remoteAddress: string;
      readonly remotePort: number;
      readonly localPort: number;
    },
  ) {
    this.#conditions = conditions;
    this.life = who.life;
    this.host = who.host;
    this.label = who.label;
    this.remoteAddress = where.remoteAddress;
    this.remotePort = where.remotePort;
    this.localPort = where.localPort;
  }

  static join(conditions: Conditions, near: End, far: End): void {
    near.#out = far.#in = new Pipe(conditions, near, far);
    far.#out = near.#in = new Pipe(conditions, far, near);
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.isGone;
  }

  // --- the interface ---

  attach(handler: SocketHandler): void {
    this.#handler = handler;
    if (this.#isClosed) this.#tellClosed();
    else this.#readSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    if (this.#arrived.some(({ kind }) => kind === 'reset')) {
      this.closeSoon('broken pipe');
      return true;
    }
    return this.#out!.write(bytes);
  }

  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#out!.waitingBytes;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#readSoon();
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#out!.end();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#leave();
    this.closeSoon(null);
  }

  /** As systems do: who leaves bytes unread resets the connection. */
  #leave(): void {
    const isUnread = this.#arrived.some(({ kind }) => kind === 'data');
    this.#out!.abandon(isUnread || this.#conditions.random.chance(0.2) ? 'reset' : 'fin');
  }

  // --- what happens to it ---

  arrive(arrival: Arrival): void {
    if (this.isGone || this.#isClosed) {
      // The system answers for a process that is not there any more.
      if (arrival.kind === 'data') this.#out!.abandon('reset');
      return;
    }
    this.#arrived.push(arrival);
    this.#readSoon();
  }

  #readSoon(): void {
    if (this.#isReadPlanned || this.#arrived.length === 0) return;
    if (this.#handler === null || this.#isPaused || this.#isClosed) return;
    this.#isReadPlanned = true;
    const { world } = this.#conditions;
    world.at(world.nowMs, 'io', this.life, () => {
      this.#isReadPlanned = false;
      this.#read();
    });
  }

  #read(): void {
    if (this.#handler === null || this.#isPaused || this.#isClosed) return;
    const next = this.#arrived.shift();
    if (next === undefined) return;
    if (next.kind !== 'data') {
      this.#close(next.kind === 'fin' ? null : RESET);
      return;
    }
    let { bytes } = next;
    // What has piled up is sometimes read in one go.
    if (this.#conditions.random.chance(0.5)) {
      const all = [bytes];
      for (let more = this.#arrived[0]; more?.kind === 'data'; more = this.#arrived[0]) {
        all.push(more.bytes);
        this.#arrived.shift();
      }
      if (all.length > 1) bytes = Buffer.concat(all);
    }
    const { length } = bytes;
    this.#handler.onChunk(bytes);
    bytes.fill(SPOILED);
    this.#in!.consumed(length);
    this.#readSoon();
  }

  drainSoon(told: () => void): void {
    const { world } = this.#conditions;
    world.at(world.nowMs, 'io', this.life, () => {
      if (this.#isClosed || this.#isEnding || this.#out!.waitingBytes > 0) return;
      told();
      this.#handler?.onDrain();
    });
  }

  /** Nothing more goes in or out; the owner hears of it next. */
  closeSoon(reason: string | null): void {
    if (this.#isClosed) return;
    this.#shut(reason);
    this.#tellClosed();
  }

  #close(reason: string | null): void {
    this.#shut(reason);
    this.#isCloseTold = true;
    this.#handler?.onClose(reason);
  }

  #shut(reason: string | null): void {
    this.#isClosed = true;
    this.#closeReason = reason;
    this.#arrived.length = 0;
    this.#out!.forget();
    this.onEnd();
  }

  #tellClosed(): void {
    if (this.#handler === null) return;
    const { world } = this.#conditions;
    world.at(world.nowMs, 'io', this.life, () => {
      if (this.#isCloseTold) return;
      this.#isCloseTold = true;
      this.#handler?.onClose(this.#closeReason);
    });
  }

  /** Breaks the connection as routers do; each end hears of it in its own time. */
  reset(): void {
    if (!this.isOpen) return;
    this.#in!.break();
    this.#out!.break();
  }

  /** Its process ended. The system says goodbye for it, unless the power went. */
  vanish(options: { readonly saysGoodbye: boolean }): void {
    if (this.isGone) return;
    this.isGone = true;
    if (this.#isClosed) return;
    if (options.saysGoodbye) this.#leave();
    else this.#out!.forget();
    this.#arrived.length = 0;
    this.onEnd();
  }
}
