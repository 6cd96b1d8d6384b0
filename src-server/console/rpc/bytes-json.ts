/** Messages as JSON text, for ports that carry only text. Bytes travel as `{"$bytes": "<base64>"}`. */

export function toJson(message: unknown): string {
  return JSON.stringify(withoutBytes(message));
}

/** Null for text that is no JSON. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
      return typeof value.$bytes === 'string' ? fromBase64(value.$bytes) : value;
    });
  } catch {
    return null;
  }
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (Array.isArray(value)) return value.map(withoutBytes);
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, withoutBytes(field)]),
  );
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CHARS = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
const PAD = '='.charCodeAt(0);
const NO_VALUE = 255;
/** By character code. */
const VALUES = new Uint8Array(128).fill(NO_VALUE);
for (const [value, code] of CHARS.entries()) VALUES[code] = value;
/** As many arguments as a call takes anywhere. */
const CHUNK = 0x2000;

/** A ring's columns are hundreds of kilobytes, several times a second: so by codes, and not by characters. */
function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let out = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    codes[out++] = CHARS[group >> 18]!;
    codes[out++] = CHARS[(group >> 12) & 63]!;
    codes[out++] = left > 1 ? CHARS[(group >> 6) & 63]! : PAD;
    codes[out++] = left > 2 ? CHARS[group & 63]! : PAD;
  }
  let text = '';
  for (let at = 0; at < codes.length; at += CHUNK)
    text += String.fromCharCode(...codes.subarray(at, at + CHUNK));
  return text;
}

/** Characters outside the alphabet are passed over. */
function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const value = code < VALUES.length ? VALUES[code]! : NO_VALUE;
    if (value === NO_VALUE) continue;
    bits = ((bits << 6) | value) & 0xff_ffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[length++] = (bits >> held) & 0xff;
  }
  return bytes.subarray(0, length);
}
