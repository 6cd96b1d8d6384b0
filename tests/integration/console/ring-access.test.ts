/** Storage nodes that want to know who asks, or speak TLS only, as the console comes to them; they are real ones. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { AccessWish, NodeReport } from '#contract/ring-models.ts';

import { NodeEntropy } from '../../../src-server/platform/node/entropy.ts';
import { hashSecret } from '../../../src-server/storage/resp/users.ts';
import { Authority } from '../../peers/certificates.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { CERTIFICATE_TOOLS, describeWith } from '../../peers/peers.ts';
import {
  endServedConsole,
  type ServedConsole,
  startServedConsole,
} from '../../peers/served-console.ts';
import { StorageRing } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';

const AT = { cluster: 'local', root: '/ring' } as const;
const PASSWORD = 'a-word-nobody-else-has';
const NOBODY: AccessWish = { user: '', password: '', tls: null };
const ANNA: AccessWish = { user: 'anna', password: PASSWORD, tls: null };

let files: Folder;
let served: ServedConsole;
let ring: StorageRing | null = null;

beforeEach(async () => {
  files = temporaryFolder();
  served = await startServedConsole();
});

afterEach(async () => {
  await ring?.close();
  ring = null;
  await endServedConsole(served);
  files[Symbol.dispose]();
});

/** One node with a users file, and what else its settings say; what is told of it comes into the list. */
async function start(conf: Readonly<Record<string, string>> = {}): Promise<NodeReport[]> {
  const users = path.join(files.path, 'users.json');
  const secret = await hashSecret(PASSWORD, new NodeEntropy());
  const ben = await hashSecret(`${PASSWORD}-of-ben`, new NodeEntropy());
  const anna = { name: 'anna', secret, keyPrefixes: [''], mayWrite: true };
  const other = { name: 'ben', secret: ben, keyPrefixes: ['ben:'], mayWrite: true };
  fs.writeFileSync(users, JSON.stringify([anna, other]));
  ring = await StorageRing.start({
    nodes: 1,
    ensemble: `127.0.0.1:${served.server.port}`,
    conf: { replicaCount: 1, minInSync: 1, users, ...conf },
  });
  const told: NodeReport[] = [];
  served.rpc.subscribe('ring.live', AT, {
    onEvent: ({ nodes }) => told.push(...nodes),
    onEnd: () => undefined,
  });
  return told;
}

function sees(told: readonly NodeReport[], trouble: NodeReport['trouble']): Promise<NodeReport> {
  return until(`the node is told of as ${trouble ?? 'well'}`, () => {
    const last = told.at(-1);
    return last?.trouble === trouble ? last : null;
  });
}

const enter = (access: AccessWish) => served.rpc.call('ring.enter', { ...AT, access });
const listKeys = () =>
  served.rpc.call('keys.list', {
    ...AT,
    range: { pattern: '*', partition: null },
    cursor: null,
    count: 10,
  });

async function writesAndReads(): Promise<void> {
  const key = Buffer.from('anna:1');
  const one = { ...AT, key, value: Buffer.from('one'), ttlMs: null };
  await until('a key is made', async () => {
    const made = await served.rpc.call('keys.create', one).catch(() => null);
    return made?.kind === 'done';
  });
  const value = Buffer.from('two');
  const saved = await served.rpc.call('keys.save', { ...AT, key, value, expected: one.value });
  expect(saved.kind).toBe('done');
  const found = await served.rpc.call('keys.get', { ...AT, key });
  expect(Buffer.from(found!.value).toString()).toBe('two');
  expect((await listKeys()).keys).toHaveLength(1);
}

/** In no file that the console or the server writes. */
function isWrittenNowhere(): void {
  const found = execFileSync('sh', ['-c', `grep -rl ${PASSWORD} ${served.folder.path} || true`]);
  expect(found.toString()).toBe('');
}

test('nodes with users let the console in as one of them, and nobody else is told how', async () => {
  const told = await start();
  await sees(told, 'no-auth');
  await expect(listKeys()).rejects.toMatchObject({ code: 'node-auth' });

  expect((await enter({ ...ANNA, password: 'wrong' })).trouble).toBe('wrong-auth');
  expect(await served.rpc.call('ring.access', AT)).toEqual({ user: null, tls: null });
  expect((await enter({ ...ANNA, tls: { caFile: null } })).trouble).toBe('tls-failed');

  expect(await enter(ANNA)).toEqual({ trouble: null, detail: null });
  expect((await sees(told, null)).figures.version).not.toBeNull();
  await writesAndReads();
  expect(await served.rpc.call('ring.access', AT)).toEqual({ user: 'anna', tls: null });
  isWrittenNowhere();

  expect((await enter(NOBODY)).trouble).toBe('no-auth');
  expect((await sees(told, null)).trouble).toBeNull();
});

describeWith([CERTIFICATE_TOOLS], 'nodes with TLS', () => {
  test('are entered with a file of whom to believe, and it is said what is missing', async () => {
    const authority = new Authority(files.path);
    const strange = new Authority(files.path, 'strange');
    const told = await start({ 'clientTls.keyStore': authority.issue({ name: 'node' }).pem });
    await sees(told, 'tls-only');
    await expect(listKeys()).rejects.toMatchObject({ code: 'node-tls' });

    const over = (caFile: string | null): AccessWish => ({ ...ANNA, tls: { caFile } });
    expect((await enter(ANNA)).trouble).toBe('tls-only');
    expect((await enter(over(null))).trouble).toBe('untrusted');
    expect((await enter(over(strange.pem))).trouble).toBe('untrusted');
    for (const wrong of [path.join(files.path, 'none.pem'), path.join(files.path, 'users.json')])
      await expect(enter(over(wrong))).rejects.toMatchObject({
        code: 'bad-request',
        message: `there is no file with certificates at ${wrong}`,
      });
    expect((await enter({ ...NOBODY, tls: { caFile: authority.pem } })).trouble).toBe('no-auth');

    expect((await enter(over(authority.pem))).trouble).toBeNull();
    await sees(told, null);
    await writesAndReads();
    isWrittenNowhere();
  });
});
