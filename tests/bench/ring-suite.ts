/**
 * Storage nodes beside redis-server, both under redis-benchmark; each name begins with `ring`.
 *
 *   memory             one node in cache mode          redis without persistence
 *   one copy           one durable node                redis that syncs before it answers
 *   three copies       three durable nodes, RF 3       the same redis, which has one copy
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { isPresent, REDIS } from '../peers/peers.ts';
import { RedisServer } from '../peers/redis.ts';
import { StorageRing } from '../peers/storage-ring.ts';
import { until } from '../peers/wait.ts';
import { OURS } from './contestants.ts';
import { cpuMsOf } from './cpu.ts';
import type { Goal } from './figures.ts';
import { inFolder } from './folder.ts';
import type { Report } from './report.ts';

const RUN = promisify(execFile);

/** As redis-benchmark takes them by itself, but for values of 100 bytes. */
const CLIENTS = 50;
const KEYS = 100_000;
const VALUE_BYTES = 100;
const REQUESTS = { 1: 50_000, 16: 500_000 } as const;
type Depth = keyof typeof REQUESTS;
type Command = 'set' | 'get';

interface Contender {
  readonly port: number;
  readonly isCluster: boolean;
  readonly pids: readonly number[];
}

interface Bout {
  readonly name: string;
  readonly conf: Readonly<Record<string, string | number>>;
  readonly nodes: number;
  readonly redis: readonly string[];
  readonly commands: readonly Command[];
  /** Of the rates, ours ÷ theirs, by depth of the pipeline. */
  readonly rates: Readonly<Record<Depth, number>>;
  /** Of the processor time of an operation, ours ÷ theirs; null where three do the work of one. */
  readonly cpu: Readonly<Record<Depth, number>> | null;
}

const ALONE = { replicaCount: 1, minInSync: 1, formNodes: 1, partitionCount: 256 };
const SYNCED = ['--appendonly', 'yes', '--appendfsync', 'always'];

const BOUTS: readonly Bout[] = [
  {
    name: 'memory',
    conf: { ...ALONE, mode: 'cache', memoryBytes: '1GiB' },
    nodes: 1,
    redis: [],
    commands: ['set', 'get'],
    rates: { 1: 0.75, 16: 0.55 },
    cpu: { 1: 1.8, 16: 2.2 },
  },
  {
    name: 'one copy',
    conf: ALONE,
    nodes: 1,
    redis: SYNCED,
    commands: ['set'],
    rates: { 1: 0.8, 16: 0.85 },
    cpu: { 1: 1.8, 16: 2.2 },
  },
  {
    name: 'three copies',
    conf: { partitionCount: 256 },
    nodes: 3,
    redis: SYNCED,
    commands: ['set'],
    rates: { 1: 0.6, 16: 0.49 },
    cpu: null,
  },
];

export async function measureRings(report: Report): Promise<void> {
  if (!isPresent(REDIS)) return;
  for (const bout of BOUTS) {
    if (!namesOf(bout).some((name) => report.isWanted({ name }))) continue;
    await inFolder(async (folder) => {
      const server = await OURS.start(folder);
      const ring = await StorageRing.start({
        nodes: bout.nodes,
        ensemble: `127.0.0.1:${server.ports[0]!}`,
        conf: bout.conf,
      });
      const redis = await RedisServer.start(bout.redis);
      try {
        await until('every slot is served', () => isServed(ring.nodes[0]!.clusterPort));
        await measureBout(report, bout, { ring, redis });
      } finally {
        await redis.stop();
        await ring.close();
        await server.stop();
      }
    });
  }
}

async function isServed(port: number): Promise<boolean> {
  const { stdout } = await RUN('/usr/bin/redis-cli', ['-p', String(port), 'CLUSTER', 'INFO']);
  return stdout.includes('cluster_slots_ok:16384');
}

function namesOf({ name, commands }: Bout): string[] {
  return commands.flatMap((command) =>
    ([1, 16] as const).map((depth) => nameOf(name, command, depth)),
  );
}

function nameOf(bout: string, command: Command, depth: Depth): string {
  return `ring: ${bout}, ${command.toUpperCase()}, ${depth} in flight`;
}

async function measureBout(
  report: Report,
  { name, commands, rates, cpu }: Bout,
  { ring, redis }: { readonly ring: StorageRing; readonly redis: RedisServer },
): Promise<void> {
  const ours: Contender = {
    port: ring.nodes[0]!.clusterPort,
    isCluster: ring.nodes.length > 1,
    pids: ring.nodes.map(({ pid }) => pid),
  };
  const theirs: Contender = { port: redis.port, isCluster: false, pids: [redis.pid] };
  for (const command of commands) {
    for (const depth of [1, 16] as const) {
      const what = nameOf(name, command, depth);
      if (!report.isWanted({ name: what })) continue;
      const times = { ours: [] as number[], theirs: [] as number[] };
      const measure = async (who: 'ours' | 'theirs'): Promise<number> => {
        const { rate, cpuUs } = await load(who === 'ours' ? ours : theirs, command, depth);
        times[who].push(cpuUs);
        return rate;
      };
      await report.pairs(
        { name: what, unit: '/s', goal: { atLeast: rates[depth] } },
        { ours: () => measure('ours'), theirs: () => measure('theirs') },
      );
      if (cpu === null) continue;
      const goal: Goal = { atMost: cpu[depth] };
      report.add({ name: `${what}, processor`, unit: 'µs', goal, ...times });
    }
  }
}

async function load(
  { port, isCluster, pids }: Contender,
  command: Command,
  depth: Depth,
): Promise<{ rate: number; cpuUs: number }> {
  const requests = REQUESTS[depth];
  const before = pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  const { stdout } = await RUN('/usr/bin/redis-benchmark', [
    ...['-p', String(port), '-c', String(CLIENTS), '-n', String(requests), '-r', String(KEYS)],
    ...['-d', String(VALUE_BYTES), '-P', String(depth), '-t', command, '--csv'],
    ...(isCluster ? ['--cluster'] : []),
  ]);
  const cpuMs = pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0) - before;
  const rate = Number(/"(?:SET|GET)","([\d.]+)"/.exec(stdout)?.[1]);
  if (!(rate > 0)) throw new Error(`redis-benchmark said: ${stdout}`);
  return { rate, cpuUs: (cpuMs * 1000) / requests };
}
