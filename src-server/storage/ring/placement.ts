/**
 * A placement while it is being made: who holds what, how full everybody is, and what may move where.
 *
 *    cells    p0: 4 0 7 │ p1: 1 4 –  │ …       a replica is the number of its cell
 *    lists    node 4 ─▶ cell 0 ─▶ cell 4 ─▶ …  every node's replicas, linked through the cells
 *
 * It knows where replicas were before (`isHome`), because a replica that goes home is not moved, and it never lets two of one
 * partition onto a node, or more into a zone or onto a host than the rules allow.
 */
import { assert } from '../../base/assert.ts';
import type { Rules } from './rules.ts';
import { NOBODY, type RingTable } from './table.ts';
import type { Terrain } from './terrain.ts';

const NONE = -1;

export class Placement {
  readonly terrain: Terrain;
  readonly rules: Rules;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly cells: Uint16Array;
  /** How many replicas each node holds, and how many bytes those are. */
  readonly counts: Int32Array;
  readonly heldBytes: Float64Array;
  readonly #partitionBytes: Float64Array;
  /** Where replicas were: the cells of the table before, over the same nodes. */
  readonly #homes: Uint16Array;
  readonly #homeCount: number;
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  /** @param home the table before, written over the nodes of the terrain */
  constructor(options: {
    readonly terrain: Terrain;
    readonly rules: Rules;
    readonly replicaCount: number;
    readonly home: RingTable;
    readonly partitionBytes: Float64Array;
  }) {
    const { terrain, home } = options;
    this.terrain = terrain;
    this.rules = options.rules;
    this.partitionCount = home.partitionCount;
    this.replicaCount = options.replicaCount;
    this.#partitionBytes = options.partitionBytes;
    this.#homes = home.cells;
    this.#homeCount = home.replicaCount;
    const size = this.partitionCount * this.replicaCount;
    this.cells = new Uint16Array(size).fill(NOBODY);
    this.counts = new Int32Array(terrain.nodeIds.length);
    this.heldBytes = new Float64Array(terrain.nodeIds.length);
    this.#first = new Int32Array(terrain.nodeIds.length).fill(NONE);
    this.#next = new Int32Array(size).fill(NONE);
    this.#previous = new Int32Array(size).fill(NONE);
  }

  partitionOf(cell: number): number {
    return Math.floor(cell / this.replicaCount);
  }

  bytesOf(partition: number): number {
    return this.#partitionBytes[partition]!;
  }

  bytesOfCell(cell: number): number {
    return this.bytesOf(this.partitionOf(cell));
  }

  /** The nodes that held a partition before. */
  homesOf(partition: number): Uint16Array {
    return this.#homes.subarray(partition * this.#homeCount, (partition + 1) * this.#homeCount);
  }

