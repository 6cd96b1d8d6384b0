/** The storage of a member: when what is durable, what survives, and what a role that ends leaves behind. */
import { describe, expect, test } from 'vitest';

import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import { Code } from '../../../../../src-server/coordination/model/codes.ts';
import { errorTxn } from '../../../../../src-server/coordination/model/txn.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { LOSES_EVERYTHING_UNSYNCED, SimDisk } from '../../../../sim/disk.ts';
import { openJournal } from '../../../../sim/member.ts';
import {
  Author,
  Bench,
  copyOf,
  PROMISED,
  remains,
  VERSION_DIR,
  WatchedDisk,
} from './storage-bench.ts';

function crashed(bench: Bench): Bench {
  return Bench.begin({
    disk: bench.disk.afterCrash(LOSES_EVERYTHING_UNSYNCED, { clock: new SimClock() }),
  });
}

function logName(zxid: Zxid): string {
  return `${VERSION_DIR}/log.${zxid.toString(16)}`;
}

describe('appends', () => {
  test('J1, J2: are durable when a sync that began after them has ended, in their order', () => {
    const { entries } = new Author(1).write(9);
    const bench = Bench.begin();
    bench.disk.holdSyncs();
    bench.append(entries.slice(0, 2));
    bench.settleTurns();
    bench.append(entries.slice(2, 5));
    bench.settleTurns();
    expect(bench.events).toEqual([]);
    expect(crashed(bench).lastZxid).toBe(0);
    bench.disk.endSync();
    expect(bench.events).toEqual([{ kind: 'durable', zxid: entries[1]!.zxid }]);
    expect(crashed(bench).lastZxid).toBe(entries[1]!.zxid);
    bench.settleTurns();
    // What came meanwhile shares one sync.
    expect(bench.disk.syncsUnderWay.length).toBe(1);
    bench.disk.endSync();
    expect(bench.events.at(-1)).toEqual({ kind: 'durable', zxid: entries[4]!.zxid });
    expect(crashed(bench).lastZxid).toBe(entries[4]!.zxid);
  });

  test('J3: are found again, with the state they lead to, however the power fails', () => {
    const author = new Author(2).write(60).newEpoch(2).write(60);
    const durable: Zxid[] = [];
    const bench = Bench.begin({
      through: (disk) =>
        new WatchedDisk(disk, () => {
          const last = durable.at(-1) ?? 0;
          for (const found of remains(disk, durable.length)) {
            const again = new Bench({ disk: found });
            expect(again.lastZxid).toBeGreaterThanOrEqual(last);
            expect(again.storage.machine.digest).toBe(author.digestAt(again.lastZxid));
          }
        }),
    });
    for (let at = 0; at < author.entries.length; at += 7) {
      bench.learn(author.entries.slice(at, at + 7));
      const event = bench.events.at(-1);
      if (event?.kind === 'durable') durable.push(event.zxid);
    }
    expect(durable.at(-1)).toBe(author.last);
  });

  test("are the same bytes as a standalone server's, prepared here or elsewhere", () => {
    const { entries } = new Author(3).write(50);
    const bench = Bench.begin();
    const leader = Bench.begin();
    const clock = new SimClock();
    const alone = new SimDisk({ clock });
    const journal = openJournal(alone, { preallocateBytes: 2048 });
    for (const { zxid, payload, txn } of entries) {
      bench.storage.carryOut({ kind: 'append', zxid, payload, view: null });
      const prepared = leader.storage.prepared(txn);
      expect(Buffer.from(prepared).equals(payload)).toBe(true);
      leader.storage.carryOut({ kind: 'append', zxid, payload: prepared, view: null });
      journal.append(txn);
    }
    bench.settleTurns();
    leader.settleTurns();
    clock.settle();
    const name = logName(entries[0]!.zxid);
    expect(bench.disk.contents(name).equals(alone.contents(name))).toBe(true);
    expect(leader.disk.contents(name).equals(alone.contents(name))).toBe(true);
  });

  test('of what nobody here understands stop the member', () => {
    const bench = Bench.begin();
    const zxid = makeZxid(1, 1);
    bench.do({ kind: 'append', zxid, payload: Buffer.alloc(40), view: null });
    expect(bench.fatal.map(({ message }) => message)).toEqual([
      expect.stringContaining('none that is known here'),
    ]);
  });

  test('M3: whose sync fails stop the member at once, before a decision can pass for applied', () => {
    const { entries } = new Author(4).write(3);
    const bench = Bench.begin();
    bench.disk.holdSyncs();
    bench.append(entries);
    bench.settleTurns();
    bench.disk.endSync('io');
    expect(bench.fatal.length).toBe(1);
    bench.commit(entries);
    expect(bench.applied).toEqual([]);
    bench.settleTurns();
    expect(bench.fatal.length).toBe(1);
    bench.do({ kind: 'settle', reload: false });
    expect(bench.events).toEqual([]);
  });
});

