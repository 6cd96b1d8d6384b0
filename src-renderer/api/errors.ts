/** Every refusal in words: what happened, and what to do. The words themselves are in i18n, by the contract's code. */
import { ApiError, type ErrorCode } from '#contract/errors.ts';

import type { WordKey } from '../i18n/words.ts';

export interface ErrorWords {
  readonly title: WordKey;
  readonly advice: WordKey;
}

export function wordsOf(code: ErrorCode): ErrorWords {
  return { title: `errors.${code}.title`, advice: `errors.${code}.advice` };
}

export function codeOf(error: unknown): ErrorCode {
  return error instanceof ApiError ? error.code : 'internal';
}

/** The sentence for the log, shown small where the code alone may not be enough. */
export function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Nobody waits any more: not worth a word. */
export function isCancelled(error: unknown): boolean {
  return codeOf(error) === 'cancelled';
}
