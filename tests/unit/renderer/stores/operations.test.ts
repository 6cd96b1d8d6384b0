/** Long work under way, from its start to its end, whichever that is. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { OperationState } from '#contract/models.ts';

import { useOperations } from '../../../../src-renderer/stores/operations.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

async function follow(): Promise<ReturnType<typeof useOperations>> {
  const operations = useOperations();
  await fake().connect();
  operations.follow('o1', 'Delete /a');
  await settled();
  return operations;
}

async function say(state: OperationState): Promise<void> {
  fake().say('operation', state);
  await settled();
}

test('is under way at once, and then as far as it has come', async () => {
  const operations = useOperations();
  operations.follow('o1', 'Delete /a');
  expect(operations.list).toEqual([
    { id: 'o1', title: 'Delete /a', state: { kind: 'running', done: 0, total: null } },
  ]);
  await fake().connect();
  await say({ kind: 'running', done: 5, total: 20 });
  expect(operations.list).toMatchObject([{ state: { done: 5, total: 20 } }]);
});

test('what ended well goes by itself after a while', async () => {
  const operations = await follow();
  await say({ kind: 'done', done: 20 });
  expect(operations.list).toMatchObject([{ state: { kind: 'done' } }]);
  expect(fake().listeners('operation')).toEqual([]);
  vi.runAllTimers();
  expect(operations.list).toEqual([]);
});

test.each<OperationState>([
  { kind: 'failed', done: 3, code: 'not-empty', why: 'someone was quicker' },
  { kind: 'cancelled', done: 3 },
])('what ended otherwise stays until somebody has seen it: %j', async (state) => {
  const operations = await follow();
  await say(state);
  vi.runAllTimers();
  expect(operations.list).toMatchObject([{ state }]);
  operations.dismiss('o1');
  expect(operations.list).toEqual([]);
});

test('one that a new run of the service knows nothing of has failed', async () => {
  const operations = await follow();
  await fake().break();
  expect(operations.list).toMatchObject([{ state: { kind: 'running' } }]);
  fake().link.retry();
  await settled();
  fake().end('operation', new ApiError('not-found', 'no such operation'));
  await settled();
  expect(operations.list).toMatchObject([{ state: { kind: 'failed', code: 'not-found' } }]);
});

test('several are told apart, and each is cancelled by its own name', async () => {
  const operations = await follow();
  fake().answer('operations.cancel', () => undefined);
  operations.follow('o2', 'Delete /b');
  await operations.cancel('o2');
  expect(fake().paramsOf('operations.cancel')).toEqual([{ operation: 'o2' }]);
  operations.dismiss('o1');
  await settled();
  expect(operations.list.map(({ id }) => id)).toEqual(['o2']);
  expect(fake().listeners('operation')).toEqual([{ operation: 'o2' }]);
});
