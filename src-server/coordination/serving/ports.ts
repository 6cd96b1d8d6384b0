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

/** Whoever waits for a sync: told once everything decided before it was asked for is applied here. */
export interface SyncWaiter {
  synced(): void;
}

export interface WritePort {
  /** OK, or why such a write cannot be taken at present. Ask before `submit`. */
  accepts(op: OpCode): Code;
  submit(request: Request, session: Session, waiter: Waiter | null): void;
  createSession(id: bigint, timeoutMs: number, waiter: Waiter): void;
  /** Whether others may have decided what is not known here, so that a sync has something to wait for. */
  readonly mayLag: boolean;
  /** Only where this may lag. Settles in its turn among the writes of the session. */
  sync(request: Request, session: Session, waiter: SyncWaiter): void;
  /** Writes taken and not settled. */
  readonly outstanding: number;
}

/** Sessions that no transaction makes or ends; this member alone knows of them. */
export interface LocalSessions {
  open(timeoutMs: number): Session;
  find(id: bigint): Session | null;
  close(session: Session): void;
}

export interface SessionPort {
  newSessionId(): bigint;
  /** Asks whether a session still lives that somebody with its password comes back to; `answer` gets null if not. */
  revalidate(id: bigint, timeoutMs: number, answer: (session: Session | null) => void): void;
  /** Not null where new sessions are local at present. */
  readonly locals: LocalSessions | null;
  /** The session showed life, at a connection that agreed on this timeout. */
  touch(session: Session, timeoutMs: number, nowMs: number): void;
  /** A client came (back) with this timeout; expiry counts with it from now on. */
  attached(session: Session, timeoutMs: number): void;
}

/** Answers a four-letter word, or null for bytes that are none. */
export type WordPort = (word: string) => string | null;
