/**
 * Sixty-four bits that stand for a key in the table: HalfSipHash-1-3 (Aumasson, Bernstein), keyed with a secret of this start.
 *
 * With the hash that gives the order, a key is told from all others by 96 bits, 64 of which nobody outside can foresee. So a write
 * need not read the record it replaces. Among a thousand million keys of a node the chance that any two are taken for one is
 * 3 · 10⁻¹⁴; a checksum of 32 bits misses damage far more often. Reads compare the key itself.
 */
import type { Entropy } from '../../platform/entropy.ts';

const OUTPUT_64 = 0xee;
const SECOND_HALF = 0xdd;
/** Without the words of the key: three rounds for each half of the outcome. */
const LAST_ROUNDS = 6;

export class KeyPrinter {
  /** Of the key that `print` was called with last. */
  high = 0;
  low = 0;
  readonly #secretLow: number;
  readonly #secretHigh: number;

  constructor(entropy: Pick<Entropy, 'uint32'>) {
    this.#secretLow = entropy.uint32() | 0;
    this.#secretHigh = entropy.uint32() | 0;
  }

  print(bytes: Uint8Array, start: number, end: number): void {
    let v0 = this.#secretLow;
    let v1 = this.#secretHigh ^ OUTPUT_64;
    let v2 = this.#secretLow ^ 0x6c796765;
    let v3 = this.#secretHigh ^ 0x74656462;
    const words = ((end - start) >>> 2) + 1;
    for (let i = 0; i < words + LAST_ROUNDS; i++) {
      const word = i < words ? wordAt(bytes, start, end, i) : 0;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
      if (i === words - 1) v2 ^= OUTPUT_64;
      else if (i === words + LAST_ROUNDS / 2 - 1) {
        this.low = (v1 ^ v3) >>> 0;
        v1 ^= SECOND_HALF;
      }
    }
    this.high = (v1 ^ v3) >>> 0;
  }
}

/** Four bytes of the key; the last word has what is left of it, and its length. */
function wordAt(bytes: Uint8Array, start: number, end: number, index: number): number {
  const at = start + index * 4;
  if (at + 4 <= end)
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let word = (end - start) << 24;
  for (let i = at; i < end; i++) word |= bytes[i]! << ((i - at) * 8);
  return word;
}
