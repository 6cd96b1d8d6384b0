/**
 * What members told of when transactions came past them, joined by zxid: one row of a ring for each transaction, one lane in it
 * for each member. All times by the clock the members share; what is told outside counts from the proposal.
 *
 *   zxid ─▶ row ─┬─ lane of 1 (leader)   proposed ·····durable··········committed·applied
 *                ├─ lane of 2            received ··durable···committed·applied        acknowledged: when the leader heard of it
 *                └─ lane of 3            received ········durable······committed·applied
 */
import type {
  LatencyBucket,
  MemberTiming,
  TimingSummary,
  TxnTiming,
} from '#contract/timing-models.ts';

import { counterOf, type Zxid } from '../../base/zxid.ts';
import type { MemberTimings } from './local-ensemble.ts';

/** Who is slow, where: at its acknowledgement, or null for the decision. */
export interface Slowness {
  readonly thanMs: number;
  readonly member: number | null;
}

/** 'later': nobody knows yet. */
export type Verdict = 'slow' | 'quick' | 'later';

/** More than a second of a busy ensemble, many minutes of a quiet one. */
const ROWS = 65_536;
const STAGES = 6;
const BEGUN = 0;
const DURABLE = 2;
const COMMITTED = 3;
const APPLIED = 4;
/** The last of a lane's columns: when the leader heard the member's acknowledgement. */
const ACKNOWLEDGED = 5;
const SUMMARY_MS = 60_000;
const BUCKETS_PER_DECADE = 8;
const FIRST_BUCKET_US = 10;

interface Lane {
  readonly id: number;
  /** By the row times the columns; NaN for not yet. */
  readonly times: Float64Array;
  /** 1 where this member proposed it. */
  readonly proposed: Uint8Array;
  /** Rows begun there, as it told last. */
  begun: number;
  /** It tells itself; of the others the leader's word of their acknowledgements is all there is. */
  tells: boolean;
}

export class TimingBook {
  readonly #mask: number;
  readonly #zxids: Float64Array;
  readonly #lanes = new Map<number, Lane>();
  #newest = 0;
  #newestCommitted = 0;
  #nowMs = 0;
  #leader: number | null = null;
  #skipped = 0;

  /** @param rows a power of two */
  constructor(rows = ROWS) {
    this.#mask = rows - 1;
    this.#zxids = new Float64Array(rows);
  }

  /** Who proposed the newest transaction. */
  get leader(): number | null {
    return this.#leader;
  }

  // --- taking in ---

