/** What this person likes: theme, language, density and sizes; kept in the browser. */
import { defineStore } from 'pinia';
import { computed, reactive, watch } from 'vue';

import { literal, object, range, type TypeOf } from '#contract/checks.ts';
import { treeOrder } from '#contract/models.ts';

import { type Language, setLanguage, systemLanguage } from '../i18n/words.ts';

const preferences = object({
  theme: literal('system', 'light', 'dark'),
  language: literal('system', 'en', 'zh-CN'),
  density: literal('comfortable', 'compact'),
  treeOrder,
  sidebarWidth: range({ min: 180, max: 420 }),
  treeWidth: range({ min: 220, max: 1200 }),
  logSourcesWidth: range({ min: 180, max: 420 }),
  keysWidth: range({ min: 280, max: 1000 }),
  logDetailWidth: range({ min: 300, max: 900 }),
  isSidebarOpen: literal(true, false),
  wrapsLines: literal(true, false),
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Preferences = TypeOf<typeof preferences>;
export type Theme = Preferences['theme'];
export type Density = Preferences['density'];

const KEY = 'zabring.preferences';

const DEFAULTS: Preferences = {
  theme: 'system',
  language: 'system',
  density: 'comfortable',
  treeOrder: 'name',
  sidebarWidth: 236,
  treeWidth: 360,
  logSourcesWidth: 224,
  keysWidth: 420,
  logDetailWidth: 372,
  isSidebarOpen: true,
  wrapsLines: true,
};

const ROW_HEIGHTS: Record<Density, number> = { comfortable: 24, compact: 22 };

export const usePreferences = defineStore('preferences', () => {
  const values = reactive<Mutable<Preferences>>(load());
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
  const system = reactive({ isDark: systemDark.matches });
  systemDark.addEventListener('change', ({ matches }) => (system.isDark = matches));

  const isDark = computed(
    () => values.theme === 'dark' || (values.theme === 'system' && system.isDark),
  );
  const language = computed<Language>(() =>
    values.language === 'system' ? systemLanguage() : values.language,
  );
  const rowHeight = computed(() => ROW_HEIGHTS[values.density]);

  watch(values, () => save(values), { deep: true });
  watch(
    [isDark, language, () => values.density],
    () => {
      const { dataset } = document.documentElement;
      dataset['theme'] = isDark.value ? 'dark' : 'light';
      dataset['density'] = values.density;
      setLanguage(language.value);
    },
    { immediate: true },
  );

  return { values, isDark, language, rowHeight };
});

/** What was kept, where it still makes sense; a preference that does not is the usual one. */
function load(): Preferences {
  const kept = read();
  const merged: Record<string, unknown> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) {
    const candidate = { ...DEFAULTS, [name]: kept[name] };
    if (preferences.problem(candidate, 'preferences') === null) merged[name] = kept[name];
  }
  return merged as Preferences;
}

function read(): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function save(values: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(values));
  } catch {
    // A browser that keeps nothing still shows everything.
  }
}
