/** Deleting: nothing goes that was not shown, and in production not without the cluster's name. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { DeletePlan } from '#contract/models.ts';

import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import { useClusters } from '../../../../../src-renderer/stores/clusters.ts';
import { useNotices } from '../../../../../src-renderer/stores/notices.ts';
import { useOperations } from '../../../../../src-renderer/stores/operations.ts';
import DeleteDialog from '../../../../../src-renderer/views/znodes/DeleteDialog.vue';
import { clusterOf, statOf, znodeOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, fill, type Mounted, mountIt, theOnly } from '../../mounting.ts';

vi.mock('../../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const NODE = { cluster: 'r1', path: '/a' };
const PLAN: DeletePlan = {
  path: '/a',
  nodes: 1500,
  bytes: 2048,
  ephemerals: 2,
  sample: ['/a/b/c', '/a/b', '/a'],
  token: 'as-shown',
};

beforeEach(() => {
  setLanguage('en');
  fake().answer('clusters.identities', () => []);
  fake().answer('znodes.get', () => znodeOf({ data: 'abc', stat: { version: 4, czxid: 9 } }));
});

async function open(
  environment: 'lab' | 'test' | 'production' = 'lab',
  address = '/r1',
): Promise<Mounted> {
  const cluster = clusterOf({ id: 'r1', origin: 'remote', name: 'Orders EU' });
  const settings = { ...cluster.settings, environment };
  fake().begin('clusters', () => [{ ...cluster, settings }]);
  const clusters = useClusters();
  await fake().connect();
  clusters.select('r1');
  const dialog = await mountIt(DeleteDialog, { path: '/a' }, { address });
  await settled();
  return dialog;
}

function submit(): Promise<void> {
  theOnly('form', HTMLFormElement).dispatchEvent(new Event('submit', { cancelable: true }));
  return settled();
}

function withChildren(): void {
  fake().answer('znodes.get', () => znodeOf({ stat: { numChildren: 3 } }));
  fake().answer('znodes.planDelete', () => PLAN);
  fake().answer('znodes.deleteTree', () => ({ operation: 'o1' }));
}

function isReady(): boolean {
  return !theOnly('button[type="submit"]', HTMLButtonElement).disabled;
}

describe('a node without children', () => {
  test('is deleted at the version and creation that are shown', async () => {
    fake().answer('znodes.delete', () => ({ kind: 'saved', stat: statOf() }));
    const { it } = await open();
    expect(isReady()).toBe(true);
    await submit();
    expect(fake().paramsOf('znodes.delete')).toEqual([{ ...NODE, version: 4, czxid: 9 }]);
    expect(it.emitted('close')).toHaveLength(1);
    expect(useNotices().notices).toMatchObject([{ tone: 'done', detail: '/a' }]);
  });

  test('that somebody changed meanwhile is shown again, and stays until it is confirmed anew', async () => {
    const theirs = znodeOf({ data: 'changed', stat: { version: 5, czxid: 9 } });
    fake().answer('znodes.delete', () => ({ kind: 'conflict', theirs }));
    const { it } = await open();
    await submit();
    expect(it.emitted('close')).toBeUndefined();
    expect(allOf('.alert')).toHaveLength(1);
    fake().answer('znodes.delete', () => ({ kind: 'gone' }));
    await submit();
    expect(
      fake()
        .paramsOf('znodes.delete')
        .map(({ version }) => version),
    ).toEqual([4, 5]);
    expect(it.emitted('close')).toHaveLength(1);
  });

  test('that got children meanwhile is planned, not shown as if it had none', async () => {
    withChildren();
    fake().answer('znodes.get', () => znodeOf({ stat: { version: 4 } }));
    const theirs = znodeOf({ stat: { version: 5, numChildren: 1 } });
    fake().answer('znodes.delete', () => ({ kind: 'conflict', theirs }));
    await open();
    await submit();
    expect(allOf('.sample li')).toHaveLength(3);
  });

  test('of a running client’s session comes with a warning', async () => {
    fake().answer('znodes.get', () => znodeOf({ kind: 'ephemeral' }));
    await open();
    expect(allOf('.alert')).toHaveLength(1);
  });
});

describe('a node with others below it', () => {
  test('is counted first, then shown, then deleted exactly as shown', async () => {
    withChildren();
    const held = fake().hold('znodes.planDelete');
    const { it } = await open();
    expect(isReady()).toBe(false);
    fake().say('planning', { nodes: 700 });
    await settled();
    expect(theOnly('.counting', HTMLElement).textContent).toContain('700');
    held[0]!(PLAN);
    await settled();
    expect(allOf('.sample li').map(({ textContent }) => textContent)).toEqual(PLAN.sample);
    expect(fake().listeners('planning')).toEqual([]);
    expect(theOnly('button[type="submit"]', HTMLElement).textContent).toContain('1,500');
    await submit();
    expect(fake().paramsOf('znodes.deleteTree')).toEqual([{ ...NODE, token: 'as-shown' }]);
    expect(useOperations().list).toMatchObject([{ id: 'o1' }]);
    expect(it.emitted('close')).toHaveLength(1);
  });

  test('that changed since it was shown is looked at again', async () => {
    withChildren();
    fake().refuse('znodes.deleteTree', new ApiError('plan-outdated', 'changed'));
    const { it } = await open();
    await submit();
    expect(it.emitted('close')).toBeUndefined();
    expect(theOnly('[role="alert"]', HTMLElement).textContent).toContain('changed');
    withChildren();
    buttonNamed('Look again').click();
    await settled();
    expect(allOf('.sample li')).toHaveLength(3);
  });

  test('is not counted on once nobody looks any more', async () => {
    withChildren();
    let isCancelled = (): boolean => false;
    fake().answer('znodes.planDelete', (_, context) => {
      isCancelled = () => context.isCancelled();
      return new Promise(() => undefined);
    });
    const { close } = await open();
    close();
    await settled();
    expect(isCancelled()).toBe(true);
    expect(fake().listeners('planning')).toEqual([]);
  });
});

describe('in production', () => {
  const typed = (): HTMLInputElement => theOnly('input', HTMLInputElement);

  test('the name of the cluster has to be written, and nothing happens before', async () => {
    fake().answer('znodes.delete', () => ({ kind: 'saved', stat: statOf() }));
    const { it } = await open('production');
    expect(isReady()).toBe(false);
    for (const wrong of ['', 'orders eu', 'Orders', 'Orders EU!']) {
      fill(typed(), wrong);
      await submit();
      expect([wrong, isReady(), fake().paramsOf('znodes.delete')]).toEqual([wrong, false, []]);
    }
    fill(typed(), ' Orders EU ');
    await settled();
    expect(isReady()).toBe(true);
    await submit();
    expect(fake().paramsOf('znodes.delete')).toHaveLength(1);
    expect(it.emitted('close')).toHaveLength(1);
  });

  test('also for a node with others below it', async () => {
    withChildren();
    await open('production');
    await submit();
    expect([isReady(), fake().paramsOf('znodes.deleteTree')]).toEqual([false, []]);
  });

  test.each(['lab', 'test'] as const)('and not in %s', async (environment) => {
    await open(environment);
    expect([allOf('input'), isReady()]).toEqual([[], true]);
  });
});

describe('where we are afterwards', () => {
  test.each([
    ['/r1/nodes/a', '/r1/nodes'],
    ['/r1/nodes/a/b', '/r1/nodes'],
    ['/r1/nodes/ab', '/r1/nodes/ab'],
    ['/r1', '/r1'],
  ])('from %s to %s', async (address, there) => {
    fake().answer('znodes.delete', () => ({ kind: 'saved', stat: statOf() }));
    const { router } = await open('lab', address);
    await submit();
    expect(router.currentRoute.value.path.replace(/\/$/, '')).toBe(there);
  });
});

test('what cannot be looked at says why, and can be tried again', async () => {
  fake().refuse('znodes.get', new ApiError('no-auth', 'not yours'));
  await open();
  expect(theOnly('[role="alert"]', HTMLElement).textContent).toContain('not yours');
  fake().answer('znodes.get', () => znodeOf());
  buttonNamed('Look again').click();
  await settled();
  expect(isReady()).toBe(true);
});
