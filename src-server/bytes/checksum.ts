/** Checksums of files and records. */

/** The greatest prime below 2^16. */
export const ADLER_MODULUS = 65521;
/** The most bytes whose sums stay below 2^31, so that the modulus is taken once per run and not per byte. */
const ADLER_RUN = 3800;

export const ADLER_START = 1;

/** Adler-32 (RFC 1950) of `bytes[start, end)`, continued from `seed`. */
export function adler32(bytes: Uint8Array, start: number, end: number, seed = ADLER_START): number {
  let a = seed & 0xffff;
  let b = seed >>> 16;
  let at = start;
  while (at < end) {
    const stop = Math.min(end, at + ADLER_RUN);
    for (; at + 4 <= stop; at += 4) {
      a += bytes[at]!;
      b += a;
      a += bytes[at + 1]!;
      b += a;
      a += bytes[at + 2]!;
      b += a;
      a += bytes[at + 3]!;
      b += a;
    }
    for (; at < stop; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= ADLER_MODULUS;
    b %= ADLER_MODULUS;
  }
  return b * 0x1_0000 + a;
}
