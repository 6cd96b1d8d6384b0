/** Ordinary clients against the running program: nobody can tell the difference. */
import path from 'node:path';

import zookeeper from 'node-zookeeper-client';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type App, startApp } from '../../peers/app.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, C_CLIENT, describeWith, KAZOO } from '../../peers/peers.ts';
import { converse, run } from '../../peers/run.ts';
import { askWord } from '../../peers/words.ts';

let folder: Folder;
let app: App;
let hosts: string;

beforeAll(async () => {
  folder = temporaryFolder();
  app = await startApp(['serve', '--no-console', '--client-port', '0', '--data', folder.path]);
  hosts = `127.0.0.1:${app.port}`;
});

afterAll(async () => {
  await app.stop();
  folder[Symbol.dispose]();
});

describeWith([KAZOO], 'kazoo', () => {
  test('nodes, watches, transactions, identities, locks and sessions', async () => {
    const script = path.join(import.meta.dirname, 'kazoo_session.py');
    const { code, output } = await run('/usr/bin/python3', [script, hosts]);
    expect(output).toContain('kazoo is content');
    expect(code).toBe(0);
  });
});

describeWith([APACHE], 'zkCli.sh', () => {
  test('a session at its prompt', async () => {
    const input = [
      'create /cli hello',
      'create -s -e /cli/e- x',
      'get -s /cli',
      'set -v 0 /cli world',
      'ls -w -R /cli',
      'create -c /cli/container box',
      'create -t 60000 /cli/ttl gone',
      'addauth digest me:pw',
      'setAcl /cli/container auth::cdrwa',
      'getAcl /cli/container',
      'stat /cli/ttl',
      'sync /cli',
      'deleteall /cli/container',
      'getEphemerals',
      'whoami',
      'quit',
      '',
    ].join('\n');
    const { output } = await run('/usr/share/zookeeper/bin/zkCli.sh', ['-server', hosts], {
      input,
      env: { ZOO_LOG_DIR: folder.path },
    });
    expect(output).toContain('Created /cli');
    expect(output).toMatch(/Created \/cli\/e-0000000000/);
    expect(output).toMatch(/dataVersion = 0\b/);
    expect(output).toContain('Created /cli/container');
    expect(output).toContain('Created /cli/ttl');
    expect(output).toContain("'digest,'me:");
    expect(output).toContain(': cdrwa');
    expect(output).toContain('Sync is OK');
    expect(output).toContain('/cli/e-0000000000');
    expect(output).toMatch(/digest: me/);
    expect(output).not.toMatch(/Exception|KeeperErrorCode/);
  });
});

describeWith([C_CLIENT], 'cli_mt', () => {
  test('a session at its prompt', async () => {
    await converse(
      '/usr/lib/zookeeper/bin/cli_mt',
      [hosts],
      [
        { say: '', expect: /state = CONNECTED_STATE/ },
        { say: 'create /c-client', expect: /\[\/c-client\]: rc = 0/ },
        { say: 'set /c-client world', expect: /\/c-client: rc = 0/ },
        { say: 'get /c-client', expect: /value_len = 5\s+world/ },
        { say: 'ls /', expect: /c-client/ },
        { say: 'delete /c-client', expect: /\/c-client: rc = 0/ },
        { say: 'quit', expect: /Quitting/ },
      ],
    );
  });
});

test('node-zookeeper-client: nodes, a transaction, watches and a session', async () => {
  const client = zookeeper.createClient(hosts, { sessionTimeout: 10_000 });
  await new Promise<void>((resolve) => {
    client.once('connected', resolve);
    client.connect();
  });
  type Callback<T> = (error: Error | zookeeper.Exception | null, result: T) => void;
  const done = <T>(work: (callback: Callback<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      work((error, result) => {
        if (error === null) resolve(result);
        else reject(new Error(String(error)));
      });
    });

  expect(await done<string>((callback) => client.create('/nzc', Buffer.from('1'), callback))).toBe(
    '/nzc',
  );
  const events: string[] = [];
  const data = await done<Buffer>((callback) =>
    client.getData(
      '/nzc',
      (event) => events.push(event.getName()),
      (error, bytes) => callback(error, bytes),
    ),
  );
  expect(data.toString()).toBe('1');
  const stat = await done<zookeeper.Stat>((callback) =>
    client.setData('/nzc', Buffer.from('2'), 0, callback),
  );
  expect(stat.version).toBe(1);
  expect(events).toEqual(['NODE_DATA_CHANGED']);

  const results = await done<unknown[]>((callback) =>
    client
      .transaction()
      .create('/nzc/a', Buffer.from('x'))
      .check('/nzc', 1)
      .setData('/nzc', Buffer.from('3'), 1)
      .commit((error, all: unknown) => callback(error, all as unknown[])),
  );
  expect(results).toHaveLength(3);
  const children = await done<string[]>((callback) =>
    client.getChildren('/nzc', (error, names) => callback(error, names)),
  );
  expect(children).toEqual(['a']);
  client.close();
});

test('every word is answered', async () => {
  for (const word of [
    'ruok',
    'srvr',
    'stat',
    'mntr',
    'conf',
    'cons',
    'dump',
    'envi',
    'isro',
    'wchs',
    'wchc',
    'wchp',
    'dirs',
    'hash',
  ]) {
    const answer = await askWord(app.port, word);
    expect(answer, word).not.toContain('whitelist');
    if (word !== 'hash') expect(answer.length, word).toBeGreaterThan(0);
  }
});
