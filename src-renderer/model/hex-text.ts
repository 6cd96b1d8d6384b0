/** Bytes as hexadecimal text, and what people paste as such. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hexOfByte(byte: number): string {
  return HEX[byte]!;
}

export function toHex(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => HEX[byte]!).join(separator);
}

/** Digits in pairs; spaces, commas, colons and `0x` between them are passed over. Null where it is anything else. */
export function parseHex(text: string): Uint8Array | null {
  const digits = text.replace(/0x/gi, ' ').replace(/[\s,:]+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** The printable character of a byte, or a dot. */
export function asciiOfByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

/** A zxid or another 64-bit number, as people write it in logs. */
export function zxidText(zxid: number): string {
  return `0x${BigInt(zxid).toString(16)}`;
}
