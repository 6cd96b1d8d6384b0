/** Transactions as the log carries them: the format's vectors, round trips of every type, forms of old servers, and cuts. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { Reader } from '../../../../../src-server/bytes/reader.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { OPEN_ACL, READ_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { Code } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { errorTxn, Txn } from '../../../../../src-server/coordination/model/txn.ts';
import { adoptData, readTxn, writeTxn } from '../../../../../src-server/coordination/wire/txns.ts';
import { Changes, newMachine, Pipeline } from '../../../../sim/changes.ts';

function txnOf(type: OpCode, fields: Partial<Txn> = {}): Txn {
  return Object.assign(new Txn(type), {
    sessionId: 0x0100_0000_0000_0001n,
    cxid: 1,
    zxid: zxidOf(2),
    timeMs: 1_700_000_000_000,
    ...fields,
  });
}

function bytesOf(txn: Txn): Buffer {
  const writer = new Writer(8);
  writeTxn(writer, txn);
  return writer.copy();
}

function read(bytes: Buffer): Txn | null {
  return readTxn(new Reader().reset(bytes, 0, bytes.length));
}

/** Views of bytes compare by what is in them. */
function plain(txn: Txn | null): unknown {
  if (txn === null) return null;
  return {
    ...Object.fromEntries(Object.entries(txn)),
    data: txn.data === null ? null : Buffer.from(txn.data).toString('hex'),
    ops: txn.ops?.map(plain) ?? null,
  };
}

const DATA = Buffer.from('hi');
const EVERY_TYPE: readonly [string, Txn][] = [
  ['createSession', txnOf(OpCode.CREATE_SESSION, { timeoutMs: 30_000 })],
  ['closeSession', txnOf(OpCode.CLOSE_SESSION, { paths: ['/a', '/größe', '/c'] })],
  ['closeSession of nothing', txnOf(OpCode.CLOSE_SESSION, { paths: [] })],
  ['closeSession of old servers', txnOf(OpCode.CLOSE_SESSION, { paths: null })],
  ['create', txnOf(OpCode.CREATE, { path: '/a', data: DATA, ephemeral: true, parentCversion: 7 })],
  ['create with null data', txnOf(OpCode.CREATE, { path: '/a', data: null, acl: READ_ACL })],
  ['create2', txnOf(OpCode.CREATE2, { path: '/路', data: Buffer.alloc(0), parentCversion: -5 })],
  ['container', txnOf(OpCode.CREATE_CONTAINER, { path: '/c', data: DATA, parentCversion: 2 })],
  ['TTL', txnOf(OpCode.CREATE_TTL, { path: '/t', data: DATA, ttlMs: 0xff_ffff_ffff })],
  ['delete', txnOf(OpCode.DELETE, { path: '/a' })],
  ['deleteContainer', txnOf(OpCode.DELETE_CONTAINER, { path: '/a', sessionId: 0n, cxid: 0 })],
  ['setData', txnOf(OpCode.SET_DATA, { path: '/a', data: DATA, version: -2_147_483_648 })],
  ['setData to null', txnOf(OpCode.SET_DATA, { path: '/a', data: null, version: 3 })],
  ['reconfig', txnOf(OpCode.RECONFIG, { path: '/zookeeper/config', data: DATA, version: -1 })],
  ['setACL', txnOf(OpCode.SET_ACL, { path: '/a', acl: [...READ_ACL, ...READ_ACL], version: 1 })],
  ['error', txnOf(OpCode.ERROR, { error: Code.NO_NODE })],
  ['an empty group', txnOf(OpCode.MULTI, { ops: [] })],
  [
    'a group',
    txnOf(OpCode.MULTI, {
      ops: [
        Object.assign(new Txn(OpCode.CREATE), { path: '/a', data: DATA, parentCversion: 1 }),
        Object.assign(new Txn(OpCode.CREATE_TTL), { path: '/t', ttlMs: 9 }),
        Object.assign(new Txn(OpCode.CHECK), { path: '/a', version: 1 }),
        Object.assign(new Txn(OpCode.SET_DATA), { path: '/a', data: null }),
        Object.assign(new Txn(OpCode.DELETE), { path: '/a' }),
        errorTxn(Code.RUNTIME_INCONSISTENCY),
      ],
    }),
  ],
];

