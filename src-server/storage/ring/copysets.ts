/**
 * Copysets: the distinct sets of nodes that hold all copies of some partition. Data is lost when all of one set is lost, so the
 * number of sets says how probable it is that several failures at once lose anything.
 *
 *    P(loss | k failures) = groups of k nodes that contain a copyset ÷ all groups of k nodes
 */
import { assert } from '../../base/assert.ts';
import { Prng } from '../../base/prng.ts';
import { losingWithOneMore } from './one-more.ts';
import { NOBODY, type RingTable } from './table.ts';

export interface Copysets {
  /** How many nodes hold anything; the sets count in them. */
  readonly nodeCount: number;
  /** Sorted members, each set once. */
  readonly sets: readonly (readonly number[])[];
}

export interface LossProbability {
  readonly failures: number;
  readonly probability: number;
  /** Counted, or estimated from samples because there are too many groups to count. */
  readonly isExact: boolean;
  /** The standard error of an estimate; 0 for what was counted. */
  readonly error: number;
}

export interface LossEffort {
  /** The most steps that counting may take; about a hundred million a second. */
  readonly maxSteps: number;
  readonly samples: number;
}

const DEFAULT_EFFORT: LossEffort = { maxSteps: 3e7, samples: 20_000 };
const SEED = 1;

export function copysetsOf(table: RingTable): Copysets {
  const { replicaCount, cells } = table;
  const places = new Map<number, number>();
  for (const node of [...new Set(cells)].sort((a, b) => a - b)) {
    if (node !== NOBODY) places.set(node, places.size);
  }
  const sets = new Map<string, readonly number[]>();
  for (let start = 0; start < cells.length; start += replicaCount) {
    const set = [...cells.subarray(start, start + replicaCount)]
      .filter((node) => node !== NOBODY)
      .map((node) => places.get(node)!)
      .sort((a, b) => a - b);
    if (set.length > 0) sets.set(set.join(), set);
  }
  return { nodeCount: places.size, sets: [...sets.values()] };
}

/** How probable it is that so many random nodes, failing at once, take all copies of something with them. */
export function lossProbability(
  copysets: Copysets,
  failures: number,
  effort: LossEffort = DEFAULT_EFFORT,
): LossProbability {
  const { nodeCount, sets } = copysets;
  const exactly = (probability: number): LossProbability => ({
    failures,
    probability,
    isExact: true,
    error: 0,
  });
  const smallest = Math.min(...sets.map((set) => set.length));
  if (sets.length === 0 || failures < smallest) return exactly(0);
  if (failures >= nodeCount) return exactly(1);
  if (sets.every((set) => set.length === failures)) {
    return exactly(sets.length / choices(nodeCount, failures));
  }
  if (sets.every((set) => set.length === failures - 1)) {
    const losing = losingWithOneMore(sets, nodeCount);
    if (losing !== null) return exactly(losing / choices(nodeCount, failures));
  }
  const groups = new Groups(copysets);
  // Every group but its last member is gone through, and every set of each new member.
  const perMember = (sets.length * smallest) / nodeCount + nodeCount;
  if (choices(nodeCount, failures - 1) * perMember <= effort.maxSteps) {
    return exactly(groups.losing(failures) / choices(nodeCount, failures));
  }
  const probability = groups.sampledLosing(failures, effort.samples) / effort.samples;
  const error = Math.sqrt(Math.max(probability * (1 - probability), 1e-12) / effort.samples);
  return { failures, probability, isExact: false, error };
}

/** In how many ways so many can be chosen of all. */
export function choices(all: number, chosen: number): number {
  let count = 1;
  for (let i = 0; i < chosen; i++) count = (count * (all - i)) / (i + 1);
  return Math.round(count);
}

/** A group of failed nodes that grows and shrinks, and knows whom it lacks to lose something. */
class Groups {
  readonly #nodeCount: number;
  readonly #sets: readonly (readonly number[])[];
  readonly #setsOf: readonly number[][];
  /** How many members of each set have failed, and how many sets each node would complete. */
  readonly #isFailed: Uint8Array;
  readonly #failed: Uint8Array;
  readonly #completes: Int32Array;

  constructor({ nodeCount, sets }: Copysets) {
    this.#nodeCount = nodeCount;
    this.#sets = sets;
    this.#setsOf = Array.from({ length: nodeCount }, () => []);
    this.#isFailed = new Uint8Array(nodeCount);
    this.#failed = new Uint8Array(sets.length);
    this.#completes = new Int32Array(nodeCount);
    sets.forEach((set, i) => {
      for (const node of set) this.#setsOf[node]!.push(i);
      if (set.length === 1) this.#completes[set[0]!]!++;
    });
  }

  /** How many groups of this size, of nodes from `first` on, lose something with those that have failed already. */
  losing(size: number, first = 0): number {
    let count = 0;
    if (size === 1) {
      for (let node = first; node < this.#nodeCount; node++)
        if (this.#completes[node]! > 0) count++;
      return count;
    }
    for (let node = first; node <= this.#nodeCount - size; node++) {
      // Once something is lost, whoever fails besides does not matter.
      if (this.#completes[node]! > 0) {
        count += choices(this.#nodeCount - node - 1, size - 1);
        continue;
      }
      this.#fail(node);
      count += this.losing(size - 1, node + 1);
      this.#heal(node);
    }
    return count;
  }

  sampledLosing(size: number, samples: number): number {
    const random = new Prng(SEED);
    const nodes = Array.from({ length: this.#nodeCount }, (_, i) => i);
    let losing = 0;
    for (let sample = 0; sample < samples; sample++) {
      let failed = 0;
      let isLost = false;
      while (failed < size && !isLost) {
        const at = random.between(failed, this.#nodeCount - 1);
        const node = nodes[at]!;
        nodes[at] = nodes[failed]!;
        nodes[failed] = node;
        isLost = this.#completes[node]! > 0;
        this.#fail(node);
        failed++;
      }
      if (isLost) losing++;
      while (failed > 0) this.#heal(nodes[--failed]!);
    }
    return losing;
  }

  #fail(node: number): void {
    this.#isFailed[node] = 1;
    for (const i of this.#setsOf[node]!) {
      if (++this.#failed[i]! === this.#sets[i]!.length - 1) this.#completes[this.#lastOf(i)]!++;
    }
  }

  #heal(node: number): void {
    for (const i of this.#setsOf[node]!) {
      if (this.#failed[i]!-- === this.#sets[i]!.length - 1) this.#completes[this.#lastOf(i)]!--;
    }
    this.#isFailed[node] = 0;
  }

  /** The one member of a set that has not failed. */
  #lastOf(set: number): number {
    const last = this.#sets[set]!.find((node) => this.#isFailed[node] === 0);
    assert(last !== undefined, 'one member of the set lives');
    return last;
  }
}
