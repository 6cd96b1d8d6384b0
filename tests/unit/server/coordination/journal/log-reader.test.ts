/** Logs as people read them: every transaction, every place that is none, and files that are being written meanwhile. */
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  type LogItem,
  LogReader,
} from '../../../../../src-server/coordination/journal/log-reader.ts';
import {
  fileKindOf,
  listStored,
} from '../../../../../src-server/coordination/journal/stored-files.ts';
import { OpCode, opName } from '../../../../../src-server/coordination/model/ops.ts';
import { pathsOf } from '../../../../../src-server/coordination/model/txn-facts.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';

const FOLDER = path.join(import.meta.dirname, '../../../../fixtures/apache-3.8.0');
const LOG = '/d/log.1';
/** Without the zeros it was extended with. */
const APACHE = fs.readFileSync(path.join(FOLDER, 'log.1')).subarray(0, 58_351);

function diskWith(bytes: Uint8Array): SimDisk {
  const disk = new SimDisk({ clock: new SimClock() });
  disk.makeDirectory('/d');
  disk.put(LOG, bytes);
  return disk;
}

/** The file as its writer has it now, for whoever has it open. */
function rewrite(disk: SimDisk, bytes: Uint8Array): void {
  const file = disk.open(LOG, 'edit');
  file.truncate(bytes.length);
  file.write(bytes, 0);
  file.close();
}

function readAll(reader: LogReader): LogItem[] {
  const items: LogItem[] = [];
  for (;;) {
    const item = reader.next();
    if (item === null) return items;
    if (item !== 'later') items.push(item);
  }
}

const read = (bytes: Uint8Array): LogItem[] => readAll(new LogReader(diskWith(bytes), LOG));
const marksOf = (items: readonly LogItem[]): unknown[] =>
  items.flatMap((item) =>
    item.kind === 'mark' ? [{ at: item.at, damage: item.damage, bytes: item.bytes }] : [],
  );
const zxidsOf = (items: readonly LogItem[]): number[] =>
  items.flatMap((item) => (item.kind === 'txn' ? [item.txn.zxid] : []));
const whole = read(APACHE);

function changed(at: number, by = 1): Buffer {
  const bytes = Buffer.from(APACHE);
  bytes[at]! ^= by;
  return bytes;
}

describe('a log of Apache’s', () => {
  test('gives every transaction with its place, end to end', () => {
    expect(zxidsOf(whole)).toEqual(Array.from({ length: 54 }, (_, i) => i + 1));
    let end = 16;
    for (const { at, bytes } of whole) {
      expect(at).toBe(end);
      end += bytes;
    }
    const ops = new Set(
      whole.flatMap((item) => (item.kind === 'txn' ? [opName(item.txn.type)] : [])),
    );
    for (const op of ['create', 'createTTL', 'setData', 'setACL', 'multi', 'error', 'closeSession'])
      expect(ops).toContain(op);
  });

  test('says which nodes a transaction is about', () => {
    const txns = whole.flatMap((item) => (item.kind === 'txn' ? [item.txn] : []));
    const multi = txns.find(({ type, ops }) => type === OpCode.MULTI && (ops?.length ?? 0) > 1)!;
    expect(pathsOf(multi).length).toBeGreaterThan(1);
    expect(pathsOf(txns.find(({ type }) => type === OpCode.CREATE_SESSION)!)).toEqual([]);
    expect(pathsOf(txns.at(-1)!)).toEqual(['/rich/last']);
  });

  test('gives any transaction again by its place, in any order', () => {
    const reader = new LogReader(diskWith(APACHE), LOG);
    for (const item of whole.toReversed()) {
      const again = reader.at(item.at);
      expect([again.txn.zxid, again.bytes]).toEqual([zxidsOf([item])[0], item.bytes]);
    }
    expect(() => reader.at(17)).toThrow(/log\.1 at byte 17/);
  });
});

