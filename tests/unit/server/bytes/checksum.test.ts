/** Adler-32 against zlib and the log format; CRC-32C against its published vectors and the plain way to make it. */
import zlib from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../src-server/base/prng.ts';
import { ADLER_START, adler32, crc32c } from '../../../../src-server/bytes/checksum.ts';

/** zlib ends its streams with the Adler-32 of what went in. */
function oracle(bytes: Buffer): number {
  return zlib
    .deflateSync(bytes, { level: 0 })
    .readUInt32BE(zlib.deflateSync(bytes, { level: 0 }).length - 4);
}

describe('adler32', () => {
  test('vectors', () => {
    expect(adler32(Buffer.alloc(0), 0, 0)).toBe(1);
    expect(adler32(Buffer.from('Wikipedia'), 0, 9)).toBe(0x11e60398);
    expect(ADLER_START).toBe(1);
  });

  test('the log record of the fact sheet', () => {
    const payload = Buffer.from(
      '0100000000000001' +
        '00000001' +
        '0000000000000002' +
        '0000018bcfe56800' +
        '00000001' +
        '00000002' +
        '2f61' +
        '00000002' +
        '6869' +
        '00000001' +
        '0000001f' +
        '00000005' +
        '776f726c64' +
        '00000006' +
        '616e796f6e65' +
        '00' +
        '00000001' +
        '00000002' +
        '0000011f71fb04cb',
      'hex',
    );
    expect(payload.length).toBe(88);
    expect(adler32(payload, 0, payload.length)).toBe(0x6ec60b4f);
  });

  test('agrees with zlib, also where every byte is greatest and runs are long', () => {
    const random = new Prng(7);
    for (const length of [1, 2, 3, 4, 5, 3799, 3800, 3801, 7600, 65_521, 300_000]) {
      const most = Buffer.alloc(length, 0xff);
      expect(adler32(most, 0, length)).toBe(oracle(most));
      const any = Buffer.from(Array.from({ length }, () => random.below(256)));
      expect(adler32(any, 0, length)).toBe(oracle(any));
    }
  });

  test('goes on from a seed, and looks only at its range', () => {
    const bytes = Buffer.alloc(20_000, 0xfe);
    const whole = oracle(bytes);
    for (const cut of [0, 1, 3800, 9999, 20_000]) {
      const first = adler32(bytes, 0, cut);
      expect(adler32(bytes, cut, bytes.length, first)).toBe(whole);
    }
    const around = Buffer.concat([Buffer.from('xx'), Buffer.from('Wikipedia'), Buffer.from('yy')]);
    expect(adler32(around, 2, 11)).toBe(0x11e60398);
  });
});

describe('crc32c', () => {
  /** Bit by bit, as the polynomial is defined. */
  function plain(bytes: Uint8Array): number {
    let crc = 0xffff_ffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  }

  test('vectors of RFC 3720', () => {
    const of = (bytes: Uint8Array): string => crc32c(bytes, 0, bytes.length).toString(16);
    expect(of(Buffer.from('123456789'))).toBe('e3069283');
    expect(of(Buffer.alloc(32))).toBe('8a9136aa');
    expect(of(Buffer.alloc(32, 0xff))).toBe('62a8ab43');
    expect(of(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe('46dd794e');
    expect(of(Buffer.alloc(0))).toBe('0');
  });

  test('every length, every place, and in two parts', () => {
    const random = new Prng(3);
    const bytes = Buffer.from(Array.from({ length: 80 }, () => random.below(256)));
    for (let start = 0; start < 9; start++) {
      for (let end = start; end <= bytes.length; end++) {
        const whole = plain(bytes.subarray(start, end));
        expect(crc32c(bytes, start, end)).toBe(whole);
        const cut = start + random.below(end - start + 1);
        expect(crc32c(bytes, cut, end, crc32c(bytes, start, cut))).toBe(whole);
      }
    }
  });
});
