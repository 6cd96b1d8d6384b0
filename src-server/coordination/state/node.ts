/**
 * The memory of nodes: columns of typed arrays, a page of rows at a time, with names and data in an arena.
 *
 *   row ──▶ page (row >> 12) ──▶ czxid[ ] mzxid[ ] … nameHandle[ ] dataHandle[ ] …     (row & 4095)
 *
 * A node is a row number. One million nodes cost the collector nothing and about 130 bytes each besides name and data;
 * growing adds a page and copies none. A removed row is used again, so a row number means nothing after its node is gone.
 */
import { type Arena, copyBytes, NOTHING } from '../../base/arena.ts';
import type { Zxid } from '../../base/zxid.ts';
import { kindOfOwner, type NodeKind } from '../model/owner.ts';
import type { Stat } from '../model/stat.ts';
import { type DigestedStat } from './digest.ts';

export type Row = number;

export const NO_ROW: Row = -1;
export const ROOT_ROW: Row = 0;

const PAGE_BITS = 12;
const PAGE_ROWS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;

/** `dataLength` of a node whose data is null, which clients can tell from empty. */
const NULL_DATA = -1;

/** Bytes of a string in the arena: one per UTF-16 unit where all fit, two otherwise. */
export interface NameView {
  bytes: Uint8Array;
  offset: number;
  /** In UTF-16 units. */
  length: number;
  form: 'ascii' | 'latin1' | 'wide';
}

class Page {
  readonly czxid = new Float64Array(PAGE_ROWS);
  readonly mzxid = new Float64Array(PAGE_ROWS);
  readonly pzxid = new Float64Array(PAGE_ROWS);
  readonly ctime = new Float64Array(PAGE_ROWS);
  readonly mtime = new Float64Array(PAGE_ROWS);
  readonly version = new Int32Array(PAGE_ROWS);
  readonly cversion = new Int32Array(PAGE_ROWS);
  readonly aversion = new Int32Array(PAGE_ROWS);
  readonly ownerHigh = new Int32Array(PAGE_ROWS);
  readonly ownerLow = new Int32Array(PAGE_ROWS);
  readonly acl = new Int32Array(PAGE_ROWS);
  readonly parent = new Int32Array(PAGE_ROWS);
  readonly firstChild = new Int32Array(PAGE_ROWS);
  readonly lastChild = new Int32Array(PAGE_ROWS);
  readonly nextSibling = new Int32Array(PAGE_ROWS);
  readonly previousSibling = new Int32Array(PAGE_ROWS);
  readonly childCount = new Int32Array(PAGE_ROWS);
  readonly nameHandle = new Uint32Array(PAGE_ROWS);
  /** Units, or −1 − units for names that need two bytes a unit. */
  readonly nameLength = new Int32Array(PAGE_ROWS);
  readonly dataHandle = new Uint32Array(PAGE_ROWS);
  readonly dataLength = new Int32Array(PAGE_ROWS);
  readonly content = new Int32Array(PAGE_ROWS);
  readonly digest = new Uint32Array(PAGE_ROWS);
  readonly hash = new Int32Array(PAGE_ROWS);
  readonly chain = new Int32Array(PAGE_ROWS);
  /** 1 for nodes below `/zookeeper/`, which no digest counts. */
  readonly uncounted = new Uint8Array(PAGE_ROWS);
}

export class Nodes {
  readonly #arena: Arena;
  readonly #extendedTypes: boolean;
  readonly #pages: Page[] = [];
  readonly #freeRows: Row[] = [];
  #rows = 0;
  #live = 0;

  constructor(arena: Arena, extendedTypes: boolean) {
    this.#arena = arena;
    this.#extendedTypes = extendedTypes;
  }

  get count(): number {
    return this.#live;
  }

