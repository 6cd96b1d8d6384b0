/** TCP of the machine. */
import net from 'node:net';

import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
  type SocketHandler,
} from '../net.ts';

export class NodeNet implements Net {
  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    return listenFor(options, (socket) => onSocket(new NodeSocket(socket)));
  }

  async connect(options: ConnectOptions): Promise<Socket> {
    return new NodeSocket(await dial(options));
  }
}

export function listenFor(
  options: ListenOptions,
  onSocket: (socket: net.Socket) => void,
): Promise<Listener> {
  const server = net.createServer({ noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(netError(`cannot listen on ${place(options)}`, error)));
    const where = {
      port: options.port,
      backlog: options.backlog,
      ...(options.host === null ? {} : { host: options.host }),
    };
    server.listen(where, () => {
      server.removeAllListeners('error');
      // After this point an error is a failed accept: that connection is lost, the others go on.
      server.on('error', () => undefined);
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      resolve({ port, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

export function dial(options: ConnectOptions): Promise<net.Socket> {
  const socket = net.connect({ host: options.host, port: options.port, noDelay: true });
  return established(socket, { ...options, event: 'connect', words: netWords });
}

/**
 * Resolves when `event` says that the socket is ready.
 * @param options words: what an error means
 */
export function established<T extends net.Socket>(
  socket: T,
  options: ConnectOptions & {
    readonly event: 'connect' | 'secureConnect';
    readonly words: (error: Error) => Pick<NetError, 'code' | 'message'>;
  },
): Promise<T> {
  const doing = `cannot connect to ${place(options)}`;
  return new Promise((resolve, reject) => {
    const giveUp = (error: NetError): void => {
      socket.destroy();
      reject(error);
    };
    const fail = (error: Error): void => {
      const { code, message } = options.words(error);
      giveUp(new NetError(code, `${doing}: ${message}`, error));
    };
    const cancel = (): void => giveUp(new NetError('cancelled', `${doing}: given up`));
    const timer = setTimeout(() => {
      const why = `no answer within ${options.timeoutMs} ms`;
      giveUp(new NetError('timeout', `${doing}: ${why}`));
    }, options.timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', cancel);
    };
    socket.once('error', fail);
    socket.once(options.event, () => {
      settle();
      socket.off('error', fail);
      resolve(socket);
    });
    socket.once('close', settle);
    if (options.signal?.aborted === true) cancel();
    else options.signal?.addEventListener('abort', cancel);
  });
}

export class NodeSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly isSecure: boolean;
  readonly #socket: net.Socket;
  #closeReason: string | null = null;
  #onDrain: () => void = () => undefined;
  #isDrainPlanned = false;
  /** Something was read and put back; it comes with what follows once somebody listens. */
  #isHeld: boolean;

  constructor(
    socket: net.Socket,
    kind: {
      readonly isSecure?: boolean;
      readonly isHeld?: boolean;
      readonly words?: (error: Error) => Pick<NetError, 'message'>;
    } = {},
  ) {
    const { isSecure = false, isHeld = false, words = plainWords } = kind;
    this.#socket = socket;
    this.isSecure = isSecure;
    this.#isHeld = isHeld;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    socket.on('error', (error) => (this.#closeReason = words(error).message));
  }

  attach(handler: SocketHandler): void {
    this.#socket.on('data', (chunk: Buffer) => handler.onChunk(chunk));
    this.#onDrain = () => handler.onDrain();
    this.#socket.on('drain', this.#onDrain);
    if (this.#socket.destroyed) setImmediate(() => handler.onClose(this.#closeReason));
    else this.#socket.on('close', () => handler.onClose(this.#closeReason));
    if (this.#isHeld) this.#socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    socket.write(bytes);
    // The kernel usually takes the bytes within the call.
    if (socket.writableLength === 0) return true;
    this.#planDrain();
    return false;
  }

  /** Node tells of a drain only where much was queued. Of less, a write of nothing behind it does. */
  #planDrain(): void {
    const socket = this.#socket;
    if (this.#isDrainPlanned || socket.writableNeedDrain) return;
    this.#isDrainPlanned = true;
    socket.write(NOTHING, () => {
      this.#isDrainPlanned = false;
      if (socket.destroyed || socket.writableNeedDrain) return;
      if (socket.writableLength === 0) this.#onDrain();
      else this.#planDrain();
    });
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  pause(): void {
    this.#isHeld = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const NOTHING = Buffer.alloc(0);

const CODES: Readonly<Record<string, NetError['code']>> = {
  EADDRINUSE: 'in-use',
  EACCES: 'denied',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'not-found',
  EAI_AGAIN: 'not-found',
  ETIMEDOUT: 'timeout',
};

function netError(doing: string, error: Error): NetError {
  const { code, message } = netWords(error);
  return new NetError(code, `${doing}: ${message}`, error);
}

export function netWords(error: Error): Pick<NetError, 'code' | 'message'> {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code: CODES[code] ?? 'other', message: NET_ERROR_WORDS[code] ?? error.message };
}

function plainWords({ message }: Error): Pick<NetError, 'message'> {
  return { message };
}

const NET_ERROR_WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port',
  EACCES: 'this user may not use this port',
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be looked up now',
  ETIMEDOUT: 'no answer',
};

export function place({
  host,
  port,
}: {
  readonly host: string | null;
  readonly port: number;
}): string {
  if (host === null) return `port ${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** IPv4 clients of a dual-stack listener as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
