/**
 * The hash that finds a key and says in which order keys are scanned, copied and summed up: MurmurHash3 (Appleby), 32 bits.
 *
 * Every node computes the same, because cursors and digests are compared between nodes.
 */

/** One more than the greatest hash. */
export const HASHES = 0x1_0000_0000;

export function hashOf(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let h = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    h ^= scrambled(k);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (let i = end - at - 1; i >= 0; i--) rest = (rest << 8) | bytes[at + i]!;
  if (at < end) h ^= scrambled(rest);
  return finished(h ^ (end - start));
}

function scrambled(k: number): number {
  const mixed = Math.imul(k, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** Every bit of the outcome depends on every bit of `h`. */
export function finished(h: number): number {
  let mixed = h;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
