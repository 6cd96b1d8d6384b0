/** The beginning of a value, as a line of the log shows it. */
import { expect, test } from 'vitest';

import { previewOf, sessionText } from '../../../../src-renderer/model/log-text.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['a text', bytes('{"a":\n  1}'), 10, { text: '{"a": 1}', isHex: false }],
  ['nothing', bytes(''), 0, { text: '', isHex: false }],
  ['a text that goes on', bytes('abc'), 9, { text: 'abc…', isHex: false }],
  ['a cut through a character', bytes('größe').subarray(0, 3), 7, { text: 'gr…', isHex: false }],
  ['bytes that are no text', Uint8Array.of(0x30, 0x82, 0xff), 3, { text: '30 82 ff', isHex: true }],
  ['control characters', Uint8Array.of(0, 0, 1), 900, { text: '00 00 01 …', isHex: true }],
])('%s', (_, start, length, expected) => {
  expect(previewOf(start, length)).toEqual(expected);
});

test('a session without the zeros in front', () => {
  expect(sessionText('000000000000001a')).toBe('0x1a');
  expect(sessionText('0000000000000000')).toBe('0x0');
});
