/** The three questions of health, what if somebody dies, and how probable it is that failures lose data. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { balance } from '../../../../../src-server/storage/ring/balance.ts';
import {
  choices,
  type Copysets,
  copysetsOf,
  lossProbability,
} from '../../../../../src-server/storage/ring/copysets.ts';
import { figuresOf } from '../../../../../src-server/storage/ring/figures.ts';
import {
  fatesOf,
  healthOf,
  type HealthOptions,
  livenessWithout,
} from '../../../../../src-server/storage/ring/risk.ts';
import {
  type NodeId,
  nodeId,
  type RingNode,
  type Topology,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';
import { randomRing } from './random-ring.ts';

function evenTopology(nodes: number, zones: number): Topology {
  return topologyOf(
    Array.from({ length: nodes }, (_, i): RingNode => {
      const id = nodeId(`n${100 + i}`);
      return { id, region: 'r', zone: `z${i % zones}`, host: id, weight: 1, capBytes: null };
    }),
  );
}

describe('health', () => {
  const topology = evenTopology(6, 3);
  const options: HealthOptions = {
    table: balance({ topology, partitionCount: 64, replicaCount: 3, before: null }).table,
    topology,
    minInSync: 2,
    isAlive: () => true,
  };
  const ids = (...names: string[]): Set<NodeId> => new Set(names.map(nodeId));

  test('of a whole ring is good', () => {
    expect(healthOf(options)).toEqual({
      missing: [],
      sharedZone: [],
      sharedHost: [],
      atRisk: [],
      refusing: [],
      lost: [],
      leaderless: [],
    });
  });

  test('a dead node puts what it held at risk, a second one stops writes of what both held', () => {
    const one = livenessWithout(options, ids('n100'));
    expect(one.atRisk).toHaveLength(32);
    expect([one.refusing, one.lost]).toEqual([[], []]);
    const two = livenessWithout(options, ids('n100', 'n101'));
    expect(two.refusing.length).toBeGreaterThan(0);
    expect(two.atRisk.length + 2 * two.refusing.length).toBe(64);
    expect(two.lost).toEqual([]);
    expect(livenessWithout(options, ids('n100', 'n103', 'n101', 'n104')).lost).toEqual([]);
    expect(livenessWithout(options, new Set(topology.nodes.map(({ id }) => id))).lost).toHaveLength(
      64,
    );
  });

  test('a copy that is not in sync does not count', () => {
    const lagging = healthOf({ ...options, isInSync: (_, id) => id !== 'n100' });
    expect(lagging.atRisk).toEqual(livenessWithout(options, ids('n100')).atRisk);
    expect(lagging.leaderless).toEqual([]);
  });

  test('replicas in one zone are seen when the topology says so', () => {
    const moved = topologyOf(
      topology.nodes.map((node, i) => (i === 0 ? { ...node, zone: 'z1' } : node)),
    );
    expect(healthOf({ ...options, topology: moved }).sharedZone).toHaveLength(32);
  });

  test('the fate of each node and zone', () => {
    const fates = fatesOf(options);
    expect(fates.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...topology.nodes.map(({ id }) => `node ${id}`),
      'zone r/z0',
      'zone r/z1',
      'zone r/z2',
    ]);
    for (const { kind, atRisk, refusing, lost } of fates) {
      expect([atRisk, refusing, lost]).toEqual([kind === 'zone' ? 64 : 32, 0, 0]);
    }
    const leaders = fates.filter(({ kind }) => kind === 'node').map(({ leaders: led }) => led);
    expect(leaders.reduce((sum, led) => sum + led, 0)).toBe(64);
  });
});

describe('the probability of loss', () => {
  const copysets = (nodes: number, zones: number, partitionCount: number): Copysets =>
    copysetsOf(
      balance({
        topology: evenTopology(nodes, zones),
        partitionCount,
        replicaCount: 3,
        before: null,
      }).table,
    );

  test('of as many failures as copies is the part of groups that are copysets', () => {
    const five = copysets(5, 5, 1024);
    expect(lossProbability(five, 3).probability).toBe(1);
    const ten = copysets(10, 5, 1024);
    // One node of three in zones of two each: every such group is a copyset of 1024 partitions.
    expect(lossProbability(ten, 3).probability).toBeCloseTo(80 / 120, 10);
    const hundred = copysets(100, 5, 4096);
    expect(lossProbability(hundred, 3).probability).toBe(hundred.sets.length / choices(100, 3));
    expect(lossProbability(hundred, 3).probability).toBeCloseTo(0.025, 3);
    expect(lossProbability(hundred, 2)).toEqual({
      failures: 2,
      probability: 0,
      isExact: true,
      error: 0,
    });
    expect(lossProbability(hundred, 100).probability).toBe(1);
  });

  test('counted is what trying every group says', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { table } = balance({ ...randomRing(new Prng(seed)), before: null });
      const sets = copysetsOf(table);
      for (let failures = 1; failures <= sets.nodeCount; failures++) {
        const { probability, isExact } = lossProbability(sets, failures);
        expect(isExact).toBe(true);
        expect(probability).toBeCloseTo(tried(sets, failures), 12);
      }
    }
  });

  test('of one failure more than copies is exact for 200 nodes, and near what samples say', () => {
    const sets = copysets(200, 5, 4096);
    const counted = lossProbability(sets, 4);
    expect(counted.isExact).toBe(true);
    const random = new Prng(4);
    const sampled = sampledLoss(sets, { failures: 4, samples: 20_000 }, random);
    expect(Math.abs(counted.probability - sampled)).toBeLessThan(4 * Math.sqrt(sampled / 20_000));
  });

  test('estimated is near what is counted, and says how near', () => {
    const sets = copysets(20, 5, 256);
    const counted = lossProbability(sets, 5);
    const estimated = lossProbability(sets, 5, { maxSteps: 0, samples: 20_000 });
    expect(counted.isExact).toBe(true);
    expect(estimated.isExact).toBe(false);
    expect(Math.abs(estimated.probability - counted.probability)).toBeLessThan(4 * estimated.error);
  });
});

function sampledLoss(
  { nodeCount, sets }: Copysets,
  { failures, samples }: { failures: number; samples: number },
  random: Prng,
): number {
  const names = new Set(sets.map((set) => set.join()));
  let losing = 0;
  for (let sample = 0; sample < samples; sample++) {
    const failed = new Set<number>();
    while (failed.size < failures) failed.add(random.below(nodeCount));
    const group = [...failed].sort((a, b) => a - b);
    if (group.some((_, left) => names.has(group.toSpliced(left, 1).join()))) losing++;
  }
  return losing / samples;
}

/** Every group of failed nodes, one by one. */
function tried({ nodeCount, sets }: Copysets, failures: number): number {
  let groups = 0;
  let losing = 0;
  for (let group = 0; group < 2 ** nodeCount; group++) {
    const members = Array.from({ length: nodeCount }, (_, i) => i).filter((i) => (group >> i) & 1);
    if (members.length !== failures) continue;
    groups++;
    if (sets.some((set) => set.every((node) => members.includes(node)))) losing++;
  }
  return losing / groups;
}

test('figures tell how even a table is', () => {
  const topology = topologyOf([
    ...evenTopology(3, 3).nodes,
    { ...evenTopology(4, 4).nodes[3]!, weight: 3 },
  ]);
  const { table } = balance({ topology, partitionCount: 64, replicaCount: 1, before: null });
  const bytes = new Float64Array(64).fill(2);
  const figures = figuresOf(table, topology, bytes);
  expect(figures.nodes.map(({ held }) => held).sort()).toEqual([10, 11, 11, 32]);
  expect(figures.nodes[3]).toMatchObject({ weightPart: 0.5, heldPart: 0.5, bytes: 64, led: 32 });
  expect(figures.zones.map(({ name, held }) => [name, held])[3]).toEqual(['r/z3', 32]);
  expect(figures.replicas.maxToMean).toBeCloseTo((11 * 6) / 64, 10);
  expect(figures.bytes).toEqual(figures.replicas);
  expect(figures.unplaced).toBe(0);
});
