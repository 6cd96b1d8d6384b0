/**
 * How soon a ring is whole again, in figures of its own; each name begins with `ring mends`. Beside each stands what it is measured
 * against: the time a session lasts, the time a lost node is waited for, what copies may take of a link.
 *
 *   a leader is killed     until every key that it led takes a write
 *   a node ends in order   the longest that a write had to wait
 *   a node stays away      until the first byte of a new copy has arrived, and how fast the rest follows
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { RespClient } from '../../src-server/storage/resp/client.ts';
import { RespError } from '../../src-server/storage/resp/reply.ts';
import { slotOf } from '../../src-server/storage/ring/slots.ts';
import { PLATFORM } from '../integration/storage/control-stage.ts';
import { copiesAt, statusAt } from '../integration/storage/ring-eyes.ts';
import { RingStage } from '../integration/storage/ring-stage.ts';
import type { StorageNodeProcess } from '../peers/storage-ring.ts';
import { until } from '../peers/wait.ts';
import type { Measure, Report } from './report.ts';

const SESSION_MS = 2000;
const DOWN_OUT_MS = 1000;
const PARTITIONS = 64;
const MIB = 0x10_0000;
const RATE = 2 * MIB;
const LATE_MS = 60_000;

const FAIL_OVER: Measure = {
  name: 'ring mends: a leader is killed, to its last key written',
  unit: 'ms',
  goal: { oursAtMost: SESSION_MS + 500 },
};
const HAND_OVER: Measure = {
  name: 'ring mends: a node ends in order, longest write',
  unit: 'ms',
  goal: { oursAtMost: 50 },
};
const HAND_BACK: Measure = {
  name: 'ring mends: it leads again, longest write',
  unit: 'ms',
  goal: { oursAtMost: 50 },
};
const FIRST_BYTE: Measure = {
  name: 'ring mends: a node is lost, to the first byte copied',
  unit: 'ms',
  goal: { oursAtMost: DOWN_OUT_MS + 2000 },
};
const COPY_RATE: Measure = {
  name: 'ring mends: copies, of what sources may send',
  unit: 'MiB/s',
  goal: { atLeast: 0.7 },
};

export async function measureRecovery(report: Report): Promise<void> {
  if ([FAIL_OVER, HAND_OVER, HAND_BACK].some((measure) => report.isWanted(measure)))
    await measureLeaders(report);
  if ([FIRST_BYTE, COPY_RATE].some((measure) => report.isWanted(measure)))
    await measureRepair(report);
}

// --- leaders ---

async function measureLeaders(report: Report): Promise<void> {
  const times = { failOver: [] as number[], handOver: [] as number[], handBack: [] as number[] };
  const conf = { partitionCount: PARTITIONS, sessionTimeoutMs: SESSION_MS, parkMs: LATE_MS };
  const stage = await RingStage.set({ conf });
  try {
    for (let round = 0; round < report.rounds; round++) {
      times.failOver.push(await failOver(stage));
      const { outMs, backMs } = await handOver(stage);
      times.handOver.push(outMs);
      times.handBack.push(backMs);
    }
  } finally {
    await stage.close();
  }
  const against = (ms: number): number[] => times.failOver.map(() => ms);
  report.add({ ...FAIL_OVER, ours: times.failOver, theirs: against(SESSION_MS) });
  report.add({ ...HAND_OVER, ours: times.handOver, theirs: against(SESSION_MS) });
  report.add({ ...HAND_BACK, ours: times.handBack, theirs: against(SESSION_MS) });
}

async function failOver({ ring, eyes }: RingStage): Promise<number> {
  const client = await clientAt(ring.node('n2'));
  const keys = keysLedBy('n1', eyes);
  await Promise.all(keys.map((key) => insist(client, key)));
  const killed = ring.node('n1').end('SIGKILL');
  const fromMs = performance.now();
  await killed;
  await Promise.all(keys.map((key) => insist(client, key)));
  const tookMs = performance.now() - fromMs;
  client.close();
  ring.node('n1').start();
  await leadsAgain('n1', eyes);
  return tookMs;
}

/** Again and again until it is written: a person waits as long, too. */
async function insist(client: RespClient, key: string, value = 'x'): Promise<void> {
  while ((await client.ask(['SET', key, value])) instanceof RespError) await sleep(1);
}

async function handOver({ ring, eyes }: RingStage): Promise<{ outMs: number; backMs: number }> {
  const keys = keysLedBy('n1', eyes);
  const client = await clientAt(ring.node('n2'));
  const writers = new Writers(client, keys);
  await writers.longestWhile(() => sleep(200));
  const outMs = await writers.longestWhile(() => ring.node('n1').end('SIGTERM'));
  ring.node('n1').start();
  const backMs = await writers.longestWhile(() => leadsAgain('n1', eyes));
  await writers.stop();
  client.close();
  return { outMs, backMs };
}

