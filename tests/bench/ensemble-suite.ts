/** Three members of ours beside three of Apache's; each name begins with `ensemble`. */
import {
  atRest,
  catchUp,
  ENSEMBLE_CONNECTIONS,
  ensembleStart,
  failOver,
} from './ensemble-workloads.ts';
import {
  JAVA_ENSEMBLE,
  type MembersEnsemble,
  OUR_ENSEMBLE,
  OUR_LOCAL_ENSEMBLE,
} from './ensembles.ts';
import type { Measure, Report } from './report.ts';
import { measureSideBySide, type Workload } from './side-by-side.ts';
import { throughput, writeLatency } from './workloads.ts';

export async function measureEnsembles(report: Report, forMs: number): Promise<void> {
  await measureRunning(report, forMs);
  await report.pairs(
    { name: 'ensemble: start to first write', unit: 'ms', goal: { atMost: 0.5 } },
    { ours: () => ensembleStart(OUR_ENSEMBLE), theirs: () => ensembleStart(JAVA_ENSEMBLE) },
  );
  const megabytes = async (bytes: Promise<number>): Promise<number> => (await bytes) / 1e6;
  await report.pairs(
    { name: 'ensemble: memory at rest after work', unit: 'MB', goal: { atMost: 0.25 } },
    {
      ours: () => megabytes(atRest(OUR_LOCAL_ENSEMBLE)),
      theirs: () => megabytes(atRest(JAVA_ENSEMBLE)),
    },
  );
  await measureCatchUp(report);
}

async function measureRunning(report: Report, forMs: number): Promise<void> {
  const connections = ENSEMBLE_CONNECTIONS;
  const workloads: readonly Workload<MembersEnsemble>[] = [
    ...(
      [
        ['setData, 16 in flight', 'setData', 16, 2],
        ['setData, 1 in flight', 'setData', 1, 1.2],
        ['getData, 16 in flight', 'getData', 16, 2.5],
        ['90/10 mix, 16 in flight', 'mixed', 16, 2.5],
      ] as const
    ).map(([name, op, inFlight, atLeast]) => ({
      name: `ensemble: ${name}`,
      unit: '/s',
      goal: { atLeast },
      measure: (ensemble: MembersEnsemble) =>
        throughput(ensemble, op, { inFlight, forMs, connections }),
    })),
    {
      name: 'ensemble: setData, one connection',
      unit: 'ms',
      goal: { atMost: 1 },
      measure: writeLatency,
    },
    {
      name: 'ensemble: leader killed to next write',
      unit: 'ms',
      goal: { atMost: 0.7 },
      measure: failOver,
    },
  ];
  await measureSideBySide(report, { ours: OUR_ENSEMBLE, theirs: JAVA_ENSEMBLE }, workloads, forMs);
}

async function measureCatchUp(report: Report): Promise<void> {
  const time: Measure = {
    name: 'ensemble: snapshot of 1,000,000 nodes',
    unit: 'ms',
    goal: { atMost: 1 },
  };
  const slowdown: Measure = {
    name: 'ensemble: p99 meanwhile ÷ quiet p99',
    unit: '×',
    goal: { oursAtMost: 2 },
  };
  if (!report.isWanted(time) && !report.isWanted(slowdown)) return;
  const ours = await catchUp(OUR_ENSEMBLE, report.rounds);
  const theirs = await catchUp(JAVA_ENSEMBLE, report.rounds);
  report.add({ ...time, ours: ours.caughtUpMs, theirs: theirs.caughtUpMs });
  report.add({ ...slowdown, ours: ours.slowdowns, theirs: theirs.slowdowns });
}
