/** One thread of a campaign: runs the seeds it is given until it is given none. */
import { parentPort, workerData } from 'node:worker_threads';

import type { SeedResult, Subject } from './campaign.ts';
import type { Failure } from './failure.ts';
import { forbidTheRealWorld } from './guard.ts';
import { runSeed } from './run.ts';
import { runStorageSeed } from './storage/run.ts';

const port = parentPort!;
const subject = workerData as Subject;
// Clients that lose their connections make thousands of errors; where one came from, `--seed` tells.
Error.stackTraceLimit = 0;

port.on('message', (seed: number | null) => {
  if (seed === null) {
    port.close();
    return;
  }
  const allow = forbidTheRealWorld();
  void run(seed).then(({ failure, virtualMs, calls, txns, probes }) => {
    allow();
    const result: SeedResult = {
      seed,
      failure: failure === null ? null : { kind: failure.kind, message: failure.message },
      virtualMs,
      calls,
      txns,
      probes: [...probes],
    };
    port.postMessage(result);
  });
});

interface Told extends Pick<SeedResult, 'virtualMs' | 'calls' | 'txns'> {
  readonly failure: Failure | null;
  readonly probes: ReadonlyMap<string, number>;
}

function run(seed: number): Promise<Told> {
  return subject.kind === 'ring'
    ? runStorageSeed({ seed, ...subject.wishes })
    : runSeed({ seed, ...subject.wishes });
}
