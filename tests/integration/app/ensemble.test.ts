/** Ensembles as an operator starts them: all members in one program, or one in each. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { takeSeats } from '../../peers/apache-ensemble.ts';
import { type App, runApp, startApp } from '../../peers/app.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { lastingPort, portsInARow } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';

let folder: Folder;
const apps: App[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.kill();
  folder[Symbol.dispose]();
});

async function start(...args: string[]): Promise<App> {
  const app = await startApp(args);
  apps.push(app);
  return app;
}

function clientOf(...ports: number[]): Client {
  return new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: ports.map((port) => `127.0.0.1:${port}`).join(','),
    sessionTimeoutMs: 10_000,
  });
}

async function modeAt(port: number): Promise<string> {
  return until(
    `whoever is at ${port} serves`,
    async () => /Mode: (\S+)/.exec(await askWord(port, 'srvr'))?.[1],
  );
}

test('serve --members runs an ensemble that outlives a kill', async () => {
  const ports = await portsInARow(4);
  const args = ['serve', '--no-console', '--data', folder.path, '--client-port', `${ports[0]!}`];
  const ensemble = [...args, '--members', '3', '--observers', '1'];
  let app = await start(...ensemble);
  const modes = await Promise.all(ports.map(modeAt));
  expect(modes.slice(0, 3).sort()).toEqual(['follower', 'follower', 'leader']);
  expect(modes[3]).toBe('observer');
  expect(app.output()).toMatch(/^member 4 {2}observing, epoch 1, on \d+$/m);

  const client = clientOf(...ports);
  await client.create('/kept', Buffer.from('value'));
  await client.create('/mine', null, { mode: 'ephemeral' });
  const { sessionId } = client;
  await app.kill();
  app = await start(...ensemble);
  expect((await client.getData('/kept')).data?.toString()).toBe('value');
  expect((await client.exists('/mine'))?.ephemeralOwner).toBe(sessionId);
  await client.close();
  expect(await app.stop()).toBe(0);

  // It is remembered, whoever asks for something else is told, and its ports stand in the files.
  const elsewhere = ['serve', '--no-console', '--data', folder.path];
  for (const [asked, why] of [
    [['--members', '3'], 'has 4 members (1 of them only observing), not 3 members'],
    [['--members', '1'], 'not a server on its own'],
  ] as const) {
    const other = runApp([...elsewhere, ...asked]);
    expect(await other.exited).toBe(2);
    expect(other.output()).toContain(why);
  }
  const remembered = await start(...elsewhere);
  expect(remembered.output()).toMatch(/^ensemble {2}4 members/m);
  const again = clientOf(...ports);
  expect((await again.getData('/kept')).data?.toString()).toBe('value');
  await again.close();
});

test('member runs one of an ensemble that a zoo.cfg describes', async () => {
  const seats = await takeSeats('participant', 'participant', 'participant');
  const ports: number[] = [];
  const files: string[] = [];
  for (const id of seats.lines.keys()) {
    const dataDir = path.join(folder.path, `${id}`);
    const file = path.join(dataDir, 'zoo.cfg');
    fs.mkdirSync(dataDir);
    fs.writeFileSync(path.join(dataDir, 'myid'), `${id}\n`);
    ports.push(await lastingPort());
    const lines = [
      'tickTime=500',
      'initLimit=10',
      'syncLimit=5',
      `dataDir=${dataDir}`,
      `clientPort=${ports.at(-1)!}`,
      'clientPortAddress=127.0.0.1',
      ...[...seats.lines].map(([other, line]) => `server.${other}=${line}`),
    ];
    fs.writeFileSync(file, lines.join('\n'));
    files.push(file);
  }
  const members = await Promise.all(files.map((file) => start('member', '--config', file)));
  const client = clientOf(...ports);
  await client.create('/before', null);
  const modes = await Promise.all(ports.map(modeAt));
  const leader = modes.indexOf('leader');

  // The leader is killed as a power failure would; it comes back to the others.
  await members[leader]!.kill();
  const others = ports.filter((_, i) => i !== leader);
  await until('one of the others leads', async () =>
    (await Promise.all(others.map(modeAt))).includes('leader'),
  );
  const second = clientOf(...others);
  await second.create('/meanwhile', null);
  await start('member', '--config', files[leader]!);
  const third = clientOf(ports[leader]!);
  await third.sync('/');
  expect((await third.getChildren('/')).names.sort()).toEqual(['before', 'meanwhile', 'zookeeper']);
  for (const one of [client, second, third]) await one.close();
});

test('what cannot be run is refused with the reason', async () => {
  const file = path.join(folder.path, 'zoo.cfg');
  const seats = await takeSeats('participant', 'participant');
  const lines = [...seats.lines].map(([id, line]) => `server.${id}=${line}`);
  const text = [`dataDir=${folder.path}`, 'clientPort=2181', ...lines].join('\n');
  const refusal = async (command: string): Promise<string> => {
    const run = runApp([command, '--config', file]);
    expect(await run.exited).toBe(2);
    return run.output();
  };
  fs.writeFileSync(file, text);
  expect(await refusal('member')).toContain('initLimit is missing');
  fs.writeFileSync(file, `${text}\ninitLimit=10\nsyncLimit=5`);
  expect(await refusal('member')).toContain('myid is missing');
  fs.writeFileSync(path.join(folder.path, 'myid'), '2');
  expect(await refusal('serve')).toContain('zabring member --config runs one of its members');
  fs.writeFileSync(file, `dataDir=${folder.path}\nclientPort=2181`);
  expect(await refusal('member')).toContain('describes a server on its own');
  // Which of the servers it is to be is not among them.
  fs.writeFileSync(path.join(folder.path, 'myid'), '7');
  fs.writeFileSync(file, `${text}\ninitLimit=10\nsyncLimit=5`);
  const stranger = runApp(['member', '--config', file]);
  expect(await stranger.exited).toBe(1);
  expect(stranger.output()).toContain('no server.7');
});
