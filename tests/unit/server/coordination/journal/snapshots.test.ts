/** Snapshots: written in slices beside changes, read back, sealed, and kept as long as they are needed. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { adler32 } from '../../../../../src-server/bytes/checksum.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import type { NumberedFile } from '../../../../../src-server/coordination/journal/file-names.ts';
import { JournalError } from '../../../../../src-server/coordination/journal/journal-error.ts';
import { purgeable } from '../../../../../src-server/coordination/journal/retention.ts';
import {
  looksFinished,
  readSnapshot,
  SLICE_BYTES,
  SLICE_ENTRIES,
  writeSnapshot,
} from '../../../../../src-server/coordination/journal/snapshot.ts';
import type {
  SnapshotSource,
  StatedDigest,
} from '../../../../../src-server/coordination/journal/snapshot-format.ts';
import { type Acl, OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import {
  Changes,
  describeFigures,
  describeState,
  firstDifference,
} from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';
import { recoverZxids, SimMember, VERSION_DIR } from '../../../../sim/member.ts';

const STAT = {
  czxid: 1,
  mzxid: 2,
  pzxid: 3,
  ctime: 4,
  mtime: 5,
  version: 6,
  cversion: 7,
  aversion: 8,
  ownerHigh: 9,
  ownerLow: 10,
};

interface Parts {
  readonly sessions?: SnapshotSource['sessions'];
  readonly acls?: SnapshotSource['acls'];
  readonly nodes: number;
  readonly data?: Uint8Array;
  /** Called for every node. */
  readonly onNode?: () => void;
}

/** A root and so many children with the same data. */
function sourceOf({ sessions = [], acls = [], nodes, data, onNode }: Parts): SnapshotSource {
  let at = -1;
  return {
    sessions,
    acls,
    nodeCount: nodes,
    next: () => {
      onNode?.();
      return ++at < nodes;
    },
    get path() {
      return at === 0 ? '' : `/n${at}`;
    },
    acl: -1,
    stat: STAT,
    dataLength: data?.length ?? -1,
    dataBytes: data ?? new Uint8Array(),
    dataOffset: 0,
    close: () => undefined,
  };
}

const DIGEST: StatedDigest = { zxid: 0x1_0000_0005, high: 0xffff_fffe, low: 0x8000_0000 };
const PATH = '/d/snapshot.7';

/** Writes a snapshot without any time passing, and says how many slices that took. */
function write(
  parts: Parts,
  sections: { readonly digest?: StatedDigest | null; readonly withLastZxid?: boolean } = {},
): { disk: SimDisk; slices: number } {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  let isDone = false;
  const { digest = DIGEST, withLastZxid = true } = sections;
  writeSnapshot({
    disk,
    clock,
    directory: '/d',
    zxid: zxidOf(7),
    source: sourceOf(parts),
    digest: digest === null ? null : () => digest,
    withLastZxid,
    done: (error) => {
      expect(error).toBeNull();
      isDone = true;
    },
  });
  let slices = 0;
  while (!isDone) {
    slices++;
    expect(clock.turn()).toBe(true);
  }
  return { disk, slices };
}

interface Read {
  readonly stated: StatedDigest | null;
  readonly sessions: (readonly [bigint, number])[];
  readonly acls: (readonly [number, Acl])[];
  readonly nodes: (readonly [string, Uint8Array | null, number, object])[];
}

function read(disk: SimDisk, path = PATH): Read {
  const found: Omit<Read, 'stated'> = { sessions: [], acls: [], nodes: [] };
  const stated = readSnapshot({
    disk,
    path,
    sink: {
      addSession: (id, timeoutMs) => found.sessions.push([id, timeoutMs]),
      addAcl: (key, acl) => found.acls.push([key, acl]),
      addNode: (nodePath, data, key, stat) => {
        found.nodes.push([nodePath, data === null ? null : Buffer.from(data), key, { ...stat }]);
        return null;
      },
    },
    onProgress: () => undefined,
  });
  return { ...found, stated };
}

