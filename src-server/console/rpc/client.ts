/** The calling half: methods as promises, topics as listeners, checked against the contract on arrival. */
import {
  CONTRACT_VERSION,
  type EventOf,
  type MethodName,
  methods,
  type ParamsOf,
  type ResultOf,
  type TopicName,
  type TopicParamsOf,
  topics,
} from '../contract/api.ts';
import { toInterface, type ToService } from '../contract/envelope.ts';
import { ApiError } from '../contract/errors.ts';
import type { Port } from './port.ts';

export interface Subscription {
  /** No event comes after this. */
  close(): void;
}

export interface TopicListener<E> {
  onEvent(event: E): void;
  /** It ended by itself; null when nothing went wrong. */
  onEnd?(error: ApiError | null): void;
}

interface Call {
  readonly method: MethodName;
  resolve(result: never): void;
  reject(error: ApiError): void;
}

interface Listening {
  readonly topic: TopicName;
  onEvent(event: never): void;
  onEnd(error: ApiError | null): void;
}

export class RpcClient {
  readonly #port: Port;
  readonly #calls = new Map<number, Call>();
  readonly #subscriptions = new Map<number, Listening>();
  readonly #onClosed: (why: string) => void;
  #nextId = 1;
  #isClosed = false;

  /** @param onClosed once, when nothing can be called any more */
  constructor(port: Port, onClosed: (why: string) => void) {
    this.#port = port;
    this.#onClosed = onClosed;
    port.listen({
      onMessage: (message) => this.#receive(message),
      onClose: () => this.#close('the connection to the service is closed'),
    });
  }

  /** @param options signal: aborting it tells the service that nobody waits any more */
  call<M extends MethodName>(
    method: M,
    params: ParamsOf<M>,
    options: { readonly signal?: AbortSignalLike } = {},
  ): Promise<ResultOf<M>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new ApiError('not-connected', 'the service is not connected'));
        return;
      }
      if (options.signal?.aborted === true) {
        reject(new ApiError('cancelled', `${method} was cancelled`));
        return;
      }
      const id = this.#nextId++;
      this.#calls.set(id, { method, resolve, reject });
      this.#send({ kind: 'call', id, method, params });
      options.signal?.addEventListener('abort', () => {
        if (!this.#calls.delete(id)) return;
        this.#send({ kind: 'cancel', id });
        reject(new ApiError('cancelled', `${method} was cancelled`));
      });
    });
  }

  subscribe<T extends TopicName>(
    topic: T,
    params: TopicParamsOf<T>,
    listener: TopicListener<EventOf<T>>,
  ): Subscription {
    const id = this.#nextId++;
    const onEnd = (error: ApiError | null): void => listener.onEnd?.(error);
    if (this.#isClosed) {
      onEnd(new ApiError('not-connected', 'the service is not connected'));
      return { close: () => undefined };
    }
    this.#subscriptions.set(id, { topic, onEvent: (event) => listener.onEvent(event), onEnd });
    this.#send({ kind: 'subscribe', id, topic, params });
    return {
      close: () => {
        if (this.#subscriptions.delete(id)) this.#send({ kind: 'unsubscribe', id });
      },
    };
  }

  close(): void {
    this.#port.close();
    this.#close('closed');
  }

  #send(message: ToService): void {
    this.#port.send(message);
  }

  #receive(received: unknown): void {
    if (toInterface.problem(received, 'message') !== null) {
      this.#fail('the service sent something that is no message');
      return;
    }
    const message = received as NonNullable<typeof toInterface.type>;
    switch (message.kind) {
      case 'hello':
        if (message.contract !== CONTRACT_VERSION) {
          this.#fail(
            `the service speaks contract ${message.contract}, this interface ${CONTRACT_VERSION}`,
          );
        }
        return;
      case 'result':
        this.#settle(message.id, message.result);
        return;
      case 'failure': {
        const call = this.#calls.get(message.id);
        this.#calls.delete(message.id);
        call?.reject(new ApiError(message.failure.code, message.failure.message));
        return;
      }
      case 'event':
        this.#deliver(message.id, message.event);
        return;
      case 'end': {
        const subscription = this.#subscriptions.get(message.id);
        this.#subscriptions.delete(message.id);
        const { failure } = message;
        subscription?.onEnd(failure === null ? null : new ApiError(failure.code, failure.message));
        return;
      }
    }
  }

  #settle(id: number, result: unknown): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    const problem = methods[call.method].result.problem(result, 'result');
    if (problem === null) call.resolve(result as never);
    else call.reject(new ApiError('internal', `${call.method}: ${problem}`));
  }

  #deliver(id: number, event: unknown): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    const problem = topics[subscription.topic].event.problem(event, 'event');
    if (problem === null) {
      subscription.onEvent(event as never);
      return;
    }
    this.#subscriptions.delete(id);
    this.#send({ kind: 'unsubscribe', id });
    subscription.onEnd(new ApiError('internal', `${subscription.topic}: ${problem}`));
  }

  #fail(why: string): void {
    this.#port.close();
    this.#close(why);
  }

  #close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = new ApiError('not-connected', why);
    const calls = [...this.#calls.values()];
    const subscriptions = [...this.#subscriptions.values()];
    this.#calls.clear();
    this.#subscriptions.clear();
    for (const call of calls) call.reject(error);
    for (const subscription of subscriptions) subscription.onEnd(error);
    this.#onClosed(why);
  }
}

/** The part of the DOM's AbortSignal that is needed; this room has no DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
}
