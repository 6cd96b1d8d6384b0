/** A short campaign, so that nobody forgets; `node tests/sim/replication/main.ts 1 5000` is a long one. */
import { expect, test } from 'vitest';

import { Swarm } from './swarm.ts';

test('R1–R12: 100 seeds of faults, moves and fail-overs pass', () => {
  const sums = { writes: 0, reads: 0, staleReads: 0, discards: 0 };
  for (let seed = 1; seed <= 100; seed++) {
    const { judge } = run(seed);
    sums.writes += judge.writes;
    sums.reads += judge.reads;
    sums.staleReads += judge.staleReads;
    sums.discards += judge.discards;
  }
  // A campaign that reaches little says little.
  expect(sums.writes).toBeGreaterThan(50_000);
  expect(sums.reads).toBeGreaterThan(50_000);
  expect(sums.staleReads).toBeGreaterThan(10_000);
  expect(sums.discards).toBeGreaterThan(100);
});

function run(seed: number): Swarm {
  const swarm = new Swarm(seed);
  try {
    swarm.run();
  } catch (error) {
    throw new Error(`seed ${seed} at ${swarm.agenda.nowMs} ms`, { cause: error });
  }
  return swarm;
}
