/**
 * A member of a partition as its leader sees it: how far its log is known to be the leader's, and what is on its way.
 *
 *   apart ──promise──▶ streaming ◀──promise, whole── copying        apart:     no link, or nothing promised on it yet
 *                  ├──▶ copying ──────▶──┘                          barred:    its log cannot be continued, but by the record
 *                  └──▶ barred ── out of sync by the record ──▶ copying       it is in sync, and must be taken out first
 */
import { Fifo } from '../../base/fifo.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Copying, LogFacts } from './messages.ts';

export type MemberPhase = 'apart' | 'streaming' | 'copying' | 'barred';

/** What the console is told. */
export interface MemberFacts {
  readonly node: NodeId;
  readonly phase: MemberPhase;
  readonly isInSync: boolean;
  /** Durable there. */
  readonly ackedSeq: number;
}

interface Flight {
  readonly lastSeq: number;
  readonly bytes: number;
  readonly sentMs: number;
}

export class Member {
  readonly node: NodeId;
  phase: MemberPhase = 'apart';
  /** How often it was asked to promise; only the answer to the last time counts. */
  attempt = 0;
  /** It promised this epoch on the link there is: what it grants is for us, too (R8). */
  isConfirmed = false;
  /** What it said of its log, where that was not answered yet. */
  promise: LogFacts | null = null;
  /** Of the record, as it said on this link. */
  awareVersion = -1;
  ackedSeq = 0;
  sentSeq = 0;
  isSending = false;
  /** The commit point it was told. */
  toldCommitSeq = 0;
  isVouched = false;
  /** Where a copy can go on. */
  copying: Copying | null = null;
  /** Since when it is in this phase. */
  sinceMs: number;
  readonly #flights = new Fifo<Flight>();
  #flightBytes = 0;

  constructor(node: NodeId, nowMs: number) {
    this.node = node;
    this.sinceMs = nowMs;
  }

  enter(phase: MemberPhase, nowMs: number): void {
    this.phase = phase;
    this.sinceMs = nowMs;
    this.isVouched = false;
    this.#flights.clear();
    this.#flightBytes = 0;
  }

  /** From behind this entry on it is sent everything. */
  stream(afterSeq: number, nowMs: number): void {
    this.enter('streaming', nowMs);
    this.ackedSeq = 0;
    this.sentSeq = afterSeq;
    this.toldCommitSeq = 0;
    this.copying = null;
  }

  onSent(lastSeq: number, bytes: number, nowMs: number): void {
    this.sentSeq = lastSeq;
    this.#flights.push({ lastSeq, bytes, sentMs: nowMs });
    this.#flightBytes += bytes;
  }

  onAck(seq: number): void {
    this.ackedSeq = Math.max(this.ackedSeq, seq);
    for (;;) {
      const oldest = this.#flights.peek();
      if (oldest === undefined || oldest.lastSeq > seq) return;
      this.#flights.shift();
      this.#flightBytes -= oldest.bytes;
    }
  }

  get flightBytes(): number {
    return this.#flightBytes;
  }

  /** When the oldest piece that it did not acknowledge was sent; null where there is none. */
  get oldestFlightMs(): number | null {
    return this.#flights.peek()?.sentMs ?? null;
  }
}
