/**
 * Where each key of a partition lies: an open-addressing table over one typed array, its slots in order of their hashes.
 *
 *   slot, 36 bytes   hash │ print, 64 bits │ crc │ offset │ length, used │ segment u16, seq high u16 │ seq low │ expires at s
 *
 *   home of a hash = hash · capacity / 2^32, so homes ascend with hashes; a slot lies at its home or to the right of it, and
 *   no slot with a greater hash lies before one with a smaller: a scan by hash is a walk, and its cursor outlives growth.
 *
 * Keys are not in here: their prints are, which are told apart where hashes meet (key-print.ts). The checksum is, too: whatever
 * the record turns out to say, what it should say is known.
 */
import { assert } from '../../base/assert.ts';
import { HASHES } from './key-hash.ts';

/** What a slot says. */
export interface Slot {
  readonly hash: number;
  readonly printHigh: number;
  readonly printLow: number;
  /** Of the op, as body.ts defines it. */
  readonly crc: number;
  /** The low sixteen bits of the segment's number, and where in it the op begins. */
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  readonly seq: number;
  /** Seconds, rounded up; 0 for never. */
  readonly expiresAtS: number;
}

/** A slot that is filled again and again. */
export class SlotDraft implements Slot {
  hash = 0;
  printHigh = 0;
  printLow = 0;
  crc = 0;
  segment = 0;
  offset = 0;
  length = 0;
  seq = 0;
  expiresAtS = 0;
}

const WORDS = 9;
const HASH = 0;
const PRINT_HIGH = 1;
const PRINT_LOW = 2;
const CRC = 3;
const OFFSET = 4;
const LENGTH = 5;
const SEGMENT_SEQ = 6;
const SEQ_LOW = 7;
const EXPIRES = 8;

const USED_BIT = 0x8000_0000;
const LENGTH_MASK = 0x7fff_ffff;
const SEQ_HIGHEST = 0xffff;

const CAPACITY_MIN = 8;
const LOAD_MAX = 0.8;
const LOAD_MIN = 0.25;
const LOAD_AFTER = 0.62;
const OVERFLOW_MIN = 8;

