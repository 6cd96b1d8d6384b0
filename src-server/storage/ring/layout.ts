/**
 * A layout: everything an operator decides about placement, and the table that follows from it and from the table before.
 */
import { type Balance, balance } from './balance.ts';
import { withEvenLeaders } from './leaders.ts';
import { DEFAULT_OVERLOAD_PERCENT } from './quotas.ts';
import { regrouped, regroupedFigures } from './regroup.ts';
import type { RingTable } from './table.ts';
import { dealTokens, DEFAULT_TOKENS_PER_NODE, tableOfTokens, type Tokens } from './tokens.ts';
import type { Topology } from './topology.ts';

export type Strategy = 'balanced' | 'tokens';

export interface Layout {
  readonly topology: Topology;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly strategy: Strategy;
  /** How much more than its share a node may hold so that rules are kept; null for whatever it takes. */
  readonly overloadPercent: number | null;
  /** For the strategy `tokens`: how many for each unit of weight, and where they are; none under `balanced`. */
  readonly tokensPerNode: number;
  readonly tokens: Tokens;
  /** Who leads under `tokens`: the first of each walk, or everybody as many as they can. */
  readonly leaders: 'walk' | 'even';
}

export const DEFAULT_LAYOUT: Omit<Layout, 'topology'> = {
  partitionCount: 1024,
  replicaCount: 3,
  strategy: 'balanced',
  overloadPercent: DEFAULT_OVERLOAD_PERCENT,
  tokensPerNode: DEFAULT_TOKENS_PER_NODE,
  tokens: [],
  leaders: 'walk',
};

export interface Placed {
  readonly table: RingTable;
  /** Of the strategy `balanced` only. */
  readonly balance: Balance | null;
}

/**
 * The table of a layout.
 *
 * @param before the table so far, with any number of partitions; null for the first
 * @param partitionBytes what its partitions hold, so that disk caps are kept; null when nothing is known
 */
export function placed(
  layout: Layout,
  before: RingTable | null,
  partitionBytes: Float64Array | null,
): Placed {
  const { topology, partitionCount } = layout;
  if (layout.strategy === 'tokens') {
    const table = tableOfTokens(layout.tokens, topology, layout);
    return { table: layout.leaders === 'even' ? withEvenLeaders(table) : table, balance: null };
  }
  const result = balance({
    topology,
    partitionCount,
    replicaCount: layout.replicaCount,
    overloadPercent: layout.overloadPercent,
    before: before === null ? null : regrouped(before, partitionCount),
    partitionBytes:
      partitionBytes === null ? null : regroupedFigures(partitionBytes, partitionCount),
  });
  return { table: result.table, balance: result };
}

/** The layout under another strategy: tokens are dealt when they are needed, and there are none when they are not. */
export function withStrategy(layout: Layout, strategy: Strategy): Layout {
  if (strategy === layout.strategy) return layout;
  const tokens = strategy === 'tokens' ? dealTokens(layout.topology, layout.tokensPerNode) : [];
  return { ...layout, strategy, tokens };
}
