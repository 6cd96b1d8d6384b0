/**
 * What becomes of each command of one connection: known? well formed? allowed? queued behind MULTI? Whose keys?
 *
 *   take ─▶ desk command ───────────────▶ answered here
 *        └▶ keys ─▶ one partition, led here ─▶ execute ─▶ reply
 *                 ├▶ led elsewhere ─▶ MOVED, or carried there (proxy)
 *                 └▶ several partitions ─▶ CROSSSLOT, or one share each (proxy)
 */
import { partitionOf, slotOfRange } from '../ring/slots.ts';
import type { Arguments } from './arguments.ts';
import { hasRightArity, type KeyCommand, keyIndexes } from './command.ts';
import { carry, type Parcel } from './courier.ts';
import {
  type Command,
  type DeskCommand,
  type Household,
  type Later,
  type ReplyMode,
  resolved,
  type Visitor,
} from './desk.ts';
import * as say from './error-words.ts';
import { joinShares } from './joined-reply.ts';
import { KeyWork, type KeyWorkOwner } from './key-work.ts';
import type { Consistency, Doubt, NodeFacts, Refusal } from './ports.ts';
import type { Answer, ReplyQueue } from './reply-queue.ts';
import { sharesOf, slotOfKeys } from './routing.ts';

/** `wait`: not before everything asked before is answered; it is to be offered again. */
export type Taken = 'taken' | 'wait';

/** Whoever reads followers by READONLY gets what they knew so long ago at the most. */
const READONLY_STALE: Consistency = { kind: 'stale', withinMs: 10_000 };
const SHOWN_BYTES = 128;
const SPARE_MAX = 64;

/** What the dispatcher needs from its connection beyond what commands see. */
export interface Owner extends Visitor {
  /** Replies may be ready to leave. */
  onReplies(): void;
}

export class Dispatcher implements KeyWorkOwner {
  lastCommand = 'NULL';
  readonly #owner: Owner;
  readonly #replies: ReplyQueue;
  readonly #household: Household;
  readonly #spare: KeyWork[] = [];
  /** Carried elsewhere and not answered, by partition: its order must not be lost when the leader changes. */
  readonly #carried = new Map<number, { count: number; leader: NodeFacts }>();

  constructor(owner: Owner, replies: ReplyQueue) {
    this.#owner = owner;
    this.#replies = replies;
    this.#household = owner.household;
  }

