/** The channel to the test: what would be seen on a screen goes out, what a person would do with a window comes in. */
import type { Rectangle } from 'electron';

/** From the app to the test. */
export type Seen =
  /** Chromium runs; a driver may connect there. */
  | { readonly kind: 'browser'; readonly endpoint: string }
  | { readonly kind: 'window'; readonly bounds: Rectangle; readonly isMaximized: boolean }
  | { readonly kind: 'focus' }
  | { readonly kind: 'app-menu'; readonly labels: readonly string[] }
  | { readonly kind: 'context-menu'; readonly labels: readonly string[] }
  | { readonly kind: 'error-box'; readonly text: string }
  | { readonly kind: 'opened'; readonly what: string };

/** From the test to the app. */
export type Done =
  | { readonly kind: 'quit' }
  /** Somebody drags and sizes the window. */
  | { readonly kind: 'place'; readonly bounds: Rectangle }
  /** The page's process falls. */
  | { readonly kind: 'crash' };

export function tell(seen: Seen): void {
  process.send?.(seen);
}

export function onDone(listener: (done: Done) => void): void {
  process.on('message', listener);
}
