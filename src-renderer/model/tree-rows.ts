/**
 * The window of a tree's lines that the interface holds: what is looked at is asked for, at most two questions at a time, and
 * an answer that a later one has overtaken is dropped. Lines that are not there yet show as placeholders.
 */
import type { TreeRow, TreeWindow } from '#contract/models.ts';

import { parentOf } from './paths.ts';
import type { RowRange } from './scaled-scroll.ts';

export interface TreeRowsOptions {
  ask(range: RowRange): Promise<TreeWindow>;
  /** The window holds something else now. */
  onWindow(window: TreeWindow, before: TreeWindow | null): void;
  onProblem(error: unknown): void;
}

const IN_FLIGHT_MAX = 2;

export class TreeRows {
  readonly #options: TreeRowsOptions;
  #window: TreeWindow | null = null;
  #wanted: RowRange = { from: 0, count: 0 };
  #inFlight = 0;
  #asked = 0;
  #answered = 0;
  #isWaiting = false;
  #isClosed = false;

  constructor(options: TreeRowsOptions) {
    this.#options = options;
  }

  /** These lines are looked at from now on. */
  look(range: RowRange): void {
    const isSame = range.from === this.#wanted.from && range.count === this.#wanted.count;
    if (isSame) return;
    this.#wanted = range;
    this.#ask();
  }

  /** The tree shows something else: the same lines again. */
  refresh(): void {
    this.#ask();
  }

  close(): void {
    this.#isClosed = true;
  }

  #ask(): void {
    if (this.#isClosed) return;
    if (this.#inFlight === IN_FLIGHT_MAX) {
      this.#isWaiting = true;
      return;
    }
    const number = ++this.#asked;
    this.#inFlight++;
    this.#options.ask(this.#wanted).then(
      (window) => this.#settle(() => this.#take(number, window)),
      (error: unknown) => this.#settle(() => this.#options.onProblem(error)),
    );
  }

  #settle(end: () => void): void {
    this.#inFlight--;
    if (this.#isClosed) return;
    end();
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#ask();
  }

  #take(number: number, window: TreeWindow): void {
    if (number < this.#answered) return;
    this.#answered = number;
    const before = this.#window;
    this.#window = window;
    this.#options.onWindow(window, before);
  }
}

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
