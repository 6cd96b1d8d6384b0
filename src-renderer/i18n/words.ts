/**
 * The words of the interface: typed keys, two languages, changed while it runs.
 *
 * Messages are parsed to trees and walked, never compiled to code, so that no policy has to allow that.
 */
import { createI18n } from 'vue-i18n';

import { en } from './en.ts';
import { zhCn } from './zh-cn.ts';

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

type KeysOf<T, Prefix extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${Prefix}${K}` : KeysOf<T[K], `${Prefix}${K}.`>;
}[keyof T & string];

export type WordKey = KeysOf<typeof en>;

export type Named = Readonly<Record<string, string | number>>;

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en, 'zh-CN': zhCn },
});

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}

export function currentLanguage(): Language {
  return i18n.global.locale.value;
}

/** The words of a key, in the language of the moment; reactive where it is used. */
export function t(key: WordKey, named: Named = {}): string {
  return i18n.global.t(key, named);
}

/** The same with a count, which chooses between one and many and stands for `{n}`. */
export function tn(key: WordKey, count: number, named: Named = {}): string {
  return i18n.global.t(key, { n: formatNumber(count), ...named }, count);
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(currentLanguage()).format(value);
}

/** The system's language, as far as we speak it. */
export function systemLanguage(): Language {
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('zh')) &&
    !navigator.languages[0]?.toLowerCase().startsWith('en')
    ? 'zh-CN'
    : 'en';
}
