/** Rings as the service tells of them, for tests of what is made of them. */
import { NOBODY, type RingNode, type RingView } from '#contract/ring-models.ts';

export function ringNode(id: string, zone: string, more: Partial<RingNode> = {}): RingNode {
  return {
    id,
    region: 'here',
    zone,
    host: id,
    weight: 1,
    capBytes: null,
    isPlaced: true,
    isOut: false,
    isAlive: true,
    incarnation: 1,
    clusterAddress: '127.0.0.1:7001',
    proxyAddress: '127.0.0.1:7101',
    local: null,
    ...more,
  };
}

/** One partition: places of the nodes that have it, the leader first; whoever is not in sync is named again in `behind`. */
export interface ExamplePartition {
  readonly copies: readonly number[];
  readonly leader?: number | null;
  readonly behind?: readonly number[];
  readonly learning?: readonly number[];
}

export function ringView(
  nodes: readonly RingNode[],
  partitions: readonly ExamplePartition[],
  { minInSync = 2, replicaCount = 3 } = {},
): RingView {
  const width = Math.max(replicaCount, ...partitions.map(({ copies }) => copies.length));
  const count = partitions.length;
  const wanted = new Uint16Array(count * replicaCount).fill(NOBODY);
  const leaders = new Uint16Array(count);
  const copies = new Uint16Array(count * width).fill(NOBODY);
  const inSync = new Uint16Array(count);
  const learning = new Uint16Array(count);
  const epochs = new Uint32Array(count).fill(1);
  for (const [p, one] of partitions.entries()) {
    const leader = one.leader === undefined ? one.copies[0]! : one.leader;
    leaders[p] = leader ?? NOBODY;
    for (const [i, node] of one.copies.entries()) {
      if (i < replicaCount) wanted[p * replicaCount + i] = node;
      copies[p * width + i] = node;
      const isLearning = one.learning?.includes(node) === true;
      if (isLearning) learning[p]! |= 1 << i;
      else if (one.behind?.includes(node) !== true) inSync[p]! |= 1 << i;
    }
  }
  const bytes = (column: Uint16Array | Uint32Array): Uint8Array => new Uint8Array(column.buffer);
  return {
    root: '/ring',
    atMs: 1,
    isCurrent: true,
    absence: null,
    detail: null,
    settings: {
      ringId: 'example',
      version: 1,
      partitionCount: count,
      replicaCount,
      minInSync,
      strategy: 'balanced',
      downOutMs: 60_000,
      changed: { atMs: 1, by: 'node-1', why: 'it begins' },
    },
    nodes,
    controller: nodes[0]?.id ?? null,
    columns: {
      width,
      wanted: bytes(wanted),
      leaders: bytes(leaders),
      copies: bytes(copies),
      inSync: bytes(inSync),
      learning: bytes(learning),
      epochs: bytes(epochs),
    },
    problems: [],
  };
}

/** Three nodes in three zones, and partitions that are well. */
export function threeNodes(more: readonly Partial<RingNode>[] = []): RingNode[] {
  return ['a', 'b', 'c'].map((zone, i) => ringNode(`node-${i + 1}`, zone, more[i] ?? {}));
}

export function wellPartitions(count: number): ExamplePartition[] {
  return Array.from({ length: count }, (_, p) => ({
    copies: [p % 3, (p + 1) % 3, (p + 2) % 3],
  }));
}
