/** I8: what the disks of all replicas give back is the same, key by key, once everything is quiet. */
import { Engine } from '../../../src-server/storage/engine/engine.ts';
import { Failure } from '../failure.ts';
import { simPlatform, TRUE_CLOCK } from '../platform.ts';
import type { Life, World } from '../world.ts';
import { DATA_DIR, type Ring } from './ring.ts';
import type { StorageMachine } from './storage-machine.ts';
import type { StorageSwarm } from './swarm.ts';

const OPEN_MS = 60_000;

/** The nodes must have ended. */
export async function checkCopies(world: World, ring: Ring, swarm: StorageSwarm): Promise<void> {
  const engines = new Map<string, Engine>();
  const lives: Life[] = [];
  for (const machine of ring.machines) {
    const life = world.newLife(`inspector of ${machine.id}`);
    lives.push(life);
    engines.set(machine.id, await openLog({ world, ring, machine, swarm, life }));
  }
  for (const [number, { value }] of ring.view.partitions) {
    const judged = value.replicas.filter((id) => ring.machineOf(id)?.hasFlips !== true);
    const facts = judged.map((id) => {
      const store = engines.get(id)!.partition(number);
      if (store === null) return `nothing at ${id}`;
      if (store.damage !== null) return `damage at ${id}: ${store.damage.why}`;
      if (store.installing !== null) return `a copy begun at ${id}`;
      return `log up to ${store.lastEpoch}:${store.lastSeq}, ${store.count} keys, digest ${store.digest().sum}`;
    });
    if (new Set(facts).size > 1) {
      const words = judged.map((id, i) => `${id} has ${facts[i]}`).join('; ');
      throw new Failure('copies', `copies of partition ${number} differ: ${words}`);
    }
  }
  for (const life of lives) life.isOver = true;
}

/** Reads the log as the next process on this machine would. */
async function openLog(parts: {
  readonly world: World;
  readonly ring: Ring;
  readonly machine: StorageMachine;
  readonly swarm: StorageSwarm;
  readonly life: Life;
}): Promise<Engine> {
  const { world, ring, machine, swarm, life } = parts;
  const platform = simPlatform({
    world,
    life,
    clock: TRUE_CLOCK,
    random: world.stream(),
    net: ring.network.netOf(life, machine.host, life.name),
    log: () => undefined,
    disk: (clock) => machine.disk.copy({ clock }),
  });
  let engine: Engine | null = null;
  Engine.open({
    platform,
    directory: `${DATA_DIR}/log`,
    settings: { segmentBytes: swarm.segmentBytes, reserveBytes: 0 },
  }).then(
    (opened) => (engine = opened),
    (error: unknown) => world.fail(error),
  );
  const isOpen = await world.run(world.nowMs + OPEN_MS, () => engine !== null);
  if (!isOpen) throw new Failure('recovery', `the log of ${machine.id} cannot be opened`);
  return engine!;
}
