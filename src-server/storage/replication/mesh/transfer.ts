/**
 * Copies of whole partitions, out of this node and into it, over the links between nodes.
 *
 *   leader   copyTo ─▶ waits for its turn ─▶ chunk chunk chunk ─▶          a few on their way, so many bytes a second
 *   learner  expectCopy ─▶ checks, installs, makes durable ─▶ taken ─▶     the last one: installed
 *
 * A chunk is at most about a megabyte and carries a checksum. What broke off goes on at the chunk that was not taken: the learner
 * tells its leader how far it has come when it promises, and the leader orders the rest.
 */
import { assert } from '../../../base/assert.ts';
import { crc32c } from '../../../bytes/checksum.ts';
import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/logger.ts';
import type { NodeId } from '../../ring/topology.ts';
import type { CopyTo, ExpectCopy, StopCopyTo } from '../effects.ts';
import type { Copying, EpochStart } from '../messages.ts';
import type { CopyChunk, CopyMessage } from './mesh-messages.ts';
import { TokenBucket } from './token-bucket.ts';

/** The engine's store of a partition, as far as copies need it. */
export interface CopyStore {
  readonly bytes: number;
  readonly installing: Copying | null;
  /** @returns null where its bytes are damaged */
  copy(
    cursor: number,
    maxBytes: number,
  ): { readonly cursor: number; readonly bytes: Uint8Array } | null;
  /** About which part of the keys lies before a cursor: 0 to 1. */
  partBefore(cursor: number): number;
  beginInstall(base: {
    readonly baseSeq: number;
    readonly baseEpoch: number;
    readonly epochs: readonly EpochStart[];
  }): void;
  /** @returns false where the bytes are damaged */
  installChunk(chunk: { readonly cursor: number; readonly bytes: Uint8Array }): boolean;
  endInstall(): void;
}

export interface TransferPorts {
  /** Null where there is none. */
  store(partition: number): CopyStore | null;
  create(partition: number): CopyStore;
  /** Entries from there on are needed by a copy that is under way; null: no more. */
  keepFrom(partition: number, seq: number | null): void;
  /** Whether this copy may go on now: somebody may have paused it, or the disk over there is nearly full. */
  mayCopy(partition: number, to: NodeId): boolean;
  /** Whatever was installed before is durable when it is done. An error is the node's end. */
  flush(done: (error: Error | null) => void): void;
  /** From whom and in which epoch a copy of this partition may come; null: it must not come. */
  expected(partition: number): { readonly from: NodeId; readonly epoch: number } | null;
  send(to: NodeId, message: CopyMessage): boolean;
  unsentBytes(node: NodeId): number;
  onProgressed(partition: number, copying: Copying): void;
  /** Durable, and a log to continue. */
  onInstalled(partition: number): void;
}

export interface TransferLimits {
  /** For all copies out of this node together, and as much for all into it; Infinity for no bound. */
  readonly bytesPerSecond: number;
  /** Copies out of this node at the same time; the others wait. */
  readonly outMax: number;
}

export const DEFAULT_TRANSFER_LIMITS: TransferLimits = {
  bytesPerSecond: 64 * 1024 * 1024,
  outMax: 2,
};

export interface TransfersOptions {
  readonly ports: TransferPorts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<TransferLimits>;
}

/** What people are told of a copy. */
export interface CopyProgress {
  readonly partition: number;
  readonly direction: 'out' | 'in';
  readonly peer: NodeId;
  /** Of keys and values; durable at whoever takes them. */
  readonly bytes: number;
  /** About as many as it will be; null where only the other end knows. */
  readonly bytesTotal: number | null;
  readonly bytesPerSecond: number;
  /** `held`: it may not go on now; `waiting`: others go first. */
  readonly state: 'running' | 'waiting' | 'held';
  readonly startedMs: number;
}

/** Four of them are a megabyte: what is lost with a link, or with whoever is at either end of it. */
const CHUNK_BYTES = 0x4_0000;
/** Chunks on their way. */
const WINDOW = 4;
/** While more than this waits for the system to take it, entries and beats come first. */
const UNSENT_BYTES_MAX = 0x40_0000;
/** After a copy its learner asks for the entries that came meanwhile. */
const KEEP_MS = 60_000;
/** How fast a copy is, is told of the last while. */
const SPEED_OVER_MS = 1000;

interface Outgoing {
  readonly order: CopyTo;
  readonly copy: number;
  readonly startedMs: number;
  state: CopyProgress['state'];
  /** Of the next chunk. */
  cursor: number;
  number: number;
  taken: number;
  /** Where each chunk that is on its way ends; 0 for the last one. */
  readonly ends: Map<number, number>;
  /** Up to there everything was taken. */
  takenCursor: number;
  isSent: boolean;
  readonly speed: Speed;
}

