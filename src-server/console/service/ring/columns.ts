/** Tables, tokens, moves and steps as columns of bytes, in which a node is its place in a list of ids. */
import type {
  MoveColumns,
  StepColumns,
  TableColumns,
  TokenColumns,
} from '#contract/rebalance-models.ts';
import { NOBODY } from '#contract/ring-models.ts';

import type { Plan } from '../../../storage/ring/plan.ts';
import { type RingTable, tableOver } from '../../../storage/ring/table.ts';
import type { Tokens } from '../../../storage/ring/tokens.ts';
import type { NodeId } from '../../../storage/ring/topology.ts';

export function tableColumns(table: RingTable, nodeIds: readonly NodeId[]): TableColumns {
  const { partitionCount, replicaCount, cells } = tableOver(table, nodeIds);
  return { partitionCount, replicaCount, cells: bytesOf(cells) };
}

export function tokenColumns(tokens: Tokens, nodeIds: readonly NodeId[]): TokenColumns {
  const place = placesIn(nodeIds);
  return {
    positions: bytesOf(Uint32Array.from(tokens, ({ position }) => position)),
    nodes: bytesOf(Uint16Array.from(tokens, ({ node }) => place(node))),
  };
}

/** One move of a plan, in whatever step. */
export interface SteppedMove {
  readonly step: number;
  readonly partition: number;
  readonly to: NodeId | null;
  readonly from: NodeId | null;
  readonly source: NodeId | null;
  readonly newLeader: NodeId | null;
  /** NaN for what nobody told. */
  readonly bytes: number;
  readonly keys: number;
}

export function moveColumns(
  moves: readonly SteppedMove[],
  parts: { readonly partitionCount: number; readonly nodeIds: readonly NodeId[] },
): MoveColumns {
  const place = placesIn(parts.nodeIds);
  const nodes = (of: (move: SteppedMove) => NodeId | null): Uint8Array =>
    bytesOf(Uint16Array.from(moves, (move) => place(of(move))));
  return {
    partitionCount: parts.partitionCount,
    count: moves.length,
    steps: bytesOf(Uint32Array.from(moves, ({ step }) => step)),
    partitions: bytesOf(Uint16Array.from(moves, ({ partition }) => partition)),
    to: nodes(({ to }) => to),
    from: nodes(({ from }) => from),
    sources: nodes(({ source }) => source),
    leaders: nodes(({ newLeader }) => newLeader),
    bytes: bytesOf(Float64Array.from(moves, ({ bytes }) => bytes)),
    keys: bytesOf(Float64Array.from(moves, ({ keys }) => keys)),
  };
}

/** @param isKnown of each partition of the plan, whether its size is */
export function movesOf({ steps }: Plan, isKnown: Uint8Array): SteppedMove[] {
  return steps.flatMap(({ moves }, step) =>
    moves.map((move) => {
      const isTold = move.to === null || isKnown[move.partition] === 1;
      const { bytes, keys } = isTold ? move : { bytes: NaN, keys: NaN };
      return { ...move, step, bytes, keys };
    }),
  );
}

export function stepColumns({ steps, peakBytes }: Plan): StepColumns {
  return {
    count: steps.length,
    moves: bytesOf(Uint32Array.from(steps, ({ moves }) => moves.length)),
    bytes: bytesOf(Float64Array.from(steps, ({ bytes }) => bytes)),
    busiest: bytesOf(Float64Array.from(steps, ({ busiestBytes }) => busiestBytes)),
    peaks: bytesOf(peakBytes.slice()),
  };
}

function placesIn(nodeIds: readonly NodeId[]): (id: NodeId | null) => number {
  const places = new Map<NodeId | null, number>(nodeIds.map((id, i) => [id, i]));
  return (id) => places.get(id) ?? NOBODY;
}

/** As this machine writes words, which is little-endian wherever this program runs. */
function bytesOf(column: Uint16Array | Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
