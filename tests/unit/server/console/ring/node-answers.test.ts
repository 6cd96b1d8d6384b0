/** What nodes answer, and how figures move between two answers. */
import { expect, test } from 'vitest';

import { answerOf } from '../../../../../src-server/console/service/ring/node-answers.ts';
import { lagsOf, sampleOf } from '../../../../../src-server/console/service/ring/ring-live.ts';
import { type Holding, holdingsOf } from '../../../../../src-server/storage/planning/answers.ts';
import type { Reply } from '../../../../../src-server/storage/resp/reply.ts';

const STATUS: readonly (readonly [string, string | number])[] = [
  ['node', 'storage-1'],
  ['version', '0.1.0'],
  ['loading', 0],
  ['mode', 'durable'],
  ['uptime-seconds', 12],
  ['keys', 5],
  ['key-bytes', 500],
  ['commands', 40],
  ['bytes-in', 1000],
];

test('a map of RESP3 and a list of RESP2 say the same', () => {
  const map: Reply = new Map(STATUS);
  const flat: Reply = STATUS.flat().map((one) =>
    typeof one === 'string' ? Buffer.from(one) : one,
  );
  for (const reply of [map, flat]) {
    const answer = answerOf(reply)!;
    expect(answer.figures).toMatchObject({
      version: '0.1.0',
      mode: 'durable',
      uptimeMs: 12_000,
      keys: 5,
      dataBytes: 500,
      // What it does not tell is not guessed.
      diskBytes: null,
      partitionsLed: null,
    });
    expect(answer.counters).toEqual({ commands: 40, bytesIn: 1000, bytesOut: null });
  }
});

test.each<[string, Reply]>([
  ['nothing', null],
  ['a text', 'PONG'],
  ['a map of somebody else', new Map([['redis', 7]])],
  ['half a pair', [Buffer.from('node')]],
])('%s is no answer of a storage node', (_, reply) => {
  expect(answerOf(reply)).toBeNull();
});

function holding(partition: number, role: string, lastSeq: number): Holding {
  return {
    ...{ partition, role, epoch: 1, lastSeq, committedSeq: lastSeq },
    ...{ keys: 1, bytes: 2, reads: 3, writes: 4, waits: null },
  };
}

test('holdings come as lists in an order of their own', () => {
  const reply: Reply = [[7, 'follower', 2, 9, 8, 1, 2, 3, 4, Buffer.from('its leader')]];
  expect(holdingsOf(reply)).toEqual([
    { ...holding(7, 'follower', 9), epoch: 2, committedSeq: 8, waits: 'its leader' },
  ]);
  expect(holdingsOf(null)).toEqual([]);
});

test('what a node lacks is counted against the leaders of what it follows', () => {
  const lags = lagsOf([
    { id: 'a', holdings: [holding(0, 'leader', 10), holding(1, 'follower', 3)] },
    { id: 'b', holdings: [holding(0, 'follower', 7), holding(1, 'leader', 5)] },
    { id: 'c', holdings: [holding(2, 'follower', 1)] },
    { id: 'd', holdings: undefined },
  ]);
  expect([...lags]).toEqual([
    ['a', 2],
    ['b', 3],
    ['c', 0],
    ['d', null],
  ]);
});

test('rates are differences of counters, and none where a node began anew', () => {
  const at = (atMs: number, commands: number | null) => ({
    atMs,
    counters: { commands, bytesIn: 0, bytesOut: null },
  });
  const rate = (before: ReturnType<typeof at> | null, now: ReturnType<typeof at>) =>
    sampleOf({ id: 'a', before, now, lagEntries: null });
  expect(rate(at(0, 100), at(2000, 300))).toMatchObject({
    commandsPerS: 100,
    bytesInPerS: 0,
    bytesOutPerS: null,
  });
  expect(rate(null, at(1000, 300)).commandsPerS).toBeNull();
  expect(rate(at(0, 100), at(1000, 5)).commandsPerS).toBeNull();
});
