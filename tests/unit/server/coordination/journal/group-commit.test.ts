/** J1 and J2: what is reported durable, when, and in which order; and what happens when the disk cannot go on. */
import { describe, expect, test } from 'vitest';

import type { Zxid } from '../../../../../src-server/base/zxid.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { CreateFlag, Request } from '../../../../../src-server/coordination/model/request.ts';
import { LOSES_EVERYTHING_UNSYNCED } from '../../../../sim/disk.ts';
import { type JournalKnobs, recoverZxids, SimMember, VERSION_DIR } from '../../../../sim/member.ts';

/** A member with a session, whose syncs end when the test says so. */
function begin(knobs: JournalKnobs = {}): { member: SimMember; write: (count?: number) => void } {
  const member = SimMember.start(knobs);
  const session = member.newSession();
  member.durable.length = 0;
  member.disk.holdSyncs();
  Object.assign(member.disk.counts, { writes: 0, syncs: 0, directorySyncs: 0 });
  return {
    member,
    write: (count = 1) => {
      for (let i = 0; i < count; i++) {
        const request = Object.assign(new Request(OpCode.CREATE), {
          path: '/node-',
          data: Buffer.alloc(100, 'x'),
          acl: OPEN_ACL,
          flags: CreateFlag.PERSISTENT_SEQUENTIAL,
        });
        member.propose(request, session);
      }
    },
  };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** What would be there if the power failed now. */
const ifPowerFails = (member: SimMember): readonly Zxid[] =>
  recoverZxids(member.disk.afterCrash(LOSES_EVERYTHING_UNSYNCED)).zxids;

describe('group commit', () => {
  test('J1: nothing is reported before the sync that began after it was written has ended', () => {
    const { member, write } = begin();
    write();
    expect([member.disk.counts.writes, member.disk.syncsUnderWay.length]).toEqual([0, 0]);
    member.clock.settle();
    expect([member.disk.counts.writes, member.disk.syncsUnderWay.length]).toEqual([1, 1]);
    expect(member.durable).toEqual([]);
    expect(ifPowerFails(member)).toEqual([1]);
    write();
    member.clock.settle();
    member.disk.endSync();
    expect(member.durable).toEqual([2]);
    member.clock.settle();
    expect(member.durable).toEqual([2]);
    member.disk.endSync();
    expect(member.durable).toEqual([2, 3]);
    expect(ifPowerFails(member)).toEqual([1, 2, 3]);
  });

  test('whatever is reported survives a failure of the power at that moment', () => {
    const { member, write } = begin({ preallocateBytes: 2000 });
    for (let turn = 0; turn < 60; turn++) {
      write(turn % 5);
      if (turn % 17 === 0) member.journal.roll();
      if (turn % 3 !== 0) member.clock.turn();
      if (turn % 2 === 0 && member.disk.syncsUnderWay.length > 0) member.disk.endSync();
      const reported = member.durable.at(-1) ?? 1;
      expect(ifPowerFails(member)).toEqual(range(1, reported));
    }
  });

  test('J2: everything that arrives during a sync shares the next write and the next sync, in order', () => {
    const { member, write } = begin();
    write(3);
    member.clock.settle();
    for (let i = 0; i < 50; i++) {
      write();
      member.clock.settle();
    }
    expect(member.disk.counts).toMatchObject({ writes: 1, syncs: 1 });
    member.disk.endSync();
    expect(member.durable).toEqual([2, 3, 4]);
    // Whoever was just answered may write again in the same turn, and shares it too.
    write();
    member.clock.settle();
    expect(member.disk.counts).toMatchObject({ writes: 2, syncs: 2 });
    member.disk.endSync();
    expect(member.durable).toEqual(range(2, 55));
    expect(member.journal.waiting).toBe(0);
  });

  test('one turn is one write, however many transactions it has', () => {
    const { member, write } = begin({ preallocateBytes: 0x10_0000 });
    write(500);
    member.clock.settle();
    expect(member.disk.counts).toMatchObject({ writes: 1, syncs: 1 });
  });

  test('once a quarter of a megabyte, zeros are written ahead, so that a sync of records needs no new blocks', () => {
    const { member, write } = begin({ preallocateBytes: 0x10_0000 });
    const writesOfTurns: number[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const before = member.disk.counts.writes;
      write(500);
      member.clock.settle();
      writesOfTurns.push(member.disk.counts.writes - before);
      member.disk.endSync();
    }
    expect(writesOfTurns).toEqual([1, 1, 2, 1, 1, 2, 1, 1]);
    expect(ifPowerFails(member)).toEqual(range(1, 4001));
  });

  test('a new file begins with the next transaction, and its name is durable before that is reported', () => {
    const { member, write } = begin();
    write(2);
    member.clock.settle();
    member.journal.roll();
    write();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'snapshot.0']);
    member.disk.endSync();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'log.4', 'snapshot.0']);
    member.disk.endSync();
    expect(member.durable).toEqual([2, 3, 4]);
    const found = member.disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
    expect(recoverZxids(found).zxids).toEqual([1, 2, 3, 4]);
    expect(found.list(VERSION_DIR).map(({ name }) => name)).toContain('log.4');
  });

  test('a file is extended ahead of its end, in steps', () => {
    const { member, write } = begin({ preallocateBytes: 10_000 });
    const log = (): number => member.disk.contents(`${VERSION_DIR}/log.1`).length;
    expect(log()).toBe(10_016);
    for (let i = 0; i < 20; i++) {
      write(2);
      member.clock.settle();
      member.disk.endSync();
    }
    // Two records of 209 bytes a turn: the step comes when fewer than 4096 bytes are left.
    expect(log()).toBe(20_016);
  });

  test('without syncs, a write is reported at the end of its turn', () => {
    const { member, write } = begin({ forceSync: false });
    write(2);
    member.clock.settle();
    expect(member.durable).toEqual([2, 3]);
    expect(member.disk.counts).toMatchObject({ writes: 1, syncs: 0 });
  });

  test('a sync that takes long is said', () => {
    const { member, write } = begin({ fsyncWarningMs: 50 });
    write();
    member.clock.advance(51);
    member.disk.endSync();
    expect(member.log).toEqual(['a sync of the log took long; clients wait for it · 51']);
  });

  test('closing waits for what was appended', async () => {
    const { member, write } = begin();
    write(2);
    member.clock.settle();
    write(2);
    let isClosed = false;
    const closed = member.journal.close().then(() => (isClosed = true));
    member.disk.endSync();
    await Promise.resolve();
    expect([member.durable, isClosed]).toEqual([[2, 3], false]);
    member.disk.endSync();
    await closed;
    expect(member.durable).toEqual([2, 3, 4, 5]);
  });
});

