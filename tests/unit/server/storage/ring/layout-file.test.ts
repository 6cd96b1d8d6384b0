/** The layout of a ring as a file: there and back, and what is said of files that are not right. */
import { expect, test } from 'vitest';

import { problemText } from '../../../../../src-server/storage/ring/json-fields.ts';
import { DEFAULT_LAYOUT, type Layout } from '../../../../../src-server/storage/ring/layout.ts';
import { layoutText, readLayoutFile } from '../../../../../src-server/storage/ring/layout-file.ts';
import { dealTokens } from '../../../../../src-server/storage/ring/tokens.ts';
import { nodeId, topologyOf } from '../../../../../src-server/storage/ring/topology.ts';

const NODES = [
  { id: nodeId('b'), region: 'eu', zone: 'z2', host: 'h-2', weight: 0.5, capBytes: 12_345 },
  {
    id: nodeId('a'),
    region: 'eu',
    zone: 'Zürich "1"',
    host: 'h1',
    weight: 2,
    capBytes: 5 * 2 ** 40,
  },
  { id: nodeId('c'), region: 'us', zone: 'z3', host: 'h3', weight: 0, capBytes: null },
];
const LAYOUT: Layout = { ...DEFAULT_LAYOUT, topology: topologyOf(NODES), overloadPercent: null };

/** The problem of a file as people see it. */
function problemOf(text: string): string {
  const read = readLayoutFile(text);
  return read.ok ? 'none' : problemText(read.error);
}

function nodesWith(...lines: readonly string[]): string {
  return `{\n  "format": 1,\n  "nodes": [\n${lines.join(',\n')}\n  ]\n}`;
}

test('a layout comes back from its file as it was', () => {
  const read = readLayoutFile(layoutText(LAYOUT));

  expect(read).toMatchObject({
    ok: true,
    value: {
      nodes: LAYOUT.topology.nodes,
      partitionCount: 1024,
      replicaCount: 3,
      strategy: 'balanced',
      overloadPercent: null,
      tokens: null,
    },
  });
});

test('tokens come back where they were', () => {
  const tokens = dealTokens(LAYOUT.topology, 8);
  const read = readLayoutFile(
    layoutText({ ...LAYOUT, strategy: 'tokens', tokens, tokensPerNode: 8, leaders: 'even' }),
  );

  expect(read).toMatchObject({
    ok: true,
    value: { tokens, strategy: 'tokens', tokensPerNode: 8, leaders: 'even' },
  });
});

test('each node stands in one line, and sizes in units that people read', () => {
  const lines = layoutText(LAYOUT).split('\n');

  expect(lines.find((line) => line.includes('"id": "a"'))).toContain('"cap": "5 TiB"');
  expect(lines.find((line) => line.includes('"id": "b"'))).toContain('"cap": 12345');
});

test('what a file leaves out is not in it', () => {
  const read = readLayoutFile(
    nodesWith('{ "id": "a" }', '{ "id": "b", "weight": 3, "cap": null }'),
  );

  expect(read).toEqual({
    ok: true,
    value: {
      nodes: [{ id: 'a' }, { id: 'b', weight: 3, capBytes: null }],
      partitionCount: null,
      replicaCount: null,
      strategy: null,
      tokensPerNode: null,
      leaders: null,
      tokens: null,
    },
  });
});

test.each([
  ['500 GiB', 500 * 2 ** 30],
  ['1.5k', 1536],
  ['12', 12],
  ['2 TB', 2 * 2 ** 40],
])('a cap of "%s" is %d bytes', (text, bytes) => {
  const read = readLayoutFile(nodesWith(`{ "id": "a", "cap": "${text}" }`));

  expect(read).toMatchObject({ ok: true, value: { nodes: [{ id: 'a', capBytes: bytes }] } });
});

test.each([
  ['', 'line 1: it is not JSON: it ends too early'],
  [
    '{ "format": 1,\n "nodes": [\n { "id": a } ] }',
    'line 3: it is not JSON: here should be a value',
  ],
  ['{ "format": 1 } x', 'line 1: it is not JSON: there is more behind the end'],
  ['{ "format": 1,\n  "format": 1 }', 'line 2: it is not JSON: format stands here twice'],
  ['[]', 'line 1: is not an object'],
  ['{ "nodes": [] }', 'line 1: format is missing'],
  ['{ "format": 2, "nodes": [] }', 'line 1, format: it is of a later program: this one knows 1'],
  ['{ "format": 1 }', 'line 1: nodes is missing'],
  ['{ "format": 1,\n "nodes": [] }', 'line 2, nodes: somebody must hold the data'],
  ['{ "format": 1, "weigth": 2, "nodes": [] }', 'line 1, weigth: is no field here: format,'],
  [nodesWith('{ "id": "a" }', '{ "name": "b" }'), 'line 5, nodes[1].name: is no field here: id,'],
  [nodesWith('{ "id": "a/b" }'), 'line 4, nodes[0].id: a name is 1 to 32'],
  [nodesWith('{ "id": "a" }', '{ "id": "a" }'), 'line 5, nodes[1].id: a stands here twice'],
  [nodesWith('{ "id": "a", "weight": "2" }'), 'line 4, nodes[0].weight: is not a number'],
  [nodesWith('{ "id": "a", "weight": -1 }'), 'line 4, nodes[0].weight: -1 is not from 0'],
  [nodesWith('{ "id": "a", "weight": 1e999 }'), 'line 4, nodes[0].weight: Infinity is not from 0'],
  [nodesWith('{ "id": "a", "weight": 0 }'), 'line 4, nodes[0]: every node has the weight 0'],
  [nodesWith('{ "id": "a", "zone": "x/y" }'), 'line 4, nodes[0].zone: a place is 1 to 64'],
  [nodesWith('{ "id": "a", "cap": "much" }'), 'line 4, nodes[0].cap: is not a number of bytes'],
  [
    '{ "format": 1, "partitions": 100, "nodes": [{ "id": "a" }] }',
    'line 1, partitions: 100 is not a',
  ],
  [
    '{ "format": 1, "replicas": 9, "nodes": [{ "id": "a" }] }',
    'line 1, replicas: 9 is not from 1 to 6',
  ],
  [
    '{ "format": 1, "strategy": "x", "nodes": [{ "id": "a" }] }',
    'line 1, strategy: is not balanced or',
  ],
  [
    '{ "format": 1, "overloadPercent": -1, "nodes": [{ "id": "a" }] }',
    'line 1, overloadPercent: -1',
  ],
  [
    '{ "format": 1, "nodes": [{ "id": "a" }], "tokens": { "b": [1] } }',
    'line 1, tokens.b: b is none of the nodes above',
  ],
  [
    '{ "format": 1, "nodes": [{ "id": "a" }], "tokens": { "a": [1,\n1] } }',
    'line 2, tokens.a[1]: 1 is a token of a already',
  ],
  [
    '{ "format": 1, "strategy": "balanced", "nodes": [{ "id": "a" }], "tokens": { "a": [1] } }',
    'line 1, tokens: the strategy balanced has no tokens',
  ],
])('of %j it is said where and what is wrong', (text, problem) => {
  expect(problemOf(text).slice(0, problem.length)).toBe(problem);
});
