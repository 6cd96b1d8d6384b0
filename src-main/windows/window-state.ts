/** Where the window was, and whether that is still a place a person can see. */
import type { Rectangle } from 'electron';

import type { WindowState } from '../settings.ts';

/** The smallest the interface is drawn for. */
export const SMALLEST = { width: 760, height: 480 } as const;
const USUAL = { width: 1280, height: 820 } as const;
/** So much of the window's top must be on a screen for somebody to take hold of it. */
const GRIP = { width: 120, height: 32 } as const;

export interface Placement {
  /** Without a place the system chooses one. */
  readonly bounds: Rectangle | { readonly width: number; readonly height: number };
  readonly isMaximized: boolean;
  readonly isFullScreen: boolean;
}

/** @param workAreas of the screens there are now, the main one first */
export function placeWindow(
  remembered: WindowState | null,
  workAreas: readonly Rectangle[],
): Placement {
  const largest = workAreas[0] ?? { x: 0, y: 0, ...USUAL };
  if (remembered === null) {
    const bounds = fitting(USUAL, largest);
    return { bounds, isMaximized: false, isFullScreen: false };
  }
  const { isMaximized, isFullScreen, x, y } = remembered;
  const area = workAreas.find((workArea) => canBeTaken(remembered, workArea));
  // The screen it was on is gone: the same size, as far as it fits, wherever the system puts it.
  const bounds =
    area === undefined ? fitting(remembered, largest) : { x, y, ...fitting(remembered, area) };
  return { bounds, isMaximized, isFullScreen };
}

function fitting(
  size: { readonly width: number; readonly height: number },
  area: Rectangle,
): { width: number; height: number } {
  return {
    width: Math.max(SMALLEST.width, Math.min(size.width, area.width)),
    height: Math.max(SMALLEST.height, Math.min(size.height, area.height)),
  };
}

function canBeTaken(window: WindowState, area: Rectangle): boolean {
  const shared =
    Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  const isTopInside =
    window.y >= area.y - GRIP.height && window.y + GRIP.height <= area.y + area.height;
  return shared >= GRIP.width && isTopInside;
}
