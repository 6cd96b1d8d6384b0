/**
 * Messages between nodes as bytes: a frame for each.
 *
 *   frame   length i32 │ kind u8 │ body          numbers big-endian; texts and bytes with an i32 length before them
 *   log     last, committed i64 │ is whole u8 │ epochs │ is copying u8 │ copying?
 *
 * What is read is checked before memory is taken for it. Bytes within a decoded message are borrowed from its frame.
 */
import { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { isNodeId } from '../../ring/topology.ts';
import {
  type Copying,
  EPOCHS_TOLD_MAX,
  type EpochStart,
  type LogEntry,
  type LogFacts,
} from '../messages.ts';
import type { Compared, MeshMessage } from './mesh-messages.ts';

type Copied = Compared['copies'][number];

/** In hello: who speaks something else is not understood. */
const MAGIC = 0x5a42_5231;
const FLAG_BYTES = 1;
const ENTRY_BYTES_MIN = 12;
const EPOCH_BYTES = 16;
const COPIED_BYTES_MIN = 12;

/** Positions are the kinds' numbers on the wire: add at the end. */
const KINDS = [
  'hello',
  'lead',
  'follow',
  'replace',
  'entries',
  'commit',
  'vouch',
  'knock',
  'promise',
  'aware',
  'ack',
  'fenced',
  'beat',
  'question',
  'answer',
  'copyChunk',
  'copyTaken',
  'copyRefused',
  'forward',
  'forwarded',
  'askDigest',
  'digest',
  'distrust',
  'compare',
  'compared',
] as const satisfies readonly MeshMessage['kind'][];

const NUMBER_OF = new Map<MeshMessage['kind'], number>(KINDS.map((kind, i) => [kind, i]));

/** Positions are numbers on the wire, too. */
const VERDICTS = ['equal', 'different', 'unknown'] as const;

/** What is more than this beside a body is no message of ours. */
export const MESSAGE_SLACK_BYTES = 0x1_0000;

// --- writing ---

export function writeMessage(out: Writer, message: MeshMessage): void {
  const start = out.gap(4);
  out.byte(NUMBER_OF.get(message.kind)!);
  writeBody(out, message);
  out.patchInt32(start, out.length - start - 4);
}

function writeBody(out: Writer, message: MeshMessage): void {
  switch (message.kind) {
    case 'hello':
      out.int32(MAGIC);
      out.string(message.ringId);
      out.string(message.from);
      out.long(message.incarnation);
      out.string(message.to);
      out.long(message.dial);
      return;
    case 'beat':
      out.long(message.number);
      out.long(message.heard);
      return;
    case 'question':
    case 'answer':
      out.long(message.number);
      return;
    case 'forward':
      out.long(message.requestId);
      out.buffer(message.errand);
      return;
    case 'forwarded':
      out.long(message.requestId);
      out.buffer(message.reply);
      return;
    case 'copyChunk':
      out.int32(message.partition);
      out.long(message.epoch);
      out.long(message.copy);
      out.int32(message.number);
      writeCopying(out, message.copying);
      out.long(message.nextCursor);
      out.int32(message.crc | 0);
      out.buffer(message.bytes);
      return;
    case 'copyTaken':
      out.int32(message.partition);
      out.long(message.copy);
      out.int32(message.number);
      return;
    case 'copyRefused':
      out.int32(message.partition);
      out.long(message.copy);
      return;
    default:
      out.int32(message.partition);
      out.long(message.epoch);
  }
  switch (message.kind) {
    case 'lead':
      out.long(message.attempt);
      return;
    case 'follow':
      out.long(message.keepSeq);
      return;
    case 'replace':
      out.bool(message.isContinued);
      return;
    case 'entries':
      out.long(message.committedSeq);
      writeEntries(out, message.entries);
      return;
    case 'commit':
    case 'ack':
      out.long(message.seq);
      return;
    case 'vouch':
      out.bool(message.isOn);
      return;
    case 'askDigest':
      out.long(message.seq);
      return;
    case 'digest':
      out.long(message.seq);
      out.buffer(message.digest);
      out.long(message.copiedBytes);
      return;
    case 'compare':
      out.long(message.requestId);
      return;
    case 'compared':
      out.long(message.requestId);
      out.int32(VERDICTS.indexOf(message.verdict));
      out.string(message.words);
      out.int32(message.copies.length);
      for (const { node, copiedBytes } of message.copies) {
        out.string(node);
        out.long(copiedBytes);
      }
      return;
    case 'promise':
      out.long(message.attempt);
      out.long(message.version);
      writeLog(out, message.log);
      return;
    case 'aware':
      out.long(message.version);
      return;
    case 'knock':
    case 'fenced':
    case 'distrust':
  }
}

function writeEntries(out: Writer, entries: readonly LogEntry[]): void {
  out.long(entries[0]!.seq);
  out.int32(entries.length);
  for (const { epoch, body } of entries) {
    out.long(epoch);
    out.buffer(body);
  }
}

function writeLog(out: Writer, log: LogFacts): void {
  const { lastSeq, committedSeq, isWhole, epochs, copying } = log;
  out.long(lastSeq);
  out.long(committedSeq);
  out.bool(isWhole);
  writeEpochs(out, epochs);
  out.bool(copying !== null);
  if (copying !== null) writeCopying(out, copying);
}

function writeEpochs(out: Writer, epochs: readonly EpochStart[]): void {
  out.int32(epochs.length);
  for (const { epoch, startSeq } of epochs) {
    out.long(epoch);
    out.long(startSeq);
  }
}

function writeCopying(out: Writer, { baseSeq, baseEpoch, epochs, cursor }: Copying): void {
  out.long(baseSeq);
  out.long(baseEpoch);
  writeEpochs(out, epochs);
  out.long(cursor);
}

// --- reading ---

/** Reads one frame after the other; null for what is no message. */
export class MessageReader {
  readonly #in = new Reader();

  read(bytes: Buffer, start: number, end: number): MeshMessage | null {
    if (end - start < FLAG_BYTES) return null;
    const kind = KINDS[bytes[start]!];
    if (kind === undefined) return null;
    const input = this.#in.reset(bytes, start + FLAG_BYTES, end);
    const message = this.#readBody(kind);
    return message !== null && input.ok && input.left === 0 ? message : null;
  }

  #readBody(kind: (typeof KINDS)[number]): MeshMessage | null {
    const input = this.#in;
    switch (kind) {
      case 'hello':
        return this.#readHello();
      case 'beat':
        return { kind, number: this.#count(), heard: this.#count() };
      case 'question':
      case 'answer':
        return { kind, number: this.#count() };
      case 'forward':
        return { kind, requestId: this.#count(), errand: this.#bytes() };
      case 'forwarded':
        return { kind, requestId: this.#count(), reply: this.#bytes() };
      case 'copyChunk':
        return this.#readChunk();
      case 'copyTaken':
        return { kind, partition: this.#int(), copy: this.#count(), number: this.#int() };
      case 'copyRefused':
        return { kind, partition: this.#int(), copy: this.#count() };
      default:
    }
    const partition = this.#int();
    const epoch = this.#count();
    switch (kind) {
      case 'lead':
        return { kind, partition, epoch, attempt: this.#count() };
      case 'follow':
        return { kind, partition, epoch, keepSeq: this.#count() };
      case 'replace':
        return { kind, partition, epoch, isContinued: input.bool() };
      case 'entries': {
        const committedSeq = this.#count();
        const entries = this.#readEntries();
        return entries === null ? null : { kind, partition, epoch, committedSeq, entries };
      }
      case 'commit':
      case 'ack':
        return { kind, partition, epoch, seq: this.#count() };
      case 'vouch':
        return { kind, partition, epoch, isOn: input.bool() };
      case 'promise': {
        const attempt = this.#count();
        const version = input.long();
        return { kind, partition, epoch, attempt, version, log: this.#readLog() };
      }
      case 'aware':
        return { kind, partition, epoch, version: input.long() };
      case 'askDigest':
        return { kind, partition, epoch, seq: this.#count() };
      case 'digest':
        return {
          kind,
          partition,
          epoch,
          seq: this.#count(),
          digest: this.#bytes(),
          copiedBytes: this.#count(),
        };
      case 'compare':
        return { kind, partition, epoch, requestId: this.#count() };
      case 'compared':
        return this.#readCompared(partition, epoch);
      case 'knock':
      case 'fenced':
      case 'distrust':
        return { kind, partition, epoch };
    }
  }

  #readCompared(partition: number, epoch: number): MeshMessage | null {
    const input = this.#in;
    const requestId = this.#count();
    const verdict = VERDICTS[input.int32()];
    const words = input.string();
    const copies: Copied[] = [];
    for (let left = input.count(COPIED_BYTES_MIN); left > 0 && input.ok; left--) {
      const node = input.string();
      if (node === null || !isNodeId(node)) return null;
      copies.push({ node, copiedBytes: this.#count() });
    }
    if (verdict === undefined || words === null) return null;
    return { kind: 'compared', partition, epoch, requestId, verdict, words, copies };
  }

  #readHello(): MeshMessage | null {
    const input = this.#in;
    const magic = input.int32();
    const ringId = input.string();
    const from = input.string();
    const incarnation = this.#count();
    const to = input.string();
    const dial = this.#count();
    const isSense =
      magic === MAGIC && from !== null && to !== null && isNodeId(from) && isNodeId(to);
    return isSense ? { kind: 'hello', ringId, from, incarnation, to, dial } : null;
  }

  #readEntries(): LogEntry[] | null {
    const firstSeq = this.#count();
    const count = this.#in.count(ENTRY_BYTES_MIN);
    if (count < 1 || firstSeq < 1) return null;
    const entries: LogEntry[] = [];
    for (let i = 0; i < count && this.#in.ok; i++) {
      entries.push({ epoch: this.#count(), seq: firstSeq + i, body: this.#bytes() });
    }
    return entries;
  }

  #readLog(): LogFacts {
    const lastSeq = this.#count();
    const committedSeq = this.#count();
    const isWhole = this.#in.bool();
    const epochs = this.#readEpochs();
    const copying = this.#in.bool() ? this.#readCopying() : null;
    const lastEpoch = epochs.at(-1)?.epoch ?? 0;
    return { lastSeq, lastEpoch, committedSeq, epochs, isWhole, copying };
  }

  #readEpochs(): EpochStart[] {
    const count = this.#in.count(EPOCH_BYTES);
    if (count < 0 || count > EPOCHS_TOLD_MAX) this.#in.ok = false;
    const epochs: EpochStart[] = [];
    for (let i = 0; i < count && this.#in.ok; i++) {
      epochs.push({ epoch: this.#count(), startSeq: this.#count() });
    }
    return epochs;
  }

  #readCopying(): Copying {
    const baseSeq = this.#count();
    const baseEpoch = this.#count();
    const epochs = this.#readEpochs();
    return { baseSeq, baseEpoch, epochs, cursor: this.#count() };
  }

  #readChunk(): MeshMessage {
    const partition = this.#int();
    const epoch = this.#count();
    const copy = this.#count();
    const number = this.#int();
    const copying = this.#readCopying();
    const nextCursor = this.#count();
    const crc = this.#in.int32() >>> 0;
    const bytes = this.#bytes();
    const place = { partition, epoch, copy, number };
    return { kind: 'copyChunk', ...place, copying, nextCursor, crc, bytes };
  }

  /** Whole numbers from 0 on that a number holds exactly; anything else makes the message none. */
  #count(): number {
    const value = this.#in.long();
    if (value < 0 || !Number.isSafeInteger(value)) this.#in.ok = false;
    return value;
  }

  #int(): number {
    const value = this.#in.int32();
    if (value < 0) this.#in.ok = false;
    return value;
  }

  #bytes(): Uint8Array {
    const view = this.#in.view();
    if (view !== null) return view;
    this.#in.ok = false;
    return NONE;
  }
}

const NONE = new Uint8Array(0);