async function leadsAgain(id: string, eyes: RingStage['eyes']): Promise<void> {
  await eyes.isWhole(3);
  const share = Math.floor(PARTITIONS / 3);
  await until(`${id} leads its share`, () => eyes.ledBy(id) >= share, LATE_MS);
}

/** One write after the other to each key. */
class Writers {
  #isRunning = true;
  #longestMs = 0;
  readonly #loops: Promise<void>[];

  constructor(client: RespClient, keys: readonly string[]) {
    this.#loops = keys.map(async (key) => {
      while (this.#isRunning) {
        const fromMs = performance.now();
        await insist(client, key);
        this.#longestMs = Math.max(this.#longestMs, performance.now() - fromMs);
        // What is measured is one key's wait, not what the others leave of a core.
        await sleep(5);
      }
    });
  }

  async longestWhile(work: () => Promise<unknown>): Promise<number> {
    this.#longestMs = 0;
    await work();
    return this.#longestMs;
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#loops);
  }
}

// --- copies ---

async function measureRepair(report: Report): Promise<void> {
  const firstByte: number[] = [];
  const rates: number[] = [];
  const bounds: number[] = [];
  for (let round = 0; round < report.rounds; round++) {
    const stage = await RingStage.set({
      nodes: 5,
      conf: {
        partitionCount: PARTITIONS,
        sessionTimeoutMs: SESSION_MS,
        downOutMs: DOWN_OUT_MS,
        transferBytesPerSecond: RATE,
      },
      confOf: (id) => ({ zone: id }),
    });
    try {
      const { firstByteMs, bytesPerSecond, sources } = await repair(stage);
      firstByte.push(firstByteMs);
      rates.push(bytesPerSecond / MIB);
      bounds.push((sources * RATE) / MIB);
    } finally {
      await stage.close();
    }
  }
  report.add({ ...FIRST_BYTE, ours: firstByte, theirs: firstByte.map(() => DOWN_OUT_MS) });
  report.add({ ...COPY_RATE, ours: rates, theirs: bounds });
}

async function repair({ ring, eyes }: RingStage): Promise<{
  firstByteMs: number;
  bytesPerSecond: number;
  sources: number;
}> {
  await fill(ring.node('n2'), 32 * MIB);
  const lost = ring.node('n1');
  const bytes = [...(await copiesAt(lost)).values()].reduce((sum, copy) => sum + copy.bytes, 0);
  const others = ring.without('n1');
  await lost.end('SIGKILL');
  await until('it is found missing', () => !eyes.knows('n1'));
  const lostMs = performance.now();
  const before = await heldBy(others);
  await until('a first byte has come', async () => (await heldBy(others)) > before, LATE_MS);
  const firstMs = performance.now();
  await until(
    'nothing is wanted of it',
    () => eyes.partitions.every(({ replicas }) => !replicas.includes('n1' as never)),
    LATE_MS,
  );
  await eyes.isWhole(3);
  const tookS = (performance.now() - firstMs) / 1000;
  return { firstByteMs: firstMs - lostMs, bytesPerSecond: bytes / tookS, sources: others.length };
}

/** Bytes that these nodes have of all partitions. */
async function heldBy(nodes: readonly StorageNodeProcess[]): Promise<number> {
  const all = await Promise.all(nodes.map((node) => statusAt(node)));
  return all.reduce((sum, status) => sum + Number(status.get('live-bytes')), 0);
}

async function fill(node: StorageNodeProcess, bytes: number): Promise<void> {
  const client = await clientAt(node);
  const value = 'v'.repeat(8192);
  const count = Math.floor(bytes / value.length);
  for (let from = 0; from < count; from += 256) {
    const some = Array.from({ length: Math.min(256, count - from) }, (_, i) => from + i);
    await Promise.all(some.map((i) => insist(client, `key:${i}`, value)));
  }
  client.close();
}

function clientAt({ proxyPort: port }: StorageNodeProcess): Promise<RespClient> {
  const { net } = PLATFORM;
  return RespClient.connect({ net, host: '127.0.0.1', port, timeoutMs: LATE_MS });
}

/** One for each of its partitions. */
function keysLedBy(id: string, eyes: RingStage['eyes']): string[] {
  const keys = new Map<number, string>();
  for (let i = 0; keys.size < PARTITIONS; i++) {
    const partition = Math.floor(slotOf(Buffer.from(`key:${i}`)) / (16384 / PARTITIONS));
    if (!keys.has(partition)) keys.set(partition, `key:${i}`);
  }
  return [...keys].filter(([partition]) => eyes.leaderOf(partition) === id).map(([, key]) => key);
}
