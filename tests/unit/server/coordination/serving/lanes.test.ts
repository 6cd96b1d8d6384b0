/** A connection is answered in the order it asked, and reads wait for the writes before them. */
import { beforeEach, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../../src-server/base/assert.ts';
import { Prng } from '../../../../../src-server/base/prng.ts';
import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { Code, codeName } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { NO_CHANGES, type Outcome } from '../../../../../src-server/coordination/model/outcome.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import { Lane } from '../../../../../src-server/coordination/serving/lanes.ts';
import type { Waiter } from '../../../../../src-server/coordination/serving/ports.ts';

const DONE: Outcome = {
  type: OpCode.SET_DATA,
  zxid: zxidOf(1),
  code: Code.OK,
  path: '/a',
  stat: null,
  changes: NO_CHANGES,
  parts: null,
};

let answers: string[];
let lane: Lane;

beforeEach(() => {
  answers = [];
  lane = new Lane({
    answerRead: ({ xid }, receivedMs) => answers.push(`read ${xid} @${receivedMs}`),
    answerRefused: ({ xid }, code, receivedMs) =>
      answers.push(`${codeName(code)} ${xid} @${receivedMs}`),
    answerWrite: ({ xid }, { code }, receivedMs) =>
      answers.push(`write ${xid} ${code} @${receivedMs}`),
  });
});

function request(xid: number): Request {
  return Object.assign(new Request(OpCode.GET_DATA), { xid });
}

const write = (xid: number): Waiter => lane.write(request(xid), xid * 10);
const read = (xid: number): void => lane.queue(request(xid), Code.OK, xid * 10);

test('reads wait for the writes before them, and only for those', () => {
  const first = write(1);
  read(2);
  read(3);
  const second = write(4);
  read(5);
  expect([answers, lane.length]).toEqual([[], 5]);
  first.settled(DONE);
  expect(answers).toEqual(['write 1 0 @10', 'read 2 @20', 'read 3 @30']);
  second.settled(DONE);
  expect(answers.slice(3)).toEqual(['write 4 0 @40', 'read 5 @50']);
  expect(lane.length).toBe(0);
});

test('a refusal takes its turn like a read', () => {
  const first = write(1);
  lane.queue(request(2), Code.NOT_READ_ONLY, 20);
  first.settled({ ...DONE, code: Code.NO_NODE });
  expect(answers).toEqual(['write 1 -101 @10', 'NOT_READ_ONLY 2 @20']);
});

test('what need not wait does not come here', () => {
  expect(() => read(1)).toThrow(AssertionFailed);
});

test('writes settle in the order they were submitted, or something is badly wrong', () => {
  write(1);
  const second = write(2);
  expect(() => second.settled(DONE)).toThrow(AssertionFailed);
});

test('nobody is answered once the connection is gone', () => {
  const first = write(1);
  read(2);
  lane.close();
  first.settled(DONE);
  expect([answers, lane.length]).toEqual([[], 0]);
});

test('whoever closes the lane while being answered gets nothing more', () => {
  const closing = new Lane({
    answerRead: ({ xid }) => {
      answers.push(`read ${xid}`);
      if (xid === 2) closing.close();
    },
    answerRefused: () => undefined,
    answerWrite: ({ xid }) => answers.push(`write ${xid}`),
  });
  const first = closing.write(request(1), 0);
  closing.queue(request(2), Code.OK, 0);
  closing.queue(request(3), Code.OK, 0);
  first.settled(DONE);
  expect(answers).toEqual(['write 1', 'read 2']);
});

test('any mix is answered in the order it came', () => {
  const random = new Prng(12);
  const waiting: Waiter[] = [];
  let xid = 0;
  for (let step = 0; step < 5000; step++) {
    if (random.chance(0.4)) waiting.push(write(++xid));
    else if (lane.length > 0 && random.chance(0.6)) read(++xid);
    else waiting.shift()?.settled(DONE);
  }
  for (const waiter of waiting) waiter.settled(DONE);
  expect(answers.map((answer) => Number(answer.split(' ')[1]))).toEqual(
    Array.from({ length: xid }, (_, i) => i + 1),
  );
});
