/**
 * Keeps a view of the ring in step with the ensemble, for as long as one session lasts.
 *
 *   connected ──▶ watch the root, recursively ──▶ read everything ──▶ view.renew
 *                                   change of a znode ──▶ read it ──▶ view.take
 *
 * An event says only that something changed, so what is believed was always read. Lasting watches tell nothing of the time
 * between two connections, so each new one reads everything anew; what changes meanwhile is read once more right after that.
 * Reads are asked for at once and answered in order: a thousand partitions take one round trip and a little.
 */
import { sessionHex, sessionId } from '../../base/ids.ts';
import { type Client, ClientError, type Event } from '../../coordination/client/client.ts';
import { Code } from '../../coordination/model/codes.ts';
import type { Stat } from '../../coordination/model/stat.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeptView, Znode } from './kept-view.ts';
import type { RingPaths } from './paths.ts';
import { parseRebalanceState } from './rebalance-records.ts';

export interface MirrorOptions {
  readonly client: Client;
  readonly paths: RingPaths;
  readonly view: KeptView;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 1000;

export class RingMirror {
  readonly #options: MirrorOptions;
  readonly #onEvent = (event: Event): void => this.#notice(event);
  readonly #stopListening: () => void;
  /** Paths that changed and are not read again yet. */
  readonly #dirty = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #isWatching = false;
  /** Of the connection that is being read: a read that began on another one counts for nothing. */
  #connection = 0;
  #isWhole = false;
  #isReading = false;
  #isClosed = false;

  constructor(options: MirrorOptions) {
    this.#options = options;
    let isConnected = false;
    const look = (): void => {
      const { state } = options.client;
      const wasConnected = isConnected;
      isConnected = state.kind === 'connected' && !state.readOnly;
      if (isConnected === wasConnected) return;
      this.#connection += 1;
      this.#isWhole = false;
      if (isConnected) void this.#renew();
      else this.#disconnect();
    };
    this.#stopListening = options.client.onState(look);
    look();
  }

  /** Resolves once what the ensemble has told so far is in the view, or there is no connection to hear it by. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      // Events stand before the answers that follow them, and reach their listeners a little later.
      this.#options.clock.defer(() => {
        if (this.#isSettled()) resolve();
        else this.#waiting.push(resolve);
      });
    });
  }

  #isSettled(): boolean {
    const { state } = this.#options.client;
    if (this.#isClosed || state.kind !== 'connected') return true;
    return this.#isWhole && !this.#isReading && this.#dirty.size === 0;
  }

  #tellWaiting(): void {
    if (this.#isSettled()) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection += 1;
    this.#stopListening();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#dirty.clear();
    this.#options.view.setConnected(false);
    this.#options.view.tell();
    this.#tellWaiting();
  }

  #notice({ path }: Event): void {
    if (this.#isClosed || this.#options.paths.placeOf(path) === null) return;
    this.#dirty.add(path);
    if (this.#isWhole && !this.#isReading) void this.#readDirty();
  }

  async #renew(): Promise<void> {
    const { view } = this.#options;
    const znodes = await this.#attempt(() => this.#readAll());
    if (znodes === null) return;
    this.#isWhole = true;
    view.renew(znodes);
    view.setConnected(true);
    view.tell();
    if (this.#dirty.size > 0 && !this.#isReading) await this.#readDirty();
    this.#tellWaiting();
  }

  async #readDirty(): Promise<void> {
    const { view } = this.#options;
    this.#isReading = true;
    while (this.#isWhole && this.#dirty.size > 0) {
      const paths = [...this.#dirty];
      this.#dirty.clear();
      const znodes = await this.#attempt(() => this.#readThese(paths));
      if (znodes === null) continue;
      for (const path of new Set([...paths, ...znodes.keys()]))
        view.take(path, znodes.get(path) ?? null);
      view.tell();
    }
    this.#isReading = false;
    this.#tellWaiting();
  }

  /**
   * Reads, and nothing else: what listeners do with it is not to be taken for trouble with the ensemble.
   * @returns null when it failed or the connection has gone, after which everything is read anew
   */
  async #attempt<T>(read: () => Promise<T>): Promise<T | null> {
    const connection = this.#connection;
    const { clock, logger, paths } = this.#options;
    try {
      const found = await read();
      return connection === this.#connection ? found : null;
    } catch (error) {
      if (connection !== this.#connection) return null;
      logger.warn('the ring cannot be read', { path: paths.root, why: String(error) });
      this.#isWhole = false;
      clock.after(RETRY_MS, () => {
        if (connection === this.#connection) void this.#renew();
      });
      return null;
    }
  }

  async #readAll(): Promise<Map<string, Znode>> {
    const { client, paths } = this.#options;
    if (!this.#isWatching) {
      await client.watch(paths.root, this.#onEvent, { recursive: true });
      this.#isWatching = true;
    }
    // The server may lag behind what others have seen of the ring already.
    await client.sync('/');
    this.#dirty.clear();
    return this.#readThese(await this.#paths());
  }

  async #readThese(paths: readonly string[]): Promise<Map<string, Znode>> {
    const znodes = new Map<string, Znode>();
    await Promise.all(paths.map((path) => this.#read(path, znodes)));
    await this.#readRecordOf(znodes.get(this.#options.paths.rebalance), znodes);
    return znodes;
  }

  /** What a rebalance was decided to be, beside how far it is; of all there ever were, only that one. */
  async #readRecordOf(state: Znode | undefined, into: Map<string, Znode>): Promise<void> {
    const parsed = state === undefined ? null : parseRebalanceState(state.text);
    if (parsed?.ok !== true) return;
    const path = this.#options.paths.rebalanceRecord(parsed.value.record);
    if (!into.has(path)) await this.#read(path, into);
  }

  /** Every znode that may say something, as the lists name them now. */
  async #paths(): Promise<string[]> {
    const { paths } = this.#options;
    const folders = [paths.partitions, paths.nodes, paths.members, paths.candidates, paths.forces];
    const names = await Promise.all(folders.map((folder) => this.#childrenOf(folder)));
    const below = folders.flatMap((folder, i) => names[i]!.map((name) => `${folder}/${name}`));
    return [
      paths.config,
      paths.controllerEpoch,
      paths.rebalance,
      ...below.filter((at) => paths.placeOf(at)),
    ];
  }

  async #childrenOf(folder: string): Promise<string[]> {
    try {
      return (await this.#options.client.getChildren(folder)).names;
    } catch (error) {
      if (this.#isAbsent(folder, error)) return [];
      throw error;
    }
  }

  async #read(path: string, into: Map<string, Znode>): Promise<void> {
    try {
      const { data, stat } = await this.#options.client.getData(path);
      into.set(path, znodeOf(data?.toString('utf8') ?? '', stat));
    } catch (error) {
      if (!this.#isAbsent(path, error)) throw error;
    }
  }

  #isAbsent(path: string, error: unknown): boolean {
    if (!(error instanceof ClientError)) return false;
    if (error.code === Code.NO_NODE) return true;
    if (error.code !== Code.NO_AUTH) return false;
    this.#options.view.refuse(path, 'this session may not read it');
    return true;
  }
}

export function znodeOf(text: string, stat: Stat): Znode {
  return {
    text,
    version: stat.version,
    createdZxid: stat.czxid,
    zxid: stat.mzxid,
    changedAtMs: stat.mtime,
    session: sessionHex(sessionId(stat.ephemeralOwner)),
  };
}
