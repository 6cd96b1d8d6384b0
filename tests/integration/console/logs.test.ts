/** Logs and snapshots in the console's service: real files of ours and Apache's, filters, growth, damage, limits. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { LogFilter, LogRow, LogState } from '#contract/log-models.ts';
import type { RpcClient } from '#rpc/client.ts';

import type { Client } from '../../../src-server/coordination/client/client.ts';
import type { TestConsole } from '../../peers/console.ts';
import type { Folder } from '../../peers/folders.ts';
import { clientAt, endServedConsole, startServedConsole } from '../../peers/served-console.ts';
import { until } from '../../peers/wait.ts';
import { type OwnServer, startZabring } from '../../peers/zabring.ts';

const APACHE = path.join(import.meta.dirname, '../../fixtures/apache-3.8.0');
/** Where its log.1 ends and is zeros from then on. */
const WRITTEN = 58_351;
const EVERYTHING: LogFilter = {
  ops: [],
  path: '',
  sessionId: null,
  fromZxid: null,
  toZxid: null,
  fromMs: null,
  toMs: null,
  slowerThanMs: null,
  slowAt: null,
};

let folder: Folder;
let server: OwnServer;
let console: TestConsole;
let rpc: RpcClient;
let client: Client;

beforeEach(async () => {
  ({ folder, server, console, rpc, client } = await startServedConsole());
});

afterEach(() => endServedConsole({ folder, server, console, client }));

interface View {
  readonly log: string;
  state(): LogState;
  complete(): Promise<LogState>;
  rows(): Promise<readonly LogRow[]>;
  show(filter: Partial<LogFilter>): Promise<readonly LogRow[]>;
}

async function open(
  path: string,
  { by = rpc, source = 'file' }: { by?: RpcClient; source?: 'file' | 'live' } = {},
): Promise<View> {
  const { log } = await by.call('logs.open', { source, path });
  let state: LogState | null = null;
  by.subscribe('log', { log }, { onEvent: (event) => (state = event), onEnd: () => undefined });
  const current = (): LogState => {
    if (state === null) throw new Error('nothing was told yet');
    return state;
  };
  const complete = (): Promise<LogState> =>
    until('the file is read', () => (current().reading.kind === 'complete' ? current() : null));
  const rows = async (): Promise<readonly LogRow[]> =>
    (await by.call('logs.window', { log, from: 0, count: 1000 })).rows;
  return {
    log,
    state: current,
    complete,
    rows,
    show: async (filter) => {
      const { revision } = current();
      await by.call('logs.filter', { log, filter: { ...EVERYTHING, ...filter } });
      await until('the filter is in force', () => current().revision > revision);
      await complete();
      return rows();
    },
  };
}

const apache = (name: string): string => path.join(APACHE, name);
const briefly = (rows: readonly LogRow[]): string[] =>
  rows.map((row) =>
    row.kind === 'txn'
      ? `${row.op} ${row.path ?? ''}`
      : row.kind === 'mark'
        ? row.damage
        : row.path,
  );

