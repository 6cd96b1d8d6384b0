/** J3: recovery gives back every transaction ever reported durable, or refuses. Logs cut, torn and changed at every place. */
import { beforeAll, describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { JournalError } from '../../../../../src-server/coordination/journal/journal-error.ts';
import {
  LOG_HEADER_BYTES,
  writeLogHeader,
  writeRecord,
} from '../../../../../src-server/coordination/journal/txnlog-format.ts';
import { LogScan } from '../../../../../src-server/coordination/journal/txnlog-scan.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { CreateFlag, Request } from '../../../../../src-server/coordination/model/request.ts';
import { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import { Changes } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SECTOR_BYTES, SimDisk } from '../../../../sim/disk.ts';
import { recoverZxids, SimMember, VERSION_DIR } from '../../../../sim/member.ts';

const LOG = `${VERSION_DIR}/log.1`;

/** A log with the place where each of its records ends. */
interface Written {
  readonly bytes: Buffer;
  /** ends[i] is where record i ends, ends[-1] the header's end. */
  readonly ends: readonly number[];
  /** The snapshot it belongs to. */
  readonly snapshot: Buffer;
}

/** Values that look like holes, values longer than sectors, values of no bytes, and everything else in between. */
function someTxns(): Txn[] {
  const random = new Prng(21);
  const noise = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => random.between(1, 255)));
  const values: (Buffer | null)[] = [
    noise(10),
    Buffer.alloc(700),
    null,
    noise(1200),
    Buffer.alloc(1100),
    Buffer.alloc(0),
    Buffer.concat([noise(200), Buffer.alloc(1030), noise(30)]),
    noise(600),
    Buffer.alloc(64),
    noise(77),
  ];
  return values.map((data, i) =>
    Object.assign(new Txn(i % 3 === 0 ? OpCode.CREATE : OpCode.SET_DATA), {
      sessionId: 0x0100_0000_0000_0001n,
      cxid: i,
      zxid: zxidOf(i + 1),
      timeMs: 1_700_000_000_000 + i,
      path: `/node-${i}`,
      data,
      acl: OPEN_ACL,
      hasDigest: true,
      digestHigh: random.next(),
      digestLow: random.next(),
    }),
  );
}

function write(txns: readonly Txn[], padding: number): { bytes: Buffer; ends: number[] } {
  const writer = new Writer();
  writeLogHeader(writer);
  const ends = txns.map((txn) => {
    writeRecord(writer, txn);
    return writer.length;
  });
  writer.zeros(padding);
  return { bytes: writer.copy(), ends };
}

let written: Written;

beforeAll(() => {
  const member = SimMember.start();
  const snapshot = member.disk.contents(`${VERSION_DIR}/snapshot.0`);
  written = { ...write(someTxns(), 2000), snapshot };
});

function diskWith(log: Buffer, more: Readonly<Record<string, Buffer>> = {}): SimDisk {
  const disk = new SimDisk({ clock: new SimClock() });
  disk.put(`${VERSION_DIR}/snapshot.0`, written.snapshot);
  disk.put(LOG, log);
  for (const [name, bytes] of Object.entries(more)) disk.put(`${VERSION_DIR}/${name}`, bytes);
  return disk;
}

