/** The checkers find what is broken on purpose: a simulator that passes everything says nothing. */
import { expect, test } from 'vitest';

import type { FailureKind } from '../failure.ts';
import type { Sabotage } from './ring.ts';
import { runStorageSeed } from './run.ts';
import * as sabotage from './sabotage.ts';
import type { StorageWishes } from './swarm.ts';

const SEEDS_MAX = 100;

interface Mutant {
  readonly name: string;
  readonly sabotage: Sabotage;
  readonly wishes: StorageWishes;
  /** What it can show as. */
  readonly kinds: readonly FailureKind[];
}

const OFTEN: StorageWishes = { nodes: 3, members: 1, stormMs: 15_000, faultEveryMs: 500 };
/** One thing at a time: what a leader does that is cut off shows only where others go on without it. */
const SELDOM: StorageWishes = { ...OFTEN, faultEveryMs: 4000 };

const MUTANTS: readonly Mutant[] = [
  {
    name: 'nodes that acknowledge before their disks have it',
    sabotage: sabotage.LYING_SYNCS,
    wishes: { ...OFTEN, faults: ['power', 'blackout'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception', 'liveness'],
  },
  {
    name: 'a leader that answers reads without a lease',
    sabotage: sabotage.READS_WITHOUT_LEASE,
    wishes: { ...SELDOM, faults: ['isolation'] },
    kinds: ['linearizable'],
  },
  {
    name: 'a leader that commits without a member before the record says so',
    sabotage: sabotage.COMMITS_WITHOUT_THE_RECORD,
    wishes: { ...SELDOM, faults: ['isolation'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception'],
  },
  {
    name: 'logs that are compared by their length alone',
    sabotage: sabotage.COMPARED_BY_LENGTH,
    wishes: { ...OFTEN, faults: ['cut-nodes', 'cut-ensemble', 'kill', 'zombie'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception'],
  },
  {
    name: 'a controller without a fence, that writes over what others wrote since it looked',
    sabotage: sabotage.UNFENCED_CONTROLLER,
    wishes: { ...OFTEN, faultEveryMs: 300, faults: ['kill', 'cut-nodes', 'slow-disk'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception', 'liveness'],
  },
  {
    name: 'copies whose last part is missing',
    sabotage: sabotage.COPIES_WITHOUT_END,
    wishes: { ...OFTEN, nodes: 4, faults: ['long-absence'] },
    // `log`: the nodes themselves compare their copies, and may say so first.
    kinds: ['linearizable', 'copies', 'exception', 'log'],
  },
  {
    name: 'a new disk that says it is the old one',
    sabotage: sabotage.BELIEVED_DISKS,
    wishes: { ...OFTEN, faultEveryMs: 300, faults: ['wipe', 'kill', 'power', 'controller-kill'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception', 'liveness'],
  },
  {
    name: 'followers whose answers may be of any age',
    sabotage: sabotage.BOUNDLESS_STALENESS,
    wishes: { ...OFTEN, faults: ['cut-nodes', 'isolation', 'zombie'] },
    kinds: ['linearizable'],
  },
  {
    name: 'keys that do not die',
    sabotage: sabotage.IMMORTAL_KEYS,
    wishes: { ...OFTEN, faults: ['kill'] },
    kinds: ['linearizable'],
  },
  {
    name: 'writes that are sent to another node twice',
    sabotage: sabotage.REPEATED_ERRANDS,
    wishes: { ...OFTEN, faultEveryMs: 1000, faults: ['break'] },
    kinds: ['linearizable'],
  },
];

test.each(MUTANTS)('$name', { timeout: 600_000 }, async ({ sabotage: plant, wishes, kinds }) => {
  let found: FailureKind | null = null;
  let seed = 0;
  while (found === null && seed < SEEDS_MAX) {
    const { failure } = await runStorageSeed({ seed: ++seed, ...wishes, sabotage: plant });
    found = failure?.kind ?? null;
  }
  expect(kinds).toContain(found);
});
