/**
 * What the RESP doors need from the node behind them. The node's composition plugs it in; nothing here knows how keys are
 * replicated or stored.
 *
 *   command ──slot──▶ routeOf ──here──▶ execute(partition, work) ──▶ work.run(transaction) … work.done()
 *                            └─elsewhere──▶ MOVED, or forward(node, errand) on the proxy port
 */

/** How fresh a read must be. `stale`: any replica whose state was confirmed within so many ms. */
export type Consistency =
  | { readonly kind: 'strict' }
  | { readonly kind: 'lease' }
  | { readonly kind: 'stale'; readonly withinMs: number };

export const STRICT: Consistency = { kind: 'strict' };
export const LEASE: Consistency = { kind: 'lease' };

/** What a key holds. Borrowed until the next call on the same transaction. */
export interface Found {
  /** May be fetched when it is asked for. */
  readonly value: Uint8Array;
  /** Wall time in ms; 0: never. */
  readonly expiresAtMs: number;
  /** Of the entry that wrote it; what WATCH compares. */
  readonly seq: number;
}

/** One command (or one EXEC) over the keys of one partition. What it puts and deletes becomes one entry, all or nothing. */
export interface Transaction {
  /** Wall time that holds for the whole of it. */
  readonly nowMs: number;
  /** Null for a key that is missing, or expired at `nowMs`. Sees what this transaction did before. */
  get(key: Uint8Array): Found | null;
  /** Both are borrowed: they are copied before this returns. */
  put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void;
  delete(key: Uint8Array): void;
}

/** Something definitely did not happen, and why. */
export interface Refusal {
  readonly code: RefusalCode;
  /** What is the matter and what to do: it follows the code in the error. */
  readonly words: string;
  readonly partition: number;
  readonly epoch: number;
  /** Only with MOVED: who leads. */
  readonly leader: NodeFacts | null;
}

export type RefusalCode =
  | 'MOVED'
  | 'TRYAGAIN'
  | 'CLUSTERDOWN'
  | 'LOADING'
  | 'NOREPLICAS'
  | 'READONLY'
  | 'MASTERDOWN'
  /** The disk is nearly full: reads only. */
  | 'MISCONF'
  /** It cannot be done, now or later. */
  | 'ERR';

/** A write went to replicas, and nobody can say in time whether it holds. */
export interface Doubt {
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
  readonly words: string;
}

/**
 * A command on its way through the node. `run` is called once, or never where it is refused; then exactly one of `done`,
 * `refused`, `uncertain`, at once or later. A work that was refused or is in doubt answers with nothing that `run` yielded.
 * Where the leader changes after it ran and before it was certain, it is taken back, and perhaps runs once more.
 */
export interface Work {
  readonly isWrite: boolean;
  readonly consistency: Consistency;
  run(transaction: Transaction): void;
  /** What it did never happened, and what it yielded counts for nothing. @returns whether it can run again */
  takeBack(): boolean;
  /** What it wrote holds on every in-sync replica; what it read was true, and nobody can forget it any more. */
  done(): void;
  refused(refusal: Refusal): void;
  uncertain(doubt: Doubt): void;
}

/** The same object as long as nothing has changed: routes are asked for with each command. */
export type Route =
  /** This node leads it. */
  | { readonly kind: 'here'; readonly partition: number }
  /** This node follows its leader, and may answer stale reads. */
  | { readonly kind: 'follows'; readonly partition: number; readonly leader: NodeFacts }
  | { readonly kind: 'elsewhere'; readonly partition: number; readonly leader: NodeFacts }
  /** No leader is known. `execute` waits a while for one. */
  | { readonly kind: 'nobody'; readonly partition: number };

export interface NodeFacts {
  readonly id: string;
  /** Forty hexadecimal digits, as CLUSTER NODES names nodes. */
  readonly clusterId: string;
  readonly host: string;
  readonly clusterPort: number;
  readonly proxyPort: number;
  readonly peerPort: number;
  readonly zone: string;
  readonly isAlive: boolean;
}

export interface PartitionFacts {
  readonly epoch: number;
  readonly leader: NodeFacts | null;
  /** With the leader; those behind it in the order of the table. */
  readonly replicas: readonly NodeFacts[];
  readonly inSync: readonly NodeFacts[];
}

/** The ring as this node knows it now; another object after every change. */
export interface RingFacts {
  readonly name: string;
  /** Of the placement, as the ensemble has it. */
  readonly version: number;
  /** Grows with anything in here: a leader, an in-sync set, a node that is gone. */
  readonly revision: number;
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly minInSync: number;
  /** All that belong to it, by id. */
  readonly nodes: readonly NodeFacts[];
  readonly self: NodeFacts;
  /** Whether the ensemble can be reached; without it the ring goes on as it is. */
  readonly isCoordinated: boolean;
  partition(partition: number): PartitionFacts;
}

