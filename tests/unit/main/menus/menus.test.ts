/** The system's menus: in the interface's languages, and with nothing in them that cannot be done. */
import type { MenuItemConstructorOptions } from 'electron';
import { expect, test } from 'vitest';

import { appMenu } from '../../../../src-main/menus/app-menu.ts';
import { contextMenu } from '../../../../src-main/menus/context-menu.ts';
import { menuWords } from '../../../../src-main/menus/words.ts';

const ENGLISH = menuWords('en-GB');

function rolesIn(items: readonly MenuItemConstructorOptions[]): string[] {
  return items.flatMap(({ role, submenu }) => [
    ...(role === undefined ? [] : [role]),
    ...(Array.isArray(submenu) ? rolesIn(submenu) : []),
  ]);
}

function menu(options: {
  readonly isMac: boolean;
  readonly withDeveloperTools: boolean;
}): string[] {
  const show = (): void => undefined;
  return rolesIn(appMenu({ words: ENGLISH, ...options, showDataFolder: show, showLogs: show }));
}

test('each language has every word', () => {
  const chinese = menuWords('zh-CN');
  expect(menuWords('zh-Hant-TW')).toBe(chinese);
  expect(menuWords('fr')).toBe(ENGLISH);
  expect(Object.keys(chinese)).toEqual(Object.keys(ENGLISH));
  for (const word of Object.values(chinese)) expect(word).toMatch(/[\u4e00-\u9fff]/);
});

test('a Mac has its app menu, the others quit and about where they look for them', () => {
  expect(menu({ isMac: true, withDeveloperTools: false })).toEqual(
    expect.arrayContaining(['services', 'hide', 'quit', 'front', 'about']),
  );
  const others = menu({ isMac: false, withDeveloperTools: false });
  expect(others).toEqual(expect.arrayContaining(['quit', 'about']));
  expect(others).not.toContain('services');
});

test('only those who work on the app look behind its page', () => {
  for (const isMac of [true, false]) {
    expect(menu({ isMac, withDeveloperTools: true })).toContain('toggleDevTools');
    expect(menu({ isMac, withDeveloperTools: false })).not.toContain('toggleDevTools');
    expect(menu({ isMac, withDeveloperTools: false })).not.toContain('reload');
  }
});

test('under the pointer there is what can be done with the text there', () => {
  const editFlags = {
    canUndo: false,
    canRedo: false,
    canCut: false,
    canCopy: true,
    canPaste: true,
    canDelete: false,
    canSelectAll: true,
    canEditRichly: false,
  };
  const there = { isEditable: false, selectionText: '', editFlags };
  expect(contextMenu(ENGLISH, there)).toEqual([]);
  expect(rolesIn(contextMenu(ENGLISH, { ...there, selectionText: '/path' }))).toEqual(['copy']);
  const inField = contextMenu(ENGLISH, { ...there, isEditable: true });
  expect(rolesIn(inField)).toEqual(['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll']);
  expect(inField.find(({ role }) => role === 'cut')?.enabled).toBe(false);
  expect(inField.find(({ role }) => role === 'paste')?.enabled).toBe(true);
});
