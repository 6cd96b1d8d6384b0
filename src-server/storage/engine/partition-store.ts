/**
 * A partition in the shared log: its entries, what of them is not committed, and its keys.
 *
 *   append ─▶ record in the log ─▶ keys show the op      undo remembers what they showed before
 *   commit ─▶ undo forgets         truncate ─▶ undo is carried out
 *
 * Recovery hands over what it finds, in the order of the log, to the same methods, so that a partition after a restart is the
 * one before it (E1).
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../bytes/checksum.ts';
import { BODY_BYTES_MAX, BodyReader, isSoundBody, OpKind } from './body.ts';
import { gatherCommitted } from './copy.ts';
import { HASHES, hashOf } from './key-hash.ts';
import type { KeyPrinter } from './key-print.ts';
import type { Log } from './log.ts';
import { PartitionKeys } from './partition-keys.ts';
import { encodeState, type PartitionState } from './partition-state.ts';
import {
  offsetOf,
  readFields,
  readHeader,
  RECORD_HEADER_BYTES,
  RecordHeader,
  RecordKind,
  segmentOf,
  tieOf,
} from './record.ts';
import {
  type Chunk,
  type Damage,
  type Digest,
  EngineDamage,
  type Entry,
  type EpochStart,
  type Found,
  type InstallBase,
  type Installing,
  type Scan,
  type Store,
} from './store.ts';
import { Tail, type TailBudget } from './tail.ts';
import { type Change, Uncommitted } from './uncommitted.ts';

export interface PartitionParts {
  readonly log: Log;
  readonly printer: KeyPrinter;
  readonly budget: TailBudget;
  /** Whether it matters which keys are asked for. */
  readonly notesUse: boolean;
  readonly onDamage: (damage: Damage) => void;
}

/** A replica that asks for an epoch before the oldest remembered one gets a copy. */
const EPOCHS_MAX = 512;
const NO_BYTES = new Uint8Array(0);

export class PartitionStore implements Store {
  readonly partition: number;
  readonly keys: PartitionKeys;
  readonly #parts: PartitionParts;
  readonly #log: Log;
  readonly #header = new RecordHeader();
  readonly #op = new BodyReader();
  readonly #uncommitted = new Uncommitted();
  #tail: Tail;
  #lastSeq = 0;
  #lastEpoch = 0;
  #committedSeq = 0;
  #epochs: EpochStart[] = [];
  #damage: Damage | null = null;
  #installing: Installing | null = null;
  #keptFrom: number | null = null;
  /** Off while recovery has met something of it, but not yet where its entries stand. */
  #isPlaced: boolean;

