/**
 * Unpacks what Java's SnappyOutputStream writes, block by block.
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
