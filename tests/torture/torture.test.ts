/** A bounded run of everything: three members, every kind of fault, and the verdict. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { describeWith, KAZOO } from '../peers/peers.ts';
import { playRound } from './round.ts';
import { FAULTS, faultsOf, type PlannedFault } from './schedule.ts';

const PACE = { everyMs: 1600, forMaxMs: 3000 };
/** The machine may be busy with other suites; what is waited for comes sooner or not at all. */
const HANGS_MS = 600_000;

function first(count: number, seed: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (const planned of faultsOf(seed, PACE)) if (faults.push(planned) === count) break;
  return faults;
}

test('a schedule follows from its seed, and has every kind of fault before it repeats itself', () => {
  expect(first(40, 5)).toEqual(first(40, 5));
  expect(first(40, 5)).not.toEqual(first(40, 6));
  const kinds = first(FAULTS.length, 5).map(({ fault }) => fault);
  expect(kinds.toSorted()).toEqual(FAULTS.toSorted());
});

describeWith([KAZOO], 'three members in processes of their own', () => {
  test(
    'whatever is done to them, nothing acknowledged is lost, doubled or out of order',
    async ({ signal }) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-torture-'));
      const { failure, acknowledged, verdict, faults } = await playRound({
        seed: 1,
        folder,
        kinds: ['zabring', 'zabring', 'zabring'],
        stormMs: 10_000,
        pace: PACE,
        say: () => undefined,
        signal,
      });
      if (failure !== null)
        throw new Error(
          `${failure.kind}: ${failure.message}\nwhat there was is in ${folder}: npm run torture -- --judge ${folder}`,
        );
      expect(faults).toBeGreaterThanOrEqual(FAULTS.length);
      expect(acknowledged).toBeGreaterThan(500);
      const reached = [...verdict!.reached.keys()];
      expect(reached).toEqual(
        expect.arrayContaining([
          'a call was answered',
          'a compare-and-set was refused',
          'a multi was carried out',
          'an ephemeral ended with its session',
          'a client came back to its session',
        ]),
      );
      fs.rmSync(folder, { recursive: true, force: true });
    },
    HANGS_MS,
  );
});
