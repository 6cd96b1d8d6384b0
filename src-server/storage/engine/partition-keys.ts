/**
 * The keys of a partition as its newest entry left them: where each lies, their sum, and when they expire.
 *
 * Who reads compares the key of the record, whose checksum must be the one the table remembers, not the one it carries itself
 * (E5). Who writes goes by the key's print, and reads nothing.
 */
import { crc32c } from '../../bytes/checksum.ts';
import { type BodyReader, expiryAt, keyLengthAt, OP_HEADER_BYTES } from './body.ts';
import { Expiry } from './expiry.ts';
import { KeyDigest } from './key-digest.ts';
import { HASHES, hashOf } from './key-hash.ts';
import type { KeyPrinter } from './key-print.ts';
import { KeyTable, type Slot, SlotDraft } from './key-table.ts';
import type { Log } from './log.ts';
import type { Segment } from './segment.ts';
import type { EngineDamage, Found, Scan } from './store.ts';
import type { Change } from './uncommitted.ts';

/** Marks the partition damaged, and makes what is to be thrown. */
export type TellDamage = (segment: number, offset: number, why: string) => EngineDamage;

/** Most keys are shorter; a longer one is read a second time, whole. */
const KEY_GUESS_BYTES = 128;

export class PartitionKeys {
  readonly table = new KeyTable();
  /** What the last change showed, and what it took away. */
  readonly made = new SlotDraft();
  readonly prior = new SlotDraft();
  readonly #log: Log;
  readonly #printer: KeyPrinter;
  readonly #tellDamage: TellDamage;
  readonly #digest = new KeyDigest();
  readonly #expiry = new Expiry(this.table);
  #bytes = 0;

  constructor(parts: {
    readonly log: Log;
    readonly printer: KeyPrinter;
    readonly tellDamage: TellDamage;
  }) {
    this.#log = parts.log;
    this.#printer = parts.printer;
    this.#tellDamage = parts.tellDamage;
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
      const segment = this.#log.segment(table.segment(at));
      const [offset, length] = [table.offset(at), table.length(at)];
      const hot = segment.hotChunk(offset, length);
      const op = hot?.bytes ?? this.readOp(table, at);
      const start = hot === null ? 0 : offset - hot.offset;
      if (!isKeyOf(op, start, key)) continue;
      if (notesUse) table.markUsed(at);
      return {
        value: op.subarray(start + OP_HEADER_BYTES + key.length, start + length),
        expiresAtMs: expiryAt(op, start),
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
      const end = OP_HEADER_BYTES + keyLengthAt(head, 0);
      if (end > guess && end <= length) head = this.#log.read(segment, offset, end);
      if (end <= head.length && hashOf(head, OP_HEADER_BYTES, end) === table.hash(at))
        return head.subarray(OP_HEADER_BYTES, end);
    }
    this.#tellDamage(segment.number, offset, 'a key is not what was written');
    return null;
  }

  // --- changing ---

  /** Where the key of an op stands in the table, or −1; `made` is about that key from then on. */
  find(op: BodyReader): number {
    const made = this.made;
    const printer = this.#printer;
    printer.print(op.bytes, op.keyAt, op.valueAt);
    made.hash = hashOf(op.bytes, op.keyAt, op.valueAt);
    made.printHigh = printer.high;
    made.printLow = printer.low;
    return this.table.find(made.hash, made.printHigh, made.printLow);
  }

  /** Shows the op that `find` was asked about, which lies in this segment. */
  put(op: BodyReader, at: number, segment: number, seq: number): void {
    const { made } = this;
    made.crc = op.crc;
    made.segment = segment & 0xffff;
    made.offset = op.place;
    made.length = op.length;
    made.seq = seq;
    made.expiresAtS = Math.min(0xffff_ffff, Math.ceil(op.expiresAtMs / 1000));
    this.place(made, at);
  }

  /** @param at where the key stands, or −1; what it had there is in `prior` then */
  place(slot: Slot, at: number): void {
    const { table, prior } = this;
    if (at < 0) table.insert(slot);
    else {
      table.read(at, prior);
      table.replace(at, slot);
      this.#left(prior);
    }
    this.#entered(slot);
  }

  /** What the key had is in `prior` then. */
  remove(at: number): void {
    const { table, prior } = this;
    table.read(at, prior);
    table.remove(at);
    this.#left(prior);
  }

  /** Brings back what the key had before. */
  restore({ hash, made, prior }: Change): void {
    const at = made === null ? -1 : this.placeOf(hash, made.segment, made.offset);
    if (prior !== null) this.place(prior, at);
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

/** Where to go on after a hash; 0 after the last one. */
export function cursorAfter(hash: number): number {
  return hash + 1 === HASHES ? 0 : hash + 1;
}

function isKeyOf(bytes: Uint8Array, op: number, key: Uint8Array): boolean {
  const { length } = key;
  if (keyLengthAt(bytes, op) !== length) return false;
  const keyAt = op + OP_HEADER_BYTES;
  for (let i = 0; i < length; i++) if (bytes[keyAt + i] !== key[i]) return false;
  return true;
}
