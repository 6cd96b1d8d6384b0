/** A plan comes from one table to the other in steps that are safe, within the limits, and add up. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { balance } from '../../../../../src-server/storage/ring/balance.ts';
import { type Measured, type Plan, planOf } from '../../../../../src-server/storage/ring/plan.ts';
import {
  differenceOf,
  estimateOf,
  isPlanFor,
  tableAfter,
} from '../../../../../src-server/storage/ring/progress.ts';
import { regrouped } from '../../../../../src-server/storage/ring/regroup.ts';
import {
  preferredLeaderOf,
  replicasOf,
  type RingTable,
  tableFaultOf,
} from '../../../../../src-server/storage/ring/table.ts';
import {
  hostNameOf,
  type NodeId,
  nodeId,
  type RingNode,
  type Topology,
  topologyOf,
  zoneNameOf,
} from '../../../../../src-server/storage/ring/topology.ts';
import { randomEdit, type RandomRing, randomRing } from './random-ring.ts';

interface Case {
  readonly plan: Plan;
  readonly before: RingTable;
  readonly after: RingTable;
  /** All nodes of both sides, where they will be. */
  readonly nodes: ReadonlyMap<NodeId, RingNode>;
  readonly measured: Measured;
  readonly transfersPerNode: number;
}

function measuredBy(random: Prng, partitionCount: number): Measured {
  const figures = (): Float64Array =>
    Float64Array.from({ length: partitionCount }, () => random.below(1000));
  return { bytes: figures(), keys: figures(), heat: figures() };
}

