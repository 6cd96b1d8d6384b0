/** The link to the service: found again when it breaks, and listening goes on over it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { Cluster } from '#contract/models.ts';

import { Link, type LinkState } from '../../../../src-renderer/api/link.ts';
import { clusterOf } from '../examples.ts';
import { portPair, settled, useFakeConsole } from '../fake-console.ts';

const fake = useFakeConsole();

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function statesOf(link: Link): LinkState['kind'][] {
  const kinds: LinkState['kind'][] = [link.state.kind];
  link.onState(({ kind }) => kinds.push(kind));
  return kinds;
}

describe('the connection', () => {
  test('is opened once it is started, and not before', async () => {
    const { link } = fake();
    const kinds = statesOf(link);
    await expect(link.call('ensemble.retry', null)).rejects.toMatchObject({
      code: 'not-connected',
    });
    expect(fake().opened).toBe(0);
    await fake().connect();
    expect(kinds).toEqual(['connecting', 'open']);
  });

  test('is tried again after a pause that grows, up to a limit', async () => {
    await fake().connect();
    await fake().break('unreachable');
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const { state } = fake().link;
      if (state.kind !== 'lost') throw new Error(state.kind);
      pauses.push(state.retryAtMs! - Date.now());
      await vi.advanceTimersToNextTimerAsync();
      await settled();
    }
    expect(pauses).toEqual([300, 600, 1200, 2400, 4800, 5000, 5000, 5000]);
  });

  test('remembers since when it is lost, over all attempts', async () => {
    await fake().connect();
    const sinceMs = Date.now();
    await fake().break('unreachable');
    for (let round = 0; round < 3; round++) {
      await vi.advanceTimersToNextTimerAsync();
      await settled();
    }
    expect(Date.now()).toBeGreaterThan(sinceMs);
    expect(fake().link.state).toMatchObject({ kind: 'lost', sinceMs });
  });

  test('once found, the next loss begins with the shortest pause again', async () => {
    await fake().connect();
    await fake().break('unreachable');
    for (let round = 0; round < 4; round++) {
      await vi.advanceTimersToNextTimerAsync();
      await settled();
    }
    await fake().break(null);
    await vi.advanceTimersToNextTimerAsync();
    await settled();
    expect(fake().link.state).toEqual({ kind: 'open' });
    const lostMs = Date.now();
    await fake().break('unreachable');
    expect(fake().link.state).toMatchObject({ sinceMs: lostMs, retryAtMs: lostMs + 300 });
  });

  test.each(['unreachable', 'login-needed'] as const)(
    'says why there is none: %s',
    async (reason) => {
      await fake().break(reason);
      await fake().connect();
      expect(fake().link.state).toMatchObject({ kind: 'lost', reason });
    },
  );

  test('a service of another version is told apart', async () => {
    const [here, there] = portPair();
    const link = new Link(() => Promise.resolve(here));
    there.listen({ onMessage: () => undefined, onClose: () => undefined });
    there.send({ kind: 'hello', contract: 999 });
    link.start();
    await settled();
    expect(link.state).toMatchObject({ kind: 'lost', reason: 'other-version' });
  });

  test('is tried at once when asked to, and only once at a time', async () => {
    await fake().connect();
    await fake().break('unreachable');
    expect(fake().opened).toBe(1);
    for (let clicks = 0; clicks < 3; clicks++) fake().link.retry();
    expect(fake().link.state).toMatchObject({ kind: 'lost', retryAtMs: null });
    await settled();
    expect(fake().opened).toBe(2);
    await fake().break(null);
    fake().link.retry();
    await settled();
    expect(fake().link.state.kind).toBe('open');
    fake().link.retry();
    await vi.runAllTimersAsync();
    await settled();
    expect(fake().opened).toBe(3);
  });

  test('calls that wait when it breaks end, each once', async () => {
    await fake().connect();
    fake().hold('clusters.identities');
    const call = fake().link.call('clusters.identities', { id: 'local' });
    const ended = expect(call).rejects.toMatchObject({ code: 'not-connected' });
    await settled();
    await fake().break();
    await ended;
  });
});

describe('listening', () => {
  function listen(): { heard: (readonly Cluster[])[]; ends: (ApiError | null)[]; close(): void } {
    const [heard, ends]: [(readonly Cluster[])[], (ApiError | null)[]] = [[], []];
    const { close } = fake().link.subscribe('clusters', null, {
      onEvent: (event) => heard.push(event),
      onEnd: (error) => ends.push(error),
    });
    return { heard, ends, close };
  }

  async function reconnect(): Promise<void> {
    await fake().break();
    fake().link.retry();
    await settled();
  }

  test('may begin before there is a connection', async () => {
    const { heard } = listen();
    fake().begin('clusters', () => [clusterOf()]);
    await fake().connect();
    expect(heard).toEqual([[clusterOf()]]);
  });

  test('goes on with the next connection, and its loss is no end', async () => {
    fake().begin('clusters', () => [clusterOf()]);
    const { heard, ends } = listen();
    await fake().connect();
    await reconnect();
    expect(heard).toHaveLength(2);
    expect(ends).toEqual([]);
    expect(fake().listeners('clusters')).toHaveLength(1);
  });

  test('is over when the service ends it, and does not begin again', async () => {
    const { ends } = listen();
    await fake().connect();
    fake().end('clusters', new ApiError('not-found', 'no more'));
    await settled();
    expect(ends).toMatchObject([{ code: 'not-found', message: 'no more' }]);
    await reconnect();
    expect(fake().listeners('clusters')).toEqual([]);
  });

  test('hears nothing after it was closed, not even what was on its way', async () => {
    const { heard, close } = listen();
    await fake().connect();
    expect(fake().say('clusters', [])).toBe(1);
    close();
    await settled();
    expect(heard).toEqual([]);
    expect(fake().listeners('clusters')).toEqual([]);
    await reconnect();
    expect(fake().listeners('clusters')).toEqual([]);
  });

  test('to a service that does not keep to the contract ends with a reason', async () => {
    const [here, there] = portPair();
    const link = new Link(() => Promise.resolve(here));
    there.listen({
      onMessage: (message) => {
        const { id } = message as { id: number };
        there.send({ kind: 'event', id, event: [{ id: 5 }] });
      },
      onClose: () => undefined,
    });
    const onEnd = vi.fn();
    link.subscribe('clusters', null, { onEvent: () => undefined, onEnd });
    link.start();
    await settled();
    expect(onEnd.mock.calls).toMatchObject([[{ code: 'internal' }]]);
  });
});

test('a call that nobody waits for any more is cancelled there', async () => {
  await fake().connect();
  const patience = new AbortController();
  let isCancelled = (): boolean => false;
  fake().answer('znodes.planDelete', (_, context) => {
    isCancelled = () => context.isCancelled();
    return new Promise(() => undefined);
  });
  const call = fake().link.call(
    'znodes.planDelete',
    { cluster: 'local', path: '/a' },
    { signal: patience.signal },
  );
  const ended = expect(call).rejects.toMatchObject({ code: 'cancelled' });
  await settled();
  patience.abort();
  await ended;
  await settled();
  expect(isCancelled()).toBe(true);
});
