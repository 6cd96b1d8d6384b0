/**
 * What clients saw: every request with its answer, every event, every connection, in the order it happened to them.
 *
 * Checkers read nothing else but this and the ledger (ledger.ts).
 */
import type { Code } from '../../src-server/coordination/model/codes.ts';
import type { Stat } from '../../src-server/coordination/model/stat.ts';

export type Mode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent-sequential'
  | 'ephemeral-sequential'
  | 'container'
  | 'persistent-ttl';

export type Change =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly data: string;
      readonly mode: Mode;
      readonly ttlMs: number;
    }
  | { readonly kind: 'set'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number };

export type Order =
  | Change
  | { readonly kind: 'multi'; readonly steps: readonly Change[] }
  | {
      readonly kind: 'get' | 'exists' | 'children';
      readonly path: string;
      readonly watch: Watch | null;
    }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'watch'; readonly path: string; readonly watch: Watch }
  | { readonly kind: 'unwatch'; readonly path: string; readonly watch: Watch }
  | {
      readonly kind: 'reconfig';
      readonly joining: string | null;
      readonly leaving: string | null;
      readonly members: string | null;
      readonly fromVersion: number;
    }
  | { readonly kind: 'close' };

export interface Answer {
  readonly code: Code;
  readonly path: string | null;
  readonly stat: Stat | null;
  readonly data: string | null;
  readonly names: readonly string[] | null;
  readonly parts: readonly Omit<Answer, 'parts' | 'names' | 'data'>[] | null;
}

export interface Call {
  readonly visitor: VisitorRecord;
  /** The request's number in its session, as the log has it. */
  readonly xid: number;
  readonly order: Order;
  readonly invokedAt: number;
  readonly invokedMs: number;
  /** When the answer came, in the order of everything that happened; Infinity while there is none. */
  answeredAt: number;
  answeredMs: number;
  /** Null where nobody knows what came of it. */
  answer: Answer | null;
  /** The newest zxid the client knew when it was answered. */
  seenZxid: number;
}

export type WatchKind = 'data' | 'exist' | 'child' | 'persistent' | 'recursive';

export interface SeenEvent {
  readonly kind: 'created' | 'deleted' | 'changed' | 'children-changed';
  readonly path: string;
  readonly zxid: number;
  readonly at: number;
  /** Which of the visitor's connections it came by. */
  readonly connection: number;
}

export interface Watch {
  readonly visitor: VisitorRecord;
  readonly path: string;
  /** Of a one-shot watch, known once its read is answered. */
  kind: WatchKind;
  /** The read or addWatch that set it. */
  call: Call | null;
  readonly events: SeenEvent[];
  /** When it was taken back. */
  removedAt: number;
  readonly armedByConnection: number;
}

export interface Connected {
  readonly at: number;
  readonly ms: number;
  lostAt: number;
}

/** One client with one session. */
export interface VisitorRecord {
  readonly name: string;
  sessionId: bigint;
  timeoutMs: number;
  readonly calls: Call[];
  readonly watches: Watch[];
  readonly connections: Connected[];
  /** Infinity while its process lives. */
  goneMs: number;
  /** Told that its session is over. */
  expiredMs: number;
  /** All it had sent was read by a member at this time. */
  heardMs: number;
}

/** A member said that a session expired. */
export interface Expiry {
  readonly sessionId: bigint;
  readonly ms: number;
  readonly member: string;
  /** When this member began to serve. */
  readonly servingSinceMs: number;
  /** When its client had last been heard, as of then. */
  readonly heardMs: number;
}

export class History {
  readonly visitors: VisitorRecord[] = [];
  readonly expiries: Expiry[] = [];
  #moments = 0;

  /** The next moment in the order of everything. */
  moment(): number {
    return ++this.#moments;
  }

  newVisitor(name: string): VisitorRecord {
    const visitor: VisitorRecord = {
      name,
      sessionId: 0n,
      timeoutMs: 0,
      calls: [],
      watches: [],
      connections: [],
      goneMs: Infinity,
      expiredMs: Infinity,
      heardMs: -Infinity,
    };
    this.visitors.push(visitor);
    return visitor;
  }

  get callCount(): number {
    return this.visitors.reduce((sum, { calls }) => sum + calls.length, 0);
  }
}
