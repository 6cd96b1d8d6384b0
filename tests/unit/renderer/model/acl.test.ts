/** Access lists: named permissions, the usual lists, and what a server will say of an entry. */
import { describe, expect, test } from 'vitest';

import {
  aclProblem,
  ALL_PERMISSIONS,
  areSameAcls,
  digestId,
  entryProblem,
  PERMISSIONS,
  presetAcl,
} from '../../../../src-renderer/model/acl.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { Permission } from '../../../../src-server/coordination/model/acl.ts';
import { resolveAcl } from '../../../../src-server/coordination/state/permissions.ts';

const ME = { scheme: 'digest', id: 'me:5bhjtm8ZLpM=' };

function isRefusedByServer(scheme: string, id: string, hasIdentity: boolean): boolean {
  const identities = hasIdentity ? [ME] : [];
  return !Array.isArray(resolveAcl([{ scheme, id, permissions: 1 }], identities, { ipv6: true }));
}

describe('an entry', () => {
  test('that passes here, our server takes; but for addresses, it takes no other', () => {
    const random = new Prng(1);
    const pieces = [
      'anyone',
      'user',
      ':',
      '::',
      '1',
      '127',
      '255',
      '256',
      '0',
      '.',
      '/',
      '24',
      '33',
      'fe80',
      'a',
      ' ',
    ];
    for (let round = 0; round < 40_000; round++) {
      const scheme = random.pick(['world', 'auth', 'digest', 'ip', '']);
      const id = Array.from({ length: random.below(9) }, () => random.pick(pieces)).join('');
      const hasIdentity = random.chance(0.5);
      const problem = entryProblem({ scheme, id, permissions: 1 }, hasIdentity);
      const isRefused = isRefusedByServer(scheme, id, hasIdentity);
      if (problem === null || scheme !== 'ip') {
        expect(isRefused, `${scheme} ${id}`).toBe(problem !== null);
      }
    }
  });

  test.each([
    ['127.0.0.1', true],
    ['10.0.0.0/8', true],
    ['0.0.0.0/0', true],
    ['10.0.0.0/32', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0/', false],
    ['10.0.0.0/8/8', false],
    ['10.0.0.256', false],
    ['10.0.0', false],
    ['10.0.0.1.2', false],
    ['localhost', false],
    ['', false],
    ['::', true],
    ['::1', true],
    ['fe80::1/64', true],
    ['2001:db8:0:0:0:0:0:1', true],
    ['2001:db8::1/128', true],
    ['2001:db8::1/129', false],
    // Apache takes groups of digits only.
    ['::ffff:192.0.2.1', false],
    ['192.0.2.1::', false],
    ['fe80::1%eth0', false],
    ['1:2:3:4:5:6:7::', true],
    ['1:2:3:4:5:6:7:8::', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['1::2::3', false],
    [':1', false],
    ['12345::', false],
  ])('an address %j: %s', (id, isGood) => {
    const problem = entryProblem({ scheme: 'ip', id, permissions: 1 }, true);
    expect(problem).toBe(isGood ? null : 'ip-id');
    if (isGood) expect(isRefusedByServer('ip', id, true)).toBe(false);
  });

  test.each([
    [{ scheme: 'world', id: 'anyone', permissions: 1 }, false, null],
    [{ scheme: 'world', id: 'someone', permissions: 1 }, false, 'world-id'],
    [{ scheme: 'world', id: 'anyone', permissions: 0 }, false, 'no-permission'],
    [{ scheme: 'auth', id: '', permissions: 31 }, true, null],
    [{ scheme: 'auth', id: '', permissions: 31 }, false, 'auth-needs-identity'],
    [{ scheme: 'digest', id: 'user:hash=', permissions: 31 }, false, null],
    [{ scheme: 'digest', id: 'user', permissions: 31 }, false, 'digest-id'],
    [{ scheme: 'digest', id: 'user:', permissions: 31 }, false, 'digest-id'],
    [{ scheme: 'digest', id: 'a:b:c', permissions: 31 }, false, 'digest-id'],
    [{ scheme: '', id: 'x', permissions: 31 }, false, 'no-scheme'],
    [{ scheme: 'sasl', id: '', permissions: 31 }, false, 'no-id'],
    [{ scheme: 'sasl', id: 'kafka', permissions: 31 }, false, null],
    [{ scheme: 'their-own', id: 'x', permissions: 31 }, false, null],
  ])('%j, proved %s: %s', (entry, hasIdentity, problem) => {
    expect(entryProblem(entry, hasIdentity)).toBe(problem);
  });
});

describe('a list', () => {
  test('says what is wrong first, or that it is empty', () => {
    const good = { scheme: 'world', id: 'anyone', permissions: 1 };
    expect(aclProblem([], true)).toBe('empty');
    expect(aclProblem([good], true)).toBeNull();
    expect(aclProblem([good, { ...good, permissions: 0 }, { ...good, id: 'x' }], true)).toBe(
      'no-permission',
    );
  });

  test('is the same with the same entries in the same order', () => {
    const [a, b] = presetAcl('read-only') as [never, never];
    expect(areSameAcls([a, b], presetAcl('read-only'))).toBe(true);
    expect(areSameAcls([b, a], [a, b])).toBe(false);
    expect(areSameAcls([a], [a, b])).toBe(false);
    expect(areSameAcls([a, b], [a])).toBe(false);
    expect(areSameAcls([], [])).toBe(true);
    for (const other of [{ scheme: 'x' }, { id: 'x' }, { permissions: 3 }]) {
      const [entry] = presetAcl('open');
      expect(areSameAcls([entry!], [{ ...entry!, ...other }])).toBe(false);
    }
  });

  test.each(['open', 'read-only', 'creator', 'custom'] as const)(
    'the usual list %s is one a server takes from somebody it knows',
    (preset) => {
      expect(aclProblem(presetAcl(preset), true)).toBeNull();
      expect(resolveAcl(presetAcl(preset), [ME], { ipv6: true })).toBeInstanceOf(Array);
    },
  );

  test('the usual lists keep their promise: what others may do', () => {
    const others = (preset: Parameters<typeof presetAcl>[0]): number =>
      presetAcl(preset)
        .filter(({ scheme }) => scheme === 'world')
        .reduce((sum, { permissions }) => sum | permissions, 0);
    expect([others('open'), others('read-only'), others('creator')]).toEqual([31, 1, 0]);
  });

  test('changing a usual list does not change the next one', () => {
    presetAcl('open').push({ scheme: 'x', id: '', permissions: 0 });
    expect(presetAcl('open')).toHaveLength(1);
  });
});

test('permissions have the bits of the protocol, and all of them make the whole', () => {
  for (const { name, bit } of PERMISSIONS) {
    expect(bit).toBe(Permission[name.toUpperCase() as keyof typeof Permission]);
  }
  expect(PERMISSIONS.reduce((sum, { bit }) => sum | bit, 0)).toBe(ALL_PERMISSIONS);
});

test('a digest is the one the server makes of user and password', async () => {
  expect(await digestId('super', 'test')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
});
