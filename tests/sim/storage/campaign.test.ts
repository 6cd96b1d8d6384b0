/** A short campaign of rings, so that nobody forgets; `npm run sim -- --storage --seeds 5000` is a long one. */
import { expect, test } from 'vitest';

import { runCampaign } from '../campaign.ts';
import { runStorageSeed } from './run.ts';
import { KNOWN_SEEDS } from './seeds.ts';

test('I1–I13: 30 seeds of a ring pass', async () => {
  const { exitCode, summary } = await runCampaign({
    first: 1,
    count: 30,
    threads: null,
    subject: { kind: 'ring', wishes: {} },
    say: () => undefined,
  });
  expect(exitCode, summary.join('\n')).toBe(0);
});

test.each(KNOWN_SEEDS)('seed $seed: $cause', async ({ seed, wishes }) => {
  expect((await runStorageSeed({ seed, ...wishes })).failure).toBeNull();
});

test('a seed is the same run every time', async () => {
  const tell = async (): Promise<{ story: string[]; hash: string }> => {
    const story: string[] = [];
    const wishes = { nodes: 3, members: 3, stormMs: 4000 };
    const { hash } = await runStorageSeed({
      seed: 7,
      ...wishes,
      write: (line) => story.push(line),
    });
    return { story, hash };
  };
  const first = await tell();
  expect(first.story.length).toBeGreaterThan(100);
  expect(await tell()).toEqual(first);
});
