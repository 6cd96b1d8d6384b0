/** `zabring serve` as an operator knows it: what it says, what it refuses, what survives. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { runApp, startApp } from '../../peers/app.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { freePort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';

let folder: Folder;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  folder[Symbol.dispose]();
});

function connect(port: number): Client {
  return new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${port}`,
    sessionTimeoutMs: 10_000,
  });
}

const serve = (...more: string[]): string[] => [
  'serve',
  '--no-console',
  '--data',
  folder.path,
  ...more,
];

test('data survives restarts and kill -9, and a session comes back', async () => {
  const port = await freePort();
  const args = serve('--client-port', String(port));
  let app = await startApp(args);
  const client = connect(port);
  await client.create('/kept', Buffer.from('value'));
  await client.create('/mine', null, { mode: 'ephemeral' });
  const { sessionId } = client;

  await app.kill();
  app = await startApp(args);
  expect((await client.getData('/kept')).data?.toString()).toBe('value');
  expect(client.sessionId).toBe(sessionId);
  expect((await client.exists('/mine'))?.ephemeralOwner).toBe(sessionId);

  expect(await app.stop()).toBe(0);
  app = await startApp(args);
  expect((await client.getData('/kept')).data?.toString()).toBe('value');
  await client.close();
  await app.stop();
});

test('a taken port gives a clear message', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await until('somebody has a port', () => taken.listening);
  const { port } = taken.address() as net.AddressInfo;
  const run = runApp(serve('--client-port', String(port)));
  expect(await run.exited).toBe(1);
  expect(run.output()).toContain(
    `cannot listen on 127.0.0.1:${port}: another program uses this port; --client-port chooses another`,
  );
  taken.close();
});

test('two programs do not share a data directory', async () => {
  const app = await startApp(serve('--client-port', '0'));
  const second = runApp(serve('--client-port', '0'));
  expect(await second.exited).toBe(1);
  expect(second.output()).toContain(`is in use by process ${app.pid}`);
  await app.stop();
});

test('a damaged log is refused with file and place, and nothing is changed', async () => {
  const app = await startApp(serve('--client-port', '0'));
  const client = connect(app.port);
  for (let i = 0; i < 10; i++) await client.create(`/n${i}`, Buffer.from('some data'));
  await client.close();
  await app.stop();
  const directory = path.join(folder.path, 'version-2');
  const log = path.join(
    directory,
    fs.readdirSync(directory).find((name) => name.startsWith('log.'))!,
  );
  const bytes = fs.readFileSync(log);
  bytes[300] = bytes[300]! ^ 1;
  fs.writeFileSync(log, bytes);

  const again = runApp(serve('--client-port', '0'));
  expect(await again.exited).toBe(1);
  expect(again.output()).toMatch(
    new RegExp(`${log} at byte \\d+: the record does not match its checksum`),
  );
  expect(fs.readFileSync(log).equals(bytes)).toBe(true);
});

test('a zoo.cfg is read as it is', async () => {
  const port = await freePort();
  const file = path.join(folder.path, 'zoo.cfg');
  const dataDir = path.join(folder.path, 'elsewhere');
  fs.writeFileSync(
    file,
    `tickTime=1000\ninitLimit=10\ndataDir=${dataDir}\nclientPort=${port}\nclientPortAddress=127.0.0.1\n` +
      '4lw.commands.whitelist=conf\nfavouriteColour=blue\n',
  );
  const app = await startApp(['serve', '--no-console', '--config', file]);
  expect(app.port).toBe(port);
  expect(app.output()).toContain('favouriteColour is not a setting this server knows');
  expect(await askWord(port, 'conf')).toContain(`dataDir=${dataDir}/version-2\n`);
  expect(await askWord(port, 'conf')).toContain('tickTime=1000\n');
  expect(await askWord(port, 'ruok')).toBe(
    'ruok is not executed because it is not in the whitelist.\n',
  );
  await app.stop();
});

test('a file that cannot be used is said', async () => {
  const run = runApp(['serve', '--config', path.join(folder.path, 'none.cfg')]);
  expect(await run.exited).toBe(2);
  expect(run.output()).toContain('none.cfg cannot be read');
});
