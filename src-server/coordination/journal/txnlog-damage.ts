/**
 * Tells what bytes are that should be a log record and are none: the end, a write that never finished, or damage.
 *
 *   … record │ record │ ????????????????????????????????????
 *                      at
 *
 * A crash can leave the last write, and only that, torn: the file ends inside it, or sectors of it were never written and
 * read as zeros, in any combination, with whole records behind them. Nobody was told that it is durable, so nothing is lost by
 * ending there. Whatever a crash cannot explain was acknowledged once, and is damage.
 *
 * A record may hold zeros of its own, so a changed byte in it could pass for a missing sector. Hence both are tried: what one
 * changed byte explains is damage, even though once in a thousand torn writes the missing sector takes just one byte of the
 * record with it, and an operator has to say so. And a write takes no longer than a sync: when records behind a missing sector
 * are further apart in time than that, they were not in one write with it, and what is missing was acknowledged.
 */
import { ADLER_MODULUS, ADLER_START } from '../../bytes/checksum.ts';
import { DAMAGE, type DamageReason } from './damage-reasons.ts';
import { RECORD_END, RECORD_HEADER_BYTES } from './txnlog-format.ts';

/** The part of the file from the doubtful place on, as far as the judgement looks. */
export interface Doubt {
  /** Where in the file `rest` begins. */
  readonly at: number;
  readonly rest: Buffer;
  /** Whether the file ends where `rest` does. */
  readonly isToEnd: boolean;
  /** Times of the whole records that follow each other from this place in the file on. */
  timesFrom(place: number): Iterable<number>;
}

export type Verdict =
  | { readonly kind: 'padding' | 'torn' }
  /** The record is there, and only its last byte went missing with its sector. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'damaged'; readonly reason: DamageReason; readonly problem: string };

/** Disks write whole sectors of at least this size. */
const SECTOR_BYTES = 512;
/** No sync takes longer and leaves a server with clients. */
const SYNC_MS_MAX = 60_000;

const PADDING: Verdict = { kind: 'padding' };
const TORN: Verdict = { kind: 'torn' };
const WHOLE: Verdict = { kind: 'whole' };

export function judgeRecord(doubt: Doubt): Verdict {
  const { rest } = doubt;
  // One changed byte in padding takes nothing away: a record, however torn, that holds a single byte is none.
  if (hasAtMostOneByte(rest)) return PADDING;
  if (rest.length < RECORD_HEADER_BYTES) return doubt.isToEnd ? TORN : damaged('no-record');
  const length = rest.readInt32BE(8);
  // Zeros can stand for bytes that were not written; nothing makes a number greater.
  if (rest.readUInt32BE(0) !== 0) return damaged('checksum-changed');
  if (length < 0) return damaged('length-changed');
  const sums = new Sums(rest);
  if (hasOtherLength(rest, sums, length)) return damaged('other-length');
  const end = RECORD_HEADER_BYTES + length;
  if (end < rest.length) return judgeInside(doubt, sums, end);
  const follower = findRecord(rest, sums, RECORD_HEADER_BYTES);
  if (follower >= 0)
    return damaged(
      'record-follows',
      `a whole record follows at byte ${doubt.at + follower}, but this is none`,
    );
  return doubt.isToEnd ? TORN : damaged('does-not-fit');
}

/** A record whose extent lies within the file. */
function judgeInside(doubt: Doubt, sums: Sums, end: number): Verdict {
  const { rest } = doubt;
  const hasBody = end > RECORD_HEADER_BYTES;
  const stated = rest.readUInt32BE(4);
  const actual = sums.adler(RECORD_HEADER_BYTES, end);
  if (hasBody && stated === actual) {
    return rest[end] === 0 && missingSector(doubt, end, end) >= 0
      ? WHOLE
      : damaged('last-byte-changed');
  }
  const mayBeOneByte = hasBody && rest[end] === RECORD_END;
  if (
    mayBeOneByte &&
    (areOneByteApart(stated, actual) || isOneByteWrong(rest, end, stated, actual))
  )
    return damaged('mismatch');
  const missing = missingSector(doubt, 0, hasBody ? end : end - 1);
  return missing < 0 ? damaged('mismatch') : judgeMissing(doubt, sums, missing);
}

/** The first sector of a log, with its header, is zeros. */
export function judgeMissingHeader(doubt: Doubt): Verdict {
  if (hasAtMostOneByte(doubt.rest)) return PADDING;
  return missingSector(doubt, 0, 0) < 0
    ? damaged('no-log')
    : judgeMissing(doubt, new Sums(doubt.rest), 0);
}

/** A sector was never written, unless what follows says that it must have been. */
function judgeMissing(doubt: Doubt, sums: Sums, missing: number): Verdict {
  const follower = findRecord(doubt.rest, sums, missing + 1);
  if (follower < 0) return TORN;
  let first = Infinity;
  let last = -Infinity;
  for (const timeMs of doubt.timesFrom(doubt.at + follower)) {
    first = Math.min(first, timeMs);
    last = Math.max(last, timeMs);
    if (last - first > SYNC_MS_MAX) return damaged('zeros');
  }
  return TORN;
}

