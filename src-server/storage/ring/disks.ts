/** What a plan does to the disks of its nodes: before, after, and the most at every step on the way. */
import type { PlanStep } from './moves.ts';
import { NOBODY, type RingTable } from './table.ts';
import type { Terrain } from './terrain.ts';
import type { NodeId } from './topology.ts';

export interface NodePlan {
  readonly id: NodeId;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** The most it holds at any time, and the first step in which it does. */
  readonly peakBytes: number;
  readonly peakStep: number;
  /** What it takes and what it sends. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly capBytes: number | null;
}

export interface DiskOptions {
  readonly before: RingTable;
  readonly after: RingTable;
  readonly terrain: Terrain;
  readonly bytes: Float64Array;
  readonly freesAt: 'end' | 'step';
}

export interface Disks {
  readonly nodes: NodePlan[];
  /** What each node holds at most during each step: step × nodes + node. */
  readonly peakBytes: Float64Array;
}

export function disksOf(steps: readonly PlanStep[], options: DiskOptions): Disks {
  const { terrain, bytes } = options;
  const { nodeIds, capBytes } = terrain;
  const count = nodeIds.length;
  const indexes = new Map(nodeIds.map((id, i) => [id, i]));
  const bytesBefore = heldBytes(options.before, bytes);
  const bytesAfter = heldBytes(options.after, bytes);
  const held = bytesBefore.slice();
  const bytesIn = new Float64Array(count);
  const bytesOut = new Float64Array(count);
  const peakBytes = new Float64Array(steps.length * count);
  steps.forEach(({ moves }, step) => {
    for (const move of moves) {
      if (move.to !== null) {
        held[indexes.get(move.to)!]! += move.bytes;
        bytesIn[indexes.get(move.to)!]! += move.bytes;
      }
      if (move.source !== null) bytesOut[indexes.get(move.source)!]! += move.bytes;
    }
    peakBytes.set(held, step * count);
    if (options.freesAt === 'end') return;
    for (const { from, partition } of moves) {
      if (from !== null) held[indexes.get(from)!]! -= bytes[partition]!;
    }
  });
  const nodes = nodeIds.map((id, node): NodePlan => {
    let peak = bytesBefore[node]!;
    let peakStep = 0;
    for (let step = 0; step < steps.length; step++) {
      const now = peakBytes[step * count + node]!;
      if (now <= peak) continue;
      peak = now;
      peakStep = step;
    }
    return {
      id,
      bytesBefore: bytesBefore[node]!,
      bytesAfter: bytesAfter[node]!,
      peakBytes: peak,
      peakStep,
      bytesIn: bytesIn[node]!,
      bytesOut: bytesOut[node]!,
      capBytes: capBytes[node] === Infinity ? null : capBytes[node]!,
    };
  });
  return { nodes, peakBytes };
}

export function heldBytes(table: RingTable, bytes: Float64Array): Float64Array {
  const held = new Float64Array(table.nodeIds.length);
  for (let at = 0; at < table.cells.length; at++) {
    const node = table.cells[at]!;
    if (node !== NOBODY) held[node]! += bytes[Math.floor(at / table.replicaCount)]!;
  }
  return held;
}
