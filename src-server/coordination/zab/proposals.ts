/**
 * The leader's proposals that are not committed yet.
 *
 * They are consecutive, so two zxids describe them all. Servers log in order and acknowledge in order, so one zxid a server
 * describes all its acknowledgements. What remains to be known is whose agreement each proposal needs: that changes only
 * where a new view is proposed or comes into force.
 *
 *   lastCommitted │ head … │ reconfiguration … │ … lastProposed
 *                   ▲ one view    ▲ both views
 */
import { assert } from '../../base/assert.ts';
import type { Sid } from '../../base/ids.ts';
import { counterOf, epochOf, nextZxid, type Zxid } from '../../base/zxid.ts';
import { areMet, type Quorum } from './quorum.ts';

/** From `from` on, until the next stretch, these must all agree. */
interface Stretch {
  readonly from: Zxid;
  readonly quorums: readonly Quorum[];
}

export class Proposals {
  readonly #windowMax: number;
  readonly #acknowledged = new Map<Sid, Zxid>();
  #stretches: Stretch[];
  readonly #hasHead: (sid: Sid) => boolean;
  #lastProposed: Zxid;
  #lastCommitted: Zxid;
  #head: Zxid;

  /** @param options zxid: the one before the first proposal */
  constructor(options: {
    readonly zxid: Zxid;
    readonly quorums: readonly Quorum[];
    readonly windowMax: number;
  }) {
    this.#windowMax = options.windowMax;
    this.#lastProposed = options.zxid;
    this.#lastCommitted = options.zxid;
    this.#head = nextZxid(options.zxid);
    this.#stretches = [{ from: this.#head, quorums: options.quorums }];
    this.#hasHead = (sid) => (this.#acknowledged.get(sid) ?? -1) >= this.#head;
  }

  get lastProposed(): Zxid {
    return this.#lastProposed;
  }

  get lastCommitted(): Zxid {
    return this.#lastCommitted;
  }

  get count(): number {
    return this.#lastProposed - this.#lastCommitted;
  }

  /** More would only wait; whoever submits must wait instead. */
  get isFull(): boolean {
    return this.count >= this.#windowMax;
  }

  add(zxid: Zxid): void {
    assert(zxid === this.#lastProposed + 1, 'Z4: proposals have no holes');
    assert(!this.isFull, 'proposals stay within their window');
    this.#lastProposed = zxid;
  }

  /** From the next proposal on, these must agree. */
  require(quorums: readonly Quorum[]): void {
    this.#stretches.push({ from: nextZxid(this.#lastProposed), quorums });
    this.#passStretches();
  }

  /**
   * A reconfiguration is committed: what is outstanding needs these alone. Its commit took a quorum of both views, so every
   * later leader knows the new view and needs a quorum of it; and servers that the new view made observers acknowledge
   * nothing any more, so that waiting for a quorum of the old one could last for ever.
   */
  requireOnly(quorums: readonly Quorum[]): void {
    this.#stretches = [{ from: this.#head, quorums }];
  }

  /**
   * A server has everything up to `zxid` on its disk. Acknowledgements of an epoch's beginning (counter 0), of earlier
   * epochs and of what is committed say nothing new.
   * @returns whether that can be: nobody acknowledges what was not proposed
   */
  acknowledge(sid: Sid, zxid: Zxid): boolean {
    if (zxid > this.#lastProposed) return false;
    if (counterOf(zxid) === 0 || epochOf(zxid) !== epochOf(this.#lastProposed)) return true;
    if (zxid > (this.#acknowledged.get(sid) ?? -1)) this.#acknowledged.set(sid, zxid);
    return true;
  }

  /** Whether the oldest proposal has every agreement it needs. Its predecessors are committed, as it is the oldest. */
  get isHeadAgreed(): boolean {
    return this.count > 0 && areMet(this.#stretches[0]!.quorums, this.#hasHead);
  }

  commitHead(): Zxid {
    assert(this.isHeadAgreed, 'Z3: a commit has a quorum of every view it needs');
    const zxid = this.#head;
    this.#lastCommitted = zxid;
    this.#head = nextZxid(zxid);
    this.#passStretches();
    return zxid;
  }

  #passStretches(): void {
    while (this.#stretches.length > 1 && this.#stretches[1]!.from <= this.#head)
      this.#stretches.shift();
  }

  /** How far a server has acknowledged; the epoch's beginning when it has not. */
  acknowledgedBy(sid: Sid): Zxid | null {
    return this.#acknowledged.get(sid) ?? null;
  }
}
