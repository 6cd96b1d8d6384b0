/** Lines of the tree that changed between one window and the next. */
import type { TreeRow, TreeWindow } from '#contract/models.ts';

import { parentOf } from './paths.ts';

/** Paths of lines that were not there a moment ago, or show other facts than then: what flashes. */
export function changedPaths(window: TreeWindow, before: TreeWindow): string[] {
  const known = new Map(before.rows.map((row) => [row.path, row]));
  return window.rows
    .filter((row) => {
      const old = known.get(row.path);
      return old === undefined ? isNew(row, window, before, known) : hasOtherFacts(row, old);
    })
    .map(({ path }) => path);
}

function hasOtherFacts({ facts }: TreeRow, old: TreeRow): boolean {
  if (old.facts === null || facts === null) return false;
  return (
    old.facts.mtime !== facts.mtime ||
    old.facts.version !== facts.version ||
    old.facts.numChildren !== facts.numChildren
  );
}

/**
 * A line is new, and not merely scrolled or unfolded into sight, when its parent was seen unfolded before and the place where
 * it stands was seen as well.
 */
function isNew(
  row: TreeRow,
  window: TreeWindow,
  before: TreeWindow,
  known: ReadonlyMap<string, TreeRow>,
): boolean {
  if (window.from !== before.from || window.rowCount === before.rowCount) return false;
  const parent = known.get(parentOf(row.path));
  if (parent?.isExpanded !== true || parent.isLoading) return false;
  const sawTheEnd = before.from + before.rows.length === before.rowCount;
  if (sawTheEnd) return true;
  const at = window.rows.indexOf(row);
  return window.rows.slice(at + 1).some(({ path }) => known.has(path));
}
