/**
 * CRC-32 (IEEE 802.3), four bytes a step, in plain arithmetic: this room may not know a platform's own.
 *
 * `crcStart`, any number of updates, `crcEnd`.
 */

const TABLES = makeTables();
const T0 = TABLES.subarray(0, 256);
const T1 = TABLES.subarray(256, 512);
const T2 = TABLES.subarray(512, 768);
const T3 = TABLES.subarray(768, 1024);

export const crcStart = -1;

export function crcEnd(state: number): number {
  return (state ^ -1) >>> 0;
}

export function crcBytes(state: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = state;
  let at = start;
  for (const stop = end - 3; at < stop; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = T3[crc & 0xff]! ^ T2[(crc >>> 8) & 0xff]! ^ T1[(crc >>> 16) & 0xff]! ^ T0[crc >>> 24]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ T0[(crc ^ bytes[at]!) & 0xff]!;
  return crc;
}

/** A big-endian 32-bit integer. */
export function crcInt32(state: number, value: number): number {
  const crc = state ^ swapBytes(value);
  return T3[crc & 0xff]! ^ T2[(crc >>> 8) & 0xff]! ^ T1[(crc >>> 16) & 0xff]! ^ T0[crc >>> 24]!;
}

/** A big-endian 64-bit integer of at most 53 bits. */
export function crcLong(state: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  return crcInt32(crcInt32(state, high), value - high * 0x1_0000_0000);
}

/** A string as UTF-8. */
export function crcString(state: number, text: string): number {
  let crc = state;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      crc = (crc >>> 8) ^ T0[(crc ^ unit) & 0xff]!;
    } else if (unit < 0x800) {
      crc = crcByte(crcByte(crc, 0xc0 | (unit >> 6)), 0x80 | (unit & 0x3f));
    } else {
      // Paths hold no surrogates, so every unit is a character of its own.
      crc = crcByte(crc, 0xe0 | (unit >> 12));
      crc = crcByte(crcByte(crc, 0x80 | ((unit >> 6) & 0x3f)), 0x80 | (unit & 0x3f));
    }
  }
  return crc;
}

function crcByte(crc: number, byte: number): number {
  return (crc >>> 8) ^ T0[(crc ^ byte) & 0xff]!;
}

function swapBytes(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

function makeTables(): Int32Array {
  const tables = new Int32Array(1024);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[i] = crc;
  }
  for (let i = 256; i < 1024; i++) {
    const before = tables[i - 256]!;
    tables[i] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}
