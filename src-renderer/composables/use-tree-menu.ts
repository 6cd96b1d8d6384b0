/** What can be done with one line of the tree, as a menu. */
import {
  ChevronsDownUp,
  ChevronsUpDown,
  Copy,
  FolderOpen,
  Plus,
  RefreshCw,
  Trash2,
} from '@lucide/vue';

import type { TreeRow } from '#contract/models.ts';

import type { MenuEntry } from '../components/base/menu.ts';
import { t } from '../i18n/words.ts';
import { ROOT } from '../model/paths.ts';
import { useTree } from '../stores/tree.ts';
import { useDialogs } from './use-dialogs.ts';
import { mayUnfold } from './use-tree-keys.ts';

export function useTreeMenu(open: (path: string) => void): (row: TreeRow | null) => MenuEntry[] {
  const tree = useTree();
  const dialogs = useDialogs();

  async function refresh(path: string): Promise<void> {
    await tree.collapse(path);
    await tree.expand(path);
  }

  return (row) => {
    if (row === null) return [];
    const { path, name } = row;
    const unfolding: MenuEntry = row.isExpanded
      ? {
          kind: 'item',
          label: t('tree.collapse'),
          icon: ChevronsDownUp,
          isDisabled: path === ROOT,
          onSelect: () => void tree.collapse(path),
        }
      : {
          kind: 'item',
          label: t('tree.expand'),
          icon: ChevronsUpDown,
          isDisabled: !mayUnfold(row),
          onSelect: () => void tree.expand(path),
        };
    // Everything follows changes by itself, except what could not be read.
    const refreshing: MenuEntry[] =
      row.problem === null || path === ROOT
        ? []
        : [
            {
              kind: 'item',
              label: t('tree.tryAgain'),
              icon: RefreshCw,
              onSelect: () => void refresh(path),
            },
          ];
    return [
      {
        kind: 'item',
        label: t('tree.open'),
        icon: FolderOpen,
        keys: 'Enter',
        onSelect: () => open(path),
      },
      unfolding,
      ...refreshing,
      { kind: 'separator' },
      {
        kind: 'item',
        label: t('tree.newChild'),
        icon: Plus,
        keys: 'N',
        isDisabled: row.facts?.kind === 'ephemeral',
        onSelect: () => dialogs.open({ kind: 'create', parent: path }),
      },
      { kind: 'separator' },
      {
        kind: 'item',
        label: t('tree.copyPath'),
        icon: Copy,
        onSelect: () => void navigator.clipboard.writeText(path),
      },
      {
        kind: 'item',
        label: t('tree.copyName'),
        isDisabled: path === ROOT,
        onSelect: () => void navigator.clipboard.writeText(name),
      },
      { kind: 'separator' },
      {
        kind: 'item',
        label: t('tree.delete'),
        icon: Trash2,
        keys: 'Delete',
        isDanger: true,
        isDisabled: path === ROOT,
        onSelect: () => dialogs.open({ kind: 'delete', path }),
      },
    ];
  };
}
