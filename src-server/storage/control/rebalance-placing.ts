/**
 * The placements that a rebalance leads to: the one that was ordered, the one there was before, and, for one that is cancelled, the
 * one there is.
 */
import type { Edit } from '../ring/edits.ts';
import type { Stage } from '../ring/stage.ts';
import { NOBODY, replicasOf, type RingTable } from '../ring/table.ts';
import { compareIds, type NodeId, type RingNode } from '../ring/topology.ts';
import { type Placement, placementOf } from './placement-text.ts';
import { tableFor } from './placing.ts';
import type { RebalanceRecord } from './rebalance-records.ts';
import type { RingConfig } from './ring-config.ts';
import type { RingView } from './view.ts';

/** What a stage makes of the ring. Nodes that are out keep their weight, unless an edit is about them. */
export function placementAfter(
  config: RingConfig,
  {
    edits,
    stage: { layout, table },
    minInSync = config.minInSync,
  }: { readonly edits: readonly Edit[]; readonly stage: Stage; readonly minInSync?: number },
): Placement {
  const { strategy, overloadPercent, tokensPerNode, leaders, tokens } = layout;
  const edited = new Set(edits.map((edit) => ('id' in edit ? edit.id : null)));
  const nodes = layout.topology.nodes.map((node): RingNode => {
    if (!config.out.includes(node.id) || edited.has(node.id)) return node;
    const known = config.nodes.find(({ id }) => id === node.id);
    return known === undefined ? node : { ...node, weight: known.weight };
  });
  return {
    nodes,
    out: config.out.filter((id) => nodes.some((node) => node.id === id)),
    minInSync,
    strategy,
    overloadPercent,
    tokensPerNode,
    leaders,
    table,
    tokens: strategy === 'tokens' ? tokens : null,
  };
}

/** The placement before, as far as its nodes are still there. */
export function placementBefore(config: RingConfig, { before }: RebalanceRecord): Placement {
  const out = config.out.filter((id) => before.nodes.some((node) => node.id === id));
  const isSame = out.length === before.out.length && out.every((id) => before.out.includes(id));
  const placement = { ...placementOf(before), out };
  return isSame ? placement : { ...placement, table: tableFor(placement, out, before.table) };
}

/**
 * What there is, as what is wanted. A partition of which every copy is where it was to go stays there; every other one stays where
 * it was, and whoever leads it goes on. Copies that were lost meanwhile are still made again.
 */
export function placementHere(
  view: RingView,
  config: RingConfig,
  { before, after }: RebalanceRecord,
): Placement {
  const { partitionCount, replicaCount } = before.table;
  const known = new Map<NodeId, RingNode>();
  for (const node of [...after.nodes, ...config.nodes, ...before.nodes]) known.set(node.id, node);
  const isIn = (id: NodeId): boolean => known.has(id) && !config.out.includes(id);
  const rows = Array.from({ length: partitionCount }, (_, partition) =>
    rowHere(view, { now: config.table, before: before.table, isIn }, partition),
  );
  const placed = new Set(rows.flat());
  const isKept = ({ id }: RingNode): boolean =>
    placed.has(id) || before.nodes.some((node) => node.id === id);
  const nodes = [...known.values()].filter(isKept).sort((a, b) => compareIds(a.id, b.id));
  const nodeIds = nodes.map(({ id }) => id);
  return {
    ...placementOf(before),
    nodes,
    out: config.out.filter((id) => nodeIds.includes(id)),
    table: tableOfRows(rows, { partitionCount, replicaCount, nodeIds }),
  };
}

function rowHere(
  view: RingView,
  tables: {
    readonly now: RingTable;
    readonly before: RingTable;
    readonly isIn: (id: NodeId) => boolean;
  },
  partition: number,
): NodeId[] {
  const { now, before, isIn } = tables;
  const next = replicasOf(now, partition);
  const last = replicasOf(before, partition).filter(isIn);
  const state = view.partitions.get(partition)?.value;
  if (state === undefined) return next.slice(0, before.replicaCount);
  const { leader, inSync, replicas } = state;
  const isSwitched = next.length > 0 && next.every((id) => inSync.includes(id));
  const isUntouched = last.every((id) => replicas.includes(id));
  const held = isSwitched ? next : isUntouched ? last : replicas.filter(isIn);
  const row = [...new Set([...held, ...next, ...last])].slice(0, before.replicaCount);
  return leader !== null && row.includes(leader)
    ? [leader, ...row.filter((id) => id !== leader)]
    : row;
}

function tableOfRows(
  rows: readonly (readonly NodeId[])[],
  { partitionCount, replicaCount, nodeIds }: Omit<RingTable, 'cells'>,
): RingTable {
  const places = new Map(nodeIds.map((id, i) => [id, i]));
  const cells = new Uint16Array(partitionCount * replicaCount).fill(NOBODY);
  rows.forEach((row, partition) => {
    row.forEach((id, i) => {
      cells[partition * replicaCount + i] = places.get(id)!;
    });
  });
  return { partitionCount, replicaCount, nodeIds, cells };
}
