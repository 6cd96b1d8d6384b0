/**
 * A controller's decisions over many random histories of nodes that die, come back and are started again, of controllers that
 * end half way, and of operators who want something else. `CONTROL_SEEDS=1-1000` runs more of them.
 */
import { afterAll, describe, expect, test } from 'vitest';

import { HISTORY_KINDS } from '../../../../../src-server/storage/control/records.ts';
import type { ControlTerms } from '../../../../../src-server/storage/control/round.ts';
import { RingModel } from './ring-model.ts';

const [FIRST_SEED, LAST_SEED] = (process.env['CONTROL_SEEDS'] ?? '1-15').split('-').map(Number);
const STEPS = 120;
/** What history would tell of all these lives together. */
const seen = new Set<string>();

describe.each([
  { nodes: 3, zones: 3, terms: {} },
  { nodes: 5, zones: 5, terms: {} },
  { nodes: 6, zones: 3, terms: { backfillsPerNode: 1 } },
  { nodes: 7, zones: 2, terms: { replicaCount: 2, minInSync: 1 } },
  { nodes: 9, zones: 4, terms: { partitionCount: 64 } },
  { nodes: 6, zones: 3, terms: { strategy: 'tokens' as const } },
])('$nodes nodes in $zones zones: $terms', ({ nodes, zones, terms }) => {
  test('nothing acknowledged is lost on the way, and in the end all is as it is wanted', async () => {
    for (let seed = FIRST_SEED!; seed <= LAST_SEED!; seed++)
      await live({ seed, nodes, zones, terms });
  });
});

afterAll(() => {
  expect([...seen].sort(), 'all that can happen has happened').toEqual(
    HISTORY_KINDS.filter(
      (kind) => kind !== 'placement-changed' && kind !== 'rebalance-failed',
    ).sort(),
  );
});

async function live(options: {
  readonly seed: number;
  readonly nodes: number;
  readonly zones: number;
  readonly terms: Partial<ControlTerms>;
}): Promise<void> {
  const model = new RingModel(options);
  const { random } = model;
  for (let step = 0; step < STEPS; step++) {
    disturb(model, options.nodes);
    if (random.chance(0.1)) for (const kind of await model.operate()) seen.add(kind);
    model.pass(random.below(300));
    model.work();
    act(model);
    model.check();
  }
  for (const id of model.away) model.comeBack(id, random.chance(0.5));
  await model.desk.resume('somebody');
  settle(model, options.seed);
}

function disturb(model: RingModel, nodes: number): void {
  const { random } = model;
  const { there, away } = model;
  // Now and then everything is away at once.
  if (there.length > 0 && random.chance(there.length > nodes / 2 ? 0.15 : 0.03)) {
    model.leave(random.pick(there));
  }
  if (away.length > 0 && random.chance(0.12)) {
    model.comeBack(random.pick(away), random.chance(0.7));
  }
  if (random.chance(0.05)) model.changeController();
  if (random.chance(0.03)) model.wantSomethingElse();
  if (random.chance(0.03)) model.force();
}

/** A controller decides; it may be too late with some of its writes, or end before the last. */
function act(model: RingModel): void {
  const { random } = model;
  const { changes } = model.decide();
  expect(model.decide().changes).toEqual(changes);
  for (const { entry } of changes) if (entry !== null) seen.add(entry.kind);
  model.compare();
  if (random.chance(0.2)) model.work();
  const count = random.chance(0.2) ? random.below(changes.length + 1) : changes.length;
  model.carryOut(changes.slice(0, count));
}

function settle(model: RingModel, seed: number): void {
  for (let round = 0; round < 400; round++) {
    model.pass(100);
    model.finishCopies();
    model.compare();
    const { changes } = model.decide();
    expect(model.carryOut(changes)).toBe(changes.length);
    model.check();
    if (changes.length === 0 && model.unfinished.length === 0 && !model.isRebalancing) break;
  }
  expect(model.unfinished, `seed ${seed}`).toEqual([]);
  const { changes, waits } = model.decide();
  expect({ changes, waits }, `seed ${seed}`).toEqual({ changes: [], waits: [] });
}
