/**
 * Seeds of rings that once failed, with the cause. A seed tells the same story only as long as nobody changes what a run is made
 * of; what it found has a test of its own beside the code.
 */
import type { StorageWishes } from './swarm.ts';

export interface KnownSeed {
  readonly seed: number;
  readonly wishes: StorageWishes;
  readonly cause: string;
}

export const KNOWN_SEEDS: readonly KnownSeed[] = [
  {
    seed: 1,
    wishes: {},
    cause: 'a request that came before the ring was known was carried out in the wrong partition',
  },
  {
    seed: 11,
    wishes: {},
    cause:
      'a controller could not list a history whose folder was not made yet, and said so as an error',
  },
  {
    seed: 39,
    wishes: {},
    cause: 'after the ensemble had been away, nodes took each other for dead and refused requests',
  },
  {
    seed: 14,
    wishes: {
      nodes: 3,
      members: 1,
      stormMs: 15_000,
      faultEveryMs: 400,
      faults: ['bit-flip', 'clock-set', 'ensemble-away'],
    },
    cause: 'a damaged leader that was found while the ensemble was away was never withdrawn',
  },
  {
    seed: 87,
    wishes: {},
    cause: 'a dial that a former start of a node had not answered kept the link down for seconds',
  },
  {
    seed: 2405,
    wishes: {},
    cause: 'the answer to an errand of a former start was taken for the answer to another one',
  },
  {
    seed: 1374,
    wishes: {},
    cause:
      'the ensemble was taken away while leaders were still being moved: the run, not the product',
  },
];
