/** Keys that work anywhere on the page, while the component that registered them is there. */
import { onScopeDispose } from 'vue';

import { matches } from '../model/hotkeys.ts';

export interface Hotkey {
  /** As `Mod+K`; `Mod` is the command key on a Mac, Ctrl elsewhere. */
  readonly keys: string;
  /** False leaves the key to others. */
  isActive?(): boolean;
  run(): void;
}

const isMac = navigator.platform.startsWith('Mac');

export function useHotkeys(hotkeys: readonly Hotkey[]): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const hotkey = hotkeys.find(({ keys }) => matches(keys, event, isMac));
    if (hotkey === undefined || hotkey.isActive?.() === false) return;
    if (isTyping(event) && !hotkey.keys.includes('+') && !hotkey.keys.startsWith('F')) return;
    event.preventDefault();
    hotkey.run();
  };
  window.addEventListener('keydown', onKey);
  onScopeDispose(() => window.removeEventListener('keydown', onKey));
}

/** Plain keys belong to whatever is written in. */
function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target.role === 'textbox'
  );
}