describe('decisions', () => {
  test('Z5: may come before the own disk has what they decide; a crash then forgets both', () => {
    const { entries } = new Author(5).write(6);
    const bench = Bench.begin();
    bench.disk.holdSyncs();
    bench.append(entries);
    bench.commit(entries.slice(0, 4));
    expect(bench.applied).toEqual(entries.slice(0, 4).map(({ zxid }) => zxid));
    expect(bench.lastZxid).toBe(entries[3]!.zxid);
    bench.settleTurns();
    expect(crashed(bench).lastZxid).toBe(0);
  });

  test('Z5: come in the order of the log', () => {
    const { entries } = new Author(5).write(6);
    const bench = Bench.begin();
    bench.append(entries);
    expect(() => bench.commit(entries.slice(1))).toThrow(/Z5/);
  });

  test('J5: are in no snapshot before they are durable in the log', () => {
    const author = new Author(6).write(30);
    const { entries } = author;
    const bench = Bench.begin();
    bench.disk.holdSyncs();
    const endSync = (of: string): void => {
      expect(bench.disk.syncsUnderWay[0]).toContain(of);
      bench.disk.endSync();
      bench.settleTurns();
    };
    bench.append(entries.slice(0, 15));
    bench.settleTurns();
    bench.append(entries.slice(15));
    bench.commit(entries.slice(0, 25));
    const name = `snapshot.${entries[24]!.zxid.toString(16)}`;
    bench.snapshot();
    endSync('log.');
    endSync('snapshot.');
    // Whole and durable itself, but the log durably ends ten transactions before it.
    expect(bench.files()).toContain(`${name}.tmp`);
    for (const found of remains(bench.disk, 1)) {
      const again = Bench.begin({ disk: found });
      expect(again.storage.machine.digest).toBe(author.digestAt(again.lastZxid));
    }
    expect(crashed(bench).lastZxid).toBe(entries[14]!.zxid);
    endSync('log.');
    expect(bench.files()).toContain(name);
    const again = crashed(bench);
    expect(again.lastZxid).toBe(author.last);
    expect(again.storage.machine.digest).toBe(author.digestAt(author.last));
    expect(again.storage.machine.digestMismatches).toBe(0);
  });
});

