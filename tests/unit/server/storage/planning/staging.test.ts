/** What would come of staged edits: figures from what leaders told, and what is in the way. */
import { expect, test } from 'vitest';

import type { RebalanceState } from '../../../../../src-server/storage/control/rebalance-records.ts';
import { driftOf, RingMemory } from '../../../../../src-server/storage/planning/ring-memory.ts';
import { ringNow } from '../../../../../src-server/storage/planning/ring-now.ts';
import { Sizes } from '../../../../../src-server/storage/planning/sizes.ts';
import { staged } from '../../../../../src-server/storage/planning/staging.ts';
import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import { replicasOf } from '../../../../../src-server/storage/ring/table.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { state, view } from '../control/situations.ts';
import { groundsOf, ringAfter, ringOf, sizesOf } from './rings.ts';

const NEW_NODE: Edit = {
  kind: 'addNode',
  node: { id: nodeId('n9'), region: 'r', zone: 'z0', host: 'h9', weight: 1, capBytes: null },
};

function kindsOf(seen: Parameters<typeof groundsOf>[0], edits: readonly Edit[]): string[] {
  return staged(groundsOf(seen), edits)!.obstacles.map(({ kind }) => kind);
}

test('a plan moves what leaders told, and nothing else', () => {
  const seen = ringOf({ spare: ['n9'] });

  const { stage, figures, obstacles } = staged(groundsOf(seen), [NEW_NODE])!;

  const taken = Array.from({ length: 64 }, (_, p) => p).filter((partition) =>
    replicasOf(stage.table, partition).includes(nodeId('n9')),
  );
  expect(taken.length).toBeGreaterThan(30);
  const bytes = taken.reduce((sum, partition) => sum + 1000 * (partition + 1), 0);
  expect(figures).toMatchObject({ bytes, keys: taken.length * 10, unknownPartitions: 0 });
  expect(figures.least).toEqual({ replicas: figures.movedReplicas, bytes, isExact: true });
  expect(obstacles).toEqual([]);
});

test('of sizes that nobody told it is said how many there are, and sums leave them out', () => {
  const seen = ringOf({ spare: ['n9'] });
  const sizes = sizesOf(seen, (partition) => partition % 2 === 0);

  const { stage, figures } = staged(groundsOf(seen, { sizes }), [NEW_NODE])!;

  const taken = stage.plan.steps.flatMap(({ moves }) => moves).map(({ partition }) => partition);
  const known = taken.filter((partition) => partition % 2 === 0);
  expect(figures.bytes).toBe(known.reduce((sum, partition) => sum + 1000 * (partition + 1), 0));
  expect(figures.unknownPartitions).toBe(taken.length - known.length);
});

test('without any sizes there are no figures in bytes, and no time', () => {
  const seen = ringOf({ spare: ['n9'] });

  const { figures, before, after } = staged(groundsOf(seen, { sizes: new Sizes(64) }), [NEW_NODE])!;

  expect(figures).toMatchObject({ bytes: null, keys: null, crossZoneBytes: null, estimate: null });
  expect(figures.movedReplicas).toBeGreaterThan(0);
  expect([before.bytes, after.bytes]).toEqual([null, null]);
  expect(after.replicas.maxToMean).toBeLessThan(1.2);
});

test('before there is a ring there is no stage', () => {
  const seen = view({ there: 'a b' });
  expect(staged({ ...groundsOf(ringOf()), view: seen }, [])).toBeNull();
});

test('without edits there is nothing to do', () => {
  expect(kindsOf(ringOf(), [])).toEqual(['nothing-to-do']);
});

test('who is not there cannot take anything', () => {
  const { obstacles } = staged(groundsOf(ringOf()), [NEW_NODE])!;
  expect(obstacles).toEqual([
    { kind: 'node-away', node: 'n9', words: 'n9 would take copies, and is away' },
  ]);
});

