/** Tokens on the rim of a circle by hand: dragged with the pointer, or chosen and moved with keys. */
import { onScopeDispose, type Ref, ref } from 'vue';

import type { Circle } from '../model/ring-circle.ts';
import { CIRCLE, type PlainTokens } from '../model/staged-ring.ts';
import { positionAt, tokenNear, tokenNext } from '../model/token-dial.ts';

export interface TokenHandOptions {
  /** The chosen one. */
  readonly token: Ref<number | null>;
  readonly tokens: () => PlainTokens | null;
  /** Whose tokens keys walk, where one node is brought out. */
  readonly node: () => number | null;
  readonly box: Readonly<Ref<HTMLElement | null>>;
  readonly circle: Readonly<Ref<Circle | null>>;
  /** Where on the ring the pointer is. */
  readonly at: (event: PointerEvent) => { share: number; isOnRim: boolean } | null;
  /** Moves with the same `of` are one edit. */
  readonly move: (move: { readonly from: number; readonly to: number }, of: object) => void;
  readonly remove: (position: number) => void;
  /** Takes back the drag that was given up. */
  readonly cancel: () => void;
}

export interface TokenHand {
  readonly isDragging: Readonly<Ref<boolean>>;
  onDown(event: PointerEvent): void;
  /** @returns whether the key was about tokens */
  onKey(event: KeyboardEvent): boolean;
  /** What keys do from now on is another edit. */
  rest(): void;
}

export function useTokenHand(options: TokenHandOptions): TokenHand {
  const { token } = options;
  const isDragging = ref(false);
  let series = {};
  let stop: (() => void) | null = null;
  onScopeDispose(() => stop?.());

  /** A token on the rim is taken along; whatever the hand does until it lets go is one edit. */
  function onDown(event: PointerEvent): void {
    const circle = options.circle.value;
    const tokens = options.tokens();
    const at = options.at(event);
    if (circle === null || at === null || !at.isOnRim || tokens === null) return;
    const near = tokenNear(tokens, positionAt(at.share), circle);
    token.value = near;
    if (near === null) return;
    event.preventDefault();
    options.box.value?.focus();
    const of = {};
    let from = near;
    let isMoved = false;
    isDragging.value = true;
    const onDrag = (moved: PointerEvent): void => {
      const here = options.at(moved);
      if (here === null) return;
      const to = positionAt(here.share);
      if (to === from || options.tokens()?.positions.includes(to) === true) return;
      isMoved = true;
      options.move({ from, to }, of);
      from = to;
      token.value = to;
    };
    const onKeyDown = (key: KeyboardEvent): void => {
      if (key.key !== 'Escape') return;
      key.stopPropagation();
      stop?.();
      if (isMoved) options.cancel();
      token.value = near;
    };
    const onUp = (): void => stop?.();
    stop = () => {
      stop = null;
      isDragging.value = false;
      window.removeEventListener('pointermove', onDrag);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('keydown', onKeyDown, true);
    };
    window.addEventListener('pointermove', onDrag);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('keydown', onKeyDown, true);
  }

  /** With Alt the arrow keys move the chosen token, by a slot or, with Shift, by sixty-four. */
  function onKey(event: KeyboardEvent): boolean {
    const tokens = options.tokens();
    if (tokens === null) return false;
    if (event.key === 't' || event.key === 'T') {
      const step = event.shiftKey ? -1 : 1;
      token.value = tokenNext(tokens, token.value, { step, node: options.node() });
      series = {};
      return true;
    }
    if (token.value === null) return false;
    if (event.key === 'Delete' || event.key === 'Backspace') {
      options.remove(token.value);
      token.value = null;
      return true;
    }
    const way = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (way === 0 || !event.altKey) return false;
    const by = way * (CIRCLE / 16384) * (event.shiftKey ? 64 : 1);
    const to = (token.value + by + CIRCLE) % CIRCLE;
    options.move({ from: token.value, to }, series);
    token.value = to;
    return true;
  }

  return {
    isDragging,
    onDown,
    onKey,
    rest: () => {
      series = {};
    },
  };
}
