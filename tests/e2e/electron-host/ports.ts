/**
 * MessagePorts of the main process. A channel has two sides; a side is read by a port here or, once it was handed to a
 * window, by the page at the other end of the debugging protocol.
 */
import { EventEmitter } from 'node:events';

export interface Reader {
  onMessage(message: unknown): void;
  onClose(): void;
}

export class Side {
  #other: Side | null = null;
  #reader: Reader | null = null;
  #held: unknown[] = [];
  #isClosed = false;

  static pair(): [Side, Side] {
    const [one, two] = [new Side(), new Side()];
    one.#other = two;
    two.#other = one;
    return [one, two];
  }

  send(message: unknown): void {
    // Only what can be cloned gets through, as between processes; and nothing arrives within the call that sent it.
    const copy = structuredClone(message);
    const other = this.#other!;
    if (!this.#isClosed) setImmediate(() => other.#arrive(copy));
  }

  read(reader: Reader): void {
    this.#reader = reader;
    for (const message of this.#held.splice(0)) reader.onMessage(message);
    if (this.#isClosed) reader.onClose();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const other = this.#other!;
    setImmediate(() => other.#end());
  }

  #arrive(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#reader === null) this.#held.push(message);
    else this.#reader.onMessage(message);
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reader?.onClose();
  }
}

export class MessagePortMain extends EventEmitter {
  #side: Side | null;

  constructor(side: Side) {
    super();
    this.#side = side;
  }

  postMessage(message: unknown): void {
    this.#side?.send(message);
  }

  start(): void {
    this.#side?.read({
      onMessage: (data) => this.emit('message', { data, ports: [] }),
      onClose: () => this.emit('close'),
    });
  }

  close(): void {
    this.#side?.close();
  }

  /** Hands its side on; nothing can be done with the port afterwards. */
  release(): Side {
    const side = this.#side;
    if (side === null) throw new Error('this port was handed on before');
    this.#side = null;
    return side;
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;

  constructor() {
    const [one, two] = Side.pair();
    this.port1 = new MessagePortMain(one);
    this.port2 = new MessagePortMain(two);
  }
}
