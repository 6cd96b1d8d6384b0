/** Bytes as hexadecimal text, and back. */
import { expect, test } from 'vitest';

import {
  asciiOfByte,
  hexOfByte,
  parseHex,
  toHex,
  zxidText,
} from '../../../../src-renderer/model/hex-text.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { randomBytes } from './random.ts';

test('every byte has two digits', () => {
  for (let byte = 0; byte < 256; byte++) {
    expect(hexOfByte(byte)).toMatch(/^[0-9a-f]{2}$/);
    expect(parseInt(hexOfByte(byte), 16)).toBe(byte);
  }
});

test.each(['', ' ', ',', ', ', ':', '\n', ' 0x'])(
  'bytes written with %j between come back',
  (between) => {
    const random = new Prng(1);
    for (let round = 0; round < 500; round++) {
      const bytes = randomBytes(random, random.below(20));
      const text = toHex(bytes, between);
      expect(parseHex(text)).toEqual(bytes);
      expect(parseHex(text.toUpperCase())).toEqual(bytes);
    }
  },
);

test.each([
  ['', []],
  ['  \n', []],
  ['0xDE 0xad,be:ef', [0xde, 0xad, 0xbe, 0xef]],
  ['0x0102', [1, 2]],
  ['00', [0]],
])('%j is %j', (text, bytes) => {
  expect(parseHex(text)).toEqual(Uint8Array.from(bytes));
});

test.each(['0', 'abc', 'zz', '12 3', '0x1g', '12;34', 'x12'])('%j is no bytes', (text) => {
  expect(parseHex(text)).toBeNull();
});

test('only printable ASCII is shown as itself, one character for each byte', () => {
  const shown = Array.from({ length: 256 }, (_, byte) => asciiOfByte(byte));
  expect(shown.every((char) => char.length === 1)).toBe(true);
  expect(shown.slice(0x20, 0x7f).join('')).toBe(
    Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join(''),
  );
  expect(new Set([...shown.slice(0, 0x20), ...shown.slice(0x7f)])).toEqual(new Set(['·']));
});

test('a zxid is written as logs write it, beyond 32 bits as well', () => {
  expect(zxidText(0)).toBe('0x0');
  expect(zxidText(0x1_0000_002a)).toBe('0x10000002a');
  expect(zxidText(Number.MAX_SAFE_INTEGER)).toBe('0x1fffffffffffff');
});
