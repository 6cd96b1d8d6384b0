/**
 * The channel over which the console asks one member when what happened to transactions, and where clients are: both its ends.
 *
 * Threads of one process share a monotonic clock and may count from different origins; what is told is told by the clock.
 */
import type { MessagePort } from 'node:worker_threads';

import type { MemberTimings, SessionAddress } from './console/service/console.ts';
import type { Server } from './coordination/server.ts';

type Question =
  /** Has no answer: what is not asked for need not be noted. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'timings'; readonly after: number }
  | { readonly kind: 'addresses'; readonly sessionIds: readonly bigint[] };

interface Call {
  readonly id: number;
  readonly question: Question;
}

interface Answer {
  readonly id: number;
  readonly timings: MemberTimings | null;
  readonly addresses: readonly (string | null)[];
}

/** What `performance.now()` of this thread lacks to the clock that all threads of this machine share, ms. */
function originMs(): number {
  // The clock is looked at twice; whoever is interrupted in between tries again.
  let best = Infinity;
  let origin = 0;
  for (let i = 0; i < 5; i++) {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint() / 1000n) / 1000;
    const after = performance.now();
    if (after - before >= best) continue;
    best = after - before;
    origin = shared - (before + after) / 2;
  }
  return origin;
}

/** The member's end. */
export function answerTimings(port: MessagePort, server: Server): void {
  const { ensemble } = server;
  const origin = originMs();
  const timings = (after: number): MemberTimings | null => {
    if (ensemble === null) return null;
    const nowMs = performance.now() + origin;
    return { ...ensemble.timelineSince(after), originMs: origin, nowMs };
  };
  // The console may have fallen.
  port.on('close', () => ensemble?.restTimeline());
  port.on('message', ({ id, question }: Call) => {
    if (question.kind === 'rest') {
      ensemble?.restTimeline();
      return;
    }
    const answer: Answer =
      question.kind === 'timings'
        ? { id, timings: timings(question.after), addresses: [] }
        : {
            id,
            timings: null,
            addresses: question.sessionIds.map((sessionId) => server.addressOf(sessionId)),
          };
    port.postMessage(answer);
  });
}

/** The console's end of all such channels, by member; the one of a server on its own is called 0. */
export class TimingChannels {
  readonly #channels = new Map<number, Channel>();

  get members(): readonly number[] {
    return [...this.#channels.keys()];
  }

  /** From now on this member is asked over this port. */
  connect(member: number, port: MessagePort): void {
    this.#channels.get(member)?.close();
    const channel = new Channel(port, () => {
      if (this.#channels.get(member) === channel) this.#channels.delete(member);
    });
    this.#channels.set(member, channel);
  }

  async timings(member: number, after: number): Promise<MemberTimings | null> {
    const answer = await this.#channels.get(member)?.ask({ kind: 'timings', after });
    return answer?.timings ?? null;
  }

  rest(): void {
    for (const channel of this.#channels.values()) channel.tell({ kind: 'rest' });
  }

  async addresses(sessionIds: readonly bigint[]): Promise<(SessionAddress | null)[]> {
    const found: (SessionAddress | null)[] = sessionIds.map(() => null);
    const question: Question = { kind: 'addresses', sessionIds };
    await Promise.all(
      [...this.#channels].map(async ([member, channel]) => {
        const answer = await channel.ask(question, ADDRESS_PATIENCE_MS);
        for (const [i, address] of (answer?.addresses ?? []).entries())
          if (address !== null) found[i] = { address, member: member === 0 ? null : member };
      }),
    );
    return found;
  }

  close(): void {
    for (const channel of [...this.#channels.values()]) channel.close();
  }
}

/** A member that stands still does not answer, and the others' clients are known without it. */
const ADDRESS_PATIENCE_MS = 500;

class Channel {
  readonly #port: MessagePort;
  readonly #open = new Map<number, (answer: Answer | null) => void>();
  #nextId = 1;

  constructor(port: MessagePort, onClosed: () => void) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#settle(answer.id, answer));
    port.on('close', () => {
      onClosed();
      for (const id of [...this.#open.keys()]) this.#settle(id, null);
    });
  }

  /** Null where it ended before it answered, or did not answer in time. */
  ask(question: Question, patienceMs: number | null = null): Promise<Answer | null> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      this.#port.postMessage({ id, question } satisfies Call);
      if (patienceMs !== null) setTimeout(() => this.#settle(id, null), patienceMs).unref();
    });
  }

  tell(question: Extract<Question, { kind: 'rest' }>): void {
    this.#port.postMessage({ id: 0, question } satisfies Call);
  }

  close(): void {
    this.#port.close();
  }

  #settle(id: number, answer: Answer | null): void {
    const resolve = this.#open.get(id);
    this.#open.delete(id);
    resolve?.(answer);
  }
}
