/** How well partitions are, and the three questions. */
import { describe, expect, test } from 'vitest';

import {
  healthOf,
  type RingHealth,
  standingAt,
  troubledBy,
  worstOf,
} from '../../../../src-renderer/model/ring-health.ts';
import { tableOf } from '../../../../src-renderer/model/ring-table.ts';
import { type ExamplePartition, ringNode, ringView, threeNodes } from '../ring-examples.ts';

function health(
  partitions: readonly ExamplePartition[],
  nodes = threeNodes(),
  without: readonly number[] = [],
): RingHealth {
  const table = tableOf(ringView(nodes, partitions))!;
  return healthOf(table, nodes, { without: new Set(without) });
}

describe('one partition', () => {
  test('is whole with every copy in sync and apart', () => {
    const found = health([{ copies: [0, 1, 2] }]);
    expect(standingAt(found, 0)).toBe('whole');
    expect(worstOf(found)).toBe('whole');
  });

  test.each<[string, ExamplePartition]>([
    ['edge', { copies: [0, 1, 2], behind: [2] }],
    ['refusing', { copies: [0, 1, 2], behind: [1, 2] }],
    ['electing', { copies: [0, 1, 2], leader: null }],
    ['electing', { copies: [], leader: null }],
    ['thin', { copies: [0, 1, 2, 3], behind: [3] }],
  ])('%s', (standing, partition) => {
    const nodes = [...threeNodes(), ringNode('node-4', 'd')];
    expect(standingAt(health([partition], nodes), 0)).toBe(standing);
  });

  test('is lost when all that are in sync are away, and could be forced where another copy is there', () => {
    const nodes = threeNodes([{ isAlive: false }, { isAlive: false }]);
    const found = health([{ copies: [0, 1, 2], behind: [2] }, { copies: [0, 1, 2] }], nodes);
    expect(standingAt(found, 0)).toBe('lost');
    expect(found.forcible).toBe(1);
    expect(standingAt(found, 1)).toBe('refusing');
  });

  test('copies that are being made do not count, and are no copies that share a zone', () => {
    const nodes = [...threeNodes(), ringNode('node-4', 'a')];
    const found = health([{ copies: [0, 1, 2, 3], learning: [3] }], nodes);
    expect(standingAt(found, 0)).toBe('whole');
    expect([found.copying, found.together]).toEqual([1, 0]);
  });

  test('copies in one zone are too close only where there are zones enough', () => {
    const three = [ringNode('1', 'a'), ringNode('2', 'a'), ringNode('3', 'b'), ringNode('4', 'c')];
    const close = health([{ copies: [0, 1, 2] }], three);
    expect([standingAt(close, 0), close.together, close.sameNode]).toEqual(['together', 1, 0]);
    const two = [ringNode('1', 'a'), ringNode('2', 'a'), ringNode('3', 'b')];
    expect(standingAt(health([{ copies: [0, 1, 2] }], two), 0)).toBe('whole');
  });

  test('zones of the same name in two regions are two', () => {
    const nodes = [ringNode('1', 'a'), ringNode('2', 'a', { region: 'there' }), ringNode('3', 'b')];
    expect(health([{ copies: [0, 1, 2] }], nodes).together).toBe(0);
  });
});

describe('the questions', () => {
  const partitions: ExamplePartition[] = [
    { copies: [0, 1, 2] },
    { copies: [1, 2, 0], behind: [0] },
    { copies: [2, 0, 1], behind: [0, 1] },
  ];

  test('count what troubles them', () => {
    const found = health(partitions);
    expect(troubledBy('apart', found)).toBe(0);
    expect(troubledBy('quorum', found)).toBe(2);
    expect(troubledBy('reach', found)).toBe(0);
  });

  test('are the same ones when nodes are taken for dead, and say whom is waited for most', () => {
    const found = health(partitions, threeNodes(), [2]);
    expect(found.counts).toMatchObject({ edge: 1, refusing: 1, lost: 1 });
    expect(found.missed).toEqual([2]);
    expect(health(partitions).missed).toEqual([]);
  });

  test('a hundred nodes with 16384 partitions are reckoned between two frames', () => {
    const nodes = Array.from({ length: 100 }, (_, i) => ringNode(`n${i}`, `z${i % 5}`));
    const many = Array.from({ length: 16384 }, (_, p) => ({
      copies: [p % 100, (p + 1) % 100, (p + 2) % 100],
    }));
    const found = health(many, nodes);
    expect(found.standings.length).toBe(16384);
    expect(found.counts.whole).toBe(16384);
  });
});
