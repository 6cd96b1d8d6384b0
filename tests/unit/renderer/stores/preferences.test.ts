/** What a person likes: kept, read back as far as it makes sense, and told to the page. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { currentLanguage, setLanguage } from '../../../../src-renderer/i18n/words.ts';
import { usePreferences } from '../../../../src-renderer/stores/preferences.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

useFakeConsole();

const KEY = 'zabring.preferences';
let tellSystem: (isDark: boolean) => void = () => undefined;

beforeEach(() => {
  localStorage.clear();
  let isDark = false;
  const listeners = new Set<(event: { matches: boolean }) => void>();
  vi.spyOn(window, 'matchMedia').mockImplementation(
    () =>
      ({
        get matches() {
          return isDark;
        },
        addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      }) as unknown as MediaQueryList,
  );
  tellSystem = (now) => {
    isDark = now;
    for (const listener of listeners) listener({ matches: now });
  };
});
afterEach(() => {
  setLanguage('en');
  vi.restoreAllMocks();
});

function kept(): unknown {
  return JSON.parse(localStorage.getItem(KEY) ?? 'null');
}

describe('kept', () => {
  test('is what was changed, and read back by the next page', async () => {
    const preferences = usePreferences();
    const defaults = { ...preferences.values };
    preferences.values.treeWidth = 500;
    preferences.values.theme = 'dark';
    await settled();
    expect(kept()).toEqual({ ...defaults, treeWidth: 500, theme: 'dark' });
    preferences.$dispose();
    expect(usePreferences().values).toEqual({ ...defaults, treeWidth: 500, theme: 'dark' });
  });

  test.each([
    ['nothing', null],
    ['something that is no JSON', '{"theme":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a word', '"dark"'],
  ])('%s is as if there were nothing', (_, text) => {
    const defaults = { ...usePreferences().values };
    usePreferences().$dispose();
    if (text !== null) localStorage.setItem(KEY, text);
    expect(usePreferences().values).toEqual(defaults);
  });

  test('a preference that makes no sense any more is the usual one, the others stay', () => {
    localStorage.setItem(
      KEY,
      JSON.stringify({
        theme: 'pink',
        density: 'compact',
        treeWidth: 5,
        sidebarWidth: '300',
        more: 1,
      }),
    );
    expect(usePreferences().values).toMatchObject({
      theme: 'system',
      density: 'compact',
      treeWidth: 360,
      sidebarWidth: 236,
    });
    expect(usePreferences().values).not.toHaveProperty('more');
  });

  test('nothing, by a browser that keeps nothing, is no trouble', async () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const { values } = usePreferences();
    values.theme = 'dark';
    await settled();
    expect(document.documentElement.dataset['theme']).toBe('dark');
  });
});

describe('the page is told', () => {
  test.each([
    ['light', true, 'light'],
    ['dark', false, 'dark'],
    ['system', true, 'dark'],
    ['system', false, 'light'],
  ] as const)('%s, where the system is dark: %s', async (theme, isDark, told) => {
    const preferences = usePreferences();
    preferences.values.theme = theme;
    tellSystem(isDark);
    await settled();
    expect(preferences.isDark).toBe(told === 'dark');
    expect(document.documentElement.dataset['theme']).toBe(told);
  });

  test('the density, and how high a line of it is', async () => {
    const preferences = usePreferences();
    const before = preferences.rowHeight;
    preferences.values.density = 'compact';
    await settled();
    expect(document.documentElement.dataset['density']).toBe('compact');
    expect(preferences.rowHeight).toBeLessThan(before);
  });

  test('the language, by choice or by the system', async () => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['zh-CN']);
    const preferences = usePreferences();
    expect(currentLanguage()).toBe('zh-CN');
    preferences.values.language = 'en';
    await settled();
    expect([currentLanguage(), document.documentElement.lang]).toEqual(['en', 'en']);
  });
});
