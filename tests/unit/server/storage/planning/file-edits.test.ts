/** From a file to edits: after them the ring is as the file says. */
import { expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { editsToward } from '../../../../../src-server/storage/planning/file-edits.ts';
import { type Edit, editedLayout } from '../../../../../src-server/storage/ring/edits.ts';
import { type Layout, withStrategy } from '../../../../../src-server/storage/ring/layout.ts';
import { layoutText, readLayoutFile } from '../../../../../src-server/storage/ring/layout-file.ts';
import { CIRCLE } from '../../../../../src-server/storage/ring/tokens.ts';
import { nodeId, topologyOf } from '../../../../../src-server/storage/ring/topology.ts';
import { layoutIn, ringOf } from './rings.ts';

function editsOf(text: string, layout: Layout): Edit[] {
  const file = readLayoutFile(text);
  if (!file.ok) throw new Error(file.error.words);
  const described = (id: string) =>
    id === 'known'
      ? { id: nodeId(id), region: 'r', zone: 'z7', host: 'h7', weight: 2, capBytes: 5 }
      : null;
  return editsToward(file.value, { layout, weightOfOut: () => null, described });
}

/** Whatever the file was made of comes out of its edits. */
function expectBecomes(from: Layout, to: Layout): void {
  const { layout, faults } = editedLayout(from, editsOf(layoutText(to), from));
  expect(faults.filter((fault) => fault !== null)).toEqual([]);
  expect(layoutText(layout)).toBe(layoutText(to));
}

test('the file of a ring changes nothing of it', () => {
  for (const strategy of ['balanced', 'tokens'] as const) {
    const layout = layoutIn(ringOf({ strategy }));
    expect(editsOf(layoutText(layout), layout)).toEqual([]);
  }
});

test('nodes come, change and leave', () => {
  const layout = layoutIn(ringOf({ nodes: 3 }));
  const text = `{ "format": 1, "replicas": 2, "nodes": [
    { "id": "n0", "weight": 0 },
    { "id": "n1", "zone": "z5", "cap": "1k" },
    { "id": "known", "weight": 3 },
    { "id": "stranger" } ] }`;

  expect(editsOf(text, layout)).toEqual([
    { kind: 'setReplicas', replicaCount: 2 },
    { kind: 'drainNode', id: 'n0' },
    { kind: 'setPlace', id: 'n1', region: 'r', zone: 'z5', host: 'h1' },
    { kind: 'setCap', id: 'n1', capBytes: 1024 },
    {
      kind: 'addNode',
      node: { id: 'known', region: 'r', zone: 'z7', host: 'h7', weight: 3, capBytes: 5 },
    },
    {
      kind: 'addNode',
      node: {
        id: 'stranger',
        region: 'default',
        zone: 'default',
        host: 'stranger',
        weight: 1,
        capBytes: null,
      },
    },
    { kind: 'removeNode', id: 'n2' },
  ]);
});

test('a node that is out keeps what it weighs', () => {
  const layout = layoutIn(ringOf({ nodes: 3 }));
  const out = topologyOf(
    layout.topology.nodes.map((node) => (node.id === 'n1' ? { ...node, weight: 0 } : node)),
  );
  const file = readLayoutFile(layoutText(layout));
  if (!file.ok) throw new Error(file.error.words);

  const edits = editsToward(file.value, {
    layout: { ...layout, topology: out },
    weightOfOut: (id) => (id === 'n1' ? 1 : null),
    described: () => null,
  });

  expect(edits).toEqual([]);
});

test('from any nodes to any others', () => {
  expectBecomes(layoutIn(ringOf({ nodes: 3 })), layoutIn(ringOf({ nodes: 7, zones: 2 })));
  expectBecomes(layoutIn(ringOf({ nodes: 7, zones: 2 })), layoutIn(ringOf({ nodes: 3 })));
  const tokens = layoutIn(ringOf({ nodes: 5, strategy: 'tokens' }));
  expectBecomes(layoutIn(ringOf({ nodes: 3 })), tokens);
  expectBecomes(tokens, withStrategy(tokens, 'balanced'));
});

test('from any tokens to any others', () => {
  const random = new Prng(7);
  for (let round = 0; round < 50; round++) {
    const from = layoutIn(ringOf({ nodes: 3, strategy: 'tokens' }));
    const taken = new Set<number>();
    const tokens = Array.from({ length: random.between(1, 40) }, () => {
      // Half of the places are those of another token already, so that they are exchanged.
      const known = from.tokens[random.between(0, from.tokens.length - 1)]!.position;
      const position = random.between(0, 1) === 0 ? known : random.between(0, CIRCLE - 1);
      return { position, node: nodeId(`n${random.between(0, 2)}`) };
    }).filter(({ position }) => !taken.has(position) && taken.add(position).size > 0);
    tokens.sort((a, b) => a.position - b.position);
    expectBecomes(from, { ...from, tokens });
  }
});
