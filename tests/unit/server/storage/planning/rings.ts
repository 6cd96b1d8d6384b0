/** Rings for plans: as the tree tells of them, with sizes as leaders would tell them. */
import { DEFAULT_CHOICES } from '../../../../../src-server/storage/control/placement-text.ts';
import { placementAfter } from '../../../../../src-server/storage/control/rebalance-placing.ts';
import {
  DEFAULT_PACE,
  layoutOf,
  type RingConfig,
} from '../../../../../src-server/storage/control/ring-config.ts';
import type { RingView } from '../../../../../src-server/storage/control/view.ts';
import { Sizes } from '../../../../../src-server/storage/planning/sizes.ts';
import { type Grounds, staged } from '../../../../../src-server/storage/planning/staging.ts';
import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import {
  DEFAULT_LAYOUT,
  type Layout,
  placed,
} from '../../../../../src-server/storage/ring/layout.ts';
import { replicasOf } from '../../../../../src-server/storage/ring/table.ts';
import { dealTokens } from '../../../../../src-server/storage/ring/tokens.ts';
import {
  nodeId,
  type RingNode,
  topologyOf,
} from '../../../../../src-server/storage/ring/topology.ts';
import { node, state, view } from '../control/situations.ts';

export interface RingShape {
  readonly nodes?: number;
  readonly zones?: number;
  readonly partitionCount?: number;
  readonly strategy?: Layout['strategy'];
  readonly capBytes?: number | null;
  /** Registered, and no part of the ring. */
  readonly spare?: readonly string[];
}

/** `n0`, `n1` … in zones `z0`, `z1` …; everything is where it is wanted. */
export function ringOf(shape: RingShape = {}): RingView {
  const { nodes = 4, zones = 3, partitionCount = 64, strategy = 'balanced' } = shape;
  const members = Array.from({ length: nodes }, (_, i): RingNode => ({
    id: nodeId(`n${i}`),
    region: 'r',
    zone: `z${i % zones}`,
    host: `h${i}`,
    weight: 1,
    capBytes: shape.capBytes ?? null,
  }));
  const topology = topologyOf(members);
  const tokens = strategy === 'tokens' ? dealTokens(topology, 8) : [];
  const layout = { ...DEFAULT_LAYOUT, topology, partitionCount, strategy, tokens };
  const { table } = placed(layout, null, null);
  const config: RingConfig = {
    ringId: 'ring',
    version: 5,
    phase: 'formed',
    minInSync: 2,
    downOutMs: 60_000,
    backfillsPerNode: 2,
    founders: [],
    strategy,
    ...DEFAULT_CHOICES,
    ...DEFAULT_PACE,
    tokensPerNode: strategy === 'tokens' ? 8 : DEFAULT_CHOICES.tokensPerNode,
    nodes: topology.nodes,
    out: [],
    table,
    tokens: strategy === 'tokens' ? tokens : null,
    changed: { atMs: 1, by: 'test', why: 'test' },
  };
  const states = Array.from({ length: partitionCount }, (_, partition) => {
    const [leader, ...others] = replicasOf(table, partition);
    return state([`${leader!}*`, ...others].join(' '));
  });
  const there = [...members.map(({ id }) => id), ...(shape.spare ?? [])];
  const known = new Map(there.map((id) => [nodeId(id), node(id, { zone: 'z9' })]));
  for (const member of members) known.set(member.id, { ...node(member.id), ...member });
  return view({ config, states, there: '', more: { nodes: known, members: known } });
}

/** A thousand bytes in the first partition, two in the second, and so on; ten keys each. */
export function sizesOf(
  seen: RingView,
  isTold: (partition: number) => boolean = () => true,
): Sizes {
  const { partitionCount } = seen.config!.value.table;
  const sizes = new Sizes(partitionCount);
  const partitions = Array.from({ length: partitionCount }, (_, p) => p).filter(isTold);
  sizes.take(
    partitions.map((partition) => ({
      partition,
      role: 'leader',
      keys: 10,
      bytes: 1000 * (partition + 1),
      reads: 0,
      writes: 0,
    })),
    1000,
  );
  return sizes;
}

export function groundsOf(seen: RingView, more: Partial<Grounds> = {}): Grounds {
  return {
    view: seen,
    sizes: sizesOf(seen),
    pace: { bytesPerSecond: 1_000_000, transfersPerNode: 2 },
    former: [],
    ...more,
  };
}

/** The ring once these edits are carried out. */
export function ringAfter(seen: RingView, edits: readonly Edit[]): RingView {
  const config = seen.config!.value;
  const { stage } = staged(groundsOf(seen), edits)!;
  const value = { ...config, ...placementAfter(config, { edits, stage }), version: 6 };
  return { ...seen, config: { value, version: 4, changedAtMs: 0 } };
}

export function layoutIn(seen: RingView): Layout {
  return layoutOf(seen.config!.value);
}
