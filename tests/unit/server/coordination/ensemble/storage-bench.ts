/** A member's storage on a simulated disk, with a leader's histories to feed it and somebody who watches the disk. */
import { Prng } from '../../../../../src-server/base/prng.ts';
import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { limitsFor } from '../../../../../src-server/config/limits.ts';
import { defaultSettings, type Settings } from '../../../../../src-server/config/settings.ts';
import { ImageSlices } from '../../../../../src-server/coordination/ensemble/image-transfer.ts';
import { Link } from '../../../../../src-server/coordination/ensemble/link.ts';
import {
  Storage,
  type StorageEffect,
} from '../../../../../src-server/coordination/ensemble/storage.ts';
import { ImageReader } from '../../../../../src-server/coordination/journal/journal.ts';
import type { Request } from '../../../../../src-server/coordination/model/request.ts';
import type { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import type { Machine } from '../../../../../src-server/coordination/state/machine.ts';
import { SNAPSHOT_MARK, writeMessage } from '../../../../../src-server/coordination/wire/quorum.ts';
import { writeTxn } from '../../../../../src-server/coordination/wire/txns.ts';
import type { Event } from '../../../../../src-server/coordination/zab/events.ts';
import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';
import type { Clock } from '../../../../../src-server/platform/clock.ts';
import type { Disk, DiskFile } from '../../../../../src-server/platform/disk.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import { Metrics } from '../../../../../src-server/platform/metrics.ts';
import type { Socket, SocketHandler } from '../../../../../src-server/platform/net.ts';
import type { Platform } from '../../../../../src-server/platform/platform.ts';
import { Changes, newMachine, Pipeline } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { type Crash, LOSES_EVERYTHING_UNSYNCED, SimDisk } from '../../../../sim/disk.ts';

export const VERSION_DIR = '/data/version-2';

// --- histories ---

export interface Entry {
  readonly zxid: Zxid;
  readonly payload: Buffer;
  readonly txn: Txn;
  /** Of the state after it. */
  readonly digest: bigint;
}

const FIRST = makeZxid(1, 0);
const SESSION = 0x0100_0000_0000_0000n;

/** Writes a history, epoch after epoch, and can go on from any place in it in another way. */
export class Author {
  readonly entries: Entry[] = [];
  readonly #changes: Changes;
  #pipeline: Pipeline;
  /** Of the state before the first entry. */
  readonly #emptyDigest: bigint;

  constructor(seed: number, begun: readonly Entry[] = []) {
    const machine = newMachine();
    machine.createSystemNodes();
    this.#emptyDigest = machine.digest;
    this.#changes = new Changes(new Prng(seed));
    const first = copyOf(machine, FIRST);
    for (const { txn } of begun) first.apply(txn);
    this.entries.push(...begun);
    const lastSession = begun.length === 0 ? SESSION : SESSION + BigInt(seed * 1_000_000);
    this.#pipeline = new Pipeline(first, lastSession);
  }

  /** Goes on after that transaction in a way of its own. */
  fork(zxid: Zxid, seed: number): Author {
    return new Author(seed, this.upTo(zxid));
  }

  get machine(): Machine {
    return this.#pipeline.machine;
  }

  get last(): Zxid {
    return this.#pipeline.lastProposed;
  }

  write(count: number): this {
    for (let i = 0; i < count; i++) {
      const pipeline = this.#pipeline;
      this.#changes.propose(pipeline);
      pipeline.applyAll();
    }
    for (const txn of this.#pipeline.log.splice(0)) this.#note(txn);
    return this;
  }

  /** One request of the test's own. */
  do(request: Request, sessionId: bigint): void {
    this.#pipeline.do(request, sessionId);
    for (const txn of this.#pipeline.log.splice(0)) this.#note(txn);
  }

  #note(txn: Txn): void {
    const writer = new Writer();
    writeTxn(writer, txn);
    const { digestHigh, digestLow } = txn;
    const digest = (BigInt(digestHigh >>> 0) << 32n) | BigInt(digestLow >>> 0);
    // A refusal states no digest, and changes nothing.
    this.entries.push({
      zxid: txn.zxid,
      payload: writer.copy(),
      txn,
      digest: txn.hasDigest ? digest : this.digestAt(txn.zxid - 1),
    });
  }

  newEpoch(epoch: number): this {
    const machine = copyOf(this.machine, makeZxid(epoch, 0));
    const sessions = [...machine.sessions].map(({ id }) => id);
    const lastSession = sessions.reduce((a, b) => (a > b ? a : b), SESSION);
    this.#pipeline = new Pipeline(machine, lastSession + BigInt(epoch * 1000));
    return this;
  }

  digestAt(zxid: number): bigint {
    return this.entries.findLast((entry) => entry.zxid <= zxid)?.digest ?? this.#emptyDigest;
  }

  upTo(zxid: Zxid): Entry[] {
    return this.entries.filter((entry) => entry.zxid <= zxid);
  }
}

/** The state as an image brings it across. */
export function copyOf(machine: Machine, zxid: Zxid): Machine {
  const copy = newMachine();
  const bytes = imageOf(machine);
  const reader = new ImageReader(copy.loader(), { bytesMax: Infinity });
  reader.take(bytes, 0);
  if (!reader.isWhole) throw new Error(reader.problem ?? 'the image is not whole');
  copy.finishLoading(zxid, null);
  return copy;
}

export function imageOf(machine: Machine): Buffer {
  const writer = new Writer();
  const slices = new ImageSlices(machine.walkImage(), new SimClock(), () => 0);
  while (slices.writeSlice(writer));
  slices.close();
  return writer.view();
}

// --- the storage ---

export function testSettings(change: Partial<Settings> = {}): Settings {
  return {
    ...defaultSettings('/data'),
    extendedTypes: true,
    preallocateBytes: 2048,
    diskReserveBytes: 0,
    snapshotSizeFactor: 1000,
    ...change,
  };
}

export function platformOf(disk: Disk, clock: Clock, seed = 1): Platform {
  const random = new Prng(seed);
  const missing = (): never => {
    throw new Error('there is no net and no process here');
  };
  return {
    clock,
    disk,
    net: { listen: missing, connect: missing },
    entropy: {
      bytes: missing,
      uint32: () => random.below(0x1_0000_0000),
    },
    logger: SILENT,
    process: {
      environment: () => [],
      openFiles: () => 0,
      maxOpenFiles: () => 0,
      residentBytes: () => 0,
    },
  };
}

/** The accepted epoch of a bench. */
export const PROMISED = 9;

export interface BenchOptions {
  readonly disk?: SimDisk;
  /** Stands between storage and disk. */
  readonly through?: (disk: SimDisk) => Disk;
  readonly settings?: Partial<Settings>;
}

/** A storage with a listener that writes down what it is told. */
export class Bench {
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly storage: Storage;
  readonly events: Event[] = [];
  readonly applied: Zxid[] = [];
  readonly replaced: Machine[] = [];
  readonly fatal: Error[] = [];
  /** What clients asked so far. */
  requests = 0;
  readonly #wires: Wire[] = [];

  /** @throws JournalError */
  constructor(options: BenchOptions = {}) {
    const disk = options.disk ?? new SimDisk({ clock: new SimClock() });
    if (!(disk.clock instanceof SimClock)) throw new Error('a bench lives in virtual time');
    this.disk = disk;
    this.clock = disk.clock;
    const settings = testSettings(options.settings);
    this.storage = Storage.open({
      settings,
      limits: limitsFor(settings),
      platform: platformOf(options.through?.(disk) ?? disk, this.clock),
      metrics: new Metrics(),
      linkById: (id) => this.#wires[id]?.openLink ?? null,
      onProgress: () => undefined,
      requests: () => this.requests,
    });
    this.storage.listen({
      event: (event) => this.events.push(event),
      applied: (txn) => this.applied.push(txn.zxid),
      replaced: (machine) => this.replaced.push(machine),
      fatal: (error) => this.fatal.push(error),
    });
  }

  /** Opened and settled, as a member begins, with a promise that lets it learn from several epochs. */
  static begin(options: BenchOptions = {}): Bench {
    const bench = new Bench(options);
    if (bench.storage.acceptedEpoch < PROMISED)
      bench.do({ kind: 'storeAcceptedEpoch', epoch: PROMISED });
    bench.do({ kind: 'settle', reload: false });
    bench.events.length = 0;
    return bench;
  }

  get lastZxid(): Zxid {
    return this.storage.machine.lastZxid;
  }

  /** Carries it out and lets everything that follows from it happen. */
  do(effect: StorageEffect): void {
    this.storage.carryOut(effect);
    this.settleTurns();
  }

  /** Ends turns until nothing is deferred any more. */
  settleTurns(): void {
    this.clock.settle();
  }

  append(entries: readonly Entry[]): void {
    for (const { zxid, payload } of entries)
      this.storage.carryOut({ kind: 'append', zxid, payload, view: null });
  }

  commit(entries: readonly Entry[]): void {
    for (const { zxid } of entries) this.storage.carryOut({ kind: 'commit', zxid });
  }

  /** Logged, decided, durable. */
  learn(entries: readonly Entry[]): void {
    this.append(entries);
    this.commit(entries);
    this.settleTurns();
  }

  /** A link to somebody; what he says, the test says. */
  connect(from: 'leader' | 'learner'): Wire {
    const wire = new Wire(this.#wires.length, this.clock, from);
    this.#wires.push(wire);
    return wire;
  }

  /** The leader sends its state, which is said to be that of `zxid`. */
  receive(machine: Machine, zxid: Zxid): void {
    const wire = this.connect('leader');
    wire.hear(snapMessage(zxid));
    this.storage.carryOut({ kind: 'receiveSnapshot', link: wire.link.id, zxid, idleMs: 1000 });
    wire.hear(Buffer.concat([imageOf(machine), MARK]));
    this.settleTurns();
    this.events.length = 0;
  }

  files(): string[] {
    return this.disk.list(VERSION_DIR).map(({ name }) => name);
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  snapshot(): void {
    const { machine, journal } = this.storage;
    journal.snapshot({
      zxid: machine.lastZxid,
      source: machine.walkImage(),
      digest: () => machine.digestNow,
      done: () => undefined,
    });
    this.settleTurns();
  }
}

// --- links ---

export function snapMessage(zxid: Zxid): Buffer {
  const writer = new Writer();
  writeMessage(writer, { kind: 'snap', zxid });
  return writer.view();
}

function markBytes(): Buffer {
  const writer = new Writer();
  writer.string(SNAPSHOT_MARK);
  return writer.view();
}

/** What follows an image. */
export const MARK = markBytes();

/** A link over a socket that the test holds the other end of. */
export class Wire {
  readonly link: Link;
  readonly heard: Message[] = [];
  readonly downs: string[] = [];
  /** What was written to the socket. */
  readonly sent: Buffer[] = [];
  /** The system takes nothing while this is not 0. */
  queuedBytes = 0;
  isPaused = false;
  #handler: SocketHandler | null = null;
  #held: Buffer[] = [];

  constructor(id: number, clock: Clock, from: 'leader' | 'learner') {
    const socket: Socket = {
      remoteAddress: '127.0.0.1',
      attach: (handler: SocketHandler) => (this.#handler = handler),
      write: (bytes: Uint8Array) => {
        this.sent.push(Buffer.from(bytes));
        return this.queuedBytes === 0;
      },
      pause: () => (this.isPaused = true),
      resume: () => {
        this.isPaused = false;
        for (const bytes of this.#held.splice(0)) this.hear(bytes);
      },
      end: () => undefined,
      destroy: () => undefined,
    } as unknown as Socket;
    Object.defineProperty(socket, 'queuedBytes', { get: () => this.queuedBytes });
    this.link = new Link({
      id,
      socket: { socket, name: () => undefined },
      clock,
      from,
      handler: {
        onMessage: (_link, message) => this.heard.push(message),
        onDown: (_link, reason) => this.downs.push(reason),
      },
      recordBytesMax: 0x20_0000,
      unsentBytesMax: 0x400_0000,
      markDirty: (link) => clock.defer(() => link.flush()),
      onClosed: () => undefined,
      onGone: () => undefined,
    });
  }

  get openLink(): Link | null {
    return this.link.isOpen ? this.link : null;
  }

  /** Bytes arrive. */
  hear(bytes: Buffer): void {
    if (this.isPaused) this.#held.push(bytes);
    else this.#handler!.onChunk(bytes);
  }

  /** The system has taken everything. */
  drain(): void {
    this.queuedBytes = 0;
    this.#handler!.onDrain();
  }
}

// --- crashes ---

/** A disk that shows itself before every change that is asked of it. */
export class WatchedDisk implements Disk {
  readonly #disk: SimDisk;
  readonly #onStep: () => void;

  constructor(disk: SimDisk, onStep: () => void) {
    this.#disk = disk;
    this.#onStep = onStep;
  }

  open(path: string, mode: 'read' | 'edit' | 'create' | 'replace'): DiskFile {
    if (mode !== 'read' && mode !== 'edit') this.#onStep();
    const file = this.#disk.open(path, mode);
    return {
      path: file.path,
      size: () => file.size(),
      read: (into, at) => file.read(into, at),
      write: (bytes, at) => {
        this.#onStep();
        file.write(bytes, at);
      },
      truncate: (size) => {
        this.#onStep();
        file.truncate(size);
      },
      sync: (done) => {
        this.#onStep();
        file.sync(done);
      },
      syncNow: () => {
        this.#onStep();
        file.syncNow();
      },
      close: () => file.close(),
    };
  }

  list(directory: string): ReturnType<Disk['list']> {
    return this.#disk.list(directory);
  }

  exists(path: string): boolean {
    return this.#disk.exists(path);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#onStep();
    this.#disk.rename(from, to);
  }

  remove(path: string, done?: Parameters<Disk['remove']>[1]): void {
    this.#onStep();
    this.#disk.remove(path, done);
  }

  syncDirectory(path: string, done?: Parameters<Disk['syncDirectory']>[1]): void {
    this.#onStep();
    this.#disk.syncDirectory(path, done);
  }

  freeBytes(): number {
    return this.#disk.freeBytes();
  }

  totalBytes(): number {
    return this.#disk.totalBytes();
  }

  join(...parts: string[]): string {
    return this.#disk.join(...parts);
  }
}

/** Of everything unsynced, chance decides what is there. */
export function randomCrash(seed: number): Crash {
  const random = new Prng(seed);
  return {
    keepsSector: () => random.chance(0.5),
    size: (_path, durable, latest) => random.between(durable, latest),
    changesKept: (_directory, changes) => random.between(0, changes),
  };
}

/** What a machine finds whose power failed at this moment: nothing unsynced, some of it; and what a killed process leaves. */
export function remains(disk: SimDisk, seed: number): SimDisk[] {
  const clock = (): { clock: SimClock } => ({ clock: new SimClock() });
  return [
    disk.afterCrash(LOSES_EVERYTHING_UNSYNCED, clock()),
    disk.afterCrash(randomCrash(seed), clock()),
    disk.copy(clock()),
  ];
}
