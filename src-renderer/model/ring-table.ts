/** What the service tells of every partition, unpacked: who has a copy, who leads, who is in sync. */
import { NOBODY, type RingView } from '#contract/ring-models.ts';

/** As many slots as Redis Cluster has; a partition is a run of them. */
export const SLOTS = 16384;

export interface RingTable {
  readonly partitionCount: number;
  /** Copies wanted of each. */
  readonly replicaCount: number;
  readonly minInSync: number;
  /** Columns of `copies`. */
  readonly width: number;
  readonly wanted: Uint16Array;
  readonly leaders: Uint16Array;
  readonly copies: Uint16Array;
  readonly inSync: Uint16Array;
  readonly learning: Uint16Array;
  readonly epochs: Uint32Array;
}

export interface Copy {
  /** Its place in the list of nodes. */
  readonly node: number;
  readonly leads: boolean;
  readonly isInSync: boolean;
  readonly isLearning: boolean;
}

/** Null while there is no ring. Throws where the columns do not fit each other: then the service is wrong. */
export function tableOf({ settings, columns }: RingView): RingTable | null {
  if (settings === null || columns === null) return null;
  const { partitionCount, replicaCount, minInSync } = settings;
  const { width } = columns;
  const words = (bytes: Uint8Array, each: number): Uint16Array => {
    if (bytes.length !== partitionCount * each * 2) throw new Error('a column has another length');
    // A copy begins at its own first byte, as words must.
    return new Uint16Array(bytes.slice().buffer);
  };
  return {
    partitionCount,
    replicaCount,
    minInSync,
    width,
    wanted: words(columns.wanted, replicaCount),
    leaders: words(columns.leaders, 1),
    copies: words(columns.copies, width),
    inSync: words(columns.inSync, 1),
    learning: words(columns.learning, 1),
    epochs: new Uint32Array(columns.epochs.slice().buffer),
  };
}

/** The leader first, then those in sync, then the others. */
export function copiesOf(table: RingTable, partition: number): Copy[] {
  const { width, copies, inSync, learning } = table;
  const leader = table.leaders[partition]!;
  const found: Copy[] = [];
  for (let i = 0; i < width; i++) {
    const node = copies[partition * width + i]!;
    if (node === NOBODY) continue;
    found.push({
      node,
      leads: node === leader,
      isInSync: (inSync[partition]! & (1 << i)) !== 0,
      isLearning: (learning[partition]! & (1 << i)) !== 0,
    });
  }
  return found.sort((a, b) => rank(a) - rank(b));
}

function rank({ leads, isInSync, isLearning }: Copy): number {
  return leads ? 0 : isInSync ? 1 : isLearning ? 3 : 2;
}

export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

export function slotsOf(partition: number, partitionCount: number): SlotRange {
  const each = SLOTS / partitionCount;
  return { first: partition * each, last: (partition + 1) * each - 1 };
}

export function partitionOfSlot(slot: number, partitionCount: number): number {
  return Math.floor((slot * partitionCount) / SLOTS);
}

/** How many partitions each node leads and holds, by its place. */
export interface Holdings {
  readonly led: Uint32Array;
  readonly held: Uint32Array;
  /** Copies that placement wants on it. */
  readonly wanted: Uint32Array;
}

export function holdingsOf(table: RingTable, nodeCount: number): Holdings {
  const holdings = {
    led: new Uint32Array(nodeCount),
    held: new Uint32Array(nodeCount),
    wanted: new Uint32Array(nodeCount),
  };
  for (const node of table.leaders) if (node !== NOBODY) holdings.led[node]!++;
  for (const node of table.copies) if (node !== NOBODY) holdings.held[node]!++;
  for (const node of table.wanted) if (node !== NOBODY) holdings.wanted[node]!++;
  return holdings;
}
