/** A short campaign, so that nobody forgets; `npm run sim -- --seeds 5000` is a long one. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { runCampaign } from './campaign.ts';
import { runSeed } from './run.ts';
import { KNOWN_SEEDS } from './seeds/known.ts';

test('100 seeds pass, and reach what they should', async () => {
  const { exitCode, summary } = await runCampaign({
    first: 1,
    count: 100,
    threads: null,
    subject: { kind: 'ensemble', wishes: {} },
    say: () => undefined,
  });
  expect(exitCode, summary.join('\n')).toBe(0);
});

test.each(KNOWN_SEEDS)('seed $seed: $cause', async ({ seed, wishes }) => {
  expect((await runSeed({ seed, ...wishes })).failure).toBeNull();
});

test.each([1, 3])('a seed is the same run every time, with %i members', async (members) => {
  const tell = async (): Promise<{ story: string[]; hash: string }> => {
    const story: string[] = [];
    const wishes = { members, stormMs: 5000 };
    const { hash } = await runSeed({ seed: 7, ...wishes, write: (line) => story.push(line) });
    return { story, hash };
  };
  const first = await tell();
  expect(first.story.length).toBeGreaterThan(100);
  expect(await tell()).toEqual(first);

  // Nor does it matter whether somebody listens, or which process it is; that one may touch no real clock.
  const main = path.join(import.meta.dirname, 'main.ts');
  const said = await promisify(execFile)(process.execPath, [
    main,
    '--seed=7',
    `--members=${members}`,
    `--minutes=${5 / 60}`,
    '--quiet',
  ]);
  expect(said.stdout).toContain(`hash ${first.hash}`);
});
