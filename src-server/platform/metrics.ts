/**
 * Counters and summaries under the names that monitoring of ZooKeeper knows.
 *
 * A summary keeps count, sum, least and greatest, and a histogram with about 9 % wide buckets for percentiles.
 */

const BUCKETS_PER_OCTAVE = 8;
const BUCKETS = 32 * BUCKETS_PER_OCTAVE;

export class Counter {
  value = 0;

  add(by = 1): void {
    this.value += by;
  }
}

export class Summary {
  count = 0;
  sum = 0;
  min = Infinity;
  max = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#buckets[bucketOf(value)]!++;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The value that the given share of all values does not exceed, 9 % too high at the most. */
  percentile(share: number): number {
    let left = this.count * share;
    // The last bucket has no upper end; who is in there is no further from the greatest than from anything else.
    for (let i = 0; i < BUCKETS - 1; i++) {
      left -= this.#buckets[i]!;
      if (left <= 0 && this.count > 0) return Math.min(this.max, upperEnd(i));
    }
    return this.max;
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = Infinity;
    this.max = 0;
    this.#buckets.fill(0);
  }
}

export class Metrics {
  readonly #counters = new Map<string, Counter>();
  readonly #summaries = new Map<string, Summary>();

  counter(name: string): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) this.#counters.set(name, (counter = new Counter()));
    return counter;
  }

  summary(name: string): Summary {
    let summary = this.#summaries.get(name);
    if (summary === undefined) this.#summaries.set(name, (summary = new Summary()));
    return summary;
  }

  get counters(): Iterable<readonly [string, Counter]> {
    return this.#counters;
  }

  get summaries(): Iterable<readonly [string, Summary]> {
    return this.#summaries;
  }
}

/** Values are milliseconds or pieces; a thousandth is the finest that is told apart. */
function bucketOf(value: number): number {
  if (value <= 0.001) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(value * 1000) * BUCKETS_PER_OCTAVE));
}

function upperEnd(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_OCTAVE) / 1000;
}
