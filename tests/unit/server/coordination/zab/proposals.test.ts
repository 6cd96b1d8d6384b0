/** The window of proposals: in order, by quorum, within its bound. */
import { beforeEach, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../../src-server/base/assert.ts';
import { sid } from '../../../../../src-server/base/ids.ts';
import { Proposals } from '../../../../../src-server/coordination/zab/proposals.ts';
import { quorumOf } from '../../../../../src-server/coordination/zab/quorum.ts';
import { show, viewOf, z } from '../../../../sim/zab/solo.ts';

const OLD = quorumOf(viewOf([1, 2, 3]));
const NEW = quorumOf(viewOf([3, 4, 5]));
let proposals: Proposals;

beforeEach(() => {
  proposals = new Proposals({ zxid: z('1:0'), quorums: [OLD], windowMax: 4 });
});

function acknowledge(server: number, zxid: string): string[] {
  expect(proposals.acknowledge(sid(server), z(zxid))).toBe(true);
  const committed: string[] = [];
  while (proposals.isHeadAgreed) committed.push(show(proposals.commitHead()));
  return committed;
}

test('Z3: a quorum commits, in order, everything that it has', () => {
  for (const zxid of ['1:1', '1:2', '1:3']) proposals.add(z(zxid));
  expect(acknowledge(1, '1:3')).toEqual([]);
  expect(acknowledge(2, '1:2')).toEqual(['1:1', '1:2']);
  expect(acknowledge(3, '1:3')).toEqual(['1:3']);
  expect(proposals.count).toBe(0);
});

test('the beginning of an epoch, earlier epochs and what is committed say nothing', () => {
  proposals.add(z('1:1'));
  expect(acknowledge(1, '1:0')).toEqual([]);
  expect(acknowledge(2, '0:9')).toEqual([]);
  expect(acknowledge(3, '1:1')).toEqual([]);
  expect(acknowledge(1, '1:1')).toEqual(['1:1']);
  expect(acknowledge(2, '1:1')).toEqual([]);
});

test('what was not proposed is not acknowledged', () => {
  expect(proposals.acknowledge(sid(2), z('1:1'))).toBe(false);
});

test('servers that do not vote count for nothing', () => {
  proposals.add(z('1:1'));
  expect(acknowledge(1, '1:1')).toEqual([]);
  expect(acknowledge(9, '1:1')).toEqual([]);
});

test('Z4: a hole is not proposed', () => {
  expect(() => proposals.add(z('1:2'))).toThrow(AssertionFailed);
});

test('Z3: nothing is committed without a quorum', () => {
  proposals.add(z('1:1'));
  expect(() => proposals.commitHead()).toThrow(AssertionFailed);
});

test('the window is full, and has room again after a commit', () => {
  for (let counter = 1; counter <= 4; counter++) proposals.add(z(`1:${counter}`));
  expect(proposals.isFull).toBe(true);
  expect(() => proposals.add(z('1:5'))).toThrow(AssertionFailed);
  acknowledge(1, '1:1');
  acknowledge(2, '1:1');
  expect(proposals.isFull).toBe(false);
});

test('Z2: from a reconfiguration on both views must agree', () => {
  proposals.add(z('1:1'));
  proposals.require([OLD, NEW]);
  proposals.add(z('1:2'));
  expect(acknowledge(1, '1:2')).toEqual([]);
  expect(acknowledge(2, '1:2')).toEqual(['1:1']);
  expect(acknowledge(4, '1:2')).toEqual([]);
  expect(acknowledge(5, '1:2')).toEqual(['1:2']);
});

test('Z2: so does a reconfiguration before which nothing was outstanding', () => {
  proposals.require([OLD, NEW]);
  proposals.add(z('1:1'));
  acknowledge(1, '1:1');
  expect(acknowledge(2, '1:1')).toEqual([]);
  acknowledge(4, '1:1');
  expect(acknowledge(5, '1:1')).toEqual(['1:1']);
});

test('once the reconfiguration is committed, the new view is enough', () => {
  proposals.require([OLD, NEW]);
  proposals.add(z('1:1'));
  proposals.add(z('1:2'));
  for (const server of [1, 2, 4]) acknowledge(server, '1:1');
  expect(acknowledge(5, '1:1')).toEqual(['1:1']);
  proposals.requireOnly([NEW]);
  acknowledge(4, '1:2');
  expect(acknowledge(5, '1:2')).toEqual(['1:2']);
});
