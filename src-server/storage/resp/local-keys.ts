/** Keys that this node leads, for whoever asks node by node: how many, which from a place on, any one. */
import { assert } from '../../base/assert.ts';
import type { Arguments } from './arguments.ts';
import { readInteger } from './integers.ts';
import type { Keyspace } from './ports.ts';
import type { ReplyWriter } from './reply-writer.ts';

/** A place in the whole ring: a partition, and a cursor in its store. */
export interface ScanPlace {
  readonly partition: number;
  readonly cursor: number;
}

export interface Scanned {
  /** Null at the end of the ring. */
  readonly next: ScanPlace | null;
  readonly keys: readonly Uint8Array[];
}

const CURSOR_BITS = 48n;
const CURSOR_MASK = (1n << CURSOR_BITS) - 1n;
/** Of a partition, from which a random key is taken. */
const SAMPLE = 64;

export function placeOf(cursor: bigint): ScanPlace {
  return { partition: Number(cursor >> CURSOR_BITS), cursor: Number(cursor & CURSOR_MASK) };
}

/** The beginning is 0, and so is the end. */
export function cursorOf(place: ScanPlace | null): bigint {
  return place === null ? 0n : (BigInt(place.partition) << CURSOR_BITS) | BigInt(place.cursor);
}

/**
 * About `count` keys from a place on, as far as partitions follow each other that are led here; null where the first is not.
 */
export function scanHere(keyspace: Keyspace, from: ScanPlace, count: number): Scanned | null {
  const { partitionCount } = keyspace.ring;
  const keys: Uint8Array[] = [];
  let { partition, cursor } = from;
  for (let isFirst = true; partition < partitionCount; isFirst = false) {
    if (keys.length >= count) return { next: { partition, cursor }, keys };
    const slice = keyspace.scan(partition, cursor, count - keys.length);
    if (slice === null) return isFirst ? null : { next: { partition, cursor }, keys };
    assert(slice.cursor <= Number(CURSOR_MASK), "a store's cursor fits its bits");
    for (const key of slice.keys) keys.push(key);
    ({ cursor } = slice);
    if (cursor === 0) partition++;
  }
  return { next: null, keys };
}

export function countHere(keyspace: Keyspace): number {
  return keyspace.led.reduce((sum, partition) => sum + keyspace.count(partition), 0);
}

/** @param random any number in 0 … 2^32−1 */
export function randomKeyHere(keyspace: Keyspace, random: number): Uint8Array | null {
  const { led } = keyspace;
  for (let i = 0; i < led.length; i++) {
    const partition = led[(random + i) % led.length]!;
    const keys = keyspace.scan(partition, 0, SAMPLE)?.keys ?? [];
    if (keys.length > 0) return keys[random % keys.length]!;
  }
  return null;
}

/** An errand about this node's own keys; false for any other. */
export function answerHere(words: Arguments, keyspace: Keyspace, reply: ReplyWriter): boolean {
  const figure = (index: number): number => Number(readInteger(words.view(index)) ?? 0);
  if (words.is(0, 'ring.count') && words.count === 1) {
    reply.integer(countHere(keyspace));
  } else if (words.is(0, 'ring.randomkey') && words.count === 2) {
    const key = randomKeyHere(keyspace, figure(1));
    if (key === null) reply.nil();
    else reply.bulk(key);
  } else if (words.is(0, 'ring.scan') && words.count === 4) {
    const from = { partition: figure(1), cursor: figure(2) };
    const scanned = scanHere(keyspace, from, figure(3));
    if (scanned === null) reply.error(`TRYAGAIN partition ${from.partition} is led elsewhere`);
    else {
      reply.array(2);
      reply.text(String(cursorOf(scanned.next)));
      reply.array(scanned.keys.length);
      for (const key of scanned.keys) reply.bulk(key);
    }
  } else return false;
  return true;
}
