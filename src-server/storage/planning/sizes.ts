/** What every partition holds, as its leader told last. What nobody told is not known, and never guessed. */
import type { Measured } from '../ring/plan.ts';
import { regroupedFigures } from '../ring/regroup.ts';

/** What a node has of one partition, as far as sizes go. */
export interface Holding {
  readonly partition: number;
  readonly role: string;
  readonly keys: number;
  readonly bytes: number;
  /** Commands carried out there since its start. */
  readonly reads: number;
  readonly writes: number;
}

export class Sizes {
  readonly partitionCount: number;
  readonly #bytes: Float64Array;
  readonly #keys: Float64Array;
  /** Commands a second; 0 before two of its leader's answers can be compared. */
  readonly #heat: Float64Array;
  readonly #work: Float64Array;
  /** When it was told, NaN for never. */
  readonly #toldMs: Float64Array;
  #known = 0;
  #version = 0;

  constructor(partitionCount: number) {
    this.partitionCount = partitionCount;
    this.#bytes = new Float64Array(partitionCount);
    this.#keys = new Float64Array(partitionCount);
    this.#heat = new Float64Array(partitionCount);
    this.#work = new Float64Array(partitionCount);
    this.#toldMs = new Float64Array(partitionCount).fill(NaN);
  }

  /** How many partitions are known. */
  get known(): number {
    return this.#known;
  }

  /** Grows with everything that is told. */
  get version(): number {
    return this.#version;
  }

  /** When the oldest of what is known was told; null where nothing is. */
  get oldestMs(): number | null {
    let oldest = Infinity;
    for (const toldMs of this.#toldMs) if (toldMs < oldest) oldest = toldMs;
    return oldest === Infinity ? null : oldest;
  }

  take(holdings: Iterable<Holding>, atMs: number): void {
    for (const { partition, role, keys, bytes, reads, writes } of holdings) {
      if (role !== 'leader' || partition >= this.partitionCount) continue;
      const toldMs = this.#toldMs[partition]!;
      const work = reads + writes;
      if (Number.isNaN(toldMs)) this.#known++;
      else if (atMs > toldMs) {
        // Less than before: another leader counts from its own beginning.
        const grown = Math.max(0, work - this.#work[partition]!);
        this.#heat[partition] = (grown * 1000) / (atMs - toldMs);
      }
      this.#bytes[partition] = bytes;
      this.#keys[partition] = keys;
      this.#work[partition] = work;
      this.#toldMs[partition] = atMs;
    }
    this.#version++;
  }

  /** For plans: partitions that are not known count as empty, and are counted apart. */
  get measured(): Required<Measured> {
    return { bytes: this.#bytes.slice(), keys: this.#keys.slice(), heat: this.#heat.slice() };
  }

  /** For each of so many partitions whether all that became it is known. */
  isKnownOf(partitionCount: number): Uint8Array {
    const missing = Float64Array.from(this.#toldMs, (toldMs) => (Number.isNaN(toldMs) ? 1 : 0));
    return Uint8Array.from(regroupedFigures(missing, partitionCount), (part) =>
      part === 0 ? 1 : 0,
    );
  }
}
