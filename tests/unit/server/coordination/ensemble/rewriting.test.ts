/** History cut or replaced: wholly or not at all, wherever the power fails; and what is left goes on as if nothing had been. */
import { beforeAll, describe, expect, test } from 'vitest';

import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import type { StorageEffect } from '../../../../../src-server/coordination/ensemble/storage.ts';
import { readWhole } from '../../../../../src-server/platform/disk.ts';
import { SimClock } from '../../../../sim/clock.ts';
import type { SimDisk } from '../../../../sim/disk.ts';
import { Author, Bench, type Entry, remains, VERSION_DIR, WatchedDisk } from './storage-bench.ts';

/** Carries it out, and gives the disk as it might be found after a crash at any moment of that. */
function crashesDuring(
  disk: SimDisk,
  prepare: (bench: Bench) => void,
  effect: StorageEffect,
): SimDisk[] {
  const found: SimDisk[] = [];
  let isWatching = false;
  const bench = Bench.begin({
    disk,
    through: (inner) =>
      new WatchedDisk(inner, () => {
        if (isWatching) found.push(...remains(inner, found.length));
      }),
  });
  prepare(bench);
  isWatching = true;
  bench.do(effect);
  isWatching = false;
  found.push(...remains(disk, found.length));
  return found;
}

function copy(disk: SimDisk): SimDisk {
  return disk.copy({ clock: new SimClock() });
}

/** The state is that of its last transaction, and it is whole. */
function expectSound(bench: Bench, author: Author): void {
  const { machine } = bench.storage;
  expect(machine.digestMismatches).toBe(0);
  expect(machine.digest).toBe(author.digestAt(machine.lastZxid));
  expect(bench.disk.exists(`${VERSION_DIR}/history.plan`)).toBe(false);
}

/** Goes on in another way than history did, and is found like that after a restart. */
function expectGoesOn(disk: SimDisk, after: Zxid, another: readonly Entry[], author: Author): void {
  const bench = Bench.begin({ disk });
  expect(bench.lastZxid).toBe(after);
  bench.learn(another);
  const again = Bench.begin({ disk: copy(disk) });
  expect(again.lastZxid).toBe(another.at(-1)!.zxid);
  expectSound(again, author);
}

describe('a cut', () => {
  const author = new Author(1);
  let disk: SimDisk;
  let last: Zxid;

  /** Four logs, two epochs, and a snapshot in the middle. */
  beforeAll(() => {
    const bench = Bench.begin();
    bench.learn(author.write(9).entries);
    bench.storage.journal.roll();
    bench.learn(author.write(8).entries.slice(-8));
    bench.snapshot();
    bench.storage.journal.roll();
    const before = author.entries.length;
    bench.learn(author.newEpoch(2).write(7).entries.slice(before));
    bench.storage.journal.roll();
    bench.learn(author.write(6).entries.slice(-6));
    ({ disk } = bench);
    last = author.last;
    expect(bench.files().filter((name) => name.startsWith('log.')).length).toBe(4);
    expect(bench.files().filter((name) => name.startsWith('snapshot.')).length).toBe(2);
  });

  test('leaves the history up to there, at every transaction of several logs', () => {
    for (const { zxid } of author.entries) {
      const bench = Bench.begin({ disk: copy(disk) });
      bench.do({ kind: 'truncate', zxid });
      expect(bench.events).toEqual([{ kind: 'truncated', zxid }]);
      expect(bench.replaced).toEqual([bench.storage.machine]);
      expect(bench.storage.lastZxid).toBe(zxid);
      expectSound(bench, author);
      // No snapshot is younger, and no log begins later.
      const younger = bench
        .files()
        .filter((name) => name.includes('.'))
        .filter((name) => Number.parseInt(name.split('.')[1]!, 16) > zxid);
      expect(younger).toEqual([]);
      expectSound(Bench.begin({ disk: copy(bench.disk) }), author);
    }
  });

  test.each([0, 1, 2, 3, 4, 5])(
    'J4: is whole or has not been, wherever the power fails (%i of 5)',
    (part) => {
      for (const { zxid } of author.entries.filter((_, i) => i % 6 === part)) {
        const ends = new Set<Zxid>();
        for (const found of crashesDuring(copy(disk), () => undefined, {
          kind: 'truncate',
          zxid,
        })) {
          const bench = Bench.begin({ disk: found });
          ends.add(bench.lastZxid);
          expectSound(bench, author);
        }
        expect([...ends].sort((a, b) => a - b)).toEqual(zxid === last ? [last] : [zxid, last]);
      }
    },
  );

  test('is followed by another history, and that one is found again', () => {
    for (const { zxid } of author.entries.filter((_, i) => i % 4 === 0)) {
      const bench = Bench.begin({ disk: copy(disk) });
      bench.do({ kind: 'truncate', zxid });
      const fork = author.fork(zxid, 77).write(12);
      expectGoesOn(
        bench.disk,
        zxid,
        fork.entries.filter((entry) => entry.zxid > zxid),
        fork,
      );
    }
  });

  test('at the beginning of an epoch, which is no transaction, ends before it', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    bench.do({ kind: 'truncate', zxid: makeZxid(2, 0) });
    const before = author.entries.findLast(({ zxid }) => zxid < makeZxid(2, 0))!.zxid;
    expect(bench.events).toEqual([{ kind: 'truncated', zxid: before }]);
    expectSound(bench, author);
  });

  test('is refused where only younger snapshots are left, and changes nothing', () => {
    const found = copy(disk);
    found.remove(`${VERSION_DIR}/snapshot.0`);
    const bench = Bench.begin({ disk: found });
    const files = bench.files();
    const snapshot = Number.parseInt(
      files.find((name) => name.startsWith('snapshot.'))!.slice(9),
      16,
    );
    const zxid = author.entries.find((entry) => entry.zxid === snapshot - 1)!.zxid;
    const { machine } = bench.storage;
    bench.do({ kind: 'truncate', zxid });
    expect(bench.events).toEqual([{ kind: 'truncated', zxid: last }]);
    expect(bench.storage.machine).toBe(machine);
    expect(bench.files()).toEqual(files);
    bench.events.length = 0;
    bench.do({ kind: 'truncate', zxid: snapshot as Zxid });
    expect(bench.events).toEqual([{ kind: 'truncated', zxid: snapshot }]);
    expectSound(bench, author);
  });

  test('does not build on a snapshot that was finished after what is cut', () => {
    const story = new Author(9).write(30);
    const bench = Bench.begin();
    bench.learn(story.entries.slice(0, 10));
    const { machine, journal } = bench.storage;
    journal.snapshot({
      zxid: machine.lastZxid,
      source: machine.walkImage(),
      digest: () => machine.digestNow,
      done: () => undefined,
    });
    // Applied while the snapshot is being written: it may or may not show them.
    bench.learn(story.entries.slice(10, 20));
    expect(bench.files()).toContain(`snapshot.${story.entries[9]!.zxid.toString(16)}`);
    const { zxid } = story.entries[14]!;
    bench.do({ kind: 'truncate', zxid });
    expect(bench.events.at(-1)).toEqual({ kind: 'truncated', zxid });
    expectSound(bench, story);
    expect(bench.files().filter((name) => name.startsWith('snapshot.'))).toEqual(['snapshot.0']);
  });

  test('that finds no room for its plan waits until there is some, or the role ends', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    bench.disk.failWrites('full');
    const { zxid } = author.entries[3]!;
    bench.do({ kind: 'truncate', zxid });
    expect(bench.events).toEqual([]);
    bench.disk.failWrites(null);
    bench.clock.advance(500);
    expect(bench.events).toEqual([{ kind: 'truncated', zxid }]);
  });
});