describe('transactions', () => {
  test('the vector of the format: create /a "hi", with its digest', () => {
    const txn = txnOf(OpCode.CREATE, {
      path: '/a',
      data: DATA,
      parentCversion: 1,
      hasDigest: true,
      digestHigh: 0x11f,
      digestLow: 0x71fb_04cb,
    });
    const bytes = bytesOf(txn);
    expect(bytes.toString('hex')).toBe(
      '0100000000000001' +
        '00000001' +
        '0000000000000002' +
        '0000018bcfe56800' +
        '00000001' +
        '000000022f61' +
        '000000026869' +
        '000000010000001f00000005776f726c6400000006616e796f6e65' +
        '00' +
        '00000001' +
        '00000002' +
        '0000011f71fb04cb',
    );
    expect(plain(read(bytes))).toEqual(plain(txn));
  });

  test.each(EVERY_TYPE)('%s: read as it was written, with and without digest', (_, txn) => {
    expect(plain(read(bytesOf(txn)))).toEqual(plain(txn));
    const digested = Object.assign(new Txn(txn.type), txn, {
      hasDigest: true,
      digestHigh: 0xffff_ffff,
      digestLow: 0x8000_0001,
    });
    expect(plain(read(bytesOf(digested)))).toEqual(plain(digested));
  });

  test('random ones, in one writer after the other', () => {
    const machine = newMachine();
    machine.createSystemNodes();
    const pipeline = new Pipeline(machine);
    const changes = new Changes(new Prng(8));
    const writer = new Writer(16);
    const ends: number[] = [];
    for (let i = 0; i < 2000; i++) {
      writeTxn(writer, changes.propose(pipeline));
      ends.push(writer.length);
      pipeline.applyAll();
    }
    const bytes = writer.copy();
    const reader = new Reader();
    for (const [i, txn] of pipeline.log.entries()) {
      const start = ends[i - 1] ?? 0;
      const found = readTxn(reader.reset(bytes, start, ends[i]!));
      const again = found === null ? Buffer.alloc(0) : bytesOf(found);
      if (!again.equals(bytes.subarray(start, ends[i]))) expect(plain(found)).toEqual(plain(txn));
    }
  });

  test('a create from before parent counts has none: one more', () => {
    const whole = bytesOf(txnOf(OpCode.CREATE, { path: '/a', data: DATA, parentCversion: 7 }));
    const old = whole.subarray(0, whole.length - 4);
    expect(read(old)).toMatchObject({ path: '/a', parentCversion: -1, hasDigest: false });
    const digest = Buffer.from('000000020000000000000005', 'hex');
    expect(read(Buffer.concat([old, digest]))).toMatchObject({
      parentCversion: -1,
      hasDigest: true,
      digestLow: 5,
    });
  });

  test('a close that lists one short path is not taken for one with a digest and no list', () => {
    const txn = txnOf(OpCode.CLOSE_SESSION, { paths: ['/abc'] });
    expect(read(bytesOf(txn))).toMatchObject({ paths: ['/abc'], hasDigest: false });
    const bare = bytesOf(txnOf(OpCode.CLOSE_SESSION, { paths: null }));
    const digest = Buffer.from('000000020000000000000005', 'hex');
    expect(read(Buffer.concat([bare, digest]))).toMatchObject({
      paths: null,
      hasDigest: true,
      digestLow: 5,
    });
  });

  test('a digest of another version is not compared', () => {
    const bytes = bytesOf(txnOf(OpCode.DELETE, { path: '/a' }));
    const digest = Buffer.from('000000030000000000000005', 'hex');
    expect(read(Buffer.concat([bytes, digest]))).toMatchObject({ path: '/a', hasDigest: false });
  });

  test.each(EVERY_TYPE)('%s: cut anywhere, it is not taken for another transaction', (_, txn) => {
    const bytes = bytesOf(txn);
    const whole = plain(txn);
    for (let cut = 0; cut < bytes.length; cut++) {
      const found = read(bytes.subarray(0, cut));
      // Only where an old form ends may a shorter record be one: the checksum tells, not the codec.
      if (found === null) continue;
      const isOldForm =
        (found.type === OpCode.CREATE || found.type === OpCode.CREATE2) && cut === bytes.length - 4;
      const isOldClose = found.type === OpCode.CLOSE_SESSION && cut === 32;
      expect(isOldForm || isOldClose, `cut at ${cut}: ${String(whole)}`).toBe(true);
    }
  });

  test.each([
    ['a type nobody knows', '0000002b'],
    ['a request that is no transaction', '00000004'],
  ])('%s is refused', (_, type) => {
    const bytes = bytesOf(txnOf(OpCode.DELETE, { path: '/a' }));
    bytes.write(type, 28, 'hex');
    expect(read(bytes)).toBeNull();
  });

  test('a group in a group, or one that claims more parts than its bytes hold, is refused', () => {
    const nested = bytesOf(
      txnOf(OpCode.MULTI, { ops: [Object.assign(new Txn(OpCode.MULTI), { ops: [] })] }),
    );
    expect(read(nested)).toBeNull();
    const greedy = bytesOf(txnOf(OpCode.MULTI, { ops: [] }));
    greedy.writeInt32BE(0x7fff_ffff, 32);
    expect(read(greedy)).toBeNull();
  });

  test('after writing, data is the copy in the log and not what was received', () => {
    const received = Buffer.from('received');
    const txn = txnOf(OpCode.SET_DATA, { path: '/größe', data: received });
    const group = txnOf(OpCode.MULTI, {
      ops: [Object.assign(new Txn(OpCode.SET_DATA), { path: '/a', data: received })],
    });
    const writer = new Writer(8);
    writer.int32(0);
    for (const each of [txn, group]) {
      const start = writer.length;
      writeTxn(writer, each);
      adoptData(each, writer.bytes, start);
    }
    received.fill('x');
    expect(Buffer.from(txn.data!).toString()).toBe('received');
    expect(Buffer.from(group.ops![0]!.data!).toString()).toBe('received');
  });

  test('empty and null data stay what they are', () => {
    for (const data of [null, new Uint8Array()]) {
      const txn = txnOf(OpCode.CREATE, { path: '/a', data, acl: OPEN_ACL });
      const writer = new Writer();
      writeTxn(writer, txn);
      adoptData(txn, writer.bytes, 0);
      expect(txn.data).toBe(data);
    }
  });
});
