/**
 * What a restart finds: every segment in order, each through its hint or by itself, handed over to the partitions.
 *
 *   bad record in the last segment, nothing after it was written later     torn: cut off there, nobody was told of it
 *   bad record anywhere else                                               damage: its partition, or all where it tells none
 *
 * "Written later" is told by the batch that records carry: it says what was durable when they were written.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Disk } from '../../platform/disk.ts';
import type { Entropy } from '../../platform/entropy.ts';
import type { Logger } from '../../platform/logger.ts';
import { BodyReader } from './body.ts';
import { hasOps, HintReader } from './hints.ts';
import { Log } from './log.ts';
import { decodeState } from './partition-state.ts';
import { type PartitionStore } from './partition-store.ts';
import { positionOf, RECORD_HEADER_BYTES, type RecordHeader, RecordKind } from './record.ts';
import { RecordCursor } from './record-cursor.ts';
import {
  hintNumber,
  LOG_ID_BYTES,
  readSegmentHeader,
  Segment,
  SEGMENT_HEADER_BYTES,
  segmentHeader,
  segmentName,
  segmentNumber,
} from './segment.ts';

export interface RecoveryProgress {
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface RecoveryParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly directory: string;
  readonly segmentBytes: number;
  /** Filled with what is found. */
  readonly stores: Map<number, PartitionStore>;
  readonly newStore: (partition: number, log: Log, isPlaced: boolean) => PartitionStore;
  readonly onProgress: (progress: RecoveryProgress) => void;
}

interface FoundFile {
  readonly name: string;
  readonly number: number;
  readonly bytes: number;
  readonly logId: Uint8Array | null;
}

/** So long nobody else gets a turn. */
const SLICE_MS = 8;
/** Records between two looks at the clock. */
const SLICE_RECORDS = 256;

export interface Recovered {
  readonly log: Log;
  /** Records were lost of which nobody knows whose they were. */
  readonly hasUnknownLoss: boolean;
}

/** Whether there is something that was a log. */
export function hasLog(disk: Disk, directory: string): boolean {
  return disk.list(directory).some(({ name }) => segmentNumber(name) !== null);
}