describe('a received history', () => {
  const own = new Author(5).write(20);
  const leaders = new Author(6).write(11);
  let disk: SimDisk;

  beforeAll(() => {
    const bench = Bench.begin();
    bench.learn(own.entries.slice(0, 8));
    bench.snapshot();
    bench.storage.journal.roll();
    bench.learn(own.entries.slice(8, 14));
    bench.snapshot();
    bench.learn(own.entries.slice(14));
    ({ disk } = bench);
  });

  test.each([
    ['before the end of the own log', leaders.last],
    ['after it', makeZxid(3, 7)],
  ])('J4: that ends %s replaces log and snapshots, wherever the power fails', (_where, zxid) => {
    const ends = new Set<Zxid>();
    const crashes = crashesDuring(copy(disk), (bench) => bench.receive(leaders.machine, zxid), {
      kind: 'saveSnapshot',
      zxid,
    });
    for (const found of crashes) {
      const bench = Bench.begin({ disk: found });
      ends.add(bench.lastZxid);
      if (bench.lastZxid === own.last) expectSound(bench, own);
      else expect(bench.storage.machine.digest).toBe(leaders.machine.digest);
    }
    expect(new Set(ends)).toEqual(new Set([own.last, zxid]));
  });

  test('leaves nothing older behind, and the log goes on after it', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    bench.receive(leaders.machine, leaders.last);
    bench.do({ kind: 'saveSnapshot', zxid: leaders.last });
    expect(bench.events).toEqual([{ kind: 'snapshotSaved', zxid: leaders.last }]);
    const name = `snapshot.${leaders.last.toString(16)}`;
    expect(bench.files()).toEqual(['acceptedEpoch', 'currentEpoch', name]);
    const more = new Author(6).write(11);
    bench.learn(more.write(10).entries.slice(more.entries.length - 10));
    const again = Bench.begin({ disk: copy(bench.disk) });
    expect(again.lastZxid).toBe(more.last);
    expectSound(again, more);
  });

  test('is the file that the state it makes would be written to', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    bench.receive(leaders.machine, leaders.last);
    bench.do({ kind: 'saveSnapshot', zxid: leaders.last });
    const path = `${VERSION_DIR}/snapshot.${leaders.last.toString(16)}`;
    const received = readWhole(bench.disk, path);
    bench.snapshot();
    expect(received?.equals(readWhole(bench.disk, path)!)).toBe(true);
  });

  test('that found no room on the way is written from the state, once there is some', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    const before = bench.files();
    bench.disk.failWrites('full');
    bench.receive(leaders.machine, leaders.last);
    expect(bench.files()).toEqual(before);
    bench.do({ kind: 'saveSnapshot', zxid: leaders.last });
    expect(bench.events).toEqual([]);
    bench.disk.failWrites(null);
    bench.clock.advance(500);
    expect(bench.events).toEqual([{ kind: 'snapshotSaved', zxid: leaders.last }]);
    expect(Bench.begin({ disk: copy(bench.disk) }).storage.machine.digest).toBe(
      leaders.machine.digest,
    );
  });

  test('that was not saved is gone with the role', () => {
    const bench = Bench.begin({ disk: copy(disk) });
    const before = bench.files();
    bench.receive(leaders.machine, leaders.last);
    bench.do({ kind: 'settle', reload: true });
    expect(bench.events.map(({ kind }) => kind)).toEqual(['settled']);
    expect(bench.lastZxid).toBe(own.last);
    expect(bench.files()).toEqual(before);
    expectSound(bench, own);
  });
});
