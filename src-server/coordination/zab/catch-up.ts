/**
 * Bringing one learner to the leader's history: carries out what `sync-plan.ts` decides, from memory, from the log on disk
 * or by a snapshot, until nothing committed is missing.
 *
 * Commits go on meanwhile. A catch-up ends in the same step in which it sends the last committed transaction, and the
 * leader then forwards what comes after it: nothing falls between (Z7).
 */
import { assert } from '../../base/assert.ts';
import { type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import type { LinkId, LogRead } from './events.ts';
import type { Proposal } from './messages.ts';
import type { Self } from './self.ts';
import { planSync, type SyncPlan, SyncWalk } from './sync-plan.ts';

/** What there is to know of a learner: where it is, and the last transaction in its log. */
interface Lagging {
  readonly link: LinkId;
  readonly lastZxid: Zxid;
}

/** 'failed': what was begun cannot be finished, and the learner must come again and get a snapshot. */
export type CatchUpState = 'reading' | 'done' | 'failed';

export class CatchUp {
  readonly #self: Self;
  readonly #learner: Lagging;
  readonly #isSnapshotForced: boolean;
  #walk: SyncWalk | null = null;
  #state: CatchUpState = 'reading';
  #isBySnapshot = false;
  /** The last transaction looked at, so that reading goes on from there. */
  #seen: Zxid = ZXID_ZERO;
  /** The last transaction the learner has or was sent; null until it is known where the histories part. */
  #sent: Zxid | null = null;

  constructor(self: Self, learner: Lagging, isSnapshotForced: boolean) {
    this.#self = self;
    this.#learner = learner;
    this.#isSnapshotForced = isSnapshotForced;
  }

  get state(): CatchUpState {
    return this.#state;
  }

  get isBySnapshot(): boolean {
    return this.#isBySnapshot;
  }

  begin(): void {
    const { history, settings } = this.#self;
    const plan = planSync({
      learner: this.#learner.lastZxid,
      last: history.committed,
      listFirst: this.#listFirst,
      listLast: history.committed,
      isSnapshotForced: settings.isSnapshotForced || this.#isSnapshotForced,
      isLogUsable: settings.isLogSyncEnabled,
    });
    if (plan.kind === 'log') {
      this.#walk = new SyncWalk(this.#learner.lastZxid, history.committed);
      this.#seen = plan.from;
      this.#read(plan.from, false);
    } else {
      this.#carryOut(plan.kind === 'list' ? this.#walkList() : plan);
      this.#sendList();
    }
  }

  onLogRead({ entries, end }: LogRead): void {
    if (this.#state !== 'reading') return;
    if (end === 'unusable') {
      this.#giveUp();
      return;
    }
    const seenBefore = this.#seen;
    for (const entry of entries) {
      // The log holds proposals, too; they are forwarded when they are decided or outstanding, not as history.
      if (entry.zxid > this.#self.history.committed) break;
      this.#seen = entry.zxid;
      const plan = this.#sent === null ? this.#walk!.see(entry.zxid) : null;
      if (plan !== null) this.#carryOut(plan);
      if (this.#isBySnapshot) break;
      if (this.#sent === null || entry.zxid <= this.#sent) continue;
      if (!this.#self.history.isSuccessor(this.#sent, entry.zxid)) {
        this.#giveUp();
        return;
      }
      this.#sendDecided(entry);
    }
    if (this.#isBySnapshot || (this.#sent !== null && this.#sent >= this.#listFirst)) {
      this.#sendList();
    } else if (end === 'more' || this.#seen > seenBefore) {
      // The list may have moved on while this was read.
      this.#read(this.#seen, true);
    } else {
      this.#giveUp();
    }
  }

  get #listFirst(): Zxid {
    const { history } = this.#self;
    return history.decided > 0 ? history.at(0).zxid : history.committed;
  }

  #read(from: Zxid, isContinued: boolean): void {
    const { link } = this.#learner;
    this.#self.emit({ kind: 'readLog', link, isContinued, from, upTo: this.#listFirst });
  }

  #walkList(): SyncPlan {
    const { history } = this.#self;
    const walk = new SyncWalk(this.#learner.lastZxid, history.committed);
    for (let i = 0; i < history.decided; i++) {
      const plan = walk.see(history.at(i).zxid);
      if (plan !== null) return plan;
    }
    return walk.end();
  }

  #carryOut(plan: SyncPlan): void {
    const { link } = this.#learner;
    switch (plan.kind) {
      case 'diff':
        this.#self.send(link, { kind: 'diff', zxid: plan.upTo });
        this.#sent = plan.after;
        return;
      case 'trunc':
        this.#self.send(link, { kind: 'trunc', zxid: plan.to });
        this.#sent = plan.after;
        return;
      case 'snapshot':
        // Everything committed is applied, so the state is that of the last commit.
        this.#isBySnapshot = true;
        this.#sent = this.#self.history.committed;
        this.#self.emit({ kind: 'sendSnapshot', link, zxid: this.#sent });
        return;
      case 'list':
      case 'log':
        assert(false, 'a walk ends in a plan');
    }
  }

  #sendDecided(entry: Proposal): void {
    assert(this.#sent !== null && entry.zxid > this.#sent, 'Z4: history is sent in order');
    this.#self.send(this.#learner.link, entry);
    this.#self.send(this.#learner.link, { kind: 'commit', zxid: entry.zxid });
    this.#sent = entry.zxid;
  }

  /** The rest, from memory. */
  #sendList(): void {
    const { history } = this.#self;
    assert(this.#sent !== null, 'Z7: it is known where the histories part');
    for (let i = history.indexAfter(this.#sent); i < history.decided; i++)
      this.#sendDecided(history.at(i));
    assert(this.#sent >= history.committed, 'Z7: nothing committed is missing');
    this.#state = 'done';
  }

  #giveUp(): void {
    if (this.#sent !== null) {
      this.#state = 'failed';
      return;
    }
    this.#carryOut({ kind: 'snapshot' });
    this.#sendList();
  }
}
