/** The checkers find what is broken on purpose: a simulator that passes everything says nothing. */
import { expect, test } from 'vitest';

import type { Sabotage } from './cluster.ts';
import type { FailureKind } from './failure.ts';
import { runSeed } from './run.ts';
import * as sabotage from './sabotage.ts';
import type { SwarmWishes } from './swarm.ts';

const SEEDS_MAX = 500;
const ALONE: SwarmWishes = { members: 1, stormMs: 10_000 };
const THREE: SwarmWishes = { members: 3, stormMs: 15_000 };

interface Mutant {
  readonly name: string;
  readonly sabotage: () => Sabotage;
  readonly wishes: SwarmWishes;
  /** What it can show as. */
  readonly kinds: readonly FailureKind[];
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'a disk whose sync lies',
    sabotage: () => sabotage.LYING_SYNCS,
    wishes: ALONE,
    kinds: ['durability', 'order', 'results', 'reads', 'sessions', 'watches', 'recovery', 'digest'],
  },
  {
    name: 'a network that reorders',
    sabotage: () => sabotage.OVERTAKING,
    wishes: ALONE,
    kinds: ['durability', 'order', 'results', 'reads', 'watches', 'liveness', 'exception'],
  },
  {
    name: 'sessions that end early',
    sabotage: () => sabotage.HASTY_TIMERS,
    wishes: ALONE,
    kinds: ['sessions'],
  },
  {
    name: 'notifications that are lost',
    sabotage: () => sabotage.lostNotifications(50),
    wishes: ALONE,
    kinds: ['watches'],
  },
  {
    name: 'notifications behind the answers that show the change',
    sabotage: () => sabotage.LATE_NOTIFICATIONS,
    wishes: ALONE,
    kinds: ['watches'],
  },
  {
    name: 'a member that takes itself for a quorum',
    sabotage: () => sabotage.QUORUM_OF_ONE,
    wishes: THREE,
    kinds: ['agreement', 'durability', 'liveness', 'exception', 'log'],
  },
  {
    name: 'members that acknowledge before their disks have it',
    sabotage: () => sabotage.LYING_SYNCS,
    wishes: THREE,
    kinds: [
      'agreement',
      'durability',
      'order',
      'results',
      'reads',
      'sessions',
      'watches',
      'recovery',
    ],
  },
  {
    name: 'a learner that keeps what was never decided',
    sabotage: () => sabotage.SKIPPED_TRUNC,
    wishes: THREE,
    kinds: ['agreement', 'durability', 'exception', 'digest', 'log', 'liveness'],
  },
  {
    name: 'members that forget the epoch they accepted',
    sabotage: () => sabotage.FORGOTTEN_ACCEPTED_EPOCH,
    // Two leaders of one epoch come about only where all who knew of the first one start again.
    wishes: { ...THREE, faults: ['kill', 'power', 'isolation'], faultEveryMs: 200 },
    kinds: ['agreement', 'durability', 'exception', 'digest', 'log', 'liveness', 'recovery'],
  },
  {
    name: 'a leader that commits without a quorum',
    sabotage: () => sabotage.NO_QUORUM,
    wishes: THREE,
    kinds: ['agreement', 'durability', 'reads', 'results', 'exception', 'log'],
  },
  {
    name: 'a leader that counts observers',
    sabotage: () => sabotage.COUNTED_OBSERVERS,
    wishes: { members: 5, observers: 0, stormMs: 15_000 },
    // Two leaders in peace, each with enough to go on, is one way to see it.
    kinds: ['agreement', 'durability', 'reads', 'results', 'exception', 'log', 'liveness'],
  },
];

test.each(MUTANTS)('$name', { timeout: 600_000 }, async ({ sabotage: plant, wishes, kinds }) => {
  let found: FailureKind | null = null;
  let seed = 0;
  while (found === null && seed < SEEDS_MAX) {
    const { failure } = await runSeed({ seed: ++seed, ...wishes, sabotage: plant() });
    found = failure?.kind ?? null;
  }
  expect(kinds).toContain(found);
});
