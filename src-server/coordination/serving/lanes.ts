/**
 * The order of one connection's requests: a read waits for the writes before it, and then sees them; replies leave in the
 * order of the requests.
 *
 *   lane:  [write 1 ⧗] [read 2] [read 3] [write 4 ⧗] [read 5]
 *
 * Writes are submitted at once, one behind the other; only reads wait. When write 1 is settled it is answered, then reads 2
 * and 3, before write 4 is applied.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Code } from '../model/codes.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Request } from '../model/request.ts';
import type { Waiter } from './ports.ts';

export interface LaneOwner {
  answerRead(request: Request, receivedMs: number): void;
  answerRefused(request: Request, code: Code, receivedMs: number): void;
  answerWrite(request: Request, outcome: Outcome, receivedMs: number): void;
}

export class Lane {
  readonly #owner: LaneOwner;
  readonly #entries = new Fifo<Entry>(8);
  #isClosed = false;

  constructor(owner: LaneOwner) {
    this.#owner = owner;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** A read, or a refusal, that has to wait for its turn. Only while the lane is not empty. */
  queue(request: Request, code: Code, receivedMs: number): void {
    assert(this.#entries.length > 0, 'what need not wait is answered at once');
    this.#entries.push(new Entry(this, request, receivedMs, code, false));
  }

  /** A write that is about to be submitted; the entry is who waits for it. */
  write(request: Request, receivedMs: number): Waiter {
    const entry = new Entry(this, request, receivedMs, 0, true);
    this.#entries.push(entry);
    return entry;
  }

  /** The connection is gone: writes under way go on, nobody is answered. */
  close(): void {
    this.#isClosed = true;
    this.#entries.clear();
  }

  settled(entry: Entry, outcome: Outcome): void {
    if (this.#isClosed) return;
    assert(
      this.#entries.shift() === entry,
      'writes of a connection settle in the order they were submitted',
    );
    this.#owner.answerWrite(entry.request, outcome, entry.receivedMs);
    for (
      let next = this.#entries.peek();
      next !== undefined && !next.isWrite;
      next = this.#entries.peek()
    ) {
      this.#entries.shift();
      if (next.code === 0) this.#owner.answerRead(next.request, next.receivedMs);
      else this.#owner.answerRefused(next.request, next.code, next.receivedMs);
    }
  }
}

class Entry implements Waiter {
  readonly #lane: Lane;
  readonly request: Request;
  readonly receivedMs: number;
  readonly code: Code;
  readonly isWrite: boolean;

  constructor(lane: Lane, request: Request, receivedMs: number, code: Code, isWrite: boolean) {
    this.#lane = lane;
    this.request = request;
    this.receivedMs = receivedMs;
    this.code = code;
    this.isWrite = isWrite;
  }

  settled(outcome: Outcome): void {
    this.#lane.settled(this, outcome);
  }
}
