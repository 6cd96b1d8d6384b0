/** Keys of the ring, found page by page: what was asked for, what has come, and whether there is more. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ErrorCode } from '#contract/errors.ts';
import type { KeyLine } from '#contract/key-models.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf, detailOf } from '../api/errors.ts';
import { patternOf, textOfKey } from '../model/key-text.ts';
import { useRing } from './ring.ts';

/** Keys asked for at a time, and until there are so many more it goes on by itself. */
const PAGE_KEYS = 200;
/** More than anybody scrolls through; then the search has to say more. */
const KEYS_MAX = 100_000;

export interface KeySearch {
  readonly text: string;
  readonly partition: number | null;
}

export const useKeys = defineStore('keys', () => {
  const ring = useRing();
  const search = shallowRef<KeySearch>({ text: '', partition: null });
  const lines = shallowRef<readonly KeyLine[]>([]);
  /** Null before the first page and at the end. */
  const cursor = ref<string | null>(null);
  const isScanning = ref(false);
  /** Every key that fits has come. */
  const isComplete = ref(false);
  const problem = shallowRef<{ readonly code: ErrorCode; readonly detail: string } | null>(null);
  /** Of the search that goes on: pages of one before count for nothing. */
  let run = 0;
  const seen = new Set<string>();

  const isFull = computed(() => lines.value.length >= KEYS_MAX);

  function begin(next: KeySearch): void {
    search.value = next;
    renew();
  }

  function renew(): void {
    run++;
    lines.value = [];
    cursor.value = null;
    isComplete.value = false;
    isScanning.value = false;
    problem.value = null;
    seen.clear();
    void more();
  }

  /** Goes on until there is another page of them, or the end. */
  async function more(): Promise<void> {
    const at = ring.at;
    if (at === null || isScanning.value || isComplete.value || isFull.value) return;
    const mine = run;
    isScanning.value = true;
    problem.value = null;
    const wanted = lines.value.length + PAGE_KEYS;
    const range = {
      pattern: patternOf(search.value.text),
      partition: search.value.partition,
    };
    try {
      while (isWanted(mine) && lines.value.length < wanted) {
        const page = await consoleLink.call('keys.list', {
          ...at,
          range,
          cursor: cursor.value,
          count: PAGE_KEYS,
        });
        if (!isWanted(mine)) return;
        take(page.keys);
        cursor.value = page.cursor;
        isComplete.value = page.cursor === null;
        if (page.cursor === null || lines.value.length >= KEYS_MAX) break;
      }
    } catch (error) {
      if (mine === run) problem.value = { code: codeOf(error), detail: detailOf(error) };
    } finally {
      if (mine === run) isScanning.value = false;
    }
  }

  /** Neither stopped nor overtaken by another search. */
  function isWanted(mine: number): boolean {
    return mine === run && isScanning.value;
  }

  /** While partitions move, a scan may tell a key twice. */
  function take(keys: readonly KeyLine[]): void {
    const fresh = keys.filter(({ key }) => {
      const name = textOfKey(key);
      if (seen.has(name)) return false;
      seen.add(name);
      return true;
    });
    if (fresh.length > 0) lines.value = [...lines.value, ...fresh];
  }

  /** A key was made, changed or deleted here: its line says so without another search. */
  function note(line: KeyLine): void {
    const name = textOfKey(line.key);
    const isKnown = seen.has(name);
    seen.add(name);
    lines.value = isKnown
      ? lines.value.map((one) => (textOfKey(one.key) === name ? line : one))
      : [line, ...lines.value];
  }

  function forget(key: Uint8Array): void {
    const name = textOfKey(key);
    if (!seen.delete(name)) return;
    lines.value = lines.value.filter((one) => textOfKey(one.key) !== name);
  }

  return {
    search,
    lines,
    isScanning,
    isComplete,
    isFull,
    problem,
    begin,
    renew,
    more,
    stop: () => (isScanning.value = false),
    note,
    forget,
  };
});
