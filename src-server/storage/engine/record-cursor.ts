/**
 * Goes through a segment from record to record, verifying each, and over what is damaged.
 *
 *   next ─▶ 'record'       header, offset and body tell of it
 *        ─▶ 'bad-body'     the header says whose it is, what follows is not what was written; next goes on behind it
 *        ─▶ 'bad-header'   no record begins there; seek looks for the next one that does
 *        ─▶ 'end'
 */
import { crc32c } from '../../bytes/checksum.ts';
import { readHeader, RECORD_HEADER_BYTES, recordBytes, RecordHeader, tieOf } from './record.ts';
import { type Segment, SEGMENT_HEADER_BYTES } from './segment.ts';

const WINDOW_BYTES = 0x10_0000;
const ALIGNMENT = 8;
const NO_BYTES = Buffer.alloc(0);

export type CursorStep = 'record' | 'bad-body' | 'bad-header' | 'end';

export class RecordCursor {
  readonly segment: Segment;
  readonly header = new RecordHeader();
  /** Where the record begins, and where the next one does. */
  offset: number;
  end: number;
  /** Lent until the next step. */
  body: Uint8Array = NO_BYTES;
  readonly #limit: number;
  /** Bytes of the segment from `#windowAt` on; read from the file unless the segment has none. */
  #memory: Buffer = NO_BYTES;
  #window: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer, 0, 0);
  #windowAt = 0;

  /** @param limit where to end, @param from where a record begins */
  constructor(segment: Segment, limit = segment.size, from = SEGMENT_HEADER_BYTES) {
    this.segment = segment;
    this.offset = this.end = from;
    this.#limit = limit;
  }

  next(): CursorStep {
    const { header } = this;
    this.offset = this.end;
    if (this.offset >= this.#limit) return 'end';
    if (!this.#isHeaderAt(this.offset)) return 'bad-header';
    const end = this.offset + recordBytes(header.length);
    this.end = Math.min(end, this.#limit);
    if (end > this.#limit || !this.#load(this.offset, end - this.offset)) return 'bad-body';
    const bodyAt = this.offset + RECORD_HEADER_BYTES - this.#windowAt;
    this.body = this.#window.subarray(bodyAt, bodyAt + header.length);
    return crc32c(this.body, 0, header.length) === header.bodyCrc ? 'record' : 'bad-body';
  }

  /** After a bad header: goes to where the next record begins, or to the end. */
  seek(): void {
    let at = this.offset + ALIGNMENT;
    while (at < this.#limit && !this.#isHeaderAt(at)) at += ALIGNMENT;
    this.end = Math.min(at, this.#limit);
  }

  #isHeaderAt(offset: number): boolean {
    if (offset + RECORD_HEADER_BYTES > this.#limit) return false;
    if (!this.#load(offset, RECORD_HEADER_BYTES)) return false;
    const at = offset - this.#windowAt;
    const tie = tieOf(this.segment.salt, offset);
    return readHeader(this.#window, this.#view, at, this.header, tie);
  }

  /** @returns false where the file ends before */
  #load(offset: number, length: number): boolean {
    const has = (): boolean =>
      offset >= this.#windowAt && offset + length <= this.#windowAt + this.#window.length;
    if (has()) return true;
    const { segment } = this;
    if (segment.file === null) {
      this.#window = segment.hotFrom(offset) ?? NO_BYTES;
    } else {
      const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.#limit - offset));
      if (this.#memory.length < wanted) this.#memory = Buffer.allocUnsafeSlow(wanted);
      const into = this.#memory.subarray(0, wanted);
      this.#window = into.subarray(0, segment.readFile(into, offset));
    }
    this.#windowAt = offset;
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.length);
    return has();
  }
}