  /** Transactions that wait grow older by it. */
  passTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  /** @returns whether something is new */
  take(member: number, part: MemberTimings): boolean {
    const lane = this.#laneOf(member);
    const isFirst = !lane.tells;
    lane.tells = true;
    this.passTo(part.nowMs);
    const { zxids, proposed, stages, acks, originMs } = part;
    const ackLanes = acks.map(({ sid }) => this.#laneOf(sid));
    let fresh = 0;
    let proposals = 0;
    for (let i = 0; i < zxids.length; i++) {
      const zxid = zxids[i]!;
      const row = this.#rowFor(zxid);
      if (row === null) continue;
      const base = row * STAGES;
      if (Number.isNaN(lane.times[base]!)) fresh++;
      for (let stage = 0; stage <= APPLIED; stage++)
        lane.times[base + stage] = stages[stage]![i]! + originMs;
      if (proposed[i] === 1) {
        lane.proposed[row] = 1;
        proposals++;
        for (const [at, { atMs }] of acks.entries())
          ackLanes[at]!.times[base + ACKNOWLEDGED] = atMs[i]! + originMs;
        if (zxid === this.#newest) this.#leader = member;
      }
      const isCommitted = !Number.isNaN(stages[COMMITTED]![i]!);
      if (isCommitted && zxid > this.#newestCommitted) this.#newestCommitted = zxid;
    }
    // A member that was started again counts anew. What it began before anybody asked was not missed.
    if (lane.begun > 0 && part.begun > lane.begun && proposals > 0)
      this.#skipped += Math.max(0, part.begun - lane.begun - fresh);
    lane.begun = part.begun;
    return isFirst || zxids.length > 0;
  }

  #laneOf(id: number): Lane {
    let lane = this.#lanes.get(id);
    if (lane === undefined) {
      const rows = this.#mask + 1;
      lane = {
        id,
        times: new Float64Array(rows * STAGES).fill(NaN),
        proposed: new Uint8Array(rows),
        begun: 0,
        tells: false,
      };
      this.#lanes.set(id, lane);
    }
    return lane;
  }

  /** Null for a transaction that a newer one has taken the place of. */
  #rowFor(zxid: number): number | null {
    const row = counterOf(zxid as Zxid) & this.#mask;
    const there = this.#zxids[row]!;
    if (there === zxid) return row;
    if (there > zxid) return null;
    this.#zxids[row] = zxid;
    for (const { times, proposed } of this.#lanes.values()) {
      times.fill(NaN, row * STAGES, (row + 1) * STAGES);
      proposed[row] = 0;
    }
    if (zxid > this.#newest) this.#newest = zxid;
    return row;
  }

  #rowOf(zxid: number): number | null {
    const row = counterOf(zxid as Zxid) & this.#mask;
    return zxid !== 0 && this.#zxids[row] === zxid ? row : null;
  }

  // --- telling ---

  /** Null where nobody told, or it is too long ago. */
  timingOf(zxid: number): TxnTiming | null {
    const row = this.#rowOf(zxid);
    return row === null ? null : this.#timingIn(row);
  }

  #timingIn(row: number): TxnTiming | null {
    const origin = this.#originIn(row);
    if (Number.isNaN(origin)) return null;
    const leader = this.#leaderIn(row);
    const commitMs = this.#commitIn(row, leader);
    const standing = this.#standingIn(row, commitMs);
    const since = (atMs: number): number | null =>
      Number.isNaN(atMs) ? null : Math.max(0, Math.round((atMs - origin) * 1000));
    const members: MemberTiming[] = [];
    for (const lane of [...this.#lanes.values()].sort((a, b) => a.id - b.id)) {
      const at = (stage: number): number | null => since(lane.times[row * STAGES + stage]!);
      const timing: MemberTiming = {
        id: lane.id,
        tells: lane.tells,
        receivedUs: lane === leader ? null : at(BEGUN),
        appendedUs: at(1),
        durableUs: at(DURABLE),
        // A leader's own disk is its acknowledgement.
        ackUs: lane === leader ? at(DURABLE) : at(ACKNOWLEDGED),
        committedUs: at(COMMITTED),
        appliedUs: at(APPLIED),
      };
      members.push(timing);
    }
    return {
      leader: leader?.id ?? null,
      standing,
      commitUs: since(commitMs),
      waitedUs: standing === 'waiting' ? since(this.#nowMs) : null,
      quorumBy: leader === null ? null : quorumBy(members, since(commitMs)),
      members,
    };
  }

  #leaderIn(row: number): Lane | null {
    for (const lane of this.#lanes.values()) if (lane.proposed[row] === 1) return lane;
    return null;
  }

  /** The proposal, or, where its leader does not tell, when the first member heard of it. */
  #originIn(row: number): number {
    const leader = this.#leaderIn(row);
    if (leader !== null) return leader.times[row * STAGES]!;
    return this.#firstIn(row, BEGUN);
  }

  #commitIn(row: number, leader: Lane | null): number {
    return leader === null
      ? this.#firstIn(row, COMMITTED)
      : leader.times[row * STAGES + COMMITTED]!;
  }

