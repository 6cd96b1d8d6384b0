/** Small rings by chance, and chance edits of them: what the properties of placement are tried on. */
import type { Prng } from '../../../../../src-server/base/prng.ts';
import {
  nodeId,
  type RingNode,
  type Topology,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';

export interface RandomRing {
  readonly topology: Topology;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly overloadPercent: number | null;
  readonly partitionBytes: Float64Array | null;
}

export function randomRing(random: Prng): RandomRing {
  const partitionCount = random.pick([16, 32, 32, 64, 128]);
  const count = random.between(1, 12);
  const zoneCount = random.between(1, 5);
  const shape = {
    random,
    zoneCount,
    weights: random.pick([[1], [1, 1, 2], [1, 2, 4], [0.5, 1, 7.3]]),
  };
  const nodes = Array.from({ length: count }, (_, i) => randomNode(shape, i));
  return {
    topology: topologyOf(nodes),
    partitionCount,
    replicaCount: random.between(1, 4),
    overloadPercent: random.pick([null, null, 0, 10, 50]),
    partitionBytes: random.chance(0.25) ? new Float64Array(partitionCount).fill(100) : null,
  };
}

interface Shape {
  readonly random: Prng;
  readonly zoneCount: number;
  readonly weights: readonly number[];
}

function randomNode({ random, zoneCount, weights }: Shape, i: number): RingNode {
  return {
    id: nodeId(`n${`${i}`.padStart(2, '0')}`),
    region: 'r',
    zone: `z${random.below(zoneCount)}`,
    host: random.chance(0.7) ? `h${i}` : `h${random.below(3)}`,
    weight: random.pick(weights),
    capBytes: null,
  };
}

/** One thing that an operator would do. */
export function randomEdit(ring: RandomRing, random: Prng): RandomRing {
  const nodes = [...ring.topology.nodes];
  const at = random.below(nodes.length);
  const node = nodes[at]!;
  const change = (changed: Partial<RingNode>): RandomRing => ({
    ...ring,
    topology: topologyOf(nodes.with(at, { ...node, ...changed })),
  });
  switch (random.below(9)) {
    case 0:
    case 1: {
      const shape = { random, zoneCount: 5, weights: [node.weight] };
      const added = randomNode(shape, 20 + random.below(50));
      if (nodes.some(({ id }) => id === added.id)) return ring;
      return { ...ring, topology: topologyOf([...nodes, added]) };
    }
    case 2:
    case 3:
      if (nodes.length === 1) return ring;
      return { ...ring, topology: topologyOf(nodes.toSpliced(at, 1)) };
    case 4:
      return change({ weight: node.weight * random.pick([0.5, 2, 3]) });
    case 5:
      return change({ weight: 0 });
    case 6:
      return change({ zone: `z${random.below(6)}` });
    case 7:
      return { ...ring, replicaCount: random.between(1, 4) };
    default:
      return change({ capBytes: 100 * random.between(1, ring.partitionCount) });
  }
}
