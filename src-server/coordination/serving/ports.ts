/** What serving needs from the rooms it does not know. The composition plugs them in. */
import type { Code } from '../model/codes.ts';
import type { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Request } from '../model/request.ts';
import type { Session } from '../state/machine.ts';

/** Whoever waits for a write. Called once, in the order the writes were submitted, after watchers were told. */
export interface Waiter {
  settled(outcome: Outcome): void;
}

export interface WritePort {
  /** OK, or why such a write cannot be taken at present. Ask before `submit`. */
  accepts(op: OpCode): Code;
  submit(request: Request, session: Session, waiter: Waiter | null): void;
  createSession(id: bigint, timeoutMs: number, waiter: Waiter): void;
  /** Writes taken and not settled. */
  readonly outstanding: number;
}

export interface SessionPort {
  newSessionId(): bigint;
  /** The session showed life. */
  touch(session: Session, nowMs: number): void;
  /** A client came (back) with this timeout; expiry counts with it from now on. */
  attached(session: Session, timeoutMs: number): void;
}

/** Answers a four-letter word, or null for bytes that are none. */
export type WordPort = (word: string) => string | null;
