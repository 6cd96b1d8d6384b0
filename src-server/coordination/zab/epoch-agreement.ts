/**
 * A new leader's epoch: chosen when a quorum has told which epochs it accepted, agreed on when a quorum has promised to
 * accept no older one.
 *
 * Who promises also says how far its history goes, so that nobody leads who knows less than its quorum (Z6).
 */
import type { Sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import { UNTRUSTED_ZXID } from './messages.ts';
import { type Quorum, quorumOf } from './quorum.ts';
import { isVoter, type View } from './view.ts';

/** What an ACKEPOCH says when it repeats a promise, which does not count again. */
const PROMISED_BEFORE = -1;

export class EpochAgreement {
  readonly #leader: Sid;
  readonly #view: View;
  readonly #quorum: Quorum;
  readonly #currentEpoch: number;
  readonly #lastZxid: Zxid;
  readonly #reported = new Set<Sid>();
  readonly #promised = new Set<Sid>();
  #epoch = 1;
  #isChosen = false;
  #isAgreed = false;

  constructor(options: {
    readonly leader: Sid;
    readonly view: View;
    readonly currentEpoch: number;
    readonly lastZxid: Zxid;
  }) {
    this.#leader = options.leader;
    this.#view = options.view;
    this.#quorum = quorumOf(options.view);
    this.#currentEpoch = options.currentEpoch;
    this.#lastZxid = options.lastZxid;
  }

  /** The epoch, once chosen. */
  get epoch(): number | null {
    return this.#isChosen ? this.#epoch : null;
  }

  get isAgreed(): boolean {
    return this.#isAgreed;
  }

  /** Somebody comes, having accepted this epoch. @returns whether it completes the choice */
  report(sid: Sid, acceptedEpoch: number): boolean {
    if (this.#isChosen) return false;
    this.#epoch = Math.max(this.#epoch, acceptedEpoch + 1);
    if (isVoter(this.#view, sid)) this.#reported.add(sid);
    this.#isChosen = this.#isQuorum(this.#reported);
    return this.#isChosen;
  }

  /** A promise. @returns 'ahead' when its history is longer than the leader's, which must not overwrite it then */
  promise(sid: Sid, currentEpoch: number, lastZxid: Zxid): 'ahead' | 'counted' | 'agreed' {
    if (this.#isAgreed || currentEpoch === PROMISED_BEFORE) return 'counted';
    const isAhead =
      currentEpoch > this.#currentEpoch ||
      (currentEpoch === this.#currentEpoch && lastZxid > this.#lastZxid);
    if (isAhead) return 'ahead';
    if (lastZxid !== UNTRUSTED_ZXID && isVoter(this.#view, sid)) this.#promised.add(sid);
    this.#isAgreed = this.#isQuorum(this.#promised);
    return this.#isAgreed ? 'agreed' : 'counted';
  }

  #isQuorum(sids: ReadonlySet<Sid>): boolean {
    return sids.has(this.#leader) && this.#quorum.isMet((sid) => sids.has(sid));
  }
}
