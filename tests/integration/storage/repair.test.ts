/** Copies that are lost and made again: whoever gives one, and whoever takes it, is killed on the way. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { textOf } from '../../../src-server/storage/resp/reply.ts';
import { slotOf } from '../../../src-server/storage/ring/slots.ts';
import type { StorageNodeProcess } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { PLATFORM } from './control-stage.ts';
import { statusAt } from './ring-eyes.ts';
import { RingStage } from './ring-stage.ts';

const MIB = 0x10_0000;
const PARTITIONS = 16;
/** One partition with some twelve chunks in it. */
const PARTITION = Math.floor(slotOf(Buffer.from('{heavy}')) / (16384 / PARTITIONS));
const COUNT = 768;
const VALUE_BYTES = 8192;
/** A second and a half for all of it: time enough to be killed on the way. */
const RATE = 4 * MIB;

let stage: RingStage;

beforeEach(async () => {
  stage = await RingStage.set({
    nodes: 4,
    conf: { downOutMs: 500, transferBytesPerSecond: RATE, minInSync: 1 },
  });
});

afterEach(async () => {
  await stage.close();
});

function clientAt({ proxyPort: port }: StorageNodeProcess): Promise<RespClient> {
  return RespClient.connect({ net: PLATFORM.net, host: '127.0.0.1', port, timeoutMs: 5000 });
}

function valueOf(i: number): string {
  return `${i} `.repeat(VALUE_BYTES).slice(0, VALUE_BYTES);
}

async function fill(node: StorageNodeProcess): Promise<void> {
  const client = await clientAt(node);
  const writes = Array.from({ length: COUNT }, (_, i) =>
    client.call('SET', `{heavy}:${i}`, valueOf(i)),
  );
  await Promise.all(writes);
  client.close();
}

/** Bytes that this start of a node has written. */
async function writtenAt(node: StorageNodeProcess): Promise<number> {
  return Number((await statusAt(node)).get('written-bytes'));
}

/** Waits until the node has taken so many bytes more. @returns how many it has written then */
async function takes(node: StorageNodeProcess, more: number): Promise<number> {
  const from = await writtenAt(node);
  let seen = from;
  await until(`${node.id} takes over ${more} bytes`, async () => {
    seen = await writtenAt(node);
    return seen >= from + more;
  });
  return seen;
}

test('a copy goes on where it broke off, whoever of the two is killed on the way', async () => {
  const { ring, eyes } = stage;
  await fill(ring.nodes[0]!);
  const { leader, replicas } = eyes.partitions[PARTITION]!;
  const [lost, kept] = replicas.filter((id) => id !== leader);
  const spare = ring.nodes.find(({ id }) => !replicas.includes(id as never))!;

  await ring.node(lost!).end('SIGKILL');
  await until('a copy is wanted elsewhere', () =>
    eyes.partitions[PARTITION]!.learners.includes(spare.id as never),
  );
  const before = await writtenAt(spare);
  // The one who takes it.
  let written = (await takes(spare, 2 * MIB)) - before;
  await spare.end('SIGKILL');
  spare.start();
  await spare.serves();
  // The one who gives it.
  await takes(spare, MIB);
  await ring.node(leader!).end('SIGKILL');
  await until('somebody else leads', () => eyes.leaderOf(PARTITION) === kept);
  ring.node(leader!).start();
  await until('it is whole', () => {
    const { inSync } = eyes.partitions[PARTITION]!;
    return [leader!, kept!, spare.id].every((id) => inSync.includes(id as never));
  });
  written += await writtenAt(spare);

  const bytes = COUNT * VALUE_BYTES;
  process.stdout.write(
    `copy: ${(bytes / MIB).toFixed(1)} MiB, ${((written - bytes) / MIB).toFixed(2)} MiB of it twice after two kills\n`,
  );
  // A chunk at most for each of them, and what else was written: heads of records, other partitions.
  expect(written - bytes).toBeLessThan(2 * MIB);
  expect(ring.nodes.some(({ output }) => output.includes('a copy begins anew'))).toBe(false);

  const client = await clientAt(spare);
  for (let i = 0; i < COUNT; i++)
    expect(textOf(await client.ask(['GET', `{heavy}:${i}`]))).toBe(valueOf(i));
  client.close();
  await eyes.isWhole(3);
  await eyes.areCopiesEqual(ring.without(lost!));
});
