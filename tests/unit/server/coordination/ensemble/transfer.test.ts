/** What learners get: the log in pieces while it is written, rolled and purged, and the image of the state in slices. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { ImageSlices } from '../../../../../src-server/coordination/ensemble/image-transfer.ts';
import { ImageReader } from '../../../../../src-server/coordination/journal/journal.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { CreateFlag, Request } from '../../../../../src-server/coordination/model/request.ts';
import type { Machine } from '../../../../../src-server/coordination/state/machine.ts';
import type { LogRead } from '../../../../../src-server/coordination/zab/events.ts';
import { describeFigures, describeState, newMachine, Pipeline } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import {
  Author,
  Bench,
  type Entry,
  imageOf,
  MARK,
  snapMessage,
  type Wire,
} from './storage-bench.ts';

// --- the log ---

interface Asking {
  readonly wire: Wire;
  readonly from: Zxid;
  readonly upTo: Zxid;
  readonly isContinued?: boolean;
}

function ask(bench: Bench, { wire, from, upTo, isContinued = false }: Asking): LogRead {
  bench.events.length = 0;
  bench.do({ kind: 'readLog', link: wire.link.id, from, upTo, isContinued });
  const reads = bench.events.filter((event) => event.kind === 'logRead');
  expect(reads.length).toBe(1);
  return reads[0]!;
}

/** Everything from there to there, piece by piece, with something done between pieces. */
function readAll(
  bench: Bench,
  wire: Wire,
  [from, upTo]: readonly [Zxid, Zxid],
  between: () => void = () => undefined,
): { readonly pieces: number; readonly zxids: Zxid[]; readonly payloads: Uint8Array[] } {
  const zxids: Zxid[] = [];
  const payloads: Uint8Array[] = [];
  let last = from;
  for (let pieces = 1; ; pieces++) {
    const read = ask(bench, { wire, from: last, upTo, isContinued: pieces > 1 });
    expect(read.end).not.toBe('unusable');
    for (const { zxid, payload } of read.entries) {
      zxids.push(zxid);
      payloads.push(payload);
      last = zxid;
    }
    if (read.end === 'end') return { pieces, zxids, payloads };
    between();
  }
}

function expectEntries(found: ReturnType<typeof readAll>, entries: readonly Entry[]): void {
  expect(found.zxids).toEqual(entries.map(({ zxid }) => zxid));
  for (const [i, payload] of found.payloads.entries())
    expect(entries[i]!.payload.equals(payload)).toBe(true);
}

/** Several logs in two epochs. */
function longHistory(): { readonly bench: Bench; readonly author: Author } {
  const author = new Author(21).write(40);
  author.newEpoch(2).write(40);
  const bench = Bench.begin();
  for (let at = 0; at < author.entries.length; at += 9) {
    bench.learn(author.entries.slice(at, at + 9));
    bench.storage.journal.roll();
  }
  return { bench, author };
}

