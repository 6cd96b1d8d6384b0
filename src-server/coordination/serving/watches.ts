/**
 * Who wants to know of what. Watches belong to connections; they are neither replicated nor kept.
 *
 *   data table   path ─▶ watchers set by getData, exists, addWatch
 *   child table  path ─▶ watchers set by getChildren, addWatch
 *
 * Law W1: a notification is put into a connection's output before any reply that could show the change, because changes are
 * told here when they are applied, ahead of the writer's own reply.
 */
import type { Acl } from '../model/acl.ts';
import type { Change } from '../model/outcome.ts';
import { watchedParentOf } from '../state/paths.ts';
import { EventType } from '../wire/replies.ts';

const WatchMode = { STANDARD: 1, PERSISTENT: 2, RECURSIVE: 4 } as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

/** Kinds a client can ask after or take back (WatcherType in the Java client). */
export const WatcherType = { CHILDREN: 1, DATA: 2, ANY: 3, PERSISTENT: 4, RECURSIVE: 5 } as const;

const ANY_MODE = WatchMode.STANDARD | WatchMode.PERSISTENT | WatchMode.RECURSIVE;

export interface Watcher {
  readonly sessionId: bigint;
  /** @param acl who may hear of it: the node's list, or its parent's for changes of children */
  notify(type: EventType, path: string, zxid: number, acl: Acl): void;
}

interface Entry {
  readonly watcher: Watcher;
  /** Bits of WatchMode. */
  modes: number;
}

export class Watches {
  readonly #data: WatchTable;
  readonly #child: WatchTable;
  readonly #compat38: boolean;

  /** @param options compat38: one mode a path and connection, recursive watches in both tables, removal by table only */
  constructor(options: { readonly compat38: boolean }) {
    this.#compat38 = options.compat38;
    this.#data = new WatchTable(options.compat38);
    this.#child = new WatchTable(options.compat38);
  }

  addData(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher, WatchMode.STANDARD);
  }

  addChild(path: string, watcher: Watcher): void {
    this.#child.add(path, watcher, WatchMode.STANDARD);
  }

  addPersistent(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher, WatchMode.PERSISTENT);
    this.#child.add(path, watcher, WatchMode.PERSISTENT);
  }

  addRecursive(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher, WatchMode.RECURSIVE);
    if (this.#compat38) this.#child.add(path, watcher, WatchMode.RECURSIVE);
  }

  /** In 3.8 anybody's watch on the path will do, and its mode does not matter; under the root's empty name none is found. */
  has(path: string, watcher: Watcher, type: number): boolean {
    if (this.#compat38) {
      if (path === '') return false;
      const inData = type !== WatcherType.CHILDREN && this.#data.isWatched(path);
      return inData || (type !== WatcherType.DATA && this.#child.isWatched(path));
    }
    const data = this.#data.modesOf(path, watcher);
    const child = this.#child.modesOf(path, watcher);
    switch (type) {
      case WatcherType.CHILDREN:
        return (child & WatchMode.STANDARD) !== 0;
      case WatcherType.DATA:
        return (data & WatchMode.STANDARD) !== 0;
      case WatcherType.PERSISTENT:
        return (data & WatchMode.PERSISTENT) !== 0;
      case WatcherType.RECURSIVE:
        return (data & WatchMode.RECURSIVE) !== 0;
      default:
        return (data | child) !== 0;
    }
  }

  /** @returns whether there was such a watch */
  remove(path: string, watcher: Watcher, type: number): boolean {
    const [fromData, fromChild] = this.#removedModes(type);
    const child = fromChild !== 0 && this.#child.remove(path, watcher, fromChild);
    const data = fromData !== 0 && this.#data.remove(path, watcher, fromData);
    return child || data;
  }

  #removedModes(type: number): readonly [data: number, child: number] {
    switch (type) {
      case WatcherType.ANY:
        return [ANY_MODE, ANY_MODE];
      case WatcherType.DATA:
        return [this.#compat38 ? ANY_MODE : WatchMode.STANDARD, 0];
      case WatcherType.CHILDREN:
        return [0, this.#compat38 ? ANY_MODE : WatchMode.STANDARD];
      case WatcherType.PERSISTENT:
        return [WatchMode.PERSISTENT, WatchMode.PERSISTENT];
      default:
        return [WatchMode.RECURSIVE, 0];
    }
  }

  /** The connection is gone. */
  removeAll(watcher: Watcher): void {
    this.#data.removeAll(watcher);
    this.#child.removeAll(watcher);
  }

  fire(change: Change, zxid: number): void {
    const { path } = change;
    switch (change.kind) {
      case 'changed':
        this.#data.fire(path, EventType.DATA_CHANGED, zxid, change.acl, null);
        return;
      case 'created':
        this.#data.fire(path, EventType.CREATED, zxid, change.acl, null);
        this.#child.fire(
          watchedParentOf(path),
          EventType.CHILDREN_CHANGED,
          zxid,
          change.parentAcl,
          null,
        );
        return;
      case 'deleted': {
        const told = this.#data.fire(path, EventType.DELETED, zxid, change.acl, null);
        this.#child.fire(path, EventType.DELETED, zxid, change.acl, told);
        this.#child.fire(
          watchedParentOf(path),
          EventType.CHILDREN_CHANGED,
          zxid,
          change.parentAcl,
          null,
        );
        return;
      }
    }
  }

  /** Watches in both tables. */
  get count(): number {
    return this.#data.count + this.#child.count;
  }

  /** Of the data table, as `wchs` and its siblings report. */
  get data(): WatchReport {
    return this.#data;
  }
}

