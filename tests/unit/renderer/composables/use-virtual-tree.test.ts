/** The tree as it is scrolled and walked by keys: only what is in sight is asked for, and everything stays with its node. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { shallowRef } from 'vue';

import { ApiError } from '#contract/errors.ts';

import { useDialogs } from '../../../../src-renderer/composables/use-dialogs.ts';
import { mayUnfold, useTreeKeys } from '../../../../src-renderer/composables/use-tree-keys.ts';
import {
  useVirtualTree,
  type VirtualTree,
} from '../../../../src-renderer/composables/use-virtual-tree.ts';
import { usePreferences } from '../../../../src-renderer/stores/preferences.ts';
import { useTree } from '../../../../src-renderer/stores/tree.ts';
import { rowOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { useInPage } from '../mounting.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const { dialog, close } = useDialogs();
const ROW_PX = 24;
const VIEWPORT_PX = 480;

/** What the service's view shows: paths, line by line. */
let shown: string[] = [];
let revision = 0;
let virtual: VirtualTree;
let press: (key: string, part?: KeyboardEventInit) => Promise<boolean>;
let scroller: HTMLElement;
const open = vi.fn<(path: string) => void>();

beforeEach(async () => {
  localStorage.clear();
  vi.clearAllMocks();
  revision = 0;
  const depthOf = (path: string): number => (path === '/' ? 0 : path.split('/').length - 1);
  fake().answer('tree.open', () => ({ tree: 't' }));
  fake().answer('tree.window', ({ from, count }) => ({
    revision,
    rowCount: shown.length,
    from,
    rows: shown.slice(from, from + count).map((path, i) =>
      rowOf(path, {
        depth: depthOf(path),
        isExpanded: shown[from + i + 1]?.startsWith(path === '/' ? '/' : `${path}/`) ?? false,
      }),
    ),
  }));
  fake().answer('tree.find', ({ path }) => ({
    row: shown.includes(path) ? shown.indexOf(path) : null,
  }));
  fake().answer('tree.reveal', ({ path }) => {
    const at = shown.includes(path) ? path : '/';
    return { row: shown.indexOf(at), path: at };
  });
  fake().answer('tree.close', () => undefined);
  fake().answer('tree.expand', () => undefined);
  fake().answer('tree.collapse', () => undefined);
  fake().begin('tree', () => ({ revision, rowCount: shown.length }));
  shown = ['/', ...numbered('n', 200)];
  await fake().connect();
  scroller = document.createElement('div');
  const page = await useInPage(() => {
    const tree = useVirtualTree(shallowRef(scroller));
    return { tree, onKey: useTreeKeys({ virtual: tree, open }) };
  });
  virtual = page.given.tree;
  press = async (key, part = {}) => {
    const event = new KeyboardEvent('keydown', { key, cancelable: true, ...part });
    page.given.onKey(event);
    await settled();
    return event.defaultPrevented;
  };
  virtual.resize(VIEWPORT_PX);
  void useTree().show('local');
  await settled();
});
afterEach(() => close());

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `/${prefix}${String(i).padStart(6, '0')}`);
}

/** The tree shows these lines from now on. */
async function become(paths: string[]): Promise<void> {
  shown = paths;
  fake().say('tree', { revision: ++revision, rowCount: shown.length });
  await settled();
}

async function scrollTo(row: number): Promise<void> {
  scroller.scrollTop = row * ROW_PX;
  virtual.onScroll();
  await settled();
}

/** Paths of the lines in sight, and where each is on the screen. */
function seen(): Map<string, number> {
  const inSight = virtual.lines.value
    .map(({ row, top }) => [row?.path ?? '…', top - scroller.scrollTop] as const)
    .filter(([, top]) => top > -ROW_PX && top < VIEWPORT_PX);
  return new Map(inSight);
}

function active(): string | null {
  const { index, path } = virtual.active.value;
  expect(path === null || shown[index] === path).toBe(true);
  return path;
}

/** What is marked as having the keys. */
function marked(): (string | undefined)[] {
  return virtual.lines.value.filter(({ isActive }) => isActive).map(({ row }) => row?.path);
}

