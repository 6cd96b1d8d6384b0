/** Connections to storage nodes, one for each address, kept while they are used. */
import { parseConnectString } from '../../../coordination/client/client.ts';
import type { Clock, Timer } from '../../../platform/clock.ts';
import { CertificateError, type Net, NetError } from '../../../platform/net.ts';
import type { Platform } from '../../../platform/platform.ts';
import { RespClient, RespLost } from '../../../storage/resp/client.ts';
import type { Reply } from '../../../storage/resp/reply.ts';
import { netFor, type NodeAccess, speaksTls } from './node-access.ts';

export type Word = string | Uint8Array;

/** Asks on one connection; refused as a NetError where nothing comes in time. */
export type Ask = (...commands: readonly (readonly Word[])[]) => Promise<Reply[]>;

const CONNECT_MS = 1500;
const ANSWER_MS = 3000;
/** Nobody asks any more: the node need not keep a connection. */
const IDLE_MS = 15_000;
const NAME = 'zabring-console';

interface Door {
  readonly client: Promise<RespClient>;
  idle: Timer | null;
}

/** A node whose door is another one than the console came to. */
export class WrongDoor extends Error {
  override readonly name = 'WrongDoor';
  readonly trouble: 'tls-only' | 'tls-failed' | 'untrusted';

  constructor(trouble: WrongDoor['trouble'], message: string) {
    super(message);
    this.trouble = trouble;
  }
}

export class NodeDoors {
  readonly #platform: Pick<Platform, 'net' | 'secureNet' | 'clock'>;
  readonly #clock: Clock;
  readonly access: NodeAccess;
  readonly #net: Net;
  readonly #doors = new Map<string, Door>();

  /** @throws ApiError for an access that is none */
  constructor(platform: Pick<Platform, 'net' | 'secureNet' | 'clock'>, access: NodeAccess) {
    this.#platform = platform;
    this.#clock = platform.clock;
    this.access = access;
    this.#net = netFor(access, platform);
  }

  /**
   * Commands that are sent together, among those of others; errors of the node are among the replies.
   * @throws NetError, RespLost, WrongDoor, RespError where the node does not let the console in
   */
  async ask(address: string, ...commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    return this.#within(await this.#clientAt(address), commands);
  }

  /** A connection of one's own, for what has to be said without anybody in between. */
  async alone<T>(address: string, talk: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await this.#open(address);
    try {
      return await talk((...commands) => this.#within(client, commands));
    } finally {
      client.close();
    }
  }

  close(): void {
    for (const address of [...this.#doors.keys()]) this.#shut(address);
  }

  /** Replies come in order, so one that does not come takes those behind it along: the connection is given up. */
  #within(client: RespClient, commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      const patience = this.#clock.after(ANSWER_MS, () => {
        reject(new NetError('timeout', `no answer within ${ANSWER_MS} ms`));
        client.close();
      });
      client
        .pipeline(commands)
        .then(resolve, reject)
        .finally(() => patience.cancel());
    });
  }

  async #clientAt(address: string): Promise<RespClient> {
    const known = this.#doors.get(address);
    const door = known ?? this.#make(address);
    door.idle?.cancel();
    door.idle = this.#clock.after(IDLE_MS, () => this.#shut(address));
    try {
      const client = await door.client;
      if (!client.isClosed) return client;
    } catch (error) {
      this.#forget(address, door);
      throw error;
    }
    this.#forget(address, door);
    return this.#clientAt(address);
  }

  #make(address: string): Door {
    const door: Door = { client: this.#open(address), idle: null };
    this.#doors.set(address, door);
    return door;
  }

  #forget(address: string, door: Door): void {
    if (this.#doors.get(address) !== door) return;
    door.idle?.cancel();
    this.#doors.delete(address);
  }

  #shut(address: string): void {
    const door = this.#doors.get(address);
    if (door === undefined) return;
    this.#forget(address, door);
    door.client.then((client) => client.close()).catch(() => undefined);
  }

  async #open(address: string): Promise<RespClient> {
    const parsed = parseConnectString(address);
    const at = parsed.ok ? parsed.value.hosts[0] : undefined;
    if (at === undefined) throw new NetError('not-found', `${address} is no address`);
    const { credentials } = this.access;
    try {
      return await RespClient.connect({
        ...{ net: this.#net, ...at, timeoutMs: CONNECT_MS, name: NAME },
        ...(credentials === null ? {} : { credentials }),
      });
    } catch (error) {
      throw await this.#whyNot(error, at);
    }
  }

  async #whyNot(
    error: unknown,
    at: { readonly host: string; readonly port: number },
  ): Promise<unknown> {
    if (error instanceof CertificateError) return new WrongDoor('untrusted', error.message);
    if (error instanceof NetError && error.code === 'tls')
      return new WrongDoor('tls-failed', error.message);
    // It hung up at the first word of plain text: so do those who speak TLS only, and those who end.
    const isPlain = this.access.tls === null;
    if (isPlain && error instanceof RespLost && (await speaksTls(at, this.#platform)))
      return new WrongDoor('tls-only', 'it speaks TLS');
    return error;
  }
}