export interface WatchReport {
  readonly watcherCount: number;
  readonly pathCount: number;
  readonly count: number;
  byPath(): Iterable<readonly [path: string, watchers: readonly Watcher[]]>;
  byWatcher(): Iterable<readonly [watcher: Watcher, paths: ReadonlySet<string>]>;
}

class WatchTable implements WatchReport {
  /** Nearly every watched path has one watcher, which is then kept without a list around it. */
  readonly #entries = new Map<string, Entry | Entry[]>();
  readonly #paths = new Map<Watcher, Set<string>>();
  readonly #oneMode: boolean;
  #recursive = 0;
  #count = 0;

  constructor(oneMode: boolean) {
    this.#oneMode = oneMode;
  }

  get count(): number {
    return this.#count;
  }

  get pathCount(): number {
    return this.#entries.size;
  }

  get watcherCount(): number {
    return this.#paths.size;
  }

  add(path: string, watcher: Watcher, mode: WatchMode): void {
    let entry = this.#find(path, watcher);
    if (entry === undefined) {
      entry = { watcher, modes: 0 };
      this.#insert(path, entry);
    }
    this.#setModes(entry, this.#oneMode ? mode : entry.modes | mode);
  }

  modesOf(path: string, watcher: Watcher): number {
    return this.#find(path, watcher)?.modes ?? 0;
  }

  isWatched(path: string): boolean {
    return this.#entries.has(path);
  }

  remove(path: string, watcher: Watcher, modes: number): boolean {
    const entry = this.#find(path, watcher);
    if (entry === undefined || (entry.modes & modes) === 0) return false;
    this.#setModes(entry, entry.modes & ~modes);
    if (entry.modes === 0) this.#delete(path, entry);
    return true;
  }

  removeAll(watcher: Watcher): void {
    for (const path of this.#paths.get(watcher) ?? []) {
      const entry = this.#find(path, watcher);
      if (entry === undefined) continue;
      this.#setModes(entry, 0);
      this.#delete(path, entry, { keepPath: true });
    }
    this.#paths.delete(watcher);
  }

  /**
   * Tells everybody who watches `path`, or recursively one of its ancestors.
   * @param except who was told already
   * @returns who was told now
   */
  fire(
    path: string,
    type: EventType,
    zxid: number,
    acl: Acl,
    except: ReadonlySet<Watcher> | null,
  ): Set<Watcher> | null {
    if (this.#count === 0) return null;
    const here = this.#entries.get(path);
    if (here === undefined && this.#recursive === 0) return null;
    const told = new Set<Watcher>();
    for (const entry of listOf(here)) {
      // Whoever watches recursively hears of the children themselves.
      if (type === EventType.CHILDREN_CHANGED && entry.modes === WatchMode.RECURSIVE) continue;
      told.add(entry.watcher);
      if ((entry.modes & WatchMode.STANDARD) === 0) continue;
      this.#setModes(entry, entry.modes & ~WatchMode.STANDARD);
      if (entry.modes === 0) this.#delete(path, entry);
    }
    if (this.#recursive > 0 && type !== EventType.CHILDREN_CHANGED) {
      for (let at = path; at.length > 1;) {
        at = watchedParentOf(at);
        for (const entry of listOf(this.#entries.get(at))) {
          if ((entry.modes & WatchMode.RECURSIVE) !== 0) told.add(entry.watcher);
        }
      }
    }
    for (const watcher of told)
      if (except?.has(watcher) !== true) watcher.notify(type, path, zxid, acl);
    return told;
  }

  *byPath(): Iterable<readonly [string, readonly Watcher[]]> {
    for (const [path, entries] of this.#entries)
      yield [path, listOf(entries).map(({ watcher }) => watcher)];
  }

  byWatcher(): Iterable<readonly [Watcher, ReadonlySet<string>]> {
    return this.#paths;
  }

  #find(path: string, watcher: Watcher): Entry | undefined {
    const entries = this.#entries.get(path);
    if (entries === undefined) return undefined;
    if (!Array.isArray(entries)) return entries.watcher === watcher ? entries : undefined;
    return entries.find((entry) => entry.watcher === watcher);
  }

  #insert(path: string, entry: Entry): void {
    const entries = this.#entries.get(path);
    if (entries === undefined) this.#entries.set(path, entry);
    else if (Array.isArray(entries)) entries.push(entry);
    else this.#entries.set(path, [entries, entry]);
    let paths = this.#paths.get(entry.watcher);
    if (paths === undefined) this.#paths.set(entry.watcher, (paths = new Set()));
    paths.add(path);
    this.#count++;
  }

  #delete(
    path: string,
    entry: Entry,
    options: { readonly keepPath: boolean } = { keepPath: false },
  ): void {
    const entries = this.#entries.get(path);
    if (Array.isArray(entries) && entries.length > 1) {
      this.#entries.set(
        path,
        entries.filter((other) => other !== entry),
      );
    } else {
      this.#entries.delete(path);
    }
    this.#count--;
    if (options.keepPath) return;
    const paths = this.#paths.get(entry.watcher);
    paths?.delete(path);
    if (paths?.size === 0) this.#paths.delete(entry.watcher);
  }

  #setModes(entry: Entry, modes: number): void {
    const was = (entry.modes & WatchMode.RECURSIVE) !== 0;
    const is = (modes & WatchMode.RECURSIVE) !== 0;
    if (was !== is) this.#recursive += is ? 1 : -1;
    entry.modes = modes;
  }
}

function listOf(entries: Entry | Entry[] | undefined): readonly Entry[] {
  if (entries === undefined) return NONE;
  return Array.isArray(entries) ? entries : [entries];
}

const NONE: readonly Entry[] = [];
