/**
 * One learner as its leader sees it.
 *
 *   new ──learnerInfo──▶ reported ──LEADERINFO──▶ asked ──ACKEPOCH──▶ promised ─▶ catchingUp ──NEWLEADER──▶ following
 *                                                                                                             │ ACK
 *                                                                                                           synced
 */
import type { Sid } from '../../base/ids.ts';
import { type Zxid, ZXID_ZERO } from '../../base/zxid.ts';
import type { CatchUp } from './catch-up.ts';
import type { LinkId } from './events.ts';
import type { LearnerRole } from './messages.ts';

export type LearnerStage =
  'new' | 'reported' | 'asked' | 'promised' | 'catchingUp' | 'following' | 'synced';

/** What others may know of a learner. */
export interface LearnerFacts {
  readonly link: LinkId;
  readonly sid: Sid;
  readonly role: LearnerRole;
  readonly isSynced: boolean;
}

const NOBODY = 0 as Sid;

export class Learner {
  readonly link: LinkId;
  sid: Sid = NOBODY;
  role: LearnerRole = 'follower';
  stage: LearnerStage = 'new';
  /** The end of its log, as it said. */
  lastZxid: Zxid = ZXID_ZERO;
  catchUp: CatchUp | null = null;
  /** Something must have come by then. */
  deadlineMs: number;
  /** Until then it counts among those the leader leads. */
  countsUntilMs: number;
  #watched: Zxid = ZXID_ZERO;
  #watchedMs = 0;
  #newest: Zxid = ZXID_ZERO;
  #newestMs = 0;

  constructor(
    link: LinkId,
    options: { readonly deadlineMs: number; readonly countsUntilMs: number },
  ) {
    this.link = link;
    this.deadlineMs = options.deadlineMs;
    this.countsUntilMs = options.countsUntilMs;
  }

  /** Gets proposals and commits, or what replaces them for an observer. */
  get isForwarded(): boolean {
    return this.stage === 'following' || this.stage === 'synced';
  }

  /**
   * One proposal is watched at a time: the next to be watched is the newest when the one before is acknowledged, so that
   * the age is known to within one round without a queue.
   */
  onProposed(zxid: Zxid, nowMs: number): void {
    if (this.#watched === 0) {
      this.#watched = zxid;
      this.#watchedMs = nowMs;
    } else {
      this.#newest = zxid;
      this.#newestMs = nowMs;
    }
  }

  onAcknowledged(zxid: Zxid): void {
    if (this.#watched === 0 || zxid < this.#watched) return;
    const isNewestOpen = this.#newest > zxid;
    this.#watched = isNewestOpen ? this.#newest : ZXID_ZERO;
    this.#watchedMs = isNewestOpen ? this.#newestMs : 0;
    this.#newest = ZXID_ZERO;
    this.#newestMs = 0;
  }

  /** Since when it owes an acknowledgement. */
  owesSinceMs(): number | null {
    return this.#watched === 0 ? null : this.#watchedMs;
  }
}
