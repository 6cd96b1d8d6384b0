/** `zabring log` and `zabring snapshot`, as an operator types them: files of Apache's and ours, whole and damaged. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { type Ran, run } from '../../peers/run.ts';
import { startZabring } from '../../peers/zabring.ts';

const CLI = path.join(import.meta.dirname, '../../../src-server/cli.ts');
const APACHE = path.join(import.meta.dirname, '../../fixtures/apache-3.8.0');
const LOG = path.join(APACHE, 'log.1');

let folder: Folder;

beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder[Symbol.dispose]());

const zabring = (...args: string[]): Promise<Ran> => run(process.execPath, [CLI, ...args]);
const linesOf = ({ output }: Ran): string[] => output.trimEnd().split('\n');

test('a log of Apache’s: a line for each transaction, and a part of them', async () => {
  const all = await zabring('log', LOG);
  expect([all.code, linesOf(all).length]).toEqual([0, 54]);
  const some = await zabring('log', LOG, '--from', '0x14', '--to', '16', '--path', '/rich/box');
  expect(linesOf(some)).toEqual([
    expect.stringMatching(
      /^0x14 {2}\S+Z {2}0x0100\w{12} {2}cxid 14 {2}createContainer \/rich\/box/,
    ),
    expect.stringContaining('createContainer /rich/box/used 1 bytes'),
  ]);
});

test('as JSON: nothing is lost', async () => {
  const ran = await zabring('log', LOG, '--json', '--path', '/rich/größe');
  expect(JSON.parse(ran.output)).toMatchObject({
    zxid: '0x8',
    op: 'create',
    path: '/rich/größe',
    data: Buffer.from('Größe').toString('base64'),
    acl: [{ permissions: 31, scheme: 'world', id: 'anyone' }],
    digest: expect.stringMatching(/^0x[0-9a-f]{16}$/) as string,
  });
});

test('a damaged log says where, goes on behind it, and ends with 3', async () => {
  const bytes = fs.readFileSync(LOG);
  bytes[2600]! ^= 1;
  const file = path.join(folder.path, 'log.1');
  fs.writeFileSync(file, bytes);
  const ran = await zabring('log', file);
  expect(ran.code).toBe(3);
  expect(ran.output).toContain(
    `${file} at byte 863: damaged: the record does not match its checksum`,
  );
  expect(linesOf(ran)).toHaveLength(54);
});

test('a torn end is no damage', async () => {
  const file = path.join(folder.path, 'log.1');
  fs.writeFileSync(file, fs.readFileSync(LOG).subarray(0, 58_300));
  const ran = await zabring('log', file);
  expect(ran.code).toBe(0);
  expect(ran.output).toContain('a write that never finished');
});

test('a snapshot: nodes, sessions, digest; a damaged one ends with 3', async () => {
  const file = path.join(APACHE, 'snapshot.36');
  const whole = await zabring('snapshot', file);
  expect(whole.code).toBe(0);
  expect(whole.output).toContain('/rich/路径  6 bytes  version 0  mzxid 0x9');
  expect(whole.output).toContain('digestZxid 0x36');
  const json = await zabring('snapshot', file, '--json', '--path', '/rich/hers/own');
  expect(JSON.parse(linesOf(json)[0]!)).toMatchObject({ kind: 'node', czxid: '0x2a', version: 0 });
  const cut = path.join(folder.path, 'cut');
  fs.writeFileSync(cut, fs.readFileSync(file).subarray(0, 3000));
  const damaged = await zabring('snapshot', cut);
  expect(damaged.code).toBe(3);
  expect(damaged.output).toContain(`${cut} at byte `);
});

test('the log of a server of ours that is running', async () => {
  const server = await startZabring(folder.path);
  try {
    const name = fs
      .readdirSync(path.join(folder.path, 'version-2'))
      .find((one) => /^snap/.test(one));
    const ran = await zabring('snapshot', path.join(folder.path, 'version-2', name!));
    expect([ran.code, linesOf(ran).some((line) => line.startsWith('/zookeeper/config'))]).toEqual([
      0,
      true,
    ]);
  } finally {
    await server.stop();
  }
});

test.each([
  ['nothing there', ['log', '/nowhere/log.1'], 1, 'no such file'],
  ['something else', ['log', CLI], 1, 'neither a log nor a snapshot'],
  ['the other kind', ['snapshot', LOG], 1, 'is a log, not a snapshot'],
  ['a mistyped option', ['log', LOG, '--form', '1'], 2, '--form'],
])('%s: said in one line', async (_, args, code, words) => {
  const ran = await zabring(...args);
  expect(ran.code).toBe(code);
  expect(ran.output).toContain(words);
});
