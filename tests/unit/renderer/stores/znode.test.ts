/** The node that is open: followed from opening to closing, over lost sessions too. */
import { describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { Cluster } from '#contract/models.ts';

import { useZnode } from '../../../../src-renderer/stores/znode.ts';
import { clusterOf, connectedState, znodeOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const A = { cluster: 'local', path: '/a' };
const B = { cluster: 'local', path: '/b' };

async function start(): Promise<ReturnType<typeof useZnode>> {
  fake().answer('clusters.identities', () => []);
  fake().begin('clusters', () => [clusterOf()]);
  fake().begin('znode', ({ path }) => ({ kind: 'present', znode: znodeOf({ path }) }));
  const znode = useZnode();
  await fake().connect();
  return znode;
}

async function say(state: Cluster['state']): Promise<void> {
  fake().say('clusters', [clusterOf({ state })]);
  await settled();
}

describe('following', () => {
  test('begins with opening, and tells what the node is and becomes', async () => {
    const znode = await start();
    znode.open(A);
    expect([znode.opened, znode.event]).toEqual([A, null]);
    await settled();
    expect(znode.event).toEqual({ kind: 'present', znode: znodeOf({ path: '/a' }) });
    fake().say('znode', { kind: 'gone' });
    await settled();
    expect(znode.event).toEqual({ kind: 'gone' });
  });

  test('goes from one node to the next, and hears nothing of the first any more', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    fake().say('znode', { kind: 'gone' });
    znode.open(B);
    expect(znode.event).toBeNull();
    await settled();
    expect(znode.event).toMatchObject({ kind: 'present', znode: { path: '/b' } });
    expect(fake().listeners('znode')).toEqual([B]);
  });

  test('opening what is open is nothing', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    const { event } = znode;
    znode.open({ ...A });
    await settled();
    expect(znode.event).toBe(event);
  });

  test('the same path in another cluster is another node', async () => {
    const znode = await start();
    znode.open(A);
    znode.open({ ...A, cluster: 'r1' });
    await settled();
    expect(fake().listeners('znode')).toEqual([{ cluster: 'r1', path: '/a' }]);
  });

  test('ends with closing', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    znode.close();
    await settled();
    expect([znode.opened, znode.event, fake().listeners('znode')]).toEqual([null, null, []]);
  });
});

describe('a session that is lost', () => {
  test('leaves the node unknown, with the reason, until the next one', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    await say({ kind: 'connecting', why: null, sinceMs: 1 });
    fake().end('znode', new ApiError('not-connected', 'no session'));
    await settled();
    expect(znode.event).toEqual({ kind: 'unknown', code: 'not-connected', why: 'no session' });
    expect(fake().listeners('znode')).toEqual([]);
    await say(connectedState());
    expect(znode.event).toMatchObject({ kind: 'present' });
    expect(fake().listeners('znode')).toEqual([A]);
  });

  test('is no reason to listen twice where listening went on', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    await say({ kind: 'connecting', why: null, sinceMs: 1 });
    await say(connectedState());
    expect(fake().listeners('znode')).toEqual([A]);
  });

  test('is nothing to a node that was closed meanwhile', async () => {
    const znode = await start();
    znode.open(A);
    await settled();
    await say({ kind: 'idle' });
    fake().end('znode', new ApiError('not-connected', 'no session'));
    znode.close();
    await say(connectedState());
    expect([znode.event, fake().listeners('znode')]).toEqual([null, []]);
  });
});

test('a lost link goes by unseen: the node is followed over the next one', async () => {
  const znode = await start();
  znode.open(A);
  await settled();
  const { event } = znode;
  await fake().break();
  expect(znode.event).toBe(event);
  fake().link.retry();
  await settled();
  expect(fake().listeners('znode')).toEqual([A]);
});

test('everything that is done to nodes goes to the service as it is', async () => {
  const znode = await start();
  const node = znodeOf();
  fake().answer('znodes.get', () => node);
  fake().answer('znodes.create', ({ path }) => ({ path, stat: node.stat }));
  fake().answer('znodes.save', () => ({ kind: 'saved', stat: node.stat }));
  fake().answer('znodes.setAcl', () => ({ stat: node.stat }));
  fake().answer('znodes.delete', () => ({ kind: 'gone' }));
  fake().answer('znodes.deleteTree', () => ({ operation: 'o1' }));
  const data = Uint8Array.of(0, 255);
  const acl = [{ scheme: 'world', id: 'anyone', permissions: 1 }];
  const plan = { mode: 'persistent', data, acl, ttlMs: null, withParents: false } as const;
  expect(await znode.get(A)).toEqual(node);
  expect(await znode.create({ ...A, ...plan, acl })).toEqual({ path: '/a', stat: node.stat });
  expect(await znode.save({ ...A, data, version: 3, czxid: 7 })).toMatchObject({ kind: 'saved' });
  expect(await znode.setAcl({ ...A, acl, aclVersion: 2 })).toEqual({ stat: node.stat });
  expect(await znode.remove({ ...A, version: 3, czxid: 7 })).toEqual({ kind: 'gone' });
  expect(await znode.deleteTree({ ...A, token: 't' })).toEqual({ operation: 'o1' });
  expect(fake().calls.filter(({ method }) => method.startsWith('znodes.'))).toEqual([
    { method: 'znodes.get', params: A },
    { method: 'znodes.create', params: { ...A, ...plan } },
    { method: 'znodes.save', params: { ...A, data, version: 3, czxid: 7 } },
    { method: 'znodes.setAcl', params: { ...A, acl, aclVersion: 2 } },
    { method: 'znodes.delete', params: { ...A, version: 3, czxid: 7 } },
    { method: 'znodes.deleteTree', params: { ...A, token: 't' } },
  ]);
});

test('planning tells how far it has come, and can be given up', async () => {
  const znode = await start();
  const counts: number[] = [];
  const counting = znode.followPlanning(A, (nodes) => counts.push(nodes));
  fake().hold('znodes.planDelete');
  const patience = new AbortController();
  const plan = expect(znode.planDelete(A, patience.signal)).rejects.toMatchObject({
    code: 'cancelled',
  });
  await settled();
  fake().say('planning', { nodes: 1000 });
  await settled();
  patience.abort();
  await plan;
  counting.close();
  await settled();
  expect(counts).toEqual([1000]);
  expect(fake().listeners('planning')).toEqual([]);
});
