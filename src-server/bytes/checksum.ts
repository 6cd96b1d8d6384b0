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

/** Castagnoli's polynomial, its bits reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C_TABLES = crcTables(CRC32C_POLYNOMIAL);

/**
 * CRC-32C (RFC 3720) of `bytes[start, end)`, continued from `seed`, the CRC of what came before.
 *
 * Eight bytes a step through eight tables: three times as fast as a byte a step.
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  const tables = CRC32C_TABLES;
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      tables[0x700 | (crc & 0xff)]! ^
      tables[0x600 | ((crc >>> 8) & 0xff)]! ^
      tables[0x500 | ((crc >>> 16) & 0xff)]! ^
      tables[0x400 | (crc >>> 24)]! ^
      tables[0x300 | bytes[at + 4]!]! ^
      tables[0x200 | bytes[at + 5]!]! ^
      tables[0x100 | bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = tables[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Table k tells what a byte does to the sum once k more bytes have followed it. */
function crcTables(polynomial: number): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!;
    tables[at] = tables[before & 0xff]! ^ (before >>> 8);
  }
  return tables;
}
