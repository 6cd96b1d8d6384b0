/** Where a ring is and how one comes in: from files, never from what is typed. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { accessOf, type RingAccess } from '../../../../src-server/ring-command/access.ts';
import { readRingLine } from '../../../../src-server/ring-command/line.ts';
import { type Folder, temporaryFolder } from '../../../peers/folders.ts';

let folder: Folder;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

function fileOf(name: string, text: string): string {
  const file = path.join(folder.path, name);
  fs.writeFileSync(file, text);
  return file;
}

function read(...args: string[]): ReturnType<typeof accessOf> {
  const line = readRingLine(['status', ...args]);
  if (!line.ok || line.value === 'help') throw new Error('no such line');
  return accessOf(line.value);
}

function accessIn(...args: string[]): RingAccess {
  const access = read(...args);
  if (!access.ok) throw new Error(access.error);
  return access.value;
}

test('without a word it is a server on this machine, and nobody in particular', () => {
  expect(accessIn()).toEqual({
    connect: '127.0.0.1:2181',
    root: '/ring',
    credentials: [],
    user: null,
    security: null,
  });
});

test('identities and passwords stand in files', () => {
  const auth = fileOf('auth', 'digest:ann:se:cret\n\nx509:other\n');
  const password = fileOf('password', 'hush\n');

  const access = accessIn('--auth-file', auth, '--user', 'ann', '--password-file', password);

  expect(
    access.credentials.map(({ scheme, auth }) => `${scheme} ${Buffer.from(auth).toString()}`),
  ).toEqual(['digest ann:se:cret', 'x509 other']);
  expect(access.user).toEqual({ name: 'ann', password: 'hush' });
});

test('a file that is not right is told without what is secret in it', () => {
  expect(read('--auth-file', fileOf('auth', 'digest:a:b\nhush-hush\n'))).toEqual({
    ok: false,
    error: `${path.join(folder.path, 'auth')}: line 2 is not scheme:secret`,
  });
  const empty = fileOf('password', '\n');
  expect(read('--user', 'ann', '--password-file', empty)).toEqual({
    ok: false,
    error: `${empty} has no password in its first line`,
  });
});

test("a storage node's own file says where and how; what is typed wins over it", () => {
  const conf = fileOf(
    'storage.conf',
    'id=n1\ndataDir=data\nensemble=a:1,b:2/zoo\nringRoot=/blue\nensembleAuth=digest:n1:hush\n',
  );

  expect(accessIn('--config', conf)).toMatchObject({ connect: 'a:1,b:2/zoo', root: '/blue' });
  expect(accessIn('--config', conf).credentials).toHaveLength(1);
  expect(accessIn('--config', conf, '--connect', 'c:3', '--ring', '/red')).toMatchObject({
    connect: 'c:3',
    root: '/red',
  });
  expect(read('--config', fileOf('other.conf', 'id=n1\n'))).toMatchObject({ ok: false });
});

test('TLS is spoken with nodes where somebody says so, and certificates are looked at', () => {
  expect(accessIn('--tls').security).toMatchObject({
    dials: 'tls',
    terms: { trustStore: null, keyStore: null, verifiesDialled: true },
  });
  const ca = fileOf('ca.pem', '');
  expect(accessIn('--ca', ca).security?.terms.trustStore?.path).toBe(ca);
});