describe('settling', () => {
  test('of a new database leaves one that is on disk', () => {
    const bench = new Bench();
    bench.do({ kind: 'settle', reload: false });
    expect(bench.events).toMatchObject([{ kind: 'settled', zxid: 0 }]);
    expect(bench.files()).toEqual(['acceptedEpoch', 'currentEpoch', 'snapshot.0']);
  });

  test('Z8: waits for the disk, applies the rest, and reports no append', () => {
    const author = new Author(7).write(8);
    const bench = Bench.begin();
    bench.disk.holdSyncs();
    bench.append(author.entries);
    bench.commit(author.entries.slice(0, 3));
    bench.settleTurns();
    bench.do({ kind: 'settle', reload: false });
    expect(bench.events).toEqual([]);
    expect(bench.lastZxid).toBe(author.entries[2]!.zxid);
    bench.disk.endSync();
    bench.settleTurns();
    expect(bench.kinds()).toEqual(['settled']);
    expect(bench.lastZxid).toBe(author.last);
    expect(bench.storage.machine.digest).toBe(author.digestAt(author.last));
    // What nobody decided is told to nobody.
    expect(bench.applied.length).toBe(3);
    expect(crashed(bench).lastZxid).toBe(author.last);
  });

  test('Z8: with a reload brings back what the disk says', () => {
    const author = new Author(8).write(20);
    const bench = Bench.begin();
    bench.learn(author.entries.slice(0, 10));
    const { machine } = bench.storage;
    bench.append(author.entries.slice(10, 12));
    bench.do({ kind: 'settle', reload: true });
    expect(bench.replaced).toEqual([bench.storage.machine]);
    expect(bench.storage.machine).not.toBe(machine);
    expect(bench.events.at(-1)).toMatchObject({ kind: 'settled', zxid: author.entries[11]!.zxid });
    expect(bench.storage.machine.digest).toBe(author.digestAt(author.entries[11]!.zxid));
    bench.learn(author.entries.slice(12));
    expect(crashed(bench).lastZxid).toBe(author.last);
  });

  test('forgets what was only prepared, in state and encoding', () => {
    const { entries } = new Author(9).write(2);
    const bench = Bench.begin();
    const [first] = entries;
    const stale = errorTxn(Code.NO_NODE);
    stale.zxid = first!.zxid;
    bench.storage.prepared(stale);
    bench.do({ kind: 'settle', reload: false });
    expect(bench.storage.machine.pendingCount).toBe(0);
    bench.append(entries);
    bench.settleTurns();
    const log = bench.disk.contents(logName(first!.zxid));
    expect(log.includes(first!.payload)).toBe(true);
  });

  test('gives up a snapshot that would see what nobody decided', () => {
    const author = new Author(10).write(40);
    const bench = Bench.begin();
    bench.learn(author.entries.slice(0, 20));
    bench.append(author.entries.slice(20));
    const { machine, journal } = bench.storage;
    journal.snapshot({
      zxid: machine.lastZxid,
      source: machine.walkImage(),
      digest: () => machine.digestNow,
      done: () => undefined,
    });
    bench.storage.carryOut({ kind: 'settle', reload: false });
    bench.settleTurns();
    expect(bench.lastZxid).toBe(author.last);
    expect(bench.files().filter((name) => name.startsWith('snapshot.'))).toEqual(['snapshot.0']);
    // The decided part can still be cut to.
    const { zxid } = author.entries[19]!;
    bench.do({ kind: 'truncate', zxid });
    expect(bench.storage.machine.digest).toBe(author.digestAt(zxid));
  });
});

