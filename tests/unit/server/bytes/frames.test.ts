/** Frames come out the same however the stream is cut, and bad lengths are refused. */
import { describe, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../src-server/base/assert.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { Frames } from '../../../../src-server/bytes/frames.ts';

const BYTES_MAX = 1000;

function frame(body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeInt32BE(body.length);
  return Buffer.concat([header, body]);
}

/** Everything that comes out when the chunks go in, up to a refusal. */
function split(chunks: readonly Buffer[]): { bodies: Buffer[]; refused: number | null } {
  const frames = new Frames(BYTES_MAX);
  const bodies: Buffer[] = [];
  for (const chunk of chunks) {
    frames.push(chunk);
    for (let state = frames.next(); state !== 'need-more'; state = frames.next()) {
      if (state === 'bad-length') return { bodies, refused: frames.badLength };
      bodies.push(Buffer.from(frames.bytes.subarray(frames.start, frames.end)));
    }
    expect(frames.hasUnread).toBe(false);
  }
  return { bodies, refused: null };
}

const BODIES = [0, 1, 3, 4, 5, 16, 0, 40].map((length, i) => Buffer.alloc(length, i + 1));
const STREAM = Buffer.concat(BODIES.map(frame));

describe('frames', () => {
  test('come out the same, wherever the stream is cut in two', () => {
    for (let cut = 0; cut <= STREAM.length; cut++)
      expect(split([STREAM.subarray(0, cut), STREAM.subarray(cut)]).bodies).toEqual(BODIES);
  });

  test('come out the same, wherever the stream is cut in three', () => {
    for (let first = 0; first <= STREAM.length; first++) {
      for (let second = first; second <= STREAM.length; second++) {
        const chunks = [
          STREAM.subarray(0, first),
          STREAM.subarray(first, second),
          STREAM.subarray(second),
        ];
        expect(split(chunks).bodies.length).toBe(BODIES.length);
      }
    }
  });

  test('come out the same, byte by byte and in random chunks', () => {
    expect(split([...STREAM].map((byte) => Buffer.of(byte))).bodies).toEqual(BODIES);
    const random = new Prng(6);
    const bodies = Array.from({ length: 500 }, (_, i) => Buffer.alloc(random.below(300), i));
    const stream = Buffer.concat(bodies.map(frame));
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const length = random.chance(0.2) ? random.below(4000) : random.below(60);
      chunks.push(stream.subarray(at, at + length));
      at += length;
    }
    expect(split(chunks).bodies).toEqual(bodies);
  });

  test('a frame that lies whole in its chunk is not copied', () => {
    const frames = new Frames(BYTES_MAX);
    frames.push(STREAM);
    frames.next();
    frames.next();
    expect(frames.bytes).toBe(STREAM);
    expect([frames.start, frames.end]).toEqual([8, 9]);
  });

  test.each([-1, -0x8000_0000, BYTES_MAX + 1, 0x7fff_ffff, 0x7275_6f6b])(
    'a length of %i is refused, wherever its header is cut, and the frames before it are not',
    (length) => {
      const header = Buffer.alloc(4);
      header.writeInt32BE(length);
      const stream = Buffer.concat([frame(BODIES[5]!), header, Buffer.alloc(10)]);
      for (let cut = 0; cut <= stream.length; cut++) {
        const { bodies, refused } = split([stream.subarray(0, cut), stream.subarray(cut)]);
        expect(bodies).toEqual([BODIES[5]]);
        expect(refused).toBe(length);
      }
    },
  );

  test('a length at the limit is taken', () => {
    const body = Buffer.alloc(BYTES_MAX, 'x');
    const stream = frame(body);
    expect(split([stream]).bodies).toEqual([body]);
    expect(split([stream.subarray(0, 500), stream.subarray(500)]).bodies).toEqual([body]);
  });

  test('who does not ask gets nothing, and loses nothing', () => {
    const frames = new Frames(BYTES_MAX);
    frames.push(STREAM);
    expect(frames.next()).toBe('frame');
    expect(frames.hasUnread).toBe(true);
    expect(() => frames.push(Buffer.from('more'))).toThrow(AssertionFailed);
    let count = 1;
    while (frames.next() === 'frame') count++;
    expect(count).toBe(BODIES.length);
    frames.push(frame(BODIES[7]!));
    expect(frames.next()).toBe('frame');
  });

  test('memory is reserved for a frame only after its length was found to be within the limit', () => {
    const frames = new Frames(BYTES_MAX);
    frames.push(Buffer.of(0x7f, 0xff, 0xff));
    expect(frames.next()).toBe('need-more');
    frames.push(Buffer.of(0xff));
    expect(frames.next()).toBe('bad-length');
    expect(frames.bytes.length).toBe(0);
  });
});
