/**
 * Commands at the desk: answered by the connection itself, from what it knows, what the node knows, and what may be asked of
 * other nodes. Here is what such a command is, and all that it sees.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Entropy } from '../../platform/entropy.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Arguments } from './arguments.ts';
import type { ClusterReplies } from './cluster-replies.ts';
import type { CommandTraits, KeyCommand, KeyPositions } from './command.ts';
import { type CommandTable, partOf } from './command-table.ts';
import type { DoorKind, Parcel } from './courier.ts';
import type { RespLimits } from './limits.ts';
import type { Multi } from './multi.ts';
import type { Consistency, Keyspace } from './ports.ts';
import type { Protocol, ReplyWriter } from './reply-writer.ts';
import type { RespStats } from './stats.ts';
import type { User, Users } from './users.ts';

/** It writes exactly one reply, now or through `visitor.later`. */
export interface DeskCommand extends CommandTraits {
  readonly kind: 'desk';
  readonly keys: KeyPositions;
  /** Whether everything asked before must have been answered first. */
  readonly waits: boolean;
  /** Inside MULTI: carried out at once instead of being queued, queued like others, or refused: it may need time to answer. */
  readonly inMulti: 'runs' | 'queues' | 'refused';
  /** Second words with traits of their own. */
  readonly parts?: readonly DeskCommand[];
  run(visitor: Visitor, words: Arguments, reply: ReplyWriter): void;
}

export type Command = KeyCommand | DeskCommand;

/** The command itself or the part of it that the second word names; null where it has no such part. */
export function resolved(command: DeskCommand, words: Arguments): DeskCommand | null {
  if (command.parts === undefined || words.count < 2) return command;
  return partOf(command, words.bytes, words.starts[1]!, words.ends[1]!);
}

/** What all connections of a node's doors share. */
export interface Household {
  readonly keyspace: Keyspace;
  readonly users: Users;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly limits: RespLimits;
  readonly stats: RespStats;
  readonly commands: CommandTable<Command>;
  readonly clusterReplies: ClusterReplies;
  /** Of this product, as INFO tells it. */
  readonly version: string;
  /** Everybody inside, at all doors, by id. */
  readonly visitors: ReadonlyMap<number, Visitor>;
}

/** Replies that are left out: all from now on, or the next. */
export type ReplyMode = 'on' | 'off' | 'skip';

/** Writes the reply that was put off. Called once. */
export type Later = (write: (reply: ReplyWriter) => void) => void;

/** The connection that asks: what commands see of it, and may change about it. */
export interface Visitor {
  readonly id: number;
  readonly door: DoorKind;
  readonly household: Household;
  readonly multi: Multi;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly isSecure: boolean;
  readonly connectedAtMs: number;
  /** Monotonic, of the last command. */
  readonly lastSeenMs: number;
  readonly lastCommand: string;
  readonly unansweredCount: number;
  readonly heldBytes: number;
  readonly unsentBytes: number;
  protocol: Protocol;
  consistency: Consistency;
  /** READONLY: followers may answer its reads. */
  readsFollowers: boolean;
  /** Null: it has not said who it is, and must. */
  user: User | null;
  name: string;
  libraryName: string;
  libraryVersion: string;
  isNoEvict: boolean;
  isNoTouch: boolean;
  /** The partition of its last write, −1 before: what WAIT asks about. */
  lastWritten: number;
  /** The reply comes later; those of the commands behind it wait for it. */
  later(): Later;
  setReplyMode(mode: ReplyMode): void;
  /** Runs a command wherever its keys are led. The reply is borrowed until `answer` returns. */
  ask(
    question: Pick<Parcel, 'command' | 'words' | 'slot'>,
    answer: (reply: Uint8Array) => void,
  ): void;
  /** Closes once everything so far is answered. */
  leave(): void;
  /** Closes now. */
  drop(why: string): void;
  /** Back to how it came. */
  reset(): void;
}
