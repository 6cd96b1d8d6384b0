/** Patterns as Redis has them: * ? [abc] [^a-z] and \ before what is meant as it is. */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

export function matcherOf(pattern: Uint8Array): (text: Uint8Array) => boolean {
  if (pattern.every((byte) => byte === STAR) && pattern.length > 0) return () => true;
  return (text) => matches(pattern, text);
}

/** Remembers only the last star: what stands before it need not be tried again, so that no pattern takes for ever. */
function matches(pattern: Uint8Array, text: Uint8Array): boolean {
  let at = 0;
  let inText = 0;
  let star = -1;
  let starText = 0;
  while (inText < text.length) {
    if (pattern[at] === STAR) {
      star = ++at;
      starText = inText;
      continue;
    }
    const end = at < pattern.length ? matchOne(pattern, at, text[inText]!) : -1;
    if (end >= 0) {
      at = end;
      inText++;
    } else if (star >= 0) {
      at = star;
      inText = ++starText;
    } else return false;
  }
  while (pattern[at] === STAR) at++;
  return at >= pattern.length;
}

/** Where the pattern goes on behind the item that stands for this byte, or −1. */
function matchOne(pattern: Uint8Array, at: number, byte: number): number {
  const item = pattern[at];
  if (item === QUESTION) return at + 1;
  if (item === OPEN) return matchClass(pattern, at + 1, byte);
  if (item === BACKSLASH && at + 1 < pattern.length) return pattern[at + 1] === byte ? at + 2 : -1;
  return item === byte ? at + 1 : -1;
}

/** A class without an end ends with the pattern. */
function matchClass(pattern: Uint8Array, start: number, byte: number): number {
  let at = start;
  const isNegated = pattern[at] === CARET;
  if (isNegated) at++;
  let isIn = false;
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      at++;
      if (pattern[at] === byte) isIn = true;
    } else if (at + 2 < pattern.length && pattern[at + 1] === DASH) {
      const low = Math.min(pattern[at]!, pattern[at + 2]!);
      const high = Math.max(pattern[at]!, pattern[at + 2]!);
      if (byte >= low && byte <= high) isIn = true;
      at += 2;
    } else if (pattern[at] === byte) isIn = true;
    at++;
  }
  return isIn === isNegated ? -1 : Math.min(at + 1, pattern.length);
}
