/**
 * Carries a command to whoever leads its keys: runs it here, or sends it to another node and, as long as it was definitely not
 * applied, looks for the leader again. What may have been applied is never sent twice.
 *
 *   here ───────▶ execute ──done──▶ reply
 *    ▲  refused: MOVED │                          answered: MOVED ┐
 *   route ◀────────────┴─ again, until forwardTimeoutMs ◀─────────┤ unsent
 *    └─elsewhere─▶ forward ──answered──▶ reply                    │
 *                     └─lost─▶ a read: again; a write: UNCERTAIN ─┘
 */
import type { Clock } from '../../platform/clock.ts';
import type { Arguments } from './arguments.ts';
import type { KeyCommand } from './command.ts';
import { lostOnTheWay, moved, refused, tryAgain, uncertain } from './error-words.ts';
import type { RespLimits } from './limits.ts';
import type {
  Consistency,
  Doubt,
  Keyspace,
  NodeFacts,
  Refusal,
  Transaction,
  Work,
} from './ports.ts';
import { type Protocol, ReplyWriter } from './reply-writer.ts';
import type { RespStats } from './stats.ts';

/** On the cluster port keys led elsewhere are answered with MOVED; on the proxy port their commands are carried there. */
export type DoorKind = 'cluster' | 'proxy';

export interface Parcel {
  readonly command: KeyCommand;
  /** Kept, so that their bytes are the command as it goes over a link. */
  readonly words: Arguments;
  readonly slot: number;
  readonly protocol: Protocol;
  readonly consistency: Consistency;
  readonly door: DoorKind;
}

export interface CourierParts {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly limits: RespLimits;
  readonly stats: RespStats;
}

/** Between two looks for a leader who is not where he was. */
const LOOK_AGAIN_MS = 10;
const FIRST_BYTES = 64;
const MOVED = Buffer.from('-MOVED ');

/** @param answer gets the encoded reply, borrowed until it returns; called once, at once or later */
export function carry(
  parcel: Parcel,
  parts: CourierParts,
  answer: (reply: Uint8Array) => void,
): void {
  new Journey(parcel, parts, answer).go();
}

class Journey implements Work {
  readonly isWrite: boolean;
  readonly consistency: Consistency;
  readonly #parcel: Parcel;
  readonly #parts: CourierParts;
  readonly #answer: (reply: Uint8Array) => void;
  /** Made where it is needed: what another node answers comes written. */
  #reply: ReplyWriter | null = null;
  readonly #endMs: number;
  #partition = 0;

  constructor(parcel: Parcel, parts: CourierParts, answer: (reply: Uint8Array) => void) {
    this.isWrite = parcel.command.isWrite;
    this.consistency = parcel.consistency;
    this.#parcel = parcel;
    this.#parts = parts;
    this.#answer = answer;
    this.#endMs = parts.clock.nowMs() + parts.limits.forwardTimeoutMs;
  }

  go(): void {
    const { keyspace } = this.#parts;
    const route = keyspace.routeOf(this.#parcel.slot);
    this.#partition = route.partition;
    switch (route.kind) {
      case 'here':
      case 'nobody':
        keyspace.execute(route.partition, this);
        return;
      case 'follows':
        if (!this.isWrite && this.consistency.kind === 'stale')
          keyspace.execute(route.partition, this);
        else this.#goTo(route.leader);
        return;
      case 'elsewhere':
        this.#goTo(route.leader);
        return;
    }
  }

  #goTo(leader: NodeFacts): void {
    const { keyspace, stats } = this.#parts;
    const { words, slot, protocol, consistency, door } = this.#parcel;
    if (door === 'cluster') {
      stats.moved++;
      this.#fail(moved(slot, leader));
      return;
    }
    stats.forwarded++;
    const errand = { command: words.bytes, protocol, consistency, isWrite: this.isWrite };
    keyspace.forward(leader, errand, (outcome) => {
      switch (outcome.kind) {
        case 'answered':
          if (startsWith(outcome.reply, MOVED)) this.#again(`${leader.id} does not lead this key`);
          else this.#answer(outcome.reply);
          return;
        case 'unsent':
          this.#again(`${leader.id} cannot be reached: ${outcome.why}`);
          return;
        case 'lost':
          if (this.isWrite) this.#doubt(`no answer from ${leader.id}: ${outcome.why}`);
          else this.#again(`no answer from ${leader.id}: ${outcome.why}`);
          return;
      }
    });
  }

  /** It was not applied; somebody else may lead by now. */
  #again(words: string): void {
    const { clock, keyspace } = this.#parts;
    if (clock.nowMs() < this.#endMs) clock.after(LOOK_AGAIN_MS, () => this.go());
    else this.#fail(tryAgain({ partition: this.#partition, words }, keyspace.ring));
  }

  #doubt(words: string): void {
    this.#parts.stats.uncertain++;
    this.#fail(lostOnTheWay({ partition: this.#partition, words }, this.#parts.keyspace.ring));
  }

  #fail(error: string): void {
    const reply = this.#freshReply();
    reply.error(error);
    this.#answer(reply.view());
  }

  #freshReply(): ReplyWriter {
    this.#reply ??= new ReplyWriter(FIRST_BYTES);
    this.#reply.protocol = this.#parcel.protocol;
    this.#reply.clear();
    return this.#reply;
  }

  // --- here ---

  run(transaction: Transaction): void {
    this.#parcel.command.run(transaction, this.#parcel.words, this.#freshReply());
  }

  takeBack(): boolean {
    return true;
  }

  done(): void {
    this.#answer(this.#reply!.view());
  }

  refused(refusal: Refusal): void {
    const isElsewhere = refusal.code === 'MOVED' && refusal.leader !== null;
    if (!isElsewhere) this.#fail(refused(refusal, this.#parts.keyspace.ring));
    else if (this.#parcel.door === 'cluster') this.#fail(moved(this.#parcel.slot, refusal.leader));
    else this.#again(refusal.words);
  }

  uncertain(doubt: Doubt): void {
    this.#parts.stats.uncertain++;
    this.#fail(uncertain(doubt, this.#parts.keyspace.ring));
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length > prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}
