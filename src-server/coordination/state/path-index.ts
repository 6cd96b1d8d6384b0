/**
 * Finds a node by its path: linear hashing with chains, all in integers.
 *
 * The table grows by one bucket at a time (Litwin 1980), so there is never a pause to rehash a million entries, nor the limit
 * of 2^24 entries that a Map has. A row keeps its hash and the next row of its chain; equality is checked by comparing names
 * from the leaf up to the root, so no path is stored whole.
 *
 *   bucket = hash mod 2^(level+1), or mod 2^level where that bucket has not been split off yet
 */
import { NO_ROW, type Nodes, ROOT_ROW, type Row } from './node.ts';

const FIRST_LEVEL = 8;
/** Nodes per bucket before one more bucket is split. */
const LOAD = 1;
const SEGMENT_BITS = 12;
const SEGMENT_SIZE = 1 << SEGMENT_BITS;
const SLASH = 0x2f;

export class PathIndex {
  readonly #nodes: Nodes;
  readonly #seed: number;
  readonly #segments: Int32Array[] = [];
  #buckets = 0;
  #level = FIRST_LEVEL;
  #split = 0;
  #entries = 0;

  /** @param seed makes collisions hard to arrange from outside */
  constructor(nodes: Nodes, seed: number) {
    this.#nodes = nodes;
    this.#seed = seed | 0;
    while (this.#buckets < 1 << FIRST_LEVEL) this.#addBucket();
  }

  hashOf(path: string): number {
    let hash = this.#seed;
    for (let i = 0; i < path.length; i++) {
      hash = Math.imul(hash ^ path.charCodeAt(i), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x2c1b3c6d);
    return hash ^ (hash >>> 16);
  }

  find(path: string, hash: number): Row {
    const nodes = this.#nodes;
    const bucket = this.#bucketOf(hash);
    for (let row = this.#head(bucket); row !== NO_ROW; row = nodes.chain(row)) {
      if (nodes.hash(row) === hash && this.#isAt(row, path)) return row;
    }
    return NO_ROW;
  }

  insert(row: Row, hash: number): void {
    this.#nodes.setHash(row, hash);
    this.#link(row, this.#bucketOf(hash));
    if (++this.#entries > this.#buckets * LOAD) this.#splitOne();
  }

  remove(row: Row): void {
    const nodes = this.#nodes;
    const bucket = this.#bucketOf(nodes.hash(row));
    const next = nodes.chain(row);
    let at = this.#head(bucket);
    if (at === row) {
      this.#setHead(bucket, next);
    } else {
      while (nodes.chain(at) !== row) at = nodes.chain(at);
      nodes.setChain(at, next);
    }
    this.#entries--;
  }

  /** Compares the names on the way up with the components of the path, last first. */
  #isAt(row: Row, path: string): boolean {
    const nodes = this.#nodes;
    let end = path.length;
    for (let at = row; at !== ROOT_ROW; at = nodes.parent(at)) {
      const from = end - nodes.nameUnits(at);
      if (from < 1 || path.charCodeAt(from - 1) !== SLASH || !nodes.nameMatches(at, path, from))
        return false;
      end = from - 1;
    }
    return end === 0;
  }

  #splitOne(): void {
    const nodes = this.#nodes;
    const from = this.#split;
    const mask = (2 << this.#level) - 1;
    this.#addBucket();
    let row = this.#head(from);
    this.#setHead(from, NO_ROW);
    if (++this.#split === 1 << this.#level) {
      this.#level++;
      this.#split = 0;
    }
    while (row !== NO_ROW) {
      const next = nodes.chain(row);
      this.#link(row, nodes.hash(row) & mask);
      row = next;
    }
  }

  #bucketOf(hash: number): number {
    const bucket = hash & ((1 << this.#level) - 1);
    return bucket < this.#split ? hash & ((2 << this.#level) - 1) : bucket;
  }

  #link(row: Row, bucket: number): void {
    this.#nodes.setChain(row, this.#head(bucket));
    this.#setHead(bucket, row);
  }

  #addBucket(): void {
    if (this.#buckets >> SEGMENT_BITS === this.#segments.length) {
      this.#segments.push(new Int32Array(SEGMENT_SIZE).fill(NO_ROW));
    }
    this.#buckets++;
  }

  #head(bucket: number): Row {
    return this.#segments[bucket >> SEGMENT_BITS]![bucket & (SEGMENT_SIZE - 1)]!;
  }

  #setHead(bucket: number, row: Row): void {
    this.#segments[bucket >> SEGMENT_BITS]![bucket & (SEGMENT_SIZE - 1)] = row;
  }
}
