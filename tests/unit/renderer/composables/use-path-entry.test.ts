/** Writing a path: completions come as one types, and keys do what they do in a shell. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import {
  type PathEntry,
  splitCompletion,
  usePathEntry,
} from '../../../../src-renderer/composables/use-path-entry.ts';
import { useTree } from '../../../../src-renderer/stores/tree.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { useInPage } from '../mounting.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const NODES = ['/app', '/app/a', '/app/b', '/apple', '/zoo'];

const go = vi.fn<(path: string) => void>();
const leave = vi.fn<() => void>();
let entry: PathEntry;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.clearAllMocks();
  fake().answer('tree.open', () => ({ tree: 't' }));
  fake().answer('znodes.complete', ({ prefix }) => {
    const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    return NODES.filter(
      (path) => path.startsWith(prefix) && !path.slice(directory.length).includes('/'),
    );
  });
  await fake().connect();
  void useTree().show('local');
  entry = (await useInPage(() => usePathEntry({ go, leave }))).given;
});
afterEach(() => void vi.useRealTimers());

async function pause(): Promise<void> {
  vi.advanceTimersByTime(40);
  await settled();
}

async function type(text: string): Promise<void> {
  entry.text.value = text;
  entry.onInput();
  await pause();
}

function press(key: string, part: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, cancelable: true, ...part });
  entry.onKey(event);
  return event;
}

describe('completions', () => {
  test('are asked for once one pauses, not for every letter', async () => {
    for (const text of ['/', '/a', '/ap']) {
      entry.text.value = text;
      entry.onInput();
    }
    await pause();
    expect(fake().paramsOf('znodes.complete')).toEqual([{ cluster: 'local', prefix: '/ap' }]);
    expect(entry.completions.value).toEqual(['/app', '/apple']);
    expect(entry.isOpen.value).toBe(true);
  });

  test('a path may be begun without its slash', async () => {
    await type('zo');
    expect(entry.completions.value).toEqual(['/zoo']);
  });

  test('of what was typed before are passed over', async () => {
    const held = fake().hold('znodes.complete');
    await type('/a');
    await type('/z');
    held[1]!(['/zoo']);
    held[0]!(['/app', '/apple']);
    await settled();
    expect(entry.completions.value).toEqual(['/zoo']);
  });

  test('the very thing that is written is no choice', async () => {
    await type('/zoo');
    expect([entry.completions.value, entry.isOpen.value]).toEqual([['/zoo'], false]);
  });

  test('are gone when one is done, also those on their way', async () => {
    await type('/a');
    entry.onInput();
    entry.end();
    await pause();
    expect(entry.completions.value).toEqual([]);
  });
});

describe('keys', () => {
  test('up and down go round, by what was typed', async () => {
    await type('/ap');
    const seen = ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp'].map((key) => {
      press(key);
      return entry.chosen.value;
    });
    expect(seen).toEqual([0, 1, -1, 1, 0]);
  });

  test('Enter goes to what is chosen, else to what was typed', async () => {
    await type(' app/a/ ');
    press('Enter');
    await type('/ap');
    press('ArrowDown');
    press('ArrowDown');
    press('Enter');
    expect(go.mock.calls).toEqual([['/app/a'], ['/apple']]);
  });

  test('Tab goes as far as all agree, and wholly where there is one', async () => {
    await type('/a');
    expect(press('Tab').defaultPrevented).toBe(true);
    expect(entry.text.value).toBe('/app');
    await type('/z');
    press('Tab');
    expect(entry.text.value).toBe('/zoo/');
    await type('/ap');
    press('ArrowDown');
    press('Tab');
    expect(entry.text.value).toBe('/app/');
    await pause();
    expect(entry.completions.value).toEqual(['/app/a', '/app/b']);
  });

  test('Tab with nothing to complete, or backwards, leaves the line', async () => {
    await type('/nothing');
    expect(press('Tab').defaultPrevented).toBe(false);
    await type('/a');
    expect(press('Tab', { shiftKey: true }).defaultPrevented).toBe(false);
  });

  test('Escape leaves; other keys are the line’s own', async () => {
    await type('/a');
    press('Escape');
    expect(leave).toHaveBeenCalledOnce();
    expect(press('x').defaultPrevented).toBe(false);
  });

  test('belong to whoever composes a character', async () => {
    await type('/a');
    const event = press('Enter', { isComposing: true });
    expect([go.mock.calls, event.defaultPrevented]).toEqual([[], false]);
  });
});

test.each([
  ['/zoo', '/', 'zoo'],
  ['/app/a', '/app/', 'a'],
  ['/', '/', '/'],
])('%s is shown as %s and %s', (path, directory, name) => {
  expect(splitCompletion(path)).toEqual({ directory, name });
});
