/** Rates are of what was counted between two reports, and unknown where counting began anew. */
import { expect, test } from 'vitest';

import {
  NO_FIGURES,
  type Report,
} from '../../../../../src-server/console/service/ensemble/inquiry.ts';
import { sampleOf, Samples } from '../../../../../src-server/console/service/ensemble/samples.ts';

function report(
  atMs: number,
  part: Partial<Omit<Report, 'figures'>> & { readonly zxid?: number } = {},
): Report {
  const { zxid, ...rest } = part;
  return {
    round: 1,
    atMs,
    role: 'follower',
    trouble: null,
    detail: null,
    refusedWords: [],
    figures: { ...NO_FIGURES, zxid: zxid ?? null, connections: 2, outstanding: 1 },
    answerMs: 1,
    requests: null,
    packets: null,
    quorumSize: null,
    configuration: null,
    ...rest,
  };
}

const EPOCH = 2 ** 32;

test('requests, their latency and transactions of two seconds', () => {
  const before = report(1000, { requests: { count: 100, sumMs: 50 }, zxid: EPOCH + 5 });
  const now = report(3000, { requests: { count: 300, sumMs: 150 }, zxid: EPOCH + 45 });
  expect(sampleOf('1', before, now)).toEqual({
    key: '1',
    requestsPerS: 100,
    latencyMs: 0.5,
    outstanding: 1,
    connections: 2,
    txnsPerS: 20,
  });
});

test('where requests are not counted, packets are; their latency nobody knows', () => {
  const sample = sampleOf('1', report(0, { packets: 10 }), report(1000, { packets: 25 }));
  expect(sample).toMatchObject({ requestsPerS: 15, latencyMs: null });
});

test('without requests there is no latency, and not one of nothing', () => {
  const requests = { count: 7, sumMs: 3 };
  expect(sampleOf('1', report(0, { requests }), report(1000, { requests }))).toMatchObject({
    requestsPerS: 0,
    latencyMs: null,
  });
});

test('a restart, a reset and a new epoch make no rates', () => {
  const before = report(0, { requests: { count: 100, sumMs: 50 }, zxid: EPOCH + 5 });
  const now = report(1000, { requests: { count: 3, sumMs: 1 }, zxid: 2 * EPOCH + 9 });
  expect(sampleOf('1', before, now)).toMatchObject({
    requestsPerS: null,
    latencyMs: null,
    txnsPerS: null,
  });
});

test('the last ten minutes are kept, and everybody gets what they have not had', () => {
  const samples = new Samples();
  for (let i = 0; i < 700; i++) samples.add({ atMs: i, members: [] });
  const first = samples.since(0);
  expect(first.samples.map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 600 }, (_, i) => 100 + i),
  );
  expect(samples.since(first.count).samples).toEqual([]);
  samples.add({ atMs: 700, members: [] });
  expect(samples.since(first.count).samples.map(({ atMs }) => atMs)).toEqual([700]);
});
