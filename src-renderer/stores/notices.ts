/** Short messages that come and go: what was done, and what could not be. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import { codeOf, detailOf, isCancelled, wordsOf } from '../api/errors.ts';
import { t } from '../i18n/words.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'done' | 'info' | 'problem';
  readonly title: string;
  readonly detail: string;
}

const SHOWN_MS = { done: 3000, info: 8000, problem: 10_000 } as const;
const NOTICES_MAX = 4;

export const useNotices = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([]);
  let nextId = 1;

  function show(tone: Notice['tone'], title: string, detail = ''): void {
    const id = nextId++;
    notices.value = [...notices.value, { id, tone, title, detail }].slice(-NOTICES_MAX);
    window.setTimeout(() => dismiss(id), SHOWN_MS[tone]);
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }

  /** A refusal, in words; one that somebody asked for is passed over. */
  function showProblem(error: unknown): void {
    if (isCancelled(error)) return;
    const code = codeOf(error);
    const { title, advice } = wordsOf(code);
    show(
      'problem',
      t(title),
      code === 'internal' || code === 'node-refused' ? detailOf(error) : t(advice),
    );
  }

  return { notices, show, showProblem, dismiss };
});