/** How many records recovery gives back, or its refusal. */
function found(log: Buffer): number | JournalError {
  try {
    const { zxids } = recoverZxids(diskWith(log));
    if (zxids.some((zxid, i) => zxid !== i + 1)) expect.fail(`no prefix: ${zxids.join(' ')}`);
    return zxids.length;
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}

/** The same of the file alone: what happens at every byte in several ways has to be quick. */
function scanned(log: Buffer): number | JournalError {
  const disk = new SimDisk({ clock: new SimClock() });
  disk.put(LOG, log);
  const scan = new LogScan(disk, LOG, { recordBytesMax: 0x1_0000 });
  try {
    let count = 0;
    if (scan.open() !== 'whole') return count;
    for (let txn = scan.next(); txn !== null; txn = scan.next())
      if (txn.zxid !== ++count) expect.fail(`record ${count} is 0x${txn.zxid.toString(16)}`);
    return count;
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}

describe('a log cut at every byte', () => {
  test('gives back every record that is whole before the cut, and none that is torn', () => {
    for (let cut = 0; cut <= written.bytes.length; cut++) {
      const whole = written.ends.filter((end) => end <= cut).length;
      const result = found(written.bytes.subarray(0, cut));
      if (result !== whole) expect(result, `cut at ${cut}`).toBe(whole);
    }
  });

  test('and going on as zeros from there does the same', () => {
    const image = Buffer.from(written.bytes);
    for (let cut = image.length - 1; cut >= LOG_HEADER_BYTES; cut--) {
      image[cut] = 0;
      // A tear is where a sector begins; anywhere else somebody wrote zeros over acknowledged bytes.
      if (cut % SECTOR_BYTES !== 0) continue;
      // A record that ends with the cut but for its last byte is whole by its checksum.
      const whole = written.ends.filter((end) => end - 1 <= cut).length;
      expect(found(image), `zeros from ${cut}`).toBe(whole);
    }
  });

  test('the state of the last whole record is there, and goes on', () => {
    const member = SimMember.start();
    const changes = new Changes(new Prng(3));
    const digests = new Map<number, bigint>();
    for (let i = 0; i < 60; i++) {
      changes.propose(member.pipeline);
      member.appendProposed();
      member.clock.settle();
      digests.set(member.machine.lastZxid, member.machine.digest);
    }
    const log = member.disk.contents(LOG);
    const end = log.findLastIndex((byte) => byte !== 0) + 1;
    for (let cut = LOG_HEADER_BYTES; cut <= end; cut += 37) {
      const disk = member.disk.copy();
      disk.put(LOG, log.subarray(0, cut));
      const again = new SimMember(disk);
      const { lastZxid } = again.recovered;
      expect(again.machine.digest).toBe(digests.get(lastZxid) ?? 1_371_985_504n);
      expect(again.machine.digestMismatches).toBe(0);
      const session = again.newSession();
      expect(again.durable).toEqual([lastZxid + 1]);
      const third = new SimMember(disk.copy());
      expect(third.recovered.lastZxid).toBe(lastZxid + 1);
      expect(third.machine.session(session)).toBeDefined();
    }
  });
});

describe('one byte changed anywhere', () => {
  test.each([
    ['one bit, another one in every byte', (byte: number, at: number) => byte ^ (1 << (at % 8))],
    ['all its bits', (byte: number) => byte ^ 0xff],
  ])('%s: is refused with file and offset, and never skips a record', (_, change) => {
    const last = written.ends.at(-1)!;
    const image = Buffer.from(written.bytes);
    let refused = 0;
    for (let at = 0; at < image.length; at++) {
      image[at] = change(written.bytes[at]!, at);
      const result = scanned(image);
      image[at] = written.bytes[at]!;
      const isUnused = at >= last || (at >= 8 && at < LOG_HEADER_BYTES);
      if (result === written.ends.length && isUnused) continue;
      if (!(result instanceof JournalError)) expect.fail(`byte ${at}: ${result} records`);
      const record = written.ends.findIndex((end) => at < end);
      const start = written.ends[record - 1] ?? LOG_HEADER_BYTES;
      const place = at < LOG_HEADER_BYTES ? 0 : record < 0 ? last : start;
      if (result.code !== 'damaged' || result.path !== LOG || result.offset !== place)
        expect.fail(`byte ${at}: ${result.message}`);
      if (!result.message.startsWith(`${LOG} at byte ${place}: `)) expect.fail(result.message);
      refused++;
    }
    expect(refused).toBeGreaterThanOrEqual(last - 8);
  });

  test('set to zero: is refused wherever that changed anything', () => {
    const last = written.ends.at(-1)!;
    const image = Buffer.from(written.bytes);
    for (let at = 0; at < last; at++) {
      if (image[at] === 0) continue;
      image[at] = 0;
      const result = scanned(image);
      image[at] = written.bytes[at]!;
      // A terminator that is first in its sector may as well never have been written. Its record is whole all the same.
      if (result === written.ends.length) continue;
      if (!(result instanceof JournalError)) expect.fail(`byte ${at}: ${result} records`);
    }
  });

  test('a changed byte in the padding is no reason to refuse', () => {
    const last = written.ends.at(-1)!;
    for (let at = last; at < written.bytes.length; at++) {
      const image = Buffer.from(written.bytes);
      image[at] = 0x42;
      expect(scanned(image), `byte ${at}`).toBe(written.ends.length);
    }
  });

  test('two records exchanged, one left out, one twice: the checksums are right, and the hole is seen', () => {
    const { bytes, ends } = written;
    const parts = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? LOG_HEADER_BYTES, end));
    const header = bytes.subarray(0, LOG_HEADER_BYTES);
    const join = (order: readonly number[]): Buffer =>
      Buffer.concat([header, ...order.map((i) => parts[i]!), Buffer.alloc(600)]);
    const all = [...parts.keys()];
    expect(found(join(all))).toBe(10);
    for (const order of [
      [0, 1, 3, 2, 4, 5, 6, 7, 8, 9],
      [0, 1, 3, 4, 5, 6, 7, 8, 9],
      [1, 2],
    ])
      expect(found(join(order))).toMatchObject({ code: 'incomplete', path: LOG });
  });

  test('a length that reaches far over the end is refused, not taken for the end', () => {
    for (const length of [0x1_0001, 0x7fff_ffff, -1, 0]) {
      const { bytes } = write(someTxns().slice(0, 3), 600);
      bytes.writeInt32BE(length, LOG_HEADER_BYTES + 8);
      expect(found(bytes)).toMatchObject({ code: 'damaged', offset: LOG_HEADER_BYTES });
    }
  });

  test('noise instead of the records from some place on is refused', () => {
    const random = new Prng(5);
    for (const start of [LOG_HEADER_BYTES, ...written.ends.slice(0, -1)]) {
      const image = Buffer.from(written.bytes);
      for (let at = start; at < image.length; at++) image[at] = random.below(256);
      expect(found(image)).toMatchObject({ code: 'damaged', offset: start });
    }
  });
});

