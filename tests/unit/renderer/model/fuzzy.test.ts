/** Finding by a few letters: what is found at all, and what comes first. */
import { expect, test } from 'vitest';

import { fuzzyScore } from '../../../../src-renderer/model/fuzzy.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

function best(query: string, texts: readonly string[]): string | undefined {
  return texts
    .map((text) => ({ text, score: fuzzyScore(query, text) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => b.score! - a.score!)[0]?.text;
}

test('found is exactly what has all letters in order', () => {
  const random = new Prng(1);
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: random.below(8) }, () =>
      random.pick(['a', 'B', 'c', '/', ' ']),
    ).join('');
    const query = Array.from({ length: random.below(4) }, () =>
      random.pick(['a', 'b', 'C', '/']),
    ).join('');
    const pattern = new RegExp(Array.from(query).join('.*'), 'i');
    expect(fuzzyScore(query, text) !== null, `${query} in ${text}`).toBe(pattern.test(text));
  }
});

test('nothing typed finds everything alike', () => {
  expect(fuzzyScore('', 'anything')).toBe(0);
  expect(fuzzyScore('', '')).toBe(0);
});

test('spaces between words of the query need not be there', () => {
  expect(fuzzyScore('new node', 'New child node')).not.toBeNull();
});

test.each([
  ['del', ['Edit a label', 'Delete node'], 'Delete node'],
  ['node', ['anodes', 'Delete node'], 'Delete node'],
  ['cp', ['Compact', 'Copy path'], 'Copy path'],
  ['abc', ['a-x-b-x-c', 'xxabc'], 'xxabc'],
  ['th', ['Something else', 'Theme: dark'], 'Theme: dark'],
])('%s means %j', (query, texts, first) => {
  expect(best(query, texts)).toBe(first);
  expect(best(query, [...texts].reverse())).toBe(first);
});
