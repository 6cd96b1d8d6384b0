/**
 * The running hash that shows whether two members hold the same tree (AdHash, digest version 2).
 *
 *   node digest = CRC-32 of  path ++ data ++ czxid mzxid pzxid ctime mtime version cversion aversion owner  (60 bytes)
 *   tree digest = sum of node digests, modulo 2^64
 *
 * Adding and taking away single nodes keeps the sum current. The root counts under the empty path; nothing below
 * `/zookeeper/` counts, because members write quota figures there on their own.
 */
import { crcBytes, crcEnd, crcInt32, crcLong, crcStart, crcString } from './crc32.ts';

/** The fields of a node's stat that its digest covers; `cversion` as stored, `owner` in two halves. */
export interface DigestedStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ownerHigh: number;
  readonly ownerLow: number;
}

export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/');
}

/** The part that only changes with the data: kept with the node, so that touching its stat costs 60 bytes of CRC. */
export function contentState(
  path: string,
  data: Uint8Array | null,
  start: number,
  length: number,
): number {
  const state = path === '/' ? crcStart : crcString(crcStart, path);
  return data === null ? state : crcBytes(state, data, start, start + length);
}

export function nodeDigest(content: number, stat: DigestedStat): number {
  let crc = content;
  crc = crcLong(crc, stat.czxid);
  crc = crcLong(crc, stat.mzxid);
  crc = crcLong(crc, stat.pzxid);
  crc = crcLong(crc, stat.ctime);
  crc = crcLong(crc, stat.mtime);
  crc = crcInt32(crc, stat.version);
  crc = crcInt32(crc, stat.cversion);
  crc = crcInt32(crc, stat.aversion);
  crc = crcInt32(crc, stat.ownerHigh);
  return crcEnd(crcInt32(crc, stat.ownerLow));
}

/** A 64-bit sum in two unsigned halves: bigint addition would allocate on every write. */
export class TreeDigest {
  high = 0;
  low = 0;

  set(high: number, low: number): void {
    this.high = high >>> 0;
    this.low = low >>> 0;
  }

  copyFrom(other: TreeDigest): void {
    this.high = other.high;
    this.low = other.low;
  }

  add(digest: number): void {
    const sum = this.low + digest;
    this.low = sum >>> 0;
    if (sum > 0xffff_ffff) this.high = (this.high + 1) >>> 0;
  }

  remove(digest: number): void {
    const difference = this.low - digest;
    this.low = difference >>> 0;
    if (difference < 0) this.high = (this.high - 1) >>> 0;
  }

  equals(high: number, low: number): boolean {
    return this.high === high >>> 0 && this.low === low >>> 0;
  }

  /** As Java prints and stores it: a signed 64-bit integer. */
  toBigint(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }
}