describe('the log in pieces', () => {
  test('is the log, from any transaction to any other', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    const { entries } = author;
    for (let from = 0; from < entries.length; from += 3) {
      for (let upTo = from; upTo < entries.length; upTo += 5) {
        const found = readAll(bench, wire, [entries[from]!.zxid, entries[upTo]!.zxid]);
        expectEntries(found, entries.slice(from, upTo + 1));
      }
    }
  });

  test('begins with the last transaction at or before the one asked for', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    const at = author.entries.findIndex(({ zxid }) => zxid > makeZxid(2, 0));
    const found = readAll(bench, wire, [makeZxid(2, 0), author.entries[at + 3]!.zxid]);
    expectEntries(found, author.entries.slice(at - 1, at + 4));
    // A place between two logs, and one after the end.
    const beyond = ask(bench, { wire, from: makeZxid(3, 9), upTo: makeZxid(3, 9) });
    expect(beyond.entries.map(({ zxid }) => zxid)).toEqual([author.last]);
    expect(beyond.end).toBe('end');
  });

  test('comes in bounded pieces, while the log is written, rolled and its beginning purged', () => {
    const { bench, big, first } = bigHistory();
    const wire = bench.connect('learner');
    let next = 33;
    let pieces = 0;
    const found = readAll(bench, wire, [big[0]!.zxid, big[55]!.zxid], () => {
      bench.storage.journal.roll();
      bench.learn(big.slice(next, next + 6));
      next += 6;
      // The first log was read, and nobody else needs it once there are two younger snapshots.
      if (++pieces === 5) bench.snapshot();
    });
    expect(found.pieces).toBeGreaterThan(7);
    expect(bench.files()).not.toContain(first);
    expectEntries(found, big.slice(0, 56));
  });

  test('is unusable when what comes next was purged meanwhile', () => {
    const { bench, big, first } = bigHistory();
    const wire = bench.connect('learner');
    const upTo = big[32]!.zxid;
    const read = ask(bench, { wire, from: big[0]!.zxid, upTo });
    expect(read.end).toBe('more');
    bench.learn(big.slice(33, 40));
    bench.snapshot();
    expect(bench.files()).not.toContain(first);
    const from = read.entries.at(-1)!.zxid;
    expect(ask(bench, { wire, from, upTo, isContinued: true }).end).toBe('unusable');
  });

  test('waits for what is on its way to the file', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    bench.disk.holdSyncs();
    const before = author.entries.length;
    author.write(8);
    const more = author.entries.slice(before);
    bench.append(more.slice(0, 4));
    bench.settleTurns();
    bench.append(more.slice(4));
    bench.settleTurns();
    bench.events.length = 0;
    const { zxid: from } = author.entries[before - 1]!;
    const upTo = author.last;
    bench.do({ kind: 'readLog', link: wire.link.id, from, upTo, isContinued: false });
    expect(bench.kinds()).toEqual([]);
    bench.disk.endSync();
    bench.settleTurns();
    bench.disk.endSync();
    bench.settleTurns();
    const read = bench.events.find((event) => event.kind === 'logRead');
    expect(read?.entries.map(({ zxid }) => zxid)).toEqual(
      author.entries.slice(before - 1).map(({ zxid }) => zxid),
    );
  });

  test('waits for room on the link, and for nothing once that is closed or the role ended', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    wire.queuedBytes = 0x100_0000;
    const effect = {
      kind: 'readLog',
      link: wire.link.id,
      from: author.entries[0]!.zxid,
      upTo: author.last,
      isContinued: false,
    } as const;
    bench.do(effect);
    expect(bench.events.filter(({ kind }) => kind === 'logRead')).toEqual([]);
    wire.drain();
    bench.settleTurns();
    expect(bench.events.filter(({ kind }) => kind === 'logRead').length).toBe(1);
    bench.events.length = 0;
    bench.storage.carryOut(effect);
    bench.do({ kind: 'settle', reload: false });
    expect(bench.kinds()).toEqual(['settled']);
    wire.link.destroy();
    bench.do(effect);
    expect(bench.kinds()).toEqual(['settled']);
  });

  test('is unusable where it begins too late, is too much, or cannot be read', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    const { entries } = author;
    const upTo = author.last;
    expect(ask(bench, { wire, from: makeZxid(1, 0), upTo }).end).toBe('unusable');
    const small = Bench.begin({
      disk: bench.disk.copy({ clock: new SimClock() }),
      settings: { snapshotSizeFactor: 0.01 },
    });
    const other = small.connect('learner');
    const from = entries[0]!.zxid;
    expect(ask(small, { wire: other, from, upTo }).end).toBe('unusable');
    const name = bench.files().find((file) => file.startsWith('log.'))!;
    const path = `/data/version-2/${name}`;
    const bytes = bench.disk.contents(path);
    bytes[300]! ^= 0xff;
    bench.disk.put(path, bytes);
    const damaged = ask(bench, { wire, from: entries[0]!.zxid, upTo });
    expect(damaged.end).toBe('unusable');
  });

  test('is unusable across a gap that only a snapshot covers', () => {
    const { bench, author } = longHistory();
    const wire = bench.connect('learner');
    // As another program leaves it: the log of an epoch is gone, and a snapshot stands for it.
    const first = author.entries.find(({ zxid }) => zxid > makeZxid(2, 0))!.zxid;
    const missing = bench
      .files()
      .filter((name) => name.startsWith('log.'))
      .map((name) => Number.parseInt(name.slice(4), 16))
      .filter((zxid) => zxid < first)
      .slice(-2);
    for (const zxid of missing) bench.disk.remove(`/data/version-2/log.${zxid.toString(16)}`);
    const covered = `/data/version-2/snapshot.${(missing[1]! + 1).toString(16)}`;
    bench.disk.put(covered, bench.disk.contents('/data/version-2/snapshot.0'));
    const read = ask(bench, { wire, from: author.entries[0]!.zxid, upTo: author.last });
    expect(read.end).toBe('unusable');
  });
});

