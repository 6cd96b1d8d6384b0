/** Members are asked for while somebody looks, and what moved is told once however often the connection breaks. */
import { expect, test, vi } from 'vitest';

import { useMembers } from '../../../../src-renderer/stores/members.ts';
import { ensembleOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const sample = (atMs: number) => ({ atMs, members: [] });

test('samples gather, and those told again after a break are not taken twice', async () => {
  await fake().connect();
  const members = useMembers();
  members.open('c');
  await settled();
  fake().say('ensemble.members', ensembleOf({ samples: [sample(1), sample(2)] }));
  fake().say('ensemble.members', ensembleOf({ samples: [sample(3)] }));
  await settled();
  expect(members.samples.map(({ atMs }) => atMs)).toEqual([1, 2, 3]);
  fake().say('ensemble.members', ensembleOf({ samples: [sample(1), sample(3), sample(4)] }));
  await settled();
  expect(members.samples.map(({ atMs }) => atMs)).toEqual([1, 2, 3, 4]);
});

test('one cluster at a time is asked about, and none when nobody looks', async () => {
  await fake().connect();
  const members = useMembers();
  members.open('a');
  members.open('b');
  await settled();
  expect(fake().listeners('ensemble.members')).toEqual([{ cluster: 'b' }]);
  fake().say('ensemble.members', ensembleOf());
  await settled();
  expect(members.view?.members).toHaveLength(3);
  members.close();
  await settled();
  expect(fake().listeners('ensemble.members')).toEqual([]);
  expect(members.view).toBeNull();
});
