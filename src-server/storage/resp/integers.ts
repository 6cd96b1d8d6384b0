/**
 * Signed 64-bit integers as texts. A number where that is exact, a bigint beyond: nearly all are small, and Redis's clients
 * may count up to the very end.
 */

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
export const INT64_MIN = -0x8000_0000_0000_0000n;
/** So many digits always fit a number. */
const SAFE_DIGITS = 15;
const DIGITS_MAX = 19;
const MINUS = 0x2d;
const ZERO = 0x30;

/** As Redis reads them: digits without blanks, plus or leading zeros. Null for anything else, and for what needs more bits. */
export function readInteger(
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): number | bigint | null {
  const isNegative = start < end && bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const digits = end - first;
  if (digits === 0 || digits > DIGITS_MAX) return null;
  if (bytes[first] === ZERO) return digits === 1 && !isNegative ? 0 : null;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (digits <= SAFE_DIGITS) return isNegative ? -value : value;
  const exact = BigInt(String.fromCharCode(...bytes.subarray(start, end)));
  return fitsInt64(exact) ? narrowed(exact) : null;
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** The same value as a number, if that is exact. */
export function narrowed(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}

/** Their sum, or null where it needs more than 64 bits. */
export function sumOf(a: number | bigint, b: number | bigint): number | bigint | null {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const exact = BigInt(a) + BigInt(b);
  return fitsInt64(exact) ? narrowed(exact) : null;
}