describe('a record longer than any request', () => {
  // An end of session lists its nodes, and their names may be long.
  const long = Object.assign(new Txn(OpCode.CLOSE_SESSION), {
    zxid: zxidOf(2),
    paths: ['/a', `/${'long'.repeat(60_000)}`, `/${'name'.repeat(60_000)}`],
  });
  const [before, after] = [1, 3].map((zxid) =>
    Object.assign(new Txn(OpCode.DELETE), { zxid: zxidOf(zxid), path: '/x' }),
  ) as [Txn, Txn];

  test('is read, and what follows it', () => {
    expect(found(write([before, long, after], 600).bytes)).toBe(3);
  });

  test('as a session with nodes of long names leaves it', () => {
    const member = SimMember.start();
    const session = member.newSession();
    for (const letter of ['a', 'b', 'c']) {
      const path = `/${letter.repeat(30_000)}`;
      const request = Object.assign(new Request(OpCode.CREATE), { path, acl: OPEN_ACL });
      member.propose(Object.assign(request, { flags: CreateFlag.EPHEMERAL }), session);
    }
    member.clock.settle();
    member.propose(new Request(OpCode.CLOSE_SESSION), session);
    member.clock.settle();
    member.newSession();
    const again = new SimMember(member.disk.copy());
    expect([again.recovered.lastZxid, again.machine.ephemeralCount]).toEqual([6, 0]);
    expect(again.machine.digestMismatches).toBe(0);
  });

  test('is torn like any other', () => {
    const { bytes, ends } = write([before, long, after], 600);
    for (let cut = ends[0]! + 1; cut < ends[1]!; cut += 9973)
      expect(found(bytes.subarray(0, cut))).toBe(1);
    const [first, last] = [Math.ceil(ends[0]! / 512), Math.floor(ends[1]! / 512)];
    for (let sector = first; sector < last; sector += 97) {
      const image = Buffer.from(bytes);
      image.fill(0, sector * 512, (sector + 1) * 512);
      expect(found(image)).toBe(1);
    }
  });

  test('is seen to be damaged like any other', () => {
    const { bytes, ends } = write([before, long, after], 600);
    for (let at = ends[0]!; at < ends[1]!; at += at < ends[0]! + 60 ? 1 : 9973) {
      const image = Buffer.from(bytes);
      image[at]! ^= 0x21;
      expect(found(image)).toMatchObject({ code: 'damaged', offset: ends[0] });
    }
  });
});

