/** What a plan brings from each node to each other one, summed over its moves. */
import type { Move } from './moves.ts';
import type { Terrain } from './terrain.ts';
import type { NodeId } from './topology.ts';

export interface PairFlow {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly partitions: number;
  readonly bytes: number;
  readonly keys: number;
  readonly isAcrossZones: boolean;
}

/** @param giverOf who counts as the giver of a move: who sends the copy, or who hands over */
export function flowsOf(
  moves: readonly Move[],
  giverOf: (move: Move) => NodeId | null,
  { nodeIds, zoneOf }: Terrain,
): PairFlow[] {
  const count = nodeIds.length;
  const indexes = new Map(nodeIds.map((id, i) => [id, i]));
  const partitions = new Int32Array(count ** 2);
  const bytes = new Float64Array(count ** 2);
  const keys = new Float64Array(count ** 2);
  for (const move of moves) {
    const giver = giverOf(move);
    if (giver === null || move.to === null) continue;
    const pair = indexes.get(giver)! * count + indexes.get(move.to)!;
    partitions[pair]!++;
    bytes[pair]! += move.bytes;
    keys[pair]! += move.keys;
  }
  const flows: PairFlow[] = [];
  for (let pair = 0; pair < partitions.length; pair++) {
    if (partitions[pair] === 0) continue;
    const from = Math.floor(pair / count);
    const to = pair % count;
    flows.push({
      from: nodeIds[from]!,
      to: nodeIds[to]!,
      partitions: partitions[pair]!,
      bytes: bytes[pair]!,
      keys: keys[pair]!,
      isAcrossZones: zoneOf[from] !== zoneOf[to],
    });
  }
  return flows;
}
