/** Nodes that end by themselves: containers once emptied, TTL nodes once old. Says which are due; removing them is a write. */
import { ttlOfOwner } from '../model/owner.ts';
import type { Row } from './node.ts';
import type { Tree } from './tree.ts';

export class Lifetimes {
  readonly #tree: Tree;
  readonly #containers = new Set<Row>();
  readonly #ttlNodes = new Set<Row>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  add(row: Row): void {
    const kind = this.#tree.nodes.kind(row);
    if (kind === 'container') this.#containers.add(row);
    else if (kind === 'ttl') this.#ttlNodes.add(row);
  }

  remove(row: Row): void {
    this.#containers.delete(row);
    this.#ttlNodes.delete(row);
  }

  /**
   * Paths whose time is over at `nowMs` (wall time).
   * @param neverUsedMs how long a container may wait for its first child; 0 for ever
   */
  due(nowMs: number, neverUsedMs: number): string[] {
    const { nodes } = this.#tree;
    const due: string[] = [];
    for (const row of this.#containers) {
      if (nodes.childCount(row) > 0) continue;
      const wasUsed = nodes.cversion(row) > 0;
      if (wasUsed || (neverUsedMs > 0 && nowMs - nodes.ctime(row) > neverUsedMs))
        due.push(this.#tree.pathOf(row));
    }
    for (const row of this.#ttlNodes) {
      if (nodes.childCount(row) > 0) continue;
      const ttlMs = ttlOfOwner(nodes.owner(row));
      if (ttlMs !== 0 && nowMs - nodes.mtime(row) > ttlMs) due.push(this.#tree.pathOf(row));
    }
    return due;
  }
}
