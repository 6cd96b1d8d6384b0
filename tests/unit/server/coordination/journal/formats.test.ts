/** Names and bytes of the files, against the format's own vectors. */
import { expect, test } from 'vitest';

import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import {
  listLeftovers,
  listNumbered,
  numberedName,
  temporaryName,
} from '../../../../../src-server/coordination/journal/file-names.ts';
import {
  writeLogHeader,
  writeRecord,
} from '../../../../../src-server/coordination/journal/txnlog-format.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';

test('a log is a header and records of checksum, length, transaction and a last byte', () => {
  const writer = new Writer();
  writeLogHeader(writer);
  const txn = Object.assign(new Txn(OpCode.CREATE), {
    sessionId: 0x0100_0000_0000_0001n,
    cxid: 1,
    zxid: zxidOf(2),
    timeMs: 1_700_000_000_000,
    path: '/a',
    data: Buffer.from('hi'),
    parentCversion: 1,
    hasDigest: true,
    digestHigh: 0x11f,
    digestLow: 0x71fb_04cb,
  });
  writeRecord(writer, txn);
  const hex = writer.view().toString('hex');
  expect(hex.slice(0, 32)).toBe('5a4b4c47000000020000000000000000');
  expect(hex.slice(32, 56)).toBe('000000006ec60b4f00000058');
  expect(hex.length).toBe(2 * (16 + 12 + 88 + 1));
  expect(hex.endsWith('000000020000011f71fb04cb42')).toBe(true);
});

test('names end in the zxid, in hexadecimal', () => {
  expect(numberedName('log.', zxidOf(0x1_0000_000a))).toBe('log.10000000a');
  expect(temporaryName('snapshot.', zxidOf(0))).toBe('snapshot.0.tmp');
});

test('files are listed by zxid, not by name; others are nobody’s business', () => {
  const disk = new SimDisk({ clock: new SimClock() });
  const names = [
    'log.10',
    'log.9',
    'log.a',
    'log.100000001',
    'log.',
    'log.x',
    'log.5.gz',
    'logs.1',
  ];
  for (const name of [
    ...names,
    'log.ffffffffffffffff',
    'log.3.tmp',
    'snapshot.4',
    'snapshot.5.tmp',
  ])
    disk.put(`/d/${name}`, Buffer.alloc(3));
  expect(listNumbered(disk, '/d', 'log.').map(({ name }) => name)).toEqual([
    'log.9',
    'log.a',
    'log.10',
    'log.100000001',
  ]);
  expect(listNumbered(disk, '/d', 'snapshot.')).toEqual([
    { name: 'snapshot.4', zxid: 4, bytes: 3, modifiedMs: disk.clock.wallMs() },
  ]);
  expect(listLeftovers(disk, '/d', 'snapshot.')).toEqual(['snapshot.5.tmp']);
});
