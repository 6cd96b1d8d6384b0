/** Scenarios beside each other. */
import { expect, test } from 'vitest';

import { scenariosOf } from '../../../../../src-server/storage/planning/scenarios.ts';
import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { groundsOf, ringOf } from './rings.ts';

const HEAVIER: Edit = { kind: 'setWeight', id: nodeId('n1'), weight: 3 };

test('what is staged stands beside the least movement and the best balance', () => {
  const [asStaged, least, balanced] = scenariosOf(groundsOf(ringOf({ nodes: 7 })), [HEAVIER], [])!;

  expect([asStaged, least, balanced].map((one) => one!.kind)).toEqual([
    'staged',
    'least-movement',
    'best-balance',
  ]);
  expect(least!.figures!.bytes!).toBeLessThanOrEqual(asStaged!.figures!.bytes!);
  expect(balanced!.after!.bytes!.variation).toBeLessThanOrEqual(
    asStaged!.after!.bytes!.variation + 1e-4,
  );
  expect(asStaged!.edits).toEqual([HEAVIER]);
});

test('a ring of tokens is compared with balanced ones', () => {
  const seen = ringOf({ nodes: 6, strategy: 'tokens' });

  const [asStaged, , balanced] = scenariosOf(groundsOf(seen), [], [])!;

  expect(asStaged!.layout.strategy).toBe('tokens');
  expect(balanced!.layout.strategy).toBe('balanced');
  expect(balanced!.after!.replicas.variation).toBeLessThan(asStaged!.after!.replicas.variation);
});

test('losing a zone of three: every partition keeps two copies, and those left cannot spread a third', () => {
  const grounds = groundsOf(ringOf({ nodes: 6 }));
  const loss = { kind: 'zone', region: 'r', zone: 'z0' } as const;

  const lost = scenariosOf(grounds, [], [loss])!.at(-1)!;

  expect(lost).toMatchObject({ kind: 'lose-zone', subject: 'r/z0', lostPartitions: 0 });
  expect(lost.failOvers).toBeGreaterThan(15);
  expect(lost.failOvers).toBeLessThan(28);
  expect(lost.edits).toEqual([
    { kind: 'removeNode', id: 'n0' },
    { kind: 'removeNode', id: 'n3' },
  ]);
  expect(lost.figures).toMatchObject({ movedReplicas: 64, unplaced: 0 });
});

test('losing everybody loses everything', () => {
  const loss = { kind: 'zone', region: 'r', zone: 'z0' } as const;
  const seen = ringOf({ nodes: 3, zones: 1 });

  const lost = scenariosOf(groundsOf(seen), [], [loss])!.at(-1)!;

  expect(lost).toMatchObject({ lostPartitions: 64, failOvers: 0, figures: null, after: null });
});

test('losing one node, on top of what is staged', () => {
  const grounds = groundsOf(ringOf({ nodes: 5 }));
  const staged: Edit = { kind: 'drainNode', id: nodeId('n4') };

  const lost = scenariosOf(grounds, [staged], [{ kind: 'node', id: nodeId('n0') }])!.at(-1)!;

  expect(lost.edits).toEqual([staged, { kind: 'removeNode', id: 'n0' }]);
  expect(lost.layout.topology.nodes.map(({ id }) => id)).toEqual(['n1', 'n2', 'n3', 'n4']);
  expect(lost.figures!.unplaced).toBe(0);
});
