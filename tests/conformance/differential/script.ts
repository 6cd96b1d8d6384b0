/**
 * What a handful of clients say, step after step, as plain data: it can be said to any server, printed, and cut smaller.
 *
 * Every step is settled before the next one begins, so that two servers which follow the same rules must answer alike.
 * Paths that begin with `~` lie below a node of the play's own; zxids are counted from the play's beginning.
 */
export interface Script {
  readonly seed: number;
  readonly steps: readonly Step[];
}

export type Step = Connect | Say | HangUp;

/** A client opens a connection. One that it still has is left to the server to close, or hung up for a new session. */
export interface Connect {
  readonly kind: 'connect';
  readonly client: number;
  /** Null for a new session; a client whose latest session is taken; 'unknown' for one that never was. */
  readonly session: null | 'unknown' | { readonly of: number };
  readonly password: 'right' | 'wrong' | 'short' | 'null';
  readonly timeoutMs: number;
  /** The byte at the end, or null to leave it out. */
  readonly readOnly: number | null;
  /** Counted from the play's beginning; null sends 0. */
  readonly lastZxid: number | null;
  readonly protocolVersion: number;
  /** Whatever follows the record within the frame. */
  readonly trailing: string;
  /** Requests sent in the same breath, before the server has answered. */
  readonly behind: readonly Message[];
}

/** A client sends these in one go, cut into so many writes. */
export interface Say {
  readonly kind: 'say';
  readonly client: number;
  readonly messages: readonly Message[];
  readonly writes: number;
  /** Waits for every answer before it asks whether that was all; otherwise the question follows in the same breath. */
  readonly patient: boolean;
}

/** A client closes its connection and keeps its session. */
export interface HangUp {
  readonly kind: 'hang-up';
  readonly client: number;
  /** What it sends before: the beginning of a frame that never ends. */
  readonly unfinished: string;
}

export interface Message {
  readonly op: number;
  readonly xid: number;
  readonly body: readonly Value[];
  /** Bytes cut off the end of the body. */
  readonly cut?: number;
  /** Bytes, in hex, put behind the body. */
  readonly trailing?: string;
  /** What the frame says its length is, where that is a lie. */
  readonly length?: number;
  /** How much of the header there is, where it is not whole and nothing follows. */
  readonly headerBytes?: number;
}

/** A field of a record. */
export type Value =
  | { readonly is: 'int'; readonly of: number }
  | { readonly is: 'long'; readonly of: string }
  | { readonly is: 'bool'; readonly of: number }
  | { readonly is: 'text'; readonly of: string | null }
  /** A string whose bytes need not be UTF-8, in hex. */
  | { readonly is: 'bytes-as-text'; readonly of: string }
  | { readonly is: 'data'; readonly of: string | null }
  /** So many bytes of the same. */
  | { readonly is: 'bulk'; readonly of: number }
  | { readonly is: 'zxid'; readonly of: number }
  | { readonly is: 'texts'; readonly of: readonly (string | null)[] | null }
  | { readonly is: 'acl'; readonly of: readonly AclItem[] | null }
  /** A list that is only a count, right or wrong. */
  | { readonly is: 'count'; readonly of: number }
  | { readonly is: 'parts'; readonly of: readonly Part[]; readonly ended: boolean };

export interface AclItem {
  readonly permissions: number;
  readonly scheme: string | null;
  readonly id: string | null;
}

export interface Part {
  readonly op: number;
  readonly body: readonly Value[];
}
