/**
 * The image of a state as bytes: what a snapshot holds between its header and its seal, and what a leader sends to a learner
 * that nothing less can help.
 *
 *   i32 n · n × (session id i64 · timeout i32) │ i32 n · n × (key i64 · vec<ACL>) │ nodes: path data key stat … │ "/"
 *
 * Both directions go piece by piece, so that neither holds more than a piece.
 */
import { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { readAcl, writeAcl } from '../wire/jute.ts';
import {
  END_PATH,
  readStoredStat,
  type SnapshotSink,
  type SnapshotSource,
  STORED_STAT_BYTES,
  type StoredStat,
  writeStoredStat,
} from './snapshot-format.ts';

export class ImageWriter {
  nodesWritten = 0;
  /** Sessions, lists and nodes written. */
  entries = 0;
  readonly #source: SnapshotSource;

  constructor(source: SnapshotSource) {
    this.#source = source;
  }

  /** Writes the next session, list or node, in that order. @returns false when that was the end of the image */
  writeEntry(writer: Writer): boolean {
    const { sessions, acls } = this.#source;
    const at = this.entries++;
    if (at === 0) writer.int32(sessions.length);
    if (at === sessions.length) writer.int32(acls.length);
    if (at < sessions.length) {
      const { id, timeoutMs } = sessions[at]!;
      writer.bigint(id);
      writer.int32(timeoutMs);
      return true;
    }
    const list = acls[at - sessions.length];
    if (list !== undefined) {
      writer.long(list.id);
      writeAcl(writer, list.acl);
      return true;
    }
    if (!this.#source.next()) {
      writer.string(END_PATH);
      return false;
    }
    this.#writeNode(writer);
    this.nodesWritten++;
    return true;
  }

  #writeNode(writer: Writer): void {
    const source = this.#source;
    writer.string(source.path);
    const length = source.dataLength;
    writer.int32(length);
    if (length > 0) writer.raw(source.dataBytes, source.dataOffset, length);
    writer.long(source.acl);
    writeStoredStat(writer, source.stat);
  }
}

const COUNT_BYTES = 4;
const SESSION_BYTES = 12;
/** Of a node, but for its path and data: two lengths, the list's key and the stat. */
const NODE_BYTES = 4 + 4 + 8 + STORED_STAT_BYTES;
const END_BYTES = 4 + END_PATH.length;
/** What a list is first supposed to take: it says how many entries it has, and not how many bytes. */
const ACL_BYTES = 64;

type Part = 'sessionCount' | 'sessions' | 'aclCount' | 'acls' | 'nodes' | 'end';

/** Reads an image into an empty state, as much of it as there is at a time. */
export class ImageReader {
  /** Why the bytes are no image; nothing is read any more. */
  problem: string | null = null;
  /** How many bytes the next entry takes, as far as that is known. */
  wanted = COUNT_BYTES;
  readonly #sink: SnapshotSink;
  readonly #bytesMax: number;
  readonly #reader = new Reader();
  readonly #stat: StoredStat = {
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ownerHigh: 0,
    ownerLow: 0,
  };
  #part: Part = 'sessionCount';
  #left = 0;
  #taken = 0;

  /** @param options bytesMax: what the image can take at the most */
  constructor(sink: SnapshotSink, options: { readonly bytesMax: number }) {
    this.#sink = sink;
    this.#bytesMax = options.bytesMax;
  }

  get isWhole(): boolean {
    return this.#part === 'end';
  }

  /** Bytes of the image before the entry that is being given to the sink, or is to be next. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Reads every whole entry from `start` on; the bytes are borrowed until this returns.
   * @returns where it stopped: before an entry that is not all there, or right behind the image
   */
  take(bytes: Buffer, start: number): number {
    const reader = this.#reader.reset(bytes, start, bytes.length);
    let at = start;
    while (this.problem === null && !this.isWhole && this.#takeEntry(reader)) {
      this.#taken += reader.at - at;
      at = reader.at;
    }
    return at;
  }

  /** @returns false when more bytes are needed, or none of any use */
  #takeEntry(reader: Reader): boolean {
    switch (this.#part) {
      case 'sessionCount':
        return this.#takeCount(reader, 'sessions');
      case 'sessions':
        if (this.#left === 0) return this.#goOn('aclCount');
        if (!this.#has(reader, SESSION_BYTES)) return false;
        this.#sink.addSession(reader.bigint(), reader.int32());
        this.#left--;
        return true;
      case 'aclCount':
        return this.#takeCount(reader, 'acls');
      case 'acls':
        if (this.#left === 0) return this.#goOn('nodes');
        return this.#takeAcl(reader);
      case 'nodes':
        return this.#takeNode(reader);
      case 'end':
        return false;
    }
  }

  #goOn(part: Part): boolean {
    this.#part = part;
    return true;
  }

  #takeCount(reader: Reader, part: Part): boolean {
    if (!this.#has(reader, COUNT_BYTES)) return false;
    const count = reader.int32();
    if (count < 0 || count * 8 > this.#bytesMax - this.#taken)
      return this.#refuse(`a list of ${count} entries does not fit the image`);
    this.#left = count;
    return this.#goOn(part);
  }

  #takeAcl(reader: Reader): boolean {
    const { at, left } = reader;
    const key = reader.long();
    const acl = readAcl(reader) ?? [];
    if (!reader.ok) {
      reader.reset(reader.bytes, at, reader.end);
      // So much is not enough, and how much would be is not known.
      this.wanted = Math.max(ACL_BYTES, left * 2);
      return false;
    }
    this.#sink.addAcl(key, acl);
    this.#left--;
    return true;
  }

  #takeNode(reader: Reader): boolean {
    if (!this.#has(reader, END_BYTES)) return false;
    const { bytes, at } = reader;
    const pathBytes = bytes.readInt32BE(at);
    if (pathBytes < 0) return this.#refuse('a node without a path');
    if (pathBytes === END_PATH.length && bytes[at + 4] === END_PATH.charCodeAt(0)) {
      reader.skip(END_BYTES);
      return this.#goOn('end');
    }
    if (!this.#has(reader, NODE_BYTES + pathBytes)) return false;
    const dataBytes = Math.max(0, bytes.readInt32BE(at + 4 + pathBytes));
    if (!this.#has(reader, NODE_BYTES + pathBytes + dataBytes)) return false;
    const path = reader.string() ?? '';
    const data = reader.view();
    const acl = reader.long();
    readStoredStat(reader, this.#stat);
    if (!reader.ok) return this.#refuse('a length is wrong');
    const problem = this.#sink.addNode(path, data, acl, this.#stat);
    return problem === null || this.#refuse(problem);
  }

  #has(reader: Reader, bytes: number): boolean {
    if (reader.left >= bytes) return true;
    this.wanted = bytes;
    if (bytes > this.#bytesMax - this.#taken)
      this.#refuse(`the image ends within an entry, or an entry of ${bytes} bytes does not fit it`);
    return false;
  }

  #refuse(problem: string): false {
    this.problem = problem;
    return false;
  }
}