/** A log of 30 large transactions, one of three, and a snapshot after that. */
function bigHistory(): {
  readonly bench: Bench;
  readonly big: readonly Entry[];
  readonly first: string;
} {
  const bench = Bench.begin({ settings: { snapRetainCount: 2 } });
  const big = bigEntries(new Author(22), 60);
  bench.learn(big.slice(0, 30));
  bench.storage.journal.roll();
  bench.learn(big.slice(30, 33));
  bench.snapshot();
  return { bench, big, first: `log.${big[0]!.zxid.toString(16)}` };
}

/** Seven of them make a piece. */
function bigEntries(author: Author, count: number): readonly Entry[] {
  author.write(1);
  const session = author.entries.at(-1)!.txn.sessionId;
  for (let i = 1; i < count; i++) {
    const request = new Request(OpCode.CREATE);
    request.path = `/big-${i}`;
    request.flags = CreateFlag.PERSISTENT;
    request.data = new Uint8Array(40_000).fill(i);
    request.acl = OPEN_ACL;
    author.do(request, session);
  }
  return author.entries;
}

// --- the image ---

/** All kinds of nodes, lists and sessions, and many plain nodes. */
function richMachine(nodes: number): Machine {
  const { machine } = new Author(31).write(600);
  const pipeline = new Pipeline(machine, 0x0200_0000_0000_0000n);
  const session = pipeline.newSession();
  pipeline.applyAll();
  for (let i = 0; i < nodes; i++) {
    const request = new Request(OpCode.CREATE);
    request.path = `/many-${i}`;
    request.flags = CreateFlag.PERSISTENT;
    request.data = new Uint8Array(i % 50).fill(i);
    request.acl = OPEN_ACL;
    pipeline.do(request, session);
  }
  return machine;
}

function expectSame(a: Machine, b: Machine): void {
  expect(describeFigures(a)).toEqual(describeFigures(b));
  expect(describeState(a)).toEqual(describeState(b));
}

