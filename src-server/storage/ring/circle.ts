/**
 * The consistent-hash circle as a thing to use: nodes come and go, data ids come and go, and every question about who holds
 * what and where it lies has an answer at once.
 *
 *     const circle = new Circle({ partitionCount: 1024, replicaCount: 3 });
 *     circle.addNode({ id: nodeId('a'), zone: 'east' });
 *     circle.addData('user:17');
 *     circle.locate('user:17');   // slot, partition, position, who leads, who holds
 *
 * Ids hash as Redis Cluster hashes keys, hash tags included. When nodes change, no more moves than must.
 */
import { type Edit, editedLayout, type EditFault } from './edits.ts';
import { DEFAULT_LAYOUT, type Layout, placed, withStrategy } from './layout.ts';
import { partitionOf, positionOf, slotOf, type SlotRange, slotRangeOf } from './slots.ts';
import { movesBetween } from './stage.ts';
import {
  emptyTable,
  partitionsOf,
  preferredLeaderOf,
  replicasOf,
  type RingTable,
} from './table.ts';
import { CIRCLE, tokensOf } from './tokens.ts';
import type { NodeId, RingNode, Topology } from './topology.ts';
import { utf8 } from './utf8.ts';

/** A node by its name and whatever is not as usual. */
export type NewNode = Partial<RingNode> & { readonly id: NodeId };

export interface Location {
  readonly slot: number;
  readonly partition: number;
  /** Where its slot begins on the circle: 0 at the top, clockwise, below 1. */
  readonly position: number;
  readonly leader: NodeId | null;
  /** The leader first. */
  readonly holders: readonly NodeId[];
}

export type Change =
  | {
      readonly isDone: true;
      /** Replicas, and copies of data ids, that are where they were not before. */
      readonly movedReplicas: number;
      readonly movedData: number;
    }
  | { readonly isDone: false; readonly fault: EditFault };

export class Circle {
  #layout: Layout;
  #table: RingTable;
  /** The data ids of each partition that has any. */
  readonly #data = new Map<number, Set<string>>();
  #dataCount = 0;

  constructor(options: Partial<Omit<Layout, 'topology' | 'tokens'>> = {}) {
    const { strategy = 'balanced', ...rest } = options;
    this.#layout = withStrategy(
      { ...DEFAULT_LAYOUT, ...rest, strategy: 'balanced', topology: { nodes: [] } },
      strategy,
    );
    this.#table = emptyTable(this.#layout);
  }

  get topology(): Topology {
    return this.#layout.topology;
  }

  get table(): RingTable {
    return this.#table;
  }

  addNode(node: NewNode): Change {
    return this.edit({
      kind: 'addNode',
      node: { region: 'here', zone: 'one', host: node.id, weight: 1, capBytes: null, ...node },
    });
  }

  /** The last node that holds anything cannot go. */
  removeNode(id: NodeId): Change {
    return this.edit({ kind: 'removeNode', id });
  }

  /** Any other edit of the layout: weights, zones, replicas, tokens. The number of partitions stays. */
  edit(edit: Exclude<Edit, { kind: 'setPartitions' }>): Change {
    const edited = editedLayout(this.#layout, [edit]);
    const fault = edited.faults[0] ?? null;
    if (fault !== null) return { isDone: false, fault };
    const before = this.#table;
    const bytes = new Float64Array(before.partitionCount);
    for (const [partition, ids] of this.#data) bytes[partition] = ids.size;
    this.#layout = edited.layout;
    this.#table = placed(this.#layout, before, null).table;
    const moved = movesBetween(before, this.#table, bytes);
    return { isDone: true, movedReplicas: moved.replicas, movedData: moved.bytes };
  }

  /** @returns false when it was there already */
  addData(id: string): boolean {
    const { partition } = this.#placeOf(id);
    const ids = this.#data.get(partition) ?? new Set();
    if (ids.has(id)) return false;
    this.#data.set(partition, ids.add(id));
    this.#dataCount++;
    return true;
  }

  /** @returns false when it was not there */
  removeData(id: string): boolean {
    const { partition } = this.#placeOf(id);
    const ids = this.#data.get(partition);
    if (ids?.delete(id) !== true) return false;
    if (ids.size === 0) this.#data.delete(partition);
    this.#dataCount--;
    return true;
  }

  hasData(id: string): boolean {
    return this.#data.get(this.#placeOf(id).partition)?.has(id) === true;
  }

  get dataCount(): number {
    return this.#dataCount;
  }

  /** Where an id lies and who holds it, whether it has been added or not. */
  locate(id: string): Location {
    const { slot, partition } = this.#placeOf(id);
    return {
      slot,
      partition,
      position: positionOf(slot),
      leader: preferredLeaderOf(this.#table, partition),
      holders: replicasOf(this.#table, partition),
    };
  }

  /** The data ids that a node holds a copy of. */
  dataOf(node: NodeId): string[] {
    const { held } = partitionsOf(this.#table, node);
    return held.flatMap((partition) => [...(this.#data.get(partition) ?? [])]);
  }

  /** The data ids in a partition. */
  dataIn(partition: number): string[] {
    return [...(this.#data.get(partition) ?? [])];
  }

  /** Where on the circle a node is: the ranges of slots that it leads, or holds. */
  rangesOf(node: NodeId): { readonly led: SlotRange[]; readonly held: SlotRange[] } {
    const { led, held } = partitionsOf(this.#table, node);
    return { led: this.#ranges(led), held: this.#ranges(held) };
  }

  /** Where a node's tokens are: 0 at the top, clockwise, below 1. None under the strategy `balanced`. */
  tokenPositionsOf(node: NodeId): number[] {
    return tokensOf(this.#layout.tokens, node).map(({ position }) => position / CIRCLE);
  }

  #placeOf(id: string): { slot: number; partition: number } {
    const slot = slotOf(utf8(id));
    return { slot, partition: partitionOf(slot, this.#layout.partitionCount) };
  }

  /** Neighbouring partitions as one range. */
  #ranges(partitions: readonly number[]): SlotRange[] {
    const ranges: SlotRange[] = [];
    for (const partition of partitions) {
      const range = slotRangeOf(partition, this.#layout.partitionCount);
      const last = ranges.at(-1);
      if (last === undefined || last.last + 1 < range.first) ranges.push(range);
      else ranges.splice(-1, 1, { first: last.first, last: range.last });
    }
    return ranges;
  }
}
