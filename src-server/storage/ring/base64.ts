/** Bytes as base64 text (RFC 4648, with padding), for rooms that know no Buffer. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(
      ALPHABET.charAt(group >>> 18) +
        ALPHABET.charAt((group >>> 12) & 63) +
        (left > 1 ? ALPHABET.charAt((group >>> 6) & 63) : '=') +
        (left > 2 ? ALPHABET.charAt(group & 63) : '='),
    );
  }
  return parts.join('');
}

/** null for what is no base64. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let group = 0;
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const isPadding = at >= text.length - padding;
    const value = isPadding ? 0 : (VALUES[text.charCodeAt(at)] ?? -1);
    if (value === -1) return null;
    group = (group << 6) | value;
    if (at % 4 !== 3) continue;
    for (let shift = 16; shift >= 0 && to < bytes.length; shift -= 8) bytes[to++] = group >>> shift;
    group = 0;
  }
  return bytes;
}
