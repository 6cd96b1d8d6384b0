/** A command over keys that this node leads: from the words that came to the place of its reply. Used again and again. */
import { Arguments } from './arguments.ts';
import type { KeyCommand } from './command.ts';
import type { Consistency, Doubt, Refusal, Transaction, Work } from './ports.ts';
import { LEASE } from './ports.ts';
import type { Answer, ReplyQueue } from './reply-queue.ts';

export interface KeyWorkOwner {
  onDone(work: KeyWork): void;
  onRefused(work: KeyWork, refusal: Refusal): void;
  onUncertain(work: KeyWork, doubt: Doubt): void;
}

export class KeyWork implements Work {
  isWrite = false;
  consistency: Consistency = LEASE;
  answer: Answer | null = null;
  command: KeyCommand | null = null;
  words: Arguments = NO_WORDS;
  slot = 0;
  hasRun = false;
  isSettled = false;
  #isCarried = false;
  readonly #owner: KeyWorkOwner;
  readonly #replies: ReplyQueue;

  constructor(owner: KeyWorkOwner, replies: ReplyQueue) {
    this.#owner = owner;
    this.#replies = replies;
  }

  /** Makes it ready for another command. */
  prepare(
    command: KeyCommand,
    words: Arguments,
    at: {
      readonly slot: number;
      readonly consistency: Consistency;
      readonly answer: Answer;
      /** Whether it is carried to another leader, should this node stop to lead. */
      readonly isCarried: boolean;
    },
  ): void {
    this.command = command;
    this.words = words;
    this.isWrite = command.isWrite;
    this.slot = at.slot;
    this.consistency = at.consistency;
    this.answer = at.answer;
    this.#isCarried = at.isCarried;
    this.hasRun = this.isSettled = false;
  }

  /** `execute` has returned: the words that came are about to go. */
  outlive(): void {
    if (this.isSettled) return;
    this.words = this.hasRun && !this.#isCarried ? NO_WORDS : this.words.kept();
  }

  run(transaction: Transaction): void {
    this.hasRun = true;
    const answer = this.answer!;
    this.command!.run(transaction, this.words, this.#replies.begin(answer));
    this.#replies.end(answer);
  }

  takeBack(): boolean {
    this.#replies.undo(this.answer!);
    this.hasRun = false;
    return this.words !== NO_WORDS;
  }

  done(): void {
    this.isSettled = true;
    this.#owner.onDone(this);
  }

  refused(refusal: Refusal): void {
    this.isSettled = true;
    this.#owner.onRefused(this, refusal);
  }

  uncertain(doubt: Doubt): void {
    this.isSettled = true;
    this.#owner.onUncertain(this, doubt);
  }
}

const NO_WORDS = new Arguments();
