/** Text as UTF-8 (RFC 3629), for rooms that know no TextEncoder. Half of a surrogate pair becomes U+FFFD, as everywhere. */

const REPLACEMENT = 0xfffd;

export function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (const character of text) {
    let code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
    if (code < 0x80) {
      bytes[length++] = code;
      continue;
    }
    const tail = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3;
    const lead = tail === 1 ? 0xc0 : tail === 2 ? 0xe0 : 0xf0;
    bytes[length++] = lead | (code >>> (6 * tail));
    for (let left = tail - 1; left >= 0; left--) {
      bytes[length++] = 0x80 | ((code >>> (6 * left)) & 0x3f);
    }
  }
  return bytes.subarray(0, length);
}