describe('the last write torn', () => {
  /** What is on the disk when the sectors of the last write that `keeps` refuses were never written. */
  function tear(txns: readonly Txn[], synced: number, keeps: (sector: number) => boolean): Buffer {
    const { bytes, ends } = write(txns, 3000);
    const from = ends[synced - 1] ?? LOG_HEADER_BYTES;
    const image = Buffer.from(bytes);
    const first = Math.floor(from / SECTOR_BYTES);
    for (let sector = first; sector * SECTOR_BYTES < ends.at(-1)!; sector++) {
      if (!keeps(sector - first))
        image.fill(0, Math.max(from, sector * SECTOR_BYTES), (sector + 1) * SECTOR_BYTES);
    }
    return image;
  }

  test('in every combination of sectors: everything synced is there, and a prefix of the rest', () => {
    for (let synced = 0; synced <= 8; synced += 2) {
      const txns = someTxns().slice(0, synced + 4);
      const { ends } = write(txns, 0);
      const from = ends[synced - 1] ?? LOG_HEADER_BYTES;
      const sectors =
        Math.floor((ends.at(-1)! - 1) / SECTOR_BYTES) - Math.floor(from / SECTOR_BYTES) + 1;
      expect(sectors).toBeLessThan(11);
      for (let kept = 0; kept < 1 << sectors; kept++) {
        const result = found(tear(txns, synced, (sector) => ((kept >> sector) & 1) === 1));
        if (typeof result !== 'number' || result < synced || result > txns.length)
          expect.fail(`${synced} synced, sectors ${kept.toString(2)}: ${String(result)}`);
      }
    }
  });

  test('in random combinations of many records and sectors', () => {
    const random = new Prng(31);
    for (let round = 0; round < 400; round++) {
      const all = Array.from({ length: 4 }, someTxns).flat();
      const txns = all.map((txn, i) => {
        const copy = Object.assign(new Txn(txn.type), txn);
        copy.zxid = zxidOf(i + 1);
        return copy;
      });
      const synced = random.below(txns.length);
      const result = found(tear(txns, synced, () => random.chance(0.5)));
      if (typeof result !== 'number' || result < synced)
        expect.fail(`round ${round}, ${synced} synced: ${String(result)}`);
    }
  });

  test('with the file’s header: there is nothing in it, and it is begun anew', () => {
    const image = tear(someTxns(), 0, (sector) => sector > 0);
    image.fill(0, 0, SECTOR_BYTES);
    const member = new SimMember(diskWith(image));
    expect(member.recovered.lastZxid).toBe(0);
    expect(member.log).toEqual([expect.stringContaining('never begun')]);
    member.newSession();
    expect(new SimMember(member.disk.copy()).recovered.lastZxid).toBe(1);
  });

  test('over and over, by failures of the power and by kills that leave unsynced writes in memory', () => {
    const random = new Prng(77);
    let disk = new SimDisk({ clock: new SimClock() });
    const digests = new Map<number, bigint>([[0, 1_371_985_504n]]);
    let safe = 0;
    for (let life = 0; life < 80; life++) {
      const shadow = new SimMember(disk.copy());
      const member = new SimMember(disk, {
        preallocateBytes: random.pick([0, 4096, 0x1_0000]),
      });
      expect(member.recovered.lastZxid).toBeGreaterThanOrEqual(safe);
      expect(member.machine.digest).toBe(digests.get(member.recovered.lastZxid));
      expect(member.machine.digestMismatches).toBe(0);
      if (member.recovered.txnsReplayed > 0 && random.chance(0.5)) member.snapshot();
      const changes = new Changes(new Prng(random.next()));
      for (let turn = 0; turn < 30; turn++) {
        for (let i = random.below(6); i > 0; i--) {
          const txn = changes.propose(member.pipeline);
          // What is not reported yet may come back all the same.
          shadow.machine.apply(txn);
          digests.set(txn.zxid, shadow.machine.digest);
          member.appendProposed();
        }
        if (random.chance(0.1)) member.journal.roll();
        if (random.chance(0.05) && member.journal.snapshotInProgress === null) member.snapshot();
        member.clock.turn();
      }
      safe = Math.max(member.recovered.lastZxid, ...member.durable);
      if (random.chance(0.5)) {
        disk = member.disk.copy();
        continue;
      }
      disk = member.disk.afterCrash({
        keepsSector: () => random.chance(0.5),
        size: (_path, low, high) => random.between(low, high),
        changesKept: (_directory, changes) => random.between(0, changes),
      });
    }
    expect(safe).toBeGreaterThan(300);
  });
});

