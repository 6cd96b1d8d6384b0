/**
 * The order of one connection's requests: a read waits for the writes before it, and then sees them; replies leave in the
 * order of the requests.
 *
 *   lane:  [write 1 ⧗] [read 2] [read 3] [write 4 ⧗] [read 5]
 *
 * Writes are submitted at once, one behind the other; only reads wait. When write 1 is settled it is answered, then reads 2
 * and 3, before write 4 is applied. A sync waits like a write and is answered like a read.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Code } from '../model/codes.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Request } from '../model/request.ts';
import type { SyncWaiter, Waiter } from './ports.ts';

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
    this.#entries.push(new Entry(this, request, receivedMs, code, 'read'));
  }

  /** A write that is about to be submitted; the entry is who waits for it. */
  write(request: Request, receivedMs: number): Waiter {
    const entry = new Entry(this, request, receivedMs, 0, 'write');
    this.#entries.push(entry);
    return entry;
  }

  /** A sync that is about to be asked for; the entry is who waits for it. */
  sync(request: Request, receivedMs: number): SyncWaiter {
    const entry = new Entry(this, request, receivedMs, 0, 'sync');
    this.#entries.push(entry);
    return entry;
  }

  /** The connection is gone: writes under way go on, nobody is answered. */
  close(): void {
    this.#isClosed = true;
    this.#entries.clear();
  }

  /** @param outcome null for a sync */
  settled(entry: Entry, outcome: Outcome | null): void {
    if (this.#isClosed) return;
    assert(
      this.#entries.shift() === entry,
      'writes of a connection settle in the order they were submitted',
    );
    if (outcome === null) this.#owner.answerRead(entry.request, entry.receivedMs);
    else this.#owner.answerWrite(entry.request, outcome, entry.receivedMs);
    for (
      let next = this.#entries.peek();
      next !== undefined && next.kind === 'read';
      next = this.#entries.peek()
    ) {
      this.#entries.shift();
      if (next.code === 0) this.#owner.answerRead(next.request, next.receivedMs);
      else this.#owner.answerRefused(next.request, next.code, next.receivedMs);
    }
  }
}

class Entry implements Waiter, SyncWaiter {
  readonly #lane: Lane;
  readonly request: Request;
  readonly receivedMs: number;
  readonly code: Code;
  readonly kind: 'read' | 'write' | 'sync';

  constructor(lane: Lane, request: Request, receivedMs: number, code: Code, kind: Entry['kind']) {
    this.#lane = lane;
    this.request = request;
    this.receivedMs = receivedMs;
    this.code = code;
    this.kind = kind;
  }

  settled(outcome: Outcome): void {
    this.#lane.settled(this, outcome);
  }

  synced(): void {
    this.#lane.settled(this, null);
  }
}
