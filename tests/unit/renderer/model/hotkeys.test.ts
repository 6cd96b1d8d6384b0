/** Key combinations: which presses they mean, on every system and layout, and how they are shown. */
import { describe, expect, test } from 'vitest';

import { type KeyPress, keysOf, matches } from '../../../../src-renderer/model/hotkeys.ts';

function press(key: string, part: Partial<KeyPress> = {}): KeyPress {
  const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : '';
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part };
}

describe('which presses a combination means', () => {
  test('Mod is the command key on a Mac and Ctrl elsewhere', () => {
    expect(matches('Mod+K', press('k', { ctrlKey: true }), false)).toBe(true);
    expect(matches('Mod+K', press('k', { metaKey: true }), true)).toBe(true);
    expect(matches('Mod+K', press('k', { metaKey: true }), false)).toBe(false);
    expect(matches('Mod+K', press('k', { ctrlKey: true }), true)).toBe(false);
    expect(matches('Ctrl+K', press('k', { ctrlKey: true }), true)).toBe(true);
  });

  test.each(['ctrlKey', 'metaKey', 'altKey', 'shiftKey'] as const)(
    'one more of the modifiers makes another combination: %s',
    (modifier) => {
      const held = { ctrlKey: true, shiftKey: true };
      expect(matches('Mod+Shift+P', press('P', held), false)).toBe(true);
      expect(
        matches('Mod+Shift+P', press('P', { ...held, [modifier]: !(modifier in held) }), false),
      ).toBe(false);
    },
  );

  test('a letter counts in either case', () => {
    expect(matches('Mod+S', press('S', { ctrlKey: true }), false)).toBe(true);
    expect(matches('Mod+S', press('s', { ctrlKey: true }), false)).toBe(true);
  });

  test('a sign brings its own shift', () => {
    expect(matches('?', press('?', { shiftKey: true }), false)).toBe(true);
    expect(matches('?', press('?'), false)).toBe(true);
    expect(matches('?', press('?', { ctrlKey: true }), false)).toBe(false);
  });

  test.each([
    ['Cyrillic letters', 'Mod+K', press('л', { code: 'KeyK', ctrlKey: true }), false],
    ['a dead key on a Mac', 'Alt+N', press('Dead', { code: 'KeyN', altKey: true }), true],
    ['a sign by Option on a Mac', 'Alt+C', press('ç', { code: 'KeyC', altKey: true }), true],
    ['a digit by Option on a Mac', 'Alt+1', press('¡', { code: 'Digit1', altKey: true }), true],
    ['digits behind shift', 'Alt+2', press('é', { code: 'Digit2', altKey: true }), false],
  ])('where a key writes something else, its place counts: %s', (_, keys, pressed, isMac) => {
    expect(matches(keys, pressed, isMac)).toBe(true);
  });

  test('where layouts put another letter at a place, the letter counts', () => {
    // Dvorak has o where others have s, and French keyboards a where others have q.
    expect(matches('Mod+S', press('o', { code: 'KeyS', ctrlKey: true }), false)).toBe(false);
    expect(matches('Mod+S', press('s', { code: 'Semicolon', ctrlKey: true }), false)).toBe(true);
    expect(matches('Mod+Q', press('a', { code: 'KeyQ', ctrlKey: true }), false)).toBe(false);
  });

  test('named keys are named', () => {
    expect(matches('Alt+ArrowLeft', press('ArrowLeft', { altKey: true }), false)).toBe(true);
    expect(matches('Alt+ArrowLeft', press('ArrowRight', { altKey: true }), false)).toBe(false);
    expect(matches('F6', press('F6'), false)).toBe(true);
  });
});

test.each([
  ['Mod+Shift+P', ['Ctrl', 'Shift', 'P'], ['⌘', '⇧', 'P']],
  ['Alt+ArrowLeft', ['Alt', '←'], ['⌥', '←']],
  ['Enter', ['↵'], ['↵']],
  ['Delete', ['Del'], ['Del']],
  ['?', ['?'], ['?']],
])('%s is shown as each system writes it', (keys, elsewhere, mac) => {
  expect(keysOf(keys, false)).toEqual(elsewhere);
  expect(keysOf(keys, true)).toEqual(mac);
});
