/** What tests of whole rings begin with: three members within the test, storage nodes in processes of their own, and eyes on them. */
import { StorageRing, type StorageRingOptions } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { OwnEnsemble } from '../../peers/zabring-ensemble.ts';
import { RingEyes } from './ring-eyes.ts';
import type { RingLoad } from './ring-load.ts';

export class RingStage {
  readonly ensemble: OwnEnsemble;
  readonly ring: StorageRing;
  readonly eyes: RingEyes;

  private constructor(ensemble: OwnEnsemble, ring: StorageRing) {
    this.ensemble = ensemble;
    this.ring = ring;
    this.eyes = new RingEyes(ensemble.members[0]!.port);
  }

  /** Every partition has all of its copies when this is done. */
  static async set(options: Partial<StorageRingOptions> = {}): Promise<RingStage> {
    const ensemble = await OwnEnsemble.start(['participant', 'participant', 'participant']);
    let stage: RingStage | null = null;
    try {
      const connect = ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
      const ring = await StorageRing.start({ nodes: 3, ensemble: connect, ...options });
      stage = new RingStage(ensemble, ring);
      await stage.eyes.isWhole(Number(options.conf?.['replicaCount'] ?? 3));
      return stage;
    } catch (error) {
      await (stage ?? ensemble).close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.eyes.close();
    await this.ring.close();
    await this.ensemble.close();
  }
}

/** So many more writes are acknowledged. */
export async function goesOn(load: RingLoad, more = 200): Promise<void> {
  const from = load.acknowledged;
  await until('writes are acknowledged', () => load.acknowledged >= from + more);
}
