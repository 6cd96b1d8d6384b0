/** What is measured, each as a figure of one server in one round. */
import type { Contestant, Target } from './contestants.ts';
import { median } from './figures.ts';
import { inFolder } from './folder.ts';
import { Load, type Op } from './load.ts';

export const CONNECTIONS = 50;
export const DATA = Buffer.alloc(100, 'x');
const WARM_UP_MS = 1000;
const LATENCY_REQUESTS = 2000;
const TREE_NODES = 1_000_000;

/** One node a connection. */
export const PATHS = Array.from({ length: CONNECTIONS }, (_, i) => `/bench-${i}`);

/** Makes the nodes that reads and writes go to, and lets a just-in-time compiler see every kind of request. */
export async function prepare(server: Target, warmUpMs: number): Promise<void> {
  const load = await Load.connect(server.ports, CONNECTIONS);
  await load.prepare(PATHS, DATA);
  for (const op of ['getData', 'setData'] as const) {
    await load.run({ op, paths: PATHS, data: DATA, inFlight: 16, warmUpMs: 0, forMs: warmUpMs });
  }
  await load.createMany({ parents: PATHS, data: DATA, inFlight: 16, perConnection: 500 });
  load.close();
}

export async function throughput(
  server: Target,
  op: Op,
  options: { readonly inFlight: number; readonly forMs: number; readonly connections?: number },
): Promise<number> {
  const load = await Load.connect(server.ports, options.connections ?? CONNECTIONS);
  const perSecond = await load.run({
    op,
    paths: PATHS,
    data: DATA,
    warmUpMs: WARM_UP_MS,
    ...options,
  });
  load.close();
  return perSecond;
}

export async function creates(server: Target, perConnection: number): Promise<number> {
  const load = await Load.connect(server.ports, CONNECTIONS);
  const perSecond = await load.createMany({
    parents: PATHS,
    data: DATA,
    inFlight: 16,
    perConnection,
  });
  load.close();
  return perSecond;
}

/** Median milliseconds of one write at a time on one connection. */
export async function writeLatency(server: Target): Promise<number> {
  const load = await Load.connect(server.ports, 1);
  await load.latencies({ path: PATHS[0]!, data: DATA, count: 200 });
  const latencies = await load.latencies({ path: PATHS[0]!, data: DATA, count: LATENCY_REQUESTS });
  load.close();
  return median(latencies);
}

/** Milliseconds from the start of the process to the first answer, on an empty directory. */
export async function startTime(contestant: Contestant): Promise<number> {
  return inFolder(async (folder) => {
    const server = await contestant.start(folder);
    await server.stop();
    return server.startedInMs;
  });
}

export interface LargeTree {
  readonly residentBytes: number;
  /** From the start of the process to the first answer with the tree there. */
  readonly recoveryMs: readonly number[];
}

/** A tree of a million nodes: memory while it serves, and how long it takes to come back. */
export async function largeTree(contestant: Contestant, recoveries: number): Promise<LargeTree> {
  return inFolder(async (folder) => {
    const server = await contestant.start(folder);
    const load = await Load.connect(server.ports, CONNECTIONS);
    await load.prepare(PATHS, DATA);
    await load.fill({
      parents: PATHS,
      data: DATA,
      inFlight: 16,
      perConnection: TREE_NODES / CONNECTIONS,
    });
    load.close();
    const residentBytes = server.residentBytes();
    await server.stop();
    const recoveryMs: number[] = [];
    for (let i = 0; i < recoveries; i++) {
      const again = await contestant.start(folder);
      recoveryMs.push(again.startedInMs);
      await again.stop();
    }
    return { residentBytes, recoveryMs };
  });
}
