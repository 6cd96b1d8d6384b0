/** Everybody else's clients, and a console that nobody touches: what they do appears in its tree by itself. */
import { spawn } from 'node:child_process';

import zookeeper from 'node-zookeeper-client';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type App, startApp } from '../peers/app.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { APACHE, C_CLIENT, CHROMIUM, describeWith, KAZOO } from '../peers/peers.ts';
import { converse, run } from '../peers/run.ts';
import { until } from '../peers/wait.ts';
import { ConsolePage, launchBrowser } from './console-page.ts';

const KAZOO_SCRIPT = `
import sys
from kazoo.client import KazooClient
zk = KazooClient(hosts=sys.argv[1]); zk.start()
zk.create("/from-kazoo", b"1"); zk.create("/from-kazoo/e", b"2", ephemeral=True)
input()
zk.stop()
`;

describeWith([CHROMIUM, KAZOO, APACHE, C_CLIENT], 'the tree beside ordinary clients', () => {
  let browser: Browser;
  let folder: Folder;
  let app: App;
  let hosts: string;
  let console: ConsolePage;

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = temporaryFolder();
    app = await startApp([
      'serve',
      ...['--client-port', '0', '--console-port', '0', '--data', folder.path],
    ]);
    hosts = `127.0.0.1:${app.port}`;
    const url = await until('the console has an address', () => app.url());
    console = await ConsolePage.open(browser, url);
    await console.line('/').waitFor();
  });

  afterAll(async () => {
    expect(console.complaints).toEqual([]);
    await browser.close();
    await app.stop();
    folder[Symbol.dispose]();
  });

  test('kazoo creates, and its ephemeral node goes with its session', async () => {
    const kazoo = spawn('/usr/bin/python3', ['-u', '-c', KAZOO_SCRIPT, hosts]);
    const ended = new Promise((resolve) => kazoo.once('close', resolve));
    await console.line('from-kazoo').locator('.chevron').click();
    await console.line('e').waitFor();
    kazoo.stdin.end('\n');
    await console.line('e').waitFor({ state: 'detached' });
    expect(await ended).toBe(0);
  });

  test('zkCli.sh creates, writes and deletes', async () => {
    const cli = (...lines: string[]): Promise<unknown> =>
      run('/usr/share/zookeeper/bin/zkCli.sh', ['-server', hosts], {
        input: [...lines, 'quit', ''].join('\n'),
        env: { ZOO_LOG_DIR: folder.path },
      });
    await cli('create /from-zkcli one');
    await console.line('from-zkcli').click();
    await until('its value shows', async () => (await console.text()) === 'one');
    await cli('set /from-zkcli two');
    await until('the new value shows', async () => (await console.text()) === 'two');
    await cli('delete /from-zkcli');
    await console.line('from-zkcli').waitFor({ state: 'detached' });
  });

  test('cli_mt creates and deletes', async () => {
    await converse(
      '/usr/lib/zookeeper/bin/cli_mt',
      [hosts],
      [
        { say: '', expect: /state = CONNECTED_STATE/ },
        { say: 'create /from-c', expect: /\[\/from-c\]: rc = 0/ },
        { say: 'quit', expect: /Quitting/ },
      ],
    );
    await console.line('from-c').waitFor();
  });

  test('node-zookeeper-client creates and deletes', async () => {
    const client = zookeeper.createClient(hosts, { sessionTimeout: 10_000 });
    await new Promise<void>((resolve) => {
      client.once('connected', resolve);
      client.connect();
    });
    const settled = (work: (callback: (error: unknown) => void) => void): Promise<unknown> =>
      new Promise((resolve) => work(resolve));
    expect(await settled((done) => client.create('/from-node', Buffer.from('x'), done))).toBeNull();
    await console.line('from-node').waitFor();
    expect(await settled((done) => client.remove('/from-node', -1, done))).toBeNull();
    await console.line('from-node').waitFor({ state: 'detached' });
    client.close();
  });
});