export class KeyTable {
  /** Slots behind the last home, for what is pushed to the right of it; one at least stays free. */
  #overflow = OVERFLOW_MIN;
  #words = new Uint32Array((CAPACITY_MIN + OVERFLOW_MIN) * WORDS);
  #capacity = CAPACITY_MIN;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#words.byteLength;
  }

  // --- finding: a place is a number, good until the next insert or remove; −1 is nowhere ---

  first(hash: number): number {
    const at = this.from(hash);
    return at >= 0 && this.#words[at]! === hash ? at : -1;
  }

  /** The place of the key with this hash and print. */
  find(hash: number, printHigh: number, printLow: number): number {
    const words = this.#words;
    for (let at = this.first(hash); at >= 0; at = this.sibling(at))
      if (words[at + PRINT_LOW]! === printLow && words[at + PRINT_HIGH]! === printHigh) return at;
    return -1;
  }

  /** The next place with the same hash. */
  sibling(at: number): number {
    const next = at + WORDS;
    const words = this.#words;
    return words[next + LENGTH]! !== 0 && words[next]! === words[at]! ? next : -1;
  }

  /** The first place whose hash is not below this one. */
  from(hash: number): number {
    const words = this.#words;
    for (let at = this.#home(hash); at < words.length; at += WORDS)
      if (words[at + LENGTH]! !== 0 && words[at]! >= hash) return at;
    return -1;
  }

  /** The next place in the order of hashes. */
  after(at: number): number {
    const words = this.#words;
    for (let next = at + WORDS; next < words.length; next += WORDS)
      if (words[next + LENGTH]! !== 0) return next;
    return -1;
  }

  // --- what a place says ---

  hash(at: number): number {
    return this.#words[at + HASH]!;
  }

  crc(at: number): number {
    return this.#words[at + CRC]!;
  }

  offset(at: number): number {
    return this.#words[at + OFFSET]!;
  }

  length(at: number): number {
    return this.#words[at + LENGTH]! & LENGTH_MASK;
  }

  segment(at: number): number {
    return this.#words[at + SEGMENT_SEQ]! >>> 16;
  }

  seq(at: number): number {
    return (this.#words[at + SEGMENT_SEQ]! & 0xffff) * 0x1_0000_0000 + this.#words[at + SEQ_LOW]!;
  }

  expiresAtS(at: number): number {
    return this.#words[at + EXPIRES]!;
  }

  slot(at: number): Slot {
    const slot = new SlotDraft();
    this.read(at, slot);
    return slot;
  }

  read(at: number, into: SlotDraft): void {
    const words = this.#words;
    into.hash = words[at + HASH]!;
    into.printHigh = words[at + PRINT_HIGH]!;
    into.printLow = words[at + PRINT_LOW]!;
    into.crc = words[at + CRC]!;
    into.offset = words[at + OFFSET]!;
    into.length = words[at + LENGTH]! & LENGTH_MASK;
    into.segment = words[at + SEGMENT_SEQ]! >>> 16;
    into.seq = (words[at + SEGMENT_SEQ]! & 0xffff) * 0x1_0000_0000 + words[at + SEQ_LOW]!;
    into.expiresAtS = words[at + EXPIRES]!;
  }

  /** Whether somebody asked for the key since it was last forgotten. */
  isUsed(at: number): boolean {
    return this.#words[at + LENGTH]! >= USED_BIT;
  }

  markUsed(at: number): void {
    this.#words[at + LENGTH]! |= USED_BIT;
  }

  // --- changing ---

  insert(slot: Slot): void {
    if (this.#count + 1 > this.#capacity * LOAD_MAX) this.#resize();
    while (!this.#tryInsert(slot)) {
      this.#overflow *= 2;
      this.#rebuild(this.#capacity);
    }
    this.#count++;
  }

  replace(at: number, slot: Slot): void {
    this.#write(at, slot);
  }

  remove(at: number): void {
    const words = this.#words;
    let end = at + WORDS;
    // What follows moves one to the left, up to a gap or to one that is at home.
    while (words[end + LENGTH]! !== 0 && this.#home(words[end]!) < end) end += WORDS;
    words.copyWithin(at, at + WORDS, end);
    words.fill(0, end - WORDS, end);
    this.#count--;
    if (this.#capacity > CAPACITY_MIN && this.#count < this.#capacity * LOAD_MIN) this.#resize();
  }

  clear(): void {
    this.#capacity = CAPACITY_MIN;
    this.#overflow = OVERFLOW_MIN;
    this.#words = new Uint32Array((CAPACITY_MIN + OVERFLOW_MIN) * WORDS);
    this.#count = 0;
  }

  /** @returns false where what must move would fall off the end */
  #tryInsert(slot: Slot): boolean {
    const words = this.#words;
    let at = this.#home(slot.hash);
    while (words[at + LENGTH]! !== 0 && words[at]! <= slot.hash) at += WORDS;
    let gap = at;
    while (words[gap + LENGTH]! !== 0) gap += WORDS;
    // The last slot stays free, so that every walk to the right ends at a gap.
    if (gap >= words.length - WORDS) return false;
    words.copyWithin(at + WORDS, at, gap);
    this.#write(at, slot);
    return true;
  }

  #write(at: number, slot: Slot): void {
    const words = this.#words;
    const seqHigh = Math.floor(slot.seq / 0x1_0000_0000);
    assert(seqHigh <= SEQ_HIGHEST, 'a seq has 48 bits');
    words[at + HASH] = slot.hash;
    words[at + PRINT_HIGH] = slot.printHigh;
    words[at + PRINT_LOW] = slot.printLow;
    words[at + CRC] = slot.crc;
    words[at + OFFSET] = slot.offset;
    words[at + LENGTH] = slot.length;
    words[at + SEGMENT_SEQ] = (slot.segment << 16) | seqHigh;
    words[at + SEQ_LOW] = slot.seq;
    words[at + EXPIRES] = slot.expiresAtS;
  }

  #home(hash: number): number {
    return Math.floor((hash * this.#capacity) / HASHES) * WORDS;
  }

  /** To the load that growth and shrinking leave. */
  #resize(): void {
    this.#rebuild(Math.max(CAPACITY_MIN, Math.ceil((this.#count + 1) / LOAD_AFTER)));
  }

  /** In one pass, as the order stays. */
  #rebuild(capacity: number): void {
    const old = this.#words;
    this.#capacity = capacity;
    const words = new Uint32Array((capacity + this.#overflow) * WORDS);
    let free = 0;
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + LENGTH]! === 0) continue;
      const at = Math.max(this.#home(old[from]!), free);
      if (at >= words.length - WORDS) {
        this.#overflow *= 2;
        this.#rebuild(capacity);
        return;
      }
      for (let word = 0; word < WORDS; word++) words[at + word] = old[from + word]!;
      free = at + WORDS;
    }
    this.#words = words;
  }
}
