/**
 * One client's socket: commands in, replies in their order out, one write a turn.
 *
 * It is not read while too many commands wait for answers, while a command must wait for those before it (HELLO, AUTH, WAIT …),
 * and while the client does not take what it was sent. Who takes nothing for long, or far too little, is dropped.
 */
import type { Timer } from '../../platform/clock.ts';
import type { Socket, SocketHandler } from '../../platform/net.ts';
import type { Arguments } from './arguments.ts';
import type { DoorKind, Parcel } from './courier.ts';
import type { Household, Later, ReplyMode } from './desk.ts';
import { Dispatcher, type Owner } from './dispatcher.ts';
import { Multi } from './multi.ts';
import { type Consistency, LEASE } from './ports.ts';
import { ReplyQueue } from './reply-queue.ts';
import type { Protocol } from './reply-writer.ts';
import { RequestParser } from './request-parser.ts';
import type { User } from './users.ts';

/** What a connection tells its door. */
export interface Hall {
  readonly kind: DoorKind;
  readonly household: Household;
  /** Its output leaves at the end of the turn. */
  markDirty(connection: Connection): void;
  /** Until `endTurn` nobody else need see to it that output leaves. */
  beginTurn(): void;
  /** Sends what every connection has gathered. */
  endTurn(): void;
  onClosed(connection: Connection): void;
}

/** Leaving: what it asked is answered, nothing more is read. */
type Phase = 'open' | 'leaving' | 'closed';

export class Connection implements SocketHandler, Owner {
  readonly id: number;
  readonly door: DoorKind;
  readonly household: Household;
  readonly multi = new Multi();
  readonly connectedAtMs: number;
  lastSeenMs: number;
  consistency: Consistency = LEASE;
  readsFollowers = false;
  name = '';
  libraryName = '';
  libraryVersion = '';
  isNoEvict = false;
  isNoTouch = false;
  lastWritten = -1;
  isDirty = false;
  readonly #hall: Hall;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  readonly #replies = new ReplyQueue();
  readonly #dispatcher: Dispatcher;
  #phase: Phase = 'open';
  #protocol: Protocol = 2;
  #user: User | null;
  #isPaused = false;
  #isPumping = false;
  /** A command that waits for those before it. */
  #waiting: Arguments | null = null;
  /** Ends one that never says who it is, or takes nothing. */
  #patience: Timer | null = null;

  constructor(id: number, socket: Socket, hall: Hall) {
    const { household } = hall;
    this.id = id;
    this.door = hall.kind;
    this.household = household;
    this.#hall = hall;
    this.#socket = socket;
    this.connectedAtMs = this.lastSeenMs = household.clock.nowMs();
    this.#parser = new RequestParser(household.limits);
    this.#dispatcher = new Dispatcher(this, this.#replies);
    this.#user = household.users.everybody;
    if (this.#user === null) {
      this.#parser.isStranger = true;
      this.#loseIn(household.limits.strangerTimeoutMs, 'it did not say who it is');
    }
    socket.attach(this);
  }

  // --- what commands see ---

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

  get lastCommand(): string {
    return this.#dispatcher.lastCommand;
  }

  get unansweredCount(): number {
    return this.#replies.length;
  }

  get heldBytes(): number {
    return this.#parser.heldBytes;
  }

  get unsentBytes(): number {
    return this.#replies.bytes + this.#socket.queuedBytes;
  }

  get protocol(): Protocol {
    return this.#protocol;
  }

  set protocol(protocol: Protocol) {
    this.#protocol = this.#replies.protocol = protocol;
  }

  get user(): User | null {
    return this.#user;
  }

  set user(user: User | null) {
    this.#user = user;
    this.#parser.isStranger = user === null;
    if (user !== null) this.#forgive();
  }

  later(): Later {
    return this.#dispatcher.later();
  }

  setReplyMode(mode: ReplyMode): void {
    this.#dispatcher.setReplyMode(mode);
  }

  ask(
    question: Pick<Parcel, 'command' | 'words' | 'slot'>,
    answer: (reply: Uint8Array) => void,
  ): void {
    this.#dispatcher.ask(question, answer);
  }

  reset(): void {
    this.multi.close();
    this.protocol = 2;
    this.consistency = LEASE;
    this.readsFollowers = this.isNoEvict = this.isNoTouch = false;
    this.name = '';
    this.lastWritten = -1;
    this.setReplyMode('on');
    this.user = this.household.users.everybody;
  }