describe('Apache’s files', () => {
  test('a log: all of it, by windows, each transaction in full', async () => {
    const view = await open(apache('log.1'));
    const { rowCount, seen, span } = await view.complete();
    expect([rowCount, seen, span?.firstZxid, span?.lastZxid]).toEqual([54, 54, 1, 54]);
    const rows = await view.rows();
    const last = rows.at(-1);
    expect(last).toMatchObject({ kind: 'txn', op: 'create', path: '/rich/last', zxid: 54 });
    const record = await rpc.call('logs.record', { log: view.log, row: 53, at: last!.at });
    expect(record).toMatchObject({
      kind: 'txn',
      file: apache('log.1'),
      digest: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      whole: { op: 'create', path: '/rich/last', isEphemeral: false },
    });
    await expect(rpc.call('logs.record', { log: view.log, row: 52, at: last!.at })).rejects.toThrow(
      /something else/,
    );
    const large = rows.findIndex((row) => row.kind === 'txn' && row.path === '/rich/large');
    const row = rows[large] as Extract<LogRow, { kind: 'txn' }>;
    expect(row.data).toMatchObject({ bytes: 50_000 });
    expect(row.data?.start).toHaveLength(96);
    const whole = await rpc.call('logs.record', { log: view.log, row: large, at: row.at });
    expect(whole.kind === 'txn' ? whole.whole.data?.length : 0).toBe(50_000);
    expect(await rpc.call('logs.find', { log: view.log, zxid: 30 })).toEqual({ row: 29 });
    expect(await rpc.call('logs.find', { log: view.log, zxid: 1000 })).toEqual({ row: 53 });
  });

  test('filters are carried out where the file is', async () => {
    const view = await open(apache('log.1'));
    await view.complete();
    expect(briefly(await view.show({ path: '/rich/box' }))).toEqual([
      'createContainer /rich/box',
      'createContainer /rich/box/used',
    ]);
    const refused = await view.show({ ops: ['error'] });
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((row) => row.kind === 'txn' && row.error !== null)).toBe(true);
    expect(await view.show({ fromZxid: 10, toZxid: 12 })).toHaveLength(3);
    expect(view.state().seen).toBe(54);
    expect(await view.show({})).toHaveLength(54);
  });

  test('a snapshot: nodes with list and stat, and what it says of itself', async () => {
    const view = await open(apache('snapshot.36'));
    const { snapshot } = await view.complete();
    expect(snapshot).toMatchObject({ digest: { zxid: 0x36 }, lastZxid: null });
    expect(snapshot?.nodeCount).toBe((await view.rows()).length);
    const rows = await view.show({ path: 'hers' });
    expect(briefly(rows)).toEqual(['/rich/hers', '/rich/hers/own']);
    expect(await rpc.call('logs.record', { log: view.log, row: 0, at: rows[0]!.at })).toMatchObject(
      {
        kind: 'node',
        czxid: 39,
        acl: [{ scheme: 'digest', id: 'ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=', permissions: 31 }],
      },
    );
  });
});

describe('the member’s own files', () => {
  test('are listed, and the log follows what is written', async () => {
    const files = await rpc.call('logs.files', null);
    expect(files.map(({ kind }) => kind).sort()).toEqual(['log', 'snapshot']);
    const log = files.find(({ kind }) => kind === 'log')!;
    const view = await open(log.path);
    await view.complete();
    const before = view.state().rowCount;
    await client.create('/seen', Buffer.from('{"a":1}'));
    await client.delete('/seen', -1);
    await until('both are there', () => view.state().rowCount === before + 2);
    expect(briefly((await view.rows()).slice(-2))).toEqual(['create2 /seen', 'delete /seen']);
  });

  test('a filter stays in force for what follows', async () => {
    const log = (await rpc.call('logs.files', null)).find(({ kind }) => kind === 'log')!;
    const view = await open(log.path);
    await view.complete();
    expect(await view.show({ path: '/wanted' })).toEqual([]);
    await client.create('/unwanted', null);
    await client.create('/wanted', null);
    await until('the one is there', () => view.state().rowCount === 1);
    expect(briefly(await view.rows())).toEqual(['create2 /wanted']);
  });

  test('live: from one log to the next', async () => {
    const view = await open(path.join(folder.path, 'version-2'), { source: 'live' });
    await view.complete();
    await client.create('/one', null);
    const again = await restart();
    await again.create('/two', null);
    await until('both are there', async () => {
      const seen = briefly(await view.rows());
      return seen.includes('create2 /one') && seen.includes('create2 /two');
    });
    expect((await rpc.call('logs.files', null)).filter(({ kind }) => kind === 'log')).toHaveLength(
      2,
    );
    await again.close();
  });

  /** A member that is started again begins a new log. */
  async function restart(): Promise<Client> {
    await client.close();
    await server.stop();
    server = await startZabring(folder.path);
    return clientAt(server);
  }
});

