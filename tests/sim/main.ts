/**
 * The simulator's command line.
 *
 *   node tests/sim/main.ts --seed 7                  one seed, its story on the screen
 *   node tests/sim/main.ts --seeds 1000 [--first 1]  a campaign, in as many threads as there are cores
 *   --storage                                        a ring of storage nodes beside an ensemble
 *   --members N   --minutes N (virtual)   --threads N   --quiet
 *
 * The exit code tells what class of failure the first failing seed was (failure.ts).
 */
import { parseArgs } from 'node:util';

import { runCampaign } from './campaign.ts';
import { FAILURE_CODES } from './failure.ts';
import { forbidTheRealWorld } from './guard.ts';
import { runSeed } from './run.ts';
import { runStorageSeed } from './storage/run.ts';

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    first: { type: 'string', default: '1' },
    members: { type: 'string' },
    minutes: { type: 'string' },
    threads: { type: 'string' },
    storage: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});

const wishes = {
  ...(values.members === undefined ? {} : { members: Number(values.members) }),
  ...(values.minutes === undefined ? {} : { stormMs: Number(values.minutes) * MINUTE_MS }),
};
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

if (values.seeds === undefined) {
  const startedMs = performance.now();
  const allow = forbidTheRealWorld();
  const seed = Number(values.seed ?? 1);
  const options = { seed, ...wishes, ...(values.quiet ? {} : { write: say }) };
  const report = values.storage ? await runStorageSeed(options) : await runSeed(options);
  allow();
  const { failure, hash, virtualMs, events, calls, txns } = report;
  const tookMs = Math.round(performance.now() - startedMs);
  say(
    `seed ${seed}: ${(virtualMs / 1000).toFixed(1)} virtual s in ${tookMs} ms, ${events} events, ${calls} requests, ` +
      `${txns} transactions, hash ${hash}`,
  );
  if (failure !== null) {
    say(`FAILED ${failure.kind}: ${failure.message}`);
    process.exitCode = FAILURE_CODES[failure.kind];
  }
} else {
  const result = await runCampaign({
    first: Number(values.first),
    count: Number(values.seeds),
    threads: values.threads === undefined ? null : Number(values.threads),
    subject: { kind: values.storage ? 'ring' : 'ensemble', wishes },
    say: values.quiet ? () => undefined : say,
  });
  for (const line of result.summary) say(line);
  process.exitCode = result.exitCode;
}
