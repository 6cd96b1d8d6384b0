/**
 * A record of the log, and the header that each of its segments begins with.
 *
 *   record   header crc u32 │ body crc u32 │ length u32 │ kind u8 │ 0 │ partition u16 │ epoch u32 │ batch u32
 *            │ seq u64 │ committed u64 │ body … │ zeros up to a multiple of eight
 *
 *   header crc   of the rest of the header, begun with the salt of the segment and the record's place in it: bytes of a record
 *                that lie elsewhere, in a value or in what was cut off, are none
 *   batch        where the batch began that the record was written with: everything before it was durable then
 *   committed    how far the partition was known to be committed then
 */
import { crc32c } from '../../bytes/checksum.ts';
import { BODY_BYTES_MAX, getUint53, setUint53 } from './body.ts';

export const RecordKind = {
  /** Changes of keys, replicated. */
  entry: 1,
  /** One op that compaction carried on; seq is that of its entry. */
  moved: 2,
  /** What is known of a partition besides its keys; see partition-state.ts. */
  state: 3,
  /** Everything of the partition before this is void. */
  drop: 4,
  /** Entries after seq are taken back. */
  truncate: 5,
  /** Keys of a copy; seq is the cursor to go on from. */
  chunk: 6,
  /** Nothing: it tells by its batch that what lies before it is durable. */
  mark: 7,
} as const;

export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

const LAST_KIND = RecordKind.mark;

export const RECORD_HEADER_BYTES = 40;
/** A chunk of a copy is as long as its owner likes, within this; so is the state of a partition. */
const RECORD_BODY_BYTES_MAX = BODY_BYTES_MAX + 0x10_0000;

/** Header fields, used again from record to record. */
export class RecordHeader {
  bodyCrc = 0;
  length = 0;
  kind: RecordKind = RecordKind.mark;
  partition = 0;
  epoch = 0;
  batch = 0;
  seq = 0;
  committed = 0;
}

/** What a record takes in its segment. */
export function recordBytes(bodyLength: number): number {
  return (RECORD_HEADER_BYTES + bodyLength + 7) & ~7;
}

/** Writes the header before a body that lies there already, and the zeros behind it. */
export function sealRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  header: RecordHeader,
  tie: number,
): void {
  const bodyAt = at + RECORD_HEADER_BYTES;
  const bodyEnd = bodyAt + header.length;
  view.setUint32(at + 4, crc32c(bytes, bodyAt, bodyEnd));
  view.setUint32(at + 8, header.length);
  view.setUint32(at + 12, (header.kind << 24) | header.partition);
  view.setUint32(at + 16, header.epoch);
  view.setUint32(at + 20, header.batch);
  setUint53(view, at + 24, header.seq);
  setUint53(view, at + 32, header.committed);
  view.setUint32(at, headerCrc(bytes, at, tie));
  for (let i = bodyEnd; i < at + recordBytes(header.length); i++) bytes[i] = 0;
}

/** @returns false where there is no header of a record of this place */
export function readHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  into: RecordHeader,
  tie: number,
): boolean {
  if (view.getUint32(at) !== headerCrc(bytes, at, tie)) return false;
  readFields(view, at, into);
  return into.kind >= 1 && into.kind <= LAST_KIND && into.length <= RECORD_BODY_BYTES_MAX;
}

/** Of a header that nobody can have damaged: it never left this memory. */
export function readFields(view: DataView, at: number, into: RecordHeader): void {
  into.bodyCrc = view.getUint32(at + 4);
  into.length = view.getUint32(at + 8);
  into.kind = view.getUint8(at + 12) as RecordKind;
  into.partition = view.getUint16(at + 14);
  into.epoch = view.getUint32(at + 16);
  into.batch = view.getUint32(at + 20);
  into.seq = getUint53(view, at + 24);
  into.committed = getUint53(view, at + 32);
}

/** What ties a record to its place in its segment. */
export function tieOf(salt: number, offset: number): number {
  return (salt ^ offset) >>> 0;
}

function headerCrc(bytes: Uint8Array, at: number, tie: number): number {
  return crc32c(bytes, at + 4, at + RECORD_HEADER_BYTES, tie);
}

// --- positions: a segment and an offset in one number, in the order of the log ---

export function positionOf(segment: number, offset: number): number {
  return segment * 0x1_0000_0000 + offset;
}

export function segmentOf(position: number): number {
  return Math.floor(position / 0x1_0000_0000);
}

export function offsetOf(position: number): number {
  return position % 0x1_0000_0000;
}
