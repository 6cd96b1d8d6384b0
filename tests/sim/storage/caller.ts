/** One client process: it speaks RESP to the doors of nodes, and notes what it asks and is told. */
import type { Prng } from '../../../src-server/base/prng.ts';
import { NetError } from '../../../src-server/platform/net.ts';
import type { Platform } from '../../../src-server/platform/platform.ts';
import { RespClient, RespLost } from '../../../src-server/storage/resp/client.ts';
import { type Reply, RespError, textOf } from '../../../src-server/storage/resp/reply.ts';
import { Failure } from '../failure.ts';
import type { Trace } from '../trace.ts';
import type { Life, World } from '../world.ts';
import {
  type Call,
  type History,
  type KeyKind,
  MORTAL_MS,
  type Outcome,
  STALE_MS,
  type Verb,
} from './history.ts';
import type { StorageProbes } from './probes.ts';
import { CLUSTER_PORT, PROXY_PORT } from './ring.ts';

export interface CallerParts {
  readonly world: World;
  readonly history: History;
  readonly trace: Trace;
  readonly probes: StorageProbes;
  readonly life: Life;
  readonly platform: Platform;
  /** Hosts of nodes. */
  readonly hosts: readonly string[];
  /** cluster: goes where it is sent; proxy: has what it wants fetched. */
  readonly manner: 'cluster' | 'proxy';
  readonly consistency: 'lease' | 'strict' | 'stale';
  /** Longer it waits for no answer, ms. */
  readonly patienceMs: number;
  readonly onlyReads: boolean;
}

export interface Wish {
  readonly key: string;
  readonly kind: KeyKind;
  readonly verb: Verb;
}

/** Answers that say for certain that nothing was done. */
const REFUSALS: ReadonlySet<string> = new Set([
  'TRYAGAIN',
  'CLUSTERDOWN',
  'NOREPLICAS',
  'MASTERDOWN',
  'MISCONF',
  'LOADING',
  'MOVED',
]);
const HOPS_MAX = 5;
const CONNECT_MS = 2000;

