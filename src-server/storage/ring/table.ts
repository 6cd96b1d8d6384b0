/**
 * The ring table: which nodes hold each partition, and which of them should lead it.
 *
 *    cells   │ p0: leader, 2nd, 3rd │ p1: leader, 2nd, 3rd │ …      replicaCount cells for each partition,
 *            │   4      0     7     │   1      4     ffff  │ …      each an index into nodeIds, or nobody
 *
 * A table is never changed once it is given out: who wants another one makes it. Within a partition no node stands twice, and
 * nobody only stands behind the last node.
 */
import { assert } from '../../base/assert.ts';
import { isPartitionCount } from './slots.ts';
import { compareIds, type NodeId } from './topology.ts';

/** A cell that no node could be found for. */
export const NOBODY = 0xffff;
export const MAX_REPLICAS = 6;

export interface RingTable {
  readonly partitionCount: number;
  readonly replicaCount: number;
  /** Sorted; may name nodes that hold nothing. */
  readonly nodeIds: readonly NodeId[];
  readonly cells: Uint16Array;
}

export interface TableShape {
  readonly partitionCount: number;
  readonly replicaCount: number;
}

export function emptyTable(shape: TableShape, nodeIds: readonly NodeId[] = []): RingTable {
  const { partitionCount, replicaCount } = shape;
  const cells = new Uint16Array(partitionCount * replicaCount).fill(NOBODY);
  return checkedTable({ partitionCount, replicaCount, nodeIds, cells });
}

/** Asserts what every table promises. */
function checkedTable(table: RingTable): RingTable {
  const fault = tableFaultOf(table);
  assert(fault === null, 'a ring table is well formed');
  return table;
}

/** What is wrong with a table that came from outside, in words; null when nothing is. */
export function tableFaultOf(table: RingTable): string | null {
  const { partitionCount, replicaCount, nodeIds, cells } = table;
  if (!isPartitionCount(partitionCount)) return `${partitionCount} partitions: not a power of two`;
  if (!Number.isInteger(replicaCount) || replicaCount < 1 || replicaCount > MAX_REPLICAS) {
    return `${replicaCount} replicas: not 1 to ${MAX_REPLICAS}`;
  }
  if (cells.length !== partitionCount * replicaCount) return `${cells.length} cells`;
  for (let i = 1; i < nodeIds.length; i++) {
    if (compareIds(nodeIds[i - 1]!, nodeIds[i]!) >= 0) return 'node ids are not in order';
  }
  for (let at = 0; at < cells.length; at++) {
    const node = cells[at]!;
    if (node === NOBODY) continue;
    if (node >= nodeIds.length) return `cell ${at} names node ${node} of ${nodeIds.length}`;
    for (let i = at - (at % replicaCount); i < at; i++) {
      if (cells[i] === node) return `cell ${at}: the same node twice`;
      if (cells[i] === NOBODY) return `cell ${at}: a node behind nobody`;
    }
  }
  return null;
}

/** The nodes that hold a partition, the preferred leader first. */
export function replicasOf(table: RingTable, partition: number): NodeId[] {
  const replicas: NodeId[] = [];
  const start = partition * table.replicaCount;
  for (let at = start; at < start + table.replicaCount; at++) {
    const node = table.cells[at]!;
    if (node !== NOBODY) replicas.push(table.nodeIds[node]!);
  }
  return replicas;
}

/** The node that should lead a partition; null when nobody holds it. */
export function preferredLeaderOf(table: RingTable, partition: number): NodeId | null {
  const node = table.cells[partition * table.replicaCount]!;
  return node === NOBODY ? null : table.nodeIds[node]!;
}

export function nodeIndexOf(table: RingTable, id: NodeId): number {
  let low = 0;
  let high = table.nodeIds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds(table.nodeIds[middle]!, id) < 0) low = middle + 1;
    else high = middle;
  }
  return table.nodeIds[low] === id ? low : -1;
}

/** The partitions that a node holds, and those of them that it should lead. */
export function partitionsOf(table: RingTable, id: NodeId): { held: number[]; led: number[] } {
  const node = nodeIndexOf(table, id);
  const held: number[] = [];
  const led: number[] = [];
  if (node === -1) return { held, led };
  for (let at = 0; at < table.cells.length; at++) {
    if (table.cells[at] !== node) continue;
    const partition = Math.floor(at / table.replicaCount);
    held.push(partition);
    if (at % table.replicaCount === 0) led.push(partition);
  }
  return { held, led };
}

/** The same placement written over another list of nodes; whoever is not on the list holds nothing any more. */
export function tableOver(table: RingTable, nodeIds: readonly NodeId[]): RingTable {
  const indexes = new Map(nodeIds.map((id, i) => [id, i]));
  const renamed = Uint16Array.from(table.nodeIds, (id) => indexes.get(id) ?? NOBODY);
  const { partitionCount, replicaCount } = table;
  const cells = new Uint16Array(table.cells.length).fill(NOBODY);
  for (let start = 0; start < cells.length; start += replicaCount) {
    let to = start;
    for (let at = start; at < start + replicaCount; at++) {
      const old = table.cells[at]!;
      const node = old === NOBODY ? NOBODY : renamed[old]!;
      if (node !== NOBODY) cells[to++] = node;
    }
  }
  return { partitionCount, replicaCount, nodeIds, cells };
}

/** Whether both place the same replicas on the same nodes with the same leaders, whatever else their lists name. */
export function isSamePlacement(a: RingTable, b: RingTable): boolean {
  if (a.partitionCount !== b.partitionCount || a.replicaCount !== b.replicaCount) return false;
  for (let at = 0; at < a.cells.length; at++) {
    const ours = a.cells[at]!;
    const theirs = b.cells[at]!;
    if ((ours === NOBODY) !== (theirs === NOBODY)) return false;
    if (ours !== NOBODY && a.nodeIds[ours] !== b.nodeIds[theirs]) return false;
  }
  return true;
}
