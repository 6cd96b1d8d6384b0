/** E1–E4 and E7 over random histories with crashes: power failures that tear what was not synced, and ends of the process. */
import { expect, test } from 'vitest';

import { History } from './history.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 40);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);

test(`${SEEDS} histories with crashes`, async () => {
  const seen: Record<string, number> = {};
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    try {
      const settings = { segmentBytes: seed % 2 === 0 ? 8192 : 20_000, reserveBytes: 0 };
      const run = await History.run({ seed, steps: 600, settings });
      for (const [what, count] of Object.entries(run)) seen[what] = (seen[what] ?? 0) + count;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  for (const [what, count] of Object.entries(seen)) expect([what, count > 0]).toEqual([what, true]);
});
