/** The queue is what an array is, only quick. */
import { expect, test } from 'vitest';

import { AssertionFailed } from '../../../../src-server/base/assert.ts';
import { Fifo } from '../../../../src-server/base/fifo.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

test('an empty queue gives nothing', () => {
  const queue = new Fifo<number>();
  expect([queue.shift(), queue.pop(), queue.peek(), queue.at(0), queue.length]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    0,
  ]);
});

test('a ring holds a power of two', () => {
  expect(() => new Fifo(12)).toThrow(AssertionFailed);
});

test('is what an array is, over many turns of the ring and growth', () => {
  const queue = new Fifo<number>(2);
  const model: number[] = [];
  const random = new Prng(4);
  for (let step = 0; step < 50_000; step++) {
    const growing = Math.floor(step / 5000) % 2 === 0;
    const choice = random.below(10);
    if (choice < (growing ? 6 : 3)) {
      queue.push(step);
      model.push(step);
    } else if (choice < 8) {
      expect(queue.shift()).toBe(model.shift());
    } else if (choice < 9) {
      expect(queue.pop()).toBe(model.pop());
    } else {
      const at = random.below(model.length + 2);
      expect(queue.at(at)).toBe(model[at]);
    }
    if (queue.peek() !== model[0] || queue.length !== model.length)
      expect.fail(`differs after step ${step}`);
    if (step % 10_000 === 9999) {
      queue.clear();
      model.length = 0;
    }
  }
});
