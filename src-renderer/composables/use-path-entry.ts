/** Writing a path with completions: what is typed, what could be meant, and what the keys do. */
import { computed, type ComputedRef, type Ref, ref, shallowRef } from 'vue';

import { nameOf, parentOf, tidyTyped } from '../model/paths.ts';
import { useTree } from '../stores/tree.ts';

export interface PathEntry {
  readonly text: Ref<string>;
  readonly completions: Ref<readonly string[]>;
  /** −1 while what is typed counts. */
  readonly chosen: Ref<number>;
  readonly isOpen: ComputedRef<boolean>;
  begin(path: string): void;
  onInput(): void;
  onKey(event: KeyboardEvent): void;
  take(completion: string): void;
  end(): void;
}

/** Typing is followed at this distance. */
const PAUSE_MS = 40;

export function usePathEntry(options: { go(path: string): void; leave(): void }): PathEntry {
  const tree = useTree();
  const text = ref('');
  const completions = shallowRef<readonly string[]>([]);
  const chosen = ref(-1);
  let timer = 0;
  let asked = 0;

  function ask(): void {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void complete(), PAUSE_MS);
  }

  async function complete(): Promise<void> {
    const number = ++asked;
    const prefix = text.value.startsWith('/') ? text.value : `/${text.value}`;
    const found = await tree.complete(prefix);
    if (number !== asked) return;
    completions.value = found;
    chosen.value = -1;
  }

  /** Into the line, ready to go on below it. */
  function take(completion: string): void {
    text.value = completion === '/' ? '/' : `${completion}/`;
    ask();
  }

  function move(step: number): void {
    const { length } = completions.value;
    if (length === 0) return;
    chosen.value = ((chosen.value + 1 + step + length + 1) % (length + 1)) - 1;
  }

  /** As far as all completions agree; the only one wholly. */
  function takeCommon(): void {
    const picked =
      completions.value[chosen.value] ??
      (completions.value.length === 1 ? completions.value[0] : undefined);
    if (picked !== undefined) {
      take(picked);
      return;
    }
    const [first = '', ...others] = completions.value;
    let length = first.length;
    for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
    if (length > text.value.length) text.value = first.slice(0, length);
    ask();
  }

  function onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    switch (event.key) {
      case 'ArrowDown':
        move(1);
        break;
      case 'ArrowUp':
        move(-1);
        break;
      case 'Tab':
        if (completions.value.length === 0 || event.shiftKey) return;
        takeCommon();
        break;
      case 'Enter':
        options.go(completions.value[chosen.value] ?? tidyTyped(text.value));
        break;
      case 'Escape':
        options.leave();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    text,
    completions,
    chosen,
    isOpen: computed(
      () => completions.value.length > 0 && !isTheOnly(completions.value, text.value),
    ),
    begin: (path) => {
      text.value = path;
      completions.value = [];
      ask();
    },
    onInput: ask,
    onKey,
    take,
    end: () => {
      window.clearTimeout(timer);
      asked++;
      completions.value = [];
    },
  };
}

function isTheOnly(completions: readonly string[], typed: string): boolean {
  return completions.length === 1 && completions[0] === typed;
}

/** A completion as directory and name, so that the part that differs stands out. */
export function splitCompletion(path: string): {
  readonly directory: string;
  readonly name: string;
} {
  const parent = parentOf(path);
  return { directory: parent === '/' ? '/' : `${parent}/`, name: nameOf(path) };
}
