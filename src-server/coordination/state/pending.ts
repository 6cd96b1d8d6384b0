/**
 * The overlay of changes that are proposed and not yet applied: the next request is judged against the tree as it will be.
 *
 *   tree (applied) ──▶ record of /a after zxid 7 ──▶ record of /a after zxid 9
 *
 * One record a path, changed in place; it is dropped when its last change has been applied. A multi that fails is rolled back
 * to the records and the digest from before it.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { Acl } from '../model/acl.ts';
import { isDigested, nodeDigest, TreeDigest } from './digest.ts';
import { NO_ROW, type Nodes } from './node.ts';
import type { AclTable } from './permissions.ts';
import type { Tree } from './tree.ts';

export class NodeRecord {
  readonly path: string;
  /** The last change in here. */
  zxid = 0 as Zxid;
  /** False once deleted. */
  exists = false;
  czxid = 0;
  mzxid = 0;
  pzxid = 0;
  ctime = 0;
  mtime = 0;
  version = 0;
  cversion = 0;
  aversion = 0;
  ownerHigh = 0;
  ownerLow = 0;
  childCount = 0;
  dataLength = 0;
  content = 0;
  digest = 0;
  acl: Acl = [];

  constructor(path: string) {
    this.path = path;
  }

  copy(): NodeRecord {
    const copy = new NodeRecord(this.path);
    copy.zxid = this.zxid;
    copy.exists = this.exists;
    copy.czxid = this.czxid;
    copy.mzxid = this.mzxid;
    copy.pzxid = this.pzxid;
    copy.ctime = this.ctime;
    copy.mtime = this.mtime;
    copy.version = this.version;
    copy.cversion = this.cversion;
    copy.aversion = this.aversion;
    copy.ownerHigh = this.ownerHigh;
    copy.ownerLow = this.ownerLow;
    copy.childCount = this.childCount;
    copy.dataLength = this.dataLength;
    copy.content = this.content;
    copy.digest = this.digest;
    copy.acl = this.acl;
    return copy;
  }
}

export class Pending {
  readonly #tree: Tree;
  readonly #nodes: Nodes;
  readonly #acls: AclTable;
  readonly #records = new Map<string, NodeRecord>();
  /** Changes in zxid order: which record, and by which zxid. */
  readonly #changed = new Fifo<NodeRecord>(64);
  readonly #changedBy = new Fifo<Zxid>(64);
  readonly #digest = new TreeDigest();
  /** While a multi is prepared: what each record was before, to put back. */
  #undo: Map<string, NodeRecord | undefined> | null = null;
  #undoFrom = 0;
  readonly #undoDigest = new TreeDigest();

  constructor(tree: Tree, acls: AclTable) {
    this.#tree = tree;
    this.#nodes = tree.nodes;
    this.#acls = acls;
  }

  /** Changes that wait to be applied. */
  get size(): number {
    return this.#changed.length;
  }

  /** Digest of the tree once everything proposed is applied. */
  get digest(): TreeDigest {
    if (this.#changed.length === 0) this.#digest.copyFrom(this.#tree.digest);
    return this.#digest;
  }

  /** The node as it will be, or null where there will be none. Not to be changed: `change` gives one that may be. */
  find(path: string): NodeRecord | null {
    // The root has one record, whichever of its two names was used.
    const key = path === '' ? '/' : path;
    const record = this.#records.get(key);
    if (record !== undefined) return record.exists ? record : null;
    return this.#load(key);
  }

  /** Notes that `zxid` changes the node found before, and gives its record for the change. */
  change(found: NodeRecord, zxid: Zxid): NodeRecord {
    // Reading the digest now starts it from the tree's, if this is the first pending change.
    const { digest } = this;
    let record = this.#records.get(found.path);
    if (this.#undo !== null && !this.#undo.has(found.path)) {
      this.#undo.set(found.path, record);
      record = record?.copy();
      if (record !== undefined) this.#records.set(found.path, record);
    }
    if (record === undefined) {
      record = found;
      this.#records.set(found.path, record);
    }
    if (record.exists) digest.remove(record.digest);
    this.#note(record, zxid);
    return record;
  }

  /** A record for a node that is about to be created. */
  create(path: string, zxid: Zxid): NodeRecord {
    return this.change(this.#records.get(path) ?? new NodeRecord(path), zxid);
  }

  /** Counts the record's new state in the digest. Every `change` and `create` ends with one of these two. */
  settleChange(record: NodeRecord): void {
    record.exists = true;
    record.digest = isDigested(record.path) ? nodeDigest(record.content, record) : 0;
    this.#digest.add(record.digest);
  }

  settleRemoval(record: NodeRecord): void {
    record.exists = false;
    record.digest = 0;
  }

  /** Drops what transactions up to `zxid` changed: the tree has it now. */
  applied(zxid: Zxid): void {
    for (
      let by = this.#changedBy.peek();
      by !== undefined && by <= zxid;
      by = this.#changedBy.peek()
    ) {
      this.#changedBy.shift();
      const record = this.#changed.shift();
      if (
        record !== undefined &&
        record.zxid <= zxid &&
        this.#records.get(record.path) === record
      ) {
        this.#records.delete(record.path);
      }
    }
  }

  /** Forgets everything proposed: it will never be applied here. */
  clear(): void {
    this.#records.clear();
    this.#changed.clear();
    this.#changedBy.clear();
  }

  begin(): void {
    assert(this.#undo === null, 'groups do not nest');
    this.#undoDigest.copyFrom(this.digest);
    this.#undo = new Map();
    this.#undoFrom = this.#changed.length;
  }

  commit(): void {
    this.#undo = null;
  }

  rollBack(): void {
    assert(this.#undo !== null, 'only an open group is rolled back');
    for (const [path, before] of this.#undo) {
      if (before === undefined) this.#records.delete(path);
      else this.#records.set(path, before);
    }
    while (this.#changed.length > this.#undoFrom) {
      this.#changed.pop();
      this.#changedBy.pop();
    }
    this.#digest.copyFrom(this.#undoDigest);
    this.#undo = null;
  }

  /** Paths of ephemerals that `owner` gains and loses by what is pending. */
  ephemeralChanges(isOwned: (record: NodeRecord) => boolean): {
    gained: string[];
    lost: Set<string>;
  } {
    const gained: string[] = [];
    const lost = new Set<string>();
    for (const record of this.#records.values()) {
      if (!record.exists) lost.add(record.path);
      else if (isOwned(record)) gained.push(record.path);
    }
    return { gained, lost };
  }

  #note(record: NodeRecord, zxid: Zxid): void {
    record.zxid = zxid;
    this.#changed.push(record);
    this.#changedBy.push(zxid);
  }

  #load(path: string): NodeRecord | null {
    const row = this.#tree.find(path);
    if (row === NO_ROW) return null;
    const nodes = this.#nodes;
    const stat = nodes.digestedStat(row);
    const record = new NodeRecord(path);
    record.exists = true;
    record.czxid = stat.czxid;
    record.mzxid = stat.mzxid;
    record.pzxid = stat.pzxid;
    record.ctime = stat.ctime;
    record.mtime = stat.mtime;
    record.version = stat.version;
    record.cversion = stat.cversion;
    record.aversion = stat.aversion;
    record.ownerHigh = stat.ownerHigh;
    record.ownerLow = stat.ownerLow;
    record.childCount = nodes.childCount(row);
    record.dataLength = nodes.dataLength(row);
    record.content = nodes.content(row);
    record.digest = nodes.isCounted(row) ? nodes.digest(row) : 0;
    record.acl = this.#acls.get(nodes.acl(row));
    return record;
  }
}
