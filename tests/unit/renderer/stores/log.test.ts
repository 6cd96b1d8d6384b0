/** The open log: sources, windows, filter, the chosen line, standing still, and a connection that breaks. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { LogRow, LogState, StoredFile } from '#contract/log-models.ts';

import { type LogSource, useLog } from '../../../../src-renderer/stores/log.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const FOLDER = '/data/version-2';
const FILE: StoredFile = {
  kind: 'log',
  path: `${FOLDER}/log.1`,
  name: 'log.1',
  folder: FOLDER,
  member: null,
  bytes: 100,
  modifiedMs: 5,
  zxid: 1,
  nextZxid: null,
};
const LIVE: LogSource = { source: 'live', path: FOLDER };

function rowAt(index: number): Extract<LogRow, { kind: 'txn' }> {
  return {
    kind: 'txn',
    at: 16 + index,
    zxid: index + 1,
    timeMs: 5,
    op: 'setData',
    sessionId: '000000000000001a',
    cxid: index,
    path: '/a',
    morePaths: 0,
    error: null,
    data: { bytes: 1, start: Uint8Array.of(65) },
    parts: 0,
    timing: null,
    client: null,
  };
}

function stateOf(rowCount: number, part: Partial<LogState> = {}): LogState {
  return {
    revision: rowCount,
    rowCount,
    seen: rowCount,
    marks: 0,
    forgotten: 0,
    reading: { kind: 'complete' },
    span: null,
    snapshot: null,
    timings: null,
    ...part,
  };
}

let opened = 0;

beforeEach(async () => {
  opened = 0;
  const console = fake();
  console.answer('logs.files', () => [FILE]);
  console.answer('logs.open', ({ path }) => ({ log: `log-${++opened}`, kind: 'log', path }));
  console.answer('logs.close', () => undefined);
  console.answer('logs.filter', () => undefined);
  console.answer('logs.window', ({ from, count }) => ({
    revision: 1,
    rowCount: 100,
    from,
    rows: Array.from({ length: count }, (_, i) => rowAt(from + i)),
  }));
  console.answer('logs.record', ({ at }) => ({
    kind: 'txn',
    file: FILE.path,
    at,
    bytes: 60,
    zxid: 3,
    timeMs: 5,
    sessionId: '000000000000001a',
    cxid: 2,
    digest: null,
    whole: {
      op: 'setData',
      path: '/a',
      data: Uint8Array.of(65),
      acl: null,
      version: 1,
      parentCversion: null,
      isEphemeral: null,
      ttlMs: null,
      timeoutMs: null,
      error: null,
      deletes: null,
    },
    parts: [],
  }));
  console.begin('log', () => stateOf(100));
  await console.connect();
});

async function entered(): Promise<ReturnType<typeof useLog>> {
  const log = useLog();
  await log.enter();
  log.look({ from: 0, count: 10 });
  await settled();
  return log;
}

test('begins with what the member writes, and shows lines by windows', async () => {
  const log = await entered();
  expect(log.source).toEqual(LIVE);
  expect(fake().paramsOf('logs.open')).toEqual([LIVE]);
  expect([log.rowCount, log.rowAt(3)?.at, log.rowAt(50)]).toEqual([100, 19, null]);
});

test('another source takes the place of the one before', async () => {
  const log = await entered();
  await log.open({ source: 'file', path: '/elsewhere/log.9' });
  expect(fake().paramsOf('logs.close')).toEqual([{ log: 'log-1' }]);
  expect(log.recent).toEqual(['/elsewhere/log.9']);
  await log.open({ source: 'file', path: FILE.path });
  expect(log.recent).toEqual(['/elsewhere/log.9']);
});

test('a file that is refused says so, and nothing of the one before is shown', async () => {
  const log = await entered();
  fake().refuse('logs.open', new ApiError('not-found', '/etc/passwd is no log'));
  await log.open({ source: 'file', path: '/etc/passwd' });
  expect([log.problem, log.state, log.window]).toEqual(['/etc/passwd is no log', null, null]);
});

describe('a filter', () => {
  test('is asked for once somebody pauses, and at once for a button', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const log = await entered();
    for (const path of ['/', '/a', '/ab']) log.search({ path });
    await vi.advanceTimersByTimeAsync(250);
    expect(
      fake()
        .paramsOf('logs.filter')
        .map(({ filter }) => filter.path),
    ).toEqual(['/ab']);
    log.search({ groups: ['delete'] });
    await vi.advanceTimersByTimeAsync(0);
    expect(fake().paramsOf('logs.filter').at(-1)?.filter).toMatchObject({
      path: '/ab',
      ops: ['delete', 'deleteContainer'],
    });
    vi.useRealTimers();
  });

  test('holds for the next file, too', async () => {
    const log = await entered();
    log.search({ groups: ['set'] });
    await settled();
    await log.open({ source: 'file', path: FILE.path });
    expect(fake().paramsOf('logs.filter').at(-1)).toMatchObject({ log: 'log-2' });
  });
});

test('the chosen line is fetched whole, once', async () => {
  const log = await entered();
  log.choose({ index: 2, row: rowAt(2) });
  expect(log.chosen?.record).toBeNull();
  await settled();
  expect(log.chosen?.record).toMatchObject({ kind: 'txn', at: 18 });
  log.choose({ index: 2, row: rowAt(2) });
  await settled();
  expect(fake().paramsOf('logs.record')).toEqual([{ log: 'log-1', row: 2, at: 18 }]);
  log.choose(null);
  expect(log.chosen).toBeNull();
});

test('standing still keeps the lines while more are written', async () => {
  const log = await entered();
  log.pause();
  fake().say('log', stateOf(120));
  await settled();
  expect([log.rowCount, log.state?.rowCount]).toEqual([100, 120]);
  log.resume();
  expect(log.rowCount).toBe(120);
});

test('a new connection opens what was open, with its filter', async () => {
  const log = await entered();
  log.search({ groups: ['set'] });
  await settled();
  await fake().break();
  await vi.waitFor(() => expect(fake().paramsOf('logs.filter')).toHaveLength(2));
  expect(fake().paramsOf('logs.open')).toEqual([LIVE, LIVE]);
});

test('who leaves the page holds nothing open, and comes back to the same', async () => {
  const log = await entered();
  log.leave();
  await settled();
  expect(fake().paramsOf('logs.close')).toEqual([{ log: 'log-1' }]);
  await log.enter();
  expect(fake().paramsOf('logs.open')).toEqual([LIVE, LIVE]);
});

test('at the end, new lines count when they have come', async () => {
  const log = await entered();
  log.look({ from: 90, count: 10 });
  await settled();
  log.follow(true);
  const held = fake().hold('logs.window');
  fake().say('log', stateOf(103));
  await settled();
  expect([log.rowCount, log.state?.rowCount]).toEqual([100, 103]);
  expect(fake().paramsOf('logs.window').at(-1)).toMatchObject({ from: 93, count: 10 });
  const rows = Array.from({ length: 10 }, (_, i) => rowAt(93 + i));
  held.shift()!({ revision: 2, rowCount: 103, from: 93, rows });
  await settled();
  expect([log.rowCount, log.rowAt(102)?.at]).toEqual([103, 118]);
  // Whoever looks at what came before is told at once how many there are.
  fake().say('log', stateOf(105));
  await settled();
  log.follow(false);
  expect(log.rowCount).toBe(105);
});

test('all members together come first where there are several', async () => {
  fake().answer('logs.files', () =>
    [1, 2].map((member) => ({ ...FILE, member, folder: `/data/${member}` })),
  );
  const log = await entered();
  expect(log.source).toEqual({ source: 'ensemble', path: '' });
  expect(log.liveSources().map(({ path }) => path)).toEqual(['', '/data/1', '/data/2']);
});

test('the chosen line goes along when its times change', async () => {
  const log = await entered();
  log.choose({ index: 2, row: rowAt(2) });
  await settled();
  fake().answer('logs.window', ({ from, count }) => ({
    revision: 2,
    rowCount: 100,
    from,
    rows: Array.from({ length: count }, (_, i) => ({
      ...rowAt(from + i),
      client: { address: '127.0.0.1:5', member: 1 },
    })),
  }));
  fake().say('log', stateOf(100));
  await settled();
  expect(log.chosen).toMatchObject({ index: 2, row: { client: { member: 1 } } });
  expect(log.chosen?.record).not.toBeNull();
});
