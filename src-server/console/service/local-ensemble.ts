/** What the console may ask of the ensemble that runs in this program, besides what any client can. */
import type { MemberOrder } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';
import type { Credential, LocalStart, MemberState, NodeKind } from '#contract/models.ts';

import type { Result } from '../../base/result.ts';

export interface NodeNature {
  readonly kind: Exclude<NodeKind, 'unknown'>;
  readonly ttlMs: number | null;
}

/** One member of the ensemble that runs in this program. */
export interface LocalMember {
  /** Null for a server on its own. */
  readonly id: number | null;
  /** Where its clients connect; null while that is not known. */
  readonly at: { readonly host: string; readonly port: number } | null;
  readonly state: MemberState;
}

/**
 * When what happened to transactions at one member, in columns: as `coordination` tells it, and what its times lack to the clock
 * that all members of this machine share.
 */
export interface MemberTimings {
  readonly revision: number;
  readonly begun: number;
  readonly zxids: Float64Array;
  readonly proposed: Uint8Array;
  /** Begun (proposed or received), appended, durable, committed, applied; NaN for not yet. */
  readonly stages: readonly Float64Array[];
  readonly acks: readonly { readonly sid: number; readonly atMs: Float64Array }[];
  readonly originMs: number;
  /** By the shared clock. */
  readonly nowMs: number;
}

/** Where a session's client is, and whom it is connected to; null for a server on its own. */
export interface SessionAddress {
  readonly address: string;
  readonly member: number | null;
}

/** A member that is to come, or to go for good. */
export type Resize =
  | { readonly kind: 'add'; readonly role: 'participant' | 'observer' }
  | { readonly kind: 'remove'; readonly id: number; readonly isDataKept: boolean };

export interface Resized {
  readonly id: number;
  /** Of a new one: `server.4=…`, which lets it into the ensemble. */
  readonly line: string | null;
  /** Where the data of one that went is kept; null where it is not. */
  readonly folder: string | null;
}

export interface LocalEnsemble {
  readonly version: string;
  readonly dataDir: string;
  readonly start: LocalStart;
  readonly state: MemberState;
  /** What clients connect to, or null while no member serves. */
  readonly connectString: string | null;
  readonly members: readonly LocalMember[];
  /** Proves to its members that the owner asks; absent where they know nobody but those of their own settings. */
  readonly operator?: Credential | null;
  onChange(listener: () => void): () => void;
  /** Tries a member that failed again, now. */
  retry(): void;
  order(order: MemberOrder): void;
  /** Starts a thread for one more member, or ends one's for good. Who belongs to the ensemble does not change by it. */
  resize(resize: Resize): Promise<Result<Resized, string>>;
  /** Ways between its members that are not healthy. */
  readonly links: readonly LinkFault[];
  breakLinks(links: readonly LinkFault[]): void;
  /** Makes every way healthy, and resumes whoever is paused. */
  heal(): void;
  /**
   * Containers and TTL nodes look like persistent ones to clients; the member knows. One answer for each path, null where
   * there is no such node. Null as a whole when no member can be asked.
   *
   * @param seenZxid what the asker has seen of these nodes; a member that lags behind that is given a moment
   */
  natures(
    paths: readonly string[],
    seenZxid: number,
  ): Promise<readonly (NodeNature | null)[] | null>;
  /** Members of an ensemble that can be asked for timings. */
  readonly timed: readonly number[];
  /** What was noted after a revision of its own; null where it cannot be asked. */
  timings(member: number, after: number): Promise<MemberTimings | null>;
  /** Nobody asks for timings any more: members need not note them. */
  restTimings(): void;
  /** Null for sessions that have no client here. */
  addresses(sessionIds: readonly bigint[]): Promise<readonly (SessionAddress | null)[]>;
}
