/** The words scripts are made of: few enough that clients keep meeting, odd enough to reach every refusal. */
import type { AclItem } from './script.ts';

export const GOOD_PATHS = [
  '~',
  '~/a',
  '~/a',
  '~/a',
  '~/b',
  '~/b',
  '~/a/c',
  '~/a/c',
  '~/a/c/d',
  '~/e',
  '~/é',
  '~/中',
  '~/中/文',
  '~/a/q0000000000',
  '~/a/q0000000001',
  '~/a/0000000000',
  '~/s0000000000',
  '~/s0000000001',
  '~/..a',
  '~/a b',
] as const;

/** Paths that sequential flags make names from. */
export const SEQUENCE_PATHS = ['~/s', '~/a/q', '~/a/', '~/', '~/a/c/-', '~/nobody/s'] as const;

/** Nodes that all plays share: to be looked at, and never changed. */
export const SHARED_PATHS = [
  '/',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
  '/plays',
] as const;

export const ODD_PATHS = [
  null,
  '',
  'a',
  'a/b',
  '//',
  '/.',
  '/..',
  '~/',
  '~/a/',
  '~//a',
  '~/a//c',
  '~/./a',
  '~/a/.',
  '~/a/..',
  '~/a/../b',
  '~/a\0',
  '~/a\0/c',
  '~/\u0001',
  '~/\u001f',
  '~/\u007f',
  '~/\u009f',
  '~/\u00a0',
  '~/\ue000',
  '~/\uf8ff',
  '~/\uf900',
  '~/\ufff0',
  '~/nobody',
  '~/nobody/here',
  '~/a/c/d/e/f/g',
] as const;

/** Bytes that are not UTF-8; what they become must be the same, too. */
export const BROKEN_TEXTS = [
  '2f66ff',
  '2fc328',
  '2fe28228',
  '2fe282',
  '2ff0908d',
  '2fc0af',
  '2ff4908080',
  '80',
] as const;

const DIGEST_BOB = 'bob:SVMtxKXGzBFkxuzyaFMZ9ZwTc9A=';

export const USERS = ['bob:bobs', 'ann:anns', 'ann', ':', '', 'bob:bobs:more', 'ü:ü'] as const;
export const SUPER_USER = 'super:test';
export const SUPER_DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';

const entry = (permissions: number, scheme: string | null, id: string | null): AclItem => ({
  permissions,
  scheme,
  id,
});

export const OPEN: readonly AclItem[] = [entry(31, 'world', 'anyone')];

export const GOOD_ACLS: readonly (readonly AclItem[])[] = [
  [entry(1, 'world', 'anyone')],
  [entry(30, 'world', 'anyone')],
  [entry(21, 'world', 'anyone')],
  [entry(0, 'world', 'anyone')],
  [entry(-1, 'world', 'anyone')],
  [entry(31, 'auth', '')],
  [entry(31, 'auth', null)],
  [entry(31, 'auth', 'x'), entry(1, 'world', 'anyone')],
  [entry(31, 'digest', DIGEST_BOB)],
  [entry(1, 'digest', DIGEST_BOB), entry(16, 'world', 'anyone')],
  [entry(31, 'digest', 'nobody:else')],
  [entry(31, 'ip', '127.0.0.1')],
  [entry(31, 'ip', '127.0.0.0/8')],
  [entry(31, 'ip', '127.0.0.7/29'), entry(1, 'ip', '10.0.0.0/8')],
  [entry(31, 'ip', '10.1.2.3')],
  [entry(31, 'ip', '10.1.2.3/0')],
  [entry(31, 'world', 'anyone'), entry(31, 'world', 'anyone')],
  [entry(3, 'world', 'anyone'), entry(28, 'digest', 'a:b'), entry(3, 'world', 'anyone')],
];

export const ODD_ACLS: readonly (readonly AclItem[] | null)[] = [
  null,
  [],
  [entry(31, 'world', 'someone')],
  [entry(31, 'world', '')],
  [entry(31, 'world', null)],
  [entry(31, null, 'anyone')],
  [entry(31, null, null), entry(31, null, null)],
  [entry(31, '', '')],
  [entry(31, 'digest', 'bob')],
  [entry(31, 'digest', 'bob:')],
  [entry(31, 'digest', ':x')],
  [entry(31, 'digest', 'a:b:c')],
  [entry(31, 'digest', 'a:b::')],
  [entry(31, 'digest', null)],
  [entry(31, 'digest', '')],
  [entry(31, 'ip', 'localhost')],
  [entry(31, 'ip', '127.0.0')],
  [entry(31, 'ip', '127.0.0.256')],
  [entry(31, 'ip', '127.0.0.1/33')],
  [entry(31, 'ip', '127.0.0.1/-1')],
  [entry(31, 'ip', '127.0.0.1/')],
  [entry(31, 'ip', '127.0.0.1/8/8')],
  [entry(31, 'ip', '+127.0.0.1')],
  [entry(31, 'ip', '0127.00.0.1')],
  [entry(31, 'ip', '::1')],
  [entry(31, 'ip', '')],
  [entry(31, 'super', '')],
  [entry(31, 'sasl', 'bob')],
  [entry(31, 'x509', 'CN=bob')],
  [entry(31, 'nonsense', 'x')],
  [entry(31, 'world', 'anyone'), entry(31, 'nonsense', 'x')],
  [entry(31, 'world', 'anyone'), entry(31, 'auth', '')],
];

export const SCHEMES = ['world', 'auth', 'super', 'sasl', 'x509', '', 'no', null] as const;

export const DATA = [null, '', '78', '68656c6c6f', '00', 'ff00ff', '7b22613a317d'] as const;
export const BULKS = [100, 1000, 5000, 70_000] as const;

/** A frame of the first is just about taken, of the second not any more. */
export const LARGEST_BULKS = [1_048_563, 1_048_564] as const;

export const TTLS = ['1', '60000', '1099511627775', '1099511627776', '0'] as const;

export const VERSIONS = [
  -1, -1, -1, -1, 0, 0, 0, 1, 1, 2, -2, 100, 0x7fff_ffff, -0x8000_0000,
] as const;

/** Codes that no operation of 3.8 has. */
export const UNKNOWN_OPS = [
  0, 10, 23, 50, 99, 108, 1000, -1, -2, -9, -12, 0x7fff_ffff, -0x8000_0000,
] as const;
