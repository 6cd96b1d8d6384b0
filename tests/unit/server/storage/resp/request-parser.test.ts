import { describe, expect, test, vi } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { RequestParser } from '../../../../../src-server/storage/resp/request-parser.ts';
import { writeCommand } from '../../../../../src-server/storage/resp/request-writer.ts';

const LIMITS = { bulkBytesMax: 1 << 20, commandBytesMax: 4 << 20 };

/** What a parser makes of these chunks: each command's words as latin1, and the problem it ended with. */
function parsed(
  chunks: readonly Uint8Array[],
  { isStranger = false, holds = false } = {},
): { commands: string[][]; problem: string } {
  const parser = new RequestParser(LIMITS);
  parser.isStranger = isStranger;
  const commands: string[][] = [];
  for (const chunk of chunks) {
    // The chunk is borrowed: whoever gave it uses it again for something else.
    const borrowed = Buffer.from(chunk);
    parser.push(borrowed);
    let left = holds ? 1 : Infinity;
    for (let state = parser.next(); state !== 'need-more'; state = parser.next()) {
      if (state === 'broken') return { commands, problem: parser.problem };
      const { words } = parser;
      commands.push(
        Array.from({ length: words.count }, (_, i) => words.view(i).toString('latin1')),
      );
      if (--left === 0) {
        parser.hold();
        borrowed.fill(0x7e);
      }
    }
    if (left > 0) parser.hold();
    borrowed.fill(0x7e);
  }
  return { commands, problem: '' };
}

function cuts(bytes: Uint8Array, random: Prng, pieces: number): Uint8Array[] {
  const at = Array.from({ length: pieces - 1 }, () => random.below(bytes.length + 1));
  const ends = [...at.sort((a, b) => a - b), bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

function randomStream(random: Prng): Buffer {
  const parts = Array.from({ length: random.between(1, 12) }, () => {
    if (random.chance(0.2)) return Buffer.from(random.pick(TYPED));
    const words = Array.from({ length: random.between(1, 5) }, () => {
      const length = random.chance(0.05) ? random.below(70_000) : random.below(12);
      return Buffer.from(Array.from({ length }, () => random.pick([0x0d, 0x0a, 0x24, 0x2a, 0x61])));
    });
    return writeCommand(words);
  });
  if (random.chance(0.2)) parts.push(Buffer.from(random.pick(BROKEN)));
  return Buffer.concat(parts);
}

const TYPED = [
  'PING\r\n',
  'get  a\n',
  '\r\n',
  '*0\r\n',
  '*-1\r\n',
  'set "a b" \'c\'\r\n',
  '  \r\n',
];
const BROKEN = ['*x\r\n', '*1\r\n:1\r\n', '*1\r\n$-1\r\n', '*1\r\n$99999999\r\n', 'a "b\r\n'];

test('any cut of any stream gives the same commands', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new Prng(seed);
    const stream = randomStream(random);
    const whole = parsed([stream]);
    for (const pieces of [2, 3, 17]) {
      expect(parsed(cuts(stream, random, pieces)), `seed ${seed}`).toEqual(whole);
      const held = cuts(stream, random, pieces);
      expect(parsed(held, { holds: true }), `seed ${seed}, held`).toEqual(whole);
    }
    if (stream.length < 300) {
      const bytes = Array.from(stream, (_, i) => stream.subarray(i, i + 1));
      expect(parsed(bytes), `seed ${seed}, byte by byte`).toEqual(whole);
    }
  }
});

test('a long word in many chunks is not copied with each of them', () => {
  const value = Buffer.alloc(1 << 20, 'v');
  const stream = writeCommand(['SET', 'key', value]);
  const chunks = Array.from({ length: Math.ceil(stream.length / 64) }, (_, i) =>
    stream.subarray(i * 64, i * 64 + 64),
  );
  const { commands } = parsed(chunks.slice(0, 1));
  expect(commands).toEqual([]);
  const parser = new RequestParser(LIMITS);
  const copies = vi.spyOn(Buffer.prototype as Buffer, 'copy');
  for (const chunk of chunks) {
    parser.push(chunk);
    expect(parser.next()).toBe(chunk === chunks.at(-1) ? 'command' : 'need-more');
  }
  const copied = copies.mock.results.reduce((sum, { value: bytes }) => sum + Number(bytes), 0);
  copies.mockRestore();
  expect(parser.words.length(2)).toBe(value.length);
  expect(copied).toBeGreaterThan(stream.length / 2);
  expect(copied).toBeLessThan(stream.length * 3);
});

test('room grows with what has come, not with what was announced', () => {
  const parser = new RequestParser({ bulkBytesMax: 2 ** 30, commandBytesMax: 2 ** 31 });
  parser.push(Buffer.from('*2\r\n$3\r\nGET\r\n$1073741824\r\nabc'));
  expect(parser.next()).toBe('need-more');
  expect(parser.heldBytes).toBeLessThan(100);
});

describe('broken streams end with the words of Redis', () => {
  test.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*1\r\n+PING\r\n', "expected '$', got '+'"],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$1048577\r\n', 'invalid bulk length'],
    [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
    ['x'.repeat(70_000), 'too big inline request'],
    ['set a "b\r\n', 'unbalanced quotes in request'],
    ['set a "b"c\r\n', 'unbalanced quotes in request'],
    [`*5\r\n${`$1048576\r\n${'x'.repeat(1 << 20)}\r\n`.repeat(4)}`, 'too big request'],
  ])('%s', (text, problem) => {
    const stream = `${text}${text.length > 1e6 ? '$1048576\r\n' : ''}`;
    expect(parsed([Buffer.from(stream)]).problem).toBe(`Protocol error: ${problem}`);
  });

  test('strangers get little room', () => {
    const many = parsed([Buffer.from('*11\r\n')], { isStranger: true });
    expect(many.problem).toBe('Protocol error: unauthenticated multibulk length');
    const long = parsed([Buffer.from('*2\r\n$4\r\nAUTH\r\n$16385\r\n')], { isStranger: true });
    expect(long.problem).toBe('Protocol error: unauthenticated bulk length');
  });
});
