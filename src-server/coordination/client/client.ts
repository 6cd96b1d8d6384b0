/**
 * Our own ZooKeeper client, used by the console, the storage nodes and the tests: everyone comes in by the same door.
 *
 * Promises for requests, listeners for watches; sessions are taken back and watches registered again by themselves. Paths
 * are relative to the connect string's chroot. Errors are ClientError with the protocol's code.
 */
import type { Platform } from '../../platform/platform.ts';
import { type Acl, OPEN_ACL } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import { CreateFlag, type ReconfigOrder, Request } from '../model/request.ts';
import type { Stat } from '../model/stat.ts';
import { EventType, type MultiResult, type ReplyBody, type ReplyHeader } from '../wire/replies.ts';
import { ClientError } from './client-error.ts';
import { parseConnectString } from './hosts.ts';
import { ClientSession, type SessionState } from './session.ts';
import {
  ClientWatches,
  type OneShotKind,
  type PersistentKind,
  type WatchListener,
} from './watches.ts';

export { ClientError } from './client-error.ts';
export { parseConnectString } from './hosts.ts';
export type { SessionState } from './session.ts';

export interface ClientOptions {
  readonly platform: Pick<Platform, 'net' | 'clock' | 'entropy' | 'logger'>;
  /** `host:port,host:port/chroot` */
  readonly connect: string;
  readonly sessionTimeoutMs: number;
  readonly canBeReadOnly?: boolean;
  /** A request that waits longer than this, for a connection or an answer, fails. */
  readonly requestTimeoutMs?: number;
}

export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent-sequential'
  | 'ephemeral-sequential'
  | 'container'
  | 'persistent-ttl'
  | 'persistent-sequential-ttl';

export interface CreateOptions {
  readonly mode?: CreateMode;
  readonly acl?: Acl;
  /** For the two modes with a time to live, ms. */
  readonly ttlMs?: number;
}

/** A change that somebody watched; `zxid` is −1 where the server does not say (up to 3.8). */
export interface Event {
  readonly kind: 'created' | 'deleted' | 'changed' | 'children-changed';
  readonly path: string;
  readonly zxid: number;
}

export type EventListener = (event: Event) => void;

/** One step of a transaction; all happen or none. */
export type Step =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly options?: CreateOptions;
    }
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly version: number;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number };

const FLAGS: Record<CreateMode, number> = {
  persistent: CreateFlag.PERSISTENT,
  ephemeral: CreateFlag.EPHEMERAL,
  'persistent-sequential': CreateFlag.PERSISTENT_SEQUENTIAL,
  'ephemeral-sequential': CreateFlag.EPHEMERAL_SEQUENTIAL,
  container: CreateFlag.CONTAINER,
  'persistent-ttl': CreateFlag.PERSISTENT_WITH_TTL,
  'persistent-sequential-ttl': CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL,
};

const EVENT_KINDS: Record<EventType, Event['kind']> = {
  [EventType.CREATED]: 'created',
  [EventType.DELETED]: 'deleted',
  [EventType.DATA_CHANGED]: 'changed',
  [EventType.CHILDREN_CHANGED]: 'children-changed',
};

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const CONFIG_PATH = '/zookeeper/config';

export class Client {
  readonly #options: ClientOptions;
  readonly #chroot: string;
  readonly #session: ClientSession;
  readonly #watches = new ClientWatches();
  readonly #stateListeners = new Set<(state: SessionState) => void>();
  /** One adapter for each listener, so that whoever watches a path in two ways is told once. */
  readonly #adapters = new WeakMap<EventListener, WatchListener>();

