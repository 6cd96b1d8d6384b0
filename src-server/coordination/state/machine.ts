/**
 * The replicated state machine of one member: prepare, apply, read, digest. Pure and deterministic; it knows no peers, no
 * bytes of any protocol and no clock.
 */
import { assert } from '../../base/assert.ts';
import { type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import { type Acl, type Identity, OPEN_ACL, READ_ACL } from '../model/acl.ts';
import { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Request } from '../model/request.ts';
import { Txn } from '../model/txn.ts';
import { Apply } from './apply.ts';
import { ImageLoader, ImageWalk } from './image.ts';
import { Lifetimes } from './lifetimes.ts';
import { NO_ROW, type Nodes, ROOT_ROW, type Row } from './node.ts';
import { CONFIG_PATH, QUOTA_PATH, ZOOKEEPER_PATH } from './paths.ts';
import { Pending } from './pending.ts';
import { AclTable, isPermitted, OPEN_ACL_ID } from './permissions.ts';
import { Prepare, type PrepareRules, type Proposal } from './prepare.ts';
import { Quotas } from './quotas.ts';
import { type Session, Sessions } from './sessions.ts';
import { Tree } from './tree.ts';

export { type NameView, NO_ROW, type Nodes, type Row } from './node.ts';
export { Session } from './sessions.ts';

export interface MachineOptions extends PrepareRules {
  /** Any number; it only makes hash collisions hard to arrange. */
  readonly hashSeed: number;
}

export interface DigestAt {
  readonly zxid: Zxid;
  readonly digest: bigint;
}

/** One digest is kept for every so many transactions, and so many of them. */
const DIGEST_LOG_INTERVAL = 128;
const DIGEST_LOG_MAX = 1024;
/** More transactions than any image takes to be sent. */
const DOUBTS_MAX = 1_000_000;

export class Machine {
  readonly #rules: PrepareRules;
  readonly #tree: Tree;
  readonly #acls = new AclTable();
  readonly #sessions = new Sessions();
  readonly #quotas: Quotas;
  readonly #lifetimes: Lifetimes;
  readonly #pending: Pending;
  readonly #prepare: Prepare;
  readonly #apply: Apply;
  #lastZxid: Zxid = ZXID_ZERO;
  #digestMismatches = 0;
  /** While replay has not reached the digest a fuzzy snapshot states, sums in between mean nothing. */
  #expected: { readonly zxid: number; readonly high: number; readonly low: number } | null = null;
  /** Of an image that states no digest nobody knows where it ends: so many sums more may differ, until one does not. */
  #doubts = 0;
  /**
   * The image was not what it states. Apache states the digest of the transaction that it applied last, and parts of the next
   * one may be in the image by then: the next sum tells whether that is all.
   */
  #isImageDoubted = false;
  readonly #digestLog: DigestAt[] = [];

  constructor(options: MachineOptions) {
    this.#rules = options;
    this.#tree = new Tree({ extendedTypes: options.extendedTypes, hashSeed: options.hashSeed });
    this.#quotas = new Quotas(this.#tree);
    this.#lifetimes = new Lifetimes(this.#tree);
    this.#pending = new Pending(this.#tree, this.#acls);
    this.#prepare = new Prepare({
      tree: this.#tree,
      pending: this.#pending,
      sessions: this.#sessions,
      quotas: this.#quotas,
      rules: options,
    });
    this.#apply = new Apply({
      tree: this.#tree,
      acls: this.#acls,
      sessions: this.#sessions,
      quotas: this.#quotas,
      lifetimes: this.#lifetimes,
    });
    this.#tree.nodes.setAcl(ROOT_ROW, OPEN_ACL_ID);
  }

  /** A new database: the root and the nodes the system owns. */
  createSystemNodes(): void {
    const add = (path: string, acl: Acl, aversion: number): void => {
      const parent = this.#tree.find(path.slice(0, path.lastIndexOf('/')));
      this.#tree.create(parent, path, new Uint8Array(), this.#acls.intern(acl), {
        ...EMPTY_STAT,
        aversion,
      });
    };
    this.#tree.replaceData(ROOT_ROW, '/', new Uint8Array());
    add(ZOOKEEPER_PATH, OPEN_ACL, 0);
    // In the order that Apache lists them.
    add(CONFIG_PATH, READ_ACL, -1);
    add(QUOTA_PATH, OPEN_ACL, 0);
  }

  /**
   * What this member holds for its ensemble's configuration, where no transaction has said it. The node counts in no digest,
   * so members may differ.
   */
  showConfig(text: Uint8Array, configVersion: Zxid, timeMs: number): void {
    const row = this.#tree.find(CONFIG_PATH);
    assert(row !== NO_ROW, 'the node of the configuration is made before anything is served');
    this.#tree.setData(row, CONFIG_PATH, text, -1, configVersion, timeMs);
  }

  // --- writing ---

  /** The transaction of a request: an error transaction where it is refused. `zxid` must be the next one. */
  prepare(request: Request, by: Proposal): Txn {
    return this.#prepare.prepare(request, by);
  }

  apply(txn: Txn): Outcome {
    const outcome = this.#apply.apply(txn);
    this.#pending.applied(txn.zxid);
    if (txn.zxid > this.#lastZxid) this.#lastZxid = txn.zxid;
    this.#checkDigest(txn);
    return outcome;
  }

  /** Drops what was proposed here and never will be applied. */
  abandonPending(): void {
    this.#pending.clear();
    this.#sessions.abandonProposed();
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  // --- reading ---

  get lastZxid(): Zxid {
    return this.#lastZxid;
  }

  get nodes(): Nodes {
    return this.#tree.nodes;
  }

  find(path: string): Row {
    return this.#tree.find(path);
  }

  pathOf(row: Row): string {
    return this.#tree.pathOf(row);
  }

  countBelow(row: Row): number {
    return this.#tree.countBelow(row);
  }

  aclOf(row: Row): Acl {
    return this.#acls.get(this.#tree.nodes.acl(row));
  }

  /** Whether one of `identities` has one of the `wanted` permissions on the node. */
  isPermitted(row: Row, wanted: number, identities: readonly Identity[]): boolean {
    const acl = this.#tree.nodes.acl(row);
    return acl === OPEN_ACL_ID || this.permits(this.#acls.get(acl), wanted, identities);
  }

  permits(acl: Acl, wanted: number, identities: readonly Identity[]): boolean {
    return this.#rules.skipAcl || isPermitted(acl, wanted, identities);
  }

  session(id: bigint): Session | undefined {
    return this.#sessions.get(id);
  }

  /** As it will be when everything proposed here is applied. */
  proposedSession(id: bigint): Session | undefined {
    return this.#sessions.proposed(id);
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.all();
  }

  ephemeralPathsOf(id: bigint): string[] {
    return [...this.#sessions.ephemeralsOf(id)].map((row) => this.#tree.pathOf(row));
  }

  dueForRemoval(nowMs: number, neverUsedMs: number): string[] {
    return this.#lifetimes.due(nowMs, neverUsedMs);
  }

  // --- figures ---

  get nodeCount(): number {
    return this.#tree.nodeCount;
  }

  get ephemeralCount(): number {
    return this.#sessions.ephemeralCount;
  }

  get sessionCount(): number {
    return this.#sessions.count;
  }

  get approximateBytes(): number {
    return this.#tree.approximateBytes;
  }

  get digest(): bigint {
    return this.#tree.digest.toBigint();
  }

  /** The digest with its zxid, as a snapshot states it. Not known, while replay has not passed the end of an image. */
  get digestNow(): {
    readonly zxid: Zxid;
    readonly high: number;
    readonly low: number;
    readonly isKnown: boolean;
  } {
    const { high, low } = this.#tree.digest;
    const isKnown = this.#expected === null && this.#doubts === 0;
    return { zxid: this.#lastZxid, high, low, isKnown };
  }

  get digestMismatches(): number {
    return this.#digestMismatches + (this.#isImageDoubted ? 1 : 0);
  }

  get digestLog(): readonly DigestAt[] {
    return this.#digestLog;
  }

  // --- images ---

  walkImage(): ImageWalk {
    return new ImageWalk(
      { tree: this.#tree, sessions: this.#sessions, acls: this.#acls },
      this.#lastZxid,
    );
  }

  loader(): ImageLoader {
    return new ImageLoader({
      tree: this.#tree,
      sessions: this.#sessions,
      acls: this.#acls,
      lifetimes: this.#lifetimes,
    });
  }

  /**
   * The image is in. `stated` is the digest its writer saw, at a zxid that may lie ahead of the image's own: replay compares
   * when it gets there.
   */
  finishLoading(
    zxid: Zxid,
    stated: { readonly zxid: number; readonly high: number; readonly low: number } | null,
  ): void {
    assert(this.#lastZxid === ZXID_ZERO, 'an image is loaded once');
    this.#lastZxid = zxid;
    this.#expected = stated;
    if (stated === null && zxid !== ZXID_ZERO) this.#doubts = DOUBTS_MAX;
    if (this.#tree.find(CONFIG_PATH) === NO_ROW) this.#addMissingSystemNodes();
    this.#quotas.rebuild();
    if (stated !== null && stated.zxid <= zxid) this.#compareStated();
  }

  /**
   * After replay: removes ephemerals whose session is not in the table, leftovers of a crash that only old servers leave.
   * @returns their paths
   */
  removeOrphans(): string[] {
    const removed: string[] = [];
    for (const owner of this.#sessions.orphans()) {
      removed.push(...this.ephemeralPathsOf(owner));
      const txn = new Txn(OpCode.CLOSE_SESSION);
      txn.sessionId = owner;
      txn.zxid = this.#lastZxid;
      this.#apply.apply(txn);
    }
    return removed;
  }

  #addMissingSystemNodes(): void {
    for (const path of [ZOOKEEPER_PATH, QUOTA_PATH, CONFIG_PATH]) {
      if (this.#tree.find(path) !== NO_ROW) continue;
      const parent = this.#tree.find(path.slice(0, path.lastIndexOf('/')));
      const acl = this.#acls.intern(path === CONFIG_PATH ? READ_ACL : OPEN_ACL);
      const aversion = path === CONFIG_PATH ? -1 : 0;
      this.#tree.create(parent, path, new Uint8Array(), acl, { ...EMPTY_STAT, aversion });
    }
  }

  #checkDigest(txn: Txn): void {
    const { digest } = this.#tree;
    if (this.#expected !== null) {
      if (txn.zxid >= this.#expected.zxid) this.#compareStated();
      return;
    }
    if (txn.hasDigest) {
      if (digest.equals(txn.digestHigh, txn.digestLow)) this.#doubts = 0;
      else if (this.#doubts > 0) this.#doubts--;
      else this.#digestMismatches++;
      this.#isImageDoubted = false;
    }
    if (this.#doubts > 0) return;
    if (txn.zxid % DIGEST_LOG_INTERVAL !== 0) return;
    this.#digestLog.push({ zxid: txn.zxid, digest: digest.toBigint() });
    if (this.#digestLog.length > DIGEST_LOG_MAX) this.#digestLog.shift();
  }

  #compareStated(): void {
    const stated = this.#expected;
    this.#expected = null;
    if (stated === null || stated.zxid < this.#lastZxid || stated.zxid === ZXID_ZERO) return;
    this.#isImageDoubted = !this.#tree.digest.equals(stated.high, stated.low);
  }
}

const EMPTY_STAT = {
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