  isHome(partition: number, node: number): boolean {
    const end = (partition + 1) * this.#homeCount;
    for (let at = partition * this.#homeCount; at < end; at++) {
      if (this.#homes[at] === node) return true;
    }
    return false;
  }

  holds(partition: number, node: number): boolean {
    const end = (partition + 1) * this.replicaCount;
    for (let cell = partition * this.replicaCount; cell < end; cell++) {
      if (this.cells[cell] === node) return true;
    }
    return false;
  }

  /** The first replica of a node; −1 when it has none. */
  firstOf(node: number): number {
    return this.#first[node]!;
  }

  /** The replica after this one on the same node; −1 at the end. */
  nextOf(cell: number): number {
    return this.#next[cell]!;
  }

  /** Whether the rules let a node take a replica of a partition once the replica `leaving` is gone from where it is. */
  isAllowed(partition: number, node: number, leaving = NONE): boolean {
    const { zoneOf, hostOf } = this.terrain;
    const zone = zoneOf[node]!;
    const host = hostOf[node]!;
    let inZone = 0;
    let onHost = 0;
    const end = (partition + 1) * this.replicaCount;
    for (let cell = partition * this.replicaCount; cell < end; cell++) {
      const holder = this.cells[cell]!;
      if (holder === NOBODY || cell === leaving) continue;
      if (holder === node) return false;
      if (zoneOf[holder] !== zone) continue;
      inZone++;
      if (hostOf[holder] === host) onHost++;
    }
    return inZone < this.rules.zoneCaps[zone]! && onHost < this.rules.hostCaps[host]!;
  }

  /** Whether the disk of a node has room for one more replica of a partition, before anything leaves it. */
  hasRoom(partition: number, node: number): boolean {
    return this.heldBytes[node]! + this.bytesOf(partition) <= this.terrain.capBytes[node]!;
  }

  /** Whether the rules let a replica go to a node; its disk is another question. */
  canMove(cell: number, to: number): boolean {
    return this.isAllowed(this.partitionOf(cell), to, cell);
  }

  isOverDisk(node: number): boolean {
    return this.heldBytes[node]! > this.terrain.capBytes[node]!;
  }

  /** How many rules a replica would break on a node, beside the others of its partition: in its zone, on its host. */
  excess(rules: Rules, cell: number, node: number): number {
    const { zoneOf, hostOf } = this.terrain;
    const start = cell - (cell % this.replicaCount);
    let inZone = 0;
    let onHost = 0;
    for (let other = start; other < start + this.replicaCount; other++) {
      const neighbour = this.cells[other]!;
      if (neighbour === NOBODY || other === cell) continue;
      if (zoneOf[neighbour] === zoneOf[node]) inZone++;
      if (hostOf[neighbour] === hostOf[node]) onHost++;
    }
    const isOverZone = inZone >= rules.zoneCaps[zoneOf[node]!]!;
    const isOverHost = onHost >= rules.hostCaps[hostOf[node]!]!;
    return (isOverZone ? 1 : 0) + (isOverHost ? 1 : 0);
  }

  /** Counts the other replicas of a partition in each zone. */
  countZones(cell: number, into: Uint8Array): void {
    into.fill(0);
    const start = cell - (cell % this.replicaCount);
    for (let other = start; other < start + this.replicaCount; other++) {
      const neighbour = this.cells[other]!;
      if (neighbour !== NOBODY && other !== cell) into[this.terrain.zoneOf[neighbour]!]!++;
    }
  }

  put(cell: number, node: number): void {
    assert(this.cells[cell] === NOBODY, 'a cell is taken once');
    this.cells[cell] = node;
    this.counts[node]!++;
    this.heldBytes[node]! += this.bytesOf(this.partitionOf(cell));
    const second = this.#first[node]!;
    this.#next[cell] = second;
    this.#previous[cell] = NONE;
    if (second !== NONE) this.#previous[second] = cell;
    this.#first[node] = cell;
  }

  remove(cell: number): void {
    const node = this.cells[cell]!;
    assert(node !== NOBODY, 'what is removed was there');
    this.cells[cell] = NOBODY;
    this.counts[node]!--;
    this.heldBytes[node]! -= this.bytesOf(this.partitionOf(cell));
    const next = this.#next[cell]!;
    const previous = this.#previous[cell]!;
    if (previous === NONE) this.#first[node] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
  }

  move(cell: number, to: number): void {
    this.remove(cell);
    this.put(cell, to);
  }

  /** How many replicas are where their partition was not held before. */
  movedCount(): number {
    let moved = 0;
    for (let cell = 0; cell < this.cells.length; cell++) {
      const node = this.cells[cell]!;
      if (node !== NOBODY && !this.isHome(this.partitionOf(cell), node)) moved++;
    }
    return moved;
  }

  unplacedCount(): number {
    let unplaced = 0;
    for (let partition = 0; partition < this.partitionCount; partition++) {
      const start = partition * this.replicaCount;
      for (let i = 0; i < this.rules.replicaCount; i++) {
        if (this.cells[start + i] === NOBODY) unplaced++;
      }
    }
    return unplaced;
  }
}
