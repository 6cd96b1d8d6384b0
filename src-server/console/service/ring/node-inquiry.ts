/** Asks one storage node about itself, round after round, and keeps what it said last. */
import type { NodeFigures, NodeTrouble, RingNode, RingWait } from '#contract/ring-models.ts';

import type { Clock } from '../../../platform/clock.ts';
import { NetError } from '../../../platform/net.ts';
import { type Holding, holdingsOf, waitsOf } from '../../../storage/planning/answers.ts';
import { type Reply, RespError } from '../../../storage/resp/reply.ts';
import { answerOf, type Counters, NO_FIGURES } from './node-answers.ts';
import { type NodeDoors, WrongDoor } from './node-doors.ts';
import { waitViewsOf } from './wait-views.ts';

/** A node that says nothing for so long is not merely slow. */
const SILENT_MS = 2500;
/** A list of more partitions is asked for now and then only: it is as long as a second's other traffic. */
const MANY = 4096;
const MANY_EVERY = 5;

/** What came of one round. */
export interface NodeTold {
  readonly round: number;
  readonly atMs: number;
  readonly trouble: NodeTrouble | null;
  readonly detail: string | null;
  readonly answerMs: number | null;
  readonly figures: NodeFigures;
  readonly counters: Counters | null;
  readonly holdings: readonly Holding[];
  /** What the ring waits for, of the node that decides placement. */
  readonly waits: readonly RingWait[];
}

export class NodeInquiry {
  static readonly NOTHING = NO_FIGURES;
  readonly #clock: Clock;
  readonly #doors: () => NodeDoors;
  node: RingNode;
  #askedMs: number | null = null;
  #last: NodeTold | null = null;
  #holdings: readonly Holding[] = [];
  /** Questions that were put, which are nobody's traffic. */
  #questions = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly doors: () => NodeDoors;
    readonly node: RingNode;
  }) {
    this.#clock = parts.clock;
    this.#doors = parts.doors;
    this.node = parts.node;
  }

  /** Null before the first answer, and once it has been silent for too long. */
  get last(): NodeTold | null {
    const silentMs = this.#askedMs === null ? 0 : this.#clock.nowMs() - this.#askedMs;
    return silentMs > SILENT_MS ? null : this.#last;
  }

  /** Asks, unless it has still to answer; never rejects. */
  async ask(round: number, { isController }: { readonly isController: boolean }): Promise<void> {
    if (this.#askedMs !== null) return;
    const { isAlive, proxyAddress } = this.node;
    if (!isAlive || proxyAddress === null) {
      this.#last = this.#without(round, 'away', null);
      return;
    }
    this.#askedMs = this.#clock.nowMs();
    try {
      this.#last = await this.#askAll(round, proxyAddress, isController);
    } catch (error) {
      this.#last = this.#unanswered(round, error);
    }
    this.#askedMs = null;
  }

  /** What it has of one partition now; null where it does not tell. */
  async holding(partition: number): Promise<Holding | null> {
    const { isAlive, proxyAddress } = this.node;
    if (!isAlive || proxyAddress === null) return null;
    try {
      const reply = await this.#put(proxyAddress, ['RING.STATUS', 'PARTITIONS', String(partition)]);
      return holdingsOf(reply)[0] ?? null;
    } catch {
      return null;
    }
  }

  async #askAll(round: number, address: string, isController: boolean): Promise<NodeTold> {
    const startedMs = this.#clock.nowMs();
    const questions = this.#questions;
    const reply = await this.#put(address, ['RING.STATUS']);
    const atMs = this.#clock.nowMs();
    if (reply instanceof RespError) return this.#unanswered(round, reply);
    const answer = answerOf(reply);
    if (answer === null) return this.#without(round, 'unreadable', null);
    const isLong = (answer.figures.partitionsHeld ?? 0) > MANY;
    if (!isLong || round % MANY_EVERY === 0 || this.#holdings.length === 0) {
      this.#holdings = holdingsOf(await this.#put(address, ['RING.STATUS', 'PARTITIONS']));
    }
    // One that has just ceased to decide says that it does not know.
    const waits = isController ? waitsOf(await this.#put(address, ['RING.WAITS'])) : [];
    return {
      round,
      atMs,
      trouble: answer.isLoading ? 'loading' : null,
      detail: null,
      answerMs: atMs - startedMs,
      figures: answer.figures,
      counters: { ...answer.counters, commands: less(answer.counters.commands, questions) },
      holdings: this.#holdings,
      waits: waitViewsOf(waits),
    };
  }

  async #put(address: string, words: readonly string[]): Promise<Reply> {
    this.#questions++;
    const [reply = null] = await this.#doors().ask(address, words);
    return reply;
  }

  #unanswered(round: number, error: unknown): NodeTold {
    const detail = error instanceof Error ? error.message : String(error);
    return this.#without(round, troubleOf(error), detail);
  }

  #without(round: number, trouble: NodeTrouble, detail: string | null): NodeTold {
    this.#holdings = [];
    const atMs = this.#clock.nowMs();
    return {
      ...{ round, atMs, trouble, detail },
      answerMs: null,
      figures: NO_FIGURES,
      counters: null,
      holdings: [],
      waits: [],
    };
  }
}

function less(count: number | null, part: number): number | null {
  return count === null ? null : count - part;
}

const REFUSALS: ReadonlyMap<string, NodeTrouble> = new Map([
  ['NOAUTH', 'no-auth'],
  ['WRONGPASS', 'wrong-auth'],
  ['NOPERM', 'not-allowed'],
  ['LOADING', 'loading'],
]);

export function troubleOf(error: unknown): NodeTrouble {
  if (error instanceof RespError) return REFUSALS.get(error.code) ?? 'unreadable';
  if (error instanceof WrongDoor) return error.trouble;
  // It hung up: it ends, or does not answer any more.
  if (!(error instanceof NetError)) return 'silent';
  return error.code === 'refused' ? 'refused' : 'silent';
}
