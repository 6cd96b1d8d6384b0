/** All clusters the console knows: the local ensemble and the remembered remote ones. */
import { ApiError } from '#contract/errors.ts';
import type { Cluster, ClusterSettings, Credential } from '#contract/models.ts';

import { type Client, parseConnectString } from '../../coordination/client/client.ts';
import type { Platform } from '../../platform/platform.ts';
import { ConnectedCluster, type Live } from './connected-cluster.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import type { RememberedClusters } from './remembered.ts';

export const LOCAL_ID = 'local';

/** Long enough for a laptop's naps, short enough to notice a dead server. */
const LOCAL_SESSION_TIMEOUT_MS = 20_000;
const SESSION_TIMEOUT_MS = { min: 1000, max: 600_000 } as const;

export class Clusters {
  readonly #platform: Platform;
  readonly #local: LocalEnsemble;
  readonly #remembered: RememberedClusters;
  readonly #clusters = new Map<string, ConnectedCluster>();
  readonly #listeners = new Set<() => void>();
  #connectedTo: string | null = null;

  constructor(parts: {
    readonly platform: Platform;
    readonly local: LocalEnsemble;
    readonly remembered: RememberedClusters;
  }) {
    this.#platform = parts.platform;
    this.#local = parts.local;
    this.#remembered = parts.remembered;
    this.#put(LOCAL_ID, 'local', localSettings('127.0.0.1'));
    for (const { id, settings } of parts.remembered.load()) this.#put(id, 'remote', settings);
    parts.local.onChange(() => this.#followLocal());
    this.#followLocal();
  }

  view(): Cluster[] {
    return [...this.#clusters.values()].map((cluster) => cluster.view());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws ApiError not-found, not-connected */
  live(id: string): Live {
    return this.#find(id).live();
  }

  /** Null where there is no connection and none is being made. @throws ApiError not-found */
  clientOf(id: string): Client | null {
    return this.#find(id).client;
  }

  /** @throws ApiError not-found */
  onLive(id: string, listener: () => void): () => void {
    return this.#find(id).onLive(listener);
  }

  /** @throws ApiError not-found */
  settingsOf(id: string): ClusterSettings {
    return this.#find(id).settings;
  }

  add(settings: ClusterSettings): string {
    checkSettings(settings);
    const id = Buffer.from(this.#platform.entropy.bytes(8)).toString('hex');
    this.#put(id, 'remote', settings);
    this.#save();
    return id;
  }

  update(id: string, settings: ClusterSettings): void {
    const cluster = this.#findRemote(id);
    checkSettings(settings);
    cluster.settings = settings;
    this.#save();
  }

  remove(id: string): void {
    this.#findRemote(id).disconnect();
    this.#clusters.delete(id);
    this.#save();
  }

  connect(id: string, credentials: readonly Credential[]): void {
    this.#find(id).connect(credentials);
  }

  disconnect(id: string): void {
    this.#find(id).disconnect();
  }

  close(): void {
    for (const cluster of this.#clusters.values()) cluster.disconnect();
  }

  #put(id: string, origin: Cluster['origin'], settings: ClusterSettings): void {
    const onChange = (): void => this.#changed();
    this.#clusters.set(
      id,
      new ConnectedCluster({ id, origin, settings, platform: this.#platform, onChange }),
    );
  }

  #find(id: string): ConnectedCluster {
    const cluster = this.#clusters.get(id);
    if (cluster === undefined) throw new ApiError('not-found', `there is no cluster ${id}`);
    return cluster;
  }

  #findRemote(id: string): ConnectedCluster {
    const cluster = this.#find(id);
    if (cluster.origin === 'local') {
      throw new ApiError(
        'bad-request',
        'the local ensemble is part of the program and cannot be changed here',
      );
    }
    return cluster;
  }

  #save(): void {
    const remote = [...this.#clusters.values()].filter(({ origin }) => origin === 'remote');
    this.#remembered.save(remote.map(({ id, settings }) => ({ id, settings })));
    this.#changed();
  }

  /** The local ensemble is connected to as soon as it serves, and followed as members come and go. */
  #followLocal(): void {
    const { connectString } = this.#local;
    const before = this.#connectedTo;
    if (connectString === before) return;
    this.#connectedTo = connectString;
    const cluster = this.#find(LOCAL_ID);
    if (connectString === null) {
      cluster.disconnect();
      return;
    }
    if (before !== null) {
      cluster.follow(localSettings(connectString));
      return;
    }
    cluster.settings = localSettings(connectString);
    cluster.connect([]);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function localSettings(connect: string): ClusterSettings {
  return {
    name: 'This computer',
    connect,
    environment: 'lab',
    sessionTimeoutMs: LOCAL_SESSION_TIMEOUT_MS,
    canBeReadOnly: true,
  };
}

function checkSettings(settings: ClusterSettings): void {
  const parsed = parseConnectString(settings.connect);
  if (!parsed.ok) throw new ApiError('bad-request', `the connect string: ${parsed.error}`);
  if (settings.name.trim() === '') throw new ApiError('bad-request', 'the name is empty');
  const { min, max } = SESSION_TIMEOUT_MS;
  if (settings.sessionTimeoutMs < min || settings.sessionTimeoutMs > max) {
    throw new ApiError('bad-request', `the session timeout is not between ${min} and ${max} ms`);
  }
}
