/** JSON laid out: every token stays what it is, and whatever is no JSON is told with its place. */
import { describe, expect, test } from 'vitest';

import { formatJson, positionOf } from '../../../../src-renderer/model/json-text.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

const ROUNDS = 2000;

const SCALARS = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1e400',
  '1.50',
  '12345678901234567890',
  '-1.0E-7',
  '""',
  '"a b"',
  '"\\u00e9\\n\\"\\\\"',
  '"\\ud800"',
  '"{[,:]}"',
  '"中文😀"',
];

/** JSON as people write it: odd spaces, long numbers, the same key twice. */
function randomJson(random: Prng, depth: number): string {
  const space = (): string => random.pick(['', '', ' ', '\n', '\t', ' \r\n ']);
  const inner = (): string => {
    const shape = depth === 0 ? 0 : random.below(3);
    if (shape === 0) return random.pick(SCALARS);
    const parts = Array.from({ length: random.below(4) }, () => {
      const value = randomJson(random, depth - 1);
      return shape === 1
        ? value
        : `${space()}${random.pick(['"k"', '"l"', '""'])}${space()}:${value}`;
    });
    const body = parts.length === 0 ? space() : parts.join(',');
    return shape === 1 ? `[${body}]` : `{${body}}`;
  };
  return `${space()}${inner()}${space()}`;
}

/** The text without the space between tokens. */
function tokensOf(text: string): string {
  return text.replace(
    /("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g,
    (_, string: string | undefined) => string ?? '',
  );
}

function isJsonToThePlatform(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function formatted(text: string): string {
  const outcome = formatJson(text);
  return outcome.ok ? outcome.formatted : `${outcome.problem} at ${outcome.at}`;
}

describe('laid out', () => {
  test('numbers, escapes and repeated keys stay what they are; only the space between tokens changes', () => {
    const random = new Prng(1);
    for (let round = 0; round < ROUNDS; round++) {
      const text = randomJson(random, 4);
      expect(tokensOf(formatted(text)), text).toBe(tokensOf(text));
    }
  });

  test('laid out again, nothing changes', () => {
    const random = new Prng(2);
    for (let round = 0; round < ROUNDS; round++) {
      const once = formatted(randomJson(random, 4));
      expect(formatted(once)).toBe(once);
    }
  });

  test('looks as the platform would lay it out, where the platform keeps it', () => {
    const value = { a: [1, 2, { b: null }], c: { d: 'x', e: [[], {}] }, f: [true] };
    expect(formatted(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  });

  test('a number longer than any float, and a key written twice, are still there', () => {
    expect(formatted('{"id":12345678901234567890,"id":1.10}')).toBe(
      '{\n  "id": 12345678901234567890,\n  "id": 1.10\n}',
    );
  });
});

describe('the judge', () => {
  test('agrees with the platform on what is JSON, also when one character is changed', () => {
    const random = new Prng(3);
    const wrong = ['"', '{', '}', '[', ']', ',', ':', ' ', '0', '-', '.', 'e', 'x', '\\', '\u0001'];
    for (let round = 0; round < ROUNDS * 4; round++) {
      const text = randomJson(random, 3);
      const at = random.below(text.length);
      const changed = random.chance(0.3)
        ? text.slice(0, at)
        : text.slice(0, at) + random.pick(wrong) + text.slice(at + random.below(2));
      expect(formatJson(changed).ok, changed).toBe(isJsonToThePlatform(changed));
    }
  });

  test.each([
    ['', 'ends-early at 0'],
    ['  ', 'ends-early at 2'],
    ['{"a":1', 'ends-early at 6'],
    ['[1,', 'ends-early at 3'],
    ['{"a', 'ends-early at 1'],
    ['{"a" 1}', 'unexpected at 5'],
    ['{a:1}', 'unexpected at 1'],
    ['[1,]', 'unexpected at 3'],
    ['{"a":1,}', 'unexpected at 7'],
    ['[1}', 'unexpected at 2'],
    ['[1] 2', 'unexpected at 4'],
    ['01', 'unexpected at 0'],
    ['1.', 'unexpected at 0'],
    ['+1', 'unexpected at 0'],
    ['truex', 'unexpected at 0'],
    ['NaN', 'unexpected at 0'],
    ['["a\nb"]', 'unexpected at 1'],
    ['["\\x"]', 'unexpected at 1'],
    ['\ufeff{}', 'unexpected at 0'],
  ])('%j: %s', (text, problem) => {
    expect(formatted(text)).toBe(problem);
  });

  test('nesting has a limit, which is told as such', () => {
    expect(formatJson('['.repeat(200) + ']'.repeat(200)).ok).toBe(true);
    expect(formatted('['.repeat(201) + ']'.repeat(201))).toBe('too-deep at 200');
  });

  test('a long string that is never closed is told of at once', () => {
    // With two ways to read each character this would take longer than anybody waits.
    const text = `{"a": "${'b'.repeat(1_000_000)}`;
    const startedMs = performance.now();
    expect(formatted(text)).toBe('ends-early at 6');
    expect(formatted(`${text}\\x"}`)).toBe('unexpected at 6');
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

test('places are lines and columns, both from one', () => {
  const text = 'ab\ncd\n\ne';
  const at = (char: string): unknown => positionOf(text, text.indexOf(char));
  expect(at('a')).toEqual({ line: 1, column: 1 });
  expect(at('b')).toEqual({ line: 1, column: 2 });
  expect(at('c')).toEqual({ line: 2, column: 1 });
  expect(at('e')).toEqual({ line: 4, column: 1 });
  expect(positionOf(text, text.length)).toEqual({ line: 4, column: 2 });
});
