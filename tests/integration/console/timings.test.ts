/** When the members of a real host had transactions: everybody's times, in their order; what waits, what was slow, who asked. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LogFilter, LogRow, LogState } from '#contract/log-models.ts';
import type { TxnTiming } from '#contract/timing-models.ts';
import type { RpcClient } from '#rpc/client.ts';

import { EVERYTHING } from '../../../src-server/console/service/log-filter.ts';
import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { HostedEnsemble, leaderOf } from '../../peers/hosted-ensemble.ts';
import { until } from '../../peers/wait.ts';

type TxnRow = Extract<LogRow, { kind: 'txn' }>;

let ensemble: HostedEnsemble;
let rpc: RpcClient;
let client: Client;
let log: string;
let state: LogState | null;

beforeEach(async () => {
  ensemble = await HostedEnsemble.start({ members: 3, observers: 1 });
  ({ rpc } = ensemble);
  const view = await ensemble.sees('all four serve', (now) => {
    const serving = now.members.filter(({ local }) => local?.kind === 'serving');
    return serving.length === 4 && leaderOf(now) !== null;
  });
  client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: view.members.find(({ id }) => id === leaderOf(view))!.address!,
    sessionTimeoutMs: 30_000,
  });
  await client.ready();
  ({ log } = await rpc.call('logs.open', { source: 'ensemble', path: '' }));
  state = null;
  rpc.subscribe('log', { log }, { onEvent: (event) => (state = event) });
  await until('all four note times', () => {
    const told = state?.timings?.members.filter(({ tells }) => tells) ?? [];
    return told.length === 4;
  });
});

afterEach(async () => {
  await client.close().catch(() => undefined);
  await ensemble.close();
});

function leader(): number | null {
  return leaderOf(ensemble.view);
}

function followers(): number[] {
  return ensemble.view.members.filter(({ role }) => role === 'follower').map(({ id }) => id!);
}

async function rows(): Promise<TxnRow[]> {
  const window = await rpc.call('logs.window', { log, from: 0, count: 1000 });
  return window.rows.filter((row) => row.kind === 'txn');
}

/** The line about this node, once it fits. */
function line(what: string, path: string, fits: (row: TxnRow) => boolean): Promise<TxnRow> {
  return until(
    what,
    async () => (await rows()).find((row) => row.path === path && fits(row)) ?? null,
  );
}

const isApplied = ({ members: all }: TxnTiming): boolean =>
  all.length === 4 &&
  all.every(({ durableUs, appliedUs }) => durableUs !== null && appliedUs !== null);

const show = (filter: Partial<LogFilter>): Promise<unknown> =>
  rpc.call('logs.filter', { log, filter: { ...EVERYTHING, ...filter } });

test('a write: everybody’s times, one after the other, and who asked for it', async () => {
  await client.create('/timed', Buffer.from('x'));
  const row = await line('all have it', '/timed', ({ timing, client: who }) => {
    return timing !== null && isApplied(timing) && who !== null;
  });
  const timing = row.timing!;
  expect(timing).toMatchObject({ leader: leader(), standing: 'committed', waitedUs: null });
  const commitUs = timing.commitUs!;
  for (const one of timing.members) {
    const { receivedUs, appendedUs, durableUs, committedUs, appliedUs } = one;
    expect(one.tells).toBe(true);
    expect(receivedUs === null).toBe(one.id === timing.leader);
    const inOrder = [0, receivedUs ?? 0, appendedUs!, durableUs!];
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    // Nobody knows of the decision before it is made, and whoever knows applies it.
    expect(committedUs!).toBeGreaterThanOrEqual(commitUs);
    expect(appliedUs!).toBeGreaterThanOrEqual(committedUs!);
  }
  // Two of three voters had it on disk, and the leader knew, before it was decided; the observer was not asked.
  const voters = timing.members.filter(({ ackUs }) => ackUs !== null);
  expect(voters).toHaveLength(3);
  for (const { durableUs, ackUs } of voters) expect(ackUs!).toBeGreaterThanOrEqual(durableUs!);
  const inTime = voters.filter(({ ackUs }) => ackUs! <= commitUs);
  expect(inTime.length).toBeGreaterThanOrEqual(2);
  expect(inTime.map(({ id }) => id)).toContain(timing.quorumBy);
  expect(row.client).toEqual({
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    member: leader(),
  });
  const summary = await until('it is counted', () =>
    (state?.timings?.commits ?? 0) > 0 ? state!.timings : null,
  );
  expect(summary).toMatchObject({ leader: leader(), skipped: 0, waiting: 0 });
  expect(summary.p50Us).not.toBeNull();
});

test('without a quorum it waits, is seen to, and is found among the slow ones afterwards', async () => {
  await client.create('/before', null);
  const quick = await line(
    'it is decided',
    '/before',
    ({ timing }) => timing !== null && timing.commitUs !== null,
  );
  /** Longer than that one took. */
  const thanMs = quick.timing!.commitUs! / 1000 + 100;
  const paused = followers();
  for (const id of paused) await rpc.call('ensemble.order', { id, what: 'pause' });
  const writing = client.create('/stuck', null);
  const waiting = await line('it waits', '/stuck', ({ timing }) => timing?.standing === 'waiting');
  expect(waiting.timing).toMatchObject({ commitUs: null, quorumBy: null });
  const waitsLong = ({ timing }: TxnRow): boolean => (timing?.waitedUs ?? 0) > thanMs * 1000;
  await line('it grows older', '/stuck', waitsLong);
  await show({ slowerThanMs: thanMs });
  await line('what waits is slow', '/stuck', waitsLong);
  for (const id of paused) await rpc.call('ensemble.order', { id, what: 'resume' });
  await writing;
  const late = await line(
    'it is decided',
    '/stuck',
    ({ timing }) => timing !== null && timing.commitUs !== null,
  );
  expect(late.timing!.commitUs!).toBeGreaterThan(thanMs * 1000);
  expect(paused).toContain(late.timing!.quorumBy);
  expect((await rows()).map((row) => row.path)).not.toContain('/before');
  // The leader's own disk was not what it waited for.
  const own = late.timing!.members.find(({ id }) => id === late.timing!.leader)!;
  await show({ slowerThanMs: own.ackUs! / 1000 - 0.01, slowAt: own.id });
  await line('it is as slow as that', '/stuck', () => true);
  await show({ slowerThanMs: own.ackUs! / 1000 + 0.01, slowAt: own.id });
  await until('it is not slower', async () => (await rows()).every((row) => row.path !== '/stuck'));
});

test('the log of whoever leads, from leader to leader', async () => {
  await client.create('/first', null);
  await line('it is there', '/first', () => true);
  const before = leader()!;
  await rpc.call('ensemble.order', { id: before, what: 'stop' });
  await until('another leads', () => leader() !== null && leader() !== before);
  const other = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: ensemble.view.members.find(({ id }) => id === leader())!.address!,
    sessionTimeoutMs: 30_000,
  });
  try {
    await other.create('/second', null);
    const row = await line(
      'it is there',
      '/second',
      ({ timing }) => timing !== null && timing.commitUs !== null,
    );
    expect(row.timing!.leader).toBe(leader());
    const zxids = (await rows()).map(({ zxid }) => zxid);
    expect(zxids).toEqual([...new Set(zxids)].sort((a, b) => a - b));
  } finally {
    await other.close();
  }
});