test('a disk that would be too full at some step is in the way, and so is one nobody can tell of', () => {
  // 64 partitions of 1 to 64 kB are 2 MB, and every node would have a copy of each; tokens do not ask disks.
  const seen = ringOf({ capBytes: 2_000_000, strategy: 'tokens' });
  const edits: Edit[] = [{ kind: 'setReplicas', replicaCount: 4 }];

  expect(kindsOf(seen, edits)).toContain('over-cap');
  const sizes = sizesOf(seen, () => false);
  const { obstacles } = staged(groundsOf(seen, { sizes }), edits)!;
  expect(obstacles.map(({ kind }) => kind)).toContain('sizes-unknown');
});

test('partitions of a ring with data stay as many as they are', () => {
  const edits: Edit[] = [{ kind: 'setPartitions', partitionCount: 128 }];
  expect(kindsOf(ringOf(), edits)).toContain('partitions-change');
});

test('what cannot be done, and copies that writes need, are in the way', () => {
  const edits: Edit[] = [
    { kind: 'setReplicas', replicaCount: 1 },
    { kind: 'removeNode', id: nodeId('n8') },
  ];

  const { obstacles, stage } = staged(groundsOf(ringOf()), edits)!;

  expect(obstacles.map(({ kind }) => kind)).toEqual(['faulty-edits', 'too-few-replicas']);
  expect(stage.faults).toEqual([null, { kind: 'noNode', id: 'n8' }]);
});

test('one rebalance at a time', () => {
  const value: RebalanceState = {
    record: 'b-3',
    phase: 'paused',
    goal: 'after',
    by: 'test',
    why: '',
    startedAtMs: 1,
    changedAtMs: 1,
    pausedMs: 0,
    bytesPerSecond: null,
    isAdaptive: false,
    transfersPerNode: 2,
    graceUntilMs: null,
    outcome: null,
    verified: 0,
  };
  const seen = { ...ringOf(), rebalance: { value, version: 1, changedAtMs: 0 } };
  expect(kindsOf(seen, [{ kind: 'setWeight', id: nodeId('n1'), weight: 2 }])).toEqual([
    'rebalance-running',
  ]);
});

test('partitions that are not where they are wanted are counted', () => {
  const seen = ringOf();
  const partitions = new Map(seen.partitions);
  partitions.set(3, { value: state('n0* n1'), version: 1, changedAtMs: 0 });

  const { unsettledPartitions } = staged(groundsOf({ ...seen, partitions }), [])!;

  expect(unsettledPartitions).toBe(1);
});

test('a ring that has moved on: what the same edits do otherwise', () => {
  const seen = ringOf({ spare: ['n9', 'n8'] });
  const edits: Edit[] = [{ kind: 'setWeight', id: nodeId('n1'), weight: 0.5 }];
  const memory = new RingMemory();
  memory.remember(ringNow(seen)!);
  const grounds = groundsOf(ringAfter(seen, [NEW_NODE]));

  const newer = staged(grounds, edits)!;
  const drift = driftOf(memory.of(5)!, newer, {
    ...grounds,
    edits,
    measured: grounds.sizes.measured,
    dead: new Set(),
  });

  expect(newer.ring.version).toBe(6);
  expect(drift.added).toBeGreaterThan(0);
  expect(drift.dropped).toBeGreaterThan(0);
  expect(memory.of(4)).toBeNull();
});

test('how busy a partition is follows from two answers of its leader', () => {
  const sizes = new Sizes(2);
  const told = (writes: number) => [
    { partition: 1, role: 'leader', keys: 1, bytes: 1, reads: 10, writes },
    { partition: 0, role: 'follower', keys: 9, bytes: 9, reads: 0, writes: 0 },
  ];
  sizes.take(told(0), 1000);
  sizes.take(told(500), 3000);

  expect([...sizes.measured.heat]).toEqual([0, 250]);
  expect(sizes.known).toBe(1);
  expect(sizes.oldestMs).toBe(3000);
  expect([...sizes.isKnownOf(4)]).toEqual([0, 0, 1, 1]);
  expect([...sizes.isKnownOf(1)]).toEqual([0]);
});
