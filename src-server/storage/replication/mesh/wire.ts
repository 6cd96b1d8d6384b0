/**
 * Frames ⇄ bytes:  length i32 │ kind u8 │ fields
 *
 * Numbers are 64 bits wide on the wire and whole numbers of at most 53 in memory. Bodies of entries and chunks are given as views
 * of what arrived, and are lent until the frame was taken.
 */
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import type { Copying, EpochStart, LogEntry, LogFacts } from '../messages.ts';
import type { Frame } from './frames.ts';

/** Raised when a node would misunderstand another. */
export const WIRE_FORMAT = 1;
/** The largest body and a good deal around it. */
export const FRAME_BYTES_MAX = 0x800_0000;

const KINDS = [
  'hello',
  'knock',
  'lead',
  'promise',
  'follow',
  'replace',
  'entries',
  'commit',
  'vouch',
  'ack',
  'aware',
  'fenced',
  'beat',
  'question',
  'answer',
  'copyBegin',
  'copyChunk',
  'copyTaken',
  'forward',
  'reply',
] as const satisfies readonly Frame['kind'][];
const CODES = new Map<Frame['kind'], number>(KINDS.map((kind, code) => [kind, code]));
const ENTRY_BYTES = 20;
const EPOCH_BYTES = 16;

export function writeFrame(writer: Writer, frame: Frame): void {
  const at = writer.gap(4);
  writer.byte(CODES.get(frame.kind)!);
  writeFields(writer, frame);
  writer.patchInt32(at, writer.length - at - 4);
}

function writeFields(writer: Writer, frame: Frame): void {
  switch (frame.kind) {
    case 'hello':
      writer.int32(WIRE_FORMAT);
      writer.string(frame.node);
      writer.long(frame.incarnation);
      writer.string(frame.ringId);
      writer.string(frame.to);
      return;
    case 'beat':
      writer.long(frame.number);
      writer.long(frame.heard);
      return;
    case 'question':
    case 'answer':
      writer.long(frame.number);
      return;
    case 'forward':
    case 'reply':
      writer.long(frame.requestId);
      writer.buffer(frame.bytes);
      return;
    case 'knock':
    case 'lead':
    case 'promise':
    case 'follow':
    case 'replace':
    case 'entries':
    case 'commit':
    case 'vouch':
    case 'ack':
    case 'aware':
    case 'fenced':
    case 'copyBegin':
    case 'copyChunk':
    case 'copyTaken':
      writer.int32(frame.partition);
      writer.long(frame.epoch);
      writePartitionFields(writer, frame);
  }
}

type OfPartition = Extract<Frame, { readonly partition: number }>;

function writePartitionFields(writer: Writer, frame: OfPartition): void {
  switch (frame.kind) {
    case 'knock':
    case 'fenced':
      return;
    case 'lead':
      writer.long(frame.attempt);
      return;
    case 'promise':
      writer.long(frame.attempt);
      writer.long(frame.version);
      writeLog(writer, frame.log);
      return;
    case 'follow':
      writer.long(frame.keepSeq);
      return;
    case 'replace':
      writer.bool(frame.isContinued);
      return;
    case 'entries':
      writer.long(frame.committedSeq);
      writer.int32(frame.entries.length);
      for (const { epoch, seq, body } of frame.entries) {
        writer.long(epoch);
        writer.long(seq);
        writer.buffer(body);
      }
      return;
    case 'commit':
    case 'ack':
      writer.long(frame.seq);
      return;
    case 'vouch':
      writer.bool(frame.isOn);
      return;
    case 'aware':
      writer.long(frame.version);
      return;
    case 'copyBegin':
      writeCopying(writer, frame);
      return;
    case 'copyChunk':
      writer.long(frame.fromCursor);
      writer.long(frame.cursor);
      writer.buffer(frame.bytes);
      return;
    case 'copyTaken':
      writer.long(frame.fromCursor);
      writer.bool(frame.isWhole);
  }
}

function writeLog(writer: Writer, log: LogFacts): void {
  writer.long(log.lastSeq);
  writer.long(log.lastEpoch);
  writer.long(log.committedSeq);
  writeEpochs(writer, log.epochs);
  writer.bool(log.isWhole);
  writer.bool(log.copying !== null);
  if (log.copying !== null) writeCopying(writer, log.copying);
}

function writeCopying(writer: Writer, copying: Copying): void {
  writer.long(copying.baseSeq);
  writer.long(copying.baseEpoch);
  writeEpochs(writer, copying.epochs);
  writer.long(copying.cursor);
}

