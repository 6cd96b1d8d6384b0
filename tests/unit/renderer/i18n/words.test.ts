/** The words: the same in every language but for the language, all of them used, and each told what it needs. */
import { afterEach, describe, expect, test, vi } from 'vitest';

import { en } from '../../../../src-renderer/i18n/en.ts';
import {
  i18n,
  LANGUAGES,
  setLanguage,
  systemLanguage,
  t,
  tn,
} from '../../../../src-renderer/i18n/words.ts';
import { zhCn } from '../../../../src-renderer/i18n/zh-cn.ts';

interface Tree {
  readonly [key: string]: string | Tree;
}

function flatten(tree: Tree, prefix = ''): [key: string, text: string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [[prefix + key, value] as [string, string]]
      : flatten(value, `${prefix}${key}.`),
  );
}

function placeholdersOf(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), ([, name]) => name!))].sort();
}

function formsOf(text: string): string[] {
  return text.split('|').map((form) => form.trim());
}

const english = new Map(flatten(en));
const languages = { en: english, 'zh-CN': new Map(flatten(zhCn)) };

afterEach(() => {
  setLanguage('en');
  vi.restoreAllMocks();
});

describe.each(LANGUAGES)('%s', (language) => {
  const texts = languages[language];

  test('has the keys of English, no more and no less', () => {
    expect([...texts.keys()].sort()).toEqual([...english.keys()].sort());
  });

  test('has words for each', () => {
    expect([...texts].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  test('stands for the same things in each', () => {
    const placeholders = (of: ReadonlyMap<string, string>): [string, string[]][] =>
      [...of].map(([key, text]) => [key, placeholdersOf(text)]);
    expect(new Map(placeholders(texts))).toEqual(new Map(placeholders(english)));
  });

  test('counts where English counts: in one form for all numbers or in as many', () => {
    for (const [key, text] of english) {
      const forms = formsOf(texts.get(key)!);
      expect([1, formsOf(text).length], key).toContain(forms.length);
      // Many are always said how many; none and one may be words.
      if (formsOf(text).length > 1) expect(forms.at(-1), key).toContain('{n}');
    }
  });

  test('says each without a complaint and with everything it stands for', () => {
    const complaints = vi.spyOn(console, 'warn');
    setLanguage(language);
    for (const [key, text] of texts) {
      const names = placeholdersOf(text);
      const named = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
      const said = i18n.global.t(key, named, 2);
      const last = formsOf(text).at(-1)!;
      expect(said, key).toBe(last.replace(/\{(\w+)\}/g, '<$1>').replace(/\{'(.)'\}/g, '$1'));
    }
    expect(complaints).not.toHaveBeenCalled();
  });
});

describe('in the sources', () => {
  const sources = Object.entries(
    import.meta.glob<string>('../../../../src-renderer/**/*.{ts,vue}', {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
  ).filter(([file]) => !file.includes('/i18n/'));
  const all = sources.map(([, text]) => text).join('\n');

  /** What could be a key: a literal with dots, or a template, whose holes stand for one part or more. */
  const literals = new Set(
    Array.from(all.matchAll(/'([a-z][\w-]*(?:\.[\w-]+)+)'/gi), ([, key]) => key!),
  );
  const templates = Array.from(
    all.matchAll(/`([a-z]\w*\.(?:[\w.-]|\$\{[^}]*\})*)`/gi),
    ([, template]) => template!,
  ).filter((template) => template.includes('${'));
  const patterns = templates.map(
    (template) =>
      new RegExp(
        `^${template
          .split(/\$\{[^}]*\}/)
          .map((part) => part.replace(/[.]/g, '\\.'))
          .join('[\\w-]+')}$`,
      ),
  );

  test('every word is used', () => {
    const unused = [...english.keys()].filter(
      (key) => !literals.has(key) && !patterns.some((pattern) => pattern.test(key)),
    );
    expect(unused).toEqual([]);
  });

  test('every word that is asked for exists', () => {
    const asked = Array.from(all.matchAll(/\btn?\(\s*'([^']+)'/g), ([, key]) => key!);
    expect(asked.length).toBeGreaterThan(200);
    expect(asked.filter((key) => !english.has(key))).toEqual([]);
    const keys = [...english.keys()];
    const first = new Set(keys.map((key) => key.split('.')[0]));
    const nowhere = templates.filter(
      (template, i) =>
        first.has(template.split('.')[0]) && !keys.some((key) => patterns[i]!.test(key)),
    );
    expect(nowhere).toEqual([]);
  });

  test('each is told what it stands for', () => {
    const wrong: string[] = [];
    for (const [, fn, key, rest] of all.matchAll(
      /\b(tn?)\(\s*'([^']+)'(\)|,(?:[^{};]*?)\{[^}]*\})/g,
    )) {
      const wanted = placeholdersOf(english.get(key!) ?? '').filter(
        (name) => fn === 't' || name !== 'n',
      );
      if (rest!.includes('...')) continue;
      const body = /\{([^}]*)\}/.exec(rest!)?.[1] ?? '';
      const given = body
        .split(',')
        .map((part) => part.split(':')[0]!.trim())
        .filter((name) => name !== '');
      if (fn === 'tn' && rest === ')') wrong.push(`${key}: no count`);
      else if (wanted.some((name) => !given.includes(name))) wrong.push(`${key}: ${wanted.join()}`);
    }
    expect(wrong).toEqual([]);
  });

  test('words that count are given a count, and only they', () => {
    const counted = new Set(Array.from(all.matchAll(/\btn\(\s*'([^']+)'/g), ([, key]) => key!));
    const counting = [...english]
      .filter(([, text]) => formsOf(text).length > 1)
      .map(([key]) => key);
    expect([...counted].sort()).toEqual(counting.sort());
  });
});

describe('the language', () => {
  test.each([
    [['zh-CN', 'en'], 'zh-CN'],
    [['zh-TW'], 'zh-CN'],
    [['de', 'zh-Hans'], 'zh-CN'],
    [['en-GB', 'zh-CN'], 'en'],
    [['de', 'fr'], 'en'],
    [[], 'en'],
  ] as const)('of a system that prefers %j is %s', (tags, language) => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(tags);
    expect(systemLanguage()).toBe(language);
  });

  test('is told to the page, for its fonts and for those who listen to it', () => {
    setLanguage('zh-CN');
    expect(document.documentElement.lang).toBe('zh-CN');
    expect(t('common.cancel')).toBe(zhCn.common.cancel);
  });

  test('writes its own numbers, and one is not many', () => {
    expect([tn('common.bytes', 1), tn('common.bytes', 12_345)]).toEqual(['1 byte', '12,345 bytes']);
  });
});
