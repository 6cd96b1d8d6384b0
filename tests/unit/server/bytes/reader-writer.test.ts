/** Readers and writers: round trips, bounds, and records cut anywhere. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../src-server/base/prng.ts';
import { Reader } from '../../../../src-server/bytes/reader.ts';
import { Writer } from '../../../../src-server/bytes/writer.ts';

function readerOf(bytes: Buffer): Reader {
  return new Reader().reset(bytes, 0, bytes.length);
}

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(1);
  write(writer);
  return writer.copy();
}

describe('what is written is read back', () => {
  test.each([0, 1, -1, 127, -128, 0x7fff_ffff, -0x8000_0000])('int32 %i', (value) => {
    const bytes = written((writer) => writer.int32(value));
    expect(bytes.readInt32BE(0)).toBe(value);
    expect(readerOf(bytes).int32()).toBe(value);
  });

  test.each([
    0,
    1,
    -1,
    0xffff_ffff,
    0x1_0000_0000,
    -0x1_0000_0000,
    -0x1_0000_0001,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ])('long %i', (value) => {
    const bytes = written((writer) => writer.long(value));
    expect(bytes.readBigInt64BE(0)).toBe(BigInt(value));
    expect(readerOf(bytes).long()).toBe(value);
    const patched = written((writer) => writer.patchLong(writer.gap(8), value));
    expect(patched).toEqual(bytes);
  });

  test.each([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)])('bigint %i', (value) => {
    const bytes = written((writer) => writer.bigint(value));
    expect(readerOf(bytes).bigint()).toBe(value);
    const halves = written((writer) =>
      writer.halves(Number(value >> 32n), Number(BigInt.asIntN(32, value))),
    );
    expect(halves).toEqual(bytes);
  });

  test.each([null, '', 'a', '/zookeeper', 'größe', '路径', 'x'.repeat(5000)])(
    'string %j',
    (value) => {
      const bytes = written((writer) => writer.string(value));
      expect(bytes.length).toBe(4 + (value === null ? 0 : Buffer.byteLength(value)));
      expect(readerOf(bytes).string()).toBe(value);
    },
  );

  test.each([0, 1, 32, 33, 5000])('buffer of %i bytes', (length) => {
    const value = Buffer.alloc(length, 'z');
    const bytes = written((writer) => writer.buffer(value));
    expect(readerOf(bytes).buffer()).toEqual(value);
    expect(readerOf(bytes).view()).toEqual(value);
  });

  test('a null buffer, booleans, zeros and the rest', () => {
    const bytes = written((writer) => {
      writer.buffer(null);
      writer.bool(true);
      writer.bool(false);
      writer.byte(7);
      writer.zeros(3);
    });
    const reader = readerOf(bytes);
    expect([reader.view(), reader.bool(), reader.bool()]).toEqual([null, true, false]);
    expect([...reader.rest()]).toEqual([7, 0, 0, 0]);
    expect([reader.left, reader.ok]).toEqual([0, true]);
  });

  test('random records, through one reused writer', () => {
    const random = new Prng(5);
    const writer = new Writer(16);
    for (let round = 0; round < 300; round++) {
      writer.clear();
      const fields = Array.from({ length: random.below(20) }, () => ({
        kind: random.below(5),
        number: random.next() * (random.chance(0.5) ? 0x10_0000 : 1) - 0x8000_0000,
        text: String.fromCodePoint(
          ...Array.from({ length: random.below(40) }, () => random.between(32, 0xd7ff)),
        ),
      }));
      for (const { kind, number, text } of fields) {
        if (kind === 0) writer.int32(number | 0);
        else if (kind === 1) writer.long(number);
        else if (kind === 2) writer.string(text);
        else if (kind === 3) writer.buffer(Buffer.from(text));
        else writer.bool(number > 0);
      }
      const reader = readerOf(writer.view());
      for (const { kind, number, text } of fields) {
        if (kind === 0) expect(reader.int32()).toBe(number | 0);
        else if (kind === 1) expect(reader.long()).toBe(number);
        else if (kind === 2) expect(reader.string()).toBe(text);
        else if (kind === 3) expect(reader.buffer()).toEqual(Buffer.from(text));
        else expect(reader.bool()).toBe(number > 0);
      }
      expect([reader.ok, reader.left]).toEqual([true, 0]);
    }
  });
});

describe('a reader', () => {
  const record = written((writer) => {
    writer.int32(1);
    writer.long(2);
    writer.bigint(3n);
    writer.string('four');
    writer.buffer(Buffer.from('five'));
    writer.bool(true);
  });
  const readAll = (reader: Reader): void => {
    reader.int32();
    reader.long();
    reader.bigint();
    reader.string();
    reader.view();
    reader.bool();
  };

  test('never reads past its end: a record cut anywhere is not ok', () => {
    for (let cut = 0; cut < record.length; cut++) {
      const reader = new Reader().reset(record, 0, cut);
      readAll(reader);
      expect(reader.ok, `cut at ${cut}`).toBe(false);
      expect(reader.at).toBeLessThanOrEqual(cut);
    }
    const whole = readerOf(record);
    readAll(whole);
    expect([whole.ok, whole.left]).toEqual([true, 0]);
  });

  test('refuses lengths that are negative or beyond the end, without reserving anything', () => {
    for (const length of [-2, -0x8000_0000, 5, 0x7fff_ffff]) {
      const bytes = written((writer) => {
        writer.int32(length);
        writer.int32(0);
      });
      for (const read of [
        (reader: Reader) => reader.string(),
        (reader: Reader) => reader.view(),
        (reader: Reader) => reader.buffer(),
      ]) {
        const reader = readerOf(bytes);
        read(reader);
        expect(reader.ok, `length ${length}`).toBe(false);
      }
    }
  });

  test('counts only as many items as the bytes left can hold', () => {
    const list = (count: number): Reader =>
      readerOf(
        written((writer) => {
          writer.int32(count);
          writer.zeros(12);
        }),
      );
    expect(list(-1).count(4)).toBe(-1);
    expect(list(3).count(4)).toBe(3);
    // Java's loop over so many items ends before it begins.
    for (const negative of [-2, -0x8000_0000]) {
      const none = list(negative);
      expect([none.count(4), none.ok]).toEqual([0, true]);
    }
    const tooMany = list(4);
    expect([tooMany.count(4), tooMany.ok]).toEqual([0, false]);
  });

  test('skips, and starts anew on another chunk', () => {
    const reader = readerOf(record);
    reader.skip(12);
    expect(reader.bigint()).toBe(3n);
    reader.skip(1000);
    expect(reader.ok).toBe(false);
    reader.reset(Buffer.from([0, 0, 0, 9]), 0, 4);
    expect([reader.int32(), reader.ok]).toEqual([9, true]);
  });

  test('takes malformed UTF-8 as replacement characters, as Java does', () => {
    const bytes = written((writer) => writer.buffer(Buffer.from([0x2f, 0xff, 0x61])));
    expect(readerOf(bytes).string()).toBe('/\ufffda');
  });

  test('reads within a part of a larger chunk only', () => {
    const bytes = Buffer.concat([Buffer.alloc(3), record, Buffer.alloc(3, 0xff)]);
    const reader = new Reader().reset(bytes, 3, 3 + record.length);
    readAll(reader);
    expect([reader.ok, reader.left]).toEqual([true, 0]);
    reader.int32();
    expect(reader.ok).toBe(false);
  });
});

describe('a writer', () => {
  test('fills gaps later, and keeps what was there when it grows', () => {
    const writer = new Writer(4);
    const gap = writer.gap(4);
    for (let i = 0; i < 1000; i++) writer.int32(i);
    writer.patchInt32(gap, writer.length);
    expect(writer.view(0, 8).toString('hex')).toBe(
      `${(4004).toString(16).padStart(8, '0')}00000000`,
    );
    expect(writer.view(4000).readInt32BE(0)).toBe(999);
    expect(writer.capacity).toBeGreaterThanOrEqual(4004);
  });

  test('gives its slab away when somebody still borrows it', () => {
    const writer = new Writer(8);
    writer.int32(1);
    const borrowed = writer.view();
    writer.release(8);
    writer.int32(2);
    expect([borrowed.readInt32BE(0), writer.view().readInt32BE(0)]).toEqual([1, 2]);
  });

  test('a copy outlives the slab, a view does not', () => {
    const writer = new Writer(8);
    writer.int32(1);
    const copy = writer.copy();
    writer.clear();
    writer.int32(2);
    expect(copy.readInt32BE(0)).toBe(1);
  });
});
