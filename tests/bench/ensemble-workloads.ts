/** What is measured of an ensemble beyond its throughput, each as a figure of one ensemble in one round. */
import type { EnsembleContestant, MembersEnsemble, RunningEnsemble } from './ensembles.ts';
import { quantile } from './figures.ts';
import { inFolder } from './folder.ts';
import { firstWrite, Load } from './load.ts';
import { DATA, PATHS, prepare } from './workloads.ts';

export const ENSEMBLE_CONNECTIONS = 48;
const TREE_NODES = 1_000_000;
const FILL_CONNECTIONS = 40;
/** A load that leaves either ensemble most of its time. */
const CLIENTS_PER_SECOND = 400;
const CLIENTS_CONNECTIONS = 16;
const QUIET_MS = 10_000;
const WORK_MS = 4000;
const REST_MS = 5000;

/** Milliseconds from the start of three processes on empty directories to the first acknowledged write. */
export function ensembleStart(contestant: EnsembleContestant<MembersEnsemble>): Promise<number> {
  return inFolder(async (folder) => {
    const ensemble = await contestant.start(folder);
    await ensemble.stop();
    return ensemble.startedInMs;
  });
}

/** Milliseconds from the kill -9 of the leader to the next acknowledged write, of any client that tries all members. */
export async function failOver(ensemble: MembersEnsemble): Promise<number> {
  const leader = await ensemble.leader();
  const others = ensemble.members.filter((member) => member !== leader);
  const killedMs = performance.now();
  await leader.end('SIGKILL');
  await firstWrite(
    others.map(({ port }) => port),
    () => {
      for (const member of others) member.expectRunning();
    },
  );
  const tookMs = performance.now() - killedMs;
  leader.restart();
  for (const member of ensemble.members) await member.answers();
  return tookMs;
}

/** Bytes of three members that have worked for a while, and that nobody uses at the moment. */
export function atRest(contestant: EnsembleContestant): Promise<number> {
  return inFolder(async (folder) => {
    const ensemble: RunningEnsemble = await contestant.start(folder);
    await prepare(ensemble, WORK_MS);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const bytes = ensemble.residentBytes();
    await ensemble.stop();
    return bytes;
  });
}

export interface CatchUp {
  /** From the start of an empty member to its first answer, a snapshot of a million nodes later. */
  readonly caughtUpMs: readonly number[];
  /** 99th percentile of what clients of the others waited meanwhile ÷ the same in quiet. */
  readonly slowdowns: readonly number[];
}

export function catchUp(
  contestant: EnsembleContestant<MembersEnsemble>,
  rounds: number,
): Promise<CatchUp> {
  return inFolder(async (folder) => {
    const ensemble = await contestant.start(folder);
    const fill = await Load.connect(ensemble.ports, FILL_CONNECTIONS);
    const parents = PATHS.slice(0, FILL_CONNECTIONS);
    await fill.prepare(PATHS, DATA);
    await fill.fill({
      parents,
      data: DATA,
      inFlight: 16,
      perConnection: TREE_NODES / FILL_CONNECTIONS,
    });
    fill.close();
    const leader = await ensemble.leader();
    const late = ensemble.members.find((member) => member !== leader)!;
    const others = ensemble.members.filter((member) => member !== late);
    const clients = await Load.connect(
      others.map(({ port }) => port),
      CLIENTS_CONNECTIONS,
    );
    const p99 = async (isOver: () => boolean): Promise<number> =>
      quantile(
        await clients.paced({ paths: PATHS, data: DATA, perSecond: CLIENTS_PER_SECOND, isOver }),
        0.99,
      );
    const caughtUpMs: number[] = [];
    const slowdowns: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await late.end('SIGKILL');
      late.wipe();
      const quietEndMs = performance.now() + QUIET_MS;
      const quiet = await p99(() => performance.now() > quietEndMs);
      const startedMs = performance.now();
      late.restart();
      let isBack = false;
      const back = late.answers().then(() => {
        isBack = true;
        caughtUpMs.push(performance.now() - startedMs);
      });
      const busy = await p99(() => isBack);
      await back;
      slowdowns.push(busy / quiet);
    }
    clients.close();
    await ensemble.stop();
    return { caughtUpMs, slowdowns };
  });
}