function randomCase(seed: number): Case {
  const random = new Prng(seed);
  const first = { ...randomRing(random), partitionBytes: null };
  let second: RandomRing = first;
  for (let edits = random.between(1, 3); edits > 0; edits--) second = randomEdit(second, random);
  const before = balance({ ...first, before: null }).table;
  const measured = measuredBy(random, before.partitionCount);
  const after = balance({ ...second, before }).table;
  const transfersPerNode = random.between(1, 3);
  const plan = planOf({
    ringVersion: seed,
    before,
    after,
    topologyBefore: first.topology,
    topologyAfter: second.topology,
    measured,
    transfersPerNode,
    freesAt: random.pick(['end', 'step']),
  });
  const nodes = new Map(
    [...first.topology.nodes, ...second.topology.nodes].map((node) => [node.id, node]),
  );
  return { plan, before, after, nodes, measured, transfersPerNode };
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

describe('plans by chance', () => {
  const cases = Array.from({ length: 200 }, (_, i) => randomCase(i + 1));

  test('lead from the table before to the table after', () => {
    for (const { plan, before, after } of cases) {
      expect(placementOf(tableAfter(plan, 0))).toEqual(placementOf(before));
      expect(placementOf(tableAfter(plan, plan.steps.length))).toEqual(placementOf(after));
      // The end is reached by the moves, not because it was known.
      const shorn = { ...plan, steps: [...plan.steps, { moves: [], bytes: 0, busiestBytes: 0 }] };
      expect(placementOf(tableAfter(shorn, plan.steps.length))).toEqual(placementOf(after));
    }
  });

  test('M1: never have fewer copies, or more in a zone or on a host, than before or after', () => {
    for (const { plan, before, after, nodes } of cases) {
      expect(plan.unsafePartitions).toEqual([]);
      for (let step = 1; step < plan.steps.length; step++) {
        const table = tableAfter(plan, step);
        expect(tableFaultOf(table)).toBeNull();
        for (const { partition } of plan.steps[step - 1]!.moves) {
          const old = replicasOf(before, partition);
          const next = replicasOf(after, partition);
          const now = replicasOf(table, partition);
          expect(now.length).toBeGreaterThanOrEqual(Math.min(old.length, next.length));
          for (const nameOf of [zoneNameOf, hostNameOf]) {
            for (const id of now) {
              const place = nameOf(nodes.get(id)!);
              const count = (row: readonly NodeId[]): number =>
                row.filter((other) => nameOf(nodes.get(other)!) === place).length;
              expect(count(now)).toBeLessThanOrEqual(Math.max(count(old), count(next)));
            }
          }
        }
      }
    }
  });

  test('M2: change each leader once at most, and only to a node that holds the partition by then', () => {
    for (const { plan } of cases) {
      const changes = new Map<number, number>();
      let before = tableAfter(plan, 0);
      for (let step = 1; step <= plan.steps.length; step++) {
        const now = tableAfter(plan, step);
        for (let partition = 0; partition < plan.partitionCount; partition++) {
          if (preferredLeaderOf(now, partition) === preferredLeaderOf(before, partition)) continue;
          changes.set(partition, (changes.get(partition) ?? 0) + 1);
        }
        before = now;
      }
      expect(Math.max(0, ...changes.values())).toBeLessThanOrEqual(1);
      expect(changes.size).toBe(plan.leadersChanged);
    }
  });

  test('M3: keep to the limits of nodes and partitions in every step', () => {
    for (const { plan, transfersPerNode } of cases) {
      for (const { moves } of plan.steps) {
        const copies = moves.filter(({ to }) => to !== null);
        for (const id of plan.nodeIds) {
          expect(copies.filter(({ to }) => to === id).length).toBeLessThanOrEqual(transfersPerNode);
          expect(copies.filter(({ source }) => source === id).length).toBeLessThanOrEqual(
            transfersPerNode,
          );
        }
        expect(new Set(copies.map(({ partition }) => partition)).size).toBe(copies.length);
      }
    }
  });

  test('M4: add up: pairs, steps, nodes and the whole say the same', () => {
    for (const { plan, before, after, measured } of cases) {
      const moves = plan.steps.flatMap((step) => step.moves);
      let expected = 0;
      for (let partition = 0; partition < plan.partitionCount; partition++) {
        const old = replicasOf(before, partition);
        const added = replicasOf(after, partition).filter((id) => !old.includes(id));
        if (old.length > 0) expected += added.length * measured.bytes[partition]!;
      }
      expect(plan.bytes).toBe(expected);
      expect(sum(plan.streams.map(({ bytes }) => bytes))).toBe(expected);
      expect(sum(plan.steps.map(({ bytes }) => bytes))).toBe(expected);
      expect(sum(plan.nodes.map(({ bytesIn }) => bytesIn))).toBe(expected);
      expect(sum(plan.nodes.map(({ bytesOut }) => bytesOut))).toBe(expected);
      expect(sum(plan.streams.map(({ keys }) => keys))).toBe(plan.keys);
      expect(plan.movedReplicas).toBe(moves.filter(({ to }) => to !== null).length);
      plan.nodes.forEach(({ id, bytesBefore, bytesAfter, bytesIn, peakBytes }) => {
        const given = moves.filter(({ from }) => from === id);
        expect(bytesAfter).toBe(
          bytesBefore + bytesIn - sum(given.map(({ partition }) => measured.bytes[partition]!)),
        );
        expect(peakBytes).toBeGreaterThanOrEqual(Math.max(bytesBefore, bytesAfter));
        expect(peakBytes).toBeLessThanOrEqual(bytesBefore + bytesIn);
      });
    }
  });
});

function placementOf(table: RingTable): string[] {
  return Array.from({ length: table.partitionCount }, (_, partition) => {
    const [leader = '', ...others] = replicasOf(table, partition);
    return [leader, ...others.sort()].join(' ');
  });
}

function topologyOfNodes(count: number): Topology {
  return topologyOf(
    Array.from({ length: count }, (_, i): RingNode => {
      const id = nodeId(`n${i}`);
      return { id, region: 'r', zone: `z${i % 3}`, host: id, weight: 1, capBytes: null };
    }),
  );
}

describe('a node more', () => {
  const six = topologyOfNodes(6);
  const seven = topologyOfNodes(7);
  const shape = { partitionCount: 256, replicaCount: 3, overloadPercent: null };
  const before = balance({ ...shape, topology: six, before: null }).table;
  const after = balance({ ...shape, topology: seven, before }).table;
  const measured = { bytes: new Float64Array(256).fill(1e6), keys: new Float64Array(256).fill(10) };
  const options = {
    ringVersion: 7,
    before,
    after,
    topologyBefore: six,
    topologyAfter: seven,
    measured,
    transfersPerNode: 2,
    freesAt: 'end' as const,
  };
  const plan = planOf(options);

  test('takes two copies in each step, from leaders', () => {
    expect(plan.movedReplicas).toBe(85);
    expect(plan.steps.filter(({ bytes }) => bytes > 0)).toHaveLength(43);
    for (const { source, partition, to } of plan.steps.flatMap((step) => step.moves)) {
      if (to !== null) expect(source).toBe(preferredLeaderOf(before, partition));
    }
  });

  test('estimates its time by the busiest node, with an error on both sides', () => {
    const pace = { bytesPerSecond: 2e6, error: 0.25, stepMs: 100 };
    const fixedMs = plan.steps.length * 100;
    expect(estimateOf(plan, pace)).toEqual({
      ms: 42_500 + fixedMs,
      leastMs: 34_000 + fixedMs,
      mostMs: 42_500 / 0.75 + fixedMs,
    });
    expect(estimateOf(plan, pace, plan.steps.length).ms).toBe(0);
  });

  test('is for one version of the ring', () => {
    expect(isPlanFor(plan, 7)).toBe(true);
    expect(isPlanFor(plan, 8)).toBe(false);
    const same = planOf({ ...options, ringVersion: 8, transfersPerNode: 1 });
    expect(differenceOf(plan, same)).toEqual({
      added: [],
      dropped: [],
      bytes: 0,
      leadersChanged: 0,
    });
    const nothing = planOf({ ...options, before: after, topologyBefore: seven });
    expect(nothing.steps).toEqual([]);
    expect(differenceOf(plan, nothing).dropped.length).toBeGreaterThanOrEqual(85);
  });

  test('never asks a dead node for a copy', () => {
    const dead = new Set([nodeId('n0')]);
    const moves = planOf({ ...options, dead }).steps.flatMap((step) => step.moves);
    expect(moves.every(({ source }) => source !== 'n0')).toBe(true);
  });
});

test('copies wait for room where disks are freed after each step', () => {
  // Two nodes swap everything, with room for one partition more.
  const [a, b] = topologyOfNodes(2).nodes as [RingNode, RingNode];
  const topology = topologyOf([
    { ...a, capBytes: 50 },
    { ...b, capBytes: 50 },
  ]);
  const table = (flip: number): RingTable => ({
    partitionCount: 8,
    replicaCount: 1,
    nodeIds: [a.id, b.id],
    cells: Uint16Array.from({ length: 8 }, (_, i) => (i + flip) % 2),
  });
  const options = {
    ringVersion: 1,
    before: table(0),
    after: table(1),
    topologyBefore: topology,
    topologyAfter: topology,
    measured: { bytes: new Float64Array(8).fill(10), keys: new Float64Array(8) },
    transfersPerNode: 4,
  };
  const waiting = planOf({ ...options, freesAt: 'step' });
  expect(waiting.nodes.map(({ peakBytes }) => peakBytes)).toEqual([50, 50]);
  expect(waiting.steps).toHaveLength(4);
  const heaping = planOf({ ...options, freesAt: 'end' });
  expect(heaping.nodes.map(({ peakBytes }) => peakBytes)).toEqual([80, 80]);
});

test('splitting partitions moves nothing; joining them brings their parts together', () => {
  const topology = topologyOfNodes(6);
  const shape = { replicaCount: 3, topology, before: null };
  const before = balance({ ...shape, partitionCount: 64 }).table;
  const measured = { bytes: new Float64Array(64).fill(8), keys: new Float64Array(64).fill(4) };
  const options = {
    ringVersion: 1,
    before,
    topologyBefore: topology,
    topologyAfter: topology,
    measured,
    transfersPerNode: 2,
    freesAt: 'end' as const,
  };
  const finer = planOf({ ...options, after: regrouped(before, 256) });
  expect([finer.partitionCount, finer.bytes, finer.steps.length]).toEqual([256, 0, 0]);
  const coarser = planOf({ ...options, after: regrouped(before, 16) });
  expect(coarser.partitionCount).toBe(64);
  expect(coarser.bytes).toBe(coarser.movedReplicas * 8);
  expect(coarser.movedReplicas).toBeLessThan(64 * 3);
});
