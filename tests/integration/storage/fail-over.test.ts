/** Leaders that fall, stand still, or hand over, as unmodified clients of a cluster live through it. */
import { Cluster } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { RespError, textOf } from '../../../src-server/storage/resp/reply.ts';
import { slotOf } from '../../../src-server/storage/ring/slots.ts';
import { until } from '../../peers/wait.ts';
import { PLATFORM } from './control-stage.ts';
import { RingStage } from './ring-stage.ts';

const PARTITIONS = 16;

let stage: RingStage;

beforeEach(async () => {
  stage = await RingStage.set();
});

afterEach(async () => {
  await stage.close();
});

function partitionOf(key: string): number {
  return Math.floor(slotOf(Buffer.from(key)) / (16384 / PARTITIONS));
}

/** A key that this node leads. */
function keyLedBy(id: string): string {
  for (let i = 0; ; i++) {
    const key = `key:${i}`;
    if (stage.eyes.leaderOf(partitionOf(key)) === id) return key;
  }
}

function clientAt(port: number): Promise<RespClient> {
  return RespClient.connect({ net: PLATFORM.net, host: '127.0.0.1', port, timeoutMs: 60_000 });
}

test('a leader that stood still answers what came meanwhile with nothing old, and acknowledges nothing', async () => {
  const { ring, eyes } = stage;
  const zombie = ring.node('n2');
  const key = keyLedBy('n2');
  const before = await clientAt(zombie.clusterPort);
  expect(await before.call('SET', key, 'old')).toBe('OK');

  await zombie.standStill();
  // They wait in its socket, to be the first that it sees.
  const asked = [
    before.ask(['GET', key]),
    before.ask(['SET', key, 'of the zombie']),
    before.ask(['GET', key]),
  ];
  await until('somebody else leads', () => !['n2', null].includes(eyes.leaderOf(partitionOf(key))));
  const other = await clientAt(ring.node('n1').proxyPort);
  expect(await other.call('SET', key, 'new')).toBe('OK');
  zombie.signal('SIGCONT');

  const [read, written, readAgain] = await Promise.all(asked);
  expect(written).toBeInstanceOf(RespError);
  for (const reply of [read!, readAgain!])
    expect(reply instanceof RespError ? 'refused' : textOf(reply)).not.toMatch(/old|zombie/);
  expect(textOf(await other.ask(['GET', key]))).toBe('new');
  await eyes.isWhole(3);
  expect(textOf(await other.ask(['GET', key]))).toBe('new');
  before.close();
  other.close();
});

test('no INCR of a cluster client is carried out twice, whatever happens to leaders', async () => {
  const { ring, eyes } = stage;
  const cluster = new Cluster(
    ring.nodes.map(({ clusterPort: port }) => ({ host: '127.0.0.1', port })),
    { clusterRetryStrategy: () => 50 },
  );
  cluster.on('error', () => undefined);
  const counters = Array.from({ length: 24 }, (_, i) => ({
    key: `counter:${i}`,
    acknowledged: 0,
    uncertain: 0,
    refused: 0,
  }));
  let isRunning = true;
  const loops = counters.map(async (counter) => {
    while (isRunning) {
      try {
        await cluster.incr(counter.key);
        counter.acknowledged++;
      } catch (error) {
        if (String(error).includes('UNCERTAIN')) counter.uncertain++;
        else counter.refused++;
      }
    }
  });
  const sum = (): number => counters.reduce((all, { acknowledged }) => all + acknowledged, 0);
  const goesOn = async (): Promise<void> => {
    const from = sum();
    await until('it goes on', () => sum() > from + 500);
  };

  await goesOn();
  // Stands still for longer than its session.
  ring.node('n2').signal('SIGSTOP');
  await eyes.isWithout('n2');
  ring.node('n2').signal('SIGCONT');
  await eyes.isWhole(3);
  await goesOn();
  // Ends in order, and comes back.
  await ring.node('n3').end('SIGTERM');
  await goesOn();
  ring.node('n3').start();
  await eyes.isWhole(3);
  // The ensemble goes, and a node stands still meanwhile: nobody takes over, and nobody may be told anything wrong.
  await Promise.all(stage.ensemble.members.map((member) => member.stop()));
  ring.node('n1').signal('SIGSTOP');
  await until('writes are in doubt', () => counters.some(({ uncertain }) => uncertain > 0));
  ring.node('n1').signal('SIGCONT');
  await Promise.all(stage.ensemble.members.map((member) => member.start()));
  await stage.ensemble.isServing();
  await eyes.isWhole(3);
  await goesOn();

  isRunning = false;
  await Promise.all(loops);
  for (const { key, acknowledged, uncertain } of counters) {
    const value = Number(await cluster.get(key));
    expect(value, key).toBeGreaterThanOrEqual(acknowledged);
    expect(value, key).toBeLessThanOrEqual(acknowledged + uncertain);
  }
  cluster.disconnect();
});
