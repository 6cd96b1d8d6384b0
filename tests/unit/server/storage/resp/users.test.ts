import { describe, expect, test } from 'vitest';

import { NodeClock } from '../../../../../src-server/platform/node/clock.ts';
import { NodeEntropy } from '../../../../../src-server/platform/node/entropy.ts';
import {
  hashSecret,
  parseUsers,
  User,
  type UserRecord,
  Users,
  type Verdict,
} from '../../../../../src-server/storage/resp/users.ts';

const entropy = new NodeEntropy();

async function usersWith(records: readonly UserRecord[]): Promise<Users> {
  return Promise.resolve(new Users({ records, clock: new NodeClock(), entropy }));
}

function verdict(
  users: Users,
  name: string,
  password: string,
  address = '1.1.1.1',
): Promise<Verdict> {
  return new Promise((done) => {
    users.authenticate({ name, password: Buffer.from(password), address, done });
  });
}

async function anna(): Promise<UserRecord> {
  const secret = await hashSecret('right', entropy);
  return { name: 'anna', secret, keyPrefixes: ['anna:'], mayWrite: true };
}

test('who has the password is welcome, the second time without a hash', async () => {
  const users = await usersWith([await anna()]);
  expect((await verdict(users, 'anna', 'right')).kind).toBe('welcome');
  let isWelcomeAtOnce = false;
  users.authenticate({
    name: 'anna',
    password: Buffer.from('right'),
    address: '1.1.1.1',
    done: ({ kind }) => (isWelcomeAtOnce = kind === 'welcome'),
  });
  expect(isWelcomeAtOnce).toBe(true);
  expect((await verdict(users, 'anna', 'wrong')).kind).toBe('wrong');
  expect((await verdict(users, 'nobody', 'right')).kind).toBe('wrong');
});

test('whoever guesses is held back by address, and others are not', async () => {
  const users = await usersWith([await anna()]);
  for (let i = 0; i < 10; i++)
    expect((await verdict(users, 'anna', `guess ${i}`)).kind).toBe('wrong');
  const held = await verdict(users, 'anna', 'right');
  expect(held.kind).toBe('held-back');
  expect((await verdict(users, 'anna', 'right', '2.2.2.2')).kind).toBe('welcome');
});

test('a secret says nothing of the password, and two are never alike', async () => {
  const [a, b] = [await hashSecret('right', entropy), await hashSecret('right', entropy)];
  expect(a).not.toBe(b);
  expect(a).not.toContain('right');
});

test('keys are owned by prefix', () => {
  const user = new User({ name: 'u', mayWrite: true, keyPrefixes: ['a:', 'b'] });
  expect(['a:1', 'b', 'bb', 'a', 'c'].map((key) => user.owns(Buffer.from(key)))).toEqual([
    ...[true, true, true, false, false],
  ]);
  expect(new User({ name: 'u', mayWrite: true, keyPrefixes: [''] }).isRestricted).toBe(false);
});

test('users can be others from now on: who is inside may do what is written now, or must come in again', async () => {
  const before = await anna();
  const users = await usersWith([before]);
  const inside = await verdict(users, 'anna', 'right');
  if (inside.kind !== 'welcome') throw new Error('anna is not let in');
  users.replace([before]);
  expect(users.renewed(inside.user)).toBe(inside.user);
  users.replace([{ ...before, mayWrite: !before.mayWrite }]);
  expect(users.renewed(inside.user)?.mayWrite).toBe(!before.mayWrite);
  users.replace([{ ...before, name: 'berta' }]);
  expect(users.renewed(inside.user)).toBeNull();
  expect((await verdict(users, 'anna', 'right')).kind).toBe('wrong');
  expect((await verdict(users, 'berta', 'right')).kind).toBe('welcome');
});

test('who is taken out while a password is being proven does not come in', async () => {
  const before = await anna();
  const users = await usersWith([before]);
  const later = verdict(users, 'anna', 'right');
  users.replace([{ ...before, name: 'berta' }]);
  expect((await later).kind).toBe('wrong');
});

test('whoever came in without a word goes when users are named, and comes back when none are', async () => {
  const users = await usersWith([]);
  const { everybody } = users;
  users.replace([await anna()]);
  expect(users.renewed(everybody)).toBeNull();
  users.replace([]);
  expect(users.renewed(null)).toBe(everybody);
});

describe('a users file', () => {
  test('is read', async () => {
    const record = await anna();
    expect(parseUsers(JSON.stringify([record]))).toEqual({ ok: true, value: [record] });
  });

  test.each([
    ['{', 'the users are not JSON'],
    ['{}', 'the users are not a list'],
    ['[1]', 'user 1: is no object'],
    ['[{"name":""}]', 'user 1: has no name'],
    ['[{"name":"a","secret":"plain"}]', 'user 1: has no secret of the form scrypt$salt$hash'],
  ])('%s says what is wrong', (text, error) => {
    expect(parseUsers(text)).toEqual({ ok: false, error });
  });
});
