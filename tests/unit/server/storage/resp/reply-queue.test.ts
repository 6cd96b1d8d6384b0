import { expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import type { Socket } from '../../../../../src-server/platform/net.ts';
import { type Answer, ReplyQueue } from '../../../../../src-server/storage/resp/reply-queue.ts';

/** Takes everything, at once or only later. */
class Sink implements Partial<Socket> {
  #written: Uint8Array[] = [];
  takesAtOnce = true;

  write(bytes: Uint8Array): boolean {
    // What was taken at once may be overwritten afterwards; what was not must stay as it is.
    this.#written.push(this.takesAtOnce ? Buffer.from(bytes) : bytes);
    return this.takesAtOnce;
  }

  get text(): string {
    return Buffer.concat(this.#written).toString('latin1');
  }
}

test('replies leave in the order of the commands whatever order they come in', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Prng(seed);
    const queue = new ReplyQueue();
    const sink = new Sink();
    const open: { answer: Answer; stage: 'opened' | 'written'; text: string }[] = [];
    let expected = '';
    const settled = new Map<Answer, string>();
    for (let i = 0; i < 200; i++) {
      if (random.chance(0.5)) {
        const isSilent = random.chance(0.1);
        const answer = queue.open(isSilent);
        const text = 'x'.repeat(random.chance(0.02) ? 70_000 : random.below(20)) + String(i);
        open.push({ answer, stage: 'opened', text });
        expected += isSilent ? '' : `<${i}>`;
        settled.set(answer, isSilent ? '' : `<${i}>`);
      }
      const at = random.below(open.length + 1);
      const one = open[at];
      if (one !== undefined) {
        const place = settled.get(one.answer)!;
        if (random.chance(0.1)) {
          queue.fail(one.answer, `ERR ${one.text}`);
          expected = expected.replace(place, place === '' ? '' : `-ERR ${one.text}\r\n`);
          open.splice(at, 1);
        } else if (one.stage === 'opened') {
          queue.begin(one.answer).simple(one.text);
          queue.end(one.answer);
          one.stage = 'written';
        } else {
          queue.settle(one.answer);
          expected = expected.replace(place, place === '' ? '' : `+${one.text}\r\n`);
          open.splice(at, 1);
        }
      }
      sink.takesAtOnce = random.chance(0.7);
      if (random.chance(0.3)) queue.flushTo(sink as unknown as Socket);
    }
    for (const { answer, text } of open) {
      const place = settled.get(answer)!;
      queue.fail(answer, `ERR ${text}`);
      expected = expected.replace(place, place === '' ? '' : `-ERR ${text}\r\n`);
    }
    queue.flushTo(sink as unknown as Socket);
    expect(sink.text === expected, `seed ${seed}`).toBe(true);
    expect(queue.length).toBe(0);
    expect(queue.bytes).toBe(0);
  }
});
