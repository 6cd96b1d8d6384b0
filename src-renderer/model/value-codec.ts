/**
 * Values as text, and back to the very same bytes or not at all.
 *
 * A value is offered as text only when it is valid UTF-8 that encodes back to itself; whatever else it is, it is bytes.
 */

export type Decoded =
  | { readonly ok: true; readonly text: string }
  /** Offset of the first byte that is no UTF-8. */
  | { readonly ok: false; readonly at: number };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function decodeUtf8(bytes: Uint8Array): Decoded {
  const at = invalidUtf8At(bytes);
  if (at >= 0) return { ok: false, at };
  const text = decoder.decode(bytes);
  // The decoder and the scan above agree, or nothing is offered as text.
  return areEqual(encoder.encode(text), bytes) ? { ok: true, text } : { ok: false, at: 0 };
}

/** Null where a text has half a surrogate pair, which UTF-8 cannot hold. */
export function encodeUtf8(text: string): Uint8Array | null {
  return text.isWellFormed() ? encoder.encode(text) : null;
}

export function areEqual(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Offset of the first byte that does not belong to well-formed UTF-8 (Unicode, table 3-7), or −1. */
export function invalidUtf8At(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at]!;
    if (first < 0x80) {
      at++;
      continue;
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || at + more >= bytes.length) return at;
    const second = bytes[at + 1]!;
    const [low, high] = boundsAfter(first);
    if (second < low || second > high) return at;
    for (let i = 2; i <= more; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return at;
    at += more + 1;
  }
  return -1;
}

/** Which second bytes make neither an overlong form, nor a surrogate, nor something above U+10FFFF. */
function boundsAfter(first: number): [low: number, high: number] {
  switch (first) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}

/**
 * How an editor may split a text into lines so that joining them gives the same text: by `\r\n` where every line ends so,
 * else by `\n`, leaving a stray `\r` a character of its line.
 */
export function lineSeparatorOf(text: string): '\n' | '\r\n' {
  if (!text.includes('\r')) return '\n';
  return /\r(?!\n)|(?<!\r)\n/.test(text) ? '\n' : '\r\n';
}
