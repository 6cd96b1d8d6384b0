/** What travels between nodes besides replication's words: who is there, copies, sums over keys, and errands of clients. */
import type { NodeId } from '../../ring/topology.ts';
import type { Copying, Message } from '../messages.ts';

/** The first frame both ways. A link is up when both have read it. */
export interface Hello {
  readonly kind: 'hello';
  /** Null for a node that does not know yet to which ring it belongs; it goes with any. */
  readonly ringId: string | null;
  readonly from: NodeId;
  readonly incarnation: number;
  /** Whom the sender means to speak to. */
  readonly to: NodeId;
  /** Of the one who dialled, in this incarnation: an older dial does not take the place of a newer one. */
  readonly dial: number;
}

/** Part of a copy: what is committed at its source, from a place in the order of keys on. */
export interface CopyChunk {
  readonly kind: 'copyChunk';
  readonly partition: number;
  readonly epoch: number;
  /** Of this copy; acknowledgements repeat it. */
  readonly copy: number;
  /** From 0 on. */
  readonly number: number;
  /** Before this chunk. */
  readonly copying: Copying;
  /** After this chunk; 0 for the last one. */
  readonly nextCursor: number;
  readonly crc: number;
  readonly bytes: Uint8Array;
}

/** Chunks up to this one are taken over. */
export interface CopyTaken {
  readonly kind: 'copyTaken';
  readonly partition: number;
  readonly copy: number;
  readonly number: number;
}

/** This copy cannot go on as it is. */
export interface CopyRefused {
  readonly kind: 'copyRefused';
  readonly partition: number;
  readonly copy: number;
}

export interface Forward {
  readonly kind: 'forward';
  readonly requestId: number;
  readonly errand: Uint8Array;
}

export interface Forwarded {
  readonly kind: 'forwarded';
  readonly requestId: number;
  readonly reply: Uint8Array;
}

/** A follower's sums over its keys as of this entry, which is its last one when it reads this; else it says nothing. */
export interface AskDigest {
  readonly kind: 'askDigest';
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
}

export interface Digest {
  readonly kind: 'digest';
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
  readonly digest: Uint8Array;
  /** What the sender took over the network to have its copy. */
  readonly copiedBytes: number;
}

/** Your copy is not what most others are: it is to be made again. */
export interface Distrust {
  readonly kind: 'distrust';
  readonly partition: number;
  readonly epoch: number;
}

/** Whoever controls the ring wants to know from a leader whether all copies are the same. */
export interface Compare {
  readonly kind: 'compare';
  readonly partition: number;
  readonly epoch: number;
  readonly requestId: number;
}

export interface Compared {
  readonly kind: 'compared';
  readonly partition: number;
  readonly epoch: number;
  readonly requestId: number;
  readonly verdict: 'equal' | 'different' | 'unknown';
  readonly words: string;
  readonly copies: readonly { readonly node: NodeId; readonly copiedBytes: number }[];
}

export type CompareMessage = Compare | Compared;
export type DigestMessage = AskDigest | Digest | Distrust;
export type CopyMessage = CopyChunk | CopyTaken | CopyRefused;
export type ErrandMessage = Forward | Forwarded;
export type MeshMessage =
  Message | CopyMessage | DigestMessage | CompareMessage | ErrandMessage | Hello;
