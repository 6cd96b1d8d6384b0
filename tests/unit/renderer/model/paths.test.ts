/** Paths: what is wrong with one before a server says so, and the arithmetic of parents and names. */
import { describe, expect, test } from 'vitest';

import {
  crumbsOf,
  fromParts,
  isWithin,
  joinPath,
  nameOf,
  parentOf,
  partsOf,
  type PathProblem,
  pathProblem,
  tidyTyped,
} from '../../../../src-renderer/model/paths.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { isValidPath } from '../../../../src-server/coordination/state/paths.ts';

const PIECES = [
  '/',
  '/',
  '/',
  '.',
  '..',
  'a',
  'zoo',
  ' ',
  '中',
  '~',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u009f',
  '\u00a0',
  '\ud7ff',
  '\ud800',
  '\uf8ff',
  '\uf900',
  '\uffef',
  '\ufff0',
];

function eachPath(check: (path: string) => void): void {
  const random = new Prng(1);
  for (let round = 0; round < 20_000; round++) {
    const rest = Array.from({ length: random.below(7) }, () => random.pick(PIECES)).join('');
    check(random.chance(0.8) ? `/${rest}` : rest);
  }
}

describe('what is wrong with a path', () => {
  test('something, exactly where our server refuses it', () => {
    eachPath((path) =>
      expect(pathProblem(path) === null, JSON.stringify(path)).toBe(isValidPath(path)),
    );
  });

  test.each<[string, PathProblem | null]>([
    ['/', null],
    ['/a', null],
    ['/a/b.c/..d', null],
    ['/größe/路径', null],
    ['', 'relative'],
    ['a/b', 'relative'],
    ['/a/', 'trailing-slash'],
    ['/a//b', 'empty-part'],
    ['/a//', 'empty-part'],
    ['//', 'empty-part'],
    ['/a/.', 'dot-part'],
    ['/../a', 'dot-part'],
    ['/a\u0007', 'bad-character'],
    ['/😀', 'bad-character'],
  ])('%j: %s', (path, problem) => {
    expect(pathProblem(path)).toBe(problem);
  });
});

describe('arithmetic', () => {
  function eachNode(check: (path: string) => void): void {
    eachPath((path) => {
      if (path !== '/' && pathProblem(path) === null) check(path);
    });
  }

  test('a path is its parent and its name', () => {
    eachNode((path) => expect(joinPath(parentOf(path), nameOf(path))).toBe(path));
  });

  test('a path is its parts, and the root has none', () => {
    eachNode((path) => expect(fromParts(partsOf(path))).toBe(path));
    expect(partsOf('/')).toEqual([]);
    expect(fromParts([])).toBe('/');
  });

  test('the way from the root ends at the path, each step inside the one before', () => {
    eachNode((path) => {
      const crumbs = crumbsOf(path);
      expect(crumbs[0]).toEqual({ name: '/', path: '/' });
      expect(crumbs.at(-1)).toEqual({ name: nameOf(path), path });
      for (const [i, crumb] of crumbs.slice(1).entries()) {
        expect(parentOf(crumb.path)).toBe(crumbs[i]!.path);
        expect(isWithin(path, crumb.path)).toBe(true);
      }
    });
  });

  test('the root is its own parent and has a name', () => {
    expect([parentOf('/'), nameOf('/'), crumbsOf('/')]).toEqual([
      '/',
      '/',
      [{ name: '/', path: '/' }],
    ]);
  });

  test('a node that merely begins with the same letters is not within', () => {
    expect(isWithin('/ab', '/a')).toBe(false);
    expect(isWithin('/a', '/a')).toBe(true);
    expect(isWithin('/a/b', '/a')).toBe(true);
    expect(isWithin('/a', '/a/b')).toBe(false);
    expect(isWithin('/anything', '/')).toBe(true);
  });
});

test.each([
  ['', '/'],
  ['/', '/'],
  ['///', '/'],
  [' /a/b/ ', '/a/b'],
  ['a/b', '/a/b'],
  ['/a//', '/a'],
  ['/a b', '/a b'],
])('%j was meant as %j', (typed, path) => {
  expect(tidyTyped(typed)).toBe(path);
});
