/** Digests: the vectors of the format, and sums made in another way. */
import zlib from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import {
  crcBytes,
  crcEnd,
  crcInt32,
  crcLong,
  crcStart,
  crcString,
} from '../../../../../src-server/coordination/state/crc32.ts';
import {
  contentState,
  isDigested,
  nodeDigest,
  TreeDigest,
} from '../../../../../src-server/coordination/state/digest.ts';
import { type Machine, NO_ROW } from '../../../../../src-server/coordination/state/machine.ts';
import { Changes, newMachine, Pipeline } from '../../../../sim/changes.ts';

const FRESH = {
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ownerHigh: 0,
  ownerLow: 0,
};

/** The sum over the whole tree, made with another CRC-32 and in another way. */
function recomputed(machine: Machine): bigint {
  const { nodes } = machine;
  let sum = 0n;
  const visit = (path: string): void => {
    const row = machine.find(path);
    const stat = nodes.digestedStat(row);
    const tail = Buffer.alloc(60);
    tail.writeBigInt64BE(BigInt(stat.czxid), 0);
    tail.writeBigInt64BE(BigInt(stat.mzxid), 8);
    tail.writeBigInt64BE(BigInt(stat.pzxid), 16);
    tail.writeBigInt64BE(BigInt(stat.ctime), 24);
    tail.writeBigInt64BE(BigInt(stat.mtime), 32);
    tail.writeInt32BE(stat.version, 40);
    tail.writeInt32BE(stat.cversion, 44);
    tail.writeInt32BE(stat.aversion, 48);
    tail.writeBigInt64BE(nodes.owner(row), 52);
    const name = Buffer.from(path === '/' ? '' : path);
    const data = Buffer.from(nodes.copyData(row) ?? []);
    if (!path.startsWith('/zookeeper/'))
      sum += BigInt(zlib.crc32(Buffer.concat([name, data, tail])));
    for (let child = nodes.firstChild(row); child !== NO_ROW; child = nodes.nextSibling(child))
      visit(machine.pathOf(child));
  };
  visit('/');
  return BigInt.asIntN(64, sum);
}

describe('crc32', () => {
  test('agrees with zlib, over bytes, integers and text', () => {
    const random = new Prng(1);
    for (let length = 0; length < 70; length++) {
      const bytes = Buffer.from(Array.from({ length }, () => random.below(256)));
      expect(crcEnd(crcBytes(crcStart, bytes, 0, length))).toBe(zlib.crc32(bytes));
      const around = Buffer.concat([Buffer.from('x'), bytes, Buffer.from('y')]);
      expect(crcEnd(crcBytes(crcStart, around, 1, length + 1))).toBe(zlib.crc32(bytes));
    }
    for (const text of ['', '/a', '/größe', '/路径', '/\u07ff\u0800\ud7ff\uf900'])
      expect(crcEnd(crcString(crcStart, text))).toBe(zlib.crc32(Buffer.from(text)));
    for (const value of [0, 1, -1, 0x7fff_ffff, -0x8000_0000]) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      expect(crcEnd(crcInt32(crcStart, value))).toBe(zlib.crc32(bytes));
    }
    for (const value of [0, 1, -1, 0xffff_ffff, 0x1_0000_0000, 2 ** 53 - 1, -(2 ** 40)]) {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt(value));
      expect(crcEnd(crcLong(crcStart, value))).toBe(zlib.crc32(bytes));
    }
  });
});

describe('digest', () => {
  test('vectors: a node, the fresh root, fresh /zookeeper and the empty tree', () => {
    const stat = {
      ...FRESH,
      czxid: 2,
      mzxid: 2,
      pzxid: 2,
      ctime: 1_700_000_000_000,
      mtime: 1_700_000_000_000,
    };
    expect(nodeDigest(contentState('/a', Buffer.from('hi'), 0, 2), stat)).toBe(2_936_132_313);
    expect(nodeDigest(contentState('/', new Uint8Array(), 0, 0), FRESH)).toBe(68_323_592);
    expect(nodeDigest(contentState('', null, 0, 0), FRESH)).toBe(68_323_592);
    expect(nodeDigest(contentState('/zookeeper', null, 0, 0), FRESH)).toBe(1_303_661_912);
    const machine = newMachine();
    machine.createSystemNodes();
    expect(machine.digest).toBe(1_371_985_504n);
  });

  test('nothing below /zookeeper/ counts, the node itself does', () => {
    expect(
      ['/zookeeper', '/zookeeper/', '/zookeeper/quota', '/zookeeperx', '/a'].map(isDigested),
    ).toEqual([true, false, false, true, true]);
  });

  test('the sum wraps at 64 bits and comes back', () => {
    const digest = new TreeDigest();
    digest.set(0xffff_ffff, 0xffff_fff0);
    digest.add(0x20);
    expect([digest.high, digest.low, digest.toBigint()]).toEqual([0, 0x10, 16n]);
    digest.remove(0x20);
    expect(digest.toBigint()).toBe(-16n);
    expect(digest.equals(-1, -16)).toBe(true);
    let sum = 0n;
    const random = new Prng(2);
    const many = new TreeDigest();
    for (let i = 0; i < 10_000; i++) {
      const value = random.next();
      many.add(value);
      sum += BigInt(value);
    }
    expect(many.toBigint()).toBe(sum);
  });

  test.each([1, 2, 3])('kept while random changes are applied, it is the sum (seed %i)', (seed) => {
    const machine = newMachine();
    machine.createSystemNodes();
    const pipeline = new Pipeline(machine);
    const changes = new Changes(new Prng(seed));
    for (let step = 0; step < 3000; step++) {
      changes.propose(pipeline);
      pipeline.applyAll();
      if (step % 300 === 0) expect(machine.digest).toBe(recomputed(machine));
    }
    expect(machine.digest).toBe(recomputed(machine));
  });

  test('one is noted for every 128 transactions, and so many kept', () => {
    const machine = newMachine();
    machine.createSystemNodes();
    const pipeline = new Pipeline(machine);
    const session = pipeline.newSession();
    const request = new Request(OpCode.CREATE);
    request.path = '/a';
    request.acl = OPEN_ACL;
    for (let i = 0; i < 128 * 1030; i++) {
      pipeline.propose(request, session);
      pipeline.applyAll();
      pipeline.log.length = 0;
    }
    expect(machine.digestLog.length).toBe(1024);
    expect(machine.digestLog.every(({ zxid }) => zxid % 128 === 0)).toBe(true);
    expect(machine.digestLog.at(-1)).toEqual({ zxid: 128 * 1030, digest: machine.digest });
  });
});
