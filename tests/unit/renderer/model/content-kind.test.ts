/** What a value is taken for, and the view it opens in. */
import { describe, expect, test } from 'vitest';

import {
  bestViewOf,
  type ContentKind,
  contentKindOf,
} from '../../../../src-renderer/model/content-kind.ts';
import { formatJson } from '../../../../src-renderer/model/json-text.ts';
import { decodeUtf8 } from '../../../../src-renderer/model/value-codec.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { bytesOf, randomBytes, randomText } from './random.ts';

test.each<[string, ContentKind]>([
  ['{}', 'json'],
  ['{"a": 1}', 'json'],
  [' \r\n\t[1, 2]\n', 'json'],
  ['{"a": 1', 'text'],
  ['[section]\nkey=value', 'text'],
  ['"a string alone"', 'text'],
  ['12', 'text'],
  ['<?xml version="1.0"?><a/>', 'xml'],
  ['<a b="c">d</a>\n', 'xml'],
  ['<!-- only a remark -->', 'xml'],
  ['<a/>', 'xml'],
  ['a < b', 'text'],
  ['< 5 and > 3 >', 'text'],
  ['<unfinished', 'text'],
  ['plain words, größer, 中文', 'text'],
  ['line\r\nline\ttab\fpage', 'text'],
  ['a\u0000b', 'binary'],
  ['\u001b[31mred', 'binary'],
])('%j is %s', (text, kind) => {
  expect(contentKindOf(bytesOf(text))).toBe(kind);
});

test.each<[string, readonly number[], ContentKind]>([
  ['gzip', [0x1f, 0x8b, 8, 0], 'gzip'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 4], 'zstd'],
  ['a serialized object of Java', [0xac, 0xed, 0, 5, 0x73], 'java'],
  ['PNG', [0x89, 0x50, 0x4e, 0x47, 13], 'png'],
  ['half a magic number', [0x28, 0xb5], 'binary'],
  ['bytes that are no text', [0x61, 0xff], 'binary'],
])('%s is known by its first bytes', (_, bytes, kind) => {
  expect(contentKindOf(Uint8Array.from(bytes))).toBe(kind);
});

test('no value and no bytes are two things', () => {
  expect(contentKindOf(null)).toBe('null');
  expect(contentKindOf(new Uint8Array(0))).toBe('empty');
});

describe('the view a value opens in', () => {
  test('can show it: text and JSON only where the bytes are text, JSON only where it can be laid out', () => {
    const random = new Prng(1);
    const json = ['{', '}', '[', ']', '"a"', ':', ',', ' ', '1', '\ufeff', '\u00a0'];
    for (let round = 0; round < 5000; round++) {
      const bytes = random.pick([
        () => randomBytes(random, random.below(8)),
        () => bytesOf(randomText(random, random.below(8))),
        () => bytesOf(Array.from({ length: random.below(7) }, () => random.pick(json)).join('')),
      ])();
      const view = bestViewOf(contentKindOf(bytes));
      const decoded = decodeUtf8(bytes);
      if (view === 'hex') continue;
      expect(decoded.ok, bytes.join(' ')).toBe(true);
      if (decoded.ok && view === 'json')
        expect(formatJson(decoded.text).ok, decoded.text).toBe(true);
    }
  });

  test('JSON behind a byte order mark is text, since the mark is no JSON', () => {
    expect(contentKindOf(bytesOf('\ufeff{"a":1}'))).toBe('text');
  });

  test.each<[ContentKind, string]>([
    ['null', 'text'],
    ['empty', 'text'],
    ['json', 'json'],
    ['xml', 'text'],
    ['text', 'text'],
    ['gzip', 'hex'],
    ['zstd', 'hex'],
    ['java', 'hex'],
    ['png', 'hex'],
    ['binary', 'hex'],
  ])('%s opens as %s', (kind, view) => {
    expect(bestViewOf(kind)).toBe(view);
  });
});