  take(words: Arguments): Taken {
    if (this.#isBarred) return 'wait';
    const command = this.#household.commands.find(words.bytes, words.starts[0]!, words.ends[0]!);
    const owner = this.#owner;
    if (command?.kind !== 'keys' || owner.user === null || owner.multi.isOpen)
      return this.#takeSpecial(command, words);
    this.#household.stats.commands++;
    this.lastCommand = command.name;
    if (!hasRightArity(command.arity, words.count)) {
      this.refuse(say.wrongArity(command.name));
      return 'taken';
    }
    const { keyBytesMax } = this.#household.limits;
    const mayAll = !owner.user.isRestricted && owner.user.mayWrite;
    if (mayAll && !hasKeyAbove(keyBytesMax, command, words)) return this.#takeKeys(command, words);
    const problem = this.#forbidden(command, words);
    if (problem === null) return this.#takeKeys(command, words);
    this.refuse(problem);
    return 'taken';
  }

  // --- keys ---

  #takeKeys(command: KeyCommand, words: Arguments): Taken {
    const { keys } = command;
    const { keyspace } = this.#household;
    const owner = this.#owner;
    let slot = slotOfRange(words.bytes, words.starts[keys.first]!, words.ends[keys.first]!);
    if (keys.last !== keys.first && words.count > keys.first + keys.step) {
      const common = slotOfKeys(command, words, keyspace.ring.partitionCount);
      if (common === null) return this.#takeShares(command, words);
      slot = common;
    }
    const route = keyspace.routeOf(slot);
    if (command.isWrite) owner.lastWritten = route.partition;
    let { consistency } = owner;
    if (route.kind !== 'here' && route.kind !== 'nobody') {
      const isFollowersRead =
        route.kind === 'follows' &&
        !command.isWrite &&
        (owner.readsFollowers || consistency.kind === 'stale');
      if (isFollowersRead) {
        if (consistency.kind !== 'stale') consistency = READONLY_STALE;
      } else if (!keyspace.isSwitching(route.partition)) {
        return this.#takeElsewhere(command, words, { slot, ...route });
      }
    }
    const work = this.#spare.pop() ?? new KeyWork(this, this.#replies);
    const isCarried = owner.door === 'proxy';
    work.prepare(command, words, { slot, consistency, answer: this.#open(), isCarried });
    keyspace.execute(route.partition, work);
    if (!work.isSettled) work.outlive();
    return 'taken';
  }

  #takeElsewhere(
    command: KeyCommand,
    words: Arguments,
    at: {
      readonly slot: number;
      readonly partition: number;
      readonly leader: NodeFacts;
      readonly kind: 'follows' | 'elsewhere';
    },
  ): Taken {
    const owner = this.#owner;
    if (owner.door === 'cluster') {
      const isLost = at.kind === 'follows' && command.isWrite && owner.readsFollowers;
      const { ring } = this.#household.keyspace;
      if (!isLost) this.#household.stats.moved++;
      this.refuse(
        isLost ? say.readOnly(at.partition, at.leader, ring) : say.moved(at.slot, at.leader),
      );
      return 'taken';
    }
    const before = this.#carried.get(at.partition);
    if (before !== undefined && before.leader !== at.leader && this.#replies.length > 0)
      return 'wait';
    const answer = this.#open();
    const carried = before ?? { count: 0, leader: at.leader };
    carried.count++;
    if (before === undefined) this.#carried.set(at.partition, carried);
    carry(this.#parcel(command, words.kept(), at.slot), this.#household, (reply) => {
      if (--carried.count === 0) this.#carried.delete(at.partition);
      this.#deliver(answer, reply);
    });
    return 'taken';
  }

  /** The keys lie in several partitions: each share is a command of its own, and all of it is not atomic. */
  #takeShares(command: KeyCommand, words: Arguments): Taken {
    const { joined } = command;
    const isWhole = (words.count - 1) % command.keys.step === 0;
    if (!isWhole) {
      this.refuse(say.wrongArity(command.name));
      return 'taken';
    }
    if (this.#owner.door === 'cluster' || joined === null) {
      this.refuse(say.CROSS_SLOT);
      return 'taken';
    }
    const answer = this.#open();
    const shares = sharesOf(command, words, this.#household.keyspace.ring.partitionCount);
    const replies: Buffer[] = [];
    let left = shares.length;
    for (const [i, share] of shares.entries()) {
      carry(this.#parcel(command, share.words, share.slot), this.#household, (reply) => {
        replies[i] = Buffer.from(reply);
        if (--left > 0) return;
        const places = shares.map((each) => each.places);
        joinShares({ joined, places, replies }, this.#replies.begin(answer));
        this.#replies.end(answer);
        this.#settle(answer);
      });
    }
    return 'taken';
  }

  #parcel(command: KeyCommand, words: Arguments, slot: number): Parcel {
    const { protocol, consistency, door } = this.#owner;
    return { command, words, slot, protocol, consistency, door };
  }

