/** Timings of several members joined by zxid: who was when, what waits, what was given up, what is slow, what was missed. */
import { expect, test } from 'vitest';

import { makeZxid, type Zxid } from '../../../../src-server/base/zxid.ts';
import type { MemberTimings } from '../../../../src-server/console/service/local-ensemble.ts';
import { TimingBook } from '../../../../src-server/console/service/timing-book.ts';

interface Row {
  readonly zxid: Zxid;
  readonly isProposed?: boolean;
  readonly begun?: number;
  readonly durable?: number;
  readonly committed?: number;
  readonly acks?: Readonly<Record<number, number>>;
}

/** What one member tells; its own clock may count from elsewhere. */
function part(
  rows: readonly Row[],
  options: { readonly revision?: number; readonly begun?: number; readonly originMs?: number } = {},
): MemberTimings {
  const { revision = 1, begun = rows.length, originMs = 0 } = options;
  const column = (pick: (row: Row) => number | undefined): Float64Array =>
    Float64Array.from(rows, (row) => (pick(row) ?? NaN) - originMs);
  const sids = [...new Set(rows.flatMap(({ acks }) => Object.keys(acks ?? {}).map(Number)))];
  return {
    revision,
    begun,
    zxids: Float64Array.from(rows, ({ zxid }) => zxid),
    proposed: Uint8Array.from(rows, ({ isProposed }) => (isProposed === true ? 1 : 0)),
    stages: [
      column((row) => row.begun),
      column((row) => row.begun),
      column((row) => row.durable),
      column((row) => row.committed),
      column((row) => row.committed),
    ],
    acks: sids.map((sid) => ({ sid, atMs: column(({ acks }) => acks?.[sid]) })),
    originMs,
    nowMs: 2000,
  };
}

const at = (counter: number, epoch = 1): Zxid => makeZxid(epoch, counter);

test('members’ lanes are joined on the clock they share, from the proposal on', () => {
  const book = new TimingBook(16);
  const acks = { 2: 1000.9, 3: 1001.5 };
  book.take(
    1,
    part([
      { zxid: at(1), isProposed: true, begun: 1000, durable: 1000.6, committed: 1000.9, acks },
    ]),
  );
  // This one's own clock began half a second later.
  book.take(
    2,
    part([{ zxid: at(1), begun: 1000.2, durable: 1000.8, committed: 1001 }], { originMs: 500 }),
  );
  expect(book.timingOf(at(1))).toEqual({
    leader: 1,
    standing: 'committed',
    commitUs: 900,
    waitedUs: null,
    quorumBy: 2,
    members: [
      expect.objectContaining({ id: 1, receivedUs: null, durableUs: 600, ackUs: 600 }),
      expect.objectContaining({ id: 2, receivedUs: 200, durableUs: 800, ackUs: 900 }),
      // Its acknowledgement is all that is known of it.
      expect.objectContaining({ id: 3, tells: false, durableUs: null, ackUs: 1500 }),
    ],
  });
  expect(book.leader).toBe(1);
  expect(book.timingOf(at(2))).toBeNull();
});

test('where the leader does not tell, time begins when the first member hears of it', () => {
  const book = new TimingBook(16);
  book.take(2, part([{ zxid: at(1), begun: 1000, durable: 1002, committed: 1003 }]));
  book.take(3, part([{ zxid: at(1), begun: 999, durable: 1001, committed: 1004 }]));
  const timing = book.timingOf(at(1))!;
  expect([timing.leader, timing.commitUs, timing.quorumBy]).toEqual([null, 4000, null]);
  expect(timing.members.map(({ receivedUs }) => receivedUs)).toEqual([1000, 0]);
});

test('what is proposed waits, until it is decided or a later one is', () => {
  const book = new TimingBook(16);
  book.take(1, part([{ zxid: at(7), isProposed: true, begun: 1000, durable: 1001 }]));
  expect(book.timingOf(at(7))).toMatchObject({ standing: 'waiting', waitedUs: 1_000_000 });
  expect(book.summary().waiting).toBe(1);
  const next = { zxid: at(1, 2), isProposed: true, begun: 1500, committed: 1501 };
  book.take(2, part([next]));
  expect(book.timingOf(at(7))).toMatchObject({ standing: 'given-up', waitedUs: null });
  expect(book.summary().waiting).toBe(0);
  // The next leader had it and decided it after all.
  book.take(3, part([{ zxid: at(7), begun: 1001, committed: 1502 }]));
  expect(book.timingOf(at(7))!.standing).toBe('committed');
});

test('slow is what took so long, and what waits so long already', () => {
  const book = new TimingBook(16);
  const acks = { 2: 1004, 3: 1400 };
  book.take(
    1,
    part([
      { zxid: at(1), isProposed: true, begun: 1000, durable: 1001, committed: 1004, acks },
      { zxid: at(2), isProposed: true, begun: 1990, durable: 1991 },
    ]),
  );
  const verdicts = (thanMs: number, member: number | null): string[] =>
    [1, 2, 3].map((counter) => book.verdictOf(at(counter), { thanMs, member }));
  expect(verdicts(4, null)).toEqual(['slow', 'slow', 'later']);
  expect(verdicts(5, null)).toEqual(['quick', 'slow', 'later']);
  expect(verdicts(50, null)).toEqual(['quick', 'later', 'later']);
  expect(verdicts(50, 3)).toEqual(['slow', 'later', 'later']);
  expect(verdicts(50, 1)).toEqual(['quick', 'quick', 'later']);
  book.passTo(2100);
  expect(verdicts(50, null)).toEqual(['quick', 'slow', 'later']);
});

test('the oldest are forgotten, and what was overwritten at the leader is counted', () => {
  const book = new TimingBook(4);
  const rows = (...counters: number[]): Row[] =>
    counters.map((n) => ({ zxid: at(n), isProposed: true, begun: 1000 + n, committed: 1001 + n }));
  book.take(1, part(rows(1, 2, 3, 4)));
  book.take(1, part(rows(5, 6), { revision: 2, begun: 6 }));
  expect(book.timingOf(at(1))).toBeNull();
  expect(book.timingOf(at(5))).not.toBeNull();
  expect(book.summary().skipped).toBe(0);
  // Twenty more, of which four were still there.
  book.take(1, part(rows(23, 24, 25, 26), { revision: 3, begun: 26 }));
  expect(book.summary().skipped).toBe(16);
  // Told late of what a newer one has taken the place of.
  book.take(2, part([{ zxid: at(6), begun: 1006 }]));
  expect(book.timingOf(at(6))).toBeNull();
});

test('the summary: shares of all decisions of the last minute', () => {
  const book = new TimingBook(256);
  const rows = Array.from({ length: 100 }, (_, i) => ({
    zxid: at(i + 1),
    isProposed: true,
    begun: 1000,
    committed: 1000 + (i + 1) / 10,
  }));
  book.take(1, part(rows));
  const { commits, p50Us, p90Us, p99Us, maxUs, histogram } = book.summary();
  expect([commits, p50Us, p90Us, p99Us, maxUs]).toEqual([100, 5100, 9100, 10_000, 10_000]);
  expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  expect(histogram.every(({ fromUs, toUs }) => toUs > fromUs)).toBe(true);
  book.passTo(100_000);
  expect(book.summary()).toMatchObject({ commits: 0, p50Us: null, histogram: [] });
});
