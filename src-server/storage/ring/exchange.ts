/**
 * The fewest moves: exchanges replicas round a circle of nodes as long as one can bring more of them home.
 *
 * Placement is a minimum-cost flow: a replica costs nothing where its partition was held before and one elsewhere. A flow is
 * cheapest when no circle of exchanges has a negative sum. A circle goes over nodes (`a` gives `b` a replica of p) and may pass
 * the sink, where one node keeps a replica more and another one less, within their quotas. So when this ends by itself, no
 * table with these quotas and rules moves less.
 *
 * Rules that had to be bent cost far more than any move, so that no more partitions bend them than must.
 */
import type { Placement } from './placement.ts';
import type { Quotas } from './quotas.ts';
import { NOBODY } from './table.ts';

const NONE = -1;
const IMPOSSIBLE = 0x3fff_ffff;
const MOVE_COST = 1;
const BENT_COST = 1 << 12;

interface Step {
  readonly from: number;
  readonly to: number;
  readonly cell: number;
}

export class Exchange {
  readonly #placement: Placement;
  readonly #quotas: Quotas;
  readonly #isBent: boolean;
  readonly #nodes: number;
  /** The cheapest replica that each node can give each other, and what that costs. */
  readonly #costs: Int32Array;
  readonly #cells: Int32Array;
  readonly #inZone: Uint8Array;
  readonly #distances: Int32Array;
  readonly #parents: Int32Array;

  constructor(placement: Placement, quotas: Quotas) {
    this.#placement = placement;
    this.#quotas = quotas;
    const { rules, strictRules } = quotas;
    this.#isBent =
      rules.zoneCaps.some((cap, i) => cap > strictRules.zoneCaps[i]!) ||
      rules.hostCaps.some((cap, i) => cap > strictRules.hostCaps[i]!);
    this.#nodes = placement.counts.length;
    this.#costs = new Int32Array(this.#nodes ** 2);
    this.#cells = new Int32Array(this.#nodes ** 2);
    this.#inZone = new Uint8Array(placement.terrain.zoneNames.length);
    this.#distances = new Int32Array(this.#nodes + 1);
    this.#parents = new Int32Array(this.#nodes + 1);
  }

