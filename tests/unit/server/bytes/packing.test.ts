/** What is packed by others is unpacked whole, and what is not well packed is refused. */
import zlib from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../src-server/base/prng.ts';
import { BadPacking, ByteSource } from '../../../../src-server/bytes/byte-source.ts';
import { inflate } from '../../../../src-server/bytes/inflate.ts';
import { snap, SNAPPY_HEADER, unsnap } from '../../../../src-server/bytes/snappy.ts';

type Unpack = (source: ByteSource) => Generator<Buffer, void>;

function unpack(how: Unpack, packed: Buffer, step = 0x1_0000): Buffer {
  const source = new ByteSource((into, at) =>
    packed.copy(into, 0, at, Math.min(packed.length, at + Math.min(step, into.length))),
  );
  return Buffer.concat([...how(source)]);
}

/** Some of it repeats, some does not. */
function something(bytes: number, seed: number): Buffer {
  const random = new Prng(seed);
  const out = Buffer.alloc(bytes);
  for (let at = 0; at < bytes;) {
    const length = Math.min(bytes - at, 1 + random.below(5000));
    if (random.below(3) === 0) for (let i = 0; i < length; i++) out[at + i] = random.below(256);
    else if (at > 0) for (let i = 0; i < length; i++) out[at + i] = out[(at * 7 + i) % at]!;
    at += length;
  }
  return out;
}

describe('gzip', () => {
  test.each([0, 1, 100, 65_535, 65_536, 98_304, 700_000])(
    '%i bytes, packed as well as can be and not at all',
    (bytes) => {
      const whole = something(bytes, bytes + 1);
      for (const options of [
        { level: 9 },
        { level: 1 },
        { level: 0 },
        { strategy: 4 },
        { strategy: 2 },
      ])
        expect(unpack(inflate, zlib.gzipSync(whole, options)).equals(whole)).toBe(true);
    },
  );

  test('read byte by byte, and one member after the other', () => {
    const [one, two] = [something(3000, 1), something(90_000, 2)];
    const packed = Buffer.concat([zlib.gzipSync(one), zlib.gzipSync(two)]);
    expect(unpack(inflate, packed, 1).equals(Buffer.concat([one, two]))).toBe(true);
  });

  test('what is cut off or changed ends, in one way or the other', () => {
    const packed = zlib.gzipSync(something(40_000, 3));
    for (let at = 0; at < packed.length; at += 61)
      expect(() => unpack(inflate, packed.subarray(0, at))).toThrow(BadPacking);
    const random = new Prng(4);
    for (let i = 0; i < 300; i++) {
      const bad = Buffer.from(packed);
      bad[random.below(bad.length)]! ^= 1 << random.below(8);
      try {
        unpack(inflate, bad);
      } catch (error) {
        expect(error).toBeInstanceOf(BadPacking);
      }
    }
  });
});

describe('snappy', () => {
  const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex');

  function block(hex: string): Buffer {
    const bytes = Buffer.from(hex, 'hex');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  }

  test.each([
    ['nothing', '', ''],
    ['bytes as they are', '03 08 616263', 'abc'],
    ['a near copy that runs into itself', '0a 08 616263 0d03', 'abcabcabca'],
    ['a copy of two bytes of distance', '07 08 616263 0e0300', 'abcabca'],
  ])('%s', (_, hex, text) => {
    const blocks = hex === '' ? Buffer.alloc(0) : block(hex.replaceAll(' ', ''));
    expect(unpack(unsnap, Buffer.concat([HEADER, blocks])).toString()).toBe(text);
    // As Java joins files.
    const twice = Buffer.concat([HEADER, blocks, HEADER, blocks]);
    expect(unpack(unsnap, twice).toString()).toBe(text + text);
  });

  test.each([0, 1, 3, 4, 59, 60, 61, 65, 300, 32_767, 32_768, 32_769, 700_000])(
    '%i bytes there and back',
    (bytes) => {
      for (const whole of [
        something(bytes, bytes + 1),
        Buffer.alloc(bytes, 'ab'),
        Buffer.alloc(bytes),
      ]) {
        const packed = Buffer.concat([SNAPPY_HEADER, snap(whole)]);
        expect(unpack(unsnap, packed).equals(whole)).toBe(true);
        expect(packed.length).toBeLessThan(whole.length * 1.1 + 40);
      }
      expect(snap(Buffer.alloc(bytes)).length).toBeLessThan(bytes / 10 + 20);
    },
  );

  test.each([
    ['another header', Buffer.from('82534e4150505901', 'hex')],
    ['a block that is not there', Buffer.concat([HEADER, Buffer.from('00000100', 'hex')])],
    ['a block of gigabytes', Buffer.concat([HEADER, Buffer.from('7fffffff', 'hex')])],
    ['a claim of gigabytes', Buffer.concat([HEADER, block('ffffffff0f0061')])],
    ['a copy of what is not there', Buffer.concat([HEADER, block('040061 0105'.replace(' ', ''))])],
    ['fewer bytes than it says', Buffer.concat([HEADER, block('090061')])],
  ])('%s is refused', (_, packed) => {
    expect(() => unpack(unsnap, packed)).toThrow(BadPacking);
  });
});