  /** Runs a command for another one, wherever its keys are led. */
  ask(
    { command, words, slot }: Pick<Parcel, 'command' | 'words' | 'slot'>,
    answer: (reply: Uint8Array) => void,
  ): void {
    carry(this.#parcel(command, words, slot), this.#household, answer);
  }

  // --- everything else ---

  #takeSpecial(found: Command | null, words: Arguments): Taken {
    const problem = this.#problemOf(found, words);
    const command = found?.kind === 'desk' ? resolved(found, words) : found;
    const owner = this.#owner;
    // A watch that is under way decides what EXEC does.
    const mustWait = (command?.kind === 'desk' && command.waits) || owner.multi.isWatching;
    if (mustWait && this.#replies.length > 0) return 'wait';
    this.#household.stats.commands++;
    if (problem !== null || command === null) {
      this.#reject(found, problem ?? unknown(words));
      return 'taken';
    }
    this.lastCommand = command.name;
    if (owner.multi.isOpen && !(command.kind === 'desk' && command.inMulti === 'runs')) {
      this.#queueBehindMulti(command, words);
    } else if (command.kind === 'desk') {
      this.#runAtDesk(command, words);
    } else {
      return this.#takeKeys(command, words);
    }
    return 'taken';
  }

  /** Whatever is refused spoils the transaction it would have been in, and EXEC ends it. */
  #reject(command: Command | null, problem: string): void {
    const { multi } = this.#owner;
    if (command?.name === 'exec') {
      multi.close();
      this.refuse(`EXECABORT Transaction discarded because of: ${problem.replace(/^ERR /, '')}`);
      return;
    }
    if (multi.isOpen) multi.isSpoiled = true;
    this.refuse(problem);
  }