  /** @returns whether nothing can be moved less: false when disks, or a limit on the work, were in the way */
  improve(maxRounds: number): boolean {
    if (this.#isLeastAlready()) return true;
    for (let node = 0; node < this.#nodes; node++) this.#price(node);
    let isLeast = true;
    for (let round = 0; round < maxRounds; round++) {
      const circle = this.#negativeCircle();
      if (circle === null) return isLeast;
      if (this.#apply(circle)) continue;
      isLeast = false;
      // Not this way: what else there is may still be better than what is.
      for (const { from, to, cell } of circle) {
        if (cell !== NONE) this.#costs[from * this.#nodes + to] = IMPOSSIBLE;
      }
    }
    return false;
  }

  /** Whether as much stayed as fits under the quotas: then nothing needs to be searched. */
  #isLeastAlready(): boolean {
    if (this.#isBent) return false;
    const placement = this.#placement;
    const home = new Int32Array(this.#nodes);
    for (let partition = 0; partition < placement.partitionCount; partition++) {
      for (const node of placement.homesOf(partition)) if (node < this.#nodes) home[node]!++;
    }
    let arriving = 0;
    let leaving = 0;
    let more = 0;
    for (let node = 0; node < this.#nodes; node++) {
      arriving += Math.max(0, this.#quotas.least[node]! - home[node]!);
      leaving += Math.max(0, home[node]! - this.#quotas.most[node]!);
      more += placement.counts[node]! - home[node]!;
    }
    // Who leaves must arrive elsewhere, unless there are fewer replicas than before.
    return placement.movedCount() === Math.max(arriving, leaving + more);
  }

  /** Finds the cheapest replica that `from` can give to each other node. */
  #price(from: number): void {
    const placement = this.#placement;
    const row = from * this.#nodes;
    this.#costs.fill(IMPOSSIBLE, row, row + this.#nodes);
    // To how many nodes nothing is known yet that costs no more than a move: what most replicas cost, nearly everywhere.
    let open = this.#nodes - 1;
    for (let cell = placement.firstOf(from); cell !== NONE; cell = placement.nextOf(cell)) {
      const partition = placement.partitionOf(cell);
      const leaving = placement.isHome(partition, from) ? MOVE_COST : 0;
      const relief = this.#isBent ? placement.excess(this.#quotas.strictRules, cell, from) : 0;
      if (relief > 0 || leaving === 0 || open > 0) {
        if (this.#isBent) placement.countZones(cell, this.#inZone);
        const cost = leaving - BENT_COST * relief;
        for (let to = 0; to < this.#nodes; to++) {
          if (this.#costs[row + to]! <= cost + this.#zoneCost(to) || to === from) continue;
          if (this.#offer(row + to, cell, to)) open--;
        }
      }
      for (const to of placement.homesOf(partition)) {
        if (to < this.#nodes && to !== from && this.#offer(row + to, cell, to)) open--;
      }
    }
  }

  /** What one replica more in a node's zone costs the partition whose replicas were counted last. */
  #zoneCost(node: number): number {
    if (!this.#isBent) return 0;
    const zone = this.#placement.terrain.zoneOf[node]!;
    return this.#inZone[zone]! >= this.#quotas.strictRules.zoneCaps[zone]! ? BENT_COST : 0;
  }

  /** @returns whether this is the first replica for that pair of nodes that costs no more than a move */
  #offer(pair: number, cell: number, to: number): boolean {
    if (this.#quotas.most[to] === 0 || !this.#placement.canMove(cell, to)) return false;
    const cost = this.#costOf(cell, to);
    const known = this.#costs[pair]!;
    if (cost >= known) return false;
    this.#costs[pair] = cost;
    this.#cells[pair] = cell;
    return known > MOVE_COST && cost <= MOVE_COST;
  }

  #costOf(cell: number, to: number): number {
    const placement = this.#placement;
    const partition = placement.partitionOf(cell);
    const leaving = placement.isHome(partition, placement.cells[cell]!) ? MOVE_COST : 0;
    const arriving = placement.isHome(partition, to) ? MOVE_COST : 0;
    if (!this.#isBent) return leaving - arriving;
    const { strictRules } = this.#quotas;
    const from = placement.cells[cell]!;
    const bending =
      placement.excess(strictRules, cell, to) - placement.excess(strictRules, cell, from);
    return leaving - arriving + BENT_COST * bending;
  }

  /** Bellman and Ford, stopped as soon as the parents close a circle. */
  #negativeCircle(): Step[] | null {
    const nodes = this.#nodes;
    const sink = nodes;
    const distances = this.#distances.fill(0);
    const parents = this.#parents.fill(NONE);
    const { counts } = this.#placement;
    const { least, most } = this.#quotas;
    const relax = (from: number, to: number, cost: number): boolean => {
      if (distances[from]! + cost >= distances[to]!) return false;
      distances[to] = distances[from]! + cost;
      parents[to] = from;
      return true;
    };
    for (;;) {
      let isChanged = false;
      for (let from = 0; from < nodes; from++) {
        for (let to = 0, pair = from * nodes; to < nodes; to++, pair++) {
          const cost = this.#costs[pair]!;
          if (cost !== IMPOSSIBLE && relax(from, to, cost)) isChanged = true;
        }
        // One more than before at this node, within its quota.
        if (counts[from]! < most[from]! && relax(from, sink, 0)) isChanged = true;
      }
      for (let to = 0; to < nodes; to++) {
        if (counts[to]! > least[to]! && relax(sink, to, 0)) isChanged = true;
      }
      if (!isChanged) return null;
      const circle = this.#closedParents();
      if (circle !== null) return circle;
    }
  }

  #closedParents(): Step[] | null {
    const parents = this.#parents;
    const seenBy = new Int32Array(parents.length).fill(NONE);
    for (let start = 0; start < parents.length; start++) {
      let at = start;
      while (at !== NONE && seenBy[at] === NONE) {
        seenBy[at] = start;
        at = parents[at]!;
      }
      if (at !== NONE && seenBy[at] === start) return this.#circleThrough(at);
    }
    return null;
  }

  #circleThrough(start: number): Step[] {
    const steps: Step[] = [];
    let to = start;
    do {
      const from = this.#parents[to]!;
      const isMove = from < this.#nodes && to < this.#nodes;
      steps.unshift({ from, to, cell: isMove ? this.#cells[from * this.#nodes + to]! : NONE });
      to = from;
    } while (to !== start);
    return steps;
  }

  /** Carries a circle out; when two of its moves stand in each other's way, a shorter circle inside it. */
  #apply(circle: readonly Step[]): boolean {
    const placement = this.#placement;
    const moves = circle.filter((step) => step.cell !== NONE);
    let done = 0;
    let cost = 0;
    for (const { cell, to } of moves) {
      if (!placement.canMove(cell, to)) break;
      cost += this.#costOf(cell, to);
      placement.move(cell, to);
      done++;
    }
    // What two moves of one partition cost together may be more than what each would cost alone.
    const isStuck = done < moves.length || cost >= 0;
    // Partitions differ in bytes: an exchange of one for one can be too much for a disk.
    if (isStuck || moves.some(({ to }) => placement.isOverDisk(to))) {
      for (const { cell, from } of moves.slice(0, done).reverse()) placement.move(cell, from);
      const shorter = isStuck ? this.#shorterCircle(circle) : null;
      return shorter !== null && this.#apply(shorter);
    }
    const touched = new Set(moves.map(({ from }) => from));
    for (const { cell } of moves) {
      const start = cell - (cell % placement.replicaCount);
      for (const holder of placement.cells.subarray(start, start + placement.replicaCount)) {
        if (holder !== NOBODY) touched.add(holder);
      }
    }
    for (const node of touched) this.#price(node);
    return true;
  }

  /**
   * Two moves of one partition, a → b and c → d, are also a → d and c → b: that cuts the circle in two, of which one is negative.
   */
  #shorterCircle(circle: readonly Step[]): readonly Step[] | null {
    for (let i = 0; i < circle.length; i++) {
      for (let j = i + 1; j < circle.length; j++) {
        const one = circle[i]!;
        const other = circle[j]!;
        if (one.cell === NONE || other.cell === NONE) continue;
        const partition = this.#placement.partitionOf(one.cell);
        if (partition !== this.#placement.partitionOf(other.cell)) continue;
        const outer = [
          ...circle.slice(0, i),
          { from: one.from, to: other.to, cell: one.cell },
          ...circle.slice(j + 1),
        ];
        const inner = [
          { from: other.from, to: one.to, cell: other.cell },
          ...circle.slice(i + 1, j),
        ];
        for (const part of [outer, inner]) {
          const real = part.filter((step) => step.from !== step.to);
          if (this.#sumOf(real) < 0) return real;
        }
      }
    }
    return null;
  }

  #sumOf(circle: readonly Step[]): number {
    let sum = 0;
    for (const { to, cell } of circle) {
      if (cell === NONE) continue;
      if (!this.#placement.canMove(cell, to)) return IMPOSSIBLE;
      sum += this.#costOf(cell, to);
    }
    return sum;
  }
}
