/** One thread of a campaign: runs the seeds it is given until it is given none. */
import { parentPort, workerData } from 'node:worker_threads';

import type { SeedResult } from './campaign.ts';
import { forbidTheRealWorld } from './guard.ts';
import { runSeed } from './run.ts';
import type { SwarmWishes } from './swarm.ts';

const port = parentPort!;
const wishes = workerData as SwarmWishes;
// Clients that lose their connections make thousands of errors; where one came from, `--seed` tells.
Error.stackTraceLimit = 0;

port.on('message', (seed: number | null) => {
  if (seed === null) {
    port.close();
    return;
  }
  const allow = forbidTheRealWorld();
  void runSeed({ seed, ...wishes }).then(({ failure, virtualMs, calls, txns, probes }) => {
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
