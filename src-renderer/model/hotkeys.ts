/** Key combinations as they are written (`Mod+Shift+P`), matched and shown the way each system writes them. */

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const MAC_SIGNS: Readonly<Record<string, string>> = {
  Mod: '⌘',
  Alt: '⌥',
  Shift: '⇧',
  Ctrl: '⌃',
};

const KEY_SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Enter: '↵',
  Delete: 'Del',
};

/** `Mod` is the command key on a Mac and Ctrl elsewhere. */
export function matches(combination: string, press: KeyPress, isMac: boolean): boolean {
  const parts = combination.split('+');
  const key = parts.pop() ?? '';
  const mod = parts.includes('Mod');
  const wants = {
    ctrl: parts.includes('Ctrl') || (mod && !isMac),
    meta: mod && isMac,
    alt: parts.includes('Alt'),
    shift: parts.includes('Shift'),
  };
  // A sign such as "?" brings its own shift.
  const isSign = key.length === 1 && !/[a-zA-Z0-9]/.test(key);
  return (
    press.ctrlKey === wants.ctrl &&
    press.metaKey === wants.meta &&
    press.altKey === wants.alt &&
    (isSign || press.shiftKey === wants.shift) &&
    isKey(key, press)
  );
}

/**
 * By what the key writes; by where it is only when that is no letter or digit, as in other scripts and with a Mac's Option
 * key. Going by the place alone would take other people's letters, since layouts differ.
 */
function isKey(key: string, press: KeyPress): boolean {
  if (press.key.toLowerCase() === key.toLowerCase()) return true;
  if (/^[a-zA-Z0-9]$/.test(press.key)) return false;
  return press.code === `Key${key.toUpperCase()}` || press.code === `Digit${key}`;
}

export function keysOf(combination: string, isMac: boolean): string[] {
  return combination.split('+').map((part) => {
    if (isMac && MAC_SIGNS[part] !== undefined) return MAC_SIGNS[part];
    if (part === 'Mod') return 'Ctrl';
    return KEY_SIGNS[part] ?? part;
  });
}
