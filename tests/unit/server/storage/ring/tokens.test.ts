/** The strategy `tokens`: walks clockwise to distinct nodes and zones, and tokens that are edited one by one. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { rulesOf, violationsOf } from '../../../../../src-server/storage/ring/rules.ts';
import { NOBODY, replicasOf, tableFaultOf } from '../../../../../src-server/storage/ring/table.ts';
import { terrainOf } from '../../../../../src-server/storage/ring/terrain.ts';
import {
  addToken,
  CIRCLE,
  dealTokens,
  moveToken,
  removeToken,
  tableOfTokens,
  type Tokens,
  tokensOf,
  withoutTokensOf,
  withTokensOf,
} from '../../../../../src-server/storage/ring/tokens.ts';
import {
  type NodeId,
  nodeId,
  type RingNode,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';
import { randomRing } from './random-ring.ts';

const node = (id: string, zone: string, weight = 1): RingNode => ({
  id: nodeId(id),
  region: 'here',
  zone,
  host: id,
  weight,
  capBytes: null,
});
/** At a part of the circle. */
const at = (part: number, id: string): { position: number; node: NodeId } => ({
  position: part * CIRCLE,
  node: nodeId(id),
});

describe('a walk', () => {
  const topology = topologyOf([node('a', 'x'), node('b', 'x'), node('c', 'y'), node('d', 'y')]);
  const tokens = [at(0.125, 'a'), at(0.25, 'b'), at(0.5, 'c'), at(0.625, 'd'), at(0.875, 'a')];
  const rows = (list: Tokens, replicaCount: number): string[] => {
    const table = tableOfTokens(list, topology, { partitionCount: 4, replicaCount });
    return [0, 1, 2, 3].map((partition) => replicasOf(table, partition).join(''));
  };

  test('leads clockwise from where the partition begins, a token there included', () => {
    expect(rows(tokens, 1)).toEqual(['a', 'b', 'c', 'a']);
  });

  test('passes over nodes of a zone that has its part', () => {
    expect(rows(tokens, 2)).toEqual(['ac', 'bc', 'ca', 'ac']);
    expect(rows(tokens, 3)).toEqual(['abc', 'bcd', 'cda', 'abc']);
    expect(rows(tokens, 4)).toEqual(['abcd', 'bcda', 'cdab', 'abcd']);
  });

  test('finds only nodes that have tokens and weight', () => {
    expect(rows(withoutTokensOf(tokens, nodeId('a')), 2)).toEqual(['bc', 'bc', 'cb', 'bc']);
    const drained = topologyOf([node('a', 'x', 0), ...topology.nodes.slice(1)]);
    const table = tableOfTokens(tokens, drained, { partitionCount: 1, replicaCount: 4 });
    expect(replicasOf(table, 0)).toEqual(['b', 'c', 'd']);
  });
});

test('walks keep the rules on rings by chance, and deal the same on every machine', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { topology, partitionCount, replicaCount } = randomRing(new Prng(seed));
    const terrain = terrainOf(topology);
    const tokens = dealTokens(topology, 8);
    const table = tableOfTokens(tokens, topology, { partitionCount, replicaCount });
    expect(tableFaultOf(table)).toBeNull();
    const rules = rulesOf(terrain, replicaCount);
    expect(violationsOf(table, terrain, rules)).toEqual({ missing: [], zones: [], hosts: [] });
    expect(dealTokens(topologyOf([...topology.nodes].reverse()), 8)).toEqual(tokens);
  }
});

describe('tokens', () => {
  const topology = topologyOf([node('a', 'x'), node('b', 'y', 2), node('c', 'z', 0)]);
  const tokens = dealTokens(topology, 16);

  test('are dealt by weight', () => {
    expect(['a', 'b', 'c'].map((id) => tokensOf(tokens, nodeId(id)).length)).toEqual([16, 32, 0]);
  });

  test('of others stay when a node comes, goes or changes its weight', () => {
    const grown = withTokensOf(tokens, node('d', 'x'), 16);
    expect(withoutTokensOf(grown, nodeId('d'))).toEqual(tokens);
    const heavier = withTokensOf(tokens, node('a', 'x', 3), 16);
    expect(tokensOf(heavier, nodeId('a'))).toHaveLength(48);
    expect(tokensOf(heavier, nodeId('a'))).toEqual(
      expect.arrayContaining([...tokensOf(tokens, nodeId('a'))]),
    );
    expect(tokensOf(heavier, nodeId('b'))).toEqual(tokensOf(tokens, nodeId('b')));
    expect(withTokensOf(heavier, node('a', 'x', 1), 16)).toEqual(tokens);
  });

  test('are added, moved and removed one by one', () => {
    const added = addToken(tokens, at(0.5, 'a'));
    expect(added.ok && added.value.length).toBe(49);
    if (!added.ok) return;
    const moved = moveToken(added.value, { from: 0.5 * CIRCLE, to: 7 });
    expect(moved.ok && moved.value.filter(({ position }) => position === 7)).toEqual([
      { position: 7, node: 'a' },
    ]);
    if (!moved.ok) return;
    expect(removeToken(moved.value, 7)).toEqual({ ok: true, value: tokens });
  });

  test('refuse what cannot be', () => {
    const taken = tokens[0]!;
    expect(addToken(tokens, { ...taken, node: nodeId('b') })).toEqual({
      ok: false,
      error: { kind: 'taken', position: taken.position, by: taken.node },
    });
    expect(addToken(tokens, at(1, 'a')).ok).toBe(false);
    expect(removeToken(tokens, 1).ok).toBe(false);
    expect(moveToken(tokens, { from: taken.position, to: tokens[1]!.position }).ok).toBe(false);
    // A token may be put back where it is.
    expect(moveToken(tokens, { from: taken.position, to: taken.position }).ok).toBe(true);
  });

  test('one that is removed moves only what it led to', () => {
    const shape = { partitionCount: 256, replicaCount: 2 };
    const before = tableOfTokens(tokens, topology, shape);
    const less = removeToken(tokens, tokens[3]!.position);
    const after = less.ok ? tableOfTokens(less.value, topology, shape) : before;
    expect(before.cells.includes(NOBODY)).toBe(false);
    for (let partition = 0; partition < 256; partition++) {
      const start = (partition / 256) * CIRCLE;
      if (start > tokens[3]!.position) {
        expect(replicasOf(after, partition)).toEqual(replicasOf(before, partition));
      }
    }
  });
});
