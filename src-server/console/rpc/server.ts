/** The answering half: checks what comes in against the contract, runs it, and keeps track of what must end. */
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
import { type Failure, type ToInterface, toService } from '../contract/envelope.ts';
import { ApiError } from '../contract/errors.ts';
import type { Port } from './port.ts';

/** One person's window on the service. What it opened ends with it. */
export interface Guest {
  /** Runs when the guest leaves, unless taken back before. */
  onLeave(cleanUp: () => void): () => void;
}

export interface CallContext {
  readonly guest: Guest;
  /** True once nobody waits for the result any more. */
  isCancelled(): boolean;
}

/** A method whose result is nothing may simply return. */
type Answer<M extends MethodName> = ResultOf<M> | (null extends ResultOf<M> ? undefined : never);

export type MethodHandlers = {
  readonly [M in MethodName]: (
    params: ParamsOf<M>,
    context: CallContext,
  ) => Promise<Answer<M>> | Answer<M>;
};

export interface TopicSink<E> {
  send(event: E): void;
  /** Nothing comes after this. */
  end(error: ApiError | null): void;
}

/** Starts sending events, and returns how to stop. */
export type TopicHandlers = {
  readonly [T in TopicName]: (
    params: TopicParamsOf<T>,
    sink: TopicSink<EventOf<T>>,
    guest: Guest,
  ) => () => void;
};

export interface Handlers {
  readonly methods: MethodHandlers;
  readonly topics: TopicHandlers;
  /** Failures that are our own: bugs, to be logged. */
  onInternalError(doing: string, error: unknown): void;
  /** Turns a failure of what lies below into one of the contract's, or null where it is none. */
  explain(error: unknown): ApiError | null;
}

/** Serves one port until it closes. */
export function serve(port: Port, handlers: Handlers): void {
  new Serving(port, handlers);
}

class Serving implements Guest {
  readonly #port: Port;
  readonly #handlers: Handlers;
  readonly #calls = new Map<number, { isCancelled: boolean }>();
  readonly #subscriptions = new Map<number, () => void>();
  readonly #cleanUps = new Set<() => void>();
  #isOver = false;

  constructor(port: Port, handlers: Handlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.listen({ onMessage: (message) => this.#receive(message), onClose: () => this.#leave() });
    this.#send({ kind: 'hello', contract: CONTRACT_VERSION });
  }

  onLeave(cleanUp: () => void): () => void {
    this.#cleanUps.add(cleanUp);
    return () => this.#cleanUps.delete(cleanUp);
  }

  #receive(received: unknown): void {
    if (toService.problem(received, 'message') !== null) {
      // Whoever sends this does not speak the contract; there is no id to answer to.
      this.#port.close();
      this.#leave();
      return;
    }
    const message = received as NonNullable<typeof toService.type>;
    switch (message.kind) {
      case 'call':
        this.#call(message.id, message.method, message.params);
        return;
      case 'cancel': {
        const call = this.#calls.get(message.id);
        if (call !== undefined) call.isCancelled = true;
        return;
      }
      case 'subscribe':
        this.#subscribe(message.id, message.topic, message.params);
        return;
      case 'unsubscribe': {
        const stop = this.#subscriptions.get(message.id);
        this.#subscriptions.delete(message.id);
        stop?.();
        return;
      }
    }
  }

  #call(id: number, name: string, params: unknown): void {
    if (!isMethod(name)) {
      this.#send({
        kind: 'failure',
        id,
        failure: failureOf(new ApiError('not-found', `there is no method ${name}`)),
      });
      return;
    }
    const problem = methods[name].params.problem(params, 'params');
    if (problem !== null) {
      this.#send({
        kind: 'failure',
        id,
        failure: failureOf(new ApiError('bad-request', `${name}: ${problem}`)),
      });
      return;
    }
    const call = { isCancelled: false };
    this.#calls.set(id, call);
    const context: CallContext = {
      guest: this,
      isCancelled: () => call.isCancelled || this.#isOver,
    };
    const handler = this.#handlers.methods[name] as (
      params: unknown,
      context: CallContext,
    ) => unknown;
    settle(
      () => handler(params, context),
      (result) => {
        this.#calls.delete(id);
        if (!call.isCancelled) this.#send({ kind: 'result', id, result: result ?? null });
      },
      (error) => {
        this.#calls.delete(id);
        if (!call.isCancelled)
          this.#send({ kind: 'failure', id, failure: this.#explain(name, error) });
      },
    );
  }

  #subscribe(id: number, name: string, params: unknown): void {
    const end = (failure: Failure | null): void => {
      this.#subscriptions.delete(id);
      this.#send({ kind: 'end', id, failure });
    };
    if (!isTopic(name)) {
      end(failureOf(new ApiError('not-found', `there is no topic ${name}`)));
      return;
    }
    const problem = topics[name].params.problem(params, 'params');
    if (problem !== null) {
      end(failureOf(new ApiError('bad-request', `${name}: ${problem}`)));
      return;
    }
    let isOpen = true;
    let stop: (() => void) | null = null;
    const close = (): void => {
      isOpen = false;
      stop?.();
    };
    this.#subscriptions.set(id, close);
    const sink: TopicSink<unknown> = {
      send: (event) => {
        if (isOpen) this.#send({ kind: 'event', id, event });
      },
      end: (error) => {
        if (!isOpen) return;
        close();
        end(error === null ? null : failureOf(error));
      },
    };
    const handler = this.#handlers.topics[name] as (
      params: unknown,
      sink: TopicSink<unknown>,
      guest: Guest,
    ) => () => void;
    try {
      stop = handler(params, sink, this);
      // The handler may have ended it already, before there was anything to stop.
      if (!this.#subscriptions.has(id)) stop();
    } catch (error) {
      isOpen = false;
      end(this.#explain(name, error));
    }
  }

  #explain(doing: string, error: unknown): Failure {
    if (error instanceof ApiError) return failureOf(error);
    const known = this.#handlers.explain(error);
    if (known !== null) return failureOf(known);
    this.#handlers.onInternalError(doing, error);
    return failureOf(
      new ApiError('internal', error instanceof Error ? error.message : String(error)),
    );
  }

  #send(message: ToInterface): void {
    if (!this.#isOver) this.#port.send(message);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stop of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#cleanUps.clear();
  }
}

function failureOf({ code, message }: ApiError): Failure {
  return { code, message };
}

function isMethod(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

function isTopic(name: string): name is TopicName {
  return Object.hasOwn(topics, name);
}

/** Runs what may answer now or later, and what may throw or reject, to one of two ends. */
function settle(
  work: () => unknown,
  onResult: (result: unknown) => void,
  onError: (error: unknown) => void,
): void {
  Promise.resolve().then(work).then(onResult, onError);
}
