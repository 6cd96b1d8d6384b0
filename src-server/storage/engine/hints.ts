/**
 * A segment without its values, so that a restart need not read them: a hint beside each segment that is full.
 *
 *   hint     magic u32 │ format u32 │ log id, 8 bytes │ segment u32 │ its size u32 │ body length u32 │ body crc u32 │ header crc u32
 *            │ body: record record …
 *   record   offset u32 │ kind u8 │ 0 │ partition u16 │ epoch u32 │ seq u64 │ committed u64 │ length u32 │ body
 *   body     of records with ops: place u32 and op without its value, for each; of others: as it is
 *
 * A hint is believed when it is whole and speaks of this segment of this log at this size (E6). Any other is ignored, and the
 * segment is read instead.
 */
import { crc32c } from '../../bytes/checksum.ts';
import { Writer } from '../../bytes/writer.ts';
import { type Disk, type DiskFile, readWhole } from '../../platform/disk.ts';
import { BodyReader, getUint53 } from './body.ts';
import { RECORD_HEADER_BYTES, RecordHeader, RecordKind } from './record.ts';
import type { RecordCursor } from './record-cursor.ts';
import { hintName, LOG_ID_BYTES, type Segment } from './segment.ts';

const MAGIC = 0x5a524849;
const FORMAT = 1;
const HINT_HEADER_BYTES = 36;
const RECORD_BYTES = 32;
/** Of the body that are collected before they are written. */
const PIECE_BYTES = 0x10_0000;
const NO_BYTES = new Uint8Array(0);

export function hasOps(kind: RecordKind): boolean {
  return kind === RecordKind.entry || kind === RecordKind.moved || kind === RecordKind.chunk;
}

/** Writes a hint while somebody goes through its segment. It is there, whole, or not at all. */
export class HintWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #segment: Segment;
  readonly #file: DiskFile;
  readonly #temporary: string;
  readonly #piece = new Writer(PIECE_BYTES);
  readonly #op = new BodyReader();
  #length = 0;
  #crc = 0;
  #isOpen = true;

  constructor(disk: Disk, directory: string, segment: Segment) {
    this.#disk = disk;
    this.#directory = directory;
    this.#segment = segment;
    this.#temporary = disk.join(directory, `${hintName(segment.number)}.tmp`);
    this.#file = disk.open(this.#temporary, 'replace');
  }

  add({ header, offset, body }: RecordCursor): void {
    const piece = this.#piece;
    piece.int32(offset);
    piece.int32((header.kind << 24) | header.partition);
    piece.int32(header.epoch);
    piece.long(header.seq);
    piece.long(header.committed);
    const lengthAt = piece.gap(4);
    if (hasOps(header.kind)) {
      const op = this.#op.over(body, offset + RECORD_HEADER_BYTES);
      while (op.nextUnchecked()) {
        piece.int32(op.place);
        piece.raw(body, op.start, op.valueAt - op.start);
      }
    } else {
      piece.raw(body, 0, body.length);
    }
    piece.patchInt32(lengthAt, piece.length - lengthAt - 4);
    if (piece.length >= PIECE_BYTES / 2) this.#writePiece();
  }

  /** @param logId of the log the segment belongs to */
  finish(logId: Uint8Array): void {
    this.#writePiece();
    const header = Buffer.alloc(HINT_HEADER_BYTES);
    header.writeUInt32BE(MAGIC, 0);
    header.writeUInt32BE(FORMAT, 4);
    header.set(logId, 8);
    header.writeUInt32BE(this.#segment.number, 16);
    header.writeUInt32BE(this.#segment.size, 20);
    header.writeUInt32BE(this.#length, 24);
    header.writeUInt32BE(this.#crc, 28);
    header.writeUInt32BE(crc32c(header, 0, 32), 32);
    this.#file.write(header, 0);
    this.#file.syncNow();
    this.#close();
    this.#disk.rename(
      this.#temporary,
      this.#disk.join(this.#directory, hintName(this.#segment.number)),
    );
    this.#disk.syncDirectory(this.#directory);
  }

  abandon(): void {
    this.#close();
    this.#disk.remove(this.#temporary);
  }

  #close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  #writePiece(): void {
    const bytes = this.#piece.view();
    this.#file.write(bytes, HINT_HEADER_BYTES + this.#length);
    this.#crc = crc32c(bytes, 0, bytes.length, this.#crc);
    this.#length += bytes.length;
    this.#piece.clear();
  }
}

/** Goes through a hint from record to record. */
export class HintReader {
  readonly header = new RecordHeader();
  offset = 0;
  body: Uint8Array = NO_BYTES;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = HINT_HEADER_BYTES;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @returns null where there is none to be believed */
  static open(
    disk: Disk,
    directory: string,
    segment: Segment,
    logId: Uint8Array,
  ): HintReader | null {
    const bytes = readWhole(disk, disk.join(directory, hintName(segment.number)));
    if (bytes === null || bytes.length < HINT_HEADER_BYTES) return null;
    const isBelieved =
      bytes.readUInt32BE(32) === crc32c(bytes, 0, 32) &&
      bytes.readUInt32BE(0) === MAGIC &&
      bytes.readUInt32BE(4) === FORMAT &&
      bytes.subarray(8, 8 + LOG_ID_BYTES).equals(logId) &&
      bytes.readUInt32BE(16) === segment.number &&
      bytes.readUInt32BE(20) === segment.size &&
      bytes.readUInt32BE(24) === bytes.length - HINT_HEADER_BYTES &&
      bytes.readUInt32BE(28) === crc32c(bytes, HINT_HEADER_BYTES, bytes.length);
    return isBelieved ? new HintReader(bytes) : null;
  }

  next(): boolean {
    const at = this.#at;
    if (at + RECORD_BYTES > this.#bytes.length) return false;
    const view = this.#view;
    const { header } = this;
    this.offset = view.getUint32(at);
    header.kind = view.getUint8(at + 4) as RecordKind;
    header.partition = view.getUint16(at + 6);
    header.epoch = view.getUint32(at + 8);
    header.seq = getUint53(view, at + 12);
    header.committed = getUint53(view, at + 20);
    const length = view.getUint32(at + 28);
    this.body = this.#bytes.subarray(at + RECORD_BYTES, at + RECORD_BYTES + length);
    this.#at = at + RECORD_BYTES + length;
    return true;
  }
}
