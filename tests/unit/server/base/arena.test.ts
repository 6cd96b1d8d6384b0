/** The arena keeps what a map would keep, at every border of its size classes. */
import { describe, expect, test } from 'vitest';

import { Arena, copyBytes, type Handle, NOTHING } from '../../../../src-server/base/arena.ts';
import { AssertionFailed } from '../../../../src-server/base/assert.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

/** Lengths on both sides of where the size classes, the slabs and the large payloads begin. */
const BORDERS = [
  1, 15, 16, 17, 31, 32, 33, 48, 49, 255, 256, 257, 319, 320, 321, 400, 401, 4096, 65_535, 65_536,
  65_537, 262_143, 262_144, 262_145, 1_000_000,
];

function payload(random: Prng, length: number): Uint8Array {
  const first = random.below(256);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = first + i * 7;
  return bytes;
}

function read(arena: Arena, handle: Handle, length: number): Uint8Array {
  if (length === 0) return new Uint8Array();
  const offset = arena.offsetOf(handle);
  return arena.bytesOf(handle).slice(offset, offset + length);
}

describe('arena', () => {
  test('nothing takes no handle', () => {
    const arena = new Arena();
    expect(arena.store(new Uint8Array(), 0, 0)).toBe(NOTHING);
    arena.free(NOTHING, 0);
    expect(arena.reservedBytes).toBe(0);
  });

  test('keeps a payload of every border length, beside all the others', () => {
    const arena = new Arena();
    const random = new Prng(1);
    const kept = BORDERS.map((length) => {
      const bytes = payload(random, length);
      const padded = new Uint8Array(length + 6);
      padded.set(bytes, 3);
      return { bytes, handle: arena.store(padded, 3, length) };
    });
    for (const { bytes, handle } of kept) expect(read(arena, handle, bytes.length)).toEqual(bytes);
    expect(new Set(kept.map(({ handle }) => handle)).size).toBe(BORDERS.length);
  });

  test('a payload of a class border is replaced in place within the class, and moves out of it', () => {
    const arena = new Arena();
    const one = arena.store(new Uint8Array(17), 0, 17);
    expect(arena.replace(one, 17, new Uint8Array(32), 0, 32)).toBe(one);
    expect(arena.replace(one, 32, new Uint8Array(33), 0, 33)).not.toBe(one);
  });

  test('a large payload gives its memory back; a small one leaves its cell to the next', () => {
    const arena = new Arena();
    const large = arena.store(new Uint8Array(70_000), 0, 70_000);
    expect(arena.reservedBytes).toBe(70_000);
    arena.free(large, 70_000);
    expect(arena.reservedBytes).toBe(0);
    const small = arena.store(new Uint8Array(100), 0, 100);
    arena.free(small, 100);
    expect(arena.store(new Uint8Array(97), 0, 97)).toBe(small);
  });

  test('a cell freed with a length of another class is a mistake that is noticed', () => {
    const arena = new Arena();
    const handle = arena.store(new Uint8Array(100), 0, 100);
    expect(() => arena.free(handle, 200)).toThrow(AssertionFailed);
  });

  test.each([1, 2, 3])('holds what a map holds after random changes (seed %i)', (seed) => {
    const arena = new Arena();
    const random = new Prng(seed);
    const model = new Map<number, { handle: Handle; bytes: Uint8Array }>();
    const anyLength = (): number => {
      if (random.chance(0.01)) return random.pick(BORDERS);
      return random.chance(0.1) ? random.below(3000) : random.below(300);
    };
    for (let step = 0; step < 10_000; step++) {
      const key = random.below(500);
      const known = model.get(key);
      const bytes = payload(random, anyLength());
      if (known === undefined) {
        model.set(key, { handle: arena.store(bytes, 0, bytes.length), bytes });
      } else if (random.chance(0.5)) {
        const handle = arena.replace(known.handle, known.bytes.length, bytes, 0, bytes.length);
        model.set(key, { handle, bytes });
      } else {
        arena.free(known.handle, known.bytes.length);
        model.delete(key);
      }
    }
    for (const { handle, bytes } of model.values())
      expect(Buffer.compare(read(arena, handle, bytes.length), bytes)).toBe(0);
  });

  test('freed cells are used again: a steady load takes no more memory', () => {
    const arena = new Arena();
    const random = new Prng(9);
    const lengths = Array.from({ length: 1000 }, () => random.below(300));
    const handles = lengths.map((length) => arena.store(new Uint8Array(length), 0, length));
    const reserved = arena.reservedBytes;
    for (let round = 0; round < 20; round++) {
      handles.forEach((handle, i) => arena.free(handle, lengths[i]!));
      lengths.forEach((length, i) => (handles[i] = arena.store(new Uint8Array(length), 0, length)));
    }
    expect(arena.reservedBytes).toBe(reserved);
  });

  test('copyBytes copies short and long runs alike', () => {
    const source = Uint8Array.from({ length: 200 }, (_, i) => i);
    for (const length of [0, 1, 47, 48, 49, 150]) {
      const target = new Uint8Array(200).fill(255);
      copyBytes(source, 10, target, 20, length);
      expect([...target.subarray(20, 20 + length)]).toEqual([...source.subarray(10, 10 + length)]);
      expect(target[20 + length]).toBe(255);
      expect(target[19]).toBe(255);
    }
  });
});
