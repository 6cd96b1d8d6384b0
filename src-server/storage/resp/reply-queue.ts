/**
 * The replies of one connection, in the order of its commands whatever order they come in.
 *
 *   out:  │ ready to leave │ head's, not settled │        the head writes here at once: a reply that need not wait is
 *         └─────released───┘                              written once and never copied
 *   held: │ second's │ third's │ …                        the others write here, and move when it is their turn
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Socket } from '../../platform/net.ts';
import { type Protocol, ReplyWriter } from './reply-writer.ts';

/** The place of one reply. */
export class Answer {
  slab: ReplyWriter | null = null;
  start = 0;
  end = 0;
  isSettled = false;
  /** Instead of what was written. */
  error: string | null = null;
  /** The client has said that it does not want it. */
  isSilent = false;
}

const OUT_KEPT_BYTES = 0x10_0000;
const HELD_SLAB_BYTES = 0x1_0000;
const SPARE_MAX = 64;

export class ReplyQueue {
  readonly #out = new ReplyWriter();
  #released = 0;
  readonly #waiting = new Fifo<Answer>();
  #held = new ReplyWriter();
  /** Replies in the present `#held`. */
  #heldCount = 0;
  #heldBytes = 0;
  readonly #spare: Answer[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Everything written and not handed to the system. */
  get bytes(): number {
    return this.#out.length + this.#heldBytes;
  }

  set protocol(protocol: Protocol) {
    this.#out.protocol = this.#held.protocol = protocol;
  }

  open(isSilent: boolean): Answer {
    const answer = this.#spare.pop() ?? new Answer();
    answer.isSilent = isSilent;
    this.#waiting.push(answer);
    return answer;
  }

  /** Where the reply is to be written now, up to `end`. */
  begin(answer: Answer): ReplyWriter {
    assert(answer.slab === null, 'a reply is written once');
    const isHead = this.#waiting.peek() === answer;
    if (!isHead && this.#held.length > HELD_SLAB_BYTES) this.#newHeld();
    const slab = isHead ? this.#out : this.#held;
    answer.slab = slab;
    answer.start = slab.length;
    return slab;
  }

  end(answer: Answer): void {
    const { slab } = answer;
    assert(slab !== null, 'a reply ends after it began');
    answer.end = slab.length;
    if (slab === this.#out) return;
    this.#heldCount++;
    this.#heldBytes += answer.end - answer.start;
  }

  /** Nothing was written after all; it begins again later. */
  takeBack(answer: Answer): void {
    assert(answer.slab?.length === answer.start, 'nothing was written');
    answer.slab = null;
  }

  /** What was written is not so; it begins again later. */
  undo(answer: Answer): void {
    const { slab, start, end } = answer;
    assert(slab !== null && !answer.isSettled, 'what is settled holds');
    answer.slab = null;
    // Behind the head nobody writes here before it is settled.
    if (slab === this.#out) slab.length = start;
    else {
      this.#heldBytes -= end - start;
      if (slab === this.#held && --this.#heldCount === 0) slab.clear();
    }
  }

  /** What was written holds. */
  settle(answer: Answer): void {
    answer.isSettled = true;
    if (this.#waiting.peek() === answer) this.#release();
  }

  /** What was written, if anything, does not hold. */
  fail(answer: Answer, error: string): void {
    answer.error = error;
    this.settle(answer);
  }

  #release(): void {
    const out = this.#out;
    for (;;) {
      const answer = this.#waiting.peek();
      if (answer?.isSettled !== true) return;
      this.#waiting.shift();
      this.#bring(answer);
      if (answer.isSilent) out.length = this.#released;
      this.#released = out.length;
      this.#recycle(answer);
    }
  }

  #bring(answer: Answer): void {
    const out = this.#out;
    const { slab, start, end } = answer;
    if (slab !== null && slab !== out) {
      this.#heldBytes -= end - start;
      if (answer.error === null) out.raw(slab.bytes, start, end - start);
      if (slab === this.#held && --this.#heldCount === 0) slab.clear();
    }
    if (answer.error !== null) {
      out.length = this.#released;
      out.error(answer.error);
    }
  }

  #recycle(answer: Answer): void {
    answer.slab = null;
    answer.isSettled = false;
    answer.error = null;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(answer);
  }

  /** Replies in the old one stay there until their turn. */
  #newHeld(): void {
    const { protocol } = this.#held;
    this.#held = new ReplyWriter();
    this.#held.protocol = protocol;
    this.#heldCount = 0;
  }

  /** Hands everything that is ready to the socket with one call, and gives the number of bytes. */
  flushTo(socket: Socket): number {
    const ready = this.#released;
    if (ready === 0) return 0;
    const out = this.#out;
    const tail = out.length - ready;
    if (socket.write(out.view(0, ready))) {
      if (tail > 0) out.bytes.copyWithin(0, ready, out.length);
      out.length = tail;
      if (tail === 0 && out.capacity > OUT_KEPT_BYTES) out.release();
    } else {
      // The system borrows this slab until it has taken all of it.
      const rest = out.view(ready);
      out.release();
      out.raw(rest, 0, rest.length);
    }
    const head = this.#waiting.peek();
    if (head?.slab === out) {
      head.start -= ready;
      head.end -= ready;
    }
    this.#released = 0;
    return ready;
  }

  /** Errors written since the last time. */
  takeErrors(): number {
    const errors = this.#out.errors + this.#held.errors;
    this.#out.errors = this.#held.errors = 0;
    return errors;
  }
}
