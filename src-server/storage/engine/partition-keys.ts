/**
 * The keys of a partition as its newest entry left them: where each lies, their sum, and when they expire.
 *
 * A hash finds candidates, the record decides (E5): its key is compared, and its checksum must be the one the table remembers,
 * not the one it carries itself.
 */
import { crc32c } from '../../bytes/checksum.ts';
import { type BodyReader, getUint53, OP_HEADER_BYTES } from './body.ts';
import { Expiry } from './expiry.ts';
import { KeyDigest } from './key-digest.ts';
import { HASHES, hashOf } from './key-hash.ts';
import { KeyTable, type Slot } from './key-table.ts';
import type { Log } from './log.ts';
import type { Segment } from './segment.ts';
import type { EngineDamage, Found, Scan } from './store.ts';

/** Marks the partition damaged, and makes what is to be thrown. */
export type TellDamage = (segment: number, offset: number, why: string) => EngineDamage;

/** Most keys are shorter; a longer one is read a second time, whole. */
const KEY_GUESS_BYTES = 128;
const EXPIRY_PLACE = 12;
const KEY_LENGTH_PLACE = 6;

export class PartitionKeys {
  readonly table = new KeyTable();
  readonly #log: Log;
  readonly #tellDamage: TellDamage;
  readonly #digest = new KeyDigest();
  readonly #expiry = new Expiry(this.table);
  #bytes = 0;

  constructor(log: Log, tellDamage: TellDamage) {
    this.#log = log;
    this.#tellDamage = tellDamage;
  }

  /** Of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get digest(): KeyDigest {
    return this.#digest;
  }

  get memoryBytes(): number {
    return this.table.memoryBytes + this.#expiry.memoryBytes;
  }

  // --- reading ---

  /** @param notesUse whether it matters later that somebody asked */
  get(key: Uint8Array, notesUse: boolean): Found | null {
    const { table } = this;
    for (let at = table.first(hashOf(key)); at >= 0; at = table.sibling(at)) {
      const op = this.readOp(table, at);
      if (!isKeyOf(op, key, 0, key.length)) continue;
      if (notesUse) table.markUsed(at);
      const view = new DataView(op.buffer, op.byteOffset, OP_HEADER_BYTES);
      return {
        value: op.subarray(OP_HEADER_BYTES + key.length),
        expiresAtMs: getUint53(view, EXPIRY_PLACE),
        seq: table.seq(at),
      };
    }
    return null;
  }

  /** Keys from a hash on; those that share one are told together, so that the cursor is a hash. */
  scan(cursor: number, count: number): Scan {
    const { table } = this;
    const keys: Uint8Array[] = [];
    let at = table.from(cursor);
    while (at >= 0) {
      const hash = table.hash(at);
      const key = this.#keyAt(at);
      if (key !== null) keys.push(key);
      at = table.after(at);
      if (keys.length >= count && at >= 0 && table.hash(at) !== hash)
        return { cursor: table.hash(at), keys };
    }
    return { cursor: 0, keys };
  }

  due(wallMs: number, count: number): readonly Uint8Array[] {
    const { table } = this;
    const keys: Uint8Array[] = [];
    for (const { second, hash } of this.#expiry.due(Math.floor(wallMs / 1000), count)) {
      for (let at = table.first(hash); at >= 0; at = table.sibling(at)) {
        const key = table.expiresAtS(at) === second ? this.#keyAt(at) : null;
        if (key !== null) keys.push(key);
      }
    }
    return keys;
  }

  /** The op a slot points at, verified. What is in memory never was elsewhere. */
  readOp(table: KeyTable, at: number): Uint8Array {
    return this.readSlot(table.segment(at), table.offset(at), table.length(at), table.crc(at));
  }

  readSlot(segmentNumber: number, offset: number, length: number, crc: number): Uint8Array {
    const segment = this.#log.segment(segmentNumber);
    const hot = segment.hot(offset, length);
    if (hot !== null) return hot;
    const op = this.#log.readFile(segment, offset, length);
    if (op.length === length && crc32c(op, 4, length) === crc) return op;
    throw this.#tellDamage(segment.number, offset, 'a value is not what was written');
  }

