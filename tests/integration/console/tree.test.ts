/** The console's tree over a real member: lines, facts, changes by themselves, and watches only where somebody looks. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { TreeWindow } from '#contract/models.ts';
import type { RpcClient } from '#rpc/client.ts';

import type { Client } from '../../../src-server/coordination/client/client.ts';
import type { TestConsole } from '../../peers/console.ts';
import type { Folder } from '../../peers/folders.ts';
import { endServedConsole, startServedConsole } from '../../peers/served-console.ts';
import { until } from '../../peers/wait.ts';
import type { OwnServer } from '../../peers/zabring.ts';

let folder: Folder;
let server: OwnServer;
let console: TestConsole;
let rpc: RpcClient;
let client: Client;

beforeEach(async () => {
  ({ folder, server, console, rpc, client } = await startServedConsole());
});

afterEach(() => endServedConsole({ folder, server, console, client }));

const OPEN = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

async function openTree(): Promise<{
  tree: string;
  look: (from?: number, count?: number) => Promise<TreeWindow>;
}> {
  const { tree } = await rpc.call('tree.open', { cluster: 'local', order: 'name' });
  return { tree, look: (from = 0, count = 50) => rpc.call('tree.window', { tree, from, count }) };
}

test('lines appear, with facts and marks, and follow what other clients do', async () => {
  const { tree, look } = await openTree();
  await client.create('/app', Buffer.from('x'));
  await client.create('/app/e', null, { mode: 'ephemeral' });
  await client.create('/app/c', null, { mode: 'container' });
  await client.create('/app/t', null, { mode: 'persistent-ttl', ttlMs: 60_000 });
  await client.create('/app/s-', null, { mode: 'persistent-sequential' });

  await until('the root lists /app', async () =>
    (await look()).rows.some(({ path }) => path === '/app'),
  );
  await rpc.call('tree.expand', { tree, path: '/app' });
  const rows = await until('every line has its facts', async () => {
    const window = await look();
    return window.rows.length === 7 && window.rows.every(({ facts }) => facts !== null)
      ? window.rows
      : null;
  });
  expect(
    rows.map(({ path, depth, facts }) => [path, depth, facts?.kind, facts?.isSequential]),
  ).toEqual([
    ['/', 0, 'persistent', false],
    ['/app', 1, 'persistent', false],
    ['/app/c', 2, 'container', false],
    ['/app/e', 2, 'ephemeral', false],
    ['/app/s-0000000003', 2, 'persistent', true],
    ['/app/t', 2, 'ttl', false],
    ['/zookeeper', 1, 'persistent', false],
  ]);
  expect(rows[1]?.facts?.numChildren).toBe(4);

  const before = (await look()).rows.find(({ path }) => path === '/app/t')?.facts?.version;
  await client.setData('/app/t', Buffer.from('new'), -1);
  await client.create('/app/zz', null);
  await until('a change and a new node show by themselves', async () => {
    const window = await look();
    const changed =
      window.rows.find(({ path }) => path === '/app/t')?.facts?.version === (before ?? 0) + 1;
    return changed && window.rows.some(({ path }) => path === '/app/zz');
  });
});

test('a collapsed line shows how its children come and go', async () => {
  const { look } = await openTree();
  await client.create('/dir', null);
  const countIs = (count: number) => async (): Promise<boolean> =>
    (await look()).rows.find(({ path }) => path === '/dir')?.facts?.numChildren === count;
  await until('it has no children', countIs(0));
  await client.create('/dir/a', null);
  await until('it has one', countIs(1));
  await client.delete('/dir/a', -1);
  await until('it has none again', countIs(0));
});

test('one level of 100,000 children is read once and shown in windows', async () => {
  await client.create('/many', null);
  const names = Array.from({ length: 100_000 }, (_, i) => `n-${i}`);
  await Promise.all(names.map((name) => client.create(`/many/${name}`, null)));
  const { tree, look } = await openTree();
  await rpc.call('tree.reveal', { tree, path: '/many/n-99999' });
  const { row } = await rpc.call('tree.find', { tree, path: '/many/n-99999' });
  const window = await look(row ?? 0, 1);
  expect(window.rows[0]?.path).toBe('/many/n-99999');
  expect(window.rowCount).toBe(100_003);
  // Numbers within names count as numbers.
  expect((await look(2, 3)).rows.map(({ name }) => name)).toEqual(['n-0', 'n-1', 'n-2']);

  await look(50_000, 40);
  const clusters = await new Promise<{ watchCount: number }[]>((resolve) => {
    const subscription = rpc.subscribe('clusters', null, {
      onEvent: (event) => {
        subscription.close();
        resolve([...event]);
      },
    });
  });
  // Two expanded nodes, at most two screens of lines, and a few that linger.
  expect(clusters[0]?.watchCount).toBeLessThan(100);
});

test('a save lands only on the node that was opened', async () => {
  await client.create('/doc', Buffer.from('one'));
  const opened = await rpc.call('znodes.get', { cluster: 'local', path: '/doc' });
  const save = {
    cluster: 'local',
    path: '/doc',
    version: opened.stat.version,
    czxid: opened.stat.czxid,
  };

  await client.setData('/doc', Buffer.from('two'), -1);
  const stale = await rpc.call('znodes.save', { ...save, data: Buffer.from('mine') });
  expect(stale).toMatchObject({
    kind: 'conflict',
    theirs: { data: new Uint8Array(Buffer.from('two')) },
  });

  // Deleted and made anew, the version fits again, and only the creation tells.
  await client.delete('/doc', -1);
  await client.create('/doc', Buffer.from('other'));
  const anew = await rpc.call('znodes.save', { ...save, data: Buffer.from('mine') });
  expect(anew).toMatchObject({
    kind: 'conflict',
    theirs: { data: new Uint8Array(Buffer.from('other')) },
  });
  expect((await client.getData('/doc')).data?.toString()).toBe('other');

  await client.delete('/doc', -1);
  expect(await rpc.call('znodes.save', { ...save, data: Buffer.from('mine') })).toEqual({
    kind: 'gone',
  });
});

test('deleting a tree shows what would go, and goes no further than that', async () => {
  await rpc.call('znodes.create', {
    cluster: 'local',
    path: '/a/b/c',
    mode: 'persistent',
    data: Buffer.from('xyz'),
    acl: OPEN,
    ttlMs: null,
    withParents: true,
  });
  const plan = await rpc.call('znodes.planDelete', { cluster: 'local', path: '/a' });
  expect(plan).toMatchObject({
    nodes: 3,
    bytes: 3,
    ephemerals: 0,
    sample: ['/a/b/c', '/a/b', '/a'],
  });

  await client.create('/a/b/late', null);
  const { operation } = await rpc.call('znodes.deleteTree', {
    cluster: 'local',
    path: '/a',
    token: plan.token,
  });
  const end = await new Promise<{ kind: string }>((resolve) => {
    rpc.subscribe(
      'operation',
      { operation },
      {
        onEvent: (state) => {
          if (state.kind !== 'running') resolve(state);
        },
      },
    );
  });
  expect(end).toMatchObject({
    kind: 'failed',
    why: '/a/b has got new children since the plan was shown',
  });
  expect(await client.exists('/a/b/late')).not.toBeNull();
});

test('a line knows its place among its siblings', async () => {
  await client.create('/a', null);
  await client.create('/b', null);
  await client.create('/b/x', null);
  const { tree, look } = await openTree();
  await rpc.call('tree.reveal', { tree, path: '/b/x' });
  const { rows } = await look();
  expect(rows.map(({ path, position, siblings }) => [path, position, siblings])).toEqual([
    ['/', 0, 1],
    ['/a', 0, 3],
    ['/b', 1, 3],
    ['/b/x', 0, 1],
    ['/zookeeper', 2, 3],
  ]);
});

test('a node made a moment ago is revealed, though its parent was read just before', async () => {
  const { tree, look } = await openTree();
  await until('the root was read', async () => (await look()).rowCount > 1);
  for (const path of ['/new', '/new/er', '/new/er/est']) {
    await client.create(path, null);
    expect(await rpc.call('tree.reveal', { tree, path })).toMatchObject({ path });
  }
  expect(await rpc.call('tree.reveal', { tree, path: '/new/none' })).toEqual({
    row: 1,
    path: '/new',
  });
});

test('planning a deletion counts aloud', async () => {
  await client.create('/many', null);
  await Promise.all(Array.from({ length: 20_000 }, (_, i) => client.create(`/many/n-${i}`, null)));
  const counts: number[] = [];
  const node = { cluster: 'local', path: '/many' };
  rpc.subscribe('planning', node, { onEvent: ({ nodes }) => counts.push(nodes) });
  expect((await rpc.call('znodes.planDelete', node)).nodes).toBe(20_001);
  expect(counts.length).toBeGreaterThan(0);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
});

test('an identity that was proved is told', async () => {
  await rpc.call('clusters.connect', {
    id: 'local',
    credentials: [{ scheme: 'digest', auth: 'ada:secret' }],
  });
  const identities = await rpc.call('clusters.identities', { id: 'local' });
  expect(identities).toContainEqual({ scheme: 'digest', user: 'ada' });
});

test('what may not be read says so by its code', async () => {
  const secret = [{ scheme: 'digest', id: 'ada:xxxxxxxxxxxxxxxxxxxxxxxxxxx=', permissions: 31 }];
  await client.create('/closed', null, { acl: secret });
  const { tree, look } = await openTree();
  await rpc.call('tree.reveal', { tree, path: '/closed' });
  await rpc.call('tree.expand', { tree, path: '/closed' });
  const row = (await look()).rows.find(({ path }) => path === '/closed');
  expect(row?.problem).toMatchObject({ code: 'no-auth' });
  await until('its facts are refused as well', async () =>
    (await look()).rows.some(({ path, refusal }) => path === '/closed' && refusal === 'no-auth'),
  );
  const event = await new Promise((resolve) => {
    rpc.subscribe('znode', { cluster: 'local', path: '/closed' }, { onEvent: resolve });
  });
  expect(event).toMatchObject({ kind: 'unknown', code: 'no-auth' });
});
