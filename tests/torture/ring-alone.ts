/**
 * `npm run torture:ring`: a ring of three nodes whose whole ensemble is away for as long as asked. Clients read and write all the
 * time; not one of them may be refused, left in doubt, or shown something old.
 *
 *   npm run torture:ring -- [--minutes 10] [--rest 5]        rest: how long each of 18 clients waits between two requests, ms
 */
import { parseArgs } from 'node:util';

import { RingEyes } from '../integration/storage/ring-eyes.ts';
import { RingLoad } from '../integration/storage/ring-load.ts';
import { StorageRing } from '../peers/storage-ring.ts';
import { until } from '../peers/wait.ts';
import { OwnEnsemble } from '../peers/zabring-ensemble.ts';

const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rest: { type: 'string', default: '5' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const ensemble = await OwnEnsemble.start(['participant', 'participant', 'participant']);
const connect = ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
const ring = await StorageRing.start({ nodes: 3, ensemble: connect });
const eyes = new RingEyes(ensemble.members[0]!.port);
try {
  await eyes.isWhole(3);
  const load = new RingLoad(ring.nodes, { restMs: Number(values.rest) });
  await until('writes are acknowledged', () => load.acknowledged > 200);
  await Promise.all(ensemble.members.map((member) => member.stop()));
  const begin = { writes: load.acknowledged, reads: load.reads };
  say('the ensemble is gone');
  const minutes = Number(values.minutes);
  const fromMs = performance.now();
  for (let minute = 1; minute <= minutes; minute++) {
    await until(
      'a minute has passed',
      () => performance.now() > fromMs + minute * MINUTE_MS,
      2 * MINUTE_MS,
    );
    const refused = [...load.refused].map(([code, times]) => `${times} × ${code}`).join(', ');
    say(
      `minute ${minute}: ${load.acknowledged - begin.writes} writes, ${load.reads - begin.reads} reads, refused: ${refused || 'none'}`,
    );
  }
  const refusedWithout = new Map(load.refused);
  await Promise.all(ensemble.members.map((member) => member.start()));
  await ensemble.isServing();
  await eyes.isWhole(3);
  const { acknowledged, reads, uncertain, violations } = await load.stop();
  await eyes.areCopiesEqual(ring.nodes);
  const isSound = refusedWithout.size === 0 && uncertain === 0 && violations.length === 0;
  for (const violation of violations) say(`WRONG ${violation}`);
  say(
    `${acknowledged} writes and ${reads} reads in all, ${uncertain} uncertain; ` +
      (isSound ? 'nothing failed, nothing was lost' : 'FAILED'),
  );
  if (!isSound) process.exitCode = 1;
} finally {
  await eyes.close();
  await ring.close();
  await ensemble.close();
}
