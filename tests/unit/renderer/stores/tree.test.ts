/** One cluster's tree as it is seen: what is asked for, what is kept over a lost connection, and what flashes. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { TreeWindow } from '#contract/models.ts';

import { useNotices } from '../../../../src-renderer/stores/notices.ts';
import { usePreferences } from '../../../../src-renderer/stores/preferences.ts';
import { useTree } from '../../../../src-renderer/stores/tree.ts';
import { rowOf, windowOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const ROOT = rowOf('/', { depth: 0, isExpanded: true });
const WINDOW = windowOf([ROOT, rowOf('/a'), rowOf('/b')]);

let tree: ReturnType<typeof useTree>;

beforeEach(() => {
  let trees = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  fake().answer('tree.open', ({ cluster }) => ({ tree: `${cluster}-${++trees}` }));
  fake().answer('tree.close', () => undefined);
  fake().answer('tree.window', ({ from, count }) => ({
    ...WINDOW,
    from,
    rows: WINDOW.rows.slice(from, from + count),
  }));
  for (const method of ['tree.expand', 'tree.collapse', 'tree.order'] as const) {
    fake().answer(method, () => undefined);
  }
  fake().answer('tree.reveal', ({ path }) => ({ row: 1, path }));
  fake().answer('tree.find', () => ({ row: 1 }));
  tree = useTree();
});
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
});

async function show(cluster = 'local'): Promise<void> {
  await fake().connect();
  void tree.show(cluster);
  tree.look({ from: 0, count: 10 });
  await settled();
}

async function reconnect(): Promise<void> {
  await fake().break();
  fake().calls.length = 0;
  fake().link.retry();
  await settled();
}

function methods(): string[] {
  return fake().calls.map(({ method }) => method);
}

describe('a view', () => {
  test('is opened in the order one likes, and asked for what is looked at', async () => {
    usePreferences().values.treeOrder = 'sequence';
    await show();
    expect(fake().paramsOf('tree.open')).toEqual([{ cluster: 'local', order: 'sequence' }]);
    expect(fake().paramsOf('tree.window')).toEqual([{ tree: 'local-1', from: 0, count: 10 }]);
    expect(tree.window).toEqual(WINDOW);
    expect([tree.rowCount, tree.rowAt(1)?.path, tree.rowAt(3)]).toEqual([3, '/a', null]);
  });

  test('tells when the tree shows something else, and is asked again by whoever looks', async () => {
    await show();
    const { revision } = tree;
    fake().say('tree', { revision: 5, rowCount: 80 });
    await settled();
    expect([tree.rowCount, tree.revision]).toEqual([80, revision + 1]);
    expect(fake().paramsOf('tree.window')).toHaveLength(1);
    tree.refresh();
    await settled();
    expect(fake().paramsOf('tree.window')).toHaveLength(2);
  });

  test('is opened once there is a connection', async () => {
    void tree.show('local');
    await settled();
    expect(fake().calls).toEqual([]);
    await fake().connect();
    expect(methods()).toEqual(['tree.open']);
  });

  test('of the cluster that is shown already is not opened again', async () => {
    await show();
    await tree.show('local');
    expect(fake().paramsOf('tree.open')).toHaveLength(1);
  });

  test('of another cluster closes the first and begins empty', async () => {
    await show();
    void tree.show('r1');
    expect([tree.window, tree.rowCount]).toEqual([null, 0]);
    await settled();
    expect(fake().paramsOf('tree.close')).toEqual([{ tree: 'local-1' }]);
    expect(fake().listeners('tree')).toEqual([{ tree: 'r1-2' }]);
  });

  test('that comes after another was asked for is closed at once', async () => {
    await fake().connect();
    const held = fake().hold('tree.open');
    void tree.show('local');
    await settled();
    void tree.show('r1');
    await settled();
    held[1]!({ tree: 'right' });
    held[0]!({ tree: 'late' });
    await settled();
    expect(fake().listeners('tree')).toEqual([{ tree: 'right' }]);
    expect(fake().paramsOf('tree.close')).toEqual([{ tree: 'late' }]);
  });

  test('that cannot be opened is told of, once', async () => {
    fake().refuse('tree.open', new ApiError('not-found', 'no such cluster'));
    await show();
    expect(useNotices().notices).toHaveLength(1);
    expect(tree.window).toBeNull();
  });
});

describe('a lost connection', () => {
  test('leaves what was seen in sight, and the same lines are asked for in a new view', async () => {
    await show();
    tree.look({ from: 1, count: 2 });
    await settled();
    await fake().break();
    expect(tree.window).not.toBeNull();
    fake().calls.length = 0;
    fake().link.retry();
    await settled();
    expect(fake().calls).toEqual([
      { method: 'tree.open', params: { cluster: 'local', order: 'name' } },
      { method: 'tree.window', params: { tree: 'local-2', from: 1, count: 2 } },
    ]);
    expect(fake().listeners('tree')).toEqual([{ tree: 'local-2' }]);
  });

  test('what was unfolded is unfolded again, parents first; what was folded is not', async () => {
    await show();
    for (const path of ['/b/c', '/b', '/a', '/a/x/y']) await tree.expand(path);
    await tree.collapse('/a');
    await reconnect();
    expect(
      fake()
        .paramsOf('tree.expand')
        .map(({ path }) => path),
    ).toEqual(['/b', '/b/c']);
    expect(methods().at(-1)).toBe('tree.window');
  });

  test('what cannot be unfolded any more is forgotten', async () => {
    await show();
    await tree.expand('/a');
    fake().refuse('tree.expand', new ApiError('no-node', 'gone'));
    await reconnect();
    await reconnect();
    expect(fake().paramsOf('tree.expand')).toEqual([]);
  });

  test('that breaks again while unfolding forgets nothing, and leaves no view behind', async () => {
    await show();
    await tree.expand('/a');
    fake().hold('tree.expand');
    await reconnect();
    await fake().break();
    fake().answer('tree.expand', () => undefined);
    fake().calls.length = 0;
    fake().link.retry();
    await settled();
    expect(
      fake()
        .paramsOf('tree.expand')
        .map(({ path }) => path),
    ).toEqual(['/a']);
    expect(fake().listeners('tree')).toEqual([{ tree: 'local-3' }]);
  });

  test('another cluster shown while the first is still unfolded has the view to itself', async () => {
    await show();
    await tree.expand('/a');
    const held = fake().hold('tree.expand');
    await reconnect();
    void tree.show('r1');
    await settled();
    held[0]!(null);
    await settled();
    expect(fake().listeners('tree')).toEqual([{ tree: 'r1-3' }]);
    expect(fake().paramsOf('tree.close')).toEqual([{ tree: 'local-2' }]);
  });

  test('nothing is remembered of another cluster', async () => {
    await show();
    await tree.expand('/a');
    void tree.show('r1');
    await settled();
    await reconnect();
    expect(fake().paramsOf('tree.expand')).toEqual([]);
  });

  test('is no problem to be told of by those who ask meanwhile', async () => {
    await show();
    await fake().break();
    await tree.expand('/a');
    expect(await tree.find('/a')).toBeNull();
    expect(await tree.complete('/a')).toEqual([]);
    expect(useNotices().notices).toEqual([]);
  });
});

describe('acts', () => {
  test('go to the open view, and folding is seen at once', async () => {
    await show();
    fake().calls.length = 0;
    await tree.expand('/a');
    await tree.collapse('/a');
    expect(await tree.find('/a')).toBe(1);
    expect(await tree.reveal('/a/b')).toEqual({ row: 1, path: '/a/b' });
    await tree.setOrder('name-descending');
    await settled();
    const view = { tree: 'local-1' };
    expect(fake().calls.filter(({ method }) => method !== 'tree.window')).toEqual([
      { method: 'tree.expand', params: { ...view, path: '/a' } },
      { method: 'tree.collapse', params: { ...view, path: '/a' } },
      { method: 'tree.find', params: { ...view, path: '/a' } },
      { method: 'tree.reveal', params: { ...view, path: '/a/b' } },
      { method: 'tree.order', params: { ...view, order: 'name-descending' } },
    ]);
    expect(fake().paramsOf('tree.window')).toHaveLength(2);
    expect(usePreferences().values.treeOrder).toBe('name-descending');
  });

  test('that are refused are told of in words', async () => {
    await show();
    fake().refuse('tree.expand', new ApiError('no-auth', 'no'));
    await tree.expand('/a');
    expect(useNotices().notices).toMatchObject([{ tone: 'problem' }]);
  });

  test('completing asks the cluster, and finds nothing where that fails', async () => {
    expect(await tree.complete('/')).toEqual([]);
    await show();
    fake().answer('znodes.complete', ({ prefix }) => [`${prefix}x`]);
    expect(await tree.complete('/a')).toEqual(['/ax']);
    fake().refuse('znodes.complete', new ApiError('no-auth', 'no'));
    expect(await tree.complete('/a')).toEqual([]);
  });
});

describe('what changed', () => {
  function next(rows: TreeWindow['rows']): Promise<void> {
    fake().answer('tree.window', () => windowOf(rows));
    tree.refresh();
    return settled();
  }

  test('flashes for a moment, and longer when it changes again', async () => {
    await show();
    await next([ROOT, rowOf('/a'), rowOf('/b'), rowOf('/c')]);
    expect([...tree.flashes.keys()]).toEqual(['/c']);
    const first = tree.flashes.get('/c');
    vi.advanceTimersByTime(1000);
    await next([ROOT, rowOf('/a'), rowOf('/b')]);
    await next([ROOT, rowOf('/a'), rowOf('/b'), rowOf('/c')]);
    expect(tree.flashes.get('/c')).not.toBe(first);
    vi.advanceTimersByTime(300);
    expect([...tree.flashes.keys()]).toEqual(['/c']);
    vi.advanceTimersByTime(1000);
    expect(tree.flashes.size).toBe(0);
  });

  test('does not flash where everything is seen for the first time', async () => {
    await show();
    expect(tree.flashes.size).toBe(0);
  });
});
