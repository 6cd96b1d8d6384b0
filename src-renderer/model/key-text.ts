/**
 * Keys as text and back to the same bytes: what is printable UTF-8 stands for itself, every other byte as `\x1f`, a backslash
 * as two. And what somebody writes to find keys, as the glob pattern that nodes understand.
 */
import { decodeUtf8, encodeUtf8, invalidUtf8At } from './value-codec.ts';

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export function textOfKey(key: Uint8Array): string {
  let text = '';
  let rest = key;
  while (rest.length > 0) {
    const bad = invalidUtf8At(rest);
    const good = decodeUtf8(bad < 0 ? rest : rest.subarray(0, bad));
    for (const character of good.ok ? good.text : '') {
      if (character === '\\') text += '\\\\';
      else if (CONTROL.test(character)) text += escaped(encodeUtf8(character) ?? new Uint8Array(0));
      else text += character;
    }
    if (bad < 0) break;
    text += escaped(rest.subarray(bad, bad + 1));
    rest = rest.subarray(bad + 1);
  }
  return text;
}

function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** What is no escape stands for itself, a lone backslash too. */
export function keyOfText(text: string): Uint8Array {
  const parts: Uint8Array[] = [];
  const pattern = /\\\\|\\x([0-9a-fA-F]{2})/g;
  let at = 0;
  const encode = (piece: string): Uint8Array =>
    encodeUtf8(piece.toWellFormed()) ?? new Uint8Array(0);
  for (const match of text.matchAll(pattern)) {
    parts.push(encode(text.slice(at, match.index)));
    parts.push(
      match[1] === undefined ? encode('\\') : Uint8Array.of(Number.parseInt(match[1], 16)),
    );
    at = match.index + match[0].length;
  }
  parts.push(encode(text.slice(at)));
  const key = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    key.set(part, length);
    length += part.length;
  }
  return key;
}

/** Whether any of its bytes is no printable text. */
export function hasOddBytes(key: Uint8Array): boolean {
  return textOfKey(key).replaceAll('\\\\', '').includes('\\');
}

/** Signs that make a search a pattern; without any of them it is a prefix. */
const GLOB = /[*?[\]]/;

export function patternOf(search: string): string {
  if (search === '') return '*';
  return GLOB.test(search) ? search : `${search.replace(/\\/g, '\\\\')}*`;
}
