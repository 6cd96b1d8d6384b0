/**
 * The strategy `balanced`: shares, rules, and no more moved than an exact minimum-cost flow says must be.
 *
 * A few hundred small rings by chance run here; `PLACEMENT_SEEDS=1-10000` runs as many as anybody likes.
 */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { type Balance, balance } from '../../../../../src-server/storage/ring/balance.ts';
import { heldBytes } from '../../../../../src-server/storage/ring/disks.ts';
import { violationsOf } from '../../../../../src-server/storage/ring/rules.ts';
import { NOBODY, type RingTable } from '../../../../../src-server/storage/ring/table.ts';
import { terrainOf } from '../../../../../src-server/storage/ring/terrain.ts';
import {
  nodeId,
  type RingNode,
  type Topology,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';
import { checkPlacement } from './placement-properties.ts';
import { randomEdit, randomRing } from './random-ring.ts';

const [firstSeed, lastSeed] = (process.env['PLACEMENT_SEEDS'] ?? '1-200').split('-').map(Number);

const seedCount = lastSeed! - firstSeed! + 1;
/** Only what hangs takes so long for one ring and its edits, on a busy machine, too. */
const SEED_HANGS_MS = 600;

interface Plain {
  readonly nodes: number;
  readonly zones: number;
  readonly weightOf?: (i: number) => number;
}

function plainTopology({ nodes, zones, weightOf = () => 1 }: Plain): Topology {
  return topologyOf(
    Array.from({ length: nodes }, (_, i): RingNode => {
      const id = nodeId(`node-${100 + i}`);
      const zone = `zone-${i % zones}`;
      return { id, region: 'here', zone, host: id, weight: weightOf(i), capBytes: null };
    }),
  );
}

function placed(topology: Topology, before: RingTable | null, partitionCount = 1024): Balance {
  return balance({ topology, partitionCount, replicaCount: 3, before });
}

function counts(table: RingTable): { held: number[]; led: number[] } {
  const held = new Array<number>(table.nodeIds.length).fill(0);
  const led = new Array<number>(table.nodeIds.length).fill(0);
  table.cells.forEach((node, at) => {
    if (node === NOBODY) return;
    held[node]!++;
    if (at % table.replicaCount === 0) led[node]!++;
  });
  return { held, led };
}

test(
  `P1–P5: seeds ${firstSeed!} to ${lastSeed!}: rules kept, shares kept, moved what must be, stable`,
  () => {
    const moves = { ours: 0, least: 0, tables: 0 };
    for (let seed = firstSeed!; seed <= lastSeed!; seed++) {
      try {
        checkPlacement(seed, moves);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(moves.tables).toBeGreaterThanOrEqual(seedCount);
    expect(moves.ours).toBe(moves.least);
  },
  seedCount * SEED_HANGS_MS,
);

describe('equal nodes', () => {
  test.each([
    { nodes: 3, zones: 3, partitionCount: 256 },
    { nodes: 7, zones: 7, partitionCount: 256 },
    { nodes: 10, zones: 5, partitionCount: 1024 },
    { nodes: 30, zones: 5, partitionCount: 1024 },
    { nodes: 100, zones: 5, partitionCount: 4096 },
  ])('P1: %o hold and lead the same, one more or less', ({ nodes, zones, partitionCount }) => {
    const { table } = placed(plainTopology({ nodes, zones }), null, partitionCount);
    const { held, led } = counts(table);
    const mean = (partitionCount * 3) / nodes;
    expect(Math.max(...held) / mean).toBeLessThanOrEqual(
      Math.min(1.01, 1 + nodes / (partitionCount * 3)),
    );
    expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
    expect(Math.max(...led) - Math.min(...led)).toBeLessThanOrEqual(1);
  });
});

describe('P3: edits', () => {
  const ten = plainTopology({ nodes: 10, zones: 5 });
  const eleven = plainTopology({ nodes: 11, zones: 5 });

  test('a new node gets its share, and nothing else moves', () => {
    const before = placed(ten, null);
    const after = placed(eleven, before.table);
    expect(after.moved).toBe(Math.floor((1024 * 3) / 11));
    expect(counts(after.table).held[10]).toBe(after.moved);
  });

  test('a node that leaves gives away what it held, and nothing else moves', () => {
    const before = placed(eleven, null);
    const after = placed(ten, before.table);
    expect(after.moved).toBe(counts(before.table).held[10]);
  });

  test('a whole zone gets its quarter', () => {
    const before = placed(plainTopology({ nodes: 9, zones: 3 }), null);
    const grown = topologyOf([
      ...plainTopology({ nodes: 9, zones: 3 }).nodes,
      ...plainTopology({ nodes: 12, zones: 1 })
        .nodes.slice(9)
        .map((node) => ({ ...node, zone: 'zone-3' })),
    ]);
    expect(placed(grown, before.table).moved).toBe(768);
  });

  test('there and back moves at most twice what must be', () => {
    const before = placed(ten, null);
    const there = placed(eleven, before.table);
    const back = placed(ten, there.table);
    expect(there.moved + back.moved).toBeLessThanOrEqual(2 * there.moved + 1);
  });

  test('a weight of nothing drains a node', () => {
    const before = placed(ten, null);
    const drained = topologyOf(
      ten.nodes.map((node, i) => (i === 4 ? { ...node, weight: 0 } : node)),
    );
    const after = placed(drained, before.table);
    expect(counts(after.table).held[4]).toBe(0);
    expect(after.moved).toBe(counts(before.table).held[4]);
  });
});

describe('P2: where weights and rules disagree', () => {
  // One node alone in its zone, twice two: by weight 0.6 of the partitions for the zone that the rule gives all of them.
  const uneven = topologyOf(
    plainTopology({ nodes: 5, zones: 3 }).nodes.map((node) => ({ ...node })),
  );
  const terrain = terrainOf(uneven);
  const place = (overloadPercent: number | null): Balance =>
    balance({
      topology: uneven,
      partitionCount: 1024,
      replicaCount: 3,
      before: null,
      overloadPercent,
    });
  const bentPartitions = ({ table, strictRules }: Balance): number =>
    violationsOf(table, terrain, strictRules).zones.length;

  test('the rule wins when asked to', () => {
    const result = place(null);
    expect(counts(result.table).held[2]).toBe(1024);
    expect(bentPartitions(result)).toBe(0);
  });

  test('the weights win at no overload', () => {
    const result = place(0);
    expect(counts(result.table).held[2]).toBeLessThanOrEqual(615);
    expect(bentPartitions(result)).toBe(1024 - counts(result.table).held[2]!);
  });

  test('an overload of a tenth bends it for fewer', () => {
    const result = place(10);
    expect(counts(result.table).held[2]).toBe(676);
    expect(bentPartitions(result)).toBe(1024 - 676);
    expect(violationsOf(result.table, terrain, result.rules).zones).toEqual([]);
  });
});

describe('P5: disks', () => {
  const capped = (capBytes: number): Topology =>
    topologyOf(
      plainTopology({ nodes: 5, zones: 5 }).nodes.map((node, i) =>
        i === 0 ? { ...node, capBytes } : node,
      ),
    );

  test('no node holds more bytes than its cap, whatever the partitions weigh', () => {
    const partitionBytes = Float64Array.from({ length: 256 }, (_, p) => 10 + ((p * 37) % 100));
    const topology = capped(4000);
    const options = { topology, partitionCount: 256, replicaCount: 3, partitionBytes };
    const uncapped = balance({ ...options, topology: capped(1e9), before: null });
    const result = balance({ ...options, before: uncapped.table });
    let bytes = 0;
    result.table.cells.forEach((node, at) => {
      if (node === 0) bytes += partitionBytes[Math.floor(at / 3)]!;
    });
    expect(bytes).toBeLessThanOrEqual(4000);
    expect(bytes).toBeGreaterThan(3500);
    expect(result.unplaced).toBe(0);
  });

  test('P4: where partitions differ and disks are nearly full, a balanced table still comes back as it is', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Prng(seed);
      let ring = randomRing(random);
      const weigh = (): number => random.below(200);
      const partitionBytes = Float64Array.from({ length: ring.partitionCount }, weigh);
      let before: RingTable | null = null;
      for (let edit = 0; edit < 5; edit++) {
        const result = balance({ ...ring, partitionBytes, before });
        const again = balance({ ...ring, partitionBytes, before: result.table });
        expect([seed, again.moved]).toEqual([seed, 0]);
        const held = heldBytes(result.table, partitionBytes);
        ring.topology.nodes.forEach(({ capBytes }, i) => {
          if (capBytes !== null) expect(held[i]).toBeLessThanOrEqual(capBytes);
        });
        before = result.table;
        ring = randomEdit(ring, random);
      }
    }
  });

  test('what fits nowhere is said, not squeezed in', () => {
    const partitionBytes = new Float64Array(256).fill(10);
    const topology = topologyOf(capped(0).nodes.map((node) => ({ ...node, capBytes: 1000 })));
    const result = balance({
      topology,
      partitionCount: 256,
      replicaCount: 3,
      partitionBytes,
      before: null,
    });
    expect(result.unplaced).toBe(256 * 3 - 500);
    expect(counts(result.table).held).toEqual([100, 100, 100, 100, 100]);
  });
});
