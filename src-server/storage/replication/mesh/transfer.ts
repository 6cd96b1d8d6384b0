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
  keepFrom(seq: number | null): void;
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
  /** For all copies out of this node together; Infinity for no bound. */
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
  readonly bytes: number;
  /** About as many as it will be; null where only the other end knows. */
  readonly bytesTotal: number | null;
  readonly isWaiting: boolean;
  readonly startedMs: number;
}

/** Half of what a chunk may be: the last key of a chunk goes over. */
const CHUNK_BYTES = 0x8_0000;
/** Chunks on their way. */
const WINDOW = 4;
/** While more than this waits for the system to take it, entries and beats come first. */
const UNSENT_BYTES_MAX = 0x40_0000;
/** After a copy its learner asks for the entries that came meanwhile. */
const KEEP_MS = 60_000;

interface Outgoing {
  readonly order: CopyTo;
  readonly copy: number;
  readonly startedMs: number;
  isActive: boolean;
  /** Of the next chunk. */
  cursor: number;
  number: number;
  taken: number;
  isSent: boolean;
  bytes: number;
}

interface Incoming {
  readonly order: ExpectCopy;
  readonly startedMs: number;
  /** 0 before the first chunk. */
  copy: number;
  nextNumber: number;
  bytes: number;
}

export class Transfers {
  readonly #options: TransfersOptions;
  readonly #limits: TransferLimits;
  readonly #bucket: TokenBucket;
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
    this.#bucket = new TokenBucket(this.#limits.bytesPerSecond, options.clock.nowMs());
  }

  get progress(): CopyProgress[] {
    const out = [...this.#out.values()].map(({ order, bytes, isActive, startedMs }) => {
      const { partition, to: peer } = order;
      const bytesTotal = this.#options.ports.store(partition)?.bytes ?? null;
      const isWaiting = !isActive;
      return {
        partition,
        direction: 'out' as const,
        peer,
        bytes,
        bytesTotal,
        isWaiting,
        startedMs,
      };
    });
    const incoming = [...this.#in.values()].map(({ order, bytes, nextNumber, startedMs }) => {
      const { partition, from: peer } = order;
      const isWaiting = nextNumber === 0;
      return {
        partition,
        direction: 'in' as const,
        peer,
        bytes,
        bytesTotal: null,
        isWaiting,
        startedMs,
      };
    });
    return [...out, ...incoming];
  }

  /** From now on; Infinity for no bound. */
  throttle(bytesPerSecond: number): void {
    this.#bucket.change(bytesPerSecond, this.#options.clock.nowMs());
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
    const state = { isActive: false, cursor, number: 0, taken: 0, isSent: false, bytes: 0 };
    this.#forget(partition, to);
    this.#out.set(keyOf(partition, to), { order, copy, startedMs, ...state });
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
    this.#options.ports.store(partition)?.keepFrom(fromSeq);
  }

  #letGoLater(partition: number): void {
    if (this.#isClosed) return;
    if ([...this.#out.values()].some(({ order }) => order.partition === partition)) return;
    this.#kept.get(partition)?.cancel();
    const timer = this.#options.clock.after(KEEP_MS, () => {
      this.#kept.delete(partition);
      this.#options.ports.store(partition)?.keepFrom(null);
    });
    this.#kept.set(partition, timer);
  }

  /** Sends what may go now, the oldest copies first, and comes back when more may. */
  #pump(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isClosed) return;
    let active = 0;
    for (const one of this.#out.values()) {
      if (active === this.#limits.outMax) return;
      active++;
      one.isActive = true;
      while (this.#mayGo(one)) {
        const { clock } = this.#options;
        const waitMs = this.#bucket.waitMs(clock.nowMs());
        if (waitMs > 0) {
          this.#timer = clock.after(Math.ceil(waitMs), () => this.#pump());
          return;
        }
        this.#sendChunk(one);
      }
    }
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
    one.bytes += bytes.length;
    this.#bucket.take(bytes.length, clock.nowMs());
    const copying = { baseSeq, baseEpoch, epochs, cursor };
    const crc = crc32c(bytes, 0, bytes.length);
    const what = { partition, epoch, copy, number, copying, nextCursor, crc, bytes };
    ports.send(to, { kind: 'copyChunk', ...what });
  }

  #onTaken(from: NodeId, partition: number, copy: number, number: number): void {
    const one = this.#out.get(keyOf(partition, from));
    if (one?.copy !== copy) return;
    one.taken = Math.max(one.taken, number + 1);
    if (one.isSent && one.taken === one.number) this.#forget(partition, from);
    this.#pump();
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
    this.#in.set(order.partition, { order, startedMs, copy: 0, nextNumber: 0, bytes: 0 });
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
    if (crc32c(bytes, 0, bytes.length) !== crc || !this.#install(chunk)) {
      one.nextNumber = -1;
      ports.send(from, { kind: 'copyRefused', partition, copy });
      return;
    }
    one.nextNumber++;
    one.bytes += bytes.length;
    const isLast = chunk.nextCursor === 0;
    if (!isLast) ports.onProgressed(partition, { ...chunk.copying, cursor: chunk.nextCursor });
    ports.flush((error) => {
      // Another copy may have been ordered meanwhile; it begins with its own first chunk.
      if (error !== null || this.#isClosed || this.#in.get(partition) !== one) return;
      if (one.copy !== copy) return;
      ports.send(from, { kind: 'copyTaken', partition, copy, number });
      if (!isLast) return;
      this.#in.delete(partition);
      ports.onInstalled(partition);
    });
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