/** What the node has at the moment, for INFO and RING.STATUS. */
export interface NodeFigures {
  readonly mode: 'durable' | 'cache';
  readonly startedAtMs: number;
  readonly isLoading: boolean;
  /** Live keys and their bytes in the partitions that it leads. */
  readonly keys: number;
  readonly keyBytes: number;
  readonly diskBytes: number;
  readonly memoryBytes: number;
  /** 0: unbounded. */
  readonly memoryBytesMax: number;
  readonly partitionsLed: number;
  readonly partitionsHeld: number;
  /** What else the node tells of itself in RING.STATUS, by names in small letters. */
  readonly details: readonly (readonly [string, string | number])[];
}

/** What this node has of a partition, for RING.STATUS. */
export interface Holding {
  readonly partition: number;
  readonly role: 'leader' | 'follower' | 'learner' | 'idle';
  readonly epoch: number;
  readonly lastSeq: number;
  readonly committedSeq: number;
  readonly keys: number;
  readonly bytes: number;
  /** Commands carried out here, since the start. */
  readonly reads: number;
  readonly writes: number;
  /** Why it does not serve as its role should; null while it does. */
  readonly waits: string | null;
  /** Sixteen hexadecimal digits: the same where the same keys hold the same values. */
  readonly digest: string;
}

/** A copy of a partition on its way, out of this node or into it. */
export interface CopyFacts {
  readonly partition: number;
  readonly from: string;
  readonly to: string;
  /** Of keys and values, durable at the end that takes them; of how many is not known there, and 0. */
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  /** What it does, or waits for. */
  readonly words: string;
}

/** Something that is wanted of the ring and cannot be done yet. */
export interface WaitFacts {
  /** Which limit it waits for, in a word. */
  readonly reason: string;
  /** Null where it concerns the ring as a whole. */
  readonly partition: number | null;
  readonly node: string | null;
  /** The path in the ensemble's tree whose change would end the wait. */
  readonly znode: string;
  readonly words: string;
}

/** Keys from a cursor on, in the store's own order. The next cursor is 0 at the end, below 2^48 else. */
export interface ScanSlice {
  readonly cursor: number;
  readonly keys: readonly Uint8Array[];
}

/** A command that is to run at another node, as one RESP array of bulk strings. */
export interface Errand {
  readonly command: Uint8Array;
  /** In which the reply is wanted. */
  readonly protocol: 2 | 3;
  readonly consistency: Consistency;
  readonly isWrite: boolean;
}

/** The bytes are borrowed until the callback returns. */
export type ErrandOutcome =
  | { readonly kind: 'answered'; readonly reply: Uint8Array }
  /** It never left: definitely not applied. */
  | { readonly kind: 'unsent'; readonly why: string }
  /** It left, and no answer came: it may have been applied. */
  | { readonly kind: 'lost'; readonly why: string };

export interface Keyspace {
  routeOf(slot: number): Route;
  /**
   * Runs the work on a partition that is led here; where it leads nobody, or a switch is under way, waits for that (bounded)
   * and refuses in the end. Works of one partition run in the order in which they were given, and a read follows the
   * writes before it. A write that puts nothing needs no entry. Stale reads are taken where this node follows as well.
   */
  execute(partition: number, work: Work): void;
  /** Whether this node led the partition until a moment ago, and who leads now is not heard yet: `execute` waits for that. */
  isSwitching(partition: number): boolean;
  /** The errand's bytes are copied before this returns. `answer` is called once, always later. */
  forward(node: NodeFacts, errand: Errand, answer: (outcome: ErrandOutcome) => void): void;
  readonly ring: RingFacts;
  readonly figures: NodeFigures;
  /** Partitions led here, ascending. */
  readonly led: readonly number[];
  /** Partitions of which something is here, ascending. */
  readonly held: readonly number[];
  /** Null where nothing of the partition is here. */
  holding(partition: number): Holding | null;
  /** Copies out of this node and into it. */
  readonly copies: readonly CopyFacts[];
  /** What the ring waits for; null where another node controls it. */
  readonly waits: readonly WaitFacts[] | null;
  /** Live keys of a partition led here. */
  count(partition: number): number;
  /** A slice of about so many keys of a partition led here, each a copy; null where it is not led here. */
  scan(partition: number, cursor: number, count: number): ScanSlice | null;
}
