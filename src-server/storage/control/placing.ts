/**
 * Tables for a ring whose nodes come and go: what the ring's own strategy makes of the nodes that are there, with as little
 * movement as that takes.
 */
import { placed } from '../ring/layout.ts';
import { NOBODY, replicasOf, type RingTable, type TableShape } from '../ring/table.ts';
import { dealTokens } from '../ring/tokens.ts';
import { type NodeId, type RingNode, topologyOf } from '../ring/topology.ts';
import { DEFAULT_CHOICES, type Placement } from './placement-text.ts';
import type { PartitionState } from './records.ts';
import type { RingConfig } from './ring-config.ts';
import type { Versioned } from './view.ts';

export function firstTable(
  options: TableShape & {
    readonly nodes: readonly RingNode[];
    readonly strategy: RingConfig['strategy'];
  },
): Pick<RingConfig, 'table' | 'tokens'> {
  const { nodes, strategy, partitionCount, replicaCount } = options;
  const topology = topologyOf(nodes);
  const { tokensPerNode } = DEFAULT_CHOICES;
  const tokens = strategy === 'tokens' ? dealTokens(topology, tokensPerNode) : null;
  const shape = { partitionCount, replicaCount };
  const layout = { ...DEFAULT_CHOICES, topology, ...shape, strategy, tokens: tokens ?? [] };
  return { tokens, table: placed(layout, null, null).table };
}

/** The table once these are out. */
export function tableWithout(config: RingConfig, out: readonly NodeId[]): RingTable {
  return tableFor(config, out, config.table);
}

/**
 * The table once a node is back. Where its old copy was not replaced yet it is wanted again, in place of one that would have to
 * be made.
 */
export function tableWith(
  config: RingConfig,
  id: NodeId,
  partitions: ReadonlyMap<number, Versioned<PartitionState>>,
): RingTable {
  const { table } = config;
  const nodeIds = [...new Set([...table.nodeIds, id])].sort();
  const { partitionCount, replicaCount } = table;
  const places = new Map(nodeIds.map((node, i) => [node, i]));
  const cells = new Uint16Array(partitionCount * replicaCount).fill(NOBODY);
  for (let partition = 0; partition < partitionCount; partition++) {
    const wanted = replicasOf(table, partition);
    const held = partitions.get(partition)?.value.replicas ?? [];
    if (held.includes(id) && !wanted.includes(id)) {
      const unmade = wanted.findIndex((node) => !held.includes(node));
      if (unmade >= 0) wanted[unmade] = id;
      else if (wanted.length < replicaCount) wanted.push(id);
    }
    wanted.forEach((node, i) => {
      cells[partition * replicaCount + i] = places.get(node)!;
    });
  }
  const out = config.out.filter((other) => other !== id);
  return tableFor(config, out, { partitionCount, replicaCount, nodeIds, cells });
}

/** How many copies a table wants on these nodes. */
export function copiesWanted(table: RingTable, isCounted: (id: NodeId) => boolean): number {
  const counted = table.nodeIds.map(isCounted);
  return table.cells.reduce((sum, cell) => sum + (counted[cell] === true ? 1 : 0), 0);
}

/** What is made of a placement's layout while these are out. */
export function tableFor(
  placement: Placement,
  out: readonly NodeId[],
  before: RingTable,
): RingTable {
  const { table, strategy, overloadPercent, tokensPerNode, leaders, tokens } = placement;
  const { partitionCount, replicaCount } = table;
  const topology = topologyOf(placement.nodes.filter(({ id }) => !out.includes(id)));
  const shape = { topology, partitionCount, replicaCount };
  const choices = { strategy, overloadPercent, tokensPerNode, leaders, tokens: tokens ?? [] };
  // Tokens know nothing of what was before: the walk passes over whoever is out, and finds everybody again afterwards.
  return placed({ ...shape, ...choices }, before, null).table;
}