  /** Verified by its hash, so that a large value need not be read for it; null where it is not what was written. */
  #keyAt(at: number): Uint8Array | null {
    const { table } = this;
    const segment = this.#log.segment(table.segment(at));
    const [offset, length] = [table.offset(at), table.length(at)];
    const guess = Math.min(length, OP_HEADER_BYTES + KEY_GUESS_BYTES);
    let head = this.#log.read(segment, offset, guess);
    if (head.length === guess) {
      const end = OP_HEADER_BYTES + keyLength(head);
      if (end > guess && end <= length) head = this.#log.read(segment, offset, end);
      if (end <= head.length && hashOf(head, OP_HEADER_BYTES, end) === table.hash(at))
        return head.subarray(OP_HEADER_BYTES, end);
    }
    this.#tellDamage(segment.number, offset, 'a key is not what was written');
    return null;
  }

  // --- changing ---

  /** Where the key of an op stands in the table, or −1. */
  find(hash: number, op: BodyReader): number {
    const { table } = this;
    for (let at = table.first(hash); at >= 0; at = table.sibling(at))
      if (this.#isAt(at, op)) return at;
    return -1;
  }

  #isAt(at: number, op: BodyReader): boolean {
    const { table } = this;
    const length = OP_HEADER_BYTES + op.valueAt - op.keyAt;
    if (table.length(at) < length) return false;
    const segment = this.#log.segment(table.segment(at));
    const head = this.#log.read(segment, table.offset(at), length);
    if (head.length === length && isKeyOf(head, op.bytes, op.keyAt, op.valueAt)) return true;
    if (head.length === length && this.#isSound(at)) return false;
    // Two keys with one hash are rare, and this record is damaged: it is taken for the key's, as it nearly always is.
    this.#tellDamage(segment.number, table.offset(at), 'a key is not what was written');
    return true;
  }

  #isSound(at: number): boolean {
    const { table } = this;
    const [offset, length] = [table.offset(at), table.length(at)];
    const op = this.#log.read(this.#log.segment(table.segment(at)), offset, length);
    return op.length === length && crc32c(op, 4, length) === table.crc(at);
  }

  /** @returns what the key had before, or null */
  put(slot: Slot, at: number): Slot | null {
    const { table } = this;
    const prior = at < 0 ? null : table.slot(at);
    if (at < 0) table.insert(slot);
    else table.replace(at, slot);
    this.#entered(slot);
    if (prior !== null) this.#left(prior);
    return prior;
  }

  remove(at: number): Slot {
    const prior = this.table.slot(at);
    this.table.remove(at);
    this.#left(prior);
    return prior;
  }

  /** Brings back what the key had before. */
  restore(made: Slot | null, prior: Slot | null): void {
    const at = made === null ? -1 : this.placeOf(made.hash, made.segment, made.offset);
    if (prior !== null) this.put(prior, at);
    else if (at >= 0) this.remove(at);
  }

  /** The slot that points there, or −1 where none does. */
  placeOf(hash: number, segment: number, offset: number): number {
    const { table } = this;
    for (let at = table.first(hash); at >= 0; at = table.sibling(at))
      if (table.offset(at) === offset && table.segment(at) === (segment & 0xffff)) return at;
    return -1;
  }

  clear(): void {
    const { table } = this;
    for (let at = table.from(0); at >= 0; at = table.after(at)) this.#left(table.slot(at));
    table.clear();
    this.#expiry.clear();
  }

  #entered(slot: Slot): void {
    const segment = this.#log.segment(slot.segment);
    segment.liveBytes += slot.length;
    segment.liveOps++;
    this.#bytes += slot.length - OP_HEADER_BYTES;
    this.#digest.add(slot.hash, slot.crc);
    this.#expiry.added(slot.expiresAtS, slot.hash);
  }

  #left(slot: Slot): void {
    const segment = this.#log.segment(slot.segment);
    segment.liveBytes -= slot.length;
    segment.liveOps--;
    this.#bytes -= slot.length - OP_HEADER_BYTES;
    this.#digest.remove(slot.hash, slot.crc);
    this.#expiry.removed(slot.expiresAtS);
  }

  /** Which partitions a damaged stretch of a segment concerns is asked of the tables. */
  hasOpIn(segment: Segment, from: number, to: number): boolean {
    const { table } = this;
    const number = segment.number & 0xffff;
    for (let at = table.from(0); at >= 0; at = table.after(at)) {
      if (table.segment(at) !== number) continue;
      const offset = table.offset(at);
      if (offset < to && offset + table.length(at) > from) return true;
    }
    return false;
  }
}

/** The slot for an op that lies there. */
export function slotOf(op: BodyReader, hash: number, segment: number, seq: number): Slot {
  return {
    hash,
    crc: op.crc,
    segment: segment & 0xffff,
    offset: op.place,
    length: op.length,
    seq,
    expiresAtS: Math.min(0xffff_ffff, Math.ceil(op.expiresAtMs / 1000)),
  };
}

/** Where to go on after a hash; 0 after the last one. */
export function cursorAfter(hash: number): number {
  return hash + 1 === HASHES ? 0 : hash + 1;
}

function keyLength(op: Uint8Array): number {
  return (op[KEY_LENGTH_PLACE]! << 8) | op[KEY_LENGTH_PLACE + 1]!;
}

function isKeyOf(op: Uint8Array, key: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (keyLength(op) !== length) return false;
  for (let i = 0; i < length; i++) if (op[OP_HEADER_BYTES + i] !== key[start + i]) return false;
  return true;
}
