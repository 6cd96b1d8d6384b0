/**
 * The link to the console's service: one connection at a time, found again by itself when it breaks, with subscriptions that
 * outlive it.
 *
 *   connecting ──▶ open ⇄ lost (tried again after a growing pause)
 */
import type {
  EventOf,
  MethodName,
  ParamsOf,
  ResultOf,
  TopicName,
  TopicParamsOf,
} from '#contract/api.ts';
import { ApiError } from '#contract/errors.ts';
import { RpcClient, type Subscription } from '#rpc/client.ts';
import type { Port } from '#rpc/port.ts';

export type OpenPort = () => Promise<Port>;

export type LostReason = 'unreachable' | 'login-needed' | 'other-version';

/** Why no port could be opened. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly reason: LostReason;

  constructor(reason: LostReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | {
      readonly kind: 'lost';
      readonly reason: LostReason;
      readonly sinceMs: number;
      /** Null while it is tried. */
      readonly retryAtMs: number | null;
    };

export interface LastingListener<E> {
  onEvent(event: E): void;
  /** The service ended it; not called when merely the connection broke. */
  onEnd?(error: ApiError | null): void;
}

interface Lasting {
  /** Begins on this connection. */
  begin(rpc: RpcClient): Subscription;
  current: Subscription | null;
}

const RETRY_FIRST_MS = 300;
const RETRY_LAST_MS = 5000;

export class Link {
  readonly #openPort: OpenPort;
  readonly #listeners = new Set<(state: LinkState) => void>();
  readonly #lasting = new Set<Lasting>();
  #state: LinkState = { kind: 'connecting' };
  #rpc: RpcClient | null = null;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer = 0;
  #lostSinceMs: number | null = null;

  constructor(openPort: OpenPort) {
    this.#openPort = openPort;
  }

  get state(): LinkState {
    return this.#state;
  }

  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    void this.#connect();
  }

  /** Tries again now instead of when its time comes. */
  retry(): void {
    // One attempt at a time: a second would open a connection that nobody holds.
    if (this.#state.kind !== 'lost' || this.#state.retryAtMs === null) return;
    window.clearTimeout(this.#retryTimer);
    void this.#connect();
  }

  call<M extends MethodName>(
    method: M,
    params: ParamsOf<M>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ResultOf<M>> {
    if (this.#rpc === null) {
      return Promise.reject(new ApiError('not-connected', 'the service is not connected'));
    }
    return this.#rpc.call(method, params, options);
  }

  /** Lasts until it is closed or the service ends it: a new connection begins it again. */
  subscribe<T extends TopicName>(
    topic: T,
    params: TopicParamsOf<T>,
    listener: LastingListener<EventOf<T>>,
  ): Subscription {
    const lasting: Lasting = {
      current: null,
      begin: (rpc) =>
        rpc.subscribe(topic, params, {
          onEvent: (event) => {
            if (this.#lasting.has(lasting)) listener.onEvent(event);
          },
          onEnd: (error) => {
            lasting.current = null;
            // All end with their connection; only afterwards is it known which it was.
            queueMicrotask(() => {
              if (this.#rpc === rpc && this.#lasting.delete(lasting)) listener.onEnd?.(error);
            });
          },
        }),
    };
    this.#lasting.add(lasting);
    if (this.#rpc !== null) lasting.current = lasting.begin(this.#rpc);
    return {
      close: () => {
        this.#lasting.delete(lasting);
        lasting.current?.close();
      },
    };
  }

  async #connect(): Promise<void> {
    if (this.#state.kind === 'lost') this.#setState({ ...this.#state, retryAtMs: null });
    let port: Port;
    try {
      port = await this.#openPort();
    } catch (error) {
      this.#lose(error instanceof LinkError ? error.reason : 'unreachable');
      return;
    }
    // It may be closed before this is done.
    const life = { isClosed: false };
    const rpc = new RpcClient(port, (why) => {
      life.isClosed = true;
      this.#rpc = null;
      this.#lose(why.includes('speaks contract') ? 'other-version' : 'unreachable');
    });
    if (life.isClosed) return;
    this.#rpc = rpc;
    this.#retryMs = RETRY_FIRST_MS;
    this.#lostSinceMs = null;
    this.#setState({ kind: 'open' });
    for (const lasting of [...this.#lasting]) lasting.current = lasting.begin(rpc);
  }

  #lose(reason: LostReason): void {
    const nowMs = Date.now();
    this.#lostSinceMs ??= nowMs;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
    this.#retryTimer = window.setTimeout(() => void this.#connect(), delayMs);
    this.#setState({
      kind: 'lost',
      reason,
      sinceMs: this.#lostSinceMs,
      retryAtMs: nowMs + delayMs,
    });
  }

  #setState(state: LinkState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}
