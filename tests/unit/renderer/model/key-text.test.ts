/** Keys as text and back, and searches as patterns. */
import { expect, test } from 'vitest';

import {
  hasOddBytes,
  keyOfText,
  patternOf,
  textOfKey,
} from '../../../../src-renderer/model/key-text.ts';
import { secondsOf } from '../../../../src-renderer/model/ttl.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { randomBytes } from './random.ts';

test.each<[string, readonly number[], string]>([
  ['plain text', [0x61, 0x3a, 0x31], 'a:1'],
  ['letters beyond ASCII', [0xe4, 0xbd, 0xa0], '你'],
  ['a backslash', [0x61, 0x5c, 0x78], 'a\\\\x'],
  ['bytes that are no text', [0x61, 0xff, 0x00, 0x62], 'a\\xff\\x00b'],
  ['a line break', [0x61, 0x0a], 'a\\x0a'],
  ['nothing', [], ''],
])('%s', (_, bytes, text) => {
  expect(textOfKey(Uint8Array.from(bytes))).toBe(text);
  expect([...keyOfText(text)]).toEqual([...bytes]);
});

test('any bytes come back from their text', () => {
  const random = new Prng(7);
  for (let i = 0; i < 500; i++) {
    const key = randomBytes(random, random.below(40));
    expect([...keyOfText(textOfKey(key))]).toEqual([...key]);
  }
});

test('what is written as text is taken as it stands, lone backslashes too', () => {
  expect(textOfKey(keyOfText('a\\b'))).toBe('a\\\\b');
  expect([...keyOfText('\\xzz')]).toEqual([0x5c, 0x78, 0x7a, 0x7a]);
});

test('keys with bytes that are no text are told apart', () => {
  expect(hasOddBytes(Uint8Array.of(0xff))).toBe(true);
  expect(hasOddBytes(new TextEncoder().encode('a\\x1f'))).toBe(false);
});

test.each([
  ['', '*'],
  ['user:', 'user:*'],
  ['*order*', '*order*'],
  ['a?c', 'a?c'],
  ['back\\slash', 'back\\\\slash*'],
])('a search for %s is the pattern %s', (search, pattern) => {
  expect(patternOf(search)).toBe(pattern);
});

test.each<[string, number | null]>([
  ['60', 60],
  [' 1.5 ', 1.5],
  ['0', null],
  ['-1', null],
  ['ten', null],
  ['', null],
  ['1e9', null],
])('%s seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});
