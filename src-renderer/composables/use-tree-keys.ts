/** The keys of the tree, as in every tree. */
import type { TreeRow } from '#contract/models.ts';

import { parentOf, ROOT } from '../model/paths.ts';
import { useTree } from '../stores/tree.ts';
import { focusOn } from './focus-places.ts';
import { useDialogs } from './use-dialogs.ts';
import type { VirtualTree } from './use-virtual-tree.ts';

/** Letters typed within this time make one word. */
const TYPE_AHEAD_MS = 700;

export function mayUnfold(row: TreeRow): boolean {
  if (row.facts === null) return true;
  return row.facts.kind !== 'ephemeral' && (row.facts.numChildren > 0 || row.isExpanded);
}

export function useTreeKeys(options: {
  readonly virtual: VirtualTree;
  open(path: string): void;
}): (event: KeyboardEvent) => void {
  const { virtual, open } = options;
  const tree = useTree();
  const dialogs = useDialogs();
  let typed = '';
  let typedMs = 0;

  /** Null where the lines at hand do not have it yet: another node may stand at its number in them. */
  function activeRow(): TreeRow | null {
    const { index, path } = virtual.active.value;
    const row = tree.rowAt(index);
    return path === null || row?.path === path ? row : null;
  }

  function unfold(): void {
    const row = activeRow();
    if (row === null) return;
    const { index } = virtual.active.value;
    if (!row.isExpanded) {
      if (mayUnfold(row)) void tree.expand(row.path);
    } else if ((tree.rowAt(index + 1)?.depth ?? 0) > row.depth) {
      virtual.activate(index + 1);
    }
  }

  function fold(): void {
    const row = activeRow();
    if (row === null) return;
    if (row.isExpanded && row.path !== ROOT) void tree.collapse(row.path);
    else if (row.path !== ROOT) void virtual.activatePath(parentOf(row.path));
  }

  function typeAhead(key: string): void {
    const nowMs = performance.now();
    typed = nowMs - typedMs > TYPE_AHEAD_MS ? key : typed + key;
    typedMs = nowMs;
    const lines = virtual.lines.value.filter(({ row }) => row !== null);
    const at = lines.findIndex(({ index }) => index === virtual.active.value.index);
    // The same letter again goes on to the next; more letters may stay where they are.
    const from = typed.length === 1 ? at + 1 : Math.max(0, at);
    const found = [...lines.slice(from), ...lines.slice(0, from)].find(({ row }) =>
      row?.name.toLowerCase().startsWith(typed.toLowerCase()),
    );
    if (found !== undefined) virtual.activate(found.index);
  }

  function isTypingAhead(): boolean {
    return performance.now() - typedMs < TYPE_AHEAD_MS;
  }

  function onPlainKey(key: string): boolean {
    const { active, activate, rowsPerPage } = virtual;
    const path = active.value.path ?? activeRow()?.path ?? null;
    switch (key) {
      case 'ArrowDown':
        activate(active.value.index + 1);
        return true;
      case 'ArrowUp':
        activate(active.value.index - 1);
        return true;
      case 'PageDown':
        activate(active.value.index + rowsPerPage());
        return true;
      case 'PageUp':
        activate(active.value.index - rowsPerPage());
        return true;
      case 'Home':
        activate(0);
        return true;
      case 'End':
        activate(tree.rowCount - 1);
        return true;
      case 'ArrowRight':
        unfold();
        return true;
      case 'ArrowLeft':
        fold();
        return true;
      case 'Enter':
        if (path !== null) open(path);
        return true;
      case 'Delete':
        if (path !== null && path !== ROOT) dialogs.open({ kind: 'delete', path });
        return true;
      case '/':
        focusOn('address');
        return true;
      case 'n':
      case 'N':
        if (isTypingAhead()) typeAhead(key);
        else if (path !== null) dialogs.open({ kind: 'create', parent: path });
        return true;
      default:
        if (key.length !== 1 || key === ' ' || key === '?') return false;
        typeAhead(key);
        return true;
    }
  }

  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (onPlainKey(event.key)) event.preventDefault();
  };
}
