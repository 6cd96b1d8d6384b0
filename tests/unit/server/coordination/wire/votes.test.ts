import { describe, expect, test } from 'vitest';

import { sid } from '../../../../../src-server/base/ids.ts';
import { Prng } from '../../../../../src-server/base/prng.ts';
import { makeZxid, type Zxid } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { readView } from '../../../../../src-server/coordination/wire/views.ts';
import {
  HELLO_BYTES_MAX,
  readHello,
  readNotification,
  writeHello,
  writeNotification,
} from '../../../../../src-server/coordination/wire/votes.ts';
import { NO_VOTE, type Notification } from '../../../../../src-server/coordination/zab/messages.ts';

function read(hex: string): Notification | null {
  const bytes = Buffer.from(hex, 'hex');
  return readNotification(bytes, 0, bytes.length);
}

function written(notification: Notification): string {
  const writer = new Writer();
  writeNotification(writer, notification);
  return writer.view().toString('hex');
}

const VOTE = { leader: sid(3), zxid: makeZxid(2, 9), round: 5, peerEpoch: 2 };
const VIEW = readView('server.1=h:1:2:participant\nversion=0');

/** Made by Apache's FastLeaderElection.buildMsg, 3.8.0. */
const NEWEST =
  '00000000000000000000000300000002000000090000000000000005000000000000000200000002' +
  '000000247365727665722e313d683a313a323a7061727469636970616e740a76657273696f6e3d30';
const FROM_3_4 = '00000002000000000000000300000002000000090000000000000005000000000000000200000001';
const NON_VOTER =
  '00000003800000000000000080000000000000000000000000000001800000000000000000000002' +
  '0000000976657273696f6e3d30';

describe('notifications', () => {
  test('with a configuration', () => {
    const notification: Notification = { state: 'looking', vote: VOTE, version: 2, view: VIEW };
    expect(read(NEWEST)).toEqual(notification);
    expect(written(notification)).toBe(NEWEST);
  });

  test('of 3.4: whatever its last field says, it has no version', () => {
    expect(read(FROM_3_4)).toEqual({ state: 'leading', vote: VOTE, version: 0, view: null });
    expect(written({ state: 'leading', vote: VOTE, version: 1, view: null })).toBe(FROM_3_4);
  });

  test('before 3.4: the epoch is that of the zxid', () => {
    expect(read(FROM_3_4.slice(0, 56))).toEqual({
      state: 'leading',
      vote: VOTE,
      version: 0,
      view: null,
    });
  });

  test('of a server that may not vote', () => {
    const vote = { leader: sid(NO_VOTE), zxid: NO_VOTE as Zxid, round: 1, peerEpoch: NO_VOTE };
    const view = { version: 0, servers: [], groups: null, weights: new Map() };
    const notification: Notification = { state: 'observing', vote, version: 2, view };
    expect(read(NON_VOTER)).toEqual(notification);
    expect(written(notification)).toBe(NON_VOTER);
  });

  test('longer than it says, the rest is left alone', () => {
    expect(read(`${NEWEST}00ff`)).toEqual(read(NEWEST));
    expect(read(`${FROM_3_4}00000000`)).toMatchObject({ version: 1, view: null });
  });

  test('cut off at any byte, it is refused or an older form of itself', () => {
    const olderForms = new Set([28, 40]);
    for (let bytes = 0; bytes < NEWEST.length / 2; bytes++)
      expect([bytes, read(NEWEST.slice(0, bytes * 2)) !== null]).toEqual([
        bytes,
        olderForms.has(bytes),
      ]);
  });

  test.each([
    ['an unknown state', NEWEST.replace(/^00000000/, '00000004')],
    ['a zxid beyond counting', NEWEST.replace('0000000200000009', '4000000200000009')],
    ['a configuration of negative length', NEWEST.replace('00000024', 'fffffffe')],
    ['a configuration without a length', NEWEST.replace('00000024', 'ffffffff')],
    ['a longer configuration than there is', NEWEST.replace('00000024', '00000025')],
  ])('%s: refused', (_, hex) => {
    expect(read(hex)).toBeNull();
  });

  test('with a configuration that nobody can read, the vote counts all the same', () => {
    const hex = NEWEST.replace('7061727469636970616e74', '7061727469636970616e75');
    expect(read(hex)).toEqual({ state: 'looking', vote: VOTE, version: 2, view: null });
  });

  test('anything random is a notification or none', () => {
    const prng = new Prng(3);
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(NEWEST, 'hex');
      for (let flips = prng.between(1, 6); flips > 0; flips--)
        bytes[prng.below(bytes.length)] = prng.below(256);
      const found = readNotification(bytes, 0, prng.below(bytes.length + 1));
      if (found === null || found.view === null) continue;
      expect(read(written(found))).toEqual({ ...found, version: 2 });
    }
  });
});

