/** Owners tell the kinds of nodes apart. */
import { expect, test } from 'vitest';

import {
  CONTAINER_OWNER,
  kindOfOwner,
  TTL_MS_MAX,
  ttlOfOwner,
  ttlOwner,
} from '../../../../../src-server/coordination/model/owner.ts';

test.each([
  [0n, 'persistent', 'persistent'],
  [CONTAINER_OWNER, 'container', 'container'],
  [1n, 'ephemeral', 'ephemeral'],
  [0x0100_0000_0000_0000n, 'ephemeral', 'ephemeral'],
  [CONTAINER_OWNER + 1n, 'ephemeral', 'ephemeral'],
  [-1n, 'ttl', 'ephemeral'],
  [ttlOwner(1), 'ttl', 'ephemeral'],
  [ttlOwner(TTL_MS_MAX), 'ttl', 'ephemeral'],
  [BigInt.asIntN(64, 0xfe00_0000_0000_0001n), 'ephemeral', 'ephemeral'],
])('owner %i is %s, without extended types %s', (owner, extended, plain) => {
  expect(kindOfOwner(owner, true)).toBe(extended);
  expect(kindOfOwner(owner, false)).toBe(plain);
});

test('a time to live is kept in the low 40 bits', () => {
  expect(BigInt.asUintN(64, ttlOwner(1000))).toBe(0xff00_0000_0000_03e8n);
  expect([1, 1000, TTL_MS_MAX].map((ttlMs) => ttlOfOwner(ttlOwner(ttlMs)))).toEqual([
    1,
    1000,
    TTL_MS_MAX,
  ]);
});
