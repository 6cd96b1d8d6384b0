/**
 * A log as it is scrolled: which lines are drawn where, which of them has the keys, and whether the end stays in sight while
 * lines are added to it.
 */
import {
  computed,
  type ComputedRef,
  nextTick,
  type Ref,
  ref,
  shallowRef,
  triggerRef,
  watch,
} from 'vue';

import type { LogRow } from '#contract/log-models.ts';

import { ScaledScroll } from '../model/scaled-scroll.ts';
import { type LogSource, useLog } from '../stores/log.ts';
import { usePreferences } from '../stores/preferences.ts';

export interface LogLineView {
  readonly index: number;
  /** Null while it is on its way. */
  readonly row: LogRow | null;
  /** Pixels from the top of the scrolled element. */
  readonly top: number;
  readonly isActive: boolean;
}

export interface VirtualLog {
  readonly lines: ComputedRef<readonly LogLineView[]>;
  readonly trackHeight: ComputedRef<number>;
  readonly active: Ref<number>;
  /** The last line stays in sight. */
  readonly isAtEnd: Ref<boolean>;
  readonly rowsPerPage: () => number;
  onScroll(): void;
  onWheel(event: WheelEvent): void;
  resize(viewport: number): void;
  /** This line has the keys now, and is seen. */
  activate(index: number): void;
  toEnd(): void;
}

/** Lines kept at hand above and below those in sight. */
const OVERSCAN = 16;

function isLive(source: LogSource | null): boolean {
  return source !== null && source.source !== 'file';
}

export function useVirtualLog(scroller: Ref<HTMLElement | null>): VirtualLog {
  const log = useLog();
  const preferences = usePreferences();
  /** Triggered by hand after every move: the scroll is not reactive itself. */
  const position = shallowRef(new ScaledScroll());
  const scroll = position.value;
  const viewport = ref(0);
  const active = ref(0);
  const isAtEnd = ref(true);

  watch(isAtEnd, (now) => log.follow(now), { immediate: true, flush: 'sync' });

  function measure(): void {
    scroll.resize({
      rowHeight: preferences.rowHeight,
      rowCount: log.rowCount,
      viewport: viewport.value,
    });
  }

  function apply(): void {
    triggerRef(position);
    log.look(scroll.around(OVERSCAN));
    // Only then is the track as high as the list is now: before, the browser would not scroll to its end.
    void nextTick(() => {
      if (scroller.value !== null) scroller.value.scrollTop = scroll.scrollTop;
    });
  }

  /** After a move of somebody's. Where everything is in sight, no place says what they want. */
  function noteEnd(): void {
    const below = scroll.contentHeight - viewport.value;
    if (below > 0) isAtEnd.value = below - scroll.offset <= scroll.rowHeight / 2;
  }

  // Lines that go at the beginning take their place with them: what is seen stays.
  watch(
    () => log.state?.forgotten ?? 0,
    (now, before) => {
      const gone = now - before;
      if (gone <= 0 || isAtEnd.value) return;
      scroll.moveBy(-gone * scroll.rowHeight);
      active.value = Math.max(0, active.value - gone);
      apply();
    },
    { flush: 'sync' },
  );
  watch(
    [() => log.rowCount, () => preferences.rowHeight, viewport],
    () => {
      measure();
      if (isAtEnd.value) scroll.moveTo(scroll.contentHeight);
      active.value = Math.max(0, Math.min(active.value, log.rowCount - 1));
      apply();
    },
    { flush: 'post' },
  );
  // What is read from a file is read from its beginning; what a member writes, from its end.
  watch(
    () => log.source,
    (source) => {
      isAtEnd.value = isLive(source);
      active.value = 0;
      scroll.moveTo(0);
    },
    { immediate: true },
  );
  watch(
    () => log.query,
    () => {
      active.value = 0;
      if (isLive(log.source)) isAtEnd.value = true;
      else scroll.moveTo(0);
    },
  );
  watch(
    () => log.window,
    () => triggerRef(position),
  );

  return {
    lines: computed(() => {
      const { from, count } = position.value.around(OVERSCAN);
      return Array.from({ length: count }, (_, i) => {
        const index = from + i;
        return {
          index,
          row: log.rowAt(index),
          top: scroll.topOf(index),
          isActive: index === active.value,
        };
      });
    }),
    trackHeight: computed(() => position.value.trackHeight),
    active,
    isAtEnd,
    rowsPerPage: () => scroll.rowsPerPage,
    onScroll: () => {
      // What we did ourselves comes back as an event, too.
      if (scroller.value === null || scroller.value.scrollTop === scroll.scrollTop) return;
      // It has another height now, and was pushed; that is told next, and nobody's wish.
      if (scroller.value.clientHeight !== Math.round(viewport.value)) return;
      scroll.onScrollTop(scroller.value.scrollTop);
      noteEnd();
      triggerRef(position);
      log.look(scroll.around(OVERSCAN));
    },
    onWheel: (event) => {
      // Within the cap the browser scrolls by itself, and better.
      if (!scroll.isScaled || event.ctrlKey) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? scroll.rowHeight : 1;
      scroll.moveBy(event.deltaY * unit);
      noteEnd();
      apply();
    },
    resize: (height) => (viewport.value = height),
    activate: (index) => {
      active.value = Math.max(0, Math.min(index, scroll.rowCount - 1));
      scroll.reveal(active.value);
      noteEnd();
      apply();
    },
    toEnd: () => {
      isAtEnd.value = true;
      active.value = Math.max(0, scroll.rowCount - 1);
      scroll.moveTo(scroll.contentHeight);
      apply();
    },
  };
}
