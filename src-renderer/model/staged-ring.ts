/**
 * A preview as the editor shows it: tables, tokens and moves unpacked from their columns, and what follows from them for one
 * partition, one pair of nodes or one moment.
 */
import type {
  MoveColumns,
  PairFlow,
  PreviewNode,
  TableColumns,
  TokenColumns,
} from '#contract/rebalance-models.ts';
import { NOBODY } from '#contract/ring-models.ts';

import { slotsOf } from './ring-table.ts';
import { type PlainTable, rowOf } from './staged-circle.ts';

/** A copy begins at its own first byte, as words must. */
const u16 = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.slice().buffer);
const u32 = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.slice().buffer);
const f64 = (bytes: Uint8Array): Float64Array => new Float64Array(bytes.slice().buffer);

export function plainTableOf({ partitionCount, replicaCount, cells }: TableColumns): PlainTable {
  return { partitionCount, replicaCount, cells: u16(cells) };
}

/** Positions below 2^32, sorted, and whose each is. */
export interface PlainTokens {
  readonly positions: Uint32Array;
  readonly nodes: Uint16Array;
}

export const CIRCLE = 2 ** 32;

export function plainTokensOf({ positions, nodes }: TokenColumns): PlainTokens {
  return { positions: u32(positions), nodes: u16(nodes) };
}

export interface PlainMoves {
  readonly partitionCount: number;
  readonly count: number;
  readonly steps: Uint32Array;
  readonly partitions: Uint16Array;
  readonly to: Uint16Array;
  readonly from: Uint16Array;
  readonly sources: Uint16Array;
  readonly leaders: Uint16Array;
  /** NaN where nobody told the size. */
  readonly bytes: Float64Array;
  readonly keys: Float64Array;
}

export function plainMovesOf(moves: MoveColumns): PlainMoves {
  return {
    partitionCount: moves.partitionCount,
    count: moves.count,
    steps: u32(moves.steps),
    partitions: u16(moves.partitions),
    to: u16(moves.to),
    from: u16(moves.from),
    sources: u16(moves.sources),
    leaders: u16(moves.leaders),
    bytes: f64(moves.bytes),
    keys: f64(moves.keys),
  };
}

/** What each node holds at most in each step, by its place. */
export function peaksOf(peaks: Uint8Array, nodeCount: number): Float64Array[] {
  const all = f64(peaks);
  const steps = nodeCount === 0 ? 0 : all.length / nodeCount;
  return Array.from({ length: nodeCount }, (_, node) =>
    Float64Array.from({ length: steps }, (_, step) => all[step * nodeCount + node]!),
  );
}

/** A pair, and which slots move between the two, as runs; `first` to `last`, both included. */
export interface FlowLine extends PairFlow {
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
}

export function flowLinesOf(
  flows: readonly PairFlow[],
  moves: PlainMoves,
  nodes: readonly { readonly id: string }[],
  giver: 'sources' | 'from',
): FlowLine[] {
  const partitions = new Map<string, number[]>();
  const givers = moves[giver];
  for (let i = 0; i < moves.count; i++) {
    if (moves.to[i] === NOBODY || givers[i] === NOBODY) continue;
    const pair = `${nodes[givers[i]!]!.id} ${nodes[moves.to[i]!]!.id}`;
    const own = partitions.get(pair);
    if (own === undefined) partitions.set(pair, [moves.partitions[i]!]);
    else own.push(moves.partitions[i]!);
  }
  return flows.map((flow) => ({
    ...flow,
    ranges: runsOf(partitions.get(`${flow.from} ${flow.to}`) ?? [], moves.partitionCount),
  }));
}

/** Neighbouring partitions as one run of slots. */
export function runsOf(
  partitions: readonly number[],
  partitionCount: number,
): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    const { first, last } = slotsOf(partition, partitionCount);
    const before = runs.at(-1);
    if (before !== undefined && before.last === first - 1) before.last = last;
    else runs.push({ first, last });
  }
  return runs;
}

/** The zone a node is in, or was in when it leaves. */
export function zoneOf({ before, after }: Pick<PreviewNode, 'before' | 'after'>): string {
  const place = after ?? before;
  return place === null ? '' : `${place.region}/${place.zone}`;
}

/** The table once so many moves are done, as a plan makes them: who comes, who goes, who leads from then on. */
export function tableAfterMoves(before: PlainTable, moves: PlainMoves, done: number): PlainTable {
  const { partitionCount } = moves;
  const rows = new Map<number, number[]>();
  const rowBefore = (partition: number): number[] => rowOf(before, partition, partitionCount);
  let replicaCount = before.replicaCount;
  for (let i = 0; i < Math.min(done, moves.count); i++) {
    const partition = moves.partitions[i]!;
    const row = (rows.get(partition) ?? rowBefore(partition)).filter(
      (node) => node !== moves.from[i],
    );
    if (moves.to[i] !== NOBODY) row.push(moves.to[i]!);
    const leader = moves.leaders[i]!;
    const led = leader === NOBODY ? row : [leader, ...row.filter((node) => node !== leader)];
    rows.set(partition, led);
    replicaCount = Math.max(replicaCount, led.length);
  }
  const cells = new Uint16Array(partitionCount * replicaCount).fill(NOBODY);
  for (let partition = 0; partition < partitionCount; partition++)
    cells.set(rows.get(partition) ?? rowBefore(partition), partition * replicaCount);
  return { partitionCount, replicaCount, cells };
}

/** A step of a plan as a count of moves: all of those before it are done. */
export function movesUntil({ steps, count }: PlainMoves, step: number): number {
  let done = 0;
  while (done < count && steps[done]! < step) done++;
  return done;
}

/** A zone by its name, with its region only where there are several. */
export function zoneWords(zone: string, zones: readonly string[]): string {
  const regionOf = (key: string): string => key.slice(0, key.indexOf('/'));
  const isOneRegion = zones.every((key) => regionOf(key) === regionOf(zone));
  return isOneRegion ? zone.slice(zone.indexOf('/') + 1) : zone.replace('/', ' / ');
}