  constructor(partition: number, parts: PartitionParts, isPlaced = true) {
    this.partition = partition;
    this.#parts = parts;
    this.#log = parts.log;
    this.#isPlaced = isPlaced;
    this.#tail = new Tail(parts.budget, 1);
    this.keys = new PartitionKeys({
      log: parts.log,
      printer: parts.printer,
      tellDamage: (segment, offset, why) => this.damaged({ partition, segment, offset, why }),
    });
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  get committedSeq(): number {
    return this.#committedSeq;
  }

  get epochs(): readonly EpochStart[] {
    return this.#epochs;
  }

  get count(): number {
    return this.keys.table.count;
  }

  get bytes(): number {
    return this.keys.bytes;
  }

  get damage(): Damage | null {
    return this.#damage;
  }

  get installing(): Installing | null {
    return this.#installing;
  }

  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  get memoryBytes(): number {
    return this.keys.memoryBytes + this.#tail.memoryBytes;
  }

  // --- entries ---

  append({ epoch, seq, body }: Entry): void {
    assert(this.#installing === null, 'E9: a partition takes no entries while it is installed');
    assert(body.length <= BODY_BYTES_MAX, 'a body is one that recovery takes for one');
    assert(seq === this.#lastSeq + 1, 'E2: entries have no holes');
    assert(epoch >= this.#lastEpoch, 'E2: epochs do not go back');
    const position = this.#write(RecordKind.entry, epoch, seq, body);
    const op = this.#op.over(body, offsetOf(position) + RECORD_HEADER_BYTES);
    this.#enter(epoch, seq, position);
    while (op.nextUnchecked()) this.#apply(op, segmentOf(position), seq, true);
  }

  commit(seq: number): void {
    assert(seq <= this.#lastSeq, 'E4: what is committed was appended');
    if (seq <= this.#committedSeq) return;
    this.#committedSeq = seq;
    this.#uncommitted.commit(seq, this.#unpin);
  }

  truncate(seq: number): void {
    assert(seq >= this.#committedSeq, 'E4: what is committed is not taken back');
    if (seq >= this.#lastSeq) return;
    this.#write(RecordKind.truncate, this.#lastEpoch, seq, NO_BYTES);
    this.#takeBack(seq);
  }

  read(fromSeq: number, maxBytes: number): readonly Entry[] | 'gone' {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let seq = fromSeq; seq <= this.#lastSeq && (bytes < maxBytes || seq === fromSeq); seq++) {
      const position = this.#tail.at(seq);
      if (position < 0) return 'gone';
      const entry = this.#readEntry(position, seq);
      if (entry === null) return 'gone';
      bytes += entry.body.length;
      if (bytes <= maxBytes || entries.length === 0) entries.push(entry);
    }
    return entries;
  }

  keepFrom(seq: number | null): void {
    this.#keptFrom = seq;
    if (seq === null) this.#tail.shrink(this.#committedSeq + 1);
  }

  partBefore(cursor: number): number {
    return cursor / HASHES;
  }

  /** Where the first entry begins that compaction must leave alone: it is not committed, or somebody who lags may need it. */
  neededFrom(): { readonly uncommitted: number; readonly kept: number } {
    const uncommitted = this.#tail.at(this.#committedSeq + 1);
    const kept =
      this.#keptFrom === null ? -1 : this.#tail.at(Math.max(this.#keptFrom, this.#tail.firstSeq));
    return {
      uncommitted: uncommitted < 0 ? Infinity : uncommitted,
      kept: kept < 0 ? Infinity : kept,
    };
  }

  /** The log begins there from now on. */
  forgetBefore(position: number): void {
    this.#tail.dropBefore(position);
  }

  #enter(epoch: number, seq: number, position: number): void {
    if (epoch !== this.#lastEpoch || this.#epochs.length === 0) {
      this.#epochs.push({ epoch, startSeq: seq });
      if (this.#epochs.length > EPOCHS_MAX) this.#epochs.shift();
    }
    this.#lastEpoch = epoch;
    this.#lastSeq = seq;
    this.#tail.push(position, this.#committedSeq + 1, this.#keptFrom);
  }

  #takeBack(seq: number): void {
    this.#uncommitted.takeBack(seq, this.#undo);
    this.#tail.truncate(seq);
    this.#lastSeq = seq;
    while ((this.#epochs.at(-1)?.startSeq ?? 0) > seq) this.#epochs.pop();
    this.#lastEpoch = this.#epochs.at(-1)?.epoch ?? 0;
  }

  #write(kind: RecordKind, epoch: number, seq: number, body: Uint8Array): number {
    const header = this.#header;
    header.kind = kind;
    header.partition = this.partition;
    header.epoch = epoch;
    header.seq = seq;
    header.committed = this.#committedSeq;
    return this.#log.append(header, body);
  }

  /** @returns null where it is not what was written */
  #readEntry(position: number, seq: number): Entry | null {
    const segment = this.#log.segment(segmentOf(position));
    const offset = offsetOf(position);
    const header = this.#header;
    const hot = segment.hotChunk(offset, RECORD_HEADER_BYTES);
    if (hot !== null) {
      readFields(hot.view, offset - hot.offset, header);
      const at = offset - hot.offset + RECORD_HEADER_BYTES;
      return { epoch: header.epoch, seq, body: hot.bytes.subarray(at, at + header.length) };
    }
    const head = this.#log.readFile(segment, offset, RECORD_HEADER_BYTES);
    const isHeader =
      head.length === RECORD_HEADER_BYTES &&
      readHeader(head, viewOf(head), 0, header, tieOf(segment.salt, offset)) &&
      header.seq === seq;
    if (isHeader) {
      const { epoch, length, bodyCrc } = header;
      const bodyAt = offset + RECORD_HEADER_BYTES;
      const body = this.#log.readFile(segment, bodyAt, length);
      if (body.length === length && crc32c(body, 0, length) === bodyCrc)
        return { epoch, seq, body };
    }
    this.damaged({
      partition: this.partition,
      segment: segment.number,
      offset,
      why: 'an entry is not what was written',
    });
    return null;
  }

  // --- keys ---

  get(key: Uint8Array): Found | null {
    return this.keys.get(key, this.#parts.notesUse);
  }

  pendingSeq(key: Uint8Array): number {
    if (this.#uncommitted.length === 0) return 0;
    const hash = hashOf(key);
    const { table } = this.keys;
    let seq = this.#uncommitted.deletedSeqOf(hash);
    for (let at = table.first(hash); at >= 0; at = table.sibling(at))
      seq = Math.max(seq, table.seq(at));
    return seq > this.#committedSeq ? seq : 0;
  }

  scan(cursor: number, count: number): Scan {
    return this.keys.scan(cursor, count);
  }

  due(wallMs: number, count: number): readonly Uint8Array[] {
    return this.keys.due(wallMs, count);
  }

  digest(): Digest {
    return this.keys.digest.read();
  }

  #apply(op: BodyReader, segment: number, seq: number, isUndoable: boolean): void {
    const { keys } = this;
    const at = keys.find(op);
    const isPut = op.kind === OpKind.put;
    if (isPut) keys.put(op, at, segment, seq);
    else if (at >= 0) keys.remove(at);
    if (!isUndoable) return;
    const prior = at >= 0 ? keys.prior : null;
    this.#uncommitted.push(seq, keys.made.hash, isPut ? keys.made : null, prior);
    if (prior !== null) this.#log.segment(prior.segment).pins++;
  }

  readonly #unpin = (segment: number): void => {
    this.#log.segment(segment).pins--;
  };

  readonly #undo = (change: Change): void => {
    if (change.prior !== null) this.#unpin(change.prior.segment);
    this.keys.restore(change);
  };

  /** Compaction carries an op on that a slot points at. */
  move(at: number, op: Uint8Array): void {
    const slot = this.keys.table.slot(at);
    const position = this.#write(RecordKind.moved, 0, slot.seq, op);
    const offset = offsetOf(position) + RECORD_HEADER_BYTES;
    this.keys.place({ ...slot, segment: segmentOf(position) & 0xffff, offset }, at);
  }

  /** Marks it damaged, and tells so once; what is to be thrown where somebody waits for an answer. */
  distrust(why: string): void {
    this.damaged({ partition: this.partition, segment: 0, offset: 0, why });
  }

  damaged(damage: Damage): EngineDamage {
    if (this.#damage === null) {
      this.#damage = damage;
      this.#parts.onDamage(damage);
    }
    return new EngineDamage(damage);
  }

  /** Whether something that counts lies in that stretch of a segment. */
  hasBytesIn(segment: number, from: number, to: number): boolean {
    for (let seq = this.#tail.firstSeq; seq <= this.#lastSeq; seq++) {
      const position = this.#tail.at(seq);
      if (segmentOf(position) === segment && offsetOf(position) >= from && offsetOf(position) < to)
        return true;
    }
    return this.keys.hasOpIn(this.#log.segment(segment), from, to);
  }

  // --- copies ---

  copy(cursor: number, maxBytes: number): Chunk | null {
    try {
      return gatherCommitted(this.keys, this.#uncommitted, cursor, maxBytes);
    } catch (error) {
      if (error instanceof EngineDamage) return null;
      throw error;
    }
  }

  beginInstall({ baseSeq, baseEpoch, epochs: known }: InstallBase): void {
    // The entry at the base has an epoch even where its source no longer knows where that began.
    const epochs =
      baseSeq === 0 || known.at(-1)?.epoch === baseEpoch
        ? known
        : [...known, { epoch: baseEpoch, startSeq: baseSeq }];
    this.drop();
    this.#damage = null;
    this.#place({
      lastSeq: baseSeq,
      lastEpoch: baseEpoch,
      committedSeq: baseSeq,
      epochs,
      installing: { baseSeq, baseEpoch, epochs, cursor: 0 },
      damage: null,
    });
    this.writeState();
  }

  installChunk({ cursor, bytes }: Chunk): boolean {
    assert(this.#installing !== null, 'E9: chunks come between the begin and the end of a copy');
    if (bytes.length > 0 && !isSoundBody(bytes)) return false;
    const next = cursor === 0 ? HASHES : cursor;
    const position = this.#write(RecordKind.chunk, 0, next, bytes);
    const op = this.#op.over(bytes, offsetOf(position) + RECORD_HEADER_BYTES);
    this.#takeChunk(op, segmentOf(position), next, () => op.nextUnchecked());
    return true;
  }

  endInstall(): void {
    assert(this.#installing !== null, 'E9: a copy that ends has begun');
    this.#installing = null;
    this.writeState();
  }

  #takeChunk(op: BodyReader, segment: number, cursor: number, next: () => boolean): void {
    while (next()) this.#apply(op, segment, this.#lastSeq, false);
    if (this.#installing !== null) this.#installing = { ...this.#installing, cursor };
  }

  // --- state ---

  /** So that the log tells of it whatever becomes of the segments before. */
  writeState(): void {
    const state: PartitionState = {
      lastSeq: this.#lastSeq,
      lastEpoch: this.#lastEpoch,
      committedSeq: this.#committedSeq,
      epochs: this.#epochs,
      installing: this.#installing,
      damage: this.#damage,
    };
    this.#write(RecordKind.state, 0, 0, encodeState(state));
  }

  /** Everything of it is void. */
  drop(): void {
    this.#write(RecordKind.drop, 0, 0, NO_BYTES);
    this.clear();
  }

  /** Nothing points into the log any more. */
  clear(): void {
    this.#uncommitted.commit(Infinity, this.#unpin);
    this.keys.clear();
  }

  #place(state: PartitionState): void {
    this.#isPlaced = true;
    this.#lastSeq = state.lastSeq;
    this.#lastEpoch = state.lastEpoch;
    this.#committedSeq = state.committedSeq;
    this.#epochs = [...state.epochs];
    this.#installing = state.installing;
    this.#tail = new Tail(this.#parts.budget, state.lastSeq + 1);
  }

  // --- what recovery found, in the order of the log; `next` goes from op to op ---

  replayEntry(header: RecordHeader, position: number, op: BodyReader, next: () => boolean): void {
    const { epoch, seq, committed } = header;
    if (!this.#isPlaced || seq !== this.#lastSeq + 1) {
      if (this.#isPlaced) this.#replayDamage(position, 'entries before this one are missing');
      if (this.#isPlaced && seq <= this.#lastSeq) this.#takeBack(seq - 1);
      this.#isPlaced = true;
      this.#lastSeq = seq - 1;
      this.#tail = new Tail(this.#parts.budget, seq);
    }
    this.#replayCommit(committed);
    this.#enter(epoch, seq, position);
    while (next()) this.#apply(op, segmentOf(position), seq, true);
  }

  replayMoved(header: RecordHeader, position: number, op: BodyReader, next: () => boolean): void {
    this.#replayCommit(header.committed);
    while (next()) this.#apply(op, segmentOf(position), header.seq, false);
  }

  replayChunk(header: RecordHeader, position: number, op: BodyReader, next: () => boolean): void {
    this.#takeChunk(op, segmentOf(position), header.seq, next);
  }

  replayTruncate(header: RecordHeader): void {
    this.#replayCommit(header.committed);
    if (this.#isPlaced) this.#takeBack(header.seq);
  }

  replayState(state: PartitionState, position: number): void {
    if (this.#isPlaced && this.#lastSeq !== state.lastSeq)
      this.#replayDamage(position, 'entries before this state are missing');
    if (!this.#isPlaced || this.#lastSeq !== state.lastSeq) this.#place(state);
    this.#replayCommit(state.committedSeq);
    this.#epochs = [...state.epochs];
    this.#lastEpoch = state.lastEpoch;
    this.#installing = state.installing;
    if (state.damage !== null) this.damaged(state.damage);
  }

  #replayCommit(seq: number): void {
    if (this.#isPlaced) this.commit(Math.min(seq, this.#lastSeq));
  }

  #replayDamage(position: number, why: string): void {
    this.damaged({
      partition: this.partition,
      segment: segmentOf(position),
      offset: offsetOf(position),
      why,
    });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