/** Where the first whole record begins in these bytes, or −1: what is left behind damage. */
export function findWholeRecord(bytes: Buffer): number {
  if (hasAtMostOneByte(bytes)) return -1;
  return findRecord(bytes, new Sums(bytes), 0);
}

function damaged(reason: DamageReason, problem: string = DAMAGE[reason]): Verdict {
  return { kind: 'damaged', reason, problem };
}

/**
 * Where the first sector begins that overlaps `rest[from, to]` and holds nothing but zeros from `rest` on, or −1. Before
 * `rest` there are whole records, which may share the sector with what was to be written.
 */
function missingSector({ at, rest }: Doubt, from: number, to: number): number {
  for (let start = from - ((at + from) % SECTOR_BYTES); start <= to; start += SECTOR_BYTES) {
    if (isZero(rest, Math.max(0, start), Math.min(rest.length, start + SECTOR_BYTES)))
      return Math.max(0, start);
  }
  return -1;
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

const ZEROS = Buffer.alloc(0x1_0000);

function hasAtMostOneByte(bytes: Buffer): boolean {
  let found = 0;
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const run = bytes.subarray(at, at + ZEROS.length);
    if (run.equals(ZEROS.subarray(0, run.length))) continue;
    for (const byte of run) if (byte !== 0 && ++found > 1) return false;
  }
  return true;
}

/** Whether the checksum fits the same bytes taken longer or shorter, with the last byte in its place. */
function hasOtherLength(rest: Buffer, sums: Sums, length: number): boolean {
  const stated = rest.readUInt32BE(4);
  for (let end = RECORD_HEADER_BYTES + 1; end < rest.length; end++) {
    if (rest[end] === RECORD_END && sums.adler(RECORD_HEADER_BYTES, end) === stated)
      return end - RECORD_HEADER_BYTES !== length;
  }
  return false;
}

function areOneByteApart(a: number, b: number): boolean {
  const difference = a ^ b;
  return [0xff, 0xff00, 0xff_0000, 0xff00_0000].some((mask) => (difference & ~mask) === 0);
}

/**
 * Whether some byte of the body, put right, gives the stated checksum. A byte d greater at k bytes before the end adds d to
 * the low half of an Adler-32 and d · k to the high half.
 */
function isOneByteWrong(rest: Buffer, end: number, stated: number, actual: number): boolean {
  const low = modulo((stated & 0xffff) - (actual & 0xffff));
  const high = modulo((stated >>> 16) - (actual >>> 16));
  const by = low <= 0xff ? low : low - ADLER_MODULUS;
  if (by === 0 || by < -0xff) return false;
  const distance = modulo(high * inverse(low));
  for (let place = end - distance; place >= RECORD_HEADER_BYTES; place -= ADLER_MODULUS) {
    const right = rest[place]! + by;
    if (place < end && right >= 0 && right <= 0xff) return true;
  }
  return false;
}

/** Where the first whole record begins in `rest[from, …)`, or −1. */
function findRecord(rest: Buffer, sums: Sums, from: number): number {
  for (let at = from; at + RECORD_HEADER_BYTES < rest.length; at++) {
    if (rest[at] !== 0 || rest[at + 1] !== 0 || rest[at + 2] !== 0 || rest[at + 3] !== 0) continue;
    const length = rest.readInt32BE(at + 8);
    if (length <= 0) continue;
    const end = at + RECORD_HEADER_BYTES + length;
    if (end >= rest.length || rest[end] !== RECORD_END) continue;
    if (sums.adler(at + RECORD_HEADER_BYTES, end) === rest.readUInt32BE(at + 4)) return at;
  }
  return -1;
}

function modulo(value: number): number {
  return ((value % ADLER_MODULUS) + ADLER_MODULUS) % ADLER_MODULUS;
}

/** By Fermat: the modulus is a prime. */
function inverse(value: number): number {
  let result = 1;
  let power = value;
  for (let exponent = ADLER_MODULUS - 2; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) === 1) result = (result * power) % ADLER_MODULUS;
    power = (power * power) % ADLER_MODULUS;
  }
  return result;
}

/**
 * Adler-32 of any part of some bytes at once. Every place is tried as a record's beginning, and summing each anew would let
 * one stored value, made for it, hold up a recovery for minutes.
 */
class Sums {
  /** Sum of the bytes before each place, and the sum of those sums up to it. */
  readonly #bytes: Uint16Array;
  readonly #sums: Uint16Array;

  constructor(bytes: Buffer) {
    this.#bytes = new Uint16Array(bytes.length + 1);
    this.#sums = new Uint16Array(bytes.length + 1);
    let sum = 0;
    let sumOfSums = 0;
    for (let i = 0; i < bytes.length; i++) {
      sum = (sum + bytes[i]!) % ADLER_MODULUS;
      sumOfSums = (sumOfSums + sum) % ADLER_MODULUS;
      this.#bytes[i + 1] = sum;
      this.#sums[i + 1] = sumOfSums;
    }
  }

  adler(from: number, to: number): number {
    const length = to - from;
    const before = this.#bytes[from]!;
    const low = modulo(ADLER_START + this.#bytes[to]! - before);
    const high = modulo(
      length * ADLER_START + this.#sums[to]! - this.#sums[from]! - length * before,
    );
    return high * 0x1_0000 + low;
  }
}