describe('L2: no byte goes unmentioned', () => {
  test('a changed byte is damage up to the next whole record', () => {
    const hurt = whole[9]!;
    const items = read(changed(hurt.at + 40));
    expect(marksOf(items)).toEqual([{ at: hurt.at, damage: 'damaged', bytes: hurt.bytes }]);
    expect(zxidsOf(items)).toEqual(zxidsOf(whole).filter((zxid) => zxid !== 10));
  });

  test('several places are told each', () => {
    const bytes = changed(whole[5]!.at + 20);
    bytes[whole[30]!.at + 5]! ^= 0x10;
    expect(marksOf(read(bytes))).toHaveLength(2);
  });

  test('a header of another version is damage, with the records behind it', () => {
    const items = read(changed(7));
    expect(marksOf(items)).toEqual([{ at: 0, damage: 'damaged', bytes: 16 }]);
    expect(zxidsOf(items)).toEqual(zxidsOf(whole));
  });

  test('damage at the end reaches to the end', () => {
    const last = whole.at(-1)!;
    const items = read(changed(last.at + 50));
    expect(marksOf(items)).toEqual([{ at: last.at, damage: 'damaged', bytes: last.bytes }]);
  });

  test('a file that ends within a record has a torn end', () => {
    const last = whole.at(-1)!;
    const items = read(APACHE.subarray(0, last.at + 60));
    expect(marksOf(items)).toEqual([{ at: last.at, damage: 'torn', bytes: 60 }]);
    expect(zxidsOf(items)).toHaveLength(53);
  });

  test('padding is the end and no damage', () => {
    expect(marksOf(read(Buffer.concat([APACHE, Buffer.alloc(100_000)])))).toEqual([]);
  });
});

describe('a log that is being written', () => {
  const cut = whole[20]!;
  const padded = (length: number): Buffer =>
    Buffer.concat([APACHE.subarray(0, length), Buffer.alloc(200_000 - length)]);

  test('is followed from where it ended', () => {
    const disk = diskWith(padded(cut.at));
    const reader = new LogReader(disk, LOG);
    expect(readAll(reader)).toHaveLength(20);
    expect(reader.hasGrown()).toBe(false);
    rewrite(disk, padded(whole[25]!.at));
    expect(reader.hasGrown()).toBe(true);
    expect(zxidsOf(readAll(reader))).toEqual([21, 22, 23, 24, 25]);
    expect(reader.hasGrown()).toBe(false);
    expect(reader.at(cut.at).txn.zxid).toBe(21);
  });

  test('a record is found although zeros or half of it were read in its place before', () => {
    const disk = diskWith(padded(cut.at + 40));
    const reader = new LogReader(disk, LOG);
    expect(reader.at(whole[19]!.at).txn.zxid).toBe(20);
    rewrite(disk, padded(whole[25]!.at));
    expect(reader.at(cut.at).txn.zxid).toBe(21);
    expect(reader.at(whole[22]!.at).txn.zxid).toBe(23);
  });

  test('and so is one that grows without padding', () => {
    const disk = diskWith(APACHE.subarray(0, cut.at));
    const reader = new LogReader(disk, LOG);
    expect(readAll(reader)).toHaveLength(20);
    rewrite(disk, APACHE);
    expect(reader.hasGrown()).toBe(true);
    expect(readAll(reader)).toHaveLength(34);
  });

  test('L3: a write under way is no damage', () => {
    const disk = diskWith(padded(cut.at + 40));
    const reader = new LogReader(disk, LOG);
    for (let i = 0; i < 20; i++) reader.next();
    expect(reader.next()).toBe('later');
    rewrite(disk, padded(whole[21]!.at));
    expect(zxidsOf(readAll(reader))).toEqual([21]);
  });

  test('a torn end that was told becomes a transaction when the write is finished after all', () => {
    const disk = diskWith(APACHE.subarray(0, cut.at + 40));
    const reader = new LogReader(disk, LOG);
    expect(marksOf(readAll(reader))).toHaveLength(1);
    expect(reader.hasGrown()).toBe(false);
    rewrite(disk, APACHE.subarray(0, whole[21]!.at));
    expect(reader.hasGrown()).toBe(true);
    expect(zxidsOf(readAll(reader))).toEqual([21]);
  });
});

test('what a file is shows in its first bytes', () => {
  const disk = diskWith(APACHE);
  disk.put('/d/snapshot.0', fs.readFileSync(path.join(FOLDER, 'snapshot.0')));
  disk.put('/d/log.9', Buffer.from('ZK'));
  disk.put('/d/notes', Buffer.from('ZKLOG'));
  expect(fileKindOf(disk, LOG)).toBe('log');
  expect(fileKindOf(disk, '/d/snapshot.0')).toBe('snapshot');
  expect(fileKindOf(disk, '/d/log.9')).toBeNull();
  expect(fileKindOf(disk, '/d/notes')).toBeNull();
  expect(listStored(disk, '/d').map(({ kind, name }) => [kind, name])).toEqual([
    ['log', 'log.1'],
    ['log', 'log.9'],
    ['snapshot', 'snapshot.0'],
  ]);
});