function writeEpochs(writer: Writer, epochs: readonly EpochStart[]): void {
  writer.int32(epochs.length);
  for (const { epoch, startSeq } of epochs) {
    writer.long(epoch);
    writer.long(startSeq);
  }
}

// --- reading ---

/** Null for what is no frame: whoever sent it is not understood in anything else either. */
export function readFrame(reader: Reader, bytes: Buffer, start: number, end: number): Frame | null {
  const kind = start < end ? KINDS[bytes[start]!] : undefined;
  if (kind === undefined) return null;
  reader.reset(bytes, start + 1, end);
  const frame = readFields(reader, kind);
  return reader.ok && reader.left === 0 ? frame : null;
}

function readFields(reader: Reader, kind: Frame['kind']): Frame | null {
  switch (kind) {
    case 'hello': {
      if (reader.int32() !== WIRE_FORMAT) return null;
      const node = reader.string() ?? '';
      const incarnation = reader.long();
      const ringId = reader.string();
      return { kind, node, incarnation, ringId, to: reader.string() ?? '' };
    }
    case 'beat':
      return { kind, number: reader.long(), heard: reader.long() };
    case 'question':
    case 'answer':
      return { kind, number: reader.long() };
    case 'forward':
    case 'reply':
      return { kind, requestId: reader.long(), bytes: reader.view() ?? NO_BYTES };
    case 'knock':
    case 'lead':
    case 'promise':
    case 'follow':
    case 'replace':
    case 'entries':
    case 'commit':
    case 'vouch':
    case 'ack':
    case 'aware':
    case 'fenced':
    case 'copyBegin':
    case 'copyChunk':
    case 'copyTaken': {
      const partition = reader.int32();
      const epoch = reader.long();
      return readPartitionFields(reader, kind, { partition, epoch });
    }
  }
}

const NO_BYTES = Buffer.alloc(0);

function readPartitionFields(
  reader: Reader,
  kind: OfPartition['kind'],
  of: { readonly partition: number; readonly epoch: number },
): Frame {
  switch (kind) {
    case 'knock':
    case 'fenced':
      return { kind, ...of };
    case 'lead':
      return { kind, ...of, attempt: reader.long() };
    case 'promise':
      return { kind, ...of, attempt: reader.long(), version: reader.long(), log: readLog(reader) };
    case 'follow':
      return { kind, ...of, keepSeq: reader.long() };
    case 'replace':
      return { kind, ...of, isContinued: reader.bool() };
    case 'entries':
      return { kind, ...of, committedSeq: reader.long(), entries: readEntries(reader) };
    case 'commit':
    case 'ack':
      return { kind, ...of, seq: reader.long() };
    case 'vouch':
      return { kind, ...of, isOn: reader.bool() };
    case 'aware':
      return { kind, ...of, version: reader.long() };
    case 'copyBegin':
      return { kind, ...of, ...readCopying(reader) };
    case 'copyChunk':
      return {
        kind,
        ...of,
        fromCursor: reader.long(),
        cursor: reader.long(),
        bytes: reader.view() ?? NO_BYTES,
      };
    case 'copyTaken':
      return { kind, ...of, fromCursor: reader.long(), isWhole: reader.bool() };
  }
}

function readEntries(reader: Reader): LogEntry[] {
  const count = reader.count(ENTRY_BYTES);
  const entries: LogEntry[] = [];
  for (let i = 0; i < count; i++) {
    const epoch = reader.long();
    const seq = reader.long();
    entries.push({ epoch, seq, body: reader.view() ?? NO_BYTES });
  }
  return entries;
}

function readLog(reader: Reader): LogFacts {
  const lastSeq = reader.long();
  const lastEpoch = reader.long();
  const committedSeq = reader.long();
  const epochs = readEpochs(reader);
  const isWhole = reader.bool();
  const copying = reader.bool() ? readCopying(reader) : null;
  return { lastSeq, lastEpoch, committedSeq, epochs, isWhole, copying };
}

function readCopying(reader: Reader): Copying {
  const baseSeq = reader.long();
  const baseEpoch = reader.long();
  const epochs = readEpochs(reader);
  return { baseSeq, baseEpoch, epochs, cursor: reader.long() };
}

function readEpochs(reader: Reader): EpochStart[] {
  const count = reader.count(EPOCH_BYTES);
  const epochs: EpochStart[] = [];
  for (let i = 0; i < count; i++) epochs.push({ epoch: reader.long(), startSeq: reader.long() });
  return epochs;
}
