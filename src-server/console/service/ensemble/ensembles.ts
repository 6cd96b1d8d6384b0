/** The ensembles behind the clusters, each watched once however many people look. */
import type { EnsembleView } from '#contract/ensemble-models.ts';

import { parseConnectString } from '../../../coordination/client/client.ts';
import type { Platform } from '../../../platform/platform.ts';
import { type Clusters, LOCAL_ID } from '../clusters.ts';
import type { LocalEnsemble } from '../local-ensemble.ts';
import { type EnsembleSource, EnsembleWatch } from './ensemble-watch.ts';

const CONFIG_PATH = '/zookeeper/config';

export class Ensembles {
  readonly #platform: Pick<Platform, 'net' | 'clock'>;
  readonly #clusters: Clusters;
  readonly #local: LocalEnsemble;
  /** By cluster. What somebody saw of it is kept for who looks again. */
  readonly #watches = new Map<string, EnsembleWatch>();

  constructor(parts: {
    readonly platform: Pick<Platform, 'net' | 'clock'>;
    readonly clusters: Clusters;
    readonly local: LocalEnsemble;
  }) {
    this.#platform = parts.platform;
    this.#clusters = parts.clusters;
    this.#local = parts.local;
  }

  /** @throws ApiError not-found */
  follow(cluster: string, send: (view: EnsembleView) => void): () => void {
    this.#clusters.settingsOf(cluster);
    this.#forgetRemoved();
    const watch = this.#watches.get(cluster) ?? this.#watchOf(cluster);
    this.#watches.set(cluster, watch);
    return watch.follow(send);
  }

  #forgetRemoved(): void {
    const known = new Set(this.#clusters.view().map(({ id }) => id));
    for (const id of this.#watches.keys()) if (!known.has(id)) this.#watches.delete(id);
  }

  #watchOf(cluster: string): EnsembleWatch {
    const { net, clock } = this.#platform;
    const source = cluster === LOCAL_ID ? this.#localSource() : this.#remoteSource(cluster);
    return new EnsembleWatch({ net, clock, source });
  }

  #localSource(): EnsembleSource {
    return {
      hosts: () => this.#local.members.flatMap(({ at }) => (at === null ? [] : [at])),
      readConfig: () => this.#readConfig(LOCAL_ID),
      localMembers: () => this.#local.members,
    };
  }

  #remoteSource(cluster: string): EnsembleSource {
    // Its settings may be changed, and it may be removed, while somebody looks.
    const connectString = () => {
      const found = this.#clusters.view().find(({ id }) => id === cluster);
      const parsed = found === undefined ? null : parseConnectString(found.settings.connect);
      return parsed?.ok === true ? parsed.value : { hosts: [], chroot: '' };
    };
    return {
      hosts: () => connectString().hosts,
      // Below a chroot the node cannot be named; servers tell its content over `conf`.
      readConfig: async () =>
        connectString().chroot === '' ? this.#readConfig(cluster) : Promise.resolve(null),
      localMembers: () => [],
    };
  }

  async #readConfig(cluster: string): Promise<string | null> {
    const { client } = this.#clusters.live(cluster);
    if (client.state.kind !== 'connected') return null;
    const { data } = await client.getData(CONFIG_PATH);
    return data?.toString('utf8') ?? null;
  }
}
