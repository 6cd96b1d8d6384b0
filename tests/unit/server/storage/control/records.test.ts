/** The znodes' formats: what was written is read, and what is wrong is refused with words that name it. */
import { describe, expect, test } from 'vitest';

import { RingPaths } from '../../../../../src-server/storage/control/paths.ts';
import {
  formatCandidate,
  formatControllerEpoch,
  formatForce,
  formatHistory,
  formatNode,
  formatPartition,
  parseCandidate,
  parseControllerEpoch,
  parseForce,
  parseHistory,
  parseNode,
  parsePartition,
} from '../../../../../src-server/storage/control/records.ts';
import {
  formatConfig,
  parseConfig,
} from '../../../../../src-server/storage/control/ring-config.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { config, fieldsOf, node, state } from './situations.ts';

const A = nodeId('a');
const STATE = state('a* b | c : d', { epoch: 7, forcedEpoch: 3 });
const CONFIG = config('a b c', ['a b c', 'b c a'], { out: [A] });

test.each([
  ['a partition', formatPartition(STATE), parsePartition, STATE],
  ['a node', formatNode(node('a')), parseNode, node('a')],
  ['a new node', formatNode(node('a', { ringId: null })), parseNode, node('a', { ringId: null })],
  ['a configuration', formatConfig(CONFIG), parseConfig, CONFIG],
  [
    'a candidate',
    formatCandidate({ node: A, incarnation: 3 }),
    parseCandidate,
    { node: A, incarnation: 3 },
  ],
  [
    'an epoch',
    formatControllerEpoch({ epoch: 4, node: A }),
    parseControllerEpoch,
    { epoch: 4, node: A },
  ],
])('%s is read as it was written', (_, text, parse, value) => {
  expect(parse(text)).toEqual({ ok: true, value });
});

test('orders and history are read as they were written', () => {
  const force = {
    epoch: 4,
    leader: A,
    mayLose: { fromSeq: 5, toSeq: null },
    by: 'ada',
    why: 'the disk',
    atMs: 12,
  };
  expect(parseForce(formatForce(force))).toEqual({ ok: true, value: force });
  const entry = { kind: 'fail-over', partition: 3, node: A, epoch: 2, words: 'x' } as const;
  const ringWide = { kind: 'node-out', partition: null, node: A, epoch: null, words: 'y' } as const;
  const history = {
    atMs: 1,
    by: 'b',
    controllerEpoch: 2,
    ringVersion: 3,
    entries: [entry, ringWide],
  };
  expect(parseHistory(formatHistory(history))).toEqual({ ok: true, value: history });
});

test('tokens are read as they were dealt', () => {
  const tokens = [
    { position: 5, node: A },
    { position: 9, node: nodeId('b') },
    { position: 77, node: A },
  ];
  const dealt = { ...CONFIG, strategy: 'tokens' as const, tokens };
  expect(parseConfig(formatConfig(dealt))).toEqual({ ok: true, value: dealt });
  const twice = { ...dealt, tokens: [...tokens, tokens[2]!] };
  expect(parseConfig(formatConfig(twice))).toEqual({
    ok: false,
    error: 'tokens holds a position twice, or one off the circle',
  });
});

test('the same node is the same text, in whatever order somebody put it together', () => {
  const { id, ...rest } = node('a');
  expect(formatNode({ ...rest, id })).toBe(formatNode(node('a')));
});

describe('what is wrong is said', () => {
  test.each<[string, Record<string, unknown>]>([
    ['format is not a number', { format: 'x' }],
    ['its format 2 is of a later program: this one knows 1', { format: 2 }],
    ['epoch is 0: not 1 to 9007199254740991', { epoch: 0 }],
    ['epoch is not a whole number', { epoch: 1.5 }],
    ['inSync is not a list', { inSync: 'a' }],
    ["inSync holds something that is no node's id", { inSync: ['a/b'] }],
    ['replicas names a node twice', { replicas: ['a', 'b', 'c', 'c'] }],
    ['nobody is in sync', { inSync: [], leader: null }],
    ['x is in sync and no replica', { inSync: ['a', 'x'] }],
    ['c is a replica and a learner', { learners: ['c'] }],
    ['its leader c is not in sync', { leader: 'c' }],
    ['its forced epoch 8 is not there yet', { forcedEpoch: 8 }],
    ['it has no leader that was started', { leader: null }],
  ])('%s', (error, change) => {
    const text = JSON.stringify({ ...fieldsOf(formatPartition(STATE)), ...change });
    expect(parsePartition(text)).toEqual({ ok: false, error });
  });

  test.each<[string, Record<string, unknown>]>([
    ['a ring table that is not base64', { table: '???' }],
    ['minInSync is 4, of 3 replicas', { minInSync: 4 }],
    ['x is none of its nodes', { out: ['x'] }],
    ['its strategy is tokens', { strategy: 'tokens' }],
    ['phase is not forming or formed', { phase: 'new' }],
    ['nodes[0]: weight is not a number', { nodes: [{ ...node('a'), weight: null }] }],
    ['nodes[0] is not an object', { nodes: [3] }],
  ])('%s', (error, change) => {
    const text = JSON.stringify({ ...fieldsOf(formatConfig(CONFIG)), ...change });
    expect(parseConfig(text)).toEqual({ ok: false, error });
  });

  test.each([
    ['', 'it is empty'],
    ['{', 'it is not JSON'],
    ['[]', 'it is not a JSON object'],
  ])('%s', (text, error) => {
    expect(parsePartition(text)).toEqual({ ok: false, error });
  });
});

test('every path is of something, or of nothing', () => {
  const paths = new RingPaths('/rings/one');
  expect(paths.folders.slice(0, 3)).toEqual(['/rings', '/rings/one', '/rings/one/p']);
  expect(paths.placeOf(paths.partition(16383))).toEqual({ kind: 'partition', partition: 16383 });
  expect(paths.placeOf(paths.force(0))).toEqual({ kind: 'force', partition: 0 });
  expect(paths.placeOf(paths.node(A))).toEqual({ kind: 'node', id: 'a' });
  expect(paths.placeOf(paths.member(A))).toEqual({ kind: 'member', id: 'a' });
  expect(paths.placeOf(paths.config)).toEqual({ kind: 'config' });
  for (const path of [
    '/rings',
    paths.root,
    paths.partitions,
    `${paths.partitions}/01`,
    '/ring/config',
  ])
    expect(paths.placeOf(path)).toBeNull();
});