  leave(): void {
    if (this.#phase === 'open') this.#phase = 'leaving';
    this.#markDirty();
  }

  drop(why: string): void {
    if (this.#phase === 'closed') return;
    this.household.logger.info('a client is dropped', {
      client: this.id,
      address: `${this.remoteAddress}:${this.remotePort}`,
      reason: why,
    });
    this.#phase = 'leaving';
    this.#socket.destroy();
  }

  // --- coming in ---

  onChunk(chunk: Buffer): void {
    if (this.#phase !== 'open') return;
    const { stats, clock } = this.household;
    this.#hall.beginTurn();
    stats.bytesIn += chunk.length;
    this.lastSeenMs = clock.nowMs();
    this.#parser.push(chunk);
    this.#pump();
    this.#hall.endTurn();
  }

  onDrain(): void {
    this.#hall.beginTurn();
    if (this.#user !== null) this.#forgive();
    this.#goOn();
    this.#hall.endTurn();
  }

  onClose(): void {
    this.#phase = 'closed';
    this.#forgive();
    this.#hall.onClosed(this);
  }

  /** Takes commands until there are no more, or it has to stop. */
  #pump(): void {
    this.#isPumping = true;
    while (this.#mayRead()) {
      const state = this.#parser.next();
      if (state === 'need-more') {
        // The chunk is borrowed, and the beginning of a command is needed longer.
        if (this.#parser.heldBytes > 0) this.#parser.hold();
        this.#isPumping = false;
        return;
      }
      if (state === 'broken') {
        this.#dispatcher.refuse(`ERR ${this.#parser.problem}`);
        this.leave();
        break;
      }
      if (this.#dispatcher.take(this.#parser.words) === 'wait')
        this.#waiting = this.#parser.words.kept();
    }
    this.#isPumping = false;
    if (!this.#isOpen) return;
    // The chunk is borrowed; what was not read of it is needed longer.
    this.#parser.hold();
    if (!this.#isPaused) this.#socket.pause();
    this.#isPaused = true;
  }

  get #isHeldBack(): boolean {
    return this.#isPaused;
  }

  get #isOpen(): boolean {
    return this.#phase === 'open';
  }

  #mayRead(): boolean {
    const { limits } = this.household;
    return (
      this.#phase === 'open' &&
      this.#waiting === null &&
      this.#replies.length < limits.unansweredMax &&
      this.unsentBytes < limits.unsentBytesSoft
    );
  }

  /** Something was answered, or has left. */
  #goOn(): void {
    if (!this.#isPaused || this.#isPumping || this.#phase !== 'open') return;
    if (this.#waiting !== null) {
      const words = this.#waiting;
      if (this.#dispatcher.take(words) === 'wait') return;
      this.#waiting = null;
    }
    if (!this.#mayRead()) return;
    this.#isPaused = false;
    this.#pump();
    if (!this.#isHeldBack) this.#socket.resume();
  }

  // --- going out ---

  onReplies(): void {
    this.#markDirty();
  }

  #markDirty(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.#hall.markDirty(this);
  }

  /** The end of a turn: everything that is ready leaves with one call, and what waited for that goes on. */
  flush(): void {
    this.isDirty = false;
    if (this.#phase === 'closed') return;
    const { stats, limits } = this.household;
    stats.bytesOut += this.#replies.flushTo(this.#socket);
    stats.errors += this.#replies.takeErrors();
    if (this.unsentBytes > limits.unsentBytesHard) {
      stats.connectionsDropped++;
      this.drop(`${this.unsentBytes} bytes wait that it does not take`);
    } else if (this.#phase === 'leaving') {
      if (this.#replies.length === 0) this.#socket.end();
    } else {
      this.#goOn();
      const takesNothing = this.#isPaused && this.#socket.queuedBytes >= limits.unsentBytesSoft;
      if (takesNothing && this.#user !== null)
        this.#loseIn(limits.unreadTimeoutMs, 'it does not take what it was sent');
    }
  }

  /** Patience that runs out is not renewed by more to be patient about. */
  #loseIn(timeoutMs: number, why: string): void {
    this.#patience ??= this.household.clock.after(timeoutMs, () => {
      this.household.stats.connectionsDropped++;
      this.drop(why);
    });
  }

  #forgive(): void {
    this.#patience?.cancel();
    this.#patience = null;
  }

  /** Ends it without a word: the node stops. */
  destroy(): void {
    this.#phase = 'leaving';
    this.#socket.destroy();
  }
}