describe('scrolling', () => {
  test('asks for what is in sight and a little around it, never for the whole', async () => {
    await become(['/', ...numbered('n', 100_000)]);
    await scrollTo(50_000);
    expect(seen().size).toBe(20);
    expect([...seen().keys()][0]).toBe('/n049999');
    const counts = fake()
      .paramsOf('tree.window')
      .map(({ count }) => count);
    expect(Math.max(...counts)).toBeLessThanOrEqual(20 + 2 * 16 + 1);
    expect(virtual.trackHeight.value).toBe(100_001 * ROW_PX);
  });

  test('beyond what an element can be high the wheel still moves pixel by pixel', async () => {
    await become(['/', ...numbered('n', 700_000)]);
    const wheel = new WheelEvent('wheel', { deltaY: 30, cancelable: true });
    virtual.onWheel(wheel);
    await settled();
    expect(wheel.defaultPrevented).toBe(true);
    expect(virtual.lines.value.find(({ index }) => index === 1)!.top - scroller.scrollTop).toBe(-6);
  });

  test('within it the browser scrolls, and better', () => {
    const wheel = new WheelEvent('wheel', { deltaY: 30, cancelable: true });
    virtual.onWheel(wheel);
    expect(wheel.defaultPrevented).toBe(false);
  });

  test('lines of another height show the same first node', async () => {
    await scrollTo(100);
    usePreferences().values.density = 'compact';
    await settled();
    expect(scroller.scrollTop).toBe(100 * 22);
  });
});

describe('when the tree changes', () => {
  test('what is in sight stays where it is while nodes come and go above', async () => {
    await scrollTo(100);
    const before = seen();
    await become(['/', ...numbered('m', 7), ...shown.slice(1)]);
    expect(seen()).toEqual(before);
    await become(['/', ...shown.slice(20)]);
    expect(seen()).toEqual(before);
  });

  test('a move that the browser has not told of yet is not taken back', async () => {
    scroller.scrollTop = 100 * ROW_PX;
    await become(['/', ...numbered('n', 201)]);
    virtual.onScroll();
    await settled();
    expect([...seen().keys()][0]).toBe('/n000099');
  });

  test('at the very top one sees what is new there', async () => {
    await become(['/', '/first', ...shown.slice(1)]);
    expect([...seen().keys()].slice(0, 2)).toEqual(['/', '/first']);
  });

  test('the line with the keys keeps them, and its place on the screen', async () => {
    virtual.activate(50);
    await settled();
    const path = active()!;
    const place = seen().get(path);
    await become(['/', ...numbered('m', 30), ...shown.slice(1)]);
    expect(active()).toBe(path);
    expect(seen().get(path)).toBe(place);
    expect(virtual.active.value.index).toBe(80);
  });

  test('where it is gone, what has taken its place has them, or the last line', async () => {
    virtual.activate(50);
    await settled();
    await become(shown.filter((path) => path !== active()));
    expect(active()).toBe('/n000050');
    await become(shown.slice(0, 10));
    expect(active()).toBe('/n000008');
  });

  test('many changes at once are followed one after the other, to the last', async () => {
    const path = '/n000003';
    virtual.activate(4);
    await settled();
    for (let round = 0; round < 20; round++) {
      shown = ['/', `/a${round}`, ...shown.slice(1)];
      fake().say('tree', { revision: ++revision, rowCount: shown.length });
    }
    await settled();
    expect(active()).toBe(path);
    expect(virtual.active.value.index).toBe(24);
  });

  test('another cluster begins at its root', async () => {
    virtual.activate(120);
    await settled();
    shown = ['/', '/other'];
    void useTree().show('r1');
    await settled();
    expect([active(), scroller.scrollTop]).toEqual(['/', 0]);
    expect([...seen().keys()]).toEqual(['/', '/other']);
  });
});

describe('revealing', () => {
  test('shows a node in the middle and gives it the keys', async () => {
    await virtual.reveal('/n000150');
    await settled();
    expect(active()).toBe('/n000150');
    expect(seen().get('/n000150')).toBeCloseTo((VIEWPORT_PX - ROW_PX) / 2, -1);
  });

  test('of one that is not there ends at its nearest ancestor', async () => {
    await virtual.reveal('/nowhere/at/all');
    expect(active()).toBe('/');
  });

  test('that fails leaves everything where it was', async () => {
    virtual.activate(5);
    fake().refuse('tree.reveal', new ApiError('not-connected', 'no session'));
    await virtual.reveal('/n000150');
    expect(virtual.active.value.index).toBe(5);
  });
});

