/** The value codec: what is offered as text gives back the very same bytes, and everything else is bytes. */
import { describe, expect, test } from 'vitest';

import {
  areEqual,
  decodeUtf8,
  encodeUtf8,
  invalidUtf8At,
  lineSeparatorOf,
} from '../../../../src-renderer/model/value-codec.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { bytesOf, randomBytes, randomText } from './random.ts';

const ROUNDS = 3000;

function isUtf8ToThePlatform(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('bytes as text', () => {
  test('text gives back the very same bytes, whatever they were', () => {
    const random = new Prng(1);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = random.chance(0.5)
        ? randomBytes(random, random.below(12))
        : bytesOf(randomText(random, random.below(20)));
      const decoded = decodeUtf8(bytes);
      if (decoded.ok) expect(encodeUtf8(decoded.text)).toEqual(bytes);
    }
  });

  test('what is valid UTF-8 is offered as text, and nothing else', () => {
    const random = new Prng(2);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = bytesOf(randomText(random, 1 + random.below(6)));
      // One byte of a valid text changed: sometimes valid still, mostly not.
      bytes[random.below(bytes.length)] = random.below(256);
      expect(decodeUtf8(bytes).ok, bytes.join(' ')).toBe(isUtf8ToThePlatform(bytes));
    }
  });

  test('a byte order mark is part of the value', () => {
    const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61);
    expect(decodeUtf8(bytes)).toEqual({ ok: true, text: '\ufeffa' });
    expect(encodeUtf8('\ufeffa')).toEqual(bytes);
  });

  test.each([
    ['a continuation that begins nothing', [0x61, 0x80], 1],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['an overlong form of three bytes', [0xe0, 0x9f, 0xbf], 0],
    ['an overlong form of four bytes', [0xf0, 0x8f, 0xbf, 0xbf], 0],
    ['half a surrogate pair', [0x61, 0xed, 0xa0, 0x80], 1],
    ['something above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a first byte that never occurs', [0x61, 0x62, 0xff], 2],
    ['a character cut off at the end', [0x61, 0xe2, 0x82], 1],
    ['a character cut off by another', [0xe2, 0x82, 0x61], 0],
  ])('%s is told with its place', (_, bytes, at) => {
    expect(invalidUtf8At(Uint8Array.from(bytes))).toBe(at);
    expect(decodeUtf8(Uint8Array.from(bytes))).toEqual({ ok: false, at });
  });

  test.each([0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff])(
    'the outermost characters of each length are text: U+%i',
    (codePoint) => {
      const bytes = bytesOf(String.fromCodePoint(codePoint));
      expect(invalidUtf8At(bytes)).toBe(-1);
      expect(decodeUtf8(bytes)).toEqual({ ok: true, text: String.fromCodePoint(codePoint) });
    },
  );
});

test('a text with half a surrogate pair has no bytes', () => {
  expect(encodeUtf8('a\ud800b')).toBeNull();
  expect(encodeUtf8('\udc00')).toBeNull();
  expect(encodeUtf8('a😀b')).toEqual(bytesOf('a😀b'));
});

test('no value equals only no value, which an empty one is not', () => {
  const empty = new Uint8Array(0);
  expect(areEqual(null, null)).toBe(true);
  expect(areEqual(null, empty)).toBe(false);
  expect(areEqual(empty, null)).toBe(false);
  expect(areEqual(empty, new Uint8Array(0))).toBe(true);
  expect(areEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(areEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(areEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
});

describe('lines', () => {
  test.each([
    ['', '\n'],
    ['one', '\n'],
    ['a\nb\n', '\n'],
    ['a\r\nb\r\n', '\r\n'],
    ['a\r\nb\n', '\n'],
    ['a\rb', '\n'],
    ['a\r\r\nb', '\n'],
    ['\r\n', '\r\n'],
  ])('%j is split by %j', (text, separator) => {
    expect(lineSeparatorOf(text)).toBe(separator);
  });

  test('split and joined again, a text is the same', () => {
    const random = new Prng(3);
    for (let round = 0; round < ROUNDS; round++) {
      const text = Array.from({ length: random.below(8) }, () =>
        random.pick(['a', '\r', '\n', '\r\n']),
      ).join('');
      const separator = lineSeparatorOf(text);
      expect(text.split(separator).join(separator)).toBe(text);
      // The editor takes every line end it knows for one where the lines end in \r\n.
      if (separator === '\r\n') expect(text.split(/\r\n?|\n/).join(separator)).toBe(text);
    }
  });
});
