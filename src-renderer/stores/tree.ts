/** The open view of one cluster's tree: its lines by window, what flashes, and what is unfolded even over a lost connection. */
import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import type { TreeOrder, TreeRow, TreeWindow } from '#contract/models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf } from '../api/errors.ts';
import { isWithin } from '../model/paths.ts';
import { RowWindow } from '../model/row-window.ts';
import type { RowRange } from '../model/scaled-scroll.ts';
import { changedPaths } from '../model/tree-rows.ts';
import { useNotices } from './notices.ts';
import { usePreferences } from './preferences.ts';

/** Unfolded nodes that are unfolded again in a new view. */
const UNFOLDED_MAX = 200;
const FLASH_MS = 1200;

interface View {
  readonly id: string;
  readonly rows: RowWindow<TreeWindow>;
  readonly changes: Subscription;
}

export const useTree = defineStore('tree', () => {
  const preferences = usePreferences();
  const notices = useNotices();
  const cluster = ref<string | null>(null);
  const window = shallowRef<TreeWindow | null>(null);
  const rowCount = ref(0);
  /** Moves when the tree shows something else; whoever looks asks again. */
  const revision = ref(0);
  /** Paths that changed a moment ago, each with the number of its flash. */
  const flashes = shallowRef<ReadonlyMap<string, number>>(new Map());
  const unfolded = new Set<string>();
  let view: View | null = null;
  let opening = 0;
  let wanted: RowRange = { from: 0, count: 0 };
  let flashNumber = 0;

  consoleLink.onState(({ kind }) => {
    if (kind === 'open' && cluster.value !== null) void open(cluster.value);
    // The view ended with its connection; what it showed stays on the screen until another one answers.
    if (kind === 'lost') {
      opening++;
      leave();
    }
  });

  async function show(id: string): Promise<void> {
    if (cluster.value === id) return;
    cluster.value = id;
    unfolded.clear();
    window.value = null;
    rowCount.value = 0;
    flashes.value = new Map();
    if (consoleLink.state.kind === 'open') await open(id);
  }

  async function open(id: string): Promise<void> {
    const number = ++opening;
    leave();
    let tree: string;
    try {
      const order = preferences.values.treeOrder;
      ({ tree } = await consoleLink.call('tree.open', { cluster: id, order }));
    } catch (error) {
      if (codeOf(error) !== 'not-connected') notices.showProblem(error);
      return;
    }
    const isWanted = (): boolean => number === opening;
    await unfoldAgain(tree, isWanted);
    if (!isWanted()) {
      void consoleLink.call('tree.close', { tree }).catch(() => undefined);
      return;
    }
    const rows = new RowWindow<TreeWindow>({
      ask: (range) => consoleLink.call('tree.window', { tree, ...range }),
      onWindow: take,
      onProblem: (error) => {
        if (codeOf(error) !== 'not-connected') notices.showProblem(error);
      },
    });
    const changes = consoleLink.subscribe(
      'tree',
      { tree },
      {
        onEvent: (event) => {
          rowCount.value = event.rowCount;
          revision.value++;
        },
      },
    );
    view = { id: tree, rows, changes };
    rows.look(wanted);
  }

  /** What had been unfolded in the view before, parents first. */
  async function unfoldAgain(tree: string, isWanted: () => boolean): Promise<void> {
    for (const path of [...unfolded].sort().slice(0, UNFOLDED_MAX)) {
      if (!isWanted()) return;
      try {
        await consoleLink.call('tree.reveal', { tree, path });
        await consoleLink.call('tree.expand', { tree, path });
      } catch (error) {
        // Over a lost connection nothing is known of it; the next view tries again.
        if (isWanted() && codeOf(error) !== 'not-connected') unfolded.delete(path);
      }
    }
  }

  function leave(): void {
    if (view === null) return;
    const { id, rows, changes } = view;
    view = null;
    rows.close();
    changes.close();
    if (consoleLink.state.kind === 'open') {
      void consoleLink.call('tree.close', { tree: id }).catch(() => undefined);
    }
  }

  function take(now: TreeWindow, before: TreeWindow | null): void {
    window.value = now;
    rowCount.value = now.rowCount;
    if (before !== null) flash(changedPaths(now, before));
  }

  function flash(paths: readonly string[]): void {
    if (paths.length === 0) return;
    const number = ++flashNumber;
    const next = new Map(flashes.value);
    for (const path of paths) next.set(path, number);
    flashes.value = next;
    globalThis.setTimeout(() => {
      const left = new Map(flashes.value);
      for (const path of paths) if (left.get(path) === number) left.delete(path);
      flashes.value = left;
    }, FLASH_MS);
  }

  /** Calls on the open view; nothing happens without one. */
  async function within<T>(work: (tree: string) => Promise<T>): Promise<T | null> {
    if (view === null) return null;
    try {
      return await work(view.id);
    } catch (error) {
      if (codeOf(error) !== 'not-connected') notices.showProblem(error);
      return null;
    }
  }

  return {
    cluster,
    window,
    rowCount,
    revision,
    flashes,
    show,
    rowAt: (row: number): TreeRow | null => {
      const shown = window.value;
      return shown?.rows[row - shown.from] ?? null;
    },
    look: (range: RowRange): void => {
      wanted = range;
      view?.rows.look(range);
    },
    refresh: (): void => view?.rows.refresh(),
    expand: async (path: string): Promise<void> => {
      unfolded.add(path);
      await within((tree) => consoleLink.call('tree.expand', { tree, path }));
      view?.rows.refresh();
    },
    collapse: async (path: string): Promise<void> => {
      for (const other of unfolded) {
        if (isWithin(other, path)) unfolded.delete(other);
      }
      await within((tree) => consoleLink.call('tree.collapse', { tree, path }));
      view?.rows.refresh();
    },
    reveal: (path: string) => within((tree) => consoleLink.call('tree.reveal', { tree, path })),
    find: async (path: string): Promise<number | null> =>
      (await within((tree) => consoleLink.call('tree.find', { tree, path })))?.row ?? null,
    setOrder: async (order: TreeOrder): Promise<void> => {
      preferences.values.treeOrder = order;
      await within((tree) => consoleLink.call('tree.order', { tree, order }));
    },
    complete: async (prefix: string): Promise<readonly string[]> => {
      if (cluster.value === null) return [];
      return consoleLink
        .call('znodes.complete', { cluster: cluster.value, prefix })
        .catch(() => []);
    },
  };
});
