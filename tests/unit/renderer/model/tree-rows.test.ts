/** The window of a tree's lines: what is asked for and when, which answers count, and what flashes. */
import { describe, expect, test, vi } from 'vitest';

import type { TreeRow, TreeWindow } from '#contract/models.ts';

import { RowWindow } from '../../../../src-renderer/model/row-window.ts';
import type { RowRange } from '../../../../src-renderer/model/scaled-scroll.ts';
import { changedPaths } from '../../../../src-renderer/model/tree-rows.ts';
import { rowOf, windowOf } from '../examples.ts';
import { settled } from '../fake-console.ts';

function factsOf(part: Partial<NonNullable<TreeRow['facts']>> = {}): NonNullable<TreeRow['facts']> {
  return {
    kind: 'persistent',
    isSequential: false,
    numChildren: 0,
    dataLength: 0,
    version: 0,
    mtime: 0,
    ephemeralOwner: null,
    ...part,
  };
}

/** A service whose answers the test gives, in the order the test wants. */
class Service {
  readonly asked: {
    range: RowRange;
    answer: (window: TreeWindow) => void;
    fail: (error: unknown) => void;
  }[] = [];
  readonly onWindow = vi.fn<(window: TreeWindow, before: TreeWindow | null) => void>();
  readonly onProblem = vi.fn<(error: unknown) => void>();
  readonly rows = new RowWindow<TreeWindow>({
    ask: (range) =>
      new Promise((answer, fail) => {
        this.asked.push({ range, answer, fail });
      }),
    onWindow: this.onWindow,
    onProblem: this.onProblem,
  });

  get ranges(): readonly RowRange[] {
    return this.asked.map(({ range }) => range);
  }

  async answer(question: number, window = windowOf([rowOf(`/${question}`)])): Promise<void> {
    this.asked[question]!.answer(window);
    await settled();
  }
}

describe('questions', () => {
  test('what is looked at is asked for once', () => {
    const { rows, asked } = new Service();
    rows.look({ from: 0, count: 10 });
    rows.look({ from: 0, count: 10 });
    expect(asked).toHaveLength(1);
    rows.refresh();
    expect(asked).toHaveLength(2);
  });

  test('two are on their way at most; then only the last place counts', async () => {
    const service = new Service();
    for (let from = 0; from < 50; from++) service.rows.look({ from, count: 10 });
    expect(service.ranges.map(({ from }) => from)).toEqual([0, 1]);
    await service.answer(0);
    expect(service.ranges.map(({ from }) => from)).toEqual([0, 1, 49]);
    await service.answer(1);
    await service.answer(2);
    expect(service.asked).toHaveLength(3);
  });

  test('one that fails makes room for the next, and is told of', async () => {
    const service = new Service();
    for (let from = 0; from < 3; from++) service.rows.look({ from, count: 1 });
    service.asked[0]!.fail('no');
    await vi.waitFor(() => expect(service.asked).toHaveLength(3));
    expect(service.onProblem).toHaveBeenCalledExactlyOnceWith('no');
  });
});

describe('answers', () => {
  test('one that a later one has overtaken is dropped', async () => {
    const service = new Service();
    service.rows.look({ from: 0, count: 1 });
    service.rows.look({ from: 1, count: 1 });
    await service.answer(1, windowOf([rowOf('/new')]));
    await service.answer(0, windowOf([rowOf('/old')]));
    expect(service.onWindow).toHaveBeenCalledTimes(1);
    expect(service.onWindow.mock.lastCall?.[0].rows[0]?.path).toBe('/new');
  });

  test('each comes with what was there before', async () => {
    const service = new Service();
    const [first, second] = [windowOf([rowOf('/a')]), windowOf([rowOf('/b')])];
    service.rows.look({ from: 0, count: 1 });
    await service.answer(0, first);
    service.rows.refresh();
    await service.answer(1, second);
    expect(service.onWindow.mock.calls).toEqual([
      [first, null],
      [second, first],
    ]);
  });

  test('after the end nothing is asked and nothing comes', async () => {
    const service = new Service();
    service.rows.look({ from: 0, count: 1 });
    service.rows.look({ from: 1, count: 1 });
    service.rows.look({ from: 2, count: 1 });
    service.rows.close();
    await service.answer(0);
    service.asked[1]!.fail('late');
    await settled();
    service.rows.refresh();
    expect(service.asked).toHaveLength(2);
    expect(service.onWindow).not.toHaveBeenCalled();
    expect(service.onProblem).not.toHaveBeenCalled();
  });
});

describe('what flashes', () => {
  const root = rowOf('/', { isExpanded: true, depth: 0 });

  test.each(['mtime', 'version', 'numChildren'] as const)('another %s', (fact) => {
    const before = windowOf([
      root,
      rowOf('/a', { facts: factsOf() }),
      rowOf('/b', { facts: factsOf() }),
    ]);
    const now = windowOf([
      root,
      rowOf('/a', { facts: factsOf({ [fact]: 1 }) }),
      rowOf('/b', { facts: factsOf() }),
    ]);
    expect(changedPaths(now, before)).toEqual(['/a']);
  });

  test('not facts that are merely known by now, or not any more', () => {
    const [unknown, known] = [
      windowOf([rowOf('/a')]),
      windowOf([rowOf('/a', { facts: factsOf() })]),
    ];
    expect(changedPaths(known, unknown)).toEqual([]);
    expect(changedPaths(unknown, known)).toEqual([]);
  });

  test('a node made between others', () => {
    const before = windowOf([root, rowOf('/a'), rowOf('/c')], { rowCount: 50 });
    const now = windowOf([root, rowOf('/a'), rowOf('/b'), rowOf('/c')], { rowCount: 51 });
    expect(changedPaths(now, before)).toEqual(['/b']);
  });

  test('a node made at the end, when the end was in sight', () => {
    const before = windowOf([root, rowOf('/a')]);
    const now = windowOf([root, rowOf('/a'), rowOf('/b')]);
    expect(changedPaths(now, before)).toEqual(['/b']);
  });

  test('not what came into sight below because something went away above', () => {
    const before = windowOf([root, rowOf('/a'), rowOf('/b')], { rowCount: 50 });
    const now = windowOf([root, rowOf('/b'), rowOf('/c')], { rowCount: 49 });
    expect(changedPaths(now, before)).toEqual([]);
  });

  test('not what was scrolled to', () => {
    const before = windowOf([root, rowOf('/a')], { rowCount: 50 });
    const now = windowOf([rowOf('/a'), rowOf('/b')], { from: 1, rowCount: 51 });
    expect(changedPaths(now, before)).toEqual([]);
  });

  test('not children that were unfolded just now, nor those that were still on their way', () => {
    const folded = windowOf([root, rowOf('/a'), rowOf('/b')]);
    const unfolded = windowOf([
      root,
      rowOf('/a', { isExpanded: true }),
      rowOf('/a/x', { depth: 2 }),
      rowOf('/b'),
    ]);
    expect(changedPaths(unfolded, folded)).toEqual([]);
    const loading = windowOf([
      root,
      rowOf('/a', { isExpanded: true, isLoading: true }),
      rowOf('/b'),
    ]);
    expect(changedPaths(unfolded, loading)).toEqual([]);
  });
});
