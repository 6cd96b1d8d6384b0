import { expect, test } from 'vitest';

import type { Clock, Timer } from '../../../../../../src-server/platform/clock.ts';
import { SILENT } from '../../../../../../src-server/platform/logger.ts';
import type { CopyMessage } from '../../../../../../src-server/storage/replication/mesh/mesh-messages.ts';
import {
  type CopyStore,
  type TransferLimits,
  Transfers,
} from '../../../../../../src-server/storage/replication/mesh/transfer.ts';
import type { Copying } from '../../../../../../src-server/storage/replication/messages.ts';
import { nodeId } from '../../../../../../src-server/storage/ring/topology.ts';
import { Agenda } from '../../../../../sim/zab/agenda.ts';

const SOURCE = nodeId('a');
const TARGET = nodeId('b');
const PARTITION = 3;
const BASE = { baseSeq: 90, baseEpoch: 2, epochs: [{ epoch: 2, startSeq: 1 }] };
const ORDER = { partition: PARTITION, epoch: 2, ...BASE };

class AgendaClock implements Clock {
  readonly agenda = new Agenda();

  nowMs(): number {
    return this.agenda.nowMs;
  }

  wallMs(): number {
    return this.agenda.nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    let isWanted = true;
    this.agenda.after(delayMs, () => {
      if (isWanted) task();
    });
    return { cancel: () => (isWanted = false) };
  }

  defer(task: () => void): void {
    this.agenda.after(0, task);
  }
}

/** A store whose keys are numbers of a place each: pieces of one size, cut where they are told to be. */
class FakeStore implements CopyStore {
  data: Buffer;
  installing: Copying | null = null;
  isWhole: boolean;
  #pieces: Buffer[] = [];
  #installed = 0;

  constructor(data: Buffer, isWhole: boolean) {
    this.data = data;
    this.isWhole = isWhole;
  }

  get bytes(): number {
    return this.isWhole ? this.data.length : this.#installed;
  }

  copy(cursor: number, maxBytes: number): { cursor: number; bytes: Uint8Array } {
    const end = Math.min(cursor + maxBytes, this.data.length);
    const bytes = this.data.subarray(cursor, end);
    return { cursor: end === this.data.length ? 0 : end, bytes };
  }

  partBefore(cursor: number): number {
    return this.data.length === 0 ? 0 : cursor / this.data.length;
  }

  beginInstall(base: typeof BASE): void {
    this.#pieces = [];
    this.#installed = 0;
    this.isWhole = false;
    const { baseSeq, baseEpoch, epochs } = base;
    this.installing = { baseSeq, baseEpoch, epochs, cursor: 0 };
  }

  installChunk({ cursor, bytes }: { cursor: number; bytes: Uint8Array }): boolean {
    this.#pieces.push(Buffer.from(bytes));
    this.#installed += bytes.length;
    this.installing = { ...this.installing!, cursor };
    return true;
  }

  endInstall(): void {
    this.installing = null;
    this.isWhole = true;
    this.data = Buffer.concat(this.#pieces);
  }
}

interface Options {
  readonly bytes: number;
  readonly limits?: Partial<TransferLimits>;
  /** What becomes of a message; null loses it. */
  readonly tamper?: (message: CopyMessage) => CopyMessage | null;
}

/** Both ends of a copy, a millisecond apart, and syncs that take two. */
class Stage {
  readonly clock = new AgendaClock();
  readonly source: FakeStore;
  readonly target = new FakeStore(Buffer.alloc(0), false);
  readonly out: Transfers;
  readonly in: Transfers;
  readonly progress: number[] = [];
  keptFrom: number | null = null;
  mayCopy = true;
  sent = 0;
  installedMs: number | null = null;

  constructor({ bytes, limits = {}, tamper = (message) => message }: Options) {
    const data = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i += 4) data.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i);
    this.source = new FakeStore(data, true);
    const { clock } = this;
    const { agenda } = clock;
    const deliver = (to: () => Transfers, from: typeof SOURCE, message: CopyMessage): boolean => {
      const arrives = tamper(message);
      if (message.kind === 'copyChunk') this.sent += message.bytes.length;
      if (arrives !== null) agenda.after(1, () => to().onMessage(from, arrives));
      return true;
    };
    const common = {
      keepFrom: (_: number, seq: number | null) => (this.keptFrom = seq),
      mayCopy: () => this.mayCopy,
      unsentBytes: () => 0,
      flush: (done: (error: null) => void) => agenda.after(2, () => done(null)),
    };
    const portsOf = (store: FakeStore): { store: () => FakeStore; create: () => FakeStore } => {
      return { store: () => store, create: () => store };
    };
    this.out = new Transfers({
      clock,
      logger: SILENT,
      limits,
      ports: {
        ...common,
        ...portsOf(this.source),
        expected: () => null,
        send: (_, message) => deliver(() => this.in, SOURCE, message),
        onProgressed: () => undefined,
        onInstalled: () => undefined,
      },
    });
    this.in = new Transfers({
      clock,
      logger: SILENT,
      ports: {
        ...common,
        ...portsOf(this.target),
        expected: () => ({ from: SOURCE, epoch: ORDER.epoch }),
        send: (_, message) => deliver(() => this.out, TARGET, message),
        onProgressed: (_, { cursor }) => this.progress.push(cursor),
        onInstalled: () => (this.installedMs = agenda.nowMs),
      },
    });
  }

  begin(cursor = 0): void {
    const copying = cursor === 0 ? null : { ...BASE, cursor };
    this.in.expectCopy({
      kind: 'expectCopy',
      partition: PARTITION,
      from: SOURCE,
      epoch: 2,
      copying,
    });
    this.out.copyTo({ kind: 'copyTo', to: TARGET, ...ORDER, cursor });
  }

  run(ms: number): void {
    const { agenda } = this.clock;
    agenda.run(agenda.nowMs + ms, () => this.installedMs !== null);
    // What was said last arrives as well.
    agenda.run(agenda.nowMs + 2);
  }

  check(): void {
    expect(this.installedMs).not.toBeNull();
    expect(this.target.isWhole).toBe(true);
    expect(this.target.data.equals(this.source.data)).toBe(true);
  }
}

