/**
 * A list whose lines are put elsewhere by hand: dragged by their grip, or with Alt and the arrow keys. While one is dragged the
 * place where it would go is told; Escape leaves it where it was.
 */
import { onScopeDispose, type Ref, shallowRef } from 'vue';

export interface Reorder {
  /** Which line is dragged, and before which it would go. */
  readonly drag: Readonly<Ref<{ readonly from: number; readonly to: number } | null>>;
  /** Of a grip. */
  onGrip(event: PointerEvent, place: number): void;
  /** Of a line. */
  onKey(event: KeyboardEvent, place: number): void;
}

export function useReorder(
  list: Readonly<Ref<HTMLElement | null>>,
  move: (from: number, to: number) => void,
): Reorder {
  const drag = shallowRef<{ readonly from: number; readonly to: number } | null>(null);
  let stop: (() => void) | null = null;

  function lines(): HTMLElement[] {
    return [...(list.value?.children ?? [])] as HTMLElement[];
  }

  /** How many lines have their middle above the pointer, the dragged one left out. */
  function placeAt(y: number, from: number): number {
    return lines().filter((line, place) => {
      const { top, height } = line.getBoundingClientRect();
      return place !== from && top + height / 2 < y;
    }).length;
  }

  function end(isDone: boolean): void {
    stop?.();
    stop = null;
    const done = drag.value;
    drag.value = null;
    if (isDone && done !== null && done.to !== done.from) move(done.from, done.to);
  }

  function onGrip(event: PointerEvent, place: number): void {
    if (event.button !== 0) return;
    event.preventDefault();
    end(false);
    drag.value = { from: place, to: place };
    const onMove = (moved: PointerEvent): void => {
      drag.value = { from: place, to: placeAt(moved.clientY, place) };
    };
    const onUp = (): void => end(true);
    const onKey = (key: KeyboardEvent): void => {
      if (key.key === 'Escape') end(false);
    };
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('keydown', onKey, true);
    stop = () => {
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('keydown', onKey, true);
    };
  }

  onScopeDispose(() => end(false));

  return {
    drag,
    onGrip,
    onKey: (event, place) => {
      const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
      if (step === 0 || !event.altKey) return;
      event.preventDefault();
      const to = place + step;
      if (to >= 0 && to < lines().length) move(place, to);
    },
  };
}
