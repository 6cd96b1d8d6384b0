/**
 * A table for another number of partitions. Partitions that are split leave every key where it is; partitions that are joined
 * keep the nodes that hold most of their parts.
 */
import { assert } from '../../base/assert.ts';
import { isPartitionCount } from './slots.ts';
import { emptyTable, NOBODY, type RingTable } from './table.ts';

export function regrouped(table: RingTable, partitionCount: number): RingTable {
  if (partitionCount === table.partitionCount) return table;
  assert(isPartitionCount(partitionCount), 'the number of partitions is a power of two');
  return partitionCount > table.partitionCount
    ? split(table, partitionCount)
    : joined(table, partitionCount);
}

/** Figures of partitions, written for another number of them: parted evenly, or added up. */
export function regroupedFigures(figures: Float64Array, partitionCount: number): Float64Array {
  const result = new Float64Array(partitionCount);
  const finest = Math.max(partitionCount, figures.length);
  for (let part = 0; part < finest; part++) {
    const from = Math.floor((part * figures.length) / finest);
    result[Math.floor((part * partitionCount) / finest)]! +=
      (figures[from]! * figures.length) / finest;
  }
  return result;
}

function split(table: RingTable, partitionCount: number): RingTable {
  const { replicaCount, nodeIds } = table;
  const parts = partitionCount / table.partitionCount;
  const cells = new Uint16Array(partitionCount * replicaCount);
  for (let partition = 0; partition < partitionCount; partition++) {
    const start = Math.floor(partition / parts) * replicaCount;
    cells.set(table.cells.subarray(start, start + replicaCount), partition * replicaCount);
  }
  return { partitionCount, replicaCount, nodeIds, cells };
}

function joined(table: RingTable, partitionCount: number): RingTable {
  const { replicaCount, nodeIds } = table;
  const result = emptyTable({ partitionCount, replicaCount }, nodeIds);
  const width = (table.partitionCount / partitionCount) * replicaCount;
  const votes = new Int32Array(nodeIds.length);
  for (let partition = 0; partition < partitionCount; partition++) {
    const parts = table.cells.subarray(partition * width, (partition + 1) * width);
    votes.fill(0);
    parts.forEach((node, at) => {
      // To lead counts a little more than to hold, so that the leader of most parts comes first.
      if (node !== NOBODY) votes[node]! += at % replicaCount === 0 ? width + 1 : width;
    });
    const nodes = [...new Set(parts)].filter((node) => node !== NOBODY);
    nodes.sort((a, b) => votes[b]! - votes[a]! || a - b);
    result.cells.set(nodes.slice(0, replicaCount), partition * replicaCount);
  }
  return result;
}