describe('epochs', () => {
  test('are durable when they are reported, the old or the new one before', () => {
    const seen = new Set<string>();
    let isWatching = false;
    const look = (disk: SimDisk): void => {
      for (const found of remains(disk, seen.size)) {
        const { storage } = new Bench({ disk: found });
        seen.add(`${storage.acceptedEpoch} ${storage.currentEpoch}`);
      }
    };
    const bench = Bench.begin({
      through: (disk) => new WatchedDisk(disk, () => isWatching && look(disk)),
    });
    isWatching = true;
    bench.do({ kind: 'storeAcceptedEpoch', epoch: 12 });
    expect([...seen]).toEqual([`${PROMISED} 0`, '12 0']);
    expect(bench.events).toEqual([{ kind: 'acceptedEpochStored', epoch: 12 }]);
    seen.clear();
    bench.do({ kind: 'storeCurrentEpoch', epoch: 12 });
    look(bench.disk);
    expect([...seen]).toEqual(['12 0', '12 12']);
    expect(bench.events.at(-1)).toEqual({ kind: 'currentEpochStored', epoch: 12 });
  });

  test('of a directory without any begin with the last transaction’s', () => {
    const bench = Bench.begin();
    bench.learn(new Author(11).write(4).newEpoch(3).write(2).entries);
    bench.disk.remove(`${VERSION_DIR}/acceptedEpoch`);
    bench.disk.remove(`${VERSION_DIR}/currentEpoch`);
    const { storage } = new Bench({ disk: bench.disk.copy({ clock: new SimClock() }) });
    expect([storage.acceptedEpoch, storage.currentEpoch]).toEqual([3, 3]);
  });

  test('may lag behind the log, as far as was promised and no further', () => {
    const bench = new Bench();
    bench.do({ kind: 'storeAcceptedEpoch', epoch: 2 });
    bench.do({ kind: 'settle', reload: false });
    bench.learn(new Author(12).write(4).newEpoch(2).write(2).entries);
    const again = new Bench({ disk: bench.disk.copy({ clock: new SimClock() }) });
    expect([again.storage.acceptedEpoch, again.storage.currentEpoch]).toEqual([2, 0]);
    bench.disk.put(`${VERSION_DIR}/acceptedEpoch`, Buffer.from('1'));
    expect(() => new Bench({ disk: bench.disk.copy({ clock: new SimClock() }) })).toThrow(
      /accepted epoch 1 is older than the last transaction's, 2/,
    );
  });

  test('that find a full disk are stored once there is room, unless the role ends', () => {
    const bench = Bench.begin();
    bench.disk.failWrites('full');
    bench.do({ kind: 'storeAcceptedEpoch', epoch: 20 });
    expect(bench.events).toEqual([]);
    bench.disk.failWrites(null);
    bench.clock.advance(500);
    expect(bench.events).toEqual([{ kind: 'acceptedEpochStored', epoch: 20 }]);
    bench.disk.failWrites('full');
    bench.do({ kind: 'storeAcceptedEpoch', epoch: 21 });
    bench.do({ kind: 'settle', reload: false });
    bench.clock.advance(500);
    expect(bench.kinds()).toEqual(['acceptedEpochStored', 'settled']);
    expect(bench.storage.acceptedEpoch).toBe(20);
  });
});

describe('snapshots by themselves', () => {
  test('wait until they may be taken, and are not lost by that', () => {
    const author = new Author(13).write(200);
    const bench = Bench.begin({ settings: { snapCount: 40 } });
    bench.learn(author.entries.slice(0, 100));
    expect(bench.storage.journal.lastSnapshot?.zxid).toBe(0);
    bench.storage.mayTakeSnapshots = true;
    bench.learn(author.entries.slice(100, 101));
    expect(bench.storage.journal.lastSnapshot!.zxid).toBeGreaterThanOrEqual(
      author.entries[99]!.zxid,
    );
    bench.storage.mayTakeSnapshots = false;
    const taken = bench.storage.journal.lastSnapshot;
    bench.learn(author.entries.slice(101));
    expect(bench.storage.journal.lastSnapshot).toEqual(taken);
  });
});

test('recent is the end of the log, and nothing from before a gap that only a snapshot covers', () => {
  const author = new Author(14).write(30);
  const bench = Bench.begin();
  bench.learn(author.entries.slice(0, 20));
  bench.snapshot();
  bench.learn(author.entries.slice(20));
  const again = (settings: { commitLogCount: number }): readonly Zxid[] =>
    new Bench({
      disk: bench.disk.copy({ clock: new SimClock() }),
      settings,
    }).storage.recent.map(({ zxid }) => zxid);
  const zxids = author.entries.map(({ zxid }) => zxid);
  expect(again({ commitLogCount: 500 })).toEqual(zxids);
  expect(again({ commitLogCount: 7 })).toEqual(zxids.slice(-7));
  const gap = Bench.begin();
  gap.learn(author.entries.slice(0, 5));
  const later = makeZxid(2, 0);
  gap.receive(copyOf(author.machine, later), later);
  gap.do({ kind: 'saveSnapshot', zxid: later });
  const { storage } = new Bench({ disk: gap.disk.copy({ clock: new SimClock() }) });
  expect(storage.recent).toEqual([]);
  expect(storage.lastZxid).toBe(later);
});
