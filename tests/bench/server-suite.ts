/** One server of ours beside one of Apache's. */
import { JAVA, OURS, type Running } from './contestants.ts';
import type { Measure, Report } from './report.ts';
import { measureSideBySide, type Workload } from './side-by-side.ts';
import { creates, largeTree, startTime, throughput, writeLatency } from './workloads.ts';

const CREATES_PER_CONNECTION = 4000;

export async function measureServers(report: Report, forMs: number): Promise<void> {
  await measureRunning(report, forMs);
  await report.pairs(
    { name: 'start to first request', unit: 'ms', goal: { atMost: 0.4 } },
    { ours: () => startTime(OURS), theirs: () => startTime(JAVA) },
  );
  await measureLargeTree(report);
}

async function measureRunning(report: Report, forMs: number): Promise<void> {
  const rate = (
    name: string,
    atLeast: number,
    measure: Workload<Running>['measure'],
  ): Workload<Running> => ({
    name,
    unit: '/s',
    goal: { atLeast },
    measure,
  });
  const workloads: readonly Workload<Running>[] = [
    rate('getData, 16 in flight', 3, (server) =>
      throughput(server, 'getData', { inFlight: 16, forMs }),
    ),
    rate('setData, 16 in flight', 2, (server) =>
      throughput(server, 'setData', { inFlight: 16, forMs }),
    ),
    rate('create, 16 in flight', 2, (server) => creates(server, CREATES_PER_CONNECTION)),
    rate('getData, 1 in flight', 1, (server) =>
      throughput(server, 'getData', { inFlight: 1, forMs }),
    ),
    rate('setData, 1 in flight', 1, (server) =>
      throughput(server, 'setData', { inFlight: 1, forMs }),
    ),
    { name: 'setData, one connection', unit: 'ms', goal: { atMost: 1 }, measure: writeLatency },
  ];
  await measureSideBySide(report, { ours: OURS, theirs: JAVA }, workloads, forMs);
}

async function measureLargeTree(report: Report): Promise<void> {
  const memory: Measure = { name: 'memory, 1,000,000 nodes', unit: 'MB', goal: { atMost: 0.6 } };
  const recovery: Measure = { name: 'recovery, 1,000,000 nodes', unit: 'ms', goal: { atMost: 1 } };
  if (!report.isWanted(memory) && !report.isWanted(recovery)) return;
  const ours = await largeTree(OURS, report.rounds);
  const theirs = await largeTree(JAVA, report.rounds);
  report.add({
    ...memory,
    ours: [ours.residentBytes / 1e6],
    theirs: [theirs.residentBytes / 1e6],
  });
  report.add({ ...recovery, ours: ours.recoveryMs, theirs: theirs.recoveryMs });
}
