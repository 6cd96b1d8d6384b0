/**
 * The whole state as a sequence of parts for a snapshot, a slice at a time, while changes go on; and back again.
 *
 * The walk is pre-order, so parents come before children. It holds the row to visit next on every level; when such a row is
 * removed, the walk steps on to its sibling. What is changed or deleted meanwhile may or may not be in the image, which is
 * what replay from the image's zxid puts right ("fuzzy"). What is created meanwhile is left out: replay creates it, and the
 * image's list of access lists, which comes first in it, need not have lists that did not exist yet. (Java up to 3.8.4 keeps
 * whatever list a node of a snapshot has, so a younger node must not stand in there under a wrong one.)
 */
import { assert } from '../../base/assert.ts';
import type { Zxid } from '../../base/zxid.ts';
import { type Acl, OPEN_ACL } from '../model/acl.ts';
import type { DigestedStat } from './digest.ts';
import type { Lifetimes } from './lifetimes.ts';
import { NO_ROW, type Nodes, ROOT_ROW, type Row } from './node.ts';
import { type AclTable, OPEN_ACL_ID } from './permissions.ts';
import type { Sessions } from './sessions.ts';
import type { Tree } from './tree.ts';

export class ImageWalk {
  readonly sessions: readonly { readonly id: bigint; readonly timeoutMs: number }[];
  readonly acls: readonly { readonly id: number; readonly acl: Acl }[];
  readonly #aclIds: ReadonlySet<number>;
  readonly #nodes: Nodes;
  readonly #zxid: Zxid;
  /** Row to visit next on each level below the root; NO_ROW where a level is done. */
  readonly #upcoming: Row[] = [ROOT_ROW];
  /** Path of the directory each level lists. */
  readonly #prefixes: string[] = [''];
  readonly #stopListening: () => void;
  path = '';
  row: Row = NO_ROW;

  /** @param zxid the last transaction applied: nothing created by a later one will be in the image */
  constructor(
    parts: { readonly tree: Tree; readonly sessions: Sessions; readonly acls: AclTable },
    zxid: Zxid,
  ) {
    const { tree, sessions, acls } = parts;
    this.#nodes = tree.nodes;
    this.#zxid = zxid;
    this.sessions = [...sessions.all()];
    this.acls = acls.entries();
    this.#aclIds = new Set(this.acls.map(({ id }) => id));
    this.#stopListening = tree.onRemoval((row) => this.#onRemoval(row));
  }

  /** Goes to the next node, which `path` and `row` then name (the root's path is ''); false at the end. */
  next(): boolean {
    while (this.#upcoming.length > 0) {
      const level = this.#upcoming.length - 1;
      const row = this.#upcoming[level]!;
      if (row === NO_ROW) {
        this.#upcoming.pop();
        this.#prefixes.pop();
        continue;
      }
      this.#upcoming[level] = level === 0 ? NO_ROW : this.#nodes.nextSibling(row);
      if (this.#nodes.czxid(row) > this.#zxid) continue;
      this.row = row;
      this.path = level === 0 ? '' : `${this.#prefixes[level]!}/${this.#nodes.name(row)}`;
      this.#upcoming.push(this.#nodes.firstChild(row));
      this.#prefixes.push(this.path);
      return true;
    }
    this.close();
    return false;
  }

  /** The current node's list, as far as this image's table has it; replay sets a newer one again. */
  get acl(): number {
    const acl = this.#nodes.acl(this.row);
    return this.#aclIds.has(acl) ? acl : OPEN_ACL_ID;
  }

  /** The current node's stored stat, in an object that the next read overwrites. */
  get stat(): DigestedStat {
    return this.#nodes.digestedStat(this.row);
  }

  /** Bytes of the current node's data at `dataBytes[dataOffset]`, −1 for null. */
  get dataLength(): number {
    return this.#nodes.dataLength(this.row);
  }

  get dataBytes(): Uint8Array {
    return this.#nodes.dataBytes(this.row);
  }

  get dataOffset(): number {
    return this.#nodes.dataOffset(this.row);
  }

  /** Nodes in the tree at present: about how many the walk will visit. */
  get nodeCount(): number {
    return this.#nodes.count;
  }

  close(): void {
    this.#stopListening();
  }

  #onRemoval(row: Row): void {
    for (let level = 1; level < this.#upcoming.length; level++) {
      if (this.#upcoming[level] === row) this.#upcoming[level] = this.#nodes.nextSibling(row);
    }
  }
}

/** Stands in for a list that an image of Java's may lack: closed to everybody until replay names the list again. */
const UNKNOWN_ACL: Acl = [{ permissions: 0, scheme: 'world', id: 'anyone' }];

/** Fills an empty state from an image. */
export class ImageLoader {
  readonly #tree: Tree;
  readonly #sessions: Sessions;
  readonly #acls: AclTable;
  readonly #lifetimes: Lifetimes;
  /** The image's list keys, and what they are called here. */
  readonly #aclIds = new Map<number, Acl>([[OPEN_ACL_ID, OPEN_ACL]]);
  /** The directory of the node before: images list siblings together. */
  #parentPath = '';
  #parent: Row = ROOT_ROW;

  constructor(parts: { tree: Tree; sessions: Sessions; acls: AclTable; lifetimes: Lifetimes }) {
    this.#tree = parts.tree;
    this.#sessions = parts.sessions;
    this.#acls = parts.acls;
    this.#lifetimes = parts.lifetimes;
    assert(parts.tree.nodes.count === 1, 'an image is loaded into an empty tree');
  }

  addSession(id: bigint, timeoutMs: number): void {
    this.#sessions.add(id, timeoutMs);
  }

  addAcl(key: number, acl: Acl): void {
    this.#aclIds.set(key, acl);
  }

  /**
   * @returns why the node cannot be taken, or null
   */
  addNode(
    path: string,
    data: Uint8Array | null,
    aclKey: number,
    stat: DigestedStat,
  ): string | null {
    const acl = this.#aclIds.get(aclKey) ?? UNKNOWN_ACL;
    if (path === '') {
      this.#tree.replaceData(ROOT_ROW, '/', data);
      this.#tree.restoreStat(ROOT_ROW, stat);
      this.#tree.nodes.setAcl(ROOT_ROW, this.#acls.intern(acl));
      return null;
    }
    const slash = path.lastIndexOf('/');
    if (slash < 0) return `node ${path} has a path without a slash`;
    const parentPath = path.slice(0, slash);
    if (parentPath !== this.#parentPath) {
      this.#parent = this.#tree.find(parentPath);
      this.#parentPath = parentPath;
    }
    if (this.#parent === NO_ROW) return `node ${path} comes before its parent`;
    const row = this.#tree.createNew(this.#parent, path, data, this.#acls.intern(acl), stat);
    if (row === NO_ROW) return `node ${path} comes twice`;
    const kind = this.#tree.nodes.kind(row);
    if (kind === 'ephemeral') this.#sessions.addEphemeral(this.#tree.nodes.owner(row), row);
    else if (kind !== 'persistent') this.#lifetimes.add(row);
    return null;
  }
}
