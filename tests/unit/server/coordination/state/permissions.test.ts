/** Access lists: the table, what is stored of a list, who passes, and addresses. */
import { describe, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../../src-server/base/assert.ts';
import {
  type Acl,
  type AclEntry,
  type Identity,
  OPEN_ACL,
  Permission,
  READ_ACL,
} from '../../../../../src-server/coordination/model/acl.ts';
import { codeName } from '../../../../../src-server/coordination/model/codes.ts';
import {
  addressMatches,
  isAddressPattern,
} from '../../../../../src-server/coordination/state/addresses.ts';
import {
  AclTable,
  isPermitted,
  OPEN_ACL_ID,
  resolveAcl,
} from '../../../../../src-server/coordination/state/permissions.ts';

const entry = (scheme: string, id: string, permissions: number = Permission.ALL) => ({
  permissions,
  scheme,
  id,
});

describe('the table of lists', () => {
  test('keeps an equal list once, and the open one not at all', () => {
    const table = new AclTable();
    const one = table.intern([entry('digest', 'ann:x'), ...READ_ACL]);
    const again = table.intern([entry('digest', 'ann:x'), ...READ_ACL]);
    const other = table.intern([...READ_ACL, entry('digest', 'ann:x')]);
    expect(again).toBe(one);
    expect(other).not.toBe(one);
    expect(table.intern(OPEN_ACL)).toBe(OPEN_ACL_ID);
    expect(table.intern([{ permissions: 31, scheme: 'world', id: 'anyone' }])).toBe(OPEN_ACL_ID);
    expect(table.entries().map(({ id }) => id)).toEqual([one, other]);
    expect(table.get(OPEN_ACL_ID)).toBe(OPEN_ACL);
  });

  test('drops a list with its last use, and never uses its number again', () => {
    const table = new AclTable();
    const acl: Acl = [entry('ip', '10.0.0.1')];
    const id = table.intern(acl);
    table.intern(acl);
    table.release(id);
    expect(table.get(id)).toEqual(acl);
    table.release(id);
    expect(() => table.get(id)).toThrow(AssertionFailed);
    expect(() => table.release(id)).toThrow(AssertionFailed);
    expect(table.entries()).toEqual([]);
    expect(table.intern(acl)).toBeGreaterThan(id);
    table.release(OPEN_ACL_ID);
  });

  test('tells lists apart that would read alike when put together', () => {
    const table = new AclTable();
    const ids = [
      [entry('digest', 'a:b'), entry('ip', '1')],
      [entry('digest', 'a:b;31|2|ip|1|1')],
      [entry('digest', 'a'), entry('ip', 'b')],
      [entry('digest|1|a', '')],
    ].map((acl) => table.intern(acl));
    expect(new Set(ids).size).toBe(4);
  });
});

describe('what is stored of a list', () => {
  const ann: Identity = { scheme: 'digest', id: 'ann:hash' };
  const here: Identity = { scheme: 'ip', id: '10.0.0.1' };
  const stored = (acl: Acl | null, identities: readonly Identity[] = [here]): unknown => {
    const resolved = resolveAcl(acl, identities, { ipv6: true });
    return typeof resolved === 'number' ? codeName(resolved) : resolved;
  };
  const bare = (permissions: number, scheme: string | null, id: string | null): AclEntry => ({
    permissions,
    scheme,
    id,
  });

  test('duplicates once, in order; proven identities for `auth`', () => {
    const [a, b] = [entry('ip', '1.2.3.4', 1), entry('digest', 'bob:x', 2)];
    expect(stored([a, b, a, ...READ_ACL, b])).toEqual([a, b, ...READ_ACL]);
    expect(stored([entry('auth', 'x', 3)], [here, ann])).toEqual([entry('digest', 'ann:hash', 3)]);
    expect(stored([entry('auth', '', 3)])).toBe('INVALID_ACL');
    expect(stored(OPEN_ACL)).toBe(OPEN_ACL);
  });

  test.each<[string, Acl | null, string]>([
    ['nothing', null, 'INVALID_ACL'],
    ['an empty list', [], 'INVALID_ACL'],
    ['no scheme', [bare(1, null, 'x')], 'INVALID_ACL'],
    ['no id where somebody looks at it', [bare(1, 'ip', null)], 'MARSHALLING_ERROR'],
    ['no id of a scheme nobody knows', [bare(1, 'odd', null)], 'INVALID_ACL'],
    [
      'no scheme behind an entry of the same bits',
      [bare(1, 'ip', '1.2.3.4'), bare(1, null, 'x')],
      'MARSHALLING_ERROR',
    ],
    [
      'no scheme behind an entry of other bits',
      [bare(2, 'ip', '1.2.3.4'), bare(1, null, 'x')],
      'INVALID_ACL',
    ],
    [
      'no id behind the same scheme',
      [bare(1, 'odd', 'x'), bare(1, 'odd', null)],
      'MARSHALLING_ERROR',
    ],
    ['no id behind another scheme', [bare(1, 'odd', 'x'), bare(1, 'queer', null)], 'INVALID_ACL'],
  ])('%s is refused', (_, acl, refusal) => expect(stored(acl)).toBe(refusal));

  test('a list as long as a request is looked through at once', () => {
    const long = Array.from({ length: 60_000 }, (_, i) => entry('digest', 'a:b', i));
    expect(stored([...long, ...long])).toEqual(long);
  });
});

describe('who passes', () => {
  const ann: Identity = { scheme: 'digest', id: 'ann:hash' };
  const here: Identity = { scheme: 'ip', id: '192.168.7.9' };

  test.each<[string, Acl, number, Identity[], boolean]>([
    ['everybody, an empty list', [], Permission.ADMIN, [], true],
    ['everybody, the open list', OPEN_ACL, Permission.ADMIN, [], true],
    ['world for its bits', READ_ACL, Permission.READ, [], true],
    ['world not for others', READ_ACL, Permission.WRITE, [here], false],
    ['one of two wanted bits', READ_ACL, Permission.READ | Permission.ADMIN, [], true],
    ['an identity by its whole id', [entry('digest', 'ann:hash')], 1, [here, ann], true],
    ['not another of the scheme', [entry('digest', 'bob:hash')], 1, [here, ann], false],
    ['an entry without the bit', [entry('digest', 'ann:hash', 2)], 1, [ann], false],
    ['a later entry', [...READ_ACL, entry('digest', 'ann:hash', 2)], 2, [ann], true],
    ['an address in a network', [entry('ip', '192.168.0.0/16')], 1, [here], true],
    ['not one outside it', [entry('ip', '192.168.8.0/24')], 1, [here], false],
    [
      'super, whatever the list',
      [entry('digest', 'bob:x', 0)],
      16,
      [{ scheme: 'super', id: '' }],
      true,
    ],
    ['nobody by `auth`, which is no scheme of a stored list', [entry('auth', '')], 1, [ann], false],
  ])('%s', (_, acl, wanted, identities, expected) => {
    expect(isPermitted(acl, wanted, identities)).toBe(expected);
  });
});

describe('addresses', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.2.3', '10.1.2.4/31', false],
    ['10.1.2.5', '10.1.2.4/31', true],
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['1.2.3.4', '200.0.0.0/0', true],
    ['10.1.130.3', '10.1.128.0/17', true],
    ['10.1.127.3', '10.1.128.0/17', false],
    ['::1', '::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::ffff:1.2.3.4', '::ffff:0102:0304', true],
    ['1.2.3.4', '::/0', false],
    ['nonsense', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, pattern, expected) => {
    expect(addressMatches(address, pattern)).toBe(expected);
  });

  test.each([
    ['1.2.3.4', true],
    ['1.2.3.4/0', true],
    ['1.2.3.4/32', true],
    ['1.2.3.4/33', false],
    ['1.2.3.4/', false],
    ['1.2.3.4/-1', false],
    ['1.2.3', false],
    ['1.2.3.256', false],
    ['a.b.c.d', false],
    ['', false],
    ['::', true],
    ['::1/128', true],
    ['::1/129', false],
    ['1::2::3', false],
    ['1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['12345::', false],
    ['1:2:3:4:5:6:7::8', false],
  ])('pattern %j: %s', (pattern, expected) => {
    expect(isAddressPattern(pattern)).toBe(expected);
  });
});
