/**
 * What was recorded of a run: one line of JSON for everything that happened, in the order it was heard of, and the history that
 * the simulator's checkers judge, built from these lines alone. So a record that was kept is judged again by reading it.
 *
 *   connected    a writer has a connection, and this session
 *   ask          a request leaves: its session, its number there, what it wants
 *   told         its answer came; whoever is never told does not know what became of it
 *   lost         a request that will not be answered; without an `ask` it never left
 *   gone         a writer's process was killed
 *   fault        what we did to the ensemble
 *   peace        from now on nothing goes wrong
 *   audit        whoever looks at a member in the end, with a session that outlives it
 */
import type { Code } from '../../src-server/coordination/model/codes.ts';
import type { Stat } from '../../src-server/coordination/model/stat.ts';
import { type Answer, type Call, History, type Order, type VisitorRecord } from '../sim/history.ts';

/** As it is written; ids that are no safe numbers are text. */
export type SaidStat = Omit<Stat, 'ephemeralOwner'> & { readonly ephemeralOwner: string };

export interface SaidPart {
  readonly code: number;
  readonly path: string | null;
  readonly stat: SaidStat | null;
}

export interface SaidAnswer extends SaidPart {
  readonly data: string | null;
  readonly names: readonly string[] | null;
  readonly parts: readonly SaidPart[] | null;
}

/** What a writer's process says; `at` is in nanoseconds since the run began. */
export type WriterLine =
  | {
      readonly event: 'connected';
      readonly at: number;
      readonly session: string;
      readonly timeoutMs: number;
    }
  | {
      readonly event: 'ask';
      readonly at: number;
      readonly order: number | 'close';
      readonly session: string;
      readonly xid: number;
    }
  | {
      readonly event: 'told';
      readonly at: number;
      readonly order: number | 'close';
      readonly zxid: number;
      readonly answer: SaidAnswer;
    }
  | { readonly event: 'lost'; readonly at: number; readonly order: number | 'close' };

export type RecordLine =
  | ({ readonly writer: string; readonly wish?: Order } & WriterLine)
  | { readonly event: 'gone'; readonly at: number; readonly writer: string }
  | { readonly event: 'fault'; readonly at: number; readonly what: string }
  | { readonly event: 'peace'; readonly at: number }
  | { readonly event: 'audit'; readonly at: number; readonly session: string };

const NS_PER_MS = 1e6;

export class Recorded {
  readonly history = new History();
  /** Infinity until there is peace. */
  peaceAt = Infinity;
  readonly faults: string[] = [];
  acknowledged = 0;
  /** Whose sessions live to the end. */
  readonly living = new Set<VisitorRecord>();
  readonly #visitors = new Map<string, VisitorRecord>();
  readonly #calls = new Map<string, Call>();
  /** The sessions of each writer. */
  readonly #sessionsOf = new Map<string, Set<VisitorRecord>>();

  take(line: RecordLine): void {
    switch (line.event) {
      case 'connected': {
        const visitor = this.#visitor(line.writer, line.session);
        visitor.timeoutMs = line.timeoutMs;
        visitor.connections.push({ at: line.at, ms: line.at / NS_PER_MS, lostAt: Infinity });
        return;
      }
      case 'ask': {
        const visitor = this.#visitor(line.writer, line.session);
        const call = callOf(visitor, line);
        visitor.calls.push(call);
        this.#calls.set(`${line.writer} ${line.order}`, call);
        return;
      }
      case 'told': {
        const call = this.#calls.get(`${line.writer} ${line.order}`);
        if (call === undefined) throw new Error(`an answer to nothing: ${JSON.stringify(line)}`);
        call.answeredAt = line.at;
        call.answeredMs = line.at / NS_PER_MS;
        call.answer = answerOf(line.answer);
        call.seenZxid = line.zxid;
        this.acknowledged++;
        this.#calls.delete(`${line.writer} ${line.order}`);
        return;
      }
      case 'lost':
        this.#calls.delete(`${line.writer} ${line.order}`);
        return;
      case 'gone':
        for (const visitor of this.#sessionsOf.get(line.writer) ?? [])
          visitor.goneMs = line.at / NS_PER_MS;
        return;
      case 'fault':
        this.faults.push(line.what);
        return;
      case 'peace':
        this.peaceAt = line.at;
        return;
      case 'audit':
        this.living.add(this.#visitor('auditor', line.session));
    }
  }

  /** Requests of which nobody knows what became. */
  get unknown(): number {
    return this.history.visitors.reduce(
      (sum, { calls }) => sum + calls.filter(({ answer }) => answer === null).length,
      0,
    );
  }

  #visitor(writer: string, session: string): VisitorRecord {
    const known = this.#visitors.get(session);
    if (known !== undefined) return known;
    const visitor = this.history.newVisitor(`${writer}@${BigInt(session).toString(16)}`);
    visitor.sessionId = BigInt(session);
    this.#visitors.set(session, visitor);
    const sessions = this.#sessionsOf.get(writer) ?? new Set();
    this.#sessionsOf.set(writer, sessions.add(visitor));
    return visitor;
  }
}

function callOf(visitor: VisitorRecord, line: RecordLine & { readonly event: 'ask' }): Call {
  const order: Order | undefined = line.order === 'close' ? { kind: 'close' } : line.wish;
  if (order === undefined) throw new Error(`nobody gave order ${line.order} to ${line.writer}`);
  return {
    visitor,
    xid: line.xid,
    order,
    invokedAt: line.at,
    invokedMs: line.at / NS_PER_MS,
    answeredAt: Infinity,
    answeredMs: Infinity,
    answer: null,
    seenZxid: 0,
  };
}

function answerOf({ code, path, stat, data, names, parts }: SaidAnswer): Answer {
  return {
    code: code as Code,
    path,
    stat: statOf(stat),
    data,
    names,
    parts:
      parts?.map((part) => ({
        code: part.code as Code,
        path: part.path,
        stat: statOf(part.stat),
      })) ?? null,
  };
}

function statOf(said: SaidStat | null): Stat | null {
  return said === null ? null : { ...said, ephemeralOwner: BigInt(said.ephemeralOwner) };
}
