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

const BASE: StorageWishes = { nodes: 3, members: 1, stormMs: 15_000, faultEveryMs: 500 };

const MUTANTS: readonly Mutant[] = [
  {
    name: 'nodes that acknowledge before their disks have it',
    sabotage: sabotage.LYING_SYNCS,
    wishes: { ...BASE, faults: ['power', 'blackout'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception', 'liveness'],
  },
  {
    name: 'a leader that answers reads without a lease',
    sabotage: sabotage.READS_WITHOUT_LEASE,
    wishes: { ...BASE, faults: ['zombie', 'half-cut-nodes', 'half-cut-ensemble'] },
    kinds: ['linearizable'],
  },
  {
    name: 'a new leader that does not wait for what it granted',
    sabotage: sabotage.IMPATIENT_LEADER,
    wishes: { ...BASE, faults: ['half-cut-nodes', 'cut-nodes', 'cut-ensemble'] },
    kinds: ['linearizable', 'exception'],
  },
  {
    name: 'a leader that commits without a member before the record says so',
    sabotage: sabotage.COMMITS_WITHOUT_THE_RECORD,
    wishes: { ...BASE, faults: ['cut-nodes', 'cut-ensemble', 'kill'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception'],
  },
  {
    name: 'logs that are compared by their length alone',
    sabotage: sabotage.COMPARED_BY_LENGTH,
    wishes: { ...BASE, faults: ['cut-nodes', 'cut-ensemble', 'kill', 'zombie'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception'],
  },
  {
    name: 'a controller without a fence',
    sabotage: sabotage.UNFENCED_CONTROLLER,
    wishes: { ...BASE, faults: ['controller-cut', 'zombie', 'kill', 'cut-nodes'] },
    kinds: ['linearizable', 'epochs', 'copies', 'exception', 'liveness'],
  },
  {
    name: 'copies whose last part is missing',
    sabotage: sabotage.COPIES_WITHOUT_END,
    wishes: { ...BASE, nodes: 4, faults: ['long-absence'] },
    kinds: ['linearizable', 'copies', 'exception'],
  },
  {
    name: 'writes that are sent to another node twice',
    sabotage: sabotage.REPEATED_ERRANDS,
    wishes: { ...BASE, faults: ['break', 'half-cut-nodes', 'zombie'] },
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
