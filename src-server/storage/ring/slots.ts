/**
 * Where a key lies on the circle: exactly the slot that Redis Cluster clients compute, and the partition that slot is in.
 *
 *        slot 0                          A partition is a run of neighbouring slots. Q is a power of two, so
 *         ·───·                          partition = slot >> (14 − log2 Q), and the ranges are all of one length.
 *    p3 ·       · p0                     The place of a slot on the drawn circle is slot ÷ 16384, clockwise from the top.
 *      ·         ·
 *    p2 ·       · p1                     Q = 4: partition 1 is slots 4096 … 8191
 *         ·───·
 */
import { assert } from '../../base/assert.ts';

export const SLOTS = 16384;
const SLOT_BITS = 14;

/** CRC16 with polynomial 0x1021 and start 0 (XMODEM), as the cluster specification of Redis demands. */
const CRC16 = crcTable();

export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** The slot of a key: of all of it, or of its hash tag, so that keys with one tag stay together. */
export function slotOf(key: Uint8Array): number {
  return slotOfRange(key, 0, key.length);
}

/** The same for a key that lies in `bytes[start, end)`: a view of it would take longer. */
export function slotOfRange(bytes: Uint8Array, start: number, end: number): number {
  let open = start;
  while (open < end && bytes[open] !== 0x7b) open++;
  let close = open + 1;
  while (close < end && bytes[close] !== 0x7d) close++;
  // An empty tag `{}` is no tag, and only the first `{` opens one.
  const isTagged = close < end && close > open + 1;
  const slot = isTagged ? crc16(bytes, open + 1, close) : crc16(bytes, start, end);
  return slot & (SLOTS - 1);
}

/** What of a key is hashed: its tag where it has one, else all of it. For people; `slotOf` makes no view of it. */
export function hashedPartOf(key: Uint8Array): Uint8Array {
  const open = key.indexOf(0x7b);
  const close = open === -1 ? -1 : key.indexOf(0x7d, open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}

export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) & 0xffff) ^ CRC16[((crc >>> 8) ^ bytes[i]!) & 0xff]!;
  }
  return crc;
}

export function isPartitionCount(count: number): boolean {
  const isWhole = Number.isInteger(count) && count >= 1 && count <= SLOTS;
  return isWhole && (count & (count - 1)) === 0;
}

export function partitionOf(slot: number, partitionCount: number): number {
  assert(isPartitionCount(partitionCount), 'the number of partitions is a power of two');
  return (slot * partitionCount) >>> SLOT_BITS;
}

export function slotRangeOf(partition: number, partitionCount: number): SlotRange {
  assert(isPartitionCount(partitionCount), 'the number of partitions is a power of two');
  const length = SLOTS / partitionCount;
  return { first: partition * length, last: (partition + 1) * length - 1 };
}

/** Where on the circle a slot begins: 0 at the top, clockwise, less than 1. */
export function positionOf(slot: number): number {
  return slot / SLOTS;
}

function crcTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}
