/**
 * A console's service that says what a test has it say. Between it and the stores are the real halves of the contract, so
 * that neither side can send what the other would not take, and a channel in memory that copies what passes, as real ones do.
 *
 *   store ── Link ── RpcClient ══ port pair ══ serve() ── the test's script
 */
import { createPinia, disposePinia, type Pinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect } from 'vitest';

import {
  type EventOf,
  type MethodName,
  methods,
  type ParamsOf,
  type TopicName,
  type TopicParamsOf,
  topics,
} from '#contract/api.ts';
import { type ApiError } from '#contract/errors.ts';
import type { Port } from '#rpc/port.ts';
import { type Handlers, type MethodHandlers, serve, type TopicSink } from '#rpc/server.ts';

import { Link, LinkError, type LostReason } from '../../../src-renderer/api/link.ts';

export interface Call {
  readonly method: MethodName;
  readonly params: unknown;
}

interface Listening {
  readonly topic: TopicName;
  readonly params: unknown;
  readonly sink: TopicSink<never>;
}

export class FakeConsole {
  readonly link = new Link(() => this.#open());
  /** Every call that came, in order. */
  readonly calls: Call[] = [];
  /** What the script did not provide for, or got wrong. */
  readonly surprises: string[] = [];
  /** How often a port was asked for. */
  opened = 0;
  readonly #methods = new Map<MethodName, (...args: never[]) => unknown>();
  readonly #first = new Map<TopicName, (params: never) => unknown>();
  readonly #listening = new Set<Listening>();
  readonly #handlers: Handlers;
  #port: Port | null = null;
  #refusal: LostReason | null = null;

  constructor() {
    const names = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[];
    this.#handlers = {
      methods: Object.fromEntries(
        names(methods).map((method) => [
          method,
          (...args: [params: never, context: never]) => this.#call(method, args),
        ]),
      ) as MethodHandlers,
      topics: Object.fromEntries(
        names(topics).map((topic) => [
          topic,
          (params: unknown, sink: TopicSink<never>) => this.#listen({ topic, params, sink }),
        ]),
      ) as unknown as Handlers['topics'],
      onInternalError: (doing, error) => this.surprises.push(`${doing}: ${String(error)}`),
      explain: () => null,
    };
  }

  // --- the script ---

  /** From now on this method answers so. */
  answer<M extends MethodName>(method: M, handler: MethodHandlers[M]): void {
    this.#methods.set(method, handler);
  }

  refuse(method: MethodName, error: ApiError): void {
    this.#methods.set(method, () => Promise.reject(error));
  }

  /** Holds answers back until the test gives them, in the order of the calls. */
  hold<M extends MethodName>(
    method: M,
  ): ((result: Awaited<ReturnType<MethodHandlers[M]>>) => void)[] {
    const held: ((result: Awaited<ReturnType<MethodHandlers[M]>>) => void)[] = [];
    this.#methods.set(method, () => new Promise((resolve) => held.push(resolve)));
    return held;
  }

  /** What a topic says at once to whoever begins to listen; null says nothing. */
  begin<T extends TopicName>(
    topic: T,
    first: (params: TopicParamsOf<T>) => EventOf<T> | null,
  ): void {
    this.#first.set(topic, first);
  }

  /** Says it to everybody who listens, and tells how many those are. */
  say<T extends TopicName>(topic: T, event: EventOf<T>): number {
    const problem = topics[topic].event.problem(event, topic);
    if (problem !== null) throw new Error(`the script is wrong: ${problem}`);
    const listening = [...this.#listening].filter((one) => one.topic === topic);
    for (const { sink } of listening) sink.send(event as never);
    return listening.length;
  }

  /** Ends everybody's listening. */
  end(topic: TopicName, error: ApiError | null): void {
    for (const one of [...this.#listening]) if (one.topic === topic) one.sink.end(error);
  }

  /** Parameters of everybody who listens at present. */
  listeners(topic: TopicName): unknown[] {
    return [...this.#listening].filter((one) => one.topic === topic).map(({ params }) => params);
  }

  paramsOf<M extends MethodName>(method: M): ParamsOf<M>[] {
    return this.calls
      .filter((call) => call.method === method)
      .map(({ params }) => params as ParamsOf<M>);
  }

  // --- the connection ---

  async connect(): Promise<void> {
    this.link.start();
    await settled();
  }

  /** The connection breaks; the next ones fail for this reason, or succeed where it is null. */
  async break(refusal: LostReason | null = null): Promise<void> {
    this.#refusal = refusal;
    this.#port?.close();
    await settled();
  }

  #open(): Promise<Port> {
    this.opened++;
    if (this.#refusal !== null) {
      return Promise.reject(new LinkError(this.#refusal, 'the test refuses a port'));
    }
    const [here, there] = portPair();
    this.#port = there;
    serve(there, this.#handlers);
    return Promise.resolve(here);
  }

  #call(method: MethodName, args: [params: never, context: never]): unknown {
    this.calls.push({ method, params: args[0] });
    const handler = this.#methods.get(method);
    if (handler === undefined) throw new Error('nothing is scripted for it');
    return handler(...args);
  }

  #listen(one: Listening): () => void {
    this.#listening.add(one);
    const first = this.#first.get(one.topic)?.(one.params as never) ?? null;
    if (first !== null) one.sink.send(first as never);
    return () => this.#listening.delete(one);
  }
}

class MemoryPort implements Port {
  peer: MemoryPort | null = null;
  readonly #waiting: unknown[] = [];
  #listener: Parameters<Port['listen']>[0] | null = null;
  #isClosed = false;

  send(message: unknown): void {
    const copy: unknown = structuredClone(message);
    queueMicrotask(() => this.peer?.receive(copy));
  }

  listen(listener: Parameters<Port['listen']>[0]): void {
    this.#listener = listener;
    for (const message of this.#waiting.splice(0)) listener.onMessage(message);
  }

  close(): void {
    for (const end of [this, this.peer]) queueMicrotask(() => end?.end());
  }

  receive(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#listener === null) this.#waiting.push(message);
    else this.#listener.onMessage(message);
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.onClose();
  }
}

export function portPair(): [Port, Port] {
  const [a, b] = [new MemoryPort(), new MemoryPort()];
  a.peer = b;
  b.peer = a;
  return [a, b];
}

// Taken before any test has its own clock.
const realTimeout = globalThis.setTimeout;

/** Everything that was under way in memory has arrived: messages, answers, what Vue watches. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void realTimeout(resolve, 0));
}

let current: FakeConsole | null = null;
let pinia: Pinia | null = null;

/** In place of `api/console.ts`: the link of the test that runs. */
export const consoleModule = {
  get consoleLink(): Link {
    if (current === null) throw new Error('no test runs that uses the console');
    return current.link;
  },
};

/** Every test of the file has a console and stores of its own, and ends without surprises. */
export function useFakeConsole(): () => FakeConsole {
  beforeEach(() => {
    current = new FakeConsole();
    pinia = createPinia();
    setActivePinia(pinia);
  });
  afterEach(() => {
    const { surprises } = current!;
    disposePinia(pinia!);
    current = null;
    expect(surprises).toEqual([]);
  });
  return () => current!;
}
