/** How the link is, and the program behind it. */
import { expect, test, vi } from 'vitest';

import { useEnsemble } from '../../../../src-renderer/stores/ensemble.ts';
import { useService } from '../../../../src-renderer/stores/service.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();

test('the state of the link is told as it changes', async () => {
  const service = useService();
  expect(service.state).toEqual({ kind: 'connecting' });
  service.start();
  await settled();
  expect(service.state).toEqual({ kind: 'open' });
  await fake().break('login-needed');
  expect(service.state).toMatchObject({ kind: 'lost' });
  service.retry();
  await settled();
  expect(service.state).toMatchObject({ kind: 'lost', reason: 'login-needed' });
});

test('the program tells of itself, and can be asked to try again', async () => {
  const facts = {
    version: '0.1.0',
    dataDir: '/data',
    connectString: null,
    member: { kind: 'failed', why: 'port 2181 is taken', retryAtMs: null },
  } as const;
  fake().begin('app', () => facts);
  fake().answer('ensemble.retry', () => undefined);
  const ensemble = useEnsemble();
  expect(ensemble.facts).toBeNull();
  await fake().connect();
  expect(ensemble.facts).toEqual(facts);
  await ensemble.retry();
  expect(fake().paramsOf('ensemble.retry')).toEqual([null]);
  // In a browser nobody can show folders.
  expect(ensemble.showDataFolder).toBeNull();
});
