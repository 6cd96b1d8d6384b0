/** A circle that is walked as a dial is: with the pointer, or with arrow keys; and that knows how wide it is. */
import { onMounted, onScopeDispose, type Ref, ref, watch } from 'vue';

/** Page up and down go round in so many steps. */
const LEAPS = 16;

export interface RingDialOptions {
  readonly box: Readonly<Ref<HTMLElement | null>>;
  /** Partitions round it. */
  readonly count: () => number;
  /** Where keys begin while nothing is pointed at. */
  readonly start: () => number;
  /** In CSS pixels, whenever it has another width. */
  readonly resize: (width: number) => void;
}

export interface RingDial {
  /** The partition that is pointed at. */
  readonly pointed: Ref<number | null>;
  /** With the pointer. */
  point(partition: number | null): void;
  leave(): void;
  /** @returns whether the key is one that turns it */
  turn(key: string): boolean;
  /** What is shown from now on, keys have asked for: the pointer does not take it away by leaving. */
  showByKeys(): void;
  blur(): void;
}

export function useRingDial({ box, count, start, resize }: RingDialOptions): RingDial {
  const pointed = ref<number | null>(null);
  let isByKeys = false;
  watch(count, () => (pointed.value = null));

  let observer: ResizeObserver | null = null;
  onMounted(() => {
    observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) resize(Math.floor(entry.contentRect.width));
    });
    if (box.value !== null) observer.observe(box.value);
  });
  onScopeDispose(() => observer?.disconnect());

  function turn(key: string): boolean {
    const all = count();
    const leap = Math.max(1, Math.round(all / LEAPS));
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowDown: 1,
      ArrowLeft: -1,
      ArrowUp: -1,
      PageDown: leap,
      PageUp: -leap,
    };
    if (key === 'Home') pointed.value = 0;
    else if (key === 'End') pointed.value = all - 1;
    else if (key in steps)
      pointed.value = pointed.value === null ? start() : (pointed.value + steps[key]! + all) % all;
    else return false;
    return true;
  }

  return {
    pointed,
    point: (partition) => {
      isByKeys = false;
      pointed.value = partition;
    },
    leave: () => {
      if (!isByKeys) pointed.value = null;
    },
    turn,
    showByKeys: () => {
      isByKeys = true;
    },
    blur: () => {
      if (isByKeys) pointed.value = null;
      isByKeys = false;
    },
  };
}
