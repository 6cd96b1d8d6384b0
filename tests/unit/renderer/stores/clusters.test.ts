/** Clusters and their connections, which of them is looked at, and who we are there. */
import { describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';

import { setLanguage } from '../../../../src-renderer/i18n/words.ts';
import { nameOf, useClusters } from '../../../../src-renderer/stores/clusters.ts';
import { useNotices } from '../../../../src-renderer/stores/notices.ts';
import { clusterOf, connectedState } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();

const LOCAL = clusterOf();
const REMOTE = clusterOf({ id: 'r1', origin: 'remote', name: 'Orders', state: { kind: 'idle' } });
const ME = { scheme: 'digest', user: 'me' };

async function start(): Promise<ReturnType<typeof useClusters>> {
  fake().answer('clusters.identities', () => []);
  fake().begin('clusters', () => [LOCAL, REMOTE]);
  const clusters = useClusters();
  await fake().connect();
  return clusters;
}

async function session(sessionId: string, id = 'local'): Promise<void> {
  const state = connectedState({ sessionId });
  fake().say('clusters', [
    id === 'local' ? { ...LOCAL, state } : LOCAL,
    id === 'r1' ? { ...REMOTE, state } : REMOTE,
  ]);
  await settled();
}

function titles(): string[] {
  return useNotices().notices.map(({ title }) => title);
}

test('nothing is known before the service has told', async () => {
  const clusters = useClusters();
  expect([clusters.list, clusters.current]).toEqual([null, null]);
  expect((await start()).list).toEqual([LOCAL, REMOTE]);
});

test('the one that is looked at is the one of the newest news', async () => {
  const clusters = await start();
  clusters.select('r1');
  expect(clusters.current).toEqual(REMOTE);
  fake().say('clusters', [LOCAL, { ...REMOTE, zxid: 99 }]);
  await settled();
  expect(clusters.current?.zxid).toBe(99);
  fake().say('clusters', [LOCAL]);
  await settled();
  expect(clusters.current).toBeNull();
  expect(clusters.find('local')).toEqual(LOCAL);
});

describe('who we are', () => {
  test('is asked when a session is there and when another cluster is looked at', async () => {
    const clusters = await start();
    fake().answer('clusters.identities', ({ id }) => (id === 'r1' ? [ME] : []));
    clusters.select('r1');
    await settled();
    expect(fake().paramsOf('clusters.identities')).toEqual([{ id: 'local' }, { id: 'r1' }]);
    expect([clusters.identities, clusters.hasIdentity]).toEqual([[ME], true]);
  });

  test('an address alone proves nothing', async () => {
    const clusters = await start();
    fake().answer('clusters.identities', () => [{ scheme: 'ip', user: '127.0.0.1' }]);
    clusters.select('r1');
    await settled();
    expect(clusters.identities).toHaveLength(1);
    expect(clusters.hasIdentity).toBe(false);
  });

  test('an answer about a cluster that was left is passed over', async () => {
    const clusters = await start();
    const held = fake().hold('clusters.identities');
    clusters.select('r1');
    clusters.select('local');
    await settled();
    held[1]!([]);
    held[0]!([ME]);
    await settled();
    expect(clusters.identities).toEqual([]);
  });

  test('is nobody where it cannot be asked', async () => {
    const clusters = await start();
    fake().refuse('clusters.identities', new ApiError('not-connected', 'no session'));
    clusters.select('r1');
    await settled();
    expect(clusters.identities).toEqual([]);
  });
});

describe('a session that was replaced', () => {
  test('without anybody asking is worth a word: its ephemeral nodes are gone', async () => {
    await start();
    await session('00000000000000ff');
    expect(useNotices().notices).toMatchObject([{ tone: 'info' }]);
    expect(useNotices().notices[0]?.detail).toContain('0xff');
    await session('00000000000000ff');
    expect(titles()).toHaveLength(1);
  });

  test('the first one is no replacement', async () => {
    await start();
    await session('000000000000000a', 'r1');
    expect(titles()).toEqual([]);
  });

  test('by connecting again is what was asked for', async () => {
    const clusters = await start();
    await session('000000000000000a', 'r1');
    fake().answer('clusters.connect', () => undefined);
    await clusters.connect('r1', [{ scheme: 'digest', auth: 'me:secret' }]);
    await session('000000000000000b', 'r1');
    expect(titles()).toEqual([]);
    await session('000000000000000c', 'r1');
    expect(titles()).toHaveLength(1);
  });

  test('of another cluster does not ask who we are here', async () => {
    await start();
    fake().calls.length = 0;
    await session('000000000000000a', 'r1');
    expect(fake().calls).toEqual([]);
  });
});

test('what is done to clusters is told to the service as it is', async () => {
  const clusters = await start();
  const { settings } = REMOTE;
  fake().answer('clusters.add', () => ({ id: 'r2' }));
  for (const method of [
    'clusters.update',
    'clusters.remove',
    'clusters.disconnect',
    'clusters.connect',
  ] as const) {
    fake().answer(method, () => undefined);
  }
  expect(await clusters.add(settings)).toBe('r2');
  await clusters.update('r1', settings);
  await clusters.connect('r1');
  await clusters.disconnect('r1');
  await clusters.remove('r1');
  expect(fake().calls.slice(-5)).toEqual([
    { method: 'clusters.add', params: settings },
    { method: 'clusters.update', params: { id: 'r1', settings } },
    { method: 'clusters.connect', params: { id: 'r1', credentials: [] } },
    { method: 'clusters.disconnect', params: { id: 'r1' } },
    { method: 'clusters.remove', params: { id: 'r1' } },
  ]);
});

test('the local ensemble has a name in every language, others have their own', () => {
  const english = nameOf('local', 'x');
  setLanguage('zh-CN');
  expect(nameOf('local', 'x')).not.toBe(english);
  expect(nameOf('r1', 'Orders')).toBe('Orders');
  setLanguage('en');
});
