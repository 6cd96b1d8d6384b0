/** Everything that crosses a link between two nodes: messages of replication, copies of partitions, commands on their way. */
import type { EpochStart, Message } from '../messages.ts';

/** The first frame of either side. */
export interface Hello {
  readonly kind: 'hello';
  readonly node: string;
  readonly incarnation: number;
  /** Null before a ring is known. */
  readonly ringId: string | null;
  /** Whom the sender believes to have at the other end. */
  readonly to: string;
}

/** A copy begins, or goes on from the cursor. */
export interface CopyBegin {
  readonly kind: 'copyBegin';
  readonly partition: number;
  readonly epoch: number;
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly epochs: readonly EpochStart[];
  readonly cursor: number;
}

/** Committed keys from one place to the next; every change in it has its own checksum. */
export interface CopyChunk {
  readonly kind: 'copyChunk';
  readonly partition: number;
  readonly epoch: number;
  readonly fromCursor: number;
  /** 0: this is the last one. */
  readonly cursor: number;
  readonly bytes: Uint8Array;
}

/** A chunk is on the receiver's disk; or it was not what was written, and `isWhole` is false: send it again. */
export interface CopyTaken {
  readonly kind: 'copyTaken';
  readonly partition: number;
  readonly epoch: number;
  readonly fromCursor: number;
  readonly isWhole: boolean;
}

/** A command that is to run at the receiver, and its reply. */
export interface Forward {
  readonly kind: 'forward';
  readonly requestId: number;
  readonly bytes: Uint8Array;
}

export interface Reply {
  readonly kind: 'reply';
  readonly requestId: number;
  readonly bytes: Uint8Array;
}

export type CopyFrame = CopyBegin | CopyChunk | CopyTaken;
export type Frame = Hello | CopyFrame | Forward | Reply | Message;
