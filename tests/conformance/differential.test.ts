/**
 * Random sessions, said byte for byte to Apache ZooKeeper 3.8.0 and to us. As 3.8 everything is equal; as 3.9 the table of
 * known differences explains the rest. Many more seeds: `npm run differential -- --seeds 5000`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { APACHE, describeWith } from '../peers/peers.ts';
import { describeComparison } from './differential/report.ts';
import { Rounds } from './differential/rounds.ts';

describeWith([APACHE], 'random sessions with both servers', () => {
  describe.each([
    { compat: '3.8', from: 1, seeds: 150 },
    { compat: '3.9', from: 151, seeds: 50 },
  ] as const)('as $compat', ({ compat, from, seeds }) => {
    let rounds: Rounds;
    beforeAll(async () => {
      rounds = await Rounds.begin(compat);
    });
    afterAll(() => rounds.stop());

    test(`${seeds} seeds are answered alike`, async () => {
      for (let seed = from; seed < from + seeds; seed++) {
        const comparison = await rounds.seed(seed);
        if (comparison.differences.unexplained.length > 0)
          expect.fail(
            `npm run differential -- --from ${seed} --compat ${compat}\n${describeComparison(comparison)}`,
          );
      }
    });
  });
});
