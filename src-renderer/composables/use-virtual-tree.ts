/**
 * The tree as it is scrolled: which lines are drawn where, which of them has the keys, and how both stay with their nodes
 * while lines come and go above.
 */
import { computed, type ComputedRef, type Ref, ref, shallowRef, triggerRef, watch } from 'vue';

import type { TreeRow } from '#contract/models.ts';

import { ROOT } from '../model/paths.ts';
import { ScaledScroll } from '../model/scaled-scroll.ts';
import { usePreferences } from '../stores/preferences.ts';
import { useTree } from '../stores/tree.ts';

export interface TreeLineView {
  readonly index: number;
  /** Null while it is on its way. */
  readonly row: TreeRow | null;
  /** Pixels from the top of the scrolled element. */
  readonly top: number;
  /** Has the keys. By its node where that is known: what is marked is what they act on, whatever the lines at hand. */
  readonly isActive: boolean;
}

export interface VirtualTree {
  readonly lines: ComputedRef<readonly TreeLineView[]>;
  readonly trackHeight: ComputedRef<number>;
  readonly active: Ref<ActiveLine>;
  readonly rowsPerPage: () => number;
  onScroll(): void;
  onWheel(event: WheelEvent): void;
  resize(viewport: number): void;
  /** This line has the keys now, and is seen. */
  activate(index: number): void;
  activatePath(path: string): Promise<void>;
  /** Unfolds the way to a node, shows it and gives it the keys. */
  reveal(path: string): Promise<void>;
}

export interface ActiveLine {
  readonly index: number;
  /** Null until the line has come. */
  readonly path: string | null;
}

/** Lines kept at hand above and below those in sight. */
const OVERSCAN = 16;

export function useVirtualTree(scroller: Ref<HTMLElement | null>): VirtualTree {
  const tree = useTree();
  const preferences = usePreferences();
  /** Triggered by hand after every move: the scroll is not reactive itself. */
  const position = shallowRef(new ScaledScroll());
  const scroll = position.value;
  const viewport = ref(0);
  const active = shallowRef<ActiveLine>({ index: 0, path: ROOT });
  let isFollowing = false;
  let mustFollowAgain = false;
  /** Where the element was when we last moved or read it. */
  let knownTop = 0;

  function apply(): void {
    if (scroller.value !== null) {
      scroller.value.scrollTop = scroll.scrollTop;
      knownTop = scroller.value.scrollTop;
    }
    triggerRef(position);
    tree.look(scroll.around(OVERSCAN));
  }

  /** The browser tells of a move a frame late: whoever moves the element must know of it, or would take it back. */
  function takeIn(): void {
    if (scroller.value === null || scroller.value.scrollTop === knownTop) return;
    knownTop = scroller.value.scrollTop;
    scroll.onScrollTop(knownTop);
  }

  function measure(): void {
    takeIn();
    scroll.resize({
      rowHeight: preferences.rowHeight,
      rowCount: tree.rowCount,
      viewport: viewport.value,
    });
  }

  watch([() => tree.rowCount, () => preferences.rowHeight, viewport], () => {
    measure();
    apply();
  });
  watch(
    () => tree.revision,
    () => void follow(),
  );
  watch(
    () => tree.window,
    () => {
      const { index, path } = active.value;
      if (path === null) active.value = { index, path: tree.rowAt(index)?.path ?? null };
      else if (!isFollowing) active.value = { index: lineOf(path) ?? index, path };
      triggerRef(position);
    },
  );
  watch(
    () => tree.cluster,
    () => {
      active.value = { index: 0, path: ROOT };
      scroll.moveTo(0);
    },
  );

  /** The line of a path among those at hand. */
  function lineOf(path: string): number | null {
    const at = tree.window?.rows.findIndex((row) => row.path === path) ?? -1;
    return at < 0 ? null : at + (tree.window?.from ?? 0);
  }

  /** Something changed: the line with the keys, or else the first in sight, stays where it is on the screen. */
  async function follow(): Promise<void> {
    if (isFollowing) {
      mustFollowAgain = true;
      return;
    }
    isFollowing = true;
    takeIn();
    const { index, path } = active.value;
    const { from, count } = scroll.visible;
    const isActiveSeen = index >= from && index < from + count;
    const first = tree.rowAt(from)?.path ?? null;
    const anchor = isActiveSeen || first === null ? active.value : { index: from, path: first };
    const before = scroll.offset;
    const anchorNow = anchor.path === null ? null : await tree.find(anchor.path);
    const activeNow =
      anchor.path === path ? anchorNow : path === null ? null : await tree.find(path);
    takeIn();
    const wasScrolled = scroll.offset !== before;
    measure();
    // At the very top it stays there: what is new above is what one wants to see.
    if (anchorNow !== null && anchorNow !== anchor.index && before > 0 && !wasScrolled) {
      scroll.moveBy((anchorNow - anchor.index) * scroll.rowHeight);
    }
    if (active.value.path === path) keepActive(index, path, activeNow);
    apply();
    tree.refresh();
    isFollowing = false;
    if (!mustFollowAgain) return;
    mustFollowAgain = false;
    await follow();
  }

  function keepActive(index: number, path: string | null, now: number | null): void {
    // Where it is gone, what has taken its place has the keys, or the last line there is.
    const last = Math.max(0, tree.rowCount - 1);
    active.value =
      now === null ? { index: Math.min(index, last), path: null } : { index: now, path };
  }

  function activate(index: number): void {
    takeIn();
    const row = Math.max(0, Math.min(index, scroll.rowCount - 1));
    active.value = { index: row, path: tree.rowAt(row)?.path ?? null };
    scroll.reveal(row);
    apply();
  }

  return {
    lines: computed(() => {
      const { from, count } = position.value.around(OVERSCAN);
      const lines: TreeLineView[] = [];
      for (let index = from; index < from + count; index++) {
        const row = tree.rowAt(index);
        const isActive =
          active.value.path === null
            ? index === active.value.index
            : row?.path === active.value.path;
        lines.push({ index, row, top: scroll.topOf(index), isActive });
      }
      return lines;
    }),
    trackHeight: computed(() => {
      return position.value.trackHeight;
    }),
    active,
    rowsPerPage: () => scroll.rowsPerPage,
    onScroll: () => {
      takeIn();
      triggerRef(position);
      tree.look(scroll.around(OVERSCAN));
    },
    onWheel: (event) => {
      // Within the cap the browser scrolls by itself, and better.
      if (!scroll.isScaled || event.ctrlKey) return;
      event.preventDefault();
      takeIn();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? scroll.rowHeight : 1;
      scroll.moveBy(event.deltaY * unit);
      apply();
    },
    resize: (height) => (viewport.value = height),
    activate,
    activatePath: async (path) => {
      const index = await tree.find(path);
      if (index !== null) activate(index);
    },
    reveal: async (path) => {
      const found = await tree.reveal(path);
      if (found === null) return;
      const index = (await tree.find(found.path)) ?? found.row;
      active.value = { index, path: found.path };
      measure();
      scroll.center(index);
      apply();
      tree.refresh();
    },
  };
}
