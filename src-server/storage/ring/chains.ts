/**
 * Shortest chains of moves from nodes that hold too much to nodes that want more.
 *
 *    a ──p──▶ b ──q──▶ c        a is too full and c is not, but a may give nothing to c directly:
 *                               a gives p to b, which gives q to c, and only a and c change their counts.
 *
 * A breadth-first search over nodes, so a chain has no shorter one and therefore no move in it spoils a later one: two moves
 * of one partition that stood in each other's way would have had a short cut.
 */
import { assert } from '../../base/assert.ts';
import type { Placement } from './placement.ts';
import type { Quotas } from './quotas.ts';

const NONE = -1;

/** Brings every node between its quota's bounds, as far as rules and disks let it. */
export function level(placement: Placement, quotas: Quotas): void {
  const { counts } = placement;
  const { least, most } = quotas;
  const chains = new Chains(placement, quotas);
  const hasRoom = (node: number): boolean => counts[node]! < most[node]!;
  const canSpare = (node: number): boolean => counts[node]! > least[node]!;
  for (let node = 0; node < counts.length; node++) {
    const isNode = (other: number): boolean => other === node;
    let isMoved = true;
    while (isMoved && (counts[node]! > most[node]! || placement.isOverDisk(node))) {
      isMoved = chains.carry(isNode, hasRoom);
    }
  }
  for (let node = 0; node < counts.length; node++) {
    const isNode = (other: number): boolean => other === node;
    let isMoved = true;
    while (isMoved && counts[node]! < least[node]!) isMoved = chains.carry(canSpare, isNode);
  }
}

class Chains {
  readonly #placement: Placement;
  readonly #quotas: Quotas;
  /** The replica that reached each node in this search. */
  readonly #arrival: Int32Array;
  readonly #unseen: Uint16Array;
  readonly #queue: Uint16Array;

  constructor(placement: Placement, quotas: Quotas) {
    const nodes = placement.counts.length;
    this.#placement = placement;
    this.#quotas = quotas;
    this.#arrival = new Int32Array(nodes);
    this.#unseen = new Uint16Array(nodes);
    this.#queue = new Uint16Array(nodes);
  }

  /** Moves one replica's worth from any of the starts to any goal. @returns false when no chain of moves leads there */
  carry(isStart: (node: number) => boolean, isGoal: (node: number) => boolean): boolean {
    const placement = this.#placement;
    const unseen = this.#unseen;
    const queue = this.#queue;
    let unseenCount = 0;
    let end = 0;
    for (let node = 0; node < placement.counts.length; node++) {
      this.#arrival[node] = NONE;
      if (isStart(node)) queue[end++] = node;
      else if (this.#quotas.most[node]! > 0) unseen[unseenCount++] = node;
    }
    for (let at = 0; at < end && unseenCount > 0; at++) {
      const from = queue[at]!;
      const arrival = this.#arrival[from]!;
      for (let cell = placement.firstOf(from); cell !== NONE; cell = placement.nextOf(cell)) {
        if (!this.#makesRoom(from, arrival, cell)) continue;
        const partition = placement.partitionOf(cell);
        for (let i = 0; i < unseenCount; i++) {
          const to = unseen[i]!;
          if (!placement.isAllowed(partition, to, cell)) continue;
          const isEnd = isGoal(to);
          if (isEnd && !placement.hasRoom(partition, to)) continue;
          this.#arrival[to] = cell;
          if (isEnd) {
            this.#walk(to);
            return true;
          }
          queue[end++] = to;
          unseen[i--] = unseen[--unseenCount]!;
        }
      }
    }
    return false;
  }

  /** Whether a node's disk holds what the chain brings to it once it has given up this replica. */
  #makesRoom(node: number, arrival: number, leaving: number): boolean {
    const placement = this.#placement;
    if (arrival === NONE) return true;
    const more = placement.bytesOfCell(arrival) - placement.bytesOfCell(leaving);
    return placement.heldBytes[node]! + more <= placement.terrain.capBytes[node]!;
  }

  #walk(goal: number): void {
    let to = goal;
    for (let cell = this.#arrival[to]!; cell !== NONE; cell = this.#arrival[to]!) {
      const placement = this.#placement;
      const from = placement.cells[cell]!;
      const isAllowed = placement.canMove(cell, to);
      assert(isAllowed, 'moves of a shortest chain do not spoil each other');
      placement.move(cell, to);
      to = from;
    }
  }
}