  /** A row with every field zero, no relatives and null data. */
  add(): Row {
    const row = this.#freeRows.pop() ?? this.#rows++;
    if (row >> PAGE_BITS === this.#pages.length) this.#pages.push(new Page());
    this.#live++;
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    page.czxid[at] = 0;
    page.mzxid[at] = 0;
    page.pzxid[at] = 0;
    page.ctime[at] = 0;
    page.mtime[at] = 0;
    page.version[at] = 0;
    page.cversion[at] = 0;
    page.aversion[at] = 0;
    page.ownerHigh[at] = 0;
    page.ownerLow[at] = 0;
    page.acl[at] = 0;
    page.parent[at] = NO_ROW;
    page.firstChild[at] = NO_ROW;
    page.lastChild[at] = NO_ROW;
    page.nextSibling[at] = NO_ROW;
    page.previousSibling[at] = NO_ROW;
    page.childCount[at] = 0;
    page.nameHandle[at] = NOTHING;
    page.nameLength[at] = 0;
    page.dataHandle[at] = NOTHING;
    page.dataLength[at] = NULL_DATA;
    page.content[at] = 0;
    page.digest[at] = 0;
    page.hash[at] = 0;
    page.chain[at] = NO_ROW;
    page.uncounted[at] = 0;
    return row;
  }

  /** Frees name and data; the relatives must have let go of the row before. */
  remove(row: Row): void {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const units = page.nameLength[at]!;
    this.#arena.free(page.nameHandle[at]!, units < 0 ? (-1 - units) * 2 : units);
    this.#arena.free(page.dataHandle[at]!, Math.max(0, page.dataLength[at]!));
    this.#freeRows.push(row);
    this.#live--;
  }

  // --- names ---

  setName(row: Row, path: string, from: number): void {
    const units = path.length - from;
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    let widest = 0;
    for (let i = from; i < path.length; i++) widest |= path.charCodeAt(i);
    const wide = widest > 0xff;
    const handle = this.#arena.allocate(wide ? units * 2 : units);
    page.nameHandle[at] = handle;
    page.nameLength[at] = wide ? -1 - units : units;
    if (units === 0) return;
    const bytes = this.#arena.bytesOf(handle);
    let to = this.#arena.offsetOf(handle);
    for (let i = from; i < path.length; i++) {
      const unit = path.charCodeAt(i);
      bytes[to++] = unit;
      if (wide) bytes[to++] = unit >> 8;
    }
  }

  nameUnits(row: Row): number {
    const units = this.#page(row).nameLength[row & PAGE_MASK]!;
    return units < 0 ? -1 - units : units;
  }

  /** Whether the node's name is `path[from, from + nameUnits)`. */
  nameMatches(row: Row, path: string, from: number): boolean {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const handle = page.nameHandle[at]!;
    const units = page.nameLength[at]!;
    if (units === 0) return true;
    const bytes = this.#arena.bytesOf(handle);
    const offset = this.#arena.offsetOf(handle);
    if (units > 0) {
      for (let i = 0; i < units; i++)
        if (bytes[offset + i] !== path.charCodeAt(from + i)) return false;
      return true;
    }
    for (let i = 0; i < -1 - units; i++) {
      const unit = bytes[offset + i * 2]! | (bytes[offset + i * 2 + 1]! << 8);
      if (unit !== path.charCodeAt(from + i)) return false;
    }
    return true;
  }

  /** Shows where the name lies, for whoever copies it without making a string. */
  viewName(row: Row, view: NameView): void {
    const page = this.#page(row);
    const handle = page.nameHandle[row & PAGE_MASK]!;
    const units = page.nameLength[row & PAGE_MASK]!;
    if (units === 0) {
      view.length = 0;
      view.form = 'ascii';
      return;
    }
    view.bytes = this.#arena.bytesOf(handle);
    view.offset = this.#arena.offsetOf(handle);
    view.length = units < 0 ? -1 - units : units;
    view.form = units < 0 ? 'wide' : isAscii(view.bytes, view.offset, units) ? 'ascii' : 'latin1';
  }

  name(row: Row): string {
    const page = this.#page(row);
    const handle = page.nameHandle[row & PAGE_MASK]!;
    const units = page.nameLength[row & PAGE_MASK]!;
    if (units === 0) return '';
    const bytes = this.#arena.bytesOf(handle);
    const offset = this.#arena.offsetOf(handle);
    if (units > 0) return textOf(bytes.subarray(offset, offset + units));
    const wide = new Uint16Array(-1 - units);
    for (let i = 0; i < wide.length; i++)
      wide[i] = bytes[offset + i * 2]! | (bytes[offset + i * 2 + 1]! << 8);
    return textOf(wide);
  }

  // --- data ---

  setData(row: Row, source: Uint8Array | null, start: number, length: number): void {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const old = Math.max(0, page.dataLength[at]!);
    if (source === null) {
      this.#arena.free(page.dataHandle[at]!, old);
      page.dataHandle[at] = NOTHING;
      page.dataLength[at] = NULL_DATA;
      return;
    }
    page.dataHandle[at] = this.#arena.replace(page.dataHandle[at]!, old, source, start, length);
    page.dataLength[at] = length;
  }

  /** Bytes of data, or −1 for null. */
  dataLength(row: Row): number {
    return this.#page(row).dataLength[row & PAGE_MASK]!;
  }

  /** The slab that holds the data at `dataOffset`; only with `dataLength` above 0. Valid until the next change. */
  dataBytes(row: Row): Uint8Array {
    return this.#arena.bytesOf(this.#page(row).dataHandle[row & PAGE_MASK]!);
  }

  dataOffset(row: Row): number {
    return this.#arena.offsetOf(this.#page(row).dataHandle[row & PAGE_MASK]!);
  }

  /** A copy of the data, or null. */
  copyData(row: Row): Uint8Array | null {
    const length = this.dataLength(row);
    if (length === NULL_DATA) return null;
    const copy = new Uint8Array(length);
    if (length > 0) copyBytes(this.dataBytes(row), this.dataOffset(row), copy, 0, length);
    return copy;
  }

  // --- stat ---

  czxid(row: Row): Zxid {
    return this.#page(row).czxid[row & PAGE_MASK] as Zxid;
  }

  mzxid(row: Row): Zxid {
    return this.#page(row).mzxid[row & PAGE_MASK] as Zxid;
  }

  pzxid(row: Row): Zxid {
    return this.#page(row).pzxid[row & PAGE_MASK] as Zxid;
  }

  ctime(row: Row): number {
    return this.#page(row).ctime[row & PAGE_MASK]!;
  }

  mtime(row: Row): number {
    return this.#page(row).mtime[row & PAGE_MASK]!;
  }

  version(row: Row): number {
    return this.#page(row).version[row & PAGE_MASK]!;
  }

  /** The number of child creates, as stored; clients see twice that less the children. */
  cversion(row: Row): number {
    return this.#page(row).cversion[row & PAGE_MASK]!;
  }

  aversion(row: Row): number {
    return this.#page(row).aversion[row & PAGE_MASK]!;
  }

  ownerHigh(row: Row): number {
    return this.#page(row).ownerHigh[row & PAGE_MASK]!;
  }

  ownerLow(row: Row): number {
    return this.#page(row).ownerLow[row & PAGE_MASK]!;
  }

  /** The stored owner, marks of containers and TTL nodes included. */
  owner(row: Row): bigint {
    const high = this.ownerHigh(row);
    const low = this.ownerLow(row);
    return high === 0 && low === 0 ? 0n : (BigInt(high) << 32n) | BigInt(low >>> 0);
  }

  kind(row: Row): NodeKind {
    if (this.ownerHigh(row) === 0 && this.ownerLow(row) === 0) return 'persistent';
    return kindOfOwner(this.owner(row), this.#extendedTypes);
  }

  /** Sets every stored field of a stat at once. */
  setStat(row: Row, stat: DigestedStat): void {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    page.czxid[at] = stat.czxid;
    page.mzxid[at] = stat.mzxid;
    page.pzxid[at] = stat.pzxid;
    page.ctime[at] = stat.ctime;
    page.mtime[at] = stat.mtime;
    page.version[at] = stat.version;
    page.cversion[at] = stat.cversion;
    page.aversion[at] = stat.aversion;
    page.ownerHigh[at] = stat.ownerHigh;
    page.ownerLow[at] = stat.ownerLow;
  }

  setModified(row: Row, version: number, zxid: Zxid, timeMs: number): void {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    page.version[at] = version;
    page.mzxid[at] = zxid;
    page.mtime[at] = timeMs;
  }

  setChildrenChanged(row: Row, cversion: number, pzxid: Zxid): void {
    const page = this.#page(row);
    page.cversion[row & PAGE_MASK] = cversion;
    page.pzxid[row & PAGE_MASK] = pzxid;
  }

  setAclVersion(row: Row, acl: number, aversion: number): void {
    const page = this.#page(row);
    page.acl[row & PAGE_MASK] = acl;
    page.aversion[row & PAGE_MASK] = aversion;
  }

  acl(row: Row): number {
    return this.#page(row).acl[row & PAGE_MASK]!;
  }

  setAcl(row: Row, acl: number): void {
    this.#page(row).acl[row & PAGE_MASK] = acl;
  }

  /** The Stat as clients see it, in a fresh object. */
  stat(row: Row): Stat {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const numChildren = page.childCount[at]!;
    return {
      czxid: page.czxid[at] as Zxid,
      mzxid: page.mzxid[at] as Zxid,
      ctime: page.ctime[at]!,
      mtime: page.mtime[at]!,
      version: page.version[at]!,
      cversion: (page.cversion[at]! * 2 - numChildren) | 0,
      aversion: page.aversion[at]!,
      ephemeralOwner: this.kind(row) === 'ephemeral' ? this.owner(row) : 0n,
      dataLength: Math.max(0, page.dataLength[at]!),
      numChildren,
      pzxid: page.pzxid[at] as Zxid,
    };
  }

  // --- digest ---

  /** CRC state after path and data. */
  content(row: Row): number {
    return this.#page(row).content[row & PAGE_MASK]!;
  }

  setContent(row: Row, content: number): void {
    this.#page(row).content[row & PAGE_MASK] = content;
  }

  isCounted(row: Row): boolean {
    return this.#page(row).uncounted[row & PAGE_MASK] === 0;
  }

  setUncounted(row: Row): void {
    this.#page(row).uncounted[row & PAGE_MASK] = 1;
  }

  digest(row: Row): number {
    return this.#page(row).digest[row & PAGE_MASK]!;
  }

  setDigest(row: Row, digest: number): void {
    this.#page(row).digest[row & PAGE_MASK] = digest;
  }

  /** The stat fields a digest covers, read through one object that the next call overwrites. */
  digestedStat(row: Row): DigestedStat {
    const page = this.#page(row);
    const at = row & PAGE_MASK;
    const stat = this.#scratch;
    stat.czxid = page.czxid[at]!;
    stat.mzxid = page.mzxid[at]!;
    stat.pzxid = page.pzxid[at]!;
    stat.ctime = page.ctime[at]!;
    stat.mtime = page.mtime[at]!;
    stat.version = page.version[at]!;
    stat.cversion = page.cversion[at]!;
    stat.aversion = page.aversion[at]!;
    stat.ownerHigh = page.ownerHigh[at]!;
    stat.ownerLow = page.ownerLow[at]!;
    return stat;
  }

  readonly #scratch = {
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ownerHigh: 0,
    ownerLow: 0,
  };

  // --- relatives ---

  parent(row: Row): Row {
    return this.#page(row).parent[row & PAGE_MASK]!;
  }

  firstChild(row: Row): Row {
    return this.#page(row).firstChild[row & PAGE_MASK]!;
  }

  nextSibling(row: Row): Row {
    return this.#page(row).nextSibling[row & PAGE_MASK]!;
  }

  childCount(row: Row): number {
    return this.#page(row).childCount[row & PAGE_MASK]!;
  }

  /** Adds `row` as the last child of `parent`. */
  attach(row: Row, parent: Row): void {
    const page = this.#page(parent);
    const at = parent & PAGE_MASK;
    const last = page.lastChild[at]!;
    if (last === NO_ROW) page.firstChild[at] = row;
    else this.#page(last).nextSibling[last & PAGE_MASK] = row;
    page.lastChild[at] = row;
    page.childCount[at]!++;
    const own = this.#page(row);
    own.parent[row & PAGE_MASK] = parent;
    own.previousSibling[row & PAGE_MASK] = last;
  }

  detach(row: Row): void {
    const own = this.#page(row);
    const parent = own.parent[row & PAGE_MASK]!;
    const before = own.previousSibling[row & PAGE_MASK]!;
    const after = own.nextSibling[row & PAGE_MASK]!;
    const page = this.#page(parent);
    const at = parent & PAGE_MASK;
    if (before === NO_ROW) page.firstChild[at] = after;
    else this.#page(before).nextSibling[before & PAGE_MASK] = after;
    if (after === NO_ROW) page.lastChild[at] = before;
    else this.#page(after).previousSibling[after & PAGE_MASK] = before;
    page.childCount[at]!--;
  }

  // --- index ---

  hash(row: Row): number {
    return this.#page(row).hash[row & PAGE_MASK]!;
  }

  setHash(row: Row, hash: number): void {
    this.#page(row).hash[row & PAGE_MASK] = hash;
  }

  chain(row: Row): Row {
    return this.#page(row).chain[row & PAGE_MASK]!;
  }

  setChain(row: Row, next: Row): void {
    this.#page(row).chain[row & PAGE_MASK] = next;
  }

  #page(row: Row): Page {
    return this.#pages[row >> PAGE_BITS]!;
  }
}

/** Units given to one call: its arguments lie on the stack, and a name may be as long as a request. */
const UNITS_PER_CALL = 4096;

/** A string of these UTF-16 units. */
export function textOf(units: Uint8Array | Uint16Array): string {
  if (units.length <= UNITS_PER_CALL) return piece(units);
  let text = '';
  for (let at = 0; at < units.length; at += UNITS_PER_CALL)
    text += piece(units.subarray(at, at + UNITS_PER_CALL));
  return text;
}

/** Called with `apply`, which takes a typed array as it is; spread would iterate over it, five times slower. */
function piece(units: Uint8Array | Uint16Array): string {
  return String.fromCharCode.apply(null, units as unknown as number[]);
}

function isAscii(bytes: Uint8Array, offset: number, length: number): boolean {
  let widest = 0;
  for (let i = 0; i < length; i++) widest |= bytes[offset + i]!;
  return widest < 0x80;
}