export class Caller {
  readonly life: Life;
  readonly name: string;
  readonly onlyReads: boolean;
  /** Whatever it is answered may be old. */
  readonly isStale: boolean;
  readonly #parts: CallerParts;
  readonly #random: Prng;
  readonly #clients = new Map<string, Promise<RespClient | null>>();
  /** Where a key was found last. */
  readonly #hostOf = new Map<string, string>();
  #favourite: string;
  outstanding = 0;

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.life = parts.life;
    this.name = parts.life.name;
    this.onlyReads = parts.onlyReads;
    this.isStale = parts.consistency === 'stale';
    this.#random = parts.world.stream();
    this.#favourite = this.#random.pick(parts.hosts);
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.platform.clock.after(delayMs, resolve);
    });
  }

  /** A connection may have ended without a word: whoever must not fail begins anew. */
  hangUp(): void {
    for (const client of this.#clients.values()) void client.then((known) => known?.close());
    this.#clients.clear();
  }

  /** Asks one thing, perhaps of this node, and notes what came of it. */
  async ask({ key, kind, verb }: Wish, host: string | null = null): Promise<Call> {
    const { history, world, trace, probes } = this.#parts;
    const isWrite = WRITES.has(verb);
    const value = isWrite ? history.newValue() : null;
    const { name: caller } = this;
    const call = history.begin({ caller, key, kind, verb, value, invokedMs: world.nowMs });
    this.outstanding++;
    const reply = await this.#answerTo(call, host);
    this.outstanding--;
    const outcome =
      'kind' in reply ? reply : { kind: 'done' as const, value: seenIn(call, reply.is) };
    history.end(call, outcome, world.nowMs);
    probes.hit(`a command was ${outcome.kind}`);
    if (outcome.kind === 'refused') probes.hit(`refused: ${outcome.code}`);
    if (trace.isOn) {
      const told = outcome.kind === 'done' ? String(outcome.value) : JSON.stringify(outcome);
      trace.line(
        caller,
        `${verb} ${key} ${value ?? ''}`,
        told,
        `since ${call.invokedMs.toFixed(1)}`,
      );
    }
    return call;
  }

  #answerTo(call: Call, host: string | null): Promise<Outcome | { readonly is: Reply }> {
    const { key, verb, value } = call;
    const [one, other] = pairOf(key);
    if (verb === 'cas') return this.#transact(key, [['SET', key, value!]], key);
    if (verb === 'execset')
      return this.#transact(key, [
        ['SET', one, value!],
        ['SET', other, value!],
      ]);
    if (verb === 'execget')
      return this.#transact(key, [
        ['GET', one],
        ['GET', other],
      ]);
    return this.#reply(wordsOf(call), key, host);
  }

  /**
   * MULTI and EXEC on a connection of its own, since others would speak in between.
   * @param watched read before, and watched: what it was is the answer, unless it was changed meanwhile
   */
  async #transact(
    key: string,
    commands: readonly (readonly string[])[],
    watched: string | null = null,
  ): Promise<Outcome | { readonly is: Reply }> {
    const { manner } = this.#parts;
    const port = manner === 'cluster' ? CLUSTER_PORT : PROXY_PORT;
    const client = await this.#connect(this.#choose(key), port);
    if (client === null) return { kind: 'refused', code: 'CONNECT' };
    try {
      let before: Reply = null;
      if (watched !== null) {
        const seen = [
          await this.#asked(client, ['WATCH', key]),
          await this.#asked(client, ['GET', key]),
        ];
        const isRefused = (reply: Reply | undefined): boolean =>
          reply === undefined || reply instanceof RespError;
        // Nothing was written yet, whatever is the matter.
        if (seen.some(isRefused)) return this.#refusedBy(key, seen.find(isRefused));
        before = seen[1]!;
      }
      const replies = await Promise.all(
        [['MULTI'], ...commands, ['EXEC']].map((words) => this.#asked(client, words)),
      );
      const result = replies.at(-1);
      if (result === undefined) return { kind: 'unknown' };
      if (result instanceof RespError) {
        const isUndone =
          result.code === 'EXECABORT' || result.code === 'MOVED' || REFUSALS.has(result.code);
        if (isUndone) return this.#refusedBy(key, result);
        if (result.code !== 'UNCERTAIN')
          this.#parts.world.fail(new Failure('results', `EXEC was answered ${result.message}`));
        return { kind: 'unknown' };
      }
      if (result === null) return { kind: 'refused', code: 'WATCHED' };
      return { is: watched === null ? result : before };
    } finally {
      client.close();
    }
  }

  #refusedBy(key: string, reply: Reply | undefined): Outcome {
    this.#forget(key);
    return { kind: 'refused', code: reply instanceof RespError ? reply.code : 'CONNECT' };
  }

  /** Writes something that nobody will ask for, so that logs grow. */
  async fill(key: string, bytes: number): Promise<void> {
    await this.#reply(['SET', key, 'x'.repeat(bytes)], key, null);
  }

  async #reply(
    words: readonly string[],
    key: string,
    wanted: string | null,
  ): Promise<Outcome | { readonly is: Reply }> {
    const { manner, world } = this.#parts;
    const port = manner === 'cluster' ? CLUSTER_PORT : PROXY_PORT;
    let host = wanted ?? this.#choose(key);
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const client = await this.#clientOf(host, port);
      if (client === null) {
        this.#forget(key);
        return { kind: 'refused', code: 'CONNECT' };
      }
      const reply = await this.#asked(client, words);
      if (reply === undefined) {
        this.#clients.delete(host);
        this.#forget(key);
        return { kind: 'unknown' };
      }
      if (!(reply instanceof RespError)) {
        if (manner === 'cluster') this.#hostOf.set(key, host);
        return { is: reply };
      }
      const { code, message } = reply;
      if (code === 'MOVED') {
        const address = message.split(' ')[2]!;
        host = address.slice(0, address.lastIndexOf(':'));
        continue;
      }
      this.#forget(key);
      if (REFUSALS.has(code)) return { kind: 'refused', code };
      if (code !== 'UNCERTAIN')
        world.fail(new Failure('results', `${words.join(' ')} was answered ${message}`));
      return { kind: 'unknown' };
    }
    return { kind: 'refused', code: 'MOVED' };
  }

  #choose(key: string): string {
    const { manner, hosts } = this.#parts;
    if (manner === 'proxy') return this.#favourite;
    return this.#hostOf.get(key) ?? this.#random.pick(hosts);
  }

  #forget(key: string): void {
    this.#hostOf.delete(key);
    this.#favourite = this.#random.pick(this.#parts.hosts);
  }

  /** @returns undefined where no answer came */
  async #asked(client: RespClient, words: readonly string[]): Promise<Reply | undefined> {
    const { clock } = this.#parts.platform;
    const timer = clock.after(this.#parts.patienceMs, () => client.close());
    try {
      return await client.ask(words);
    } catch (error) {
      if (!(error instanceof RespLost)) throw error;
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  /** @returns null where nobody answers */
  async #clientOf(host: string, port: number): Promise<RespClient | null> {
    const known = this.#clients.get(host);
    if (known !== undefined) {
      const client = await known;
      if (client !== null && !client.isClosed) return client;
      if (this.#clients.get(host) !== known) return this.#clientOf(host, port);
    }
    const begun = this.#connect(host, port);
    this.#clients.set(host, begun);
    return begun;
  }

  #connect(host: string, port: number): Promise<RespClient | null> {
    const { platform, consistency, patienceMs, world } = this.#parts;
    return new Promise((resolve) => {
      let isLate = false;
      const timer = platform.clock.after(CONNECT_MS + patienceMs, () => {
        isLate = true;
        resolve(null);
      });
      const connect = async (): Promise<RespClient | null> => {
        try {
          const { net } = platform;
          const client = await RespClient.connect({ net, host, port, timeoutMs: CONNECT_MS });
          const within = consistency === 'stale' ? [STALE_MS] : [];
          await client.call('RING.CONSISTENCY', consistency, ...within);
          if (isLate) client.close();
          return client;
        } catch (error) {
          const isExpected = error instanceof NetError || error instanceof RespLost;
          if (!isExpected) world.fail(error);
          return null;
        }
      };
      void connect().then((client) => {
        timer.cancel();
        resolve(client);
      });
    });
  }
}

