/** Rings of three nodes in processes of their own: clients of Redis, and nodes that end, stand still, and come back. */
import { Cluster, Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { run } from '../../peers/run.ts';
import { StorageRing, type StorageRingOptions } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { OwnEnsemble } from '../../peers/zabring-ensemble.ts';
import { RingEyes } from './ring-eyes.ts';
import { RingLoad, type Tally } from './ring-load.ts';

let ensemble: OwnEnsemble;
let ring: StorageRing | null;
let eyes: RingEyes | null;

beforeEach(async () => {
  ring = null;
  eyes = null;
  ensemble = await OwnEnsemble.start(['participant', 'participant', 'participant']);
});

afterEach(async () => {
  await eyes?.close();
  await ring?.close();
  await ensemble.close();
});

async function begin(
  options: Partial<StorageRingOptions> = {},
): Promise<{ ring: StorageRing; eyes: RingEyes }> {
  const connect = ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  ring = await StorageRing.start({ nodes: 3, ensemble: connect, ...options });
  eyes = new RingEyes(ensemble.members[0]!.port);
  await eyes.isWhole(3);
  return { ring, eyes };
}

/** So many more writes are acknowledged. */
async function goesOn(load: RingLoad, more = 200): Promise<void> {
  const from = load.acknowledged;
  await until('writes are acknowledged', () => load.acknowledged >= from + more);
}

function expectSound(tally: Tally): void {
  expect(tally.violations).toEqual([]);
  expect(tally.acknowledged).toBeGreaterThan(0);
  expect(tally.reads).toBeGreaterThan(0);
}

describe('clients', () => {
  test('redis-cli and ioredis find every key, whichever door they take', async () => {
    const { ring: three } = await begin();
    const [first, second, third] = three.nodes;
    const redis = async (...words: string[]): Promise<string> =>
      (await run('redis-cli', words)).output.trim();
    expect(await redis('-c', '-p', `${first!.clusterPort}`, 'SET', 'by-cli', 'one')).toBe('OK');
    expect(await redis('-p', `${second!.proxyPort}`, 'GET', 'by-cli')).toBe('one');

    const cluster = new Cluster([{ host: '127.0.0.1', port: second!.clusterPort }]);
    const plain = new Redis({ host: '127.0.0.1', port: third!.proxyPort });
    try {
      const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`);
      await Promise.all(keys.map((key, i) => cluster.set(key, i)));
      const values = await Promise.all(keys.map((key) => plain.get(key)));
      expect(values).toEqual(keys.map((_, i) => String(i)));
      await Promise.all(keys.map((key) => plain.incr(key)));
      expect(await cluster.get('key:41')).toBe('42');
    } finally {
      cluster.disconnect();
      plain.disconnect();
    }
  });
});

describe('a node', () => {
  test('that is killed under load loses nothing that was acknowledged, and catches up when it is back', async () => {
    const { ring: three, eyes: seen } = await begin();
    const load = new RingLoad(three.nodes);
    await goesOn(load);
    expect(seen.ledBy('n1')).toBeGreaterThan(0);
    await three.node('n1').end('SIGKILL');
    await seen.isWithout('n1');
    await goesOn(load);
    three.node('n1').start();
    await seen.isWhole(3);
    await goesOn(load);
    expectSound(await load.stop());
    await seen.areCopiesEqual(three.nodes);
  });

  test('that stands still acknowledges nothing and answers nothing old when it goes on', async () => {
    const { ring: three, eyes: seen } = await begin();
    const load = new RingLoad(three.nodes);
    await goesOn(load);
    const zombie = three.node('n2');
    zombie.signal('SIGSTOP');
    await seen.isWithout('n2');
    await goesOn(load);
    zombie.signal('SIGCONT');
    await seen.isWhole(3);
    await goesOn(load);
    expectSound(await load.stop());
    await seen.areCopiesEqual(three.nodes);
  });

  test('that ends in order is replaced at once', async () => {
    const { ring: three, eyes: seen } = await begin();
    const load = new RingLoad(three.nodes);
    await goesOn(load);
    await three.node('n3').end('SIGTERM');
    await seen.isWithout('n3');
    await goesOn(load);
    three.node('n3').start();
    await seen.isWhole(3);
    expectSound(await load.stop());
  });

  test('that stays away is replaced by copies elsewhere', async () => {
    const conf = { downOutMs: 1000 };
    const { ring: four, eyes: seen } = await begin({ nodes: 4, conf });
    const load = new RingLoad(four.nodes);
    await goesOn(load);
    await four.node('n4').end('SIGKILL');
    await until('no copy is wanted on it', () =>
      seen.partitions.every(({ replicas }) => !replicas.includes('n4' as never)),
    );
    await seen.isWhole(3);
    expectSound(await load.stop());
    await seen.areCopiesEqual(four.without('n4'));
  });
});

test('without the ensemble reads and writes go on', async () => {
  const { ring: three } = await begin();
  const load = new RingLoad(three.nodes);
  await goesOn(load);
  await Promise.all(ensemble.members.map((member) => member.stop()));
  // Longer than any session lasts.
  const untilMs = performance.now() + 6000;
  await until('it has been away for long', () => performance.now() > untilMs);
  await goesOn(load);
  const before = new Map(load.refused);
  await Promise.all(ensemble.members.map((member) => member.start()));
  await ensemble.isServing();
  await goesOn(load);
  const tally = await load.stop();
  expectSound(tally);
  expect(tally.uncertain).toBe(0);
  expect(before).toEqual(new Map());
});
