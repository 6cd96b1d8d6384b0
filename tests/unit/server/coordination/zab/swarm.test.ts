/** Two hundred worlds of peers that crash and are cut off, and come together again. */
import { expect, test } from 'vitest';

import { Swarm } from '../../../../sim/zab/swarm.ts';

test.each([1, 51, 101, 151])('fifty seeds from %i agree, lose nothing and heal', (first) => {
  let epochs = 0;
  for (let seed = first; seed < first + 50; seed++) {
    const swarm = new Swarm(seed);
    try {
      epochs += swarm.run().epochs;
    } catch (error) {
      throw new Error(`seed ${seed}: ${swarm.judge.story.slice(-20).join('\n')}`, { cause: error });
    }
  }
  expect(epochs).toBeGreaterThan(100);
});

test('fifty seeds with groups and weights, too', () => {
  let epochs = 0;
  for (let seed = 1; seed <= 50; seed++) {
    const swarm = new Swarm(seed, 'groups');
    try {
      epochs += swarm.run().epochs;
    } catch (error) {
      throw new Error(`seed ${seed}: ${swarm.judge.story.slice(-20).join('\n')}`, { cause: error });
    }
  }
  expect(epochs).toBeGreaterThan(100);
});

test.each([
  [139, 'a next view that was given up kept a voter from joining'],
  [263, 'a voter by a view it had not heard of voted in a round of its own'],
  [276, 'a snapshot was saved, its epoch was not, and the next leader asked for a cut'],
  [328, 'old voters became observers with proposals outstanding'],
  [1030, 'the only voter of the next view still observed'],
  [1235, 'a reconfiguration went without the new view'],
  [11733, 'the log was purged between two pieces, and the hole lay at the beginning of an epoch'],
])('seed %i: %s', (seed) => {
  expect(new Swarm(seed).run().epochs).toBeGreaterThan(0);
});