/** The log as it was found, or a new one. */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  return new Recovery(parts).run();
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #stores: Map<number, PartitionStore>;
  readonly #op = new BodyReader();
  #log: Log;
  #bytesTotal = 0;
  #bytesBefore = 0;
  /** Records were lost of which nobody knows whose they were: whoever is met for the first time from now on may miss some. */
  #hasUnknownLoss = false;
  #sliceEndsMs: number;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#stores = parts.stores;
    this.#log = this.#newLog(parts.entropy.bytes(LOG_ID_BYTES));
    this.#sliceEndsMs = parts.clock.nowMs() + SLICE_MS;
  }

  async run(): Promise<Recovered> {
    const { disk, directory } = this.#parts;
    disk.makeDirectory(directory);
    const numbers = this.#findSegments();
    for (const number of numbers) {
      await this.#adopt(number, number === numbers.at(-1));
    }
    if (this.#log.segments.length === 0) this.#log.roll();
    for (const store of this.#stores.values()) {
      if (!store.isPlaced) this.#tellLoss(store, this.#log.active, 0, 'where it stands is lost');
    }
    this.#removeLeftovers();
    return { log: this.#log, hasUnknownLoss: this.#hasUnknownLoss };
  }

  #newLog(logId: Uint8Array): Log {
    const { disk, directory, segmentBytes } = this.#parts;
    return new Log({ disk, directory, logId, segmentBytes });
  }

  /** Numbers of the segments in order, without holes; and the log they belong to. */
  #findSegments(): readonly number[] {
    const { disk, directory, logger } = this.#parts;
    const files: FoundFile[] = disk.list(directory).flatMap(({ name, bytes }) => {
      const number = segmentNumber(name);
      return number === null ? [] : [{ name, number, bytes, logId: this.#logIdOf(name, number) }];
    });
    const logId = files.find((file) => file.logId !== null)?.logId ?? null;
    if (logId !== null) this.#log = this.#newLog(logId);
    const newest = files.at(-1);
    if (newest !== undefined && this.#isUnbegun(newest)) {
      logger.info('the newest file of the log was not begun in full; it is set aside', {
        file: newest.name,
      });
      const path = disk.join(directory, newest.name);
      // Where no other file tells the log's id, what is in this one cannot be read; somebody may want to look at it.
      if (logId !== null) disk.remove(path);
      else {
        disk.rename(path, disk.join(directory, `unreadable-${newest.name}`));
        this.#hasUnknownLoss = newest.bytes > SEGMENT_HEADER_BYTES;
      }
      disk.syncDirectory(directory);
      files.pop();
    }
    const [first, last] = [files[0], files.at(-1)];
    if (first === undefined || last === undefined) return [];
    this.#bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
    return Array.from({ length: last.number - first.number + 1 }, (_, i) => first.number + i);
  }

  /** Whether its header is not whole, and no record in it was ever durable. */
  #isUnbegun({ name, number, bytes, logId }: FoundFile): boolean {
    const { disk, directory, segmentBytes } = this.#parts;
    if (bytes < SEGMENT_HEADER_BYTES) return true;
    if (logId !== null) return false;
    const segment = new Segment(number, this.#log.logId, segmentBytes);
    segment.size = bytes;
    segment.file = disk.open(disk.join(directory, name), 'read');
    try {
      return new RecordCursor(segment).next() !== 'record' && isTorn(segment, SEGMENT_HEADER_BYTES);
    } finally {
      segment.file.close();
    }
  }

  #logIdOf(name: string, number: number): Uint8Array | null {
    const { disk, directory, segmentBytes } = this.#parts;
    const segment = new Segment(number, this.#log.logId, segmentBytes);
    segment.file = disk.open(disk.join(directory, name), 'read');
    try {
      const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
      const length = segment.readFile(header, 0);
      return readSegmentHeader(header.subarray(0, length), number);
    } finally {
      segment.file.close();
    }
  }

  async #adopt(number: number, isLast: boolean): Promise<void> {
    const { disk, directory, segmentBytes } = this.#parts;
    const segment = new Segment(number, this.#log.logId, segmentBytes);
    const path = disk.join(directory, segmentName(number));
    const isMissing = !disk.exists(path);
    const file = disk.open(path, isMissing ? 'replace' : 'edit');
    segment.file = file;
    const head = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const headBytes = segment.readFile(head, 0);
    if (readSegmentHeader(head.subarray(0, headBytes), number) === null)
      file.write(segmentHeader(number, this.#log.logId), 0);
    if (isMissing) this.#tellUnknownLoss(segment, 0, 'a segment of the log is missing');
    segment.size = file.size();
    this.#log.adopt(segment);
    this.#log.cut(segment, segment.size);
    const hint = isLast ? null : HintReader.open(disk, directory, segment, this.#log.logId);
    segment.hasHint = hint !== null;
    if (hint !== null) await this.#throughHint(segment, hint);
    else await this.#through(segment, isLast);
    if (isLast) file.syncNow();
    this.#bytesBefore += segment.size;
  }

  async #throughHint(segment: Segment, hint: HintReader): Promise<void> {
    const op = this.#op;
    const next = (): boolean => op.nextStripped();
    for (let records = 0; hint.next(); records++) {
      if (records % SLICE_RECORDS === 0) await this.#pause(hint.offset);
      if (hasOps(hint.header.kind)) op.over(hint.body);
      this.#replay(segment, hint.header, hint.offset, hint.body, next);
    }
  }

  async #through(segment: Segment, isLast: boolean): Promise<void> {
    const cursor = new RecordCursor(segment);
    const { header } = cursor;
    const op = this.#op;
    const next = (): boolean => op.next();
    for (let records = 0; ; records++) {
      if (records % SLICE_RECORDS === 0) await this.#pause(cursor.offset);
      const step = cursor.next();
      if (step === 'end') return;
      if (step === 'record') {
        if (hasOps(header.kind)) op.over(cursor.body, cursor.offset + RECORD_HEADER_BYTES);
        this.#replay(segment, header, cursor.offset, cursor.body, next);
        continue;
      }
      const { offset } = cursor;
      if (isLast && isTorn(segment, offset)) {
        this.#cut(segment, offset);
        return;
      }
      if (step === 'bad-body') {
        if (header.kind !== RecordKind.mark)
          this.#tellLoss(this.#storeOf(header.partition), segment, offset, LOST_RECORD);
      } else {
        this.#tellUnknownLoss(segment, offset, LOST_RECORD);
        cursor.seek();
      }
    }
  }

  #replay(
    segment: Segment,
    header: RecordHeader,
    offset: number,
    body: Uint8Array,
    next: () => boolean,
  ): void {
    const position = positionOf(segment.number, offset);
    const { partition } = header;
    switch (header.kind) {
      case RecordKind.entry:
        this.#storeOf(partition).replayEntry(header, position, this.#op, next);
        return;
      case RecordKind.moved:
        this.#storeOf(partition).replayMoved(header, position, this.#op, next);
        return;
      case RecordKind.chunk:
        this.#storeOf(partition).replayChunk(header, position, this.#op, next);
        return;
      case RecordKind.truncate:
        this.#storeOf(partition).replayTruncate(header);
        return;
      case RecordKind.state:
        this.#storeOf(partition).replayState(decodeState(body), position);
        return;
      case RecordKind.drop:
        this.#stores.get(partition)?.clear();
        this.#stores.delete(partition);
        return;
      case RecordKind.mark:
    }
  }

  #storeOf(partition: number): PartitionStore {
    const known = this.#stores.get(partition);
    if (known !== undefined) return known;
    const store = this.#parts.newStore(partition, this.#log, false);
    this.#stores.set(partition, store);
    if (this.#hasUnknownLoss) this.#tellLoss(store, this.#log.active, 0, LOST_RECORD);
    return store;
  }

  #tellLoss(store: PartitionStore, segment: Segment, offset: number, why: string): void {
    store.damaged({ partition: store.partition, segment: segment.number, offset, why });
  }

  #tellUnknownLoss(segment: Segment, offset: number, why: string): void {
    this.#hasUnknownLoss = true;
    for (const store of this.#stores.values()) this.#tellLoss(store, segment, offset, why);
  }

  #cut(segment: Segment, offset: number): void {
    const bytes = segment.size - offset;
    if (!isZeros(segment, offset))
      this.#parts.logger.info('the end of the log was not written in full; it is cut off', {
        segment: segment.number,
        offset,
        bytes,
      });
    segment.file!.truncate(offset);
    this.#log.cut(segment, offset);
  }

  /** Hints of segments that are gone, and what was not finished. */
  #removeLeftovers(): void {
    const { disk, directory } = this.#parts;
    const known = new Set(this.#log.segments.map(({ number }) => number));
    for (const { name } of disk.list(directory)) {
      const number = hintNumber(name);
      const isStray = number !== null && !known.has(number);
      if (isStray || name.endsWith('.tmp')) disk.remove(disk.join(directory, name));
    }
  }

  async #pause(offset: number): Promise<void> {
    const { clock, onProgress } = this.#parts;
    if (clock.nowMs() < this.#sliceEndsMs) return;
    onProgress({ bytes: this.#bytesBefore + offset, bytesTotal: this.#bytesTotal });
    await new Promise<void>((resolve) => clock.defer(resolve));
    this.#sliceEndsMs = clock.nowMs() + SLICE_MS;
  }
}

const LOST_RECORD = 'a record is not what was written';

/** Whether nothing behind a bad record says that it was durable once. */
function isTorn(segment: Segment, offset: number): boolean {
  const ahead = new RecordCursor(segment, segment.size, offset);
  for (let step = ahead.next(); step !== 'end'; step = ahead.next()) {
    if (step === 'record' && ahead.header.batch > offset) return false;
    if (step === 'bad-header') ahead.seek();
  }
  return true;
}

/** Whether nothing was written from there on: zeros stand ahead of the records. */
function isZeros(segment: Segment, offset: number): boolean {
  const behind = Buffer.alloc(segment.size - offset);
  segment.readFile(behind, offset);
  return behind.every((byte) => byte === 0);
}
