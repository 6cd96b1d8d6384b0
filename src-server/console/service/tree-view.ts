/**
 * One open view of a cluster's tree: which lines there are, and the facts of those that are looked at.
 *
 * Children's names are read where somebody expands, facts where somebody looks. Expanded nodes and visible lines are
 * watched, nothing else; so a tree of any size costs what a screen shows. A node whose children change all the time is read
 * again only so often that reading takes a fraction of the time.
 */
import { ApiError, type ErrorCode } from '#contract/errors.ts';
import type { TreeOrder, TreeRow, TreeWindow } from '#contract/models.ts';

import { Code } from '../../coordination/model/codes.ts';
import type { Stat } from '../../coordination/model/stat.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Live } from './connected-cluster.ts';
import { explainAnything, isCode } from './explain.ts';
import type { LocalEnsemble, NodeNature } from './local-ensemble.ts';
import { baseName, isSequentialName, kindOf, parentPath } from './node-views.ts';
import { type Line, TreeLevel } from './tree-level.ts';
import type { WatchHub } from './watch-hub.ts';

export interface TreeViewOptions {
  readonly clock: Clock;
  readonly live: () => Live;
  /** Set for the local ensemble, which knows more of its nodes than the protocol tells. */
  readonly local: LocalEnsemble | null;
  readonly order: TreeOrder;
}

interface Facts {
  stat: Stat | null;
  /** Why the server does not tell. */
  refusal: ErrorCode | null;
  nature: NodeNature | null;
  /** Something happened to the node since. */
  isStale: boolean;
  isAsked: boolean;
}

interface Branch {
  readonly level: TreeLevel;
  stopWatching: () => void;
  reading: Promise<void> | null;
  isStale: boolean;
  timer: Timer | null;
}

/** Changes are told at most so often. */
const TELL_MS = 100;
/** Lines are watched once they have been looked at for so long: scrolling past costs no watch. */
const SETTLE_MS = 150;
/** Children that change all the time: pause of at least this, and of so many times what reading them took. */
const REREAD_MS = 100;
const REREAD_FACTOR = 4;
/** Facts kept of lines that were looked at before. */
const FACTS_MAX = 5000;

