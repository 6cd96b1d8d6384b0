/**
 * Who leads each partition: every node as many as its share, with as few changes as that takes. No data moves for it.
 *
 * The same shortest chains as for replicas: a gives b the lead of a partition that b holds, b gives c another one.
 */
import type { Placement } from './placement.ts';
import type { Quotas } from './quotas.ts';
import { NOBODY, type RingTable } from './table.ts';

const NONE = -1;
const SLACK = 1e-6;

/** The leader of each partition; nobody where nobody holds it. */
export function leadersOf(placement: Placement, quotas: Quotas, home: RingTable): Uint16Array {
  return new Leaders(placement, quotas).chosen(home);
}

class Leaders {
  readonly #placement: Placement;
  readonly #nodes: number;
  readonly #least: Int32Array;
  readonly #most: Int32Array;
  readonly #ideals: Float64Array;
  readonly #leaders: Uint16Array;
  readonly #counts: Int32Array;
  /** For each pair, how many partitions the one leads and the other holds. */
  readonly #givable: Int32Array;

  constructor(placement: Placement, quotas: Quotas) {
    this.#placement = placement;
    this.#nodes = placement.counts.length;
    // Every replica leads its part of the partition, so a node's share of leaders is its share of replicas.
    const parts = Math.max(1, quotas.rules.replicaCount);
    this.#ideals = quotas.ideals.map((ideal) => ideal / parts);
    this.#least = Int32Array.from(this.#ideals, (ideal) => Math.floor(ideal + SLACK));
    this.#most = Int32Array.from(this.#ideals, (ideal) => Math.ceil(ideal - SLACK));
    this.#leaders = new Uint16Array(placement.partitionCount).fill(NOBODY);
    this.#counts = new Int32Array(this.#nodes);
    this.#givable = new Int32Array(this.#nodes ** 2);
  }

  chosen(home: RingTable): Uint16Array {
    const { partitionCount } = this.#placement;
    for (let partition = 0; partition < partitionCount; partition++) {
      const before = home.cells[partition * home.replicaCount]!;
      if (before !== NOBODY && this.#placement.holds(partition, before)) {
        this.#appoint(partition, before);
      }
    }
    for (let partition = 0; partition < partitionCount; partition++) {
      if (this.#leaders[partition] === NOBODY) this.#appoint(partition, this.#freest(partition));
    }
    this.#level();
    return this.#leaders;
  }

  #appoint(partition: number, node: number): void {
    const before = this.#leaders[partition]!;
    if (before !== NOBODY) this.#count(partition, before, -1);
    this.#leaders[partition] = node;
    if (node !== NOBODY) this.#count(partition, node, 1);
  }

  #count(partition: number, leader: number, by: number): void {
    this.#counts[leader]! += by;
    const { replicaCount, cells } = this.#placement;
    for (let i = 0; i < replicaCount; i++) {
      const holder = cells[partition * replicaCount + i]!;
      if (holder !== NOBODY) this.#givable[leader * this.#nodes + holder]! += by;
    }
  }

  /** The holder that leads least for its share. */
  #freest(partition: number): number {
    const { replicaCount, cells } = this.#placement;
    let best = NOBODY;
    let bestFullness = Infinity;
    for (let i = 0; i < replicaCount; i++) {
      const holder = cells[partition * replicaCount + i]!;
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
    const queue: number[] = [];
    const seen = new Uint8Array(this.#nodes);
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
    const placement = this.#placement;
    let cell = placement.firstOf(holder);
    while (this.#leaders[placement.partitionOf(cell)] !== leader) cell = placement.nextOf(cell);
    return placement.partitionOf(cell);
  }
}