  #firstIn(row: number, stage: number): number {
    let first = NaN;
    for (const { times } of this.#lanes.values()) {
      const atMs = times[row * STAGES + stage]!;
      if (!(first <= atMs)) first = Number.isNaN(atMs) ? first : atMs;
    }
    return first;
  }

  /** The next leader may have decided what its predecessor proposed. What is older than a decision is decided, or never will be. */
  #standingIn(row: number, commitMs: number): TxnTiming['standing'] {
    const isDecided = !Number.isNaN(commitMs) || !Number.isNaN(this.#firstIn(row, COMMITTED));
    if (isDecided) return 'committed';
    return this.#zxids[row]! < this.#newestCommitted ? 'given-up' : 'waiting';
  }

  verdictOf(zxid: number, { thanMs, member }: Slowness): Verdict {
    const row = this.#rowOf(zxid);
    if (row === null) return zxid > this.#newest ? 'later' : 'quick';
    const origin = this.#originIn(row);
    if (Number.isNaN(origin)) return 'quick';
    const leader = this.#leaderIn(row);
    const atMs = member === null ? this.#commitIn(row, leader) : this.#ackIn(row, leader, member);
    if (!Number.isNaN(atMs)) return atMs - origin >= thanMs ? 'slow' : 'quick';
    return this.#nowMs - origin >= thanMs ? 'slow' : 'later';
  }

  /** An observer acknowledges nothing; its disk says when it had it. */
  #ackIn(row: number, leader: Lane | null, member: number): number {
    const lane = this.#lanes.get(member);
    if (lane === undefined) return NaN;
    const base = row * STAGES;
    const acknowledged = lane.times[base + ACKNOWLEDGED]!;
    return lane === leader || Number.isNaN(acknowledged)
      ? lane.times[base + DURABLE]!
      : acknowledged;
  }

  /** Of the last minute. */
  summary(): TimingSummary {
    const fromMs = this.#nowMs - SUMMARY_MS;
    const latencies = new Float64Array(this.#mask + 1);
    let count = 0;
    let waiting = 0;
    let firstMs = Infinity;
    for (let row = 0; row <= this.#mask; row++) {
      if (this.#zxids[row] === 0) continue;
      const leader = this.#leaderIn(row);
      const origin = this.#originIn(row);
      const commitMs = this.#commitIn(row, leader);
      if (Number.isNaN(commitMs)) {
        if (!Number.isNaN(origin) && this.#standingIn(row, commitMs) === 'waiting') waiting++;
        continue;
      }
      if (leader === null || origin < fromMs) continue;
      latencies[count++] = (commitMs - origin) * 1000;
      firstMs = Math.min(firstMs, origin);
    }
    const sorted = latencies.subarray(0, count).sort();
    const quantile = (share: number): number | null =>
      count === 0 ? null : Math.round(sorted[Math.min(count - 1, Math.floor(share * count))]!);
    return {
      members: [...this.#lanes.values()]
        .map(({ id, tells }) => ({ id, tells }))
        .sort((a, b) => a.id - b.id),
      leader: this.#leader,
      skipped: this.#skipped,
      waiting,
      commits: count,
      spanMs: count === 0 ? 0 : Math.round(this.#nowMs - firstMs),
      p50Us: quantile(0.5),
      p90Us: quantile(0.9),
      p99Us: quantile(0.99),
      maxUs: quantile(1),
      histogram: bucketsOf(sorted),
    };
  }
}

/** Whose acknowledgement was the last that the decision waited for. */
function quorumBy(members: readonly MemberTiming[], commitUs: number | null): number | null {
  if (commitUs === null) return null;
  let last: MemberTiming | null = null;
  for (const member of members) {
    const { ackUs } = member;
    if (ackUs === null || ackUs > commitUs) continue;
    if (last === null || ackUs > last.ackUs!) last = member;
  }
  return last?.id ?? null;
}

/** From the first that has something in it to the last, each as much wider as it is further out. */
function bucketsOf(sortedUs: Float64Array): LatencyBucket[] {
  if (sortedUs.length === 0) return [];
  const indexOf = (us: number): number =>
    Math.max(0, Math.floor(Math.log10(us / FIRST_BUCKET_US) * BUCKETS_PER_DECADE));
  const first = indexOf(sortedUs[0]!);
  const last = indexOf(sortedUs.at(-1)!);
  const edge = (index: number): number => FIRST_BUCKET_US * 10 ** (index / BUCKETS_PER_DECADE);
  const buckets = Array.from({ length: last - first + 1 }, (_, i) => ({
    fromUs: first + i === 0 ? 0 : edge(first + i),
    toUs: edge(first + i + 1),
    count: 0,
  }));
  for (const us of sortedUs) buckets[indexOf(us) - first]!.count++;
  return buckets;
}
