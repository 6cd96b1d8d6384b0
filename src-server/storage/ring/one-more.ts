/**
 * How many groups of one node more than copysets have members contain a copyset: counted exactly, for hundreds of nodes at once.
 *
 * Every copyset and every node besides make such a group. A group that contains c copysets is met c times, and counts 1 ÷ c each
 * time. Whether a set is a copyset is one bit at its rank among all sets of that size.
 */
import { assert } from '../../base/assert.ts';

/** Sixteen million bytes of bits: all threes of 900 nodes, all fours of 200. */
const MAX_RANKS = 2 ** 27;

/**
 * @param sets the copysets, all of one size, their members sorted
 * @returns null where there are too many sets of that size to tell apart
 */
export function losingWithOneMore(
  sets: readonly (readonly number[])[],
  nodeCount: number,
): number | null {
  const size = sets[0]!.length;
  // Of n nodes, the sets of size k before the one that ends with node n.
  const before = pascal(nodeCount, size);
  const rankCount = before[size]![nodeCount]!;
  if (rankCount > MAX_RANKS) return null;
  const bits = new Uint32Array((rankCount >>> 5) + 1);
  for (const set of sets) {
    const rank = set.reduce((sum, node, i) => sum + before[i + 1]![node]!, 0);
    bits[rank >>> 5]! |= 1 << (rank & 31);
  }
  let count = 0;
  const group = new Int32Array(size + 1);
  for (const set of sets) {
    for (let node = 0; node < nodeCount; node++) {
      if (set.includes(node)) continue;
      let at = size;
      for (; at > 0 && set[at - 1]! > node; at--) group[at] = set[at - 1]!;
      group[at] = node;
      for (; at > 0; at--) group[at - 1] = set[at - 1]!;
      count += 1 / copysetsIn(group, before, bits);
    }
  }
  return Math.round(count);
}

/** How many of the sets that lack one member of a group are copysets. */
function copysetsIn(group: Int32Array, before: readonly Float64Array[], bits: Uint32Array): number {
  // The rank without the first member; then each member in turn is left out instead of the one after it.
  let rank = 0;
  for (let i = 1; i < group.length; i++) rank += before[i]![group[i]!]!;
  let found = 0;
  for (let left = 0; ; left++) {
    found += (bits[rank >>> 5]! >>> (rank & 31)) & 1;
    if (left === group.length - 1) break;
    rank += before[left + 1]![group[left]!]! - before[left + 1]![group[left + 1]!]!;
  }
  assert(found > 0, 'a group has the copyset that it was made of');
  return found;
}

/** Binomial coefficients: [k][n] sets of k among n. */
function pascal(nodeCount: number, size: number): Float64Array[] {
  const rows = [new Float64Array(nodeCount + 1).fill(1)];
  for (let k = 1; k <= size; k++) {
    const row = new Float64Array(nodeCount + 1);
    for (let n = 1; n <= nodeCount; n++) row[n] = row[n - 1]! + rows[k - 1]![n - 1]!;
    rows.push(row);
  }
  return rows;
}
