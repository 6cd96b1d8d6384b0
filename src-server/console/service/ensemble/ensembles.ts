/** The ensembles behind the clusters, each watched once however many people look. */
import type { EnsembleView } from '#contract/ensemble-models.ts';

import type { HostPort } from '../../../config/ensemble-config.ts';
import { parseConnectString } from '../../../coordination/client/client.ts';
import type { Platform } from '../../../platform/platform.ts';
import { type Clusters, LOCAL_ID } from '../clusters.ts';
import type { LocalEnsemble } from '../local-ensemble.ts';
import { type EnsembleSource, EnsembleWatch } from './ensemble-watch.ts';

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

  /** One look, for whoever needs no more: what was seen in the last second, or what is seen now. */
  look(cluster: string): Promise<EnsembleView> {
    return new Promise((resolve) => {
      const stop = this.follow(cluster, (view) => {
        resolve(view);
        queueMicrotask(() => stop());
      });
    });
  }

  /** Its configuration was changed from here. */
  onReconfigured(cluster: string): void {
    this.#watches.get(cluster)?.onReconfigured();
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
    const hosts = (): readonly HostPort[] => {
      const found = this.#clusters.view().find(({ id }) => id === cluster);
      const parsed = found === undefined ? null : parseConnectString(found.settings.connect);
      return parsed?.ok === true ? parsed.value.hosts : [];
    };
    return {
      hosts,
      readConfig: () => this.#readConfig(cluster),
      localMembers: () => [],
    };
  }

  async #readConfig(cluster: string): Promise<string | null> {
    const { client } = this.#clusters.live(cluster);
    if (client.state.kind !== 'connected') return null;
    return (await client.getConfig()).text;
  }
}
