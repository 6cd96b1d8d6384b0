/**
 * Who leads each partition: every node as many as its share, with as few changes as that takes. No data moves for it.
 *
 * The same shortest chains as for replicas: a gives b the lead of a partition that b holds, b gives c another one.
 */
import { NOBODY, type RingTable } from './table.ts';

const NONE = -1;
const SLACK = 1e-6;

/**
 * The same replicas with leaders shared out. In each row the leader comes first and the others in order.
 *
 * @param ideals how many replicas each node should have: its share of leaders is its share of those
 * @param home the table before, over the same nodes: its leaders stay where that is fair
 */
export function withLeaders(
  table: RingTable,
  options: { readonly ideals: Float64Array; readonly home: RingTable },
): RingTable {
  const leaders = new Leaders(table, options.ideals).chosen(options.home);
  const cells = table.cells.slice();
  leaders.forEach((leader, partition) => {
    const start = partition * table.replicaCount;
    // Nobody is the greatest number that a cell can be, so it sorts behind every node.
    const row = cells.subarray(start, start + table.replicaCount).sort();
    row.copyWithin(1, 0, row.indexOf(leader));
    row[0] = leader;
  });
  return { ...table, cells };
}

/** The same replicas, where every node leads its part of what it holds. */
export function withEvenLeaders(table: RingTable): RingTable {
  const ideals = new Float64Array(table.nodeIds.length);
  for (const node of table.cells) if (node !== NOBODY) ideals[node]!++;
  return withLeaders(table, { ideals, home: table });
}

class Leaders {
  readonly #table: RingTable;
  readonly #nodes: number;
  readonly #ideals: Float64Array;
  readonly #least: Int32Array;
  readonly #most: Int32Array;
  readonly #leaders: Uint16Array;
  readonly #counts: Int32Array;
  /** For each pair, how many partitions the one leads and the other holds. */
  readonly #givable: Int32Array;

  constructor(table: RingTable, ideals: Float64Array) {
    this.#table = table;
    this.#nodes = table.nodeIds.length;
    const replicas = ideals.reduce((sum, ideal) => sum + ideal, 0);
    const part = replicas > 0 ? table.partitionCount / replicas : 0;
    this.#ideals = ideals.map((ideal) => ideal * part);
    this.#least = Int32Array.from(this.#ideals, (ideal) => Math.floor(ideal + SLACK));
    this.#most = Int32Array.from(this.#ideals, (ideal) => Math.ceil(ideal - SLACK));
    this.#leaders = new Uint16Array(table.partitionCount).fill(NOBODY);
    this.#counts = new Int32Array(this.#nodes);
    this.#givable = new Int32Array(this.#nodes ** 2);
  }

  chosen(home: RingTable): Uint16Array {
    const { partitionCount } = this.#table;
    for (let partition = 0; partition < partitionCount; partition++) {
      const before = home.cells[partition * home.replicaCount]!;
      if (before !== NOBODY && this.#row(partition).includes(before)) {
        this.#appoint(partition, before);
      }
    }
    for (let partition = 0; partition < partitionCount; partition++) {
      if (this.#leaders[partition] === NOBODY) this.#appoint(partition, this.#freest(partition));
    }
    this.#level();
    return this.#leaders;
  }

  #row(partition: number): Uint16Array {
    const { replicaCount, cells } = this.#table;
    return cells.subarray(partition * replicaCount, (partition + 1) * replicaCount);
  }

  #appoint(partition: number, node: number): void {
    const before = this.#leaders[partition]!;
    if (before !== NOBODY) this.#count(partition, before, -1);
    this.#leaders[partition] = node;
    if (node !== NOBODY) this.#count(partition, node, 1);
  }

  #count(partition: number, leader: number, by: number): void {
    this.#counts[leader]! += by;
    for (const holder of this.#row(partition)) {
      if (holder !== NOBODY) this.#givable[leader * this.#nodes + holder]! += by;
    }
  }

  /** The holder that leads least for its share. */
  #freest(partition: number): number {
    let best = NOBODY;
    let bestFullness = Infinity;
    for (const holder of this.#row(partition)) {
      if (holder === NOBODY) continue;
      const fullness = (this.#counts[holder]! + 1) / this.#ideals[holder]!;
      if (fullness > bestFullness || (fullness === bestFullness && holder > best)) continue;
      best = holder;
      bestFullness = fullness;
    }
    return best;
  }

  #level(): void {
    const counts = this.#counts;
    for (let node = 0; node < this.#nodes; node++) {
      while (counts[node]! > this.#most[node]!) {
        const isGoal = (to: number): boolean => counts[to]! < this.#most[to]!;
        if (!this.#carry((from) => from === node, isGoal)) break;
      }
    }
    for (let node = 0; node < this.#nodes; node++) {
      while (counts[node]! < this.#least[node]!) {
        const isStart = (from: number): boolean => counts[from]! > this.#least[from]!;
        if (!this.#carry(isStart, (to) => to === node)) break;
      }
    }
  }

  #carry(isStart: (node: number) => boolean, isGoal: (node: number) => boolean): boolean {
    const parents = new Int32Array(this.#nodes).fill(NONE);
    const seen = new Uint8Array(this.#nodes);
    const queue: number[] = [];
    for (let node = 0; node < this.#nodes; node++) {
      if (!isStart(node)) continue;
      seen[node] = 1;
      queue.push(node);
    }
    for (const from of queue) {
      for (let to = 0; to < this.#nodes; to++) {
        if (seen[to] === 1 || this.#givable[from * this.#nodes + to] === 0) continue;
        seen[to] = 1;
        parents[to] = from;
        if (isGoal(to)) {
          this.#walk(parents, to);
          return true;
        }
        queue.push(to);
      }
    }
    return false;
  }

  #walk(parents: Int32Array, goal: number): void {
    for (let to = goal; parents[to] !== NONE; to = parents[to]!) {
      this.#appoint(this.#ledByAndHeldBy(parents[to]!, to), to);
    }
  }

  #ledByAndHeldBy(leader: number, holder: number): number {
    let partition = this.#leaders.indexOf(leader);
    while (!this.#row(partition).includes(holder)) {
      partition = this.#leaders.indexOf(leader, partition + 1);
    }
    return partition;
  }
}
