/** Storage nodes beside the servers of one program: begun, remembered, refused, and clients of Redis that find their keys. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readCommandLine, type ServeOptions } from '../../../src-server/command-line.ts';
import { startOfApp, startOfServe } from '../../../src-server/start-members.ts';
import { type App, runApp, startApp } from '../../peers/app.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { lastingPort } from '../../peers/ports.ts';
import { run } from '../../peers/run.ts';
import { until } from '../../peers/wait.ts';

let folder: Folder;
const apps: App[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.kill();
  folder[Symbol.dispose]();
});

function optionsOf(...args: string[]): ServeOptions {
  const command = readCommandLine(['serve', '--data', folder.path, ...args]);
  if (!command.ok || command.value.kind !== 'serve') throw new Error('no such line');
  return command.value;
}

function confOf(id: string): string {
  return fs.readFileSync(path.join(folder.path, id, 'storage.conf'), 'utf8');
}

describe('which nodes a program starts', () => {
  test('serve begins none by itself, app three; what is there is remembered', async () => {
    expect(await startOfServe(optionsOf())).toMatchObject({ ok: true, value: { storage: [] } });
    const begun = await startOfApp(optionsOf());
    if (!begun.ok) throw new Error(begun.error);
    const nodes = begun.value.storage.map(({ settings }) => settings);
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(['storage-1', 'storage-2', 'storage-3']);
    expect(new Set(nodes.map(({ zone }) => zone)).size).toBe(3);
    expect(new Set(nodes.flatMap((n) => [n.clusterPort, n.proxyPort, n.peerPort])).size).toBe(9);
    for (const { address, formNodes, replicaCount } of nodes)
      expect({ address, formNodes, replicaCount }).toEqual({
        address: '127.0.0.1',
        formNodes: 3,
        replicaCount: 3,
      });
    const again = await startOfServe(optionsOf());
    if (!again.ok) throw new Error(again.error);
    expect(again.value.storage.map(({ settings }) => settings)).toEqual(nodes);
  });

  test('none for once, more of them, and never fewer', async () => {
    expect(await startOfServe(optionsOf('--storage', '2'))).toMatchObject({
      ok: true,
      value: { storage: [{}, {}] },
    });
    expect(confOf('storage-2')).toContain('formNodes=2');
    expect(await startOfServe(optionsOf('--storage', '0'))).toMatchObject({
      ok: true,
      value: { storage: [] },
    });
    expect(await startOfServe(optionsOf('--storage', '1'))).toMatchObject({
      ok: false,
      error: expect.stringContaining('holds 2 storage nodes, not 1') as string,
    });
    const grown = await startOfServe(optionsOf('--storage', '3'));
    if (!grown.ok) throw new Error(grown.error);
    const ports = grown.value.storage.map(({ settings }) => settings.clusterPort);
    expect(new Set(ports).size).toBe(3);
    expect(grown.value.storage[2]!.settings.nodeId).toBe('storage-3');
  });

  test('a file that says nonsense is refused with its place', async () => {
    await startOfServe(optionsOf('--storage', '1'));
    const file = path.join(folder.path, 'storage-1', 'storage.conf');
    fs.appendFileSync(file, 'minInSync=nine\n');
    const start = await startOfServe(optionsOf());
    expect(start.ok ? '' : start.error).toMatch(
      /storage-1.storage\.conf: line \d+: minInSync=nine/,
    );
  });
});

test('a server with one storage node: clients set and get, and find it all again after a kill', async () => {
  const port = await lastingPort();
  const args = ['serve', '--no-console', '--data', folder.path, '--client-port', `${port}`];
  const start = async (
    ...more: string[]
  ): Promise<{ app: App; cluster: string; proxy: string }> => {
    const app = await startApp([...args, ...more]);
    apps.push(app);
    const [, cluster, proxy] = await until('the node serves', () =>
      /^storage-1 on (\d+) for cluster clients, (\d+) for all/m.exec(app.output()),
    );
    return { app, cluster: cluster!, proxy: proxy! };
  };
  const redis = async (at: string, ...words: string[]): Promise<string> =>
    (await run('redis-cli', ['-p', at, ...words])).output.trim();

  const first = await start('--storage', '1');
  expect(await redis(first.cluster, 'SET', 'kept', 'value')).toBe('OK');
  expect(await redis(first.proxy, 'INCR', 'counted')).toBe('1');
  await first.app.kill();

  const second = await start();
  expect(second.app.output()).toMatch(/^storage {3}1 nodes$/m);
  // Until the ensemble takes the first start for dead, nobody is elected in its place.
  const kept = await until('somebody leads again', async () => {
    const answer = await redis(second.proxy, 'GET', 'kept');
    return answer.startsWith('CLUSTERDOWN') ? null : answer;
  });
  expect(kept).toBe('value');
  expect(await redis(second.cluster, 'INCR', 'counted')).toBe('2');
  expect(await second.app.stop()).toBe(0);
});

test('storage is refused without a file, and with one that names no ensemble', async () => {
  const refusal = async (...args: string[]): Promise<string> => {
    const process = runApp(['storage', ...args]);
    expect(await process.exited).toBe(2);
    return process.output();
  };
  expect(await refusal()).toContain('storage needs --config');
  const file = path.join(folder.path, 'storage.conf');
  expect(await refusal('--config', file)).toContain('cannot be read');
  fs.writeFileSync(file, 'id=n1\ndataDir=.\n');
  expect(await refusal('--config', file)).toContain('ensemble is missing');
});
