/** Staged edits: each is tried on what those before it left, and all that would come of them is known beforehand. */
import { describe, expect, test } from 'vitest';

import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import {
  DEFAULT_LAYOUT,
  type Layout,
  placed,
  withStrategy,
} from '../../../../../src-server/storage/ring/layout.ts';
import {
  assessmentOf,
  type Ring,
  type Stage,
  stageOf,
} from '../../../../../src-server/storage/ring/stage.ts';
import { partitionsOf, replicasOf } from '../../../../../src-server/storage/ring/table.ts';
import {
  type NodeId,
  nodeId,
  type RingNode,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';

const PARTITIONS = 256;

function node(name: string, zone: string): RingNode {
  return { id: nodeId(name), region: 'r', zone, host: name, weight: 1, capBytes: null };
}

function ringOf(change: Partial<Layout> = {}): Ring {
  const topology = topologyOf(Array.from({ length: 6 }, (_, i) => node(`n${i}`, `z${i % 3}`)));
  const { strategy = 'balanced', ...rest } = change;
  const plain = { ...DEFAULT_LAYOUT, topology, partitionCount: PARTITIONS, ...rest };
  const layout = withStrategy(plain, strategy);
  return { version: 4, layout, table: placed(layout, null, null).table };
}

const measured = {
  bytes: new Float64Array(PARTITIONS).fill(1000),
  keys: new Float64Array(PARTITIONS).fill(5),
};

function staged(ring: Ring, edits: readonly Edit[]): Stage {
  return stageOf(ring, { edits, measured, transfersPerNode: 2, freesAt: 'end' });
}

const id = (name: string): NodeId => nodeId(name);
const held = (stage: Stage, name: string): number =>
  partitionsOf(stage.table, id(name)).held.length;

describe('edits', () => {
  test('none stage nothing', () => {
    const { plan, least, bentPartitions, unplaced, faults } = staged(ringOf(), []);
    expect([plan.steps.length, plan.bytes, least.replicas, bentPartitions, unplaced]).toEqual([
      0, 0, 0, 0, 0,
    ]);
    expect(faults).toEqual([]);
  });

  test('a node more moves exactly the least there is', () => {
    const { plan, least } = staged(ringOf(), [{ kind: 'addNode', node: node('n6', 'z0') }]);
    expect(plan.movedReplicas).toBe(least.replicas);
    expect(plan.bytes).toBe(least.bytes);
    expect(least.isExact).toBe(true);
    expect(plan.ringVersion).toBe(4);
  });

  test('drained, removed, reweighed, re-zoned', () => {
    expect(held(staged(ringOf(), [{ kind: 'drainNode', id: id('n1') }]), 'n1')).toBe(0);
    expect(held(staged(ringOf(), [{ kind: 'removeNode', id: id('n1') }]), 'n1')).toBe(0);
    const heavier = staged(ringOf({ overloadPercent: null }), [
      { kind: 'setWeight', id: id('n1'), weight: 3 },
    ]);
    expect([held(heavier, 'n1'), held(heavier, 'n4')]).toEqual([192, 64]);
    // A tenth more than their share is all that the other zones take to keep the rule.
    const bent = staged(ringOf(), [{ kind: 'setWeight', id: id('n1'), weight: 3 }]);
    expect([held(bent, 'n1'), held(bent, 'n4')]).toEqual([238, 79]);
    expect(bent.bentPartitions).toBe(238 + 79 - 256);
    const rezoned = staged(ringOf(), [
      { kind: 'setPlace', id: id('n0'), region: 'r', zone: 'z1', host: 'n0' },
      { kind: 'setOverload', overloadPercent: null },
    ]);
    expect(held(rezoned, 'n3')).toBe(256);
    expect(rezoned.bentPartitions).toBe(0);
  });

  test('a replacement takes over what the old one held, and nothing else moves', () => {
    const ring = ringOf();
    const before = partitionsOf(ring.table, id('n2'));
    const stage = staged(ring, [{ kind: 'replaceNode', id: id('n2'), by: node('n9', 'z2') }]);
    expect(partitionsOf(stage.table, id('n9'))).toEqual(before);
    expect(stage.plan.movedReplicas).toBe(before.held.length);
    expect(stage.plan.handovers.map(({ from, to }) => [from, to])).toEqual([['n2', 'n9']]);
    expect(stage.least.replicas).toBe(before.held.length);
  });

  test('a cap keeps bytes off a disk', () => {
    const stage = staged(ringOf(), [{ kind: 'setCap', id: id('n5'), capBytes: 50_000 }]);
    expect(held(stage, 'n5')).toBe(50);
    expect(stage.unplaced).toBe(0);
    const all = staged(
      ringOf(),
      ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'].map((name) => ({
        kind: 'setCap',
        id: id(name),
        capBytes: 100_000,
      })),
    );
    expect(all.unplaced).toBe(256 * 3 - 600);
  });

  test('replicas, partitions and strategies', () => {
    const more = staged(ringOf(), [{ kind: 'setReplicas', replicaCount: 4 }]);
    expect([more.plan.movedReplicas, more.least.replicas]).toEqual([256, 256]);
    const fewer = staged(ringOf(), [{ kind: 'setReplicas', replicaCount: 2 }]);
    expect([fewer.plan.bytes, fewer.plan.steps.length]).toEqual([0, 1]);
    const finer = staged(ringOf(), [{ kind: 'setPartitions', partitionCount: 1024 }]);
    expect([finer.plan.partitionCount, finer.plan.movedReplicas]).toEqual([1024, 0]);
    const coarser = staged(ringOf(), [{ kind: 'setPartitions', partitionCount: 64 }]);
    expect(coarser.table.partitionCount).toBe(64);
    expect(coarser.least.isExact).toBe(false);
    const tokens = staged(ringOf(), [{ kind: 'setStrategy', strategy: 'tokens' }]);
    expect(tokens.layout.tokens).toHaveLength(6 * 64);
    expect(tokens.least.replicas).toBe(0);
    expect(tokens.plan.movedReplicas).toBeGreaterThan(0);
  });

  test('of tokens move what they led', () => {
    const ring = ringOf({ strategy: 'tokens' });
    const token = ring.layout.tokens[10]!;
    const without = staged(ring, [{ kind: 'removeToken', position: token.position }]);
    expect(without.layout.tokens).toHaveLength(6 * 64 - 1);
    const back = staged(ring, [
      { kind: 'removeToken', position: token.position },
      { kind: 'addToken', id: token.node, position: token.position },
    ]);
    expect(back.plan.steps).toEqual([]);
    const moved = staged(ring, [
      { kind: 'moveToken', from: token.position, to: token.position + 1 },
      { kind: 'setTokensPerNode', tokensPerNode: 128 },
      { kind: 'addNode', node: node('n6', 'z0') },
    ]);
    expect(moved.faults).toEqual([null, null, null]);
    expect(moved.layout.tokens).toHaveLength(7 * 128);
    const even = staged(ring, [{ kind: 'setLeaders', leaders: 'even' }]);
    expect(even.plan.bytes).toBe(0);
    expect(even.plan.leadersChanged).toBeGreaterThan(0);
    for (const { id: name } of ring.layout.topology.nodes) {
      const { held: all, led } = partitionsOf(even.table, name);
      expect(Math.abs(led.length - all.length / 3)).toBeLessThan(1);
    }
  });

  test('that cannot be done say why, and the others are done', () => {
    const edits: Edit[] = [
      { kind: 'removeNode', id: id('n7') },
      { kind: 'addNode', node: node('n1', 'z1') },
      { kind: 'setWeight', id: id('n1'), weight: -1 },
      { kind: 'setReplicas', replicaCount: 9 },
      { kind: 'setPartitions', partitionCount: 1000 },
      { kind: 'removeToken', position: 1 },
      { kind: 'setOverload', overloadPercent: -5 },
      { kind: 'addNode', node: node('n6', 'z/0') },
      { kind: 'removeNode', id: id('n0') },
    ];
    const { faults, layout } = staged(ringOf(), edits);
    expect(faults.map((fault) => fault?.kind ?? null)).toEqual([
      'noNode',
      'duplicateId',
      'badWeight',
      'outOfRange',
      'notAPowerOfTwo',
      'noTokens',
      'outOfRange',
      'badPlace',
      null,
    ]);
    expect(layout.topology.nodes.map((each) => each.id)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
    const everybody = ringOf().layout.topology.nodes.map((each): Edit => ({
      kind: 'drainNode',
      id: each.id,
    }));
    expect(staged(ringOf(), everybody).faults.at(-1)).toEqual({ kind: 'nobodyLeft' });
  });

  test('in another order may come to the same, without asking', () => {
    const add: Edit = { kind: 'addNode', node: node('n6', 'z0') };
    const weigh: Edit = { kind: 'setWeight', id: id('n6'), weight: 2 };
    expect(staged(ringOf(), [weigh, add]).faults).toEqual([{ kind: 'noNode', id: 'n6' }, null]);
    expect(staged(ringOf(), [add, weigh]).faults).toEqual([null, null]);
  });
});

test('today and then stand beside each other', () => {
  const ring = ringOf();
  const now = assessmentOf(ring.table, ring.layout, measured.bytes);
  const stage = staged(ring, [{ kind: 'setReplicas', replicaCount: 2 }]);
  const then = assessmentOf(stage.table, stage.layout, measured.bytes);
  expect(now.loss.map(({ probability }) => probability).slice(0, 3)).toEqual([0, 0, 8 / 20]);
  expect(then.loss[1]!.probability).toBeCloseTo(12 / 15, 10);
  expect(now.figures.replicas.maxToMean).toBe(1);
  expect(now.copysets.sets).toHaveLength(8);
  expect(replicasOf(ring.table, 0)).toHaveLength(3);
});
