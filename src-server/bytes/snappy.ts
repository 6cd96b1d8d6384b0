/**
 * What Java's SnappyOutputStream writes, block by block: unpacked, and packed as it reads it.
 *
 *   82 "SNAPPY" 00 · version i32 · compatible i32 · { length i32 · block }      the header may come again between blocks
 *     block: length when unpacked, varint · elements: bytes as they are │ copy of so many from so far back
 */
import { BadPacking, type ByteSource } from './byte-source.ts';

const MAGIC_HIGH = -0x7dac_b1bf;
const MAGIC_LOW = 0x5050_5900;
/** Java's blocks are 32 KiB before they are packed; others may be configured. */
const BLOCK_BYTES_MAX = 0x400_0000;
/** Three bytes make 64 at the most. */
const GROWTH_MAX = 22;

/** Pieces. @throws BadPacking */
export function* unsnap(source: ByteSource): Generator<Buffer, void> {
  if (source.int32() !== MAGIC_HIGH) throw new BadPacking('this is no file of snappy');
  skipHeader(source);
  while (!source.isAtEnd) {
    const length = source.int32();
    if (length === MAGIC_HIGH) {
      skipHeader(source);
      continue;
    }
    if (length < 0 || length > BLOCK_BYTES_MAX) throw new BadPacking('a block is too large');
    const packed = Buffer.alloc(length);
    source.bytes(packed);
    yield unpacked(packed);
  }
}

function skipHeader(source: ByteSource): void {
  if (source.int32() !== MAGIC_LOW) throw new BadPacking('this is no file of snappy');
  source.int32();
  source.int32();
}

function unpacked(packed: Buffer): Buffer {
  let at = 0;
  const take = (): number => {
    if (at >= packed.length) throw new BadPacking('a block ends too early');
    return packed[at++]!;
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += take() * 2 ** (8 * i);
    return value;
  };
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = take();
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
    if (shift >= 28) throw new BadPacking('a length that is none');
  }
  if (length > BLOCK_BYTES_MAX || length > packed.length * GROWTH_MAX)
    throw new BadPacking('a block claims to be larger than it can be');
  const out = Buffer.alloc(length);
  let to = 0;
  while (at < packed.length) {
    const tag = take();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const count = (short < 60 ? short : little(short - 59)) + 1;
      if (count > packed.length - at || count > length - to)
        throw new BadPacking('more bytes than the block has');
      packed.copy(out, to, at, at + count);
      at += count;
      to += count;
      continue;
    }
    const count = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const back = kind === 1 ? ((tag >>> 5) << 8) | take() : little(kind === 2 ? 2 : 4);
    if (back === 0 || back > to || count > length - to)
      throw new BadPacking('it refers to what is not there');
    for (const end = to + count; to < end; to++) out[to] = out[to - back]!;
  }
  if (to !== length) throw new BadPacking('a block is shorter than it says');
  return out;
}

// --- packing ---

/** What stands before the first block. */
export const SNAPPY_HEADER: Uint8Array = Buffer.from('82534e41505059000000000100000001', 'hex');

/** Java's; distances fit two bytes. */
const BLOCK_BYTES = 0x8000;
const HASH_BITS = 13;
const MATCH_MIN = 4;
const COPY_MAX = 64;
/** Positions that are passed over where nothing repeats: more of them the longer it has not. */
const PATIENCE_SHIFT = 5;

/** These bytes as blocks. */
export function snap(bytes: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES)
    blocks.push(packedBlock(bytes.subarray(at, at + BLOCK_BYTES)));
  return Buffer.concat(blocks);
}

function packedBlock(bytes: Uint8Array): Buffer {
  // Bytes as they are take three more than they have, and copies less than what they stand for.
  const out = Buffer.alloc(4 + 3 + 3 + bytes.length + Math.ceil(bytes.length / 32));
  const seen = new Int32Array(1 << HASH_BITS).fill(-1);
  let to = 4;
  for (let left = bytes.length; ; left >>>= 7) {
    out[to++] = left < 0x80 ? left : (left & 0x7f) | 0x80;
    if (left < 0x80) break;
  }
  let done = 0;
  let at = 0;
  while (at + MATCH_MIN <= bytes.length) {
    const hash = hashAt(bytes, at);
    const before = seen[hash]!;
    seen[hash] = at;
    let length = 0;
    if (before >= 0)
      while (at + length < bytes.length && bytes[before + length] === bytes[at + length]) length++;
    if (length < MATCH_MIN) {
      at += 1 + ((at - done) >>> PATIENCE_SHIFT);
      continue;
    }
    to = putBytes(out, to, bytes.subarray(done, at));
    for (let left = length; left > 0; left -= COPY_MAX) {
      out[to++] = ((Math.min(left, COPY_MAX) - 1) << 2) | 2;
      to = out.writeUInt16LE(at - before, to);
    }
    at += length;
    done = at;
  }
  to = putBytes(out, to, bytes.subarray(done));
  out.writeInt32BE(to - 4, 0);
  return out.subarray(0, to);
}

function putBytes(out: Buffer, to: number, bytes: Uint8Array): number {
  if (bytes.length === 0) return to;
  const last = bytes.length - 1;
  if (last < 60) {
    out[to++] = last << 2;
  } else {
    out[to++] = 61 << 2;
    to = out.writeUInt16LE(last, to);
  }
  out.set(bytes, to);
  return to + bytes.length;
}

function hashAt(bytes: Uint8Array, at: number): number {
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return Math.imul(word, 0x1e35_a7bd) >>> (32 - HASH_BITS);
}
