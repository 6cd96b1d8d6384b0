/** Randomness that nobody can foretell. */
export interface Entropy {
  bytes(count: number): Uint8Array;
  /** A whole number in 0 … 2^32−1. */
  uint32(): number;
}