interface Incoming {
  readonly order: ExpectCopy;
  readonly startedMs: number;
  /** 0 before the first chunk. */
  copy: number;
  nextNumber: number;
  /** Of keys and values, in this copy. */
  bytes: number;
  readonly speed: Speed;
}

/** Bytes a second, over the last second or so. */
class Speed {
  #fromMs: number;
  #fromBytes: number;
  #perSecond = 0;

  constructor(nowMs: number, bytes: number) {
    this.#fromMs = nowMs;
    this.#fromBytes = bytes;
  }

  note(nowMs: number, bytes: number): void {
    const passedMs = nowMs - this.#fromMs;
    if (passedMs < SPEED_OVER_MS) return;
    this.#perSecond = ((bytes - this.#fromBytes) / passedMs) * 1000;
    this.#fromMs = nowMs;
    this.#fromBytes = bytes;
  }

  /** What has stopped is told to be slower and slower. */
  at(nowMs: number, bytes: number): number {
    const passedMs = nowMs - this.#fromMs;
    const isFresh = passedMs < 2 * SPEED_OVER_MS && this.#perSecond > 0;
    const perSecond = isFresh
      ? this.#perSecond
      : ((bytes - this.#fromBytes) / Math.max(1, passedMs)) * 1000;
    return Math.max(0, Math.round(perSecond));
  }
}

export class Transfers {
  readonly #options: TransfersOptions;
  #limits: TransferLimits;
  readonly #bucket: TokenBucket;
  /** Of what comes in: a chunk is acknowledged when it may be followed by another. */
  readonly #inBucket: TokenBucket;
  /** Of keys and values, taken over the network since this node has a copy of the partition. */
  readonly #copied = new Map<number, number>();
  /** By partition and node, in the order in which they were asked for. */
  readonly #out = new Map<string, Outgoing>();
  readonly #in = new Map<number, Incoming>();
  readonly #kept = new Map<number, Timer>();
  #copies = 0;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(options: TransfersOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_TRANSFER_LIMITS, ...options.limits };
    const { bytesPerSecond } = this.#limits;
    this.#bucket = new TokenBucket(bytesPerSecond, options.clock.nowMs());
    this.#inBucket = new TokenBucket(bytesPerSecond, options.clock.nowMs());
  }

  get progress(): CopyProgress[] {
    const nowMs = this.#options.clock.nowMs();
    const out = [...this.#out.values()].map((one): CopyProgress => {
      const { order, state, startedMs, speed } = one;
      const { partition, to: peer } = order;
      const bytesTotal = this.#options.ports.store(partition)?.bytes ?? null;
      const bytes = this.#takenBytes(one);
      const bytesPerSecond = speed.at(nowMs, bytes);
      return {
        partition,
        direction: 'out',
        peer,
        bytes,
        bytesTotal,
        bytesPerSecond,
        state,
        startedMs,
      };
    });
    const incoming = [...this.#in.values()].map((one): CopyProgress => {
      const { order, bytes, nextNumber, startedMs, speed } = one;
      const { partition, from: peer } = order;
      return {
        partition,
        direction: 'in',
        peer,
        bytes,
        bytesTotal: null,
        bytesPerSecond: speed.at(nowMs, bytes),
        state: nextNumber === 0 ? 'waiting' : 'running',
        startedMs,
      };
    });
    return [...out, ...incoming];
  }

  /** What this node took over the network for its copy of a partition. */
  copiedBytes(partition: number): number {
    return this.#copied.get(partition) ?? 0;
  }

  /** It has no copy of it any more, or gave it up. */
  forgetCopied(partition: number): void {
    this.#copied.delete(partition);
  }

  /** Whether anything is copied, out or in. */
  get isBusy(): boolean {
    return this.#in.size > 0 || this.#out.size > 0;
  }

  setRate(bytesPerSecond: number): void {
    this.setLimits({ ...this.#limits, bytesPerSecond });
  }

  /** From now on. */
  setLimits(limits: TransferLimits): void {
    const nowMs = this.#options.clock.nowMs();
    if (limits.bytesPerSecond !== this.#limits.bytesPerSecond) {
      this.#bucket.change(limits.bytesPerSecond, nowMs);
      this.#inBucket.change(limits.bytesPerSecond, nowMs);
    }
    this.#limits = limits;
    this.#pump();
  }

  /** Something may go on, or must wait, that did not before. */
  reconsider(): void {
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const timer of this.#kept.values()) timer.cancel();
    this.#out.clear();
    this.#in.clear();
  }

  // --- out ---

  copyTo(order: CopyTo): void {
    const { partition, to, cursor } = order;
    const startedMs = this.#options.clock.nowMs();
    const copy = ++this.#copies;
    const store = this.#options.ports.store(partition);
    const speed = new Speed(startedMs, (store?.bytes ?? 0) * (store?.partBefore(cursor) ?? 0));
    this.#forget(partition, to);
    this.#out.set(keyOf(partition, to), {
      order,
      copy,
      startedMs,
      state: 'waiting',
      cursor,
      number: 0,
      taken: 0,
      ends: new Map(),
      takenCursor: cursor,
      isSent: false,
      speed,
    });
    this.#keep(partition, order.baseSeq + 1);
    this.#pump();
  }

  stopCopyTo({ partition, to }: Pick<StopCopyTo, 'partition' | 'to'>): void {
    this.#forget(partition, to);
    this.#pump();
  }

  /** The system took what was waiting for this node. */
  onRoom(): void {
    this.#pump();
  }

  #forget(partition: number, to: NodeId): void {
    if (this.#out.delete(keyOf(partition, to))) this.#letGoLater(partition);
  }

  /** Entries since the oldest base that somebody is being sent. */
  #keep(partition: number, seq: number): void {
    this.#kept.get(partition)?.cancel();
    this.#kept.delete(partition);
    let fromSeq = seq;
    for (const { order } of this.#out.values()) {
      if (order.partition === partition) fromSeq = Math.min(fromSeq, order.baseSeq + 1);
    }
    this.#options.ports.keepFrom(partition, fromSeq);
  }

  #letGoLater(partition: number): void {
    if (this.#isClosed) return;
    if ([...this.#out.values()].some(({ order }) => order.partition === partition)) return;
    this.#kept.get(partition)?.cancel();
    const timer = this.#options.clock.after(KEEP_MS, () => {
      this.#kept.delete(partition);
      this.#options.ports.keepFrom(partition, null);
    });
    this.#kept.set(partition, timer);
  }

  /** Sends what may go now, the oldest copies first, and comes back when more may. */
  #pump(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isClosed) return;
    let active = 0;
    let waitMs = 0;
    for (const one of this.#out.values()) {
      const { partition, to } = one.order;
      if (!this.#options.ports.mayCopy(partition, to)) {
        one.state = 'held';
        continue;
      }
      if (active === this.#limits.outMax) {
        one.state = 'waiting';
        continue;
      }
      active++;
      one.state = 'running';
      while (waitMs === 0 && this.#mayGo(one)) {
        waitMs = this.#bucket.waitMs(this.#options.clock.nowMs());
        if (waitMs === 0) this.#sendChunk(one);
      }
    }
    if (waitMs > 0) this.#timer = this.#options.clock.after(Math.ceil(waitMs), () => this.#pump());
  }

  #mayGo({ order, number, taken, isSent }: Outgoing): boolean {
    const { ports } = this.#options;
    return !isSent && number - taken < WINDOW && ports.unsentBytes(order.to) < UNSENT_BYTES_MAX;
  }

  #sendChunk(one: Outgoing): void {
    const { ports, clock } = this.#options;
    const { order, copy, number, cursor } = one;
    const { partition, to, epoch, baseSeq, baseEpoch, epochs } = order;
    const store = ports.store(partition);
    assert(store !== null, 'who leads a partition has it');
    const chunk = store.copy(cursor, CHUNK_BYTES);
    if (chunk === null) {
      // Who is damaged does not lead any more; whoever does begins a copy of its own.
      one.isSent = true;
      this.#forget(partition, to);
      return;
    }
    const { cursor: nextCursor, bytes } = chunk;
    one.number++;
    one.cursor = nextCursor;
    one.isSent = nextCursor === 0;
    one.ends.set(number, nextCursor);
    this.#bucket.take(bytes.length, clock.nowMs());
    const copying = { baseSeq, baseEpoch, epochs, cursor };
    const crc = crc32c(bytes, 0, bytes.length);
    const what = { partition, epoch, copy, number, copying, nextCursor, crc, bytes };
    ports.send(to, { kind: 'copyChunk', ...what });
  }

  #onTaken(from: NodeId, partition: number, copy: number, number: number): void {
    const one = this.#out.get(keyOf(partition, from));
    if (one?.copy !== copy) return;
    for (; one.taken <= number; one.taken++) {
      one.takenCursor = one.ends.get(one.taken) ?? one.takenCursor;
      one.ends.delete(one.taken);
    }
    one.speed.note(this.#options.clock.nowMs(), this.#takenBytes(one));
    if (one.isSent && one.taken === one.number) this.#forget(partition, from);
    this.#pump();
  }

  /** Keys are spread evenly over the order in which they are copied. */
  #takenBytes({ order, takenCursor, taken }: Outgoing): number {
    const store = this.#options.ports.store(order.partition);
    if (store === null) return 0;
    if (taken > 0 && takenCursor === 0) return store.bytes;
    return Math.round(store.bytes * store.partBefore(takenCursor));
  }

  /** Began anew, as another copy: what is on its way of the old one is not of this one. */
  #onRefused(from: NodeId, partition: number, copy: number): void {
    const one = this.#out.get(keyOf(partition, from));
    if (one?.copy !== copy) return;
    this.#options.logger.warn('a copy begins anew', { partition, to: from });
    this.copyTo({ ...one.order, cursor: 0 });
  }

  // --- in ---

  expectCopy(order: ExpectCopy): void {
    const startedMs = this.#options.clock.nowMs();
    const speed = new Speed(startedMs, 0);
    if (order.copying === null) this.#copied.delete(order.partition);
    this.#in.set(order.partition, { order, startedMs, copy: 0, nextNumber: 0, bytes: 0, speed });
  }

  forgetCopy(partition: number): void {
    this.#in.delete(partition);
  }

  onMessage(from: NodeId, message: CopyMessage): void {
    const { partition, copy } = message;
    switch (message.kind) {
      case 'copyTaken':
        this.#onTaken(from, partition, copy, message.number);
        return;
      case 'copyRefused':
        this.#onRefused(from, partition, copy);
        return;
      case 'copyChunk':
        this.#onChunk(from, message);
    }
  }

  #onChunk(from: NodeId, chunk: CopyChunk): void {
    const { ports } = this.#options;
    const { partition, epoch, copy, number } = chunk;
    const one = this.#in.get(partition);
    const expected = ports.expected(partition);
    if (one === undefined || expected?.from !== from || expected.epoch !== epoch) return;
    if (number === 0 && copy > one.copy) {
      one.copy = copy;
      one.nextNumber = 0;
    }
    // What follows a chunk that was refused is of no use either; it was said once.
    if (copy !== one.copy || number !== one.nextNumber) return;
    const { crc, bytes } = chunk;
    const bytesBefore = ports.store(partition)?.bytes ?? 0;
    if (crc32c(bytes, 0, bytes.length) !== crc || !this.#install(chunk)) {
      one.nextNumber = -1;
      ports.send(from, { kind: 'copyRefused', partition, copy });
      return;
    }
    one.nextNumber++;
    this.#onInstalled(one, number === 0 && chunk.copying.cursor === 0 ? 0 : bytesBefore);
    const { clock } = this.#options;
    this.#inBucket.take(bytes.length, clock.nowMs());
    const isLast = chunk.nextCursor === 0;
    if (!isLast) ports.onProgressed(partition, { ...chunk.copying, cursor: chunk.nextCursor });
    ports.flush((error) => {
      // Another copy may have been ordered meanwhile; it begins with its own first chunk.
      if (error !== null || this.#isClosed || this.#in.get(partition) !== one) return;
      if (one.copy !== copy) return;
      const taken = { kind: 'copyTaken', partition, copy, number } as const;
      const waitMs = this.#inBucket.waitMs(clock.nowMs());
      if (waitMs === 0) ports.send(from, taken);
      else clock.after(Math.ceil(waitMs), () => ports.send(from, taken));
      if (!isLast) return;
      this.#in.delete(partition);
      ports.onInstalled(partition);
    });
  }

  /** @param bytesBefore of keys and values, that were there before the chunk */
  #onInstalled(one: Incoming, bytesBefore: number): void {
    const { ports, clock } = this.#options;
    const { partition } = one.order;
    const bytes = Math.max(0, (ports.store(partition)?.bytes ?? 0) - bytesBefore);
    one.bytes += bytes;
    one.speed.note(clock.nowMs(), one.bytes);
    this.#copied.set(partition, this.copiedBytes(partition) + bytes);
  }

  /** @returns false where it cannot be: it does not go on where this end stands, or its bytes are damaged */
  #install({ partition, number, copying, nextCursor, bytes }: CopyChunk): boolean {
    const { ports } = this.#options;
    const store = ports.store(partition) ?? ports.create(partition);
    if (number === 0 && copying.cursor === 0) store.beginInstall(copying);
    const { installing } = store;
    const goesOn =
      installing?.baseSeq === copying.baseSeq &&
      installing.baseEpoch === copying.baseEpoch &&
      installing.cursor === copying.cursor;
    if (!goesOn || !store.installChunk({ cursor: nextCursor, bytes })) return false;
    if (nextCursor === 0) store.endInstall();
    return true;
  }
}

function keyOf(partition: number, node: NodeId): string {
  return `${partition} ${node}`;
}
