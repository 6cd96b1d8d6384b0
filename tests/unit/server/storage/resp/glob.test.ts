import { expect, test } from 'vitest';

import { matcherOf } from '../../../../../src-server/storage/resp/glob.ts';

test.each([
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h*llo', 'heeeello', true],
  ['h[ae]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-b]llo', 'hbllo', true],
  ['h[b-a]llo', 'hallo', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['[\\]]', ']', true],
  ['[abc', 'c', true],
  ['user:*:name', 'user:1:2:name', true],
  ['user:*:name', 'user:1:2:names', false],
])('%s and %s', (pattern, text, isMatch) => {
  expect(matcherOf(Buffer.from(pattern))(Buffer.from(text))).toBe(isMatch);
});

test('many stars take no time', () => {
  const matches = matcherOf(Buffer.from(`${'a*'.repeat(50)}b`));
  expect(matches(Buffer.from('a'.repeat(10_000)))).toBe(false);
});
