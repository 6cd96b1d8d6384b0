/**
 * The children of one expanded node, and the levels below those of them that are expanded, too.
 *
 *   names    a  b  c  d  e …                 one line each
 *   expanded    └── level of b: 3 lines      lines of a level = names + lines of its expanded levels
 *
 * A line's number is found by stepping over whole expanded levels, of which there are few, however many names there are.
 */
import type { ApiError } from '#contract/errors.ts';
import type { TreeOrder } from '#contract/models.ts';

import { joinPath } from './node-views.ts';
import { sortNames } from './tree-order.ts';

export interface Line {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  /** Place among the siblings, from 0, and how many there are. */
  readonly position: number;
  readonly siblings: number;
  /** The level below, if this line is expanded. */
  readonly level: TreeLevel | null;
}

interface Expanded {
  readonly name: string;
  readonly index: number;
  readonly level: TreeLevel;
}

export class TreeLevel {
  readonly path: string;
  /** Depth of its lines. */
  readonly depth: number;
  isLoading = true;
  problem: ApiError | null = null;
  #names: readonly string[] = [];
  #indexOf: ReadonlyMap<string, number> | null = null;
  /** In order of their lines. */
  #expanded: Expanded[] = [];

  constructor(path: string, depth: number) {
    this.path = path;
    this.depth = depth;
  }

  get lineCount(): number {
    return this.#expanded.reduce((sum, { level }) => sum + level.lineCount, this.#names.length);
  }

  /** @returns expanded levels whose node is no longer there */
  setNames(names: readonly string[], order: TreeOrder): TreeLevel[] {
    this.#names = sortNames(names, order);
    this.#indexOf = null;
    this.isLoading = false;
    this.problem = null;
    return this.#reindex();
  }

  sort(order: TreeOrder): void {
    this.setNames(this.#names, order);
    for (const { level } of this.#expanded) level.sort(order);
  }

  has(name: string): boolean {
    return this.#index().has(name);
  }

  levelOf(name: string): TreeLevel | null {
    return this.#expanded.find((expanded) => expanded.name === name)?.level ?? null;
  }

  expand(name: string): TreeLevel | null {
    const index = this.#index().get(name);
    if (index === undefined) return null;
    const level = new TreeLevel(joinPath(this.path, name), this.depth + 1);
    this.#expanded.push({ name, index, level });
    this.#expanded.sort((a, b) => a.index - b.index);
    return level;
  }

  /** @returns the level that is gone, or null where it was not expanded */
  collapse(name: string): TreeLevel | null {
    const at = this.#expanded.findIndex((expanded) => expanded.name === name);
    return at < 0 ? null : this.#expanded.splice(at, 1)[0]!.level;
  }

  /** The line of this number within the level, 0 being the first child's. */
  lineAt(number: number): Line | null {
    let before = 0;
    for (const { index, level } of this.#expanded) {
      const ownLine = index + before;
      if (number <= ownLine) break;
      const { lineCount } = level;
      if (number <= ownLine + lineCount) return level.lineAt(number - ownLine - 1);
      before += lineCount;
    }
    const name = this.#names[number - before];
    if (name === undefined) return null;
    return {
      path: joinPath(this.path, name),
      name,
      depth: this.depth,
      position: number - before,
      siblings: this.#names.length,
      level: this.levelOf(name),
    };
  }

  /** The number of a child's line, or null where there is no such child. */
  lineOf(name: string): number | null {
    const index = this.#index().get(name);
    if (index === undefined) return null;
    let line = index;
    for (const expanded of this.#expanded) {
      if (expanded.index >= index) break;
      line += expanded.level.lineCount;
    }
    return line;
  }

  /** This level and all expanded ones below. */
  *levels(): Iterable<TreeLevel> {
    yield this;
    for (const { level } of this.#expanded) yield* level.levels();
  }

  #index(): ReadonlyMap<string, number> {
    this.#indexOf ??= new Map(this.#names.map((name, i) => [name, i]));
    return this.#indexOf;
  }

  #reindex(): TreeLevel[] {
    const gone: TreeLevel[] = [];
    const kept: Expanded[] = [];
    for (const { name, level } of this.#expanded) {
      const index = this.#index().get(name);
      if (index === undefined) gone.push(level);
      else kept.push({ name, index, level });
    }
    this.#expanded = kept.sort((a, b) => a.index - b.index);
    return gone;
  }
}
