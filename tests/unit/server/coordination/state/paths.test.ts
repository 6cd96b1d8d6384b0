/** Which paths name a node, and their parts. */
import { expect, test } from 'vitest';

import {
  isSystemPath,
  isValidPath,
  nameOf,
  parentOf,
  sequenceSuffix,
  watchedParentOf,
} from '../../../../../src-server/coordination/state/paths.ts';

test.each([
  '/',
  '/a',
  '/a/b.c/..d/.e/f..',
  '/...',
  '/ ',
  '/~',
  '/\u00a0',
  '/größe/路径',
  '/\ud7ff',
  '/\uf900',
  '/\uffef',
])('%j names a node', (path) => expect(isValidPath(path)).toBe(true));

test.each([
  '',
  'a',
  'a/b',
  '//',
  '/a/',
  '/a//b',
  '//a',
  '/.',
  '/..',
  '/a/.',
  '/a/..',
  '/./a',
  '/../a',
  '/a/./b',
  '/a/../b',
  '/\0',
  '/a\0',
  '/\u0001',
  '/\u001f',
  '/\u007f',
  '/\u0085',
  '/\u009f',
  '/\ud800',
  '/\u{1f600}',
  '/\udfff',
  '/\ue000',
  '/\uf8ff',
  '/\ufff0',
  '/\uffff',
])('%j does not', (path) => expect(isValidPath(path)).toBe(false));

test('parents and names', () => {
  expect(['/a/b', '/a', '/', 'a', ''].map(parentOf)).toEqual(['/a', '', '', null, null]);
  expect(['/a/b', '/a', '/'].map(watchedParentOf)).toEqual(['/a', '/', '/']);
  expect(['/a/b', '/a', '/'].map(nameOf)).toEqual(['b', 'a', '']);
});

test('nodes of the system', () => {
  const system = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'];
  expect(system.every(isSystemPath)).toBe(true);
  expect(['/zookeeper/quota/a', '/zoo', '/zookeeper/x'].some(isSystemPath)).toBe(false);
});

test('ten digits, and the sign of what ran over as Java prints it', () => {
  expect([0, 7, 2_147_483_647, -1, -2_147_483_648].map(sequenceSuffix)).toEqual([
    '0000000000',
    '0000000007',
    '2147483647',
    '-000000001',
    '-2147483648',
  ]);
});