describe('damage', () => {
  test('a changed byte and a torn end are lines of their own', async () => {
    const bytes = fs.readFileSync(apache('log.1'));
    bytes[2600]! ^= 1;
    const file = path.join(folder.path, 'hurt');
    fs.writeFileSync(file, bytes.subarray(0, WRITTEN - 20));
    const view = await open(file);
    await view.complete();
    const marks = (await view.rows()).filter((row) => row.kind === 'mark');
    expect(marks).toEqual([
      {
        kind: 'mark',
        at: 863,
        bytes: 3108,
        damage: 'damaged',
        problem: 'the record does not match its checksum',
        reason: 'mismatch',
      },
      expect.objectContaining({ damage: 'torn', reason: 'unfinished' }),
    ]);
    expect(view.state().marks).toBe(2);
    // Whatever is looked for: where something is missing, it might have been that.
    expect(briefly(await view.show({ path: '/nowhere' }))).toEqual(['damaged', 'torn']);
  });

  test('a snapshot that was cut shows what it has', async () => {
    const file = path.join(folder.path, 'cut');
    fs.writeFileSync(file, fs.readFileSync(apache('snapshot.36')).subarray(0, 2500));
    const view = await open(file);
    const { snapshot } = await view.complete();
    expect(snapshot).toBeNull();
    expect((await view.rows()).at(-1)).toMatchObject({ kind: 'mark', damage: 'damaged' });
  });
});

describe('what may be opened', () => {
  test('nothing but logs and snapshots, and the refusals tell nothing', async () => {
    const secret = path.join(folder.path, 'secret');
    fs.writeFileSync(secret, 'a password');
    const pipe = path.join(folder.path, 'pipe');
    if (process.platform !== 'win32') execFileSync('mkfifo', [pipe]);
    const refusals = await Promise.all(
      [secret, pipe, folder.path, path.join(folder.path, 'nothing'), '/dev/zero', '/root/x/y'].map(
        async (file) => {
          const error: unknown = await rpc
            .call('logs.open', { source: 'file', path: file })
            .catch((e: unknown) => e);
          return error instanceof Error ? error.message.replace(file, 'FILE') : 'opened';
        },
      ),
    );
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain('FILE is no log and no snapshot that this program may read');
    await expect(rpc.call('logs.open', { source: 'file', path: 'log.1' })).rejects.toThrow(
      /begins at the root/,
    );
    await expect(rpc.call('logs.open', { source: 'live', path: folder.path })).rejects.toThrow(
      /the folder of no member/,
    );
  });

  test('at most eight at a time, and none for longer than the connection', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) ids.push((await open(apache('log.1'))).log);
    const window = (log: string): Promise<unknown> =>
      rpc.call('logs.window', { log, from: 0, count: 1 });
    await expect(window(ids[0]!)).rejects.toThrow(/no open log/);
    await window(ids[1]!);

    const other = console.connect();
    const { log } = await open(apache('log.1'), { by: other });
    await window(log);
    other.close();
    await until('it is closed', () =>
      window(log).then(
        () => false,
        () => true,
      ),
    );
  });

  test('reading can be stopped, and begins again with a filter', async () => {
    const one = fs.readFileSync(apache('log.1')).subarray(0, WRITTEN);
    const file = path.join(folder.path, 'long');
    fs.writeFileSync(file, one);
    for (let i = 0; i < 1500; i++) fs.appendFileSync(file, one.subarray(16));
    const view = await open(file);
    await rpc.call('logs.stop', { log: view.log });
    const stopped = await until('it has stopped', () =>
      view.state().reading.kind === 'stopped' ? view.state() : null,
    );
    expect(stopped.rowCount).toBeLessThan(54 * 1501);
    expect((await view.show({ path: '/rich/last' })).length).toBe(1000);
    expect(view.state()).toMatchObject({ seen: 54 * 1501, rowCount: 1501 });
  });
});
