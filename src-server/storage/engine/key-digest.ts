/**
 * A sum over keys and values that does not depend on their order, kept up to date with every change.
 *
 * Each key adds a number made from its hash and the checksum of its op. Sums are kept for 256 ranges of hashes, so that two
 * replicas that differ find out where with one comparison of 2 KiB.
 */
import { finished } from './key-hash.ts';
import type { Digest } from './store.ts';

const BUCKETS = 256;

export class KeyDigest {
  /** Two words for each bucket, high and low; they are summed up apart. */
  readonly #sums = new Uint32Array(BUCKETS * 2);

  add(hash: number, crc: number): void {
    const at = (hash >>> 24) * 2;
    this.#sums[at]! += highOf(hash, crc);
    this.#sums[at + 1]! += lowOf(hash, crc);
  }

  remove(hash: number, crc: number): void {
    const at = (hash >>> 24) * 2;
    this.#sums[at]! -= highOf(hash, crc);
    this.#sums[at + 1]! -= lowOf(hash, crc);
  }

  clear(): void {
    this.#sums.fill(0);
  }

  read(): Digest {
    let high = 0;
    let low = 0;
    for (let at = 0; at < this.#sums.length; at += 2) {
      high = (high + this.#sums[at]!) >>> 0;
      low = (low + this.#sums[at + 1]!) >>> 0;
    }
    return { buckets: this.#sums.slice(), sum: hex(high) + hex(low) };
  }
}

function highOf(hash: number, crc: number): number {
  return finished(hash ^ finished(crc));
}

function lowOf(hash: number, crc: number): number {
  return finished(crc ^ finished(hash ^ 0x9e3779b9));
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
