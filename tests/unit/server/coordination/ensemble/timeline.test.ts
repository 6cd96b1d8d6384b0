/** What a member remembers of the last transactions: stages in their order, acknowledgements, and what is forgotten. */
import { expect, test } from 'vitest';

import { sid } from '../../../../../src-server/base/ids.ts';
import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import {
  STAGES,
  Timeline,
  type TimelinePart,
} from '../../../../../src-server/coordination/ensemble/timeline.ts';

/** Each look at the clock is a millisecond later. */
function timeline(rows = 16): Timeline {
  let nowMs = 0;
  const line = new Timeline({ clock: { nowMs: () => ++nowMs }, rows });
  line.since(0);
  return line;
}

const at = (counter: number, epoch = 1): Zxid => makeZxid(epoch, counter);

type Row = Partial<Record<(typeof STAGES)[number], number>> & { acks: Record<number, number> };

function rowOf(part: TimelinePart, zxid: Zxid): Row | null {
  const i = part.zxids.indexOf(zxid);
  if (i < 0) return null;
  const known = STAGES.flatMap((stage, column) => {
    const value = part.stages[column]![i]!;
    return Number.isNaN(value) ? [] : [[stage, value] as const];
  });
  const acks = part.acks.flatMap(({ sid: who, atMs }) =>
    Number.isNaN(atMs[i]!) ? [] : [[who, atMs[i]!] as const],
  );
  return { ...Object.fromEntries(known), acks: Object.fromEntries(acks) };
}

test('a leader’s row: proposed, on its disk, acknowledged by others, decided, applied', () => {
  const line = timeline();
  line.proposed(at(1));
  line.appended(at(1));
  line.endStep();
  line.acknowledged(sid(3), at(1));
  line.committed(at(1));
  line.applied(at(1));
  line.durable(at(1));
  line.acknowledged(sid(2), at(1));
  const part = line.since(0);
  expect(rowOf(part, at(1))).toEqual({
    begun: 1,
    appended: 1,
    durable: 4,
    committed: 2,
    applied: 3,
    acks: { 2: 5, 3: 2 },
  });
  expect([...part.proposed]).toEqual([1]);
  expect(part.begun).toBe(1);
});

test('one sync makes everything appended before it durable, and nothing else', () => {
  const line = timeline();
  for (const counter of [1, 2, 3]) {
    line.received(at(counter));
    line.appended(at(counter));
  }
  line.durable(at(2));
  const first = line.since(0);
  expect(rowOf(first, at(1))!.durable).toBe(rowOf(first, at(2))!.durable);
  expect(rowOf(first, at(3))!.durable).toBeUndefined();
  expect([...first.proposed]).toEqual([0, 0, 0]);
  line.durable(at(3));
  expect(rowOf(line.since(first.revision), at(3))!.durable).toBeDefined();
});

test('asked again, only what something happened to is told', () => {
  const line = timeline();
  line.proposed(at(1));
  line.proposed(at(2));
  const first = line.since(0);
  line.acknowledged(sid(2), at(2));
  const second = line.since(first.revision);
  expect([...second.zxids]).toEqual([at(2)]);
  expect([...line.since(second.revision).zxids]).toEqual([]);
});

test('the ring forgets the oldest, and says how many there were', () => {
  const line = timeline(4);
  for (let counter = 1; counter <= 6; counter++) line.proposed(at(counter));
  // Too late for those that are gone.
  line.acknowledged(sid(2), at(1));
  line.committed(at(2));
  const part = line.since(0);
  expect([...part.zxids].sort()).toEqual([at(3), at(4), at(5), at(6)]);
  expect(part.begun).toBe(6);
  expect(rowOf(part, at(5))!.acks).toEqual({});
});

test('a new epoch counts anew; what the one before left is waited for by nobody', () => {
  const line = timeline(8);
  line.received(at(7));
  line.appended(at(7));
  line.received(at(1, 2));
  line.appended(at(1, 2));
  line.durable(at(1, 2));
  const part = line.since(0);
  expect(rowOf(part, at(7))!.durable).toBeUndefined();
  expect(rowOf(part, at(1, 2))!.durable).toBeDefined();
});

test('acknowledgements count for what was proposed here only', () => {
  const line = timeline();
  line.received(at(1));
  line.acknowledged(sid(2), at(1));
  expect(rowOf(line.since(0), at(1))!.acks).toEqual({});
});

test('nothing is noted before the first question, nor after the last', () => {
  const line = new Timeline({ clock: { nowMs: () => 1 }, rows: 16 });
  line.proposed(at(1));
  expect([...line.since(0).zxids]).toEqual([]);
  line.proposed(at(2));
  line.appended(at(2));
  line.rest();
  line.durable(at(2));
  line.proposed(at(3));
  const part = line.since(0);
  expect([...part.zxids]).toEqual([at(2)]);
  // What became durable in between is not told of as if it had happened now.
  line.proposed(at(4));
  line.appended(at(4));
  line.durable(at(4));
  const later = line.since(0);
  expect(rowOf(later, at(2))!.durable).toBeUndefined();
  expect(rowOf(later, at(4))!.durable).toBe(1);
});