describe('a disk without room', () => {
  test('nothing is lost: what did not fit is written when there is room again', () => {
    const { member, write } = begin({ preallocateBytes: 0 });
    const { disk, clock, journal } = member;
    write(3);
    clock.settle();
    disk.endSync();
    disk.capacityBytes = disk.usedBytes + 300;
    write(2);
    clock.settle();
    expect(journal.room).toBe('none');
    expect([member.durable, disk.syncsUnderWay]).toEqual([[2, 3, 4], []]);
    // The half that fitted is gone again: the file holds whole records only.
    expect(ifPowerFails(member)).toEqual([1, 2, 3, 4]);
    expect(recoverZxids(disk.copy()).zxids).toEqual([1, 2, 3, 4]);
    clock.advance(5000);
    write(2);
    clock.settle();
    expect(member.durable).toEqual([2, 3, 4]);
    disk.capacityBytes = 1_000_000;
    clock.advance(1000);
    expect(journal.room).toBe('ok');
    disk.endSync();
    expect(member.durable).toEqual(range(2, 8));
    expect(ifPowerFails(member)).toEqual(range(1, 8));
    expect(member.failures).toEqual([]);
    expect(member.log).toEqual([expect.stringContaining('writes are refused until there is room')]);
  });

  test('not even for a new file: the same', () => {
    const { member, write } = begin({ preallocateBytes: 0 });
    const { disk, clock, journal } = member;
    journal.roll();
    disk.capacityBytes = disk.usedBytes + 5;
    write();
    clock.settle();
    expect([journal.room, member.files()]).toEqual(['none', ['log.1', 'snapshot.0']]);
    disk.capacityBytes = 1_000_000;
    clock.advance(1000);
    disk.endSync();
    expect(member.durable).toEqual([2]);
    expect(member.files()).toEqual(['log.1', 'log.2', 'snapshot.0']);
  });

  test('is low before it is gone, and says so once', () => {
    const { member, write } = begin({ preallocateBytes: 0, reserveBytes: 4000 });
    const { disk, journal } = member;
    const roomWith = (freeBytes: number): string => {
      disk.capacityBytes = disk.usedBytes + freeBytes;
      journal.checkRoom();
      return journal.room;
    };
    expect([4000, 3999, 1000, 999, 0, 2000, 5000].map(roomWith)).toEqual([
      'ok',
      'low',
      'low',
      'none',
      'none',
      'low',
      'ok',
    ]);
    expect(member.log.length).toBeLessThanOrEqual(3);
    // Refusing is the member's part; the journal takes what it is given, and the reserve is there for it.
    roomWith(3999);
    write();
    member.clock.settle();
    disk.endSync();
    expect(member.durable).toEqual([2]);
  });

  test('closing does not wait for room that may never come', async () => {
    for (const isSyncing of [false, true]) {
      const { member, write } = begin({ preallocateBytes: 0 });
      const { disk, clock, journal } = member;
      if (isSyncing) {
        write();
        clock.settle();
      }
      disk.capacityBytes = disk.usedBytes;
      write(2);
      const closed = journal.close();
      if (isSyncing) disk.endSync();
      await closed;
      disk.capacityBytes = 1_000_000;
      clock.advance(10_000);
      expect(member.durable).toEqual(isSyncing ? [2] : []);
      expect(member.files()).toEqual(['log.1', 'snapshot.0']);
    }
  });
});

describe('a disk that fails', () => {
  test('a failed sync is the end: nothing is reported any more, and nothing is tried again', async () => {
    const { member, write } = begin();
    write(2);
    member.clock.settle();
    write(2);
    member.disk.endSync('io');
    expect(member.failures).toHaveLength(1);
    member.clock.advance(10_000);
    write(2);
    member.clock.advance(10_000);
    expect(member.durable).toEqual([]);
    expect(member.disk.counts).toMatchObject({ writes: 1, syncs: 1 });
    expect(member.failures).toHaveLength(1);
    await member.journal.close();
    expect(member.disk.counts).toMatchObject({ writes: 1, syncs: 1 });
  });

  test('so is a write that fails for another reason than room', async () => {
    const { member, write } = begin();
    member.disk.failWrites('io');
    write();
    member.clock.settle();
    member.disk.failWrites(null);
    write();
    member.clock.advance(10_000);
    expect(member.failures.map(({ code }) => code)).toEqual(['io']);
    expect([member.durable, member.disk.counts.syncs]).toEqual([[], 0]);
    await member.journal.close();
  });

  test('a member that is closing when its sync fails still closes', async () => {
    const { member, write } = begin();
    write();
    member.clock.settle();
    const closed = member.journal.close();
    member.disk.endSync('io');
    await closed;
    expect(member.failures).toHaveLength(1);
  });
});
