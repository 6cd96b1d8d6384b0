/** How the link is. */
import { expect, test, vi } from 'vitest';

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