describe('hellos', () => {
  function hello(options: Parameters<typeof writeHello>[1]): Buffer {
    const writer = new Writer();
    writeHello(writer, options);
    return writer.copy();
  }

  const one = { host: '10.0.0.7', port: 3888 };
  const two = { host: '0:0:0:0:0:0:0:1', port: 3889 };

  test('with one address, as every version since 3.5 knows it', () => {
    const bytes = hello({ sid: sid(2), addresses: [one, two], isMultiAddress: false });
    expect(bytes.toString('hex')).toBe(
      `ffffffffffff000000000000000000020000000d${Buffer.from('10.0.0.7:3888').toString('hex')}`,
    );
    expect(readHello(bytes)).toEqual({ sid: 2, addresses: [one], bytes: bytes.length });
  });

  test('with several addresses, one of them IPv6', () => {
    const bytes = hello({ sid: sid(2), addresses: [one, two], isMultiAddress: true });
    expect(bytes.toString('hex', 0, 8)).toBe('ffffffffffff0001');
    expect(bytes.toString('utf8', 20)).toBe('10.0.0.7:3888|[0:0:0:0:0:0:0:1]:3889');
    expect(readHello(bytes)).toEqual({ sid: 2, addresses: [one, two], bytes: bytes.length });
  });

  test('an address that stands for every interface is left out', () => {
    const everywhere = [{ host: '0.0.0.0', port: 1 }, { host: '::', port: 2 }, one];
    const bytes = hello({ sid: sid(2), addresses: everywhere, isMultiAddress: true });
    expect(readHello(bytes)).toMatchObject({ addresses: [one] });
  });

  test('of an old peer it is a sid alone; what follows is not part of it', () => {
    expect(readHello(Buffer.from('000000000000000500000028', 'hex'))).toEqual({
      sid: 5,
      addresses: [],
      bytes: 8,
    });
  });

  test('of an observer without an id', () => {
    const bytes = hello({ sid: sid(2), addresses: [one], isMultiAddress: false });
    bytes.writeBigInt64BE(0x7fff_ffff_ffff_ffffn, 8);
    expect(readHello(bytes)).toMatchObject({ sid: null, addresses: [one] });
  });

  test('comes in pieces of any size', () => {
    const bytes = hello({ sid: sid(2), addresses: [one], isMultiAddress: false });
    for (let cut = 0; cut < bytes.length; cut++)
      expect(readHello(bytes.subarray(0, cut))).toBe('need-more');
  });

  test.each([
    ['another version', 'fffffffffffefffe'],
    ['no address', `ffffffffffff0000${'00'.repeat(12)}`],
    ['an address of negative length', `ffffffffffff0000${'00'.repeat(8)}ffffffff`],
    ['a longer address than allowed', `ffffffffffff0000${'00'.repeat(8)}00000801`],
    ['an address without a port', `ffffffffffff0000${'00'.repeat(8)}0000000161`],
    ['a sid beyond counting', `ffffffffffff0000${'70'.repeat(8)}00000003613a31`],
    ['an old peer beyond counting', '7000000000000000'],
  ])('%s: refused', (_, hex) => {
    expect(readHello(Buffer.from(hex, 'hex'))).toBe('bad');
  });

  test('the longest is no longer than its bound', () => {
    const host = 'h'.repeat(2048 - 2);
    const bytes = hello({ sid: sid(1), addresses: [{ host, port: 1 }], isMultiAddress: false });
    expect(bytes.length).toBe(HELLO_BYTES_MAX);
    expect(readHello(bytes)).toMatchObject({ bytes: HELLO_BYTES_MAX });
  });
});
