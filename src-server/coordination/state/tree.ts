/**
 * The tree of nodes: paths to rows, children, stat upkeep and the running digest. It knows nothing of sessions or rules; what
 * may be done is decided in prepare.ts, what follows from it in apply.ts.
 */
import { Arena } from '../../base/arena.ts';
import { assert } from '../../base/assert.ts';
import type { Zxid } from '../../base/zxid.ts';
import { contentState, type DigestedStat, isDigested, nodeDigest, TreeDigest } from './digest.ts';
import { NO_ROW, Nodes, ROOT_ROW, type Row } from './node.ts';
import { PathIndex } from './path-index.ts';

/** Told of a row before it is removed, while its relatives can still be asked. */
export type RemovalListener = (row: Row) => void;

export class Tree {
  readonly nodes: Nodes;
  readonly digest = new TreeDigest();
  readonly #arena = new Arena();
  readonly #index: PathIndex;
  readonly #removalListeners = new Set<RemovalListener>();
  #pathAndDataBytes = 0;

  /** A tree with nothing but its root. */
  constructor(options: { readonly extendedTypes: boolean; readonly hashSeed: number }) {
    this.nodes = new Nodes(this.#arena, options.extendedTypes);
    this.#index = new PathIndex(this.nodes, options.hashSeed);
    const root = this.nodes.add();
    assert(root === ROOT_ROW, 'the root is the first row');
    this.#index.insert(root, this.#index.hashOf(''));
    this.nodes.setContent(root, contentState('', null, 0, 0));
    this.#count(root);
  }

  /** Nodes, the root counted twice: Apache's figure, which has an entry for '' and one for '/'. */
  get nodeCount(): number {
    return this.nodes.count + 1;
  }

  /** Characters of all paths plus bytes of all data, as `mntr` reports it. */
  get approximateBytes(): number {
    // Apache's second entry for the root, '/', adds one character.
    return this.#pathAndDataBytes + 1;
  }

  get reservedBytes(): number {
    return this.#arena.reservedBytes;
  }

  /** The root answers to '/' and to the empty path. */
  find(path: string): Row {
    if (path.length <= 1) return path === '' || path === '/' ? ROOT_ROW : NO_ROW;
    return this.#index.find(path, this.#index.hashOf(path));
  }

  pathOf(row: Row): string {
    if (row === ROOT_ROW) return '/';
    let path = '';
    for (let at = row; at !== ROOT_ROW; at = this.nodes.parent(at))
      path = `/${this.nodes.name(at)}${path}`;
    return path;
  }

  /** Adds a node below `parent`, which `path` must name; the parent's own stat is the caller's to change. */
  create(parent: Row, path: string, data: Uint8Array | null, acl: number, stat: DigestedStat): Row {
    return this.#create(parent, path, data, acl, stat, this.#index.hashOf(path));
  }

  /** The same where nobody looked for it yet. @returns NO_ROW where it is there already, and nothing was done */
  createNew(
    parent: Row,
    path: string,
    data: Uint8Array | null,
    acl: number,
    stat: DigestedStat,
  ): Row {
    const hash = this.#index.hashOf(path);
    if (this.#index.find(path, hash) !== NO_ROW) return NO_ROW;
    return this.#create(parent, path, data, acl, stat, hash);
  }

  #create(
    parent: Row,
    path: string,
    data: Uint8Array | null,
    acl: number,
    stat: DigestedStat,
    hash: number,
  ): Row {
    const { nodes } = this;
    const row = nodes.add();
    nodes.setName(row, path, path.lastIndexOf('/') + 1);
    nodes.setStat(row, stat);
    nodes.setAcl(row, acl);
    const length = data === null ? 0 : data.length;
    nodes.setData(row, data, 0, length);
    nodes.attach(row, parent);
    this.#index.insert(row, hash);
    this.#pathAndDataBytes += path.length + length;
    nodes.setContent(row, contentState(path, data, 0, length));
    if (isDigested(path)) this.#count(row);
    else nodes.setUncounted(row);
    return row;
  }

  /** Removes a node without children. */
  remove(row: Row): void {
    const { nodes } = this;
    assert(row !== ROOT_ROW && nodes.childCount(row) === 0, 'only leaves are removed');
    for (const listener of this.#removalListeners) listener(row);
    this.#uncount(row);
    this.#pathAndDataBytes -= this.#pathLength(row) + Math.max(0, nodes.dataLength(row));
    this.#index.remove(row);
    nodes.detach(row);
    nodes.remove(row);
  }

  setChildrenChanged(row: Row, cversion: number, pzxid: Zxid): void {
    this.#uncount(row);
    this.nodes.setChildrenChanged(row, cversion, pzxid);
    this.#count(row);
  }

  setData(
    row: Row,
    path: string,
    data: Uint8Array | null,
    version: number,
    zxid: Zxid,
    timeMs: number,
  ): void {
    this.#uncount(row);
    this.nodes.setModified(row, version, zxid, timeMs);
    this.replaceData(row, path, data);
    this.#count(row);
  }

  /** Changes nothing but the bytes: for figures the system keeps in nodes that no digest counts. */
  replaceData(row: Row, path: string, data: Uint8Array | null): void {
    const length = data === null ? 0 : data.length;
    this.#pathAndDataBytes += length - Math.max(0, this.nodes.dataLength(row));
    this.nodes.setData(row, data, 0, length);
    this.nodes.setContent(row, contentState(path, data, 0, length));
  }

  setAcl(row: Row, acl: number, aversion: number): void {
    this.#uncount(row);
    this.nodes.setAclVersion(row, acl, aversion);
    this.#count(row);
  }

  /** Takes over a whole stat, as a snapshot states it. */
  restoreStat(row: Row, stat: DigestedStat): void {
    this.#uncount(row);
    this.nodes.setStat(row, stat);
    this.#count(row);
  }

  /** How many nodes lie below `row`. */
  countBelow(row: Row): number {
    let count = 0;
    for (let at = this.nodes.firstChild(row); at !== NO_ROW; at = this.after(at, row)) count++;
    return count;
  }

  /** The next row in pre-order within the subtree of `top`, or NO_ROW. */
  after(row: Row, top: Row): Row {
    const { nodes } = this;
    const child = nodes.firstChild(row);
    if (child !== NO_ROW) return child;
    for (let at = row; at !== top; at = nodes.parent(at)) {
      const sibling = nodes.nextSibling(at);
      if (sibling !== NO_ROW) return sibling;
    }
    return NO_ROW;
  }

  onRemoval(listener: RemovalListener): () => void {
    this.#removalListeners.add(listener);
    return () => this.#removalListeners.delete(listener);
  }

  #count(row: Row): void {
    const { nodes } = this;
    if (!nodes.isCounted(row)) return;
    const digest = nodeDigest(nodes.content(row), nodes.digestedStat(row));
    nodes.setDigest(row, digest);
    this.digest.add(digest);
  }

  #uncount(row: Row): void {
    if (this.nodes.isCounted(row)) this.digest.remove(this.nodes.digest(row));
  }

  #pathLength(row: Row): number {
    let length = 0;
    for (let at = row; at !== ROOT_ROW; at = this.nodes.parent(at))
      length += this.nodes.nameUnits(at) + 1;
    return length;
  }
}
