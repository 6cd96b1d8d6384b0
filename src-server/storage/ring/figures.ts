/** How even a table is: what each node and zone holds and leads, in replicas and in bytes, against its share. */
import { NOBODY, type RingTable } from './table.ts';
import { terrainOf } from './terrain.ts';
import type { NodeId, Topology } from './topology.ts';

export interface NodeFigures {
  readonly id: NodeId;
  readonly held: number;
  readonly led: number;
  readonly bytes: number;
  /** Its part of all weight, and of all replicas. */
  readonly weightPart: number;
  readonly heldPart: number;
}

export interface ZoneFigures {
  readonly name: string;
  readonly nodes: number;
  readonly held: number;
  readonly led: number;
  readonly bytes: number;
}

/** Of what nodes hold for their weight: 1 is what they should. */
export interface Evenness {
  readonly maxToMean: number;
  readonly minToMean: number;
  /** Standard deviation ÷ mean. */
  readonly variation: number;
}

export interface TableFigures {
  readonly nodes: readonly NodeFigures[];
  readonly zones: readonly ZoneFigures[];
  readonly replicas: Evenness;
  readonly leaders: Evenness;
  readonly bytes: Evenness;
  readonly unplaced: number;
}

export function figuresOf(
  table: RingTable,
  topology: Topology,
  partitionBytes: Float64Array,
): TableFigures {
  const terrain = terrainOf(topology);
  const count = terrain.nodeIds.length;
  const places = new Map(terrain.nodeIds.map((id, i) => [id, i]));
  const held = new Float64Array(count);
  const led = new Float64Array(count);
  const bytes = new Float64Array(count);
  let unplaced = 0;
  table.cells.forEach((cell, at) => {
    const place = cell === NOBODY ? undefined : places.get(table.nodeIds[cell]!);
    if (place === undefined) {
      unplaced++;
      return;
    }
    held[place]!++;
    bytes[place]! += partitionBytes[Math.floor(at / table.replicaCount)]!;
    if (at % table.replicaCount === 0) led[place]!++;
  });
  const weight = Math.max(sum(terrain.weights), Number.MIN_VALUE);
  const all = Math.max(1, sum(held));
  const inZone = (zone: number, figures: Float64Array): number =>
    sum(figures.filter((_, node) => terrain.zoneOf[node] === zone));
  return {
    nodes: terrain.nodeIds.map((id, i) => ({
      id,
      held: held[i]!,
      led: led[i]!,
      bytes: bytes[i]!,
      weightPart: terrain.weights[i]! / weight,
      heldPart: held[i]! / all,
    })),
    zones: terrain.zoneNames.map((name, zone) => ({
      name,
      nodes: terrain.zoneOf.filter((of) => of === zone).length,
      held: inZone(zone, held),
      led: inZone(zone, led),
      bytes: inZone(zone, bytes),
    })),
    replicas: evenness(held, terrain.weights),
    leaders: evenness(led, terrain.weights),
    bytes: evenness(bytes, terrain.weights),
    unplaced,
  };
}

function evenness(figures: Float64Array, weights: Float64Array): Evenness {
  const total = sum(figures);
  const weight = sum(weights);
  const ratios: number[] = [];
  figures.forEach((figure, i) => {
    if (weights[i]! > 0 && total > 0) ratios.push((figure * weight) / (total * weights[i]!));
  });
  if (ratios.length === 0) return { maxToMean: 1, minToMean: 1, variation: 0 };
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - 1) ** 2, 0) / ratios.length;
  return {
    maxToMean: Math.max(...ratios),
    minToMean: Math.min(...ratios),
    variation: Math.sqrt(variance),
  };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
