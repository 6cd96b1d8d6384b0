/** Our client against our server and against Apache's: requests, watches, lost connections, expired sessions. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { Client, ClientError, type Event } from '../../../src-server/coordination/client/client.ts';
import { OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { startApache } from '../../peers/apache.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { type Proxy, startProxy } from '../../peers/proxy.ts';
import { until } from '../../peers/wait.ts';
import { startZabring } from '../../peers/zabring.ts';

interface Stoppable {
  readonly port: number;
  stop(): Promise<void>;
}

const PLATFORM = nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined });

describe('our server', () => {
  suite((folder) => startZabring(folder));
});

describeWith([APACHE], "Apache's server", () => {
  suite((folder) => startApache({ folder }));
});

function suite(start: (folder: string) => Promise<Stoppable>): void {
  let folder: Folder;
  let server: Stoppable;
  let proxy: Proxy;
  let client: Client;
  let other: Client;
  let nextRoot = 0;
  let root: string;

  const connect = (
    port: number,
    more: { chroot?: string; sessionTimeoutMs?: number } = {},
  ): Client =>
    new Client({
      platform: PLATFORM,
      connect: `127.0.0.1:${port}${more.chroot ?? ''}`,
      sessionTimeoutMs: more.sessionTimeoutMs ?? 10_000,
    });

  beforeAll(async () => {
    folder = temporaryFolder();
    server = await start(folder.path);
    proxy = await startProxy(server.port);
  });

  afterAll(async () => {
    await proxy.close();
    await server.stop();
    folder[Symbol.dispose]();
  });

  beforeEach(async () => {
    client = connect(proxy.port);
    other = connect(server.port);
    root = `/t${nextRoot++}`;
    await client.create(root, null);
  });

  afterEach(async () => {
    proxy.setOpen(true);
    await client.close();
    await other.close();
  });

  test('every kind of request', async () => {
    const made = await client.create(`${root}/a`, Buffer.from('one'));
    expect(made.stat.version).toBe(0);
    expect((await client.create(`${root}/s-`, null, { mode: 'persistent-sequential' })).path).toBe(
      `${root}/s-0000000001`,
    );
    await client.create(`${root}/c`, null, { mode: 'container' });
    await client.create(`${root}/ttl`, null, { mode: 'persistent-ttl', ttlMs: 60_000 });
    const ephemeral = await client.create(`${root}/e`, null, { mode: 'ephemeral' });
    expect(ephemeral.stat.ephemeralOwner).toBe(client.sessionId);
    expect((await client.getData(`${root}/a`)).data?.toString()).toBe('one');
    expect((await client.setData(`${root}/a`, null, 0)).version).toBe(1);
    expect((await client.getData(`${root}/a`)).data).toBeNull();
    await expect(client.setData(`${root}/a`, null, 0)).rejects.toMatchObject({
      code: Code.BAD_VERSION,
      path: `${root}/a`,
    });
    expect((await client.getChildren(root)).names.sort()).toEqual([
      'a',
      'c',
      'e',
      's-0000000001',
      'ttl',
    ]);
    expect(await client.countBelow(root)).toBe(5);
    expect(await client.ephemerals(root)).toEqual([`${root}/e`]);
    expect(await client.exists(`${root}/none`)).toBeNull();
    expect((await client.getAcl(`${root}/a`)).acl).toEqual(OPEN_ACL);
    client.addAuth('digest', Buffer.from('me:pw'));
    const mine = [{ permissions: 31, scheme: 'auth', id: '' }];
    expect((await client.setAcl(`${root}/a`, mine, 0)).aversion).toBe(1);
    await expect(other.getData(`${root}/a`)).rejects.toMatchObject({ code: Code.NO_AUTH });
    expect(await client.whoAmI()).toContainEqual({ scheme: 'digest', user: 'me' });
    await client.sync();
    await client.delete(`${root}/c`, -1);
    await expect(client.delete(`${root}/c`, -1)).rejects.toBeInstanceOf(ClientError);
  });

  test('a transaction happens whole or not at all', async () => {
    const done = await client.multi([
      { kind: 'create', path: `${root}/m`, data: Buffer.from('x') },
      { kind: 'set', path: `${root}/m`, data: Buffer.from('y'), version: 0 },
      { kind: 'check', path: `${root}/m`, version: 1 },
    ]);
    expect(done.map(({ code }) => code)).toEqual([0, 0, 0]);
    const undone = await client.multi([
      { kind: 'delete', path: `${root}/m`, version: -1 },
      { kind: 'check', path: root, version: 7 },
      { kind: 'create', path: `${root}/never`, data: null },
    ]);
    expect(undone.map(({ code }) => code)).toEqual([
      0,
      Code.BAD_VERSION,
      Code.RUNTIME_INCONSISTENCY,
    ]);
    expect(await client.exists(`${root}/m`)).not.toBeNull();
  });

  test('one-shot and lasting watches', async () => {
    const events: string[] = [];
    const note = (name: string) => (event: Event) =>
      events.push(`${name} ${event.kind} ${event.path.slice(root.length)}`);
    // 3.8 keeps one watch of a connection a node and table, so these are on different nodes.
    await client.create(`${root}/d`, null);
    await client.exists(`${root}/d/w`, note('exists'));
    await client.getChildren(`${root}/d`, note('children'));
    await client.watch(root, note('lasting'), { recursive: true });
    await other.create(`${root}/d/w`, null);
    await client.getData(`${root}/d/w`, note('data'));
    await other.setData(`${root}/d/w`, Buffer.from('1'), -1);
    await other.setData(`${root}/d/w`, Buffer.from('2'), -1);
    await other.delete(`${root}/d/w`, -1);
    await until('the last event has come', () => events.includes('lasting deleted /d/w'));
    expect(events.filter((event) => !event.startsWith('lasting'))).toEqual([
      'exists created /d/w',
      'children children-changed /d',
      'data changed /d/w',
    ]);
    expect(events.filter((event) => event.startsWith('lasting'))).toEqual([
      'lasting created /d/w',
      'lasting changed /d/w',
      'lasting changed /d/w',
      'lasting deleted /d/w',
    ]);
  });

  test('watches and session survive a lost connection', async () => {
    const events: Event[] = [];
    await client.create(`${root}/data`, null);
    await client.getData(`${root}/data`, (event) => events.push(event));
    await client.exists(`${root}/later`, (event) => events.push(event));
    await client.create(`${root}/lasting`, null);
    await client.watch(`${root}/lasting`, (event) => events.push(event), { recursive: false });
    const { sessionId } = client;
    proxy.setOpen(false);
    proxy.cut();
    await until('the client has noticed', () => client.state.kind === 'connecting');
    await other.setData(`${root}/data`, Buffer.from('while away'), -1);
    await other.create(`${root}/later`, null);
    proxy.setOpen(true);
    // Asked without a connection, answered with the next.
    expect((await client.getData(`${root}/data`)).data?.toString()).toBe('while away');
    expect(client.sessionId).toBe(sessionId);
    await until('both one-shot watches have fired', () => events.length >= 2);
    expect(events.map(({ kind, path }) => [kind, path.slice(root.length)])).toEqual([
      ['changed', '/data'],
      ['created', '/later'],
    ]);
    await other.setData(`${root}/lasting`, Buffer.from('again'), -1);
    await until('the lasting watch is there again', () => events.length === 3);
  });

  test('a session goes on at the servers that are told meanwhile', async () => {
    await client.create(`${root}/mine`, null, { mode: 'ephemeral' });
    const { sessionId } = client;
    client.useServers(`127.0.0.1:${server.port}`);
    expect(client.state).toMatchObject({ server: `127.0.0.1:${proxy.port}` });
    proxy.setOpen(false);
    proxy.cut();
    await until(
      'it is at the other server',
      () => client.state.kind === 'connected' && client.state.server === `127.0.0.1:${server.port}`,
    );
    expect((await client.exists(`${root}/mine`))?.ephemeralOwner).toBe(sessionId);
  });

  test('a request under way when the connection breaks is not repeated', async () => {
    const writes = Array.from({ length: 200 }, (_, i) =>
      client.create(`${root}/n-`, Buffer.from(String(i)), { mode: 'persistent-sequential' }).then(
        () => 'made',
        (error: unknown) =>
          error instanceof ClientError && error.code === Code.CONNECTION_LOSS ? 'unknown' : 'wrong',
      ),
    );
    proxy.cut();
    const results = await Promise.all(writes);
    expect(results).not.toContain('wrong');
    const made = results.filter((result) => result === 'made').length;
    const { names } = await other.getChildren(root);
    expect(names.length).toBeGreaterThanOrEqual(made);
    expect(names.length).toBeLessThanOrEqual(results.length);
    const values = await Promise.all(
      names.map(async (name) => (await other.getData(`${root}/${name}`)).data?.toString()),
    );
    expect(new Set(values).size).toBe(names.length);
  });

  test('an expired session ends the client, and its ephemerals', async () => {
    const short = connect(proxy.port, { sessionTimeoutMs: 4000 });
    await short.create(`${root}/e`, null, { mode: 'ephemeral' });
    proxy.setOpen(false);
    proxy.cut();
    await until('the node is gone', async () => (await other.exists(`${root}/e`)) === null);
    proxy.setOpen(true);
    await until('the client has been told', () => short.state.kind === 'expired');
    await expect(short.getData(root)).rejects.toMatchObject({ code: Code.SESSION_EXPIRED });
  });

  test('paths are relative to the chroot', async () => {
    const inside = connect(server.port, { chroot: root });
    const events: string[] = [];
    await inside.watch('/', (event) => events.push(event.path), { recursive: true });
    expect((await inside.create('/x', null)).path).toBe('/x');
    expect(await other.exists(`${root}/x`)).not.toBeNull();
    await until('the event has come', () => events.length === 1);
    expect(events).toEqual(['/x']);
    await expect(inside.delete('/none', -1)).rejects.toMatchObject({ path: '/none' });
    await inside.close();
  });

  test('thousands of requests at once are all answered', async () => {
    await Promise.all(Array.from({ length: 5000 }, (_, i) => client.create(`${root}/${i}`, null)));
    expect((await client.getChildren(root)).names).toHaveLength(5000);
  });
}

test('a connect string that is none is refused', () => {
  expect(
    () => new Client({ platform: PLATFORM, connect: 'host:port', sessionTimeoutMs: 1000 }),
  ).toThrow('host:port is not host:port');
});
