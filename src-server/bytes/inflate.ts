/**
 * Unpacks gzip (RFC 1952) piece by piece, in memory that does not grow with what comes out. Its checksums are not looked at:
 * what is packed here has its own.
 *
 *   member ─▶ header · block block … · checksum and length      members may follow each other
 *               block: as it is │ fixed codes │ codes of its own
 */
import { BadPacking, type ByteSource } from './byte-source.ts';

const WINDOW = 0x8000;
const PIECE = 0x1_0000;
const MATCH_MAX = 258;

const MAGIC = [0x1f, 0x8b, 8] as const;
const HAS_CHECKSUM = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;

const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCE_BASES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** In which order a block says how long its codes' codes are. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const CODE_BITS_MAX = 15;
const END_OF_BLOCK = 256;

/** Code → symbol and length of the code, by as many bits as the longest has. */
class Codes {
  readonly #table: Uint16Array;
  readonly #bits: number;

  constructor(lengths: readonly number[]) {
    this.#bits = Math.max(1, ...lengths);
    this.#table = new Uint16Array(1 << this.#bits);
    let code = 0;
    for (let length = 1; length <= this.#bits; length++) {
      for (const [symbol, other] of lengths.entries()) {
        if (other !== length) continue;
        if (code >= 1 << length) throw new BadPacking('more codes than there can be');
        this.#put(code, length, symbol);
        code++;
      }
      code <<= 1;
    }
  }

  #put(code: number, length: number, symbol: number): void {
    let reversed = 0;
    for (let i = 0; i < length; i++) reversed |= ((code >>> i) & 1) << (length - 1 - i);
    for (let at = reversed; at < this.#table.length; at += 1 << length)
      this.#table[at] = (symbol << 4) | length;
  }

  next(source: ByteSource): number {
    const found = this.#table[source.peekBits(this.#bits)]!;
    if (found === 0) throw new BadPacking('a code that stands for nothing');
    source.dropBits(found & 15);
    return found >>> 4;
  }
}

interface BlockCodes {
  readonly literals: Codes;
  readonly distances: Codes;
}

const FIXED: BlockCodes = {
  literals: new Codes(
    Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
  ),
  distances: new Codes(new Array<number>(30).fill(5)),
};

/** Pieces; each is borrowed until the next is asked for. @throws BadPacking */
export function* inflate(source: ByteSource): Generator<Buffer, void> {
  const out = new Output();
  skipHeader(source);
  for (;;) {
    const isLast = source.bits(1) === 1;
    yield* block(source, out);
    if (!isLast) continue;
    source.toByte();
    source.int32();
    source.int32();
    yield* out.rest();
    if (source.isAtEnd) return;
    skipHeader(source);
  }
}

function skipHeader(source: ByteSource): void {
  for (const byte of MAGIC) if (source.byte() !== byte) throw new BadPacking('this is no gzip');
  const flags = source.byte();
  for (let i = 0; i < 6; i++) source.byte();
  if ((flags & HAS_EXTRA) !== 0)
    for (let left = source.byte() + source.byte() * 256; left > 0; left--) source.byte();
  for (const text of [HAS_NAME, HAS_COMMENT]) if ((flags & text) !== 0) while (source.byte() !== 0);
  if ((flags & HAS_CHECKSUM) !== 0) source.bits(16);
}

function* block(source: ByteSource, out: Output): Generator<Buffer, void> {
  const kind = source.bits(2);
  if (kind === 0) {
    source.toByte();
    const length = source.byte() | (source.byte() << 8);
    source.byte();
    source.byte();
    for (let i = 0; i < length; i++) {
      if (out.isFull) yield out.take();
      out.put(source.byte());
    }
    return;
  }
  if (kind === 3) throw new BadPacking('a block of no kind');
  const { literals, distances } = kind === 1 ? FIXED : readCodes(source);
  for (;;) {
    if (out.isFull) yield out.take();
    const symbol = literals.next(source);
    if (symbol < END_OF_BLOCK) {
      out.put(symbol);
    } else if (symbol === END_OF_BLOCK) {
      return;
    } else {
      const length = valueOf(source, symbol - END_OF_BLOCK - 1, LENGTH_BASES, LENGTH_BITS);
      const distance = valueOf(source, distances.next(source), DISTANCE_BASES, DISTANCE_BITS);
      out.repeat(distance, length);
    }
  }
}

function valueOf(
  source: ByteSource,
  index: number,
  bases: readonly number[],
  bits: readonly number[],
): number {
  const base = bases[index];
  const more = bits[index];
  if (base === undefined || more === undefined) throw new BadPacking('a code beyond the last');
  return base + source.bits(more);
}

function readCodes(source: ByteSource): BlockCodes {
  const literalCount = source.bits(5) + 257;
  const distanceCount = source.bits(5) + 1;
  const orderCount = source.bits(4) + 4;
  const orderLengths = new Array<number>(ORDER.length).fill(0);
  for (const symbol of ORDER.slice(0, orderCount)) orderLengths[symbol] = source.bits(3);
  const order = new Codes(orderLengths);
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const symbol = order.next(source);
    if (symbol <= CODE_BITS_MAX) {
      lengths.push(symbol);
      continue;
    }
    const last = lengths.at(-1);
    if (symbol === 16 && last === undefined) throw new BadPacking('nothing to repeat');
    const [value, count] =
      symbol === 16
        ? [last!, 3 + source.bits(2)]
        : [0, symbol === 17 ? 3 + source.bits(3) : 11 + source.bits(7)];
    for (let i = 0; i < count; i++) lengths.push(value);
  }
  return {
    literals: new Codes(lengths.slice(0, literalCount)),
    distances: new Codes(lengths.slice(literalCount, literalCount + distanceCount)),
  };
}

/** What came out, and before it what it may refer to. */
class Output {
  readonly #bytes = Buffer.alloc(WINDOW + PIECE + MATCH_MAX);
  #from = 0;
  #to = 0;

  get isFull(): boolean {
    return this.#to >= WINDOW + PIECE;
  }

  put(byte: number): void {
    this.#bytes[this.#to++] = byte;
  }

  repeat(distance: number, length: number): void {
    if (distance > this.#to) throw new BadPacking('it refers to what is before the beginning');
    const bytes = this.#bytes;
    for (let to = this.#to + length; this.#to < to; this.#to++)
      bytes[this.#to] = bytes[this.#to - distance]!;
  }

  /** A copy, as the room is made by moving what is kept to the front. */
  take(): Buffer {
    const piece = Buffer.from(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes.copy(this.#bytes, 0, this.#to - WINDOW, this.#to);
    this.#from = this.#to = WINDOW;
    return piece;
  }

  *rest(): Generator<Buffer, void> {
    if (this.#to > this.#from) yield Buffer.from(this.#bytes.subarray(this.#from, this.#to));
    this.#from = this.#to = 0;
  }
}