describe('keys', () => {
  test.each([
    ['ArrowDown', 10, 11],
    ['ArrowUp', 10, 9],
    ['ArrowUp', 0, 0],
    ['ArrowDown', 200, 200],
    ['PageDown', 10, 29],
    ['PageUp', 10, 0],
    ['Home', 10, 0],
    ['End', 10, 200],
  ])('%s leads from line %i to %i, which is then in sight', async (key, from, to) => {
    virtual.activate(from);
    await settled();
    expect(await press(key)).toBe(true);
    expect(virtual.active.value.index).toBe(to);
    expect(seen().has(active()!)).toBe(true);
  });

  test('right unfolds, then goes in; left goes out, then folds', async () => {
    await become(['/', '/a', '/a/x', '/a/y', '/b']);
    virtual.activate(4);
    await press('ArrowRight');
    expect(
      fake()
        .paramsOf('tree.expand')
        .map(({ path }) => path),
    ).toEqual(['/b']);
    virtual.activate(1);
    await press('ArrowRight');
    expect(active()).toBe('/a/x');
    await press('ArrowDown');
    await press('ArrowLeft');
    expect(active()).toBe('/a');
    await press('ArrowLeft');
    expect(
      fake()
        .paramsOf('tree.collapse')
        .map(({ path }) => path),
    ).toEqual(['/a']);
  });

  test('the root is neither folded nor left nor deleted', async () => {
    await press('ArrowLeft');
    await press('Delete');
    expect([fake().paramsOf('tree.collapse'), dialog.value, active()]).toEqual([[], null, '/']);
  });

  test('Enter opens, Delete asks, n makes a child', async () => {
    virtual.activate(3);
    await press('Enter');
    expect(open.mock.calls).toEqual([['/n000002']]);
    await press('Delete');
    expect(dialog.value).toEqual({ kind: 'delete', path: '/n000002' });
    await press('n');
    expect(dialog.value).toEqual({ kind: 'create', parent: '/n000002' });
  });

  test('act on the node that has them, also while its line is on its way', async () => {
    virtual.activate(3);
    await settled();
    const held = fake().hold('tree.window');
    await become(['/', '/before', ...shown.slice(1)]);
    expect([held.length, virtual.active.value]).toEqual([1, { index: 4, path: '/n000002' }]);
    await press('Enter');
    await press('Delete');
    await press('ArrowRight');
    expect(open.mock.calls).toEqual([['/n000002']]);
    expect(dialog.value).toEqual({ kind: 'delete', path: '/n000002' });
    expect(marked()).toEqual(['/n000002']);
    // Whether it may be unfolded is not known before the line is there.
    expect(fake().paramsOf('tree.expand')).toEqual([]);
  });

  test('pressed while lines are on their way mark what they act on, and count from there', async () => {
    virtual.activate(3);
    await settled();
    const whole = shown;
    const held = fake().hold('tree.window');
    await become(['/', '/before', ...whole.slice(1)]);
    await press('ArrowDown');
    expect(marked()).toEqual([virtual.active.value.path]);
    held[0]!({
      revision,
      rowCount: shown.length,
      from: 0,
      rows: shown.slice(0, 40).map((path) => rowOf(path)),
    });
    await settled();
    const path = active()!;
    expect(marked()).toEqual([path]);
    await press('ArrowDown');
    expect(active()).toBe(shown[shown.indexOf(path) + 1]);
  });

  test('letters go to the next name that begins so, more of them to a longer one', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    await become(['/', '/apple', '/apricot', '/banana', '/avocado']);
    await press('a');
    expect(active()).toBe('/apple');
    await press('p');
    await press('r');
    expect(active()).toBe('/apricot');
    vi.advanceTimersByTime(1000);
    await press('a');
    expect(active()).toBe('/avocado');
    vi.advanceTimersByTime(1000);
    await press('A');
    expect(active()).toBe('/apple');
    await press('n');
    expect(dialog.value).toBeNull();
    vi.useRealTimers();
  });

  test('with modifiers, composing, or of no meaning are left alone', async () => {
    expect(await press('ArrowDown', { ctrlKey: true })).toBe(false);
    expect(await press('ArrowDown', { isComposing: true })).toBe(false);
    expect(await press('?')).toBe(false);
    expect(await press(' ')).toBe(false);
    expect(await press('Tab')).toBe(false);
    expect(virtual.active.value.index).toBe(0);
  });
});

test.each([
  [null, false, true],
  [{ kind: 'persistent', numChildren: 0 }, false, false],
  [{ kind: 'persistent', numChildren: 1 }, false, true],
  [{ kind: 'persistent', numChildren: 0 }, true, true],
  [{ kind: 'ephemeral', numChildren: 0 }, false, false],
] as const)(
  'a node of which is known %j, unfolded %s, may be unfolded: %s',
  (known, isExpanded, may) => {
    const facts =
      known === null
        ? null
        : {
            ...known,
            isSequential: false,
            dataLength: 0,
            version: 0,
            mtime: 0,
            ephemeralOwner: null,
          };
    expect(mayUnfold(rowOf('/a', { facts, isExpanded }))).toBe(may);
  },
);