describe('a sector turned into zeros long after it was written', () => {
  test('is seen by what was written a minute later behind it', () => {
    const txns = someTxns();
    for (const txn of txns.slice(6)) txn.timeMs += 61_000;
    for (const spread of [txns, someTxns()]) {
      const { bytes, ends } = write(spread, 1000);
      // Sectors that lie whole within the noise of the fourth record.
      const sector = Math.ceil(ends[2]! / SECTOR_BYTES) * SECTOR_BYTES;
      expect(sector + SECTOR_BYTES).toBeLessThan(ends[3]!);
      bytes.fill(0, sector, sector + SECTOR_BYTES);
      const result = found(bytes);
      if (spread === txns) expect(result).toMatchObject({ code: 'damaged', offset: ends[2] });
      // Within one minute nothing tells it from a torn write.
      else expect(result).toBe(3);
    }
  });

  test('with the header of a log in it, is seen by a later log', () => {
    const { bytes } = write(someTxns(), 1000);
    bytes.fill(0, 0, SECTOR_BYTES);
    const later = Object.assign(new Txn(OpCode.DELETE), { zxid: zxidOf(11), path: '/x' });
    const disk = diskWith(bytes, { 'log.b': write([later], 600).bytes });
    expect(() => recoverZxids(disk)).toThrow(/log\.1 at byte 0.*there are later ones/);
    expect(disk.contents(LOG).equals(bytes)).toBe(true);
  });
});