describe('a snapshot', () => {
  test('is read as it was written', () => {
    const sessions = [
      { id: 0x0100_0000_0000_0001n, timeoutMs: 10_000 },
      { id: -5n, timeoutMs: 40_000 },
    ];
    const acls = [
      { id: 1, acl: [{ permissions: 31, scheme: 'digest', id: 'größe:x' }] },
      { id: 9_000_000_000, acl: OPEN_ACL },
    ];
    const { disk } = write({ sessions, acls, nodes: 3, data: Buffer.from('data') });
    const found = read(disk);
    expect(found.stated).toEqual(DIGEST);
    expect(found.sessions).toEqual(sessions.map(({ id, timeoutMs }) => [id, timeoutMs]));
    expect(found.acls).toEqual(acls.map(({ id, acl }) => [id, acl]));
    expect(found.nodes).toEqual([
      ['', Buffer.from('data'), -1, STAT],
      ['/n1', Buffer.from('data'), -1, STAT],
      ['/n2', Buffer.from('data'), -1, STAT],
    ]);
    expect(disk.list('/d').map(({ name }) => name)).toEqual(['snapshot.7']);
  });

  test.each([
    ['no digest', { digest: null }],
    ['a digest and no last zxid, as 3.8 writes it', { withLastZxid: false }],
    ['a digest and a last zxid', {}],
  ] as [string, { digest?: null; withLastZxid?: boolean }][])(
    'with %s ends with a seal, and is read',
    (_, sections) => {
      const { disk } = write({ nodes: 2 }, sections);
      expect(looksFinished(disk, PATH)).toBe(true);
      expect(read(disk).stated).toEqual(sections.digest === null ? null : DIGEST);
      expect(read(disk).nodes.map(([path, data]) => [path, data])).toEqual([
        ['', null],
        ['/n1', null],
      ]);
    },
  );

  test('whose digest is text, as version 1 had it, is read without one', () => {
    const { disk } = write({ nodes: 2 }, { digest: null });
    const body = disk.contents(PATH);
    const writer = new Writer();
    writer.raw(body, 0, body.length);
    writer.long(5);
    writer.int32(1);
    writer.string('ab12');
    writer.long(adler32(writer.bytes, 0, writer.length));
    writer.string('/');
    disk.put(PATH, writer.view());
    expect(read(disk)).toMatchObject({ stated: null, nodes: { length: 2 } });
  });

  test('with a list of access longer than what is read at once', () => {
    const acl = Array.from({ length: 60_000 }, (_, i) => ({
      permissions: i,
      scheme: 'digest',
      id: `user-${i}:hash`,
    }));
    const small = { id: 1, acl: OPEN_ACL };
    const { disk } = write({ acls: [small, { id: 2, acl }, { ...small, id: 3 }], nodes: 1 });
    expect(disk.contents(PATH).length).toBeGreaterThan(0x10_0000);
    const found = read(disk);
    expect(found.acls.map(([key]) => key)).toEqual([1, 2, 3]);
    expect(found.acls[1]?.[1]).toEqual(acl);
    expect(found.stated).toEqual(DIGEST);
  });

  test('with names and data of a mebibyte', () => {
    const { disk } = write({ nodes: 4, data: Buffer.alloc(0x10_0000 + 7, 'y') });
    expect(read(disk).nodes.map(([, data]) => data?.length)).toEqual(
      new Array(4).fill(0x10_0000 + 7),
    );
  });

  test('cut anywhere, or with any byte changed, is damaged', () => {
    const sessions = [{ id: 1n, timeoutMs: 2 }];
    const acls = [{ id: 1, acl: OPEN_ACL }];
    const { disk } = write({ sessions, acls, nodes: 3, data: Buffer.alloc(20) });
    const whole = disk.contents(PATH);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1 << (at % 8);
      for (const image of [changed, whole.subarray(0, at)]) {
        disk.put(PATH, image);
        let isRefused = !looksFinished(disk, PATH);
        try {
          read(disk);
        } catch (error) {
          if (!(error instanceof JournalError)) throw error;
          expect([error.code, error.path]).toEqual(['damaged', PATH]);
          isRefused = true;
        }
        // Cut right behind an earlier seal it is a whole snapshot of an older form.
        const isOlderForm = image.length < whole.length && isSealed(image);
        if (!isRefused && !isOlderForm) expect.fail(`byte ${at} of ${whole.length}`);
      }
    }
  });
});

/** Whether the last thirteen bytes are the checksum of what is before them, and "/". */
function isSealed(image: Buffer): boolean {
  if (image.length < 13) return false;
  return image.readUInt32BE(image.length - 9) === adler32(image, 0, image.length - 13);
}

