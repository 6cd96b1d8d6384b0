/** One cluster the console knows: its settings, its connection while there is one, and what is to be seen of it. */
import { ApiError } from '#contract/errors.ts';
import type {
  Cluster,
  ClusterSettings,
  ConnectionState,
  Credential,
  ServerFacts,
} from '#contract/models.ts';

import { sessionHex } from '../../base/ids.ts';
import { Client, parseConnectString, type SessionState } from '../../coordination/client/client.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import { askWord, parseServerFacts } from './server-words.ts';
import { WatchHub } from './watch-hub.ts';

/** How often the newest zxid, latency and watches are asked for, and shown when they moved. */
const REFRESH_MS = 1000;
/** A server is asked about itself when something was written, or after as many refreshes. */
const FACTS_EVERY = 5;

/** A live connection: client and watches end together. */
export interface Live {
  readonly client: Client;
  readonly hub: WatchHub;
}

export class ConnectedCluster {
  readonly id: string;
  readonly origin: Cluster['origin'];
  settings: ClusterSettings;
  readonly #platform: Pick<Platform, 'net' | 'clock' | 'entropy' | 'logger'>;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #state: ConnectionState = { kind: 'idle' };
  #live: Live | null = null;
  #server: ServerFacts | null = null;
  #timer: Timer | null = null;
  #refreshes = 0;
  #askedAtZxid = 0;
  #shown = '';
  #credentials: readonly Credential[] = [];
  readonly #liveListeners = new Set<() => void>();

  constructor(options: {
    readonly id: string;
    readonly origin: Cluster['origin'];
    readonly settings: ClusterSettings;
    readonly platform: Pick<Platform, 'net' | 'clock' | 'entropy' | 'logger'>;
    readonly onChange: () => void;
  }) {
    this.id = options.id;
    this.origin = options.origin;
    this.settings = options.settings;
    this.#platform = options.platform;
    this.#clock = options.platform.clock;
    this.#onChange = options.onChange;
  }

  view(): Cluster {
    return {
      id: this.id,
      origin: this.origin,
      settings: this.settings,
      state: this.#state,
      ...this.#moving(),
      server: this.#server,
    };
  }

  /** Null where there is no connection and none is being made. */
  get client(): Client | null {
    return this.#state.kind === 'ended' ? null : (this.#live?.client ?? null);
  }

  /** @throws ApiError where there is no connection and none is being made */
  live(): Live {
    if (this.#live === null || this.#state.kind === 'ended') {
      throw new ApiError('not-connected', `${this.settings.name} is not connected`);
    }
    return this.#live;
  }

  /** Told when another connection has taken the place of the one before: what was read over that is no longer watched. */
  onLive(listener: () => void): () => void {
    this.#liveListeners.add(listener);
    return () => this.#liveListeners.delete(listener);
  }

  connect(credentials: readonly Credential[]): void {
    this.disconnect();
    this.#credentials = credentials;
    this.#open(null);
  }

  /** The same ensemble has other servers now; a connection that is there stays. */
  follow(settings: ClusterSettings): void {
    this.settings = settings;
    if (this.#live === null || this.#state.kind === 'ended') return;
    this.#live.client.useServers(settings.connect);
    this.#onChange();
  }

  #open(why: string | null): void {
    const client = new Client({
      platform: this.#platform,
      connect: this.settings.connect,
      sessionTimeoutMs: this.settings.sessionTimeoutMs,
      canBeReadOnly: this.settings.canBeReadOnly,
    });
    for (const { scheme, auth } of this.#credentials)
      client.addAuth(scheme, Buffer.from(auth, 'utf8'));
    this.#live = { client, hub: new WatchHub(client, this.#clock) };
    this.#state = { kind: 'connecting', why, sinceMs: this.#clock.wallMs() };
    client.onState((state) => {
      if (this.#live?.client === client) this.#onState(state, client);
    });
    this.#timer?.cancel();
    this.#refresh();
    for (const listener of [...this.#liveListeners]) listener();
    this.#onChange();
  }

  disconnect(): void {
    const live = this.#live;
    this.#live = null;
    this.#timer?.cancel();
    this.#server = null;
    this.#state = { kind: 'idle' };
    live?.hub.close();
    void live?.client.close();
    this.#onChange();
  }

  #onState(state: SessionState, client: Client): void {
    const sinceMs = this.#clock.wallMs();
    switch (state.kind) {
      case 'connecting':
        this.#state = {
          kind: 'connecting',
          why: state.why,
          sinceMs: this.#state.kind === 'connecting' ? this.#state.sinceMs : sinceMs,
        };
        this.#server = null;
        break;
      case 'connected':
        this.#state = {
          kind: 'connected',
          server: state.server,
          sessionId: sessionHex(client.sessionId),
          sessionTimeoutMs: client.sessionTimeoutMs,
          readOnly: state.readOnly,
          sinceMs,
        };
        client.ping();
        void this.#askServer(state.server);
        break;
      case 'expired':
        // What a console session held is gone; looking goes on with another.
        this.#live?.hub.close();
        this.#server = null;
        this.#open('the session expired; a new one is being opened');
        return;
      default:
        this.#state = { kind: 'ended', cause: state.kind, sinceMs };
        this.#server = null;
    }
    this.#onChange();
  }

  /** What changes without anybody telling. */
  #moving(): Pick<Cluster, 'zxid' | 'latencyMs' | 'watchCount'> {
    return {
      zxid: this.#live?.client.lastZxid ?? 0,
      latencyMs: this.#live?.client.latencyMs ?? null,
      watchCount: this.#live?.hub.count ?? 0,
    };
  }

  /** Shows what moved, and asks the server about itself now and then. */
  #refresh(): void {
    this.#timer = this.#clock.after(REFRESH_MS, () => {
      const moving = JSON.stringify(this.#moving());
      if (moving !== this.#shown) {
        this.#shown = moving;
        this.#onChange();
      }
      if (this.#state.kind === 'connected') {
        this.#live?.client.ping();
        const hasMoved = this.#live?.client.lastZxid !== this.#askedAtZxid;
        if (hasMoved || ++this.#refreshes % FACTS_EVERY === 0)
          void this.#askServer(this.#state.server);
      }
      this.#refresh();
    });
  }

  async #askServer(server: string): Promise<void> {
    const parsed = parseConnectString(server);
    const at = parsed.ok ? parsed.value.hosts[0] : undefined;
    if (at === undefined) return;
    this.#askedAtZxid = this.#live?.client.lastZxid ?? 0;
    const { net, clock } = this.#platform;
    const facts = await askWord({ net, clock, at, word: 'srvr' }).then(
      parseServerFacts,
      () => null,
    );
    if (this.#state.kind !== 'connected' || this.#state.server !== server) return;
    if (JSON.stringify(facts) === JSON.stringify(this.#server)) return;
    this.#server = facts;
    this.#onChange();
  }
}
