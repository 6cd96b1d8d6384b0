/**
 * A client of the whole ring: sends each command to the leader of its keys, follows MOVED, and asks for the map of slots again
 * when it turns out to be old. What may have been done is never sent twice: a lost connection is an error of the caller's.
 */
import type { Clock } from '../../platform/clock.ts';
import { NetError } from '../../platform/net.ts';
import { slotOf, SLOTS } from '../ring/slots.ts';
import { RespClient, type RespClientOptions } from './client.ts';
import { type Reply, RespError, textOf } from './reply.ts';
import type { Word } from './request-writer.ts';

export interface ClusterClientOptions extends Omit<RespClientOptions, 'host' | 'port' | 'onPush'> {
  readonly clock: Clock;
  /** Cluster ports of some nodes. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
}

/** Answers that say "not done, ask again", and how often that is heeded. */
const AGAIN = new Set(['TRYAGAIN', 'CLUSTERDOWN', 'LOADING']);
const ROUNDS_MAX = 16;
const PAUSE_MS = 50;

export class ClusterClient {
  readonly #options: ClusterClientOptions;
  readonly #clients = new Map<string, Promise<RespClient>>();
  /** Address of the leader of each slot. */
  #leaders: (string | undefined)[] = [];

  private constructor(options: ClusterClientOptions) {
    this.#options = options;
  }

  static async connect(options: ClusterClientOptions): Promise<ClusterClient> {
    const client = new ClusterClient(options);
    await client.#learn();
    return client;
  }

  /** `host:port` of every leader. */
  get leaders(): readonly string[] {
    return [...new Set(this.#leaders.filter((address) => address !== undefined))];
  }

  /** @param options key: any of its keys, which decides who is asked */
  async call(
    options: { readonly key: string | Uint8Array },
    ...words: readonly Word[]
  ): Promise<Reply> {
    const key = typeof options.key === 'string' ? Buffer.from(options.key) : options.key;
    const slot = slotOf(key);
    let address = this.#leaders[slot];
    for (let round = 1; ; round++) {
      if (address === undefined) {
        await this.#learn();
        address = this.#leaders[slot];
      }
      const reply = address === undefined ? NOBODY : await this.#ask(address, words);
      if (!(reply instanceof RespError)) return reply;
      const isMoved = reply.code === 'MOVED';
      if ((!isMoved && !AGAIN.has(reply.code)) || round === ROUNDS_MAX) throw reply;
      if (isMoved) this.#leaders[slot] = address = reply.message.split(' ')[2];
      else {
        await this.#pause();
        address = undefined;
      }
    }
  }

  /** Who cannot be reached was asked nothing, and leads nothing any more. */
  async #ask(address: string, words: readonly Word[]): Promise<Reply> {
    const client = await this.#at(address).catch((error: unknown) => {
      if (error instanceof NetError) return null;
      throw error;
    });
    return client === null ? NOBODY : client.ask(words);
  }

  /** The connection to a node, for what is asked of nodes and not of keys. */
  async node(address: string): Promise<RespClient> {
    return this.#at(address);
  }

  close(): void {
    for (const client of this.#clients.values()) void client.then((each) => each.close(), ignore);
    this.#clients.clear();
  }

  async #learn(): Promise<void> {
    const seeds = this.#options.seeds.map(({ host, port }) => `${host}:${port}`);
    let problem: unknown = new Error('no node is known');
    for (const address of new Set([...this.leaders, ...seeds])) {
      try {
        this.#leaders = readSlots(await (await this.#at(address)).call('CLUSTER', 'SLOTS'));
        return;
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  #at(address: string): Promise<RespClient> {
    const known = this.#clients.get(address);
    if (known !== undefined)
      return known.then((client) => (client.isClosed ? this.#dial(address) : client));
    return this.#dial(address);
  }

  #dial(address: string): Promise<RespClient> {
    const colon = address.lastIndexOf(':');
    const at = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    const client = RespClient.connect({ ...this.#options, ...at });
    this.#clients.set(address, client);
    client.catch(() => {
      if (this.#clients.get(address) === client) this.#clients.delete(address);
    });
    return client;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(PAUSE_MS, resolve);
    });
  }
}

const NOBODY = new RespError('CLUSTERDOWN nobody leads this slot');

function ignore(): void {
  // It never came to be.
}

function readSlots(reply: Reply): (string | undefined)[] {
  const leaders = new Array<string | undefined>(SLOTS).fill(undefined);
  for (const run of Array.isArray(reply) ? (reply as readonly Reply[]) : []) {
    const [first, last, node] = Array.isArray(run) ? (run as readonly Reply[]) : [];
    const [host, port] = Array.isArray(node) ? (node as readonly Reply[]) : [];
    if (typeof first !== 'number' || typeof last !== 'number' || typeof port !== 'number') continue;
    leaders.fill(`${textOf(host) ?? ''}:${port}`, first, last + 1);
  }
  return leaders;
}