const WRITES: ReadonlySet<Verb> = new Set(['set', 'setnx', 'getset', 'append', 'cas', 'execset']);

function wordsOf({ key, kind, verb, value }: Call): readonly string[] {
  if (kind === 'mortal' && verb === 'set') return ['SET', key, value!, 'PX', String(MORTAL_MS)];
  if (kind === 'pair') {
    const [one, other] = pairOf(key);
    if (verb === 'set') return ['MSET', one, value!, other, value!];
    return [verb === 'get' ? 'MGET' : 'DEL', one, other];
  }
  switch (verb) {
    case 'get':
    case 'stale':
      return ['GET', key];
    case 'set':
      return ['SET', key, value!];
    case 'setnx':
      return ['SETNX', key, value!];
    case 'getset':
      return ['SET', key, value!, 'GET'];
    case 'del':
      return ['DEL', key];
    case 'getdel':
      return ['GETDEL', key];
    case 'incr':
      return ['INCR', key];
    case 'append':
      return ['APPEND', key, value!];
    case 'cas':
    case 'execset':
    case 'execget':
      throw new Error('more than one command');
  }
}

/** Both lie in one partition. */
function pairOf(key: string): readonly [string, string] {
  return [`{${key}}a`, `{${key}}b`];
}

/** What the reply says was there, in the words of the history. */
function seenIn({ key, kind, verb }: Call, reply: Reply): string | null {
  if (kind === 'pair' && (verb === 'get' || verb === 'execget')) {
    const [one, other] = (reply as readonly Reply[]).map(textOf);
    if (one !== other)
      throw new Failure('linearizable', `${key}: half of a pair, ${one} and ${other}`);
    return one ?? null;
  }
  if (kind === 'pair' && verb === 'del') {
    if (reply === 1) throw new Failure('linearizable', `${key}: half of a pair was deleted`);
    return reply === 2 ? '1' : '0';
  }
  if (verb === 'set' || verb === 'execset') return null;
  return typeof reply === 'number' ? String(reply) : textOf(reply);
}
