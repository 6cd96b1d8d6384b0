/** Copies that are not what they should be: bits that flip on a disk, and sound bytes that nobody wrote. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { RespError, textOf } from '../../../src-server/storage/resp/reply.ts';
import { slotOf } from '../../../src-server/storage/ring/slots.ts';
import type { StorageNodeProcess } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { PLATFORM } from './control-stage.ts';
import { statusAt } from './ring-eyes.ts';
import { RingStage } from './ring-stage.ts';
import { flipBit, rewriteValues } from './spoilt.ts';

/** Of the test's rings. */
const PARTITIONS = 16;
const HEALED_MS = 60_000;
const KEYS = Array.from({ length: 200 }, (_, i) => `key:${i}`);

let stage: RingStage;
let client: RespClient;

beforeEach(async () => {
  stage = await RingStage.set({ conf: { scrubWithinMs: 2000, compareWithinMs: 2000 } });
  client = await clientAt(stage.ring.node('n2'));
  for (const key of KEYS) await client.call('SET', key, valueOf(key));
});

afterEach(async () => {
  client.close();
  await stage.close();
});

function clientAt({ proxyPort: port }: StorageNodeProcess): Promise<RespClient> {
  return RespClient.connect({ net: PLATFORM.net, host: '127.0.0.1', port, timeoutMs: 5000 });
}

function valueOf(key: string): string {
  return `the one and only value of ${key}.`;
}

function partitionOf(key: string): number {
  return Math.floor(slotOf(Buffer.from(key)) / (16384 / PARTITIONS));
}

/** What was written, or a refusal. */
async function readAll(): Promise<number> {
  let refused = 0;
  for (const key of KEYS) {
    const reply = await client.ask(['GET', key]);
    if (reply instanceof RespError) refused++;
    else expect(textOf(reply)).toBe(valueOf(key));
  }
  return refused;
}

async function isSound(): Promise<void> {
  await stage.eyes.isWhole(3);
  for (const node of stage.ring.nodes) {
    await until(`${node.id} has nothing that is damaged`, async () => {
      return (await statusAt(node)).get('damaged-partitions') === '0';
    });
  }
  await stage.eyes.areCopiesEqual(stage.ring.nodes);
  expect(await readAll()).toBe(0);
}

test('a bit that flips on a disk is never served, at a leader or at a follower, and is healed', async () => {
  const { ring, eyes } = stage;
  const led = KEYS.find((key) => eyes.leaderOf(partitionOf(key)) === 'n1')!;
  const followed = KEYS.find((key) => eyes.leaderOf(partitionOf(key)) === 'n2')!;
  // What was just written is in memory, where no disk can spoil it; a new start reads it from there.
  await ring.node('n1').end('SIGKILL');
  ring.node('n1').start();
  await until('it leads again', () => eyes.leaderOf(partitionOf(led)) === 'n1');
  flipBit(ring.node('n1'), valueOf(led));
  flipBit(ring.node('n1'), valueOf(followed));
  const fromMs = performance.now();
  await until('both are found', async () => {
    await readAll();
    return ring.node('n1').output.split('bytes of a partition are not what was written').length > 2;
  });
  const foundMs = performance.now();
  await isSound();
  const healedMs = performance.now() - foundMs;
  process.stdout.write(
    `bit rot: found after ${(foundMs - fromMs).toFixed()} ms, healed in ${healedMs.toFixed()} ms\n`,
  );
  expect(healedMs).toBeLessThan(HEALED_MS);
});

test('a bit that flipped while its node was down is found by the next start, and healed', async () => {
  const { ring } = stage;
  await ring.node('n3').end('SIGKILL');
  flipBit(ring.node('n3'), valueOf(KEYS[0]!));
  ring.node('n3').start();
  await until('it is found', async () => {
    await readAll();
    return ring.node('n3').output.includes('bytes of a partition are not what was written');
  });
  await isSound();
});

test('a copy with sound bytes that nobody wrote is found by comparison, told of, and made again', async () => {
  const { ring, eyes } = stage;
  const partition = partitionOf(KEYS[0]!);
  const spoilt = eyes.leaderOf(partition) === 'n1' ? 'n3' : 'n1';
  await ring.node(spoilt).end('SIGTERM');
  expect(await rewriteValues(ring.node(spoilt), partition)).toBeGreaterThan(0);
  ring.node(spoilt).start();
  await until('some leader tells of it', async () => {
    const all = await Promise.all(ring.without(spoilt).map((node) => statusAt(node)));
    return all.some((status) => status.get('last-difference')?.includes(`of ${spoilt}`));
  });
  expect(ring.node(spoilt).output).toContain('most copies differ from the one here');
  await isSound();
  const comparedSince = Number((await statusAt(ring.node('n2'))).get('compared'));
  await until('all were compared again, and no more differ', async () => {
    const status = await statusAt(ring.node('n2'));
    return Number(status.get('compared')) > comparedSince + PARTITIONS;
  });
});