  /** Why this command is not even looked at. */
  #problemOf(command: Command | null, words: Arguments): string | null {
    if (command === null) return unknown(words);
    const part = command.kind === 'desk' ? resolved(command, words) : command;
    if (part === null) {
      const asked = words.text(1).slice(0, SHOWN_BYTES);
      return `ERR unknown subcommand '${asked}'. Try ${command.name.toUpperCase()} HELP.`;
    }
    if (!hasRightArity(part.arity, words.count)) return say.wrongArity(part.name);
    const { user } = this.#owner;
    if (user === null) return part.flags.includes('no_auth') ? null : say.NO_AUTH;
    return this.#forbidden(part, words);
  }

  #forbidden(command: Command, words: Arguments): string | null {
    const user = this.#owner.user;
    if (user === null) return say.NO_AUTH;
    const { keyBytesMax } = this.#household.limits;
    if (hasKeyAbove(keyBytesMax, command, words))
      return `ERR a key has more than ${keyBytesMax} bytes`;
    const isWrite = command.kind === 'keys' && command.isWrite;
    if (isWrite && !user.mayWrite) return say.noPermission(command.name);
    if (!user.isRestricted) return null;
    const isOwn = keyIndexes(command.keys, words.count).every((i) => user.owns(words.view(i)));
    return isOwn ? null : say.NO_PERMISSION_ON_KEY;
  }

  #queueBehindMulti(command: Command, words: Arguments): void {
    const { multi, door } = this.#owner;
    const { limits, keyspace } = this.#household;
    const spoil = (error: string): void => {
      multi.isSpoiled = true;
      this.refuse(error);
    };
    const isFull =
      multi.queued.length >= limits.queuedCommandsMax || multi.queuedBytes >= limits.queuedBytesMax;
    if (isFull) {
      spoil('ERR this transaction is too large');
      return;
    }
    if (command.kind === 'desk') {
      if (command.inMulti === 'refused') spoil(say.NOT_IN_TRANSACTION);
      else this.#queued(words);
      return;
    }
    const { partitionCount } = keyspace.ring;
    const slot = slotOfKeys(command, words, partitionCount);
    const isApart =
      slot === null ||
      (multi.slot >= 0 &&
        partitionOf(slot, partitionCount) !== partitionOf(multi.slot, partitionCount));
    if (isApart) {
      spoil(say.CROSS_SLOT);
      return;
    }
    const route = keyspace.routeOf(slot);
    if (door === 'cluster' && (route.kind === 'elsewhere' || route.kind === 'follows')) {
      spoil(say.moved(slot, route.leader));
      return;
    }
    multi.slot = slot;
    this.#queued(words);
  }

  #queued(words: Arguments): void {
    this.#owner.multi.queue(words.kept());
    const answer = this.#open();
    this.#replies.begin(answer).simple('QUEUED');
    this.#replies.end(answer);
    this.#settle(answer);
  }

  /** Of the command that runs at the desk now. */
  #atDesk: Answer | null = null;
  #replyMode: ReplyMode = 'on';
  /** What follows depends on it: who somebody is, for one, holds for what they ask behind it. */
  #bars = false;
  /** Such a command has not been answered. */
  #isBarred = false;

  get #isPutOff(): boolean {
    return this.#atDesk === null;
  }

  #runAtDesk(command: DeskCommand, words: Arguments): void {
    const answer = this.#open();
    this.#atDesk = answer;
    this.#bars = command.waits;
    const reply = this.#replies.begin(answer);
    command.run(this.#owner, words, reply);
    // It asked for time to answer, and has written nothing.
    if (this.#isPutOff) return;
    this.#atDesk = null;
    this.#replies.end(answer);
    this.#settle(answer);
  }

  /** For the command that runs at the desk now. */
  later(): Later {
    const answer = this.#atDesk!;
    this.#atDesk = null;
    this.#replies.takeBack(answer);
    const bars = this.#bars;
    if (bars) this.#isBarred = true;
    return (write) => {
      if (bars) this.#isBarred = false;
      write(this.#replies.begin(answer));
      this.#replies.end(answer);
      this.#settle(answer);
    };
  }

  /** Holds for the command that runs at the desk now, too: who wants no replies gets none to saying so. */
  setReplyMode(mode: ReplyMode): void {
    if (mode === 'skip' && this.#replyMode === 'off') return;
    this.#replyMode = mode;
    if (this.#atDesk !== null) this.#atDesk.isSilent = mode !== 'on';
  }

  // --- replies ---

  #open(): Answer {
    const isSilent = this.#replyMode !== 'on';
    if (this.#replyMode === 'skip') this.#replyMode = 'on';
    return this.#replies.open(isSilent);
  }

  /** An error in place of a reply. */
  refuse(error: string): void {
    const answer = this.#open();
    this.#replies.fail(answer, error);
    this.#owner.onReplies();
  }

  #deliver(answer: Answer, reply: Uint8Array): void {
    this.#replies.begin(answer).encoded(reply);
    this.#replies.end(answer);
    this.#settle(answer);
  }

  #settle(answer: Answer): void {
    this.#replies.settle(answer);
    this.#owner.onReplies();
  }

  onDone(work: KeyWork): void {
    this.#settle(work.answer!);
    this.#recycle(work);
  }

  onRefused(work: KeyWork, refusal: Refusal): void {
    const { keyspace } = this.#household;
    const answer = work.answer!;
    const isElsewhere = refusal.code === 'MOVED' && refusal.leader !== null;
    if (isElsewhere && this.#owner.door === 'proxy' && !work.hasRun) {
      // It waited here for a leader, who is found elsewhere.
      const parcel = this.#parcel(work.command!, work.words.kept(), work.slot);
      carry(parcel, this.#household, (reply) => this.#deliver(answer, reply));
    } else {
      const error = isElsewhere
        ? say.moved(work.slot, refusal.leader)
        : say.refused(refusal, keyspace.ring);
      this.#replies.fail(answer, error);
      this.#owner.onReplies();
    }
    this.#recycle(work);
  }

  onUncertain(work: KeyWork, doubt: Doubt): void {
    const { keyspace, stats } = this.#household;
    stats.uncertain++;
    this.#replies.fail(work.answer!, say.uncertain(doubt, keyspace.ring));
    this.#owner.onReplies();
    this.#recycle(work);
  }

  #recycle(work: KeyWork): void {
    work.answer = null;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(work);
  }
}

/** With its first words, as far as they are short. */
/** Looked at word by word only where the whole command is long enough to hold such a key. */
function hasKeyAbove(bytesMax: number, command: Command, words: Arguments): boolean {
  if (words.ends[words.count - 1]! - words.starts[0]! <= bytesMax) return false;
  return keyIndexes(command.keys, words.count).some((index) => words.length(index) > bytesMax);
}

function unknown(words: Arguments): string {
  let shown = '';
  for (let i = 1; i < words.count && shown.length < SHOWN_BYTES; i++) {
    shown += `'${words.text(i).slice(0, SHOWN_BYTES - shown.length)}' `;
  }
  const name = words.text(0).slice(0, SHOWN_BYTES);
  return `ERR unknown command '${name}', with args beginning with: ${shown}`;
}
