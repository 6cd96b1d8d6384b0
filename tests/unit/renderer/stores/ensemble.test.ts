/** The program and the ensemble it runs itself. */
import { expect, test, vi } from 'vitest';

import { useEnsemble } from '../../../../src-renderer/stores/ensemble.ts';
import { useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();

test('the program tells of itself, and can be asked to try again', async () => {
  const facts = {
    version: '0.1.0',
    dataDir: '/data',
    connectString: null,
    member: { kind: 'failed', why: 'port 2181 is taken', retryAtMs: null },
    local: { kind: 'ensemble', movedPorts: [], leftOut: [], isOtherBeside: false },
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