export class TreeView {
  readonly #options: TreeViewOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<(change: { revision: number; rowCount: number }) => void>();
  readonly #branches = new Map<string, Branch>();
  readonly #facts = new Map<string, Facts>();
  readonly #visibleWatches = new Map<string, () => void>();
  #visible: readonly string[] = [];
  #order: TreeOrder;
  #root = new TreeLevel('/', 1);
  #revision = 0;
  #tellTimer: Timer | null = null;
  #settleTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: TreeViewOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#order = options.order;
    this.#grow(this.#root);
  }

  onChange(listener: (change: { revision: number; rowCount: number }) => void): () => void {
    this.#listeners.add(listener);
    listener({ revision: this.#revision, rowCount: this.#rowCount });
    return () => this.#listeners.delete(listener);
  }

  /** Another connection: everything shown is read again, and watched there. */
  rebind(): void {
    for (const stop of this.#visibleWatches.values()) stop();
    this.#visibleWatches.clear();
    for (const facts of this.#facts.values()) facts.isStale = true;
    for (const branch of this.#branches.values()) {
      branch.stopWatching();
      this.#watchBranch(branch);
      this.#reread(branch);
    }
    this.#ask(this.#visible);
    this.#watchVisible();
    this.#changed();
  }

  window(from: number, count: number): TreeWindow {
    const rows: TreeRow[] = [];
    for (let row = from; row < from + count; row++) {
      const line = this.#lineAt(row);
      if (line === null) break;
      rows.push(this.#rowView(line));
    }
    this.#look(rows.map(({ path }) => path));
    return { revision: this.#revision, rowCount: this.#rowCount, from, rows };
  }

  /** Resolves when the children are known. */
  async expand(path: string): Promise<void> {
    if (path === '/') return;
    const parent = this.#branches.get(parentPath(path))?.level;
    const name = baseName(path);
    if (parent === undefined || !parent.has(name))
      throw new ApiError('no-node', `${path} is not shown`);
    if (parent.levelOf(name) !== null) return;
    const level = parent.expand(name);
    if (level === null) return;
    const branch = this.#grow(level);
    this.#changed();
    await branch.reading;
  }

  collapse(path: string): void {
    const level = this.#branches.get(parentPath(path))?.level.collapse(baseName(path));
    if (level === null || level === undefined) return;
    this.#prune(level);
    this.#changed();
  }

  order(order: TreeOrder): void {
    this.#order = order;
    this.#root.sort(order);
    this.#changed();
  }

  /** Expands the way to a node; its line, or that of the last ancestor there is. */
  async reveal(path: string): Promise<{ row: number; path: string }> {
    await this.#branches.get('/')?.reading;
    let at = '/';
    for (const name of path.split('/').filter((part) => part !== '')) {
      const branch = this.#branches.get(at);
      await branch?.reading;
      // Made a moment ago, it may not have been read yet: whoever asks for it by name knows better.
      if (branch?.level.has(name) === false) await this.#readNow(branch);
      if (branch?.level.has(name) !== true) break;
      at = at === '/' ? `/${name}` : `${at}/${name}`;
      if (at !== path) await this.expand(at);
    }
    return { row: this.find(at) ?? 0, path: at };
  }

  find(path: string): number | null {
    if (path === '/') return 0;
    let row = 0;
    let level: TreeLevel | null = this.#root;
    for (const name of path.slice(1).split('/')) {
      const line: number | null | undefined = level?.lineOf(name);
      if (line === null || line === undefined) return null;
      row += line + 1;
      level = level?.levelOf(name) ?? null;
    }
    return row;
  }

  close(): void {
    this.#isClosed = true;
    this.#tellTimer?.cancel();
    this.#settleTimer?.cancel();
    for (const stop of this.#visibleWatches.values()) stop();
    this.#prune(this.#root);
    this.#listeners.clear();
  }

  // --- lines ---

  get #rowCount(): number {
    return this.#root.lineCount + 1;
  }

  #lineAt(row: number): Line | null {
    if (row === 0) {
      return { path: '/', name: '/', depth: 0, position: 0, siblings: 1, level: this.#root };
    }
    return this.#root.lineAt(row - 1);
  }

  #rowView({ path, name, depth, position, siblings, level }: Line): TreeRow {
    const facts = this.#facts.get(path);
    const stat = facts?.stat ?? null;
    return {
      path,
      name,
      depth,
      position,
      siblings,
      isExpanded: level !== null,
      isLoading: level?.isLoading ?? false,
      problem: level?.problem ? { code: level.problem.code, why: level.problem.message } : null,
      refusal: facts?.refusal ?? null,
      facts:
        stat === null
          ? null
          : {
              kind: kindOf(stat, facts?.nature ?? null),
              isSequential: isSequentialName(name),
              numChildren: stat.numChildren,
              dataLength: stat.dataLength,
              version: stat.version,
              mtime: stat.mtime,
              ephemeralOwner:
                stat.ephemeralOwner === 0n
                  ? null
                  : BigInt.asUintN(64, stat.ephemeralOwner).toString(16).padStart(16, '0'),
            },
    };
  }

  // --- branches: expanded nodes ---

  #grow(level: TreeLevel): Branch {
    const branch: Branch = {
      level,
      stopWatching: () => undefined,
      reading: null,
      isStale: false,
      timer: null,
    };
    this.#branches.set(level.path, branch);
    this.#watchBranch(branch);
    this.#reread(branch);
    return branch;
  }

  #watchBranch(branch: Branch): void {
    const stop = this.#hub()?.watch(branch.level.path, (kind) => {
      if (kind !== 'changed' && kind !== 'deleted') this.#reread(branch);
    });
    // Where nobody connects yet, whoever does binds this view again.
    branch.stopWatching = stop ?? ((): void => undefined);
  }

  #prune(level: TreeLevel): void {
    for (const { path } of level.levels()) {
      const branch = this.#branches.get(path);
      branch?.stopWatching();
      branch?.timer?.cancel();
      this.#branches.delete(path);
    }
  }

  /** Reads the children now, or, when that was just done, soon. */
  #reread(branch: Branch): void {
    if (branch.reading !== null || branch.timer !== null) {
      branch.isStale = true;
      return;
    }
    branch.isStale = false;
    branch.reading = this.#read(branch).then((tookMs) => {
      branch.reading = null;
      if (this.#branches.get(branch.level.path) !== branch || this.#isClosed) return;
      branch.timer = this.#clock.after(Math.max(REREAD_MS, tookMs * REREAD_FACTOR), () => {
        branch.timer = null;
        if (branch.isStale) this.#reread(branch);
      });
    });
  }

  /** Without the pause between two readings. */
  async #readNow(branch: Branch): Promise<void> {
    branch.timer?.cancel();
    branch.timer = null;
    this.#reread(branch);
    await branch.reading;
  }

  /** @returns how long it took, ms */
  async #read({ level }: Branch): Promise<number> {
    const startedMs = this.#clock.nowMs();
    try {
      const { names } = await this.#options.live().client.getChildren(level.path);
      for (const gone of level.setNames(names, this.#order)) this.#prune(gone);
    } catch (error) {
      // A deleted node disappears with its line when the parent is read; everything else is worth saying.
      level.isLoading = false;
      if (!isCode(error, Code.NO_NODE)) level.problem = explainAnything(error);
    }
    this.#changed();
    return this.#clock.nowMs() - startedMs;
  }

  // --- facts: lines that are looked at ---

  #look(paths: readonly string[]): void {
    const isSame =
      paths.length === this.#visible.length && paths.every((path, i) => path === this.#visible[i]);
    this.#visible = paths;
    this.#ask(paths.filter((path) => this.#needsAsking(path)));
    if (isSame) return;
    this.#settleTimer?.cancel();
    this.#settleTimer = this.#clock.after(SETTLE_MS, () => this.#watchVisible());
  }

  #needsAsking(path: string): boolean {
    const facts = this.#facts.get(path);
    return facts === undefined || (facts.isStale && !facts.isAsked);
  }

  #ask(paths: readonly string[]): void {
    if (paths.length === 0) return;
    for (const path of paths) {
      const facts = this.#facts.get(path) ?? {
        stat: null,
        refusal: null,
        nature: null,
        isStale: true,
        isAsked: false,
      };
      facts.isAsked = true;
      facts.isStale = false;
      // Most recently asked last, so that the oldest are forgotten first.
      this.#facts.delete(path);
      this.#facts.set(path, facts);
    }
    for (const old of this.#facts.keys()) {
      if (this.#facts.size <= FACTS_MAX) break;
      this.#facts.delete(old);
    }
    void this.#readFacts(paths);
  }

  async #readFacts(paths: readonly string[]): Promise<void> {
    const { live, local } = this.#options;
    const stats = paths.map(async (path) => live().client.exists(path));
    // Afterwards: who is asked for them must know at least as much.
    const natures = Promise.allSettled(stats)
      .then(() => local?.natures(paths, live().client.lastZxid) ?? null)
      .catch(() => null);
    const changedMeanwhile: string[] = [];
    const news = await Promise.all(
      paths.map(async (path, i) => {
        const facts = this.#facts.get(path);
        if (facts === undefined) return false;
        try {
          facts.stat = await stats[i]!;
          facts.nature = (await natures)?.[i] ?? null;
          facts.refusal = null;
          if (facts.isStale) changedMeanwhile.push(path);
          return true;
        } catch (error) {
          const isFirst = facts.refusal === null;
          // A refusal stays until the node changes; for want of a connection it is asked again when looked at next.
          if (isCode(error, Code.NO_AUTH)) facts.refusal = 'no-auth';
          else facts.isStale = true;
          return isFirst && !facts.isStale;
        } finally {
          facts.isAsked = false;
        }
      }),
    );
    // Telling without news would have everybody ask again, and again in vain.
    if (news.includes(true)) this.#changed();
    if (!this.#isClosed) this.#ask(changedMeanwhile);
  }

  /** Null while nobody connects. */
  #hub(): WatchHub | null {
    try {
      return this.#options.live().hub;
    } catch {
      return null;
    }
  }

  #watchVisible(): void {
    const hub = this.#hub();
    if (this.#isClosed || hub === null) return;
    const visible = new Set(this.#visible);
    for (const [path, stop] of this.#visibleWatches) {
      if (visible.has(path)) continue;
      stop();
      this.#visibleWatches.delete(path);
      // Nobody tells of it any more.
      const facts = this.#facts.get(path);
      if (facts !== undefined) facts.isStale = true;
    }
    for (const path of visible) {
      if (this.#visibleWatches.has(path)) continue;
      this.#visibleWatches.set(
        path,
        hub.watch(path, () => this.#onNodeChanged(path)),
      );
      // It may have changed between being read and being watched.
      this.#onNodeChanged(path);
    }
  }

  #onNodeChanged(path: string): void {
    const facts = this.#facts.get(path);
    if (facts === undefined) return;
    facts.isStale = true;
    if (!facts.isAsked) this.#ask([path]);
  }

  // --- telling ---

  #changed(): void {
    this.#revision++;
    if (this.#tellTimer !== null || this.#isClosed) return;
    this.#tellTimer = this.#clock.after(TELL_MS, () => {
      this.#tellTimer = null;
      for (const listener of [...this.#listeners]) {
        listener({ revision: this.#revision, rowCount: this.#rowCount });
      }
    });
  }
}