test('a partition comes over in chunks, whole and durable', () => {
  const stage = new Stage({ bytes: 5_000_000 });
  stage.begin();
  expect(stage.keptFrom).toBe(BASE.baseSeq + 1);
  stage.run(10_000);
  stage.check();
  expect(stage.progress.length).toBe(19);
  expect(stage.in.copiedBytes(PARTITION)).toBe(5_000_000);
  expect(stage.out.progress).toEqual([]);
});

test('an empty partition comes over as well', () => {
  const stage = new Stage({ bytes: 0 });
  stage.begin();
  stage.run(10_000);
  stage.check();
});

test('its rate is kept within 5 %', () => {
  const bytesPerSecond = 8 * 1024 * 1024;
  const stage = new Stage({ bytes: 80 * 1024 * 1024, limits: { bytesPerSecond } });
  stage.begin();
  stage.run(60_000);
  stage.check();
  const rate = (stage.source.data.length / stage.installedMs!) * 1000;
  expect(Math.abs(rate / bytesPerSecond - 1)).toBeLessThan(0.05);
});

test('what broke off goes on at the chunk that was not taken', () => {
  let isBroken = false;
  const stage = new Stage({
    bytes: 10_000_000,
    limits: { bytesPerSecond: 5_000_000 },
    tamper: (message) => (isBroken ? null : message),
  });
  stage.begin();
  stage.run(1000);
  isBroken = true;
  stage.run(500);
  stage.out.stopCopyTo({ partition: PARTITION, to: TARGET });
  stage.run(500);
  const { cursor } = stage.target.installing!;
  expect(cursor).toBeGreaterThan(3_000_000);
  const sentBefore = stage.sent;
  isBroken = false;
  stage.begin(cursor);
  stage.run(10_000);
  stage.check();
  expect(stage.sent - sentBefore).toBe(stage.source.data.length - cursor);
});

test('a damaged chunk is found, and the copy begins anew', () => {
  let chunks = 0;
  const stage = new Stage({
    bytes: 3_000_000,
    tamper: (message) => {
      if (message.kind !== 'copyChunk' || ++chunks !== 3) return message;
      const bytes = Buffer.from(message.bytes);
      bytes[1000]! ^= 1;
      return { ...message, bytes };
    },
  });
  stage.begin();
  stage.run(10_000);
  stage.check();
  expect(stage.sent).toBeGreaterThan(stage.source.data.length);
});

test('a copy nobody expects is not taken', () => {
  const stage = new Stage({ bytes: 3_000_000 });
  stage.out.copyTo({ kind: 'copyTo', to: TARGET, ...ORDER, cursor: 0 });
  stage.run(10_000);
  expect(stage.installedMs).toBeNull();
  expect(stage.target.installing).toBeNull();
});

test('copies beyond those that may go at the same time wait their turn', () => {
  const stage = new Stage({ bytes: 3_000_000, limits: { outMax: 1 } });
  stage.begin();
  stage.out.copyTo({ kind: 'copyTo', to: nodeId('c'), ...ORDER, cursor: 0 });
  expect(stage.out.progress.map(({ state }) => state)).toEqual(['running', 'waiting']);
  stage.run(10_000);
  stage.check();
  expect(stage.out.progress.map(({ state }) => state)).toEqual(['running']);
});

test('a copy that is paused stands still, and goes on where it stood', () => {
  const stage = new Stage({ bytes: 10_000_000, limits: { bytesPerSecond: 5_000_000 } });
  stage.begin();
  stage.run(1000);
  stage.mayCopy = false;
  stage.run(100);
  const { sent } = stage;
  stage.run(60_000);
  expect(stage.sent).toBe(sent);
  expect(stage.out.progress).toMatchObject([{ state: 'held', bytesTotal: 10_000_000 }]);
  expect(stage.out.progress[0]!.bytes).toBe(stage.target.installing!.cursor);
  stage.mayCopy = true;
  stage.out.reconsider();
  stage.run(10_000);
  stage.check();
  expect(stage.sent).toBe(10_000_000);
});

test('its rate is changed while it runs, without beginning anew', () => {
  const stage = new Stage({ bytes: 20_000_000, limits: { bytesPerSecond: 1_000_000 } });
  stage.begin();
  stage.run(2000);
  const before = stage.sent;
  expect(before).toBeLessThan(3_000_000);
  stage.out.setLimits({ bytesPerSecond: 5_000_000, outMax: 2 });
  stage.run(2000);
  expect((stage.sent - before) / 10_000_000).toBeGreaterThan(0.95);
  expect((stage.sent - before) / 10_000_000).toBeLessThan(1.1);
  stage.out.setLimits({ bytesPerSecond: Infinity, outMax: 2 });
  stage.run(10_000);
  stage.check();
  expect(stage.sent).toBe(20_000_000);
});

test('whoever takes bounds it as well', () => {
  const stage = new Stage({ bytes: 20_000_000, limits: { bytesPerSecond: Infinity } });
  stage.in.setLimits({ bytesPerSecond: 4_000_000, outMax: 2 });
  stage.begin();
  stage.run(60_000);
  stage.check();
  const rate = (stage.source.data.length / stage.installedMs!) * 1000;
  expect(Math.abs(rate / 4_000_000 - 1)).toBeLessThan(0.06);
});
