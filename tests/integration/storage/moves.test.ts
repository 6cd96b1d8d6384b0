/** An operator's rebalances with real processes: under the load of clients as they come, and with nodes that are killed. */
import { afterEach, expect, test } from 'vitest';

import { controllerOf } from '../../../src-server/storage/control/view.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { textOf } from '../../../src-server/storage/resp/reply.ts';
import type { StorageNodeProcess } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { ClusterClients } from './cluster-clients.ts';
import { PLATFORM } from './control-stage.ts';
import { RingLoad } from './ring-load.ts';
import { RingOperator } from './ring-operator.ts';
import { goesOn, RingStage } from './ring-stage.ts';

const MIB = 0x10_0000;
const LATE_MS = 110_000;

let stage: RingStage;
let operator: RingOperator;

async function begin(conf: Readonly<Record<string, string | number>> = {}): Promise<void> {
  // Nobody is to be taken for dead because the machine is busy.
  const patient = { partitionCount: 32, sessionTimeoutMs: 10_000, leaseMs: 3000 };
  stage = await RingStage.set({ conf: { ...patient, ...conf } });
  operator = new RingOperator(stage);
}

afterEach(async () => {
  await stage.close();
});

function clientAt({ proxyPort: port }: StorageNodeProcess): Promise<RespClient> {
  return RespClient.connect({ net: PLATFORM.net, host: '127.0.0.1', port, timeoutMs: 10_000 });
}

const VALUE_BYTES = 4096;

function valueOf(i: number): string {
  return `${i} `.repeat(VALUE_BYTES).slice(0, VALUE_BYTES);
}

/** @returns how many keys that are */
async function fill(bytes: number): Promise<number> {
  const client = await clientAt(stage.ring.nodes[0]!);
  const count = Math.ceil(bytes / VALUE_BYTES);
  for (let from = 0; from < count; from += 128) {
    const some = Array.from({ length: Math.min(128, count - from) }, (_, i) => from + i);
    await Promise.all(some.map((i) => client.call('SET', `data:${i}`, valueOf(i))));
  }
  client.close();
  return count;
}

async function expectAll(count: number, at: StorageNodeProcess): Promise<void> {
  const client = await clientAt(at);
  for (let i = 0; i < count; i++)
    expect(textOf(await client.ask(['GET', `data:${i}`])), `data:${i}`).toBe(valueOf(i));
  client.close();
}

function expectHolds(id: string, isHolding: boolean): void {
  const holders = stage.eyes.partitions.filter(({ replicas }) => replicas.includes(id as never));
  expect(holders.length > 0).toBe(isHolding);
}

test('a node comes and another goes under redis-benchmark, redis-cli, ioredis and node-redis, which see no error', async () => {
  await begin();
  const { ring, eyes } = stage;
  const count = await fill(2 * MIB);
  const clients = new ClusterClients(ring.nodes);
  const work = async (): Promise<void> => {
    const from = clients.counts;
    await until(
      'all four go on',
      () => clients.counts.every((count, i) => count > from[i]!),
      LATE_MS,
    );
  };
  await work();
  await ring.add('n4');
  await operator.start([await operator.adding('n4')]);
  const added = await operator.isAt('done');
  expect(added.outcome).toMatchObject({ digestsEqual: true });
  expectHolds('n4', true);
  await work();
  await operator.start([operator.draining('n1')]);
  const drained = await operator.isAt('done');
  expect(drained.outcome).toMatchObject({ digestsEqual: true });
  expectHolds('n1', false);
  await work();
  const tallies = await clients.stop();
  const told = [...tallies].map(([name, { requests, errors }]) => [
    name,
    requests,
    errors.slice(0, 3),
  ]);
  for (const [, { errors }] of tallies) expect(errors, JSON.stringify(told)).toEqual([]);
  await expectAll(count, ring.node('n4'));
  await eyes.areCopiesEqual(ring.without('n1'));
});

test('kill -9 of whoever gives, takes or decides does not stop it, and loses nothing', async () => {
  await begin({ transferBytesPerSecond: MIB });
  const { ring, eyes } = stage;
  const count = await fill(6 * MIB);
  const load = new RingLoad(ring.nodes, { restMs: 5 });
  await goesOn(load);
  await ring.add('n4');
  await operator.start([await operator.adding('n4')]);
  const moves = async (): Promise<void> => {
    const held = (): number =>
      eyes.partitions.filter(({ inSync }) => inSync.includes('n4' as never)).length;
    const from = held();
    await until('partitions move', () => held() > from, LATE_MS);
  };
  await moves();
  await ring.node('n4').end('SIGKILL');
  ring.node('n4').start();
  await moves();
  const giver = await until(
    'somebody gives a copy',
    async () => (await operator.copies())[0]?.from,
  );
  await ring.node(giver).end('SIGKILL');
  ring.node(giver).start();
  await moves();
  const decides = controllerOf(eyes.membership.view)!;
  await ring.node(decides).end('SIGKILL');
  ring.node(decides).start();
  const { outcome } = await operator.isAt('done');
  expect(outcome).toMatchObject({ digestsEqual: true });
  await eyes.isWhole(3);
  await goesOn(load);
  expect((await load.stop()).violations).toEqual([]);
  await expectAll(count, ring.node('n2'));
  await eyes.areCopiesEqual(ring.nodes);
});
