/** The menu under the pointer: what can be done with the text there, and nothing where there is none. */
import type { ContextMenuParams, MenuItemConstructorOptions } from 'electron';

import type { MenuWords } from './words.ts';

export type TextThere = Pick<ContextMenuParams, 'isEditable' | 'selectionText' | 'editFlags'>;

export function contextMenu(words: MenuWords, there: TextThere): MenuItemConstructorOptions[] {
  const { isEditable, selectionText, editFlags } = there;
  const copy: MenuItemConstructorOptions = {
    role: 'copy',
    label: words.copy,
    enabled: editFlags.canCopy,
  };
  if (!isEditable) return selectionText.trim() === '' ? [] : [copy];
  return [
    { role: 'undo', label: words.undo, enabled: editFlags.canUndo },
    { role: 'redo', label: words.redo, enabled: editFlags.canRedo },
    { type: 'separator' },
    { role: 'cut', label: words.cut, enabled: editFlags.canCut },
    copy,
    { role: 'paste', label: words.paste, enabled: editFlags.canPaste },
    { type: 'separator' },
    { role: 'selectAll', label: words.selectAll, enabled: editFlags.canSelectAll },
  ];
}