describe('the image of a state', () => {
  test('is the state, with every kind of node, however its bytes are cut', () => {
    const machine = richMachine(0);
    const bytes = imageOf(machine);
    const random = new Prng(3);
    const cuts = [
      ...[1, 2, 3, 7, 64, 1000, 65_536].map((size) => (): number => size),
      (): number => random.between(1, 300),
    ];
    for (const cut of cuts) {
      const copy = newMachine();
      const reader = new ImageReader(copy.loader(), { bytesMax: Infinity });
      let taken = 0;
      for (let end = 0; end < bytes.length;) {
        end = Math.min(bytes.length, end + cut());
        const piece = bytes.subarray(taken, end);
        taken += reader.take(Buffer.from(piece), 0);
      }
      expect(reader.problem).toBeNull();
      expect(reader.isWhole).toBe(true);
      expect(taken).toBe(bytes.length);
      copy.finishLoading(machine.lastZxid, null);
      expectSame(copy, machine);
    }
  });

  test('cut short or changed is never whole, or says what is wrong', () => {
    const bytes = imageOf(new Author(32).write(30).machine);
    for (let length = 0; length < bytes.length; length++) {
      const reader = new ImageReader(newMachine().loader(), { bytesMax: bytes.length });
      reader.take(bytes.subarray(0, length), 0);
      expect(reader.isWhole).toBe(false);
    }
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x80;
      const reader = new ImageReader(newMachine().loader(), { bytesMax: bytes.length });
      const taken = reader.take(changed, 0);
      expect(reader.isWhole || reader.problem !== null || taken < bytes.length).toBe(true);
    }
  });

  test('of 50,000 nodes goes out in slices, each of a few milliseconds’ work', () => {
    const machine = richMachine(50_000);
    const slices = new ImageSlices(machine.walkImage(), new SimClock(), () => 0);
    const writer = new Writer();
    const lengths: number[] = [];
    for (let before = 0; slices.writeSlice(writer); before = writer.length)
      lengths.push(writer.length - before);
    expect(lengths.length).toBeGreaterThan(50);
    expect(Math.max(...lengths)).toBeLessThan(0x1_0000 + 3000);
  });

  test('ends a slice when its time is over', () => {
    const clock = new SimClock();
    const source = richMachine(3000).walkImage();
    const next = source.next.bind(source);
    source.next = () => {
      clock.pass(0.1);
      return next();
    };
    const slices = new ImageSlices(source, clock, () => 0);
    let longest = 0;
    for (let more = true; more;) {
      const before = clock.nowMs();
      more = slices.writeSlice(new Writer());
      longest = Math.max(longest, clock.nowMs() - before);
    }
    expect(longest).toBeLessThan(10.5);
  });

  test('rests after each slice as long as it took, while others are served, and not otherwise', () => {
    const clock = new SimClock();
    const source = richMachine(3000).walkImage();
    const next = source.next.bind(source);
    source.next = () => {
      clock.pass(0.01);
      return next();
    };
    let served = 0;
    const slices = new ImageSlices(source, clock, () => served);
    const slice = (): { readonly tookMs: number; readonly restMs: number } => {
      const startedMs = clock.nowMs();
      expect(slices.writeSlice(new Writer())).toBe(true);
      return { tookMs: clock.nowMs() - startedMs, restMs: slices.restMs };
    };
    expect(slice().restMs).toBe(0);
    served++;
    const { tookMs, restMs } = slice();
    expect(restMs).toBeCloseTo(tookMs);
    clock.pass(200);
    expect(slice().restMs).toBe(0);
  });

  test('goes out one slice after each rest, whatever else makes the link send', () => {
    const bench = Bench.begin();
    const out = bench.connect('learner');
    const { link } = out;
    const slices = ['one', 'two', 'end'];
    link.sendImage(
      {
        writeSlice: (writer) => {
          writer.string(slices.shift()!);
          return slices.length > 0;
        },
        restMs: 5,
        close: () => undefined,
      },
      () => undefined,
    );
    const left: number[] = [];
    for (let ms = 0; ms < 12; ms++) {
      link.send({ kind: 'upToDate' });
      link.flush();
      left.push(slices.length);
      bench.clock.advance(1);
    }
    expect(left).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0, 0]);
  });

  test('goes from leader to learner beside live writes, and the writes after it make it whole', () => {
    const author = new Author(33).write(2000);
    const leader = Bench.begin();
    leader.learn(author.entries.slice(0, 1500));
    const sent = leader.lastZxid;
    const out = leader.connect('learner');
    leader.storage.carryOut({ kind: 'sendSnapshot', link: out.link.id, zxid: sent });
    for (let at = 1500; at < 2000; at += 10) {
      leader.append(author.entries.slice(at, at + 10));
      leader.commit(author.entries.slice(at, at + 10));
      leader.clock.turn();
    }
    leader.clock.advance(10_000);
    expect(leader.kinds()).toContain('snapshotSent');
    const bytes = Buffer.concat(out.sent);
    expect(bytes.subarray(0, snapMessage(sent).length)).toEqual(snapMessage(sent));

    const learner = Bench.begin();
    learner.learn(new Author(34).write(5).entries);
    learner.events.length = 0;
    const wire = learner.connect('leader');
    for (let at = 0; at < bytes.length; at += 1000) {
      wire.hear(bytes.subarray(at, at + 1000));
      if (at === 0) {
        expect(wire.heard).toEqual([{ kind: 'snap', zxid: sent }]);
        const { id: link } = wire.link;
        learner.storage.carryOut({ kind: 'receiveSnapshot', link, zxid: sent, idleMs: 1000 });
      }
    }
    learner.settleTurns();
    expect(learner.events).toEqual([{ kind: 'snapshotReceived', link: wire.link.id }]);
    expect(learner.storage.lastZxid).toBe(sent);
    learner.do({ kind: 'saveSnapshot', zxid: sent });
    learner.learn(author.entries.slice(1500));
    expect(learner.storage.machine.digestMismatches).toBe(0);
    expectSame(learner.storage.machine, leader.storage.machine);
    const again = Bench.begin({ disk: learner.disk.copy({ clock: new SimClock() }) });
    expect(again.storage.machine.digestMismatches).toBe(0);
    expectSame(again.storage.machine, leader.storage.machine);
  });

  test('what follows it on the link is read after it was reported, and not before', () => {
    const { machine, last } = new Author(35).write(50);
    const bench = Bench.begin();
    const wire = bench.connect('leader');
    wire.hear(snapMessage(last));
    const { id: link } = wire.link;
    bench.storage.carryOut({ kind: 'receiveSnapshot', link, zxid: last, idleMs: 1000 });
    wire.hear(Buffer.concat([imageOf(machine), MARK, snapMessage(last)]));
    expect(wire.heard.length).toBe(1);
    expect(bench.events).toEqual([]);
    bench.settleTurns();
    expect(bench.kinds()).toEqual(['snapshotReceived']);
    expect(bench.replaced).toEqual([bench.storage.machine]);
    expect(wire.heard.length).toBe(2);
    expectSame(bench.storage.machine, machine);
  });

  test('that stops coming, or is none, takes the link down, and leaves the state as it was', () => {
    const { machine, last } = new Author(36).write(50);
    for (const bytes of [imageOf(machine).subarray(0, 500), Buffer.alloc(40, 0xff)]) {
      const bench = Bench.begin();
      const before = bench.storage.machine;
      const wire = bench.connect('leader');
      wire.hear(snapMessage(last));
      const { id: link } = wire.link;
      bench.storage.carryOut({ kind: 'receiveSnapshot', link, zxid: last, idleMs: 1000 });
      bench.clock.advance(800);
      wire.hear(bytes);
      bench.clock.advance(800);
      if (wire.link.isOpen) expect(bench.events).toEqual([]);
      bench.clock.advance(800);
      expect(bench.events).toEqual([{ kind: 'linkDown', link }]);
      expect(wire.link.isOpen).toBe(false);
      expect(bench.storage.machine).toBe(before);
    }
  });

  test('whose role ends on the way is of no interest any more', () => {
    const { machine, last } = new Author(37).write(50);
    const bench = Bench.begin();
    const wire = bench.connect('leader');
    wire.hear(snapMessage(last));
    const { id: link } = wire.link;
    bench.storage.carryOut({ kind: 'receiveSnapshot', link, zxid: last, idleMs: 1000 });
    wire.hear(Buffer.concat([imageOf(machine), MARK]));
    bench.do({ kind: 'settle', reload: true });
    expect(bench.kinds()).toEqual(['settled']);
    expect(bench.lastZxid).toBe(0);
    bench.clock.advance(5000);
    expect(bench.kinds()).toEqual(['settled']);
  });
});