describe('slices', () => {
  test('end after so many nodes, even where no time passes', () => {
    let inSlice = 0;
    let most = 0;
    const nodes = SLICE_ENTRIES * 10;
    const clock = new SimClock();
    const disk = new SimDisk({ clock });
    disk.makeDirectory('/d');
    writeSnapshot({
      disk,
      clock,
      directory: '/d',
      zxid: zxidOf(7),
      source: sourceOf({ nodes, onNode: () => inSlice++ }),
      digest: null,
      withLastZxid: false,
      done: () => undefined,
    });
    while (clock.turn()) {
      most = Math.max(most, inSlice);
      inSlice = 0;
    }
    expect(most).toBeLessThanOrEqual(SLICE_ENTRIES + 1);
    expect(read(disk).nodes.length).toBe(nodes);
  });

  test('end after so many bytes', () => {
    const { disk, slices } = write({ nodes: 24, data: Buffer.alloc(0x8_0000) });
    expect(slices).toBeGreaterThanOrEqual(disk.contents(PATH).length / (SLICE_BYTES * 2));
  });

  test('end when their time is over', () => {
    const clock = new SimClock();
    const disk = new SimDisk({ clock });
    disk.makeDirectory('/d');
    const ends: number[] = [];
    let seen = 0;
    writeSnapshot({
      disk,
      clock,
      directory: '/d',
      zxid: zxidOf(7),
      // A node takes a tenth of a millisecond of the virtual time.
      source: sourceOf({ nodes: 1000, onNode: () => ++seen % 10 === 0 && clock.pass(1) }),
      digest: null,
      withLastZxid: false,
      done: () => undefined,
    });
    for (let before = clock.nowMs(); clock.turn(); before = clock.nowMs())
      ends.push(clock.nowMs() - before);
    expect(Math.max(...ends)).toBeLessThanOrEqual(12);
    expect(read(disk).nodes.length).toBe(1000);
  });

  test('hold for sessions and lists as well', () => {
    const sessions = Array.from({ length: SLICE_ENTRIES * 5 }, (_, i) => ({
      id: BigInt(i),
      timeoutMs: i,
    }));
    const acls = sessions.map(({ timeoutMs }) => ({ id: timeoutMs + 1, acl: OPEN_ACL }));
    const { disk, slices } = write({ sessions, acls, nodes: 1 });
    expect(slices).toBeGreaterThanOrEqual(10);
    const found = read(disk);
    expect(found.sessions.length).toBe(sessions.length);
    expect(found.acls.at(-1)?.[0]).toBe(SLICE_ENTRIES * 5);
  });

  test('give the disk its bytes in portions, so that no sync of the log has to wait for all of them', () => {
    const { disk } = write({ nodes: 24, data: Buffer.alloc(0x8_0000) });
    expect(disk.counts.syncs).toBeGreaterThanOrEqual(3);
  });
});

describe('a snapshot beside changes', () => {
  test.each([1, 2, 3])('and the log after it give the state back (seed %i)', (seed) => {
    const random = new Prng(seed);
    const member = SimMember.start({ preallocateBytes: 4096 });
    const changes = new Changes(new Prng(seed + 50));
    for (let turn = 0; turn < 400; turn++) {
      for (let i = random.below(12); i > 0; i--) {
        changes.propose(member.pipeline);
        member.appendProposed();
      }
      if (member.journal.snapshotInProgress === null && random.chance(0.05)) {
        member.journal.roll();
        member.snapshot();
      }
      member.clock.turn();
    }
    member.clock.settle();
    const again = new SimMember(member.disk.copy());
    expect(firstDifference(describeState(again.machine), describeState(member.machine))).toBeNull();
    expect(describeFigures(again.machine)).toEqual(describeFigures(member.machine));
    expect(again.machine.digestMismatches).toBe(0);
  });

  test('that fails says so, takes its half away, and the next one works', () => {
    const member = SimMember.start({ preallocateBytes: 0 });
    member.newSession();
    member.disk.capacityBytes = member.disk.usedBytes + 50;
    const errors: unknown[] = [];
    member.snapshot((error) => errors.push(error?.code ?? null));
    member.clock.settle();
    expect(errors).toEqual(['full']);
    expect(member.files()).toEqual(['log.1', 'snapshot.0']);
    expect(member.log).toEqual([expect.stringContaining('the log keeps everything')]);
    member.disk.capacityBytes = 1_000_000;
    member.snapshot((error) => errors.push(error?.code ?? null));
    member.clock.settle();
    expect(errors).toEqual(['full', null]);
    expect(member.files()).toEqual(['log.1', 'snapshot.0', 'snapshot.1']);
    expect(member.journal.lastSnapshot?.zxid).toBe(1);
  });

  test('is given up when the member closes', async () => {
    const member = SimMember.start();
    member.newSession();
    member.snapshot();
    await member.journal.close();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'snapshot.0']);
  });

  test('gets its name only when all of it is durable', () => {
    const member = SimMember.start();
    member.newSession();
    member.disk.holdSyncs();
    member.snapshot();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'snapshot.0', 'snapshot.1.tmp']);
    member.disk.endSync('io');
    expect(member.files()).toEqual(['log.1', 'snapshot.0']);
  });
});

