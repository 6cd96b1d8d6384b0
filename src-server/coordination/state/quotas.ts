/**
 * Quotas: limits in `/zookeeper/quota<path>/zookeeper_limits`, running figures in `…/zookeeper_stats`.
 *
 * The deepest quota above a path counts. Every member keeps the figures itself while it applies transactions, which is why
 * nothing below `/zookeeper/` is part of the digest.
 */
import { NO_ROW, type Row, textOf } from './node.ts';
import { QUOTA_PATH } from './paths.ts';
import type { Tree } from './tree.ts';

const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

export class Quotas {
  readonly #tree: Tree;
  /** Paths that have limits. */
  readonly #limited = new Set<string>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get limitedPaths(): Iterable<string> {
    return this.#limited;
  }

  /** Whether a change by so many bytes and nodes at `path` would pass a hard limit. */
  exceeds(path: string, byteChange: number, countChange: number): boolean {
    const prefix = this.#prefixFor(path);
    if (prefix === null) return false;
    const limits = this.#read(`${QUOTA_PATH}${prefix}/${LIMITS}`);
    const stats = this.#read(`${QUOTA_PATH}${prefix}/${STATS}`);
    if (limits === null || stats === null) return false;
    const countMax = limits.get('countHardLimit') ?? -1;
    const bytesMax = limits.get('byteHardLimit') ?? -1;
    if (countChange !== 0 && countMax > -1 && figure(stats, 'count') + countChange > countMax)
      return true;
    return byteChange !== 0 && bytesMax > -1 && figure(stats, 'bytes') + byteChange > bytesMax;
  }

  /** Follows a change of the tree: counts it, and notices when a quota itself comes or goes. */
  onCreated(path: string, bytes: number): void {
    if (path.startsWith(QUOTA_PATH)) this.#onQuotaNodeCreated(path);
    this.#add(path, bytes, 1);
  }

  onDeleted(path: string, bytes: number): void {
    if (path.startsWith(`${QUOTA_PATH}/`) && path.endsWith(`/${LIMITS}`))
      this.#limited.delete(limitedPath(path, LIMITS));
    this.#add(path, -bytes, -1);
  }

  onDataChanged(path: string, byteChange: number): void {
    this.#add(path, byteChange, 0);
  }

  /** After a snapshot was loaded: finds every quota and counts its figures afresh. */
  rebuild(): void {
    this.#limited.clear();
    const top = this.#tree.find(QUOTA_PATH);
    if (top === NO_ROW) return;
    const statRows: Row[] = [];
    for (let row = this.#tree.after(top, top); row !== NO_ROW; row = this.#tree.after(row, top)) {
      const name = this.#tree.nodes.name(row);
      if (name === LIMITS) this.#limited.add(limitedPath(this.#tree.pathOf(row), LIMITS));
      else if (name === STATS) statRows.push(row);
    }
    for (const row of statRows) this.#recount(limitedPath(this.#tree.pathOf(row), STATS));
  }

  #onQuotaNodeCreated(path: string): void {
    if (path.endsWith(`/${LIMITS}`)) this.#limited.add(limitedPath(path, LIMITS));
    else if (path.endsWith(`/${STATS}`)) this.#recount(limitedPath(path, STATS));
  }

  #add(path: string, byteChange: number, countChange: number): void {
    if (this.#limited.size === 0) return;
    const prefix = this.#prefixFor(path);
    if (prefix === null) return;
    const statPath = `${QUOTA_PATH}${prefix}/${STATS}`;
    const stats = this.#read(statPath);
    if (stats === null) return;
    stats.set('count', figure(stats, 'count') + countChange);
    stats.set('bytes', figure(stats, 'bytes') + byteChange);
    this.#write(statPath, stats);
  }

  #recount(prefix: string): void {
    const statPath = `${QUOTA_PATH}${prefix}/${STATS}`;
    const top = this.#tree.find(prefix);
    if (top === NO_ROW) return;
    let bytes = Math.max(0, this.#tree.nodes.dataLength(top));
    let count = 1;
    for (let row = this.#tree.after(top, top); row !== NO_ROW; row = this.#tree.after(row, top)) {
      bytes += Math.max(0, this.#tree.nodes.dataLength(row));
      count++;
    }
    this.#write(
      statPath,
      new Map([
        ['count', count],
        ['bytes', bytes],
      ]),
    );
  }

  /** The deepest limited path at or above `path`. */
  #prefixFor(path: string): string | null {
    for (let at = path; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) {
      if (this.#limited.has(at)) return at;
    }
    return null;
  }

  #read(path: string): Map<string, number> | null {
    const row = this.#tree.find(path);
    if (row === NO_ROW) return null;
    return parseFigures(this.#tree.nodes.copyData(row) ?? new Uint8Array());
  }

  #write(path: string, stats: Map<string, number>): void {
    const row = this.#tree.find(path);
    if (row === NO_ROW) return;
    this.#tree.replaceData(row, path, printFigures(stats));
  }
}

/** `count=2,bytes=17`, with further limits after a `;`; a figure that is not a number is left out. */
function parseFigures(text: Uint8Array): Map<string, number> {
  const figures = new Map<string, number>();
  for (const pair of textOf(text).split(/[,;]+/)) {
    const [key, value] = pair.split('=');
    if (key === undefined || key === '') continue;
    const number = Number(value === undefined || value === '' ? '-1' : value);
    if (Number.isSafeInteger(number)) figures.set(key, number);
  }
  return figures;
}

/** Count and bytes first: readers before 3.7 know only those. */
function printFigures(figures: Map<string, number>): Uint8Array {
  let text = `count=${figure(figures, 'count')},bytes=${figure(figures, 'bytes')}`;
  const limits = [...figures]
    .filter(([key]) => key !== 'count' && key !== 'bytes')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (limits.length > 0) text += `=${limits.map(([key, value]) => `;${key}=${value}`).join('')}`;
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function figure(figures: Map<string, number>, key: string): number {
  return figures.get(key) ?? -1;
}

/** The path a quota node speaks of: the node's own without the prefix and its last component. */
function limitedPath(path: string, name: string): string {
  return path.slice(QUOTA_PATH.length, path.length - name.length - 1);
}
