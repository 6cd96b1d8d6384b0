/** Short messages: how long they stay, how many there are, and how a refusal reads. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, ERROR_CODES } from '#contract/errors.ts';

import { LANGUAGES, setLanguage } from '../../../../src-renderer/i18n/words.ts';
import { useNotices } from '../../../../src-renderer/stores/notices.ts';
import { useFakeConsole } from '../fake-console.ts';

useFakeConsole();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  setLanguage('en');
  vi.useRealTimers();
});

test('what was done stays shorter than what could not be', () => {
  const notices = useNotices();
  notices.show('done', 'a');
  notices.show('info', 'b');
  notices.show('problem', 'c', 'because');
  const titles = (): string => notices.notices.map(({ title }) => title).join('');
  vi.advanceTimersByTime(2999);
  expect(titles()).toBe('abc');
  vi.advanceTimersByTime(1);
  expect(titles()).toBe('bc');
  vi.advanceTimersByTime(5000);
  expect(titles()).toBe('c');
  expect(notices.notices[0]?.detail).toBe('because');
  vi.advanceTimersByTime(2000);
  expect(titles()).toBe('');
});

test('the newest four are there, and each can be put away', () => {
  const notices = useNotices();
  for (const title of ['a', 'b', 'c', 'd', 'e']) notices.show('info', title);
  expect(notices.notices.map(({ title }) => title)).toEqual(['b', 'c', 'd', 'e']);
  notices.dismiss(notices.notices[1]!.id);
  expect(notices.notices.map(({ title }) => title)).toEqual(['b', 'd', 'e']);
});

test.each(LANGUAGES.flatMap((language) => ERROR_CODES.map((code) => [code, language] as const)))(
  'the refusal %s has words in %s',
  (code, language) => {
    setLanguage(language);
    const notices = useNotices();
    notices.showProblem(new ApiError(code, 'the sentence for the log'));
    if (code === 'cancelled') {
      expect(notices.notices).toEqual([]);
      return;
    }
    expect(notices.notices).toHaveLength(1);
    const { title, detail } = notices.notices[0]!;
    expect(title).not.toContain('errors.');
    expect(detail).not.toContain('errors.');
    // What a storage node said is all there is to say.
    const isTold = code === 'internal' || code === 'node-refused';
    expect(detail === 'the sentence for the log').toBe(isTold);
  },
);

test('what is no refusal of the service is our own mistake, and says what it is', () => {
  const notices = useNotices();
  notices.showProblem(new TypeError('x is not a function'));
  notices.showProblem('a word');
  expect(notices.notices.map(({ detail }) => detail)).toEqual(['x is not a function', 'a word']);
});