describe('files missing or misplaced', () => {
  /** Three logs and two snapshots of one history. */
  function history(): SimMember {
    const member = SimMember.start();
    const session = member.newSession();
    const step = (path: string): void => {
      member.propose(Object.assign(new Request(OpCode.CREATE), { path, acl: OPEN_ACL }), session);
      member.clock.settle();
    };
    for (let i = 0; i < 5; i++) step(`/a${i}`);
    member.journal.roll();
    for (let i = 0; i < 5; i++) step(`/b${i}`);
    member.snapshot();
    member.clock.settle();
    member.journal.roll();
    for (let i = 0; i < 5; i++) step(`/c${i}`);
    return member;
  }

  const without = (...names: string[]): SimDisk => {
    const disk = history().disk.copy();
    for (const name of names) disk.remove(`${VERSION_DIR}/${name}`);
    return disk;
  };

  test('the history is what the others lack', () => {
    const member = history();
    expect(member.files()).toEqual(['log.1', 'log.7', 'log.c', 'snapshot.0', 'snapshot.b']);
    expect(recoverZxids(member.disk.copy())).toMatchObject({
      lastZxid: 16,
      snapshotZxid: 11,
      txnsReplayed: 5,
    });
  });

  test('a log in the middle, where an older snapshot needs it', () => {
    const disk = without('log.7', 'snapshot.b');
    expect(() => recoverZxids(disk)).toThrow(
      /log\.c at byte 16: transactions are missing between 0x6 and 0xc/,
    );
  });

  test('the first log, where the oldest snapshot needs it', () => {
    expect(() => recoverZxids(without('log.1', 'snapshot.b'))).toThrow(/missing between 0x0 and/);
  });

  test('logs older than the newest snapshot are not needed', () => {
    expect(recoverZxids(without('log.1', 'log.7')).lastZxid).toBe(16);
  });

  test('every snapshot', () => {
    const disk = without('snapshot.0', 'snapshot.b');
    expect(() => recoverZxids(disk)).toThrow(/transaction logs but no snapshot/);
    expect(() => recoverZxids(disk)).toThrow(JournalError);
  });

  test('a damaged snapshot: the older one and its logs give the same, and it is said', () => {
    const disk = history().disk.copy();
    const path = `${VERSION_DIR}/snapshot.b`;
    const bytes = disk.contents(path);
    for (let at = 0; at < bytes.length; at++) {
      const image = Buffer.from(bytes);
      image[at]! ^= 0x10;
      disk.put(path, image);
      const result = recoverZxids(disk);
      if (result.lastZxid !== 16 || result.snapshotZxid === 11)
        expect.fail(`byte ${at}: ${JSON.stringify(result)}`);
    }
    for (let cut = 0; cut < bytes.length; cut += 3) {
      disk.put(path, bytes.subarray(0, cut));
      expect(recoverZxids(disk)).toMatchObject({ snapshotZxid: 0, lastZxid: 16 });
    }
    const member = new SimMember(disk);
    expect(member.log.join('\n')).toMatch(/an older one is tried.*snapshot\.b/);
    expect(member.machine.digest).toBe(history().machine.digest);
  });

  test('a damaged snapshot without the logs before it is not passed over', () => {
    const disk = without('log.1', 'log.7', 'log.c');
    const path = `${VERSION_DIR}/snapshot.b`;
    const bytes = disk.contents(path);
    bytes[30]! ^= 1;
    disk.put(path, bytes);
    expect(() => recoverZxids(disk)).toThrow(
      /snapshot\.b: this snapshot is damaged, and nothing else/,
    );
  });

  test('a packed snapshot that is damaged is not taken for none', () => {
    for (const [left, problem] of [
      [[], /snapshot\.b\.gz: this snapshot is damaged/],
      [['log.c'], /none of 1 snapshots can be read/],
      [['snapshot.0', 'log.1'], /snapshot\.b\.gz: this snapshot is damaged/],
    ] as const) {
      const disk = without(
        ...history()
          .files()
          .filter((name) => !left.some((other) => other === name)),
      );
      disk.put(`${VERSION_DIR}/snapshot.b.gz`, Buffer.from('1f8b', 'hex'));
      expect(() => recoverZxids(disk)).toThrow(problem);
    }
    const disk = without('snapshot.b');
    disk.put(`${VERSION_DIR}/snapshot.b.snappy`, Buffer.alloc(9));
    expect(recoverZxids(disk).lastZxid).toBe(16);
  });

  test('every snapshot damaged', () => {
    const disk = history().disk.copy();
    for (const name of ['snapshot.0', 'snapshot.b'])
      disk.put(`${VERSION_DIR}/${name}`, Buffer.alloc(9));
    expect(() => recoverZxids(disk)).toThrow(/none of 2 snapshots can be read/);
  });

  test('a snapshot that was never finished is cleared away', () => {
    const disk = history().disk.copy();
    disk.put(`${VERSION_DIR}/snapshot.f.tmp`, Buffer.alloc(1000));
    recoverZxids(disk);
    expect(disk.exists(`${VERSION_DIR}/snapshot.f.tmp`)).toBe(false);
  });

  test('dataDir and dataLogDir exchanged', () => {
    const disk = new SimDisk({ clock: new SimClock() });
    const { disk: from } = history();
    for (const { name } of from.list(VERSION_DIR)) {
      const directory = name.startsWith('log') ? '/logs/version-2' : '/snapshots/version-2';
      disk.put(`${directory}/${name}`, from.contents(`${VERSION_DIR}/${name}`));
    }
    const right = { dataDir: '/snapshots', dataLogDir: '/logs' };
    expect(recoverZxids(disk, right).lastZxid).toBe(16);
    const wrong = { dataDir: '/logs', dataLogDir: '/snapshots' };
    expect(() => recoverZxids(disk, wrong)).toThrow(/Check whether the two settings are swapped/);
  });

  test('an epoch that begins in the middle: its first transactions are missing', () => {
    const first = Object.assign(new Txn(OpCode.DELETE), { zxid: zxidOf(1), path: '/x' });
    const at = (zxid: number): Txn =>
      Object.assign(new Txn(OpCode.DELETE), { zxid: zxidOf(zxid), path: '/x' });
    const epoch = 0x1_0000_0000;
    const whole = diskWith(write([first, at(epoch + 1), at(epoch + 2)], 600).bytes);
    expect(recoverZxids(whole).lastZxid).toBe(epoch + 2);
    const holed = diskWith(write([first, at(epoch + 2)], 600).bytes);
    expect(() => recoverZxids(holed)).toThrow(/missing between 0x1 and 0x100000002/);
  });
});