describe('retention', () => {
  const files = (...zxids: number[]): NumberedFile[] =>
    zxids.map((zxid) => ({ name: `f.${zxid}`, zxid: zxidOf(zxid), bytes: 1, modifiedMs: 0 }));

  test.each<[string, number[], number[], number | undefined, number[], number[]]>([
    ['nothing without a snapshot to keep', [5], [1, 6], undefined, [], []],
    [
      'a log that begins before the kept snapshot and may reach over it',
      [4, 10],
      [1, 8, 12],
      10,
      [4],
      [1],
    ],
    ['the log that begins with the snapshot’s own zxid', [10], [1, 10, 20], 10, [], [1]],
    [
      'the one before, where the next begins right after the snapshot',
      [10],
      [1, 5, 11],
      10,
      [],
      [1],
    ],
    ['every log, where the first begins after the snapshot', [0], [1, 5], 0, [], []],
    ['all three of three', [1, 2, 3], [1, 2, 3], 1, [], []],
  ])('%s', (_, snapshots, logs, oldestKept, staleSnapshots, staleLogs) => {
    const oldest = oldestKept === undefined ? undefined : zxidOf(oldestKept);
    const stale = purgeable(files(...snapshots), files(...logs), oldest);
    expect(stale.snapshots.map(({ zxid }) => zxid)).toEqual(staleSnapshots);
    expect(stale.logs.map(({ zxid }) => zxid)).toEqual(staleLogs);
  });

  test('keeps so many snapshots, exactly the logs they need, and each of them is enough', () => {
    const random = new Prng(4);
    const member = SimMember.start({ snapshotRetainCount: 3, preallocateBytes: 0 });
    const session = member.newSession();
    for (let round = 0; round < 30; round++) {
      for (let i = random.below(4); i > 0; i--) {
        const path = `/n${member.pipeline.lastProposed}`;
        member.propose(Object.assign(new Request(OpCode.CREATE), { path, acl: OPEN_ACL }), session);
        member.clock.settle();
        if (random.chance(0.3)) member.journal.roll();
      }
      if (random.chance(0.5)) {
        member.snapshot();
        member.clock.settle();
      }
      const names = member.files();
      const snapshots = names.filter((name) => name.startsWith('snapshot'));
      expect(snapshots.length).toBeLessThanOrEqual(3);
      const byZxid = (a: string, b: string): number => zxidIn(a) - zxidIn(b);
      const kept = [...snapshots].sort(byZxid);
      const { lastZxid } = member.machine;
      for (const only of kept) {
        const disk = member.disk.copy();
        for (const name of kept) if (name !== only) disk.remove(`${VERSION_DIR}/${name}`);
        expect(recoverZxids(disk)).toMatchObject({ snapshotZxid: zxidIn(only), lastZxid });
      }
      // The oldest log there is begins at or before the oldest snapshot, and is the only one that does.
      const logs = names.filter((name) => name.startsWith('log')).sort(byZxid);
      const older = logs.filter((name) => zxidIn(name) <= zxidIn(kept[0]!));
      if (kept.length === 3) expect(older.length).toBeLessThanOrEqual(1);
    }
  });

  test('a snapshot that was never finished is not one of those kept', () => {
    const member = SimMember.start({ snapshotRetainCount: 1 });
    member.newSession();
    member.snapshot();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'snapshot.1']);
    member.disk.put(`${VERSION_DIR}/snapshot.5`, Buffer.alloc(30));
    member.journal.purge();
    member.clock.settle();
    expect(member.files()).toEqual(['log.1', 'snapshot.1', 'snapshot.5']);
  });

  test('nothing is removed before recovery has shown what can be read', () => {
    const { disk } = SimMember.start();
    const snapshot = disk.contents(`${VERSION_DIR}/snapshot.0`);
    for (const name of ['snapshot.1', 'snapshot.2', 'snapshot.3']) {
      const damaged = Buffer.from(snapshot);
      damaged[20]! ^= 1;
      disk.put(`${VERSION_DIR}/${name}`, damaged);
    }
    disk.capacityBytes = disk.usedBytes + 10;
    expect(() => recoverZxids(disk, { reserveBytes: 1_000_000 })).toThrow(
      /snapshot\.3: this snapshot is damaged/,
    );
    expect(disk.exists(`${VERSION_DIR}/snapshot.0`)).toBe(true);
  });
});

function zxidIn(name: string): number {
  return Number.parseInt(name.slice(name.indexOf('.') + 1), 16);
}
