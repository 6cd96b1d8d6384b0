/**
 * Snapshot files, byte for byte Apache's.
 *
 *   snapshot.<last zxid before it began, hex>
 *   ┌─────────────────────────────────┐
 *   │ "ZKSN" i32 · version 2 · −1 i64 │
 *   │ sessions: n × (id, timeout)     │
 *   │ lists:    n × (key, vec<ACL>)   │
 *   │ nodes:    path data key stat …  │  pre-order from "", ended by the path "/"
 *   ├─────────────────────────────────┤
 *   │ seal: adler32 i64 · "/"         │  of every byte before it, earlier seals included
 *   │ zxid · digest version · digest  │  seal again
 *   │ last zxid (since 3.9)           │  seal again
 *   └─────────────────────────────────┘
 */
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import type { Acl } from '../model/acl.ts';

export const SNAPSHOT_PREFIX = 'snapshot.';
export const SNAPSHOT_MAGIC = 0x5a4b534e;
export const SNAPSHOT_VERSION = 2;
export const SNAPSHOT_HEADER_BYTES = 16;
/** Ends the nodes and every seal. */
export const END_PATH = '/';
/** The last bytes of a finished snapshot: the string "/". */
export const END_BYTES: Uint8Array = Uint8Array.of(0, 0, 0, 1, 0x2f);

/** Six long fields, and three short ones. */
export const STORED_STAT_BYTES = 60;

export interface StoredStat {
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  ownerHigh: number;
  ownerLow: number;
}

/** What a snapshot is written from; the state's image walk is one. */
export interface SnapshotSource {
  readonly sessions: readonly { readonly id: bigint; readonly timeoutMs: number }[];
  readonly acls: readonly { readonly id: number; readonly acl: Acl }[];
  readonly nodeCount: number;
  next(): boolean;
  readonly path: string;
  readonly acl: number;
  readonly stat: Readonly<StoredStat>;
  readonly dataLength: number;
  readonly dataBytes: Uint8Array;
  readonly dataOffset: number;
  close(): void;
}

/** What a snapshot is read into; the state's loader is one. */
export interface SnapshotSink {
  addSession(id: bigint, timeoutMs: number): void;
  addAcl(key: number, acl: Acl): void;
  /** @returns why the node cannot be taken, or null */
  addNode(
    path: string,
    data: Uint8Array | null,
    aclKey: number,
    stat: Readonly<StoredStat>,
  ): string | null;
}

/** How a snapshot is packed while it is written. */
export interface Packing {
  readonly ending: '.gz' | '.snappy';
  /** What stands before the first piece. */
  readonly header: Uint8Array;
  /** A piece by itself; pieces follow each other. */
  pack(bytes: Uint8Array): Uint8Array;
}

export interface StatedDigest {
  readonly zxid: number;
  readonly high: number;
  readonly low: number;
}

export function writeSnapshotHeader(writer: Writer): void {
  writer.int32(SNAPSHOT_MAGIC);
  writer.int32(SNAPSHOT_VERSION);
  writer.long(-1);
}

export function writeStoredStat(writer: Writer, stat: Readonly<StoredStat>): void {
  writer.long(stat.czxid);
  writer.long(stat.mzxid);
  writer.long(stat.ctime);
  writer.long(stat.mtime);
  writer.int32(stat.version);
  writer.int32(stat.cversion);
  writer.int32(stat.aversion);
  writer.halves(stat.ownerHigh, stat.ownerLow);
  writer.long(stat.pzxid);
}

export function readStoredStat(reader: Reader, stat: StoredStat): void {
  stat.czxid = reader.long();
  stat.mzxid = reader.long();
  stat.ctime = reader.long();
  stat.mtime = reader.long();
  stat.version = reader.int32();
  stat.cversion = reader.int32();
  stat.aversion = reader.int32();
  stat.ownerHigh = reader.int32();
  stat.ownerLow = reader.int32();
  stat.pzxid = reader.long();
}