  /** Starts to connect at once. @throws ClientError BAD_ARGUMENTS for a connect string that is none */
  constructor(options: ClientOptions) {
    const parsed = parseConnectString(options.connect);
    if (!parsed.ok) throw new ClientError(Code.BAD_ARGUMENTS, null, parsed.error);
    this.#options = options;
    this.#chroot = parsed.value.chroot;
    this.#session = new ClientSession({
      ...options.platform,
      hosts: parsed.value.hosts,
      timeoutMs: options.sessionTimeoutMs,
      canBeReadOnly: options.canBeReadOnly ?? false,
      watches: this.#watches,
      onState: (state) => {
        for (const listener of [...this.#stateListeners]) listener(state);
      },
    });
    this.#session.start();
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get sessionId(): bigint {
    return this.#session.id;
  }

  /** As agreed with the server, ms. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /** The newest zxid this client has seen. */
  get lastZxid(): number {
    return this.#session.lastZxid;
  }

  get latencyMs(): number | null {
    return this.#session.latencyMs;
  }

  /** The ensemble has other members now. The session stays. @throws ClientError BAD_ARGUMENTS as the constructor does */
  useServers(connect: string): void {
    const parsed = parseConnectString(connect);
    if (!parsed.ok) throw new ClientError(Code.BAD_ARGUMENTS, null, parsed.error);
    this.#session.useHosts(parsed.value.hosts);
  }

  /** Brings `latencyMs` and `lastZxid` up to date, where there is a connection. */
  ping(): void {
    this.#session.ping();
  }

  get watchCount(): number {
    return this.#watches.count;
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Resolves with the first session, rejects when that cannot come any more. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (state: SessionState): void => {
        if (state.kind === 'connecting') return;
        stop();
        if (state.kind === 'connected') resolve();
        else reject(new ClientError(endCode(state), null, `the session is ${state.kind}`));
      };
      const stop = this.onState(look);
      look(this.state);
    });
  }

  /** Proves an identity now and after every reconnect: `digest` with `user:password`. */
  addAuth(scheme: string, auth: Uint8Array): void {
    this.#session.addCredential({ scheme, auth });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  // --- reading ---

  async getData(path: string, watch?: EventListener): Promise<{ data: Buffer | null; stat: Stat }> {
    const body = await this.#read(OpCode.GET_DATA, path, 'data', watch);
    return { data: body.data, stat: body.stat! };
  }

  /** Null where there is no such node; the watch is set all the same. */
  async exists(path: string, watch?: EventListener): Promise<Stat | null> {
    const request = this.#request(OpCode.EXISTS, path);
    request.watch = watch !== undefined;
    try {
      const body = await this.#call(request, (code) => {
        if (watch === undefined) return;
        if (code === Code.OK) this.#watches.addOnce('data', this.#full(path), this.#adapt(watch));
        if (code === Code.NO_NODE)
          this.#watches.addOnce('exist', this.#full(path), this.#adapt(watch));
      });
      return body.stat;
    } catch (error) {
      if (error instanceof ClientError && error.code === Code.NO_NODE) return null;
      throw error;
    }
  }

  async getChildren(path: string, watch?: EventListener): Promise<{ names: string[]; stat: Stat }> {
    const body = await this.#read(OpCode.GET_CHILDREN2, path, 'child', watch);
    return { names: body.names ?? [], stat: body.stat! };
  }

  async getAcl(path: string): Promise<{ acl: Acl; stat: Stat }> {
    const body = await this.#read(OpCode.GET_ACL, path, 'data', undefined);
    return { acl: body.acl ?? [], stat: body.stat! };
  }

  /** How many nodes lie below this one. */
  async countBelow(path: string): Promise<number> {
    return (await this.#read(OpCode.GET_ALL_CHILDREN_NUMBER, path, 'data', undefined)).count;
  }

  /** This session's own ephemeral nodes below a prefix. */
  async ephemerals(prefix = '/'): Promise<string[]> {
    const body = await this.#read(OpCode.GET_EPHEMERALS, prefix, 'data', undefined);
    return (body.names ?? []).map((path) => this.#relative(path));
  }

  /** Waits until this client's server has caught up with the leader. */
  async sync(path = '/'): Promise<void> {
    await this.#read(OpCode.SYNC, path, 'data', undefined);
  }

  async whoAmI(): Promise<readonly { readonly scheme: string; readonly user: string }[]> {
    return (await this.#call(new Request(OpCode.WHO_AM_I))).identities ?? [];
  }

  // --- writing ---

  async create(
    path: string,
    data: Uint8Array | null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const body = await this.#call(this.#createRequest(path, data, options));
    return { path: this.#relative(body.path ?? path), stat: body.stat! };
  }

  async setData(path: string, data: Uint8Array | null, version: number): Promise<Stat> {
    const request = this.#request(OpCode.SET_DATA, path);
    request.data = data;
    request.version = version;
    return (await this.#call(request)).stat!;
  }

  async setAcl(path: string, acl: Acl, aclVersion: number): Promise<Stat> {
    const request = this.#request(OpCode.SET_ACL, path);
    request.acl = acl;
    request.version = aclVersion;
    return (await this.#call(request)).stat!;
  }

  async delete(path: string, version: number): Promise<void> {
    const request = this.#request(OpCode.DELETE, path);
    request.version = version;
    await this.#call(request);
  }

  /**
   * All steps or none.
   * @returns the result of each; when one failed, `code` says of each why it was not done, and nothing was
   */
  async multi(steps: readonly Step[]): Promise<readonly MultiResult[]> {
    const request = new Request(OpCode.MULTI);
    request.ops = steps.map((step) => this.#stepRequest(step));
    const parts = (await this.#call(request)).parts ?? [];
    return parts.map((part) =>
      part.path === null ? part : { ...part, path: this.#relative(part.path) },
    );
  }

  // --- the ensemble ---

  /** The ensemble's configuration, whatever the chroot: its text is empty at a server on its own. */
  async getConfig(): Promise<{ text: string; stat: Stat }> {
    const request = new Request(OpCode.GET_DATA);
    request.path = CONFIG_PATH;
    const { data, stat } = await this.#call(request);
    return { text: data?.toString('utf8') ?? '', stat: stat! };
  }

  /** Changes who belongs to the ensemble; the configuration that came of it. */
  async reconfigure(order: ReconfigOrder): Promise<string> {
    const request = new Request(OpCode.RECONFIG);
    request.reconfig = order;
    return (await this.#call(request)).data?.toString('utf8') ?? '';
  }

  // --- lasting watches ---

  /** Hears of every change of the node, or of everything below it, too, until taken back with `unwatch`. */
  async watch(
    path: string,
    listener: EventListener,
    options: { readonly recursive: boolean },
  ): Promise<void> {
    const request = this.#request(OpCode.ADD_WATCH, path);
    request.mode = options.recursive ? 1 : 0;
    await this.#call(request, (code) => {
      if (code === Code.OK)
        this.#watches.add(kindOf(options), this.#full(path), this.#adapt(listener));
    });
  }

  async unwatch(
    path: string,
    listener: EventListener,
    options: { readonly recursive: boolean },
  ): Promise<void> {
    const kind = kindOf(options);
    if (!this.#watches.remove(kind, this.#full(path), this.#adapt(listener))) return;
    const request = this.#request(OpCode.REMOVE_WATCHES, path);
    request.mode = WATCHER_TYPES[kind];
    try {
      await this.#call(request);
    } catch (error) {
      // 3.8 does not know these types; there the watch goes with the connection.
      const isHarmless = error instanceof ClientError && HARMLESS_ON_UNWATCH.has(error.code);
      if (!isHarmless) throw error;
    }
  }

  // --- inside ---

  #read(
    op: OpCode,
    path: string,
    kind: OneShotKind,
    watch: EventListener | undefined,
  ): Promise<ReplyBody> {
    const request = this.#request(op, path);
    request.watch = watch !== undefined;
    return this.#call(request, (code) => {
      if (watch === undefined || code !== Code.OK) return;
      this.#watches.addOnce(kind, this.#full(path), this.#adapt(watch));
    });
  }

  /**
   * @param onReply runs before anything that arrives behind the reply is looked at: the place to register a watch, whose
   * event may be next
   */
  #call(request: Request, onReply?: (code: number) => void): Promise<ReplyBody> {
    return new Promise((resolve, reject) => {
      const path = request.path === null ? null : this.#relative(request.path);
      const timeoutMs = this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
      const timer = this.#options.platform.clock.after(timeoutMs, () => {
        reject(new ClientError(Code.REQUEST_TIMEOUT, path, `no answer within ${timeoutMs} ms`));
      });
      this.#session.submit({
        request,
        replied: ({ code }: ReplyHeader, body) => {
          timer.cancel();
          onReply?.(code);
          if (code === 0) resolve(body ?? NOTHING);
          else reject(new ClientError(code as Code, path));
        },
        lost: () => {
          timer.cancel();
          const code =
            this.state.kind === 'connecting' ? Code.CONNECTION_LOSS : endCode(this.state);
          reject(new ClientError(code, path));
        },
      });
    });
  }

  #request(op: OpCode, path: string): Request {
    const request = new Request(op);
    request.path = this.#full(path);
    return request;
  }

  #createRequest(path: string, data: Uint8Array | null, options: CreateOptions): Request {
    const mode = options.mode ?? 'persistent';
    const hasTtl = mode === 'persistent-ttl' || mode === 'persistent-sequential-ttl';
    const op = hasTtl
      ? OpCode.CREATE_TTL
      : mode === 'container'
        ? OpCode.CREATE_CONTAINER
        : OpCode.CREATE2;
    const request = this.#request(op, path);
    request.data = data;
    request.acl = options.acl ?? OPEN_ACL;
    request.flags = FLAGS[mode];
    if (hasTtl) request.ttlMs = options.ttlMs ?? 0;
    return request;
  }

  #stepRequest(step: Step): Request {
    if (step.kind === 'create')
      return this.#createRequest(step.path, step.data, step.options ?? {});
    const op =
      step.kind === 'set' ? OpCode.SET_DATA : step.kind === 'delete' ? OpCode.DELETE : OpCode.CHECK;
    const request = this.#request(op, step.path);
    request.version = step.version;
    if (step.kind === 'set') request.data = step.data;
    return request;
  }

  #full(path: string): string {
    if (this.#chroot === '') return path;
    return path === '/' ? this.#chroot : this.#chroot + path;
  }

  #relative(path: string): string {
    if (this.#chroot === '' || !path.startsWith(this.#chroot)) return path;
    return path.length === this.#chroot.length ? '/' : path.slice(this.#chroot.length);
  }

  #adapt(listener: EventListener): WatchListener {
    let adapter = this.#adapters.get(listener);
    if (adapter === undefined) {
      adapter = ({ type, path, zxid }) => {
        listener({ kind: EVENT_KINDS[type], path: this.#relative(path), zxid });
      };
      this.#adapters.set(listener, adapter);
    }
    return adapter;
  }
}

const NOTHING: ReplyBody = {
  path: null,
  stat: null,
  data: null,
  acl: null,
  names: null,
  count: 0,
  identities: null,
  parts: null,
};

/** Types of removeWatches since 3.9. */
const WATCHER_TYPES: Record<PersistentKind, number> = { persistent: 4, recursive: 5 };
const HARMLESS_ON_UNWATCH: ReadonlySet<number> = new Set([Code.NO_WATCHER, Code.MARSHALLING_ERROR]);

function kindOf({ recursive }: { readonly recursive: boolean }): PersistentKind {
  return recursive ? 'recursive' : 'persistent';
}

function endCode(state: SessionState): Code {
  switch (state.kind) {
    case 'expired':
      return Code.SESSION_EXPIRED;
    case 'auth-failed':
      return Code.AUTH_FAILED;
    default:
      return Code.CONNECTION_LOSS;
  }
}
