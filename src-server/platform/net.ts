/** Sockets, as the rooms above use them. */

export interface SocketHandler {
  /** The chunk is borrowed until the handler returns. */
  onChunk(chunk: Buffer): void;
  /** Everything written before has left, after a `write` that said it has not. */
  onDrain(): void;
  /** Once, whoever closed it. Nothing is called afterwards. */
  onClose(reason: string | null): void;
}

export interface Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** True for TLS. */
  readonly isSecure: boolean;
  attach(handler: SocketHandler): void;
  /** @returns true when the system took all bytes at once, so that the caller may reuse them */
  write(bytes: Uint8Array): boolean;
  /** Bytes handed over that the system has not taken yet. */
  readonly queuedBytes: number;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; open sockets stay. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** An address, or null for every interface. */
  readonly host: string | null;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly backlog: number;
  /** Who came and was sent away before it was a connection, and why: only where connections are protected. */
  readonly onRefused?: (from: string, reason: string) => void;
}

export class NetError extends Error {
  override readonly name: string = 'NetError';
  readonly code:
    | 'in-use'
    | 'denied'
    | 'refused'
    | 'unreachable'
    | 'not-found'
    | 'timeout'
    | 'cancelled'
    | 'tls'
    | 'other';

  constructor(code: NetError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Who was dialled speaks TLS, and shows a certificate that is not accepted here. */
export class CertificateError extends NetError {
  override readonly name = 'CertificateError';

  constructor(message: string) {
    super('tls', message);
  }
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Gives the attempt up: it is refused as cancelled, and nothing of it stays open. */
  readonly signal?: AbortSignal;
}

export interface Net {
  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener>;
  connect(options: ConnectOptions): Promise<Socket>;
}
