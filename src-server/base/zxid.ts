/**
 * Transaction ids: 32 bits of epoch above 32 bits of counter.
 *
 * A zxid is kept as a number, epoch * 2^32 + counter, which is exact while the epoch is below 2^21. Only this file does
 * arithmetic on it: `|` and `>>>` would silently cut it to 32 bits.
 */
import { assert } from './assert.ts';

declare const brand: unique symbol;

export type Zxid = number & { readonly [brand]: 'Zxid' };
export type Epoch = number & { readonly [brand]: 'Epoch' };

const COUNTER_SIZE = 0x1_0000_0000;
const EPOCH_MAX = 0x1f_ffff;

export const ZXID_ZERO = 0 as Zxid;
export const COUNTER_MAX = 0xffff_ffff;

export function makeZxid(epoch: number, counter: number): Zxid {
  assert(epoch >= 0 && epoch <= EPOCH_MAX, 'an epoch fits 21 bits');
  assert(counter >= 0 && counter <= COUNTER_MAX, 'a counter fits 32 bits');
  return (epoch * COUNTER_SIZE + counter) as Zxid;
}

/** A number that came from the wire or a file, already joined from its two halves. */
export function zxidOf(value: number): Zxid {
  assert(Number.isSafeInteger(value), 'a zxid is exact as a number');
  return value as Zxid;
}

export function epochOf(zxid: Zxid): Epoch {
  return Math.floor(zxid / COUNTER_SIZE) as Epoch;
}

export function counterOf(zxid: Zxid): number {
  return zxid % COUNTER_SIZE;
}

export function nextZxid(zxid: Zxid): Zxid {
  return (zxid + 1) as Zxid;
}

export function zxidHex(zxid: number): string {
  return zxid < 0 ? BigInt.asUintN(64, BigInt(zxid)).toString(16) : zxid.toString(16);
}
