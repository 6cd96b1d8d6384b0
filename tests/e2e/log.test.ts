/** The log page in a real browser: the running server's own log, filters, details, damaged files, and the keys. */
import fs from 'node:fs';
import path from 'node:path';

import type { Locator } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { temporaryFolder } from '../peers/folders.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

const APACHE = path.join(import.meta.dirname, '../fixtures/apache-3.8.0');

describeWith([CHROMIUM], 'the log page in Chromium', () => {
  let client: Client;
  let console: ConsolePage;

  setStage({
    flags: [],
    open: async (opened, app) => {
      console = opened;
      client = new Client({
        platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
        connect: `127.0.0.1:${app.port}`,
        sessionTimeoutMs: 10_000,
      });
      await client.ready();
      await until('the tree shows the root', async () => (await console.lines()).includes('/'));
      await console.page.keyboard.press('Alt+l');
      await console.page.getByRole('navigation', { name: 'Sources' }).waitFor();
    },
  });

  afterEach(() => client.close());

  const lines = (): Locator => console.page.getByRole('listbox', { name: 'Transactions' });
  const line = (text: string): Locator => lines().getByRole('option').filter({ hasText: text });
  const source = (name: string): Locator =>
    console.page
      .getByRole('navigation', { name: 'Sources' })
      .getByRole('button')
      .filter({ hasText: name });
  const details = (): Locator => console.page.getByRole('complementary', { name: 'Details' });
  const count = async (): Promise<string> =>
    (await console.page.locator('.foot .count').textContent())?.trim() ?? '';

  async function openPath(file: string): Promise<void> {
    await console.page.getByLabel('Path of a log or snapshot').fill(file);
    await console.page.keyboard.press('Enter');
  }

  test('what a client writes shows by itself, live and in the file', async () => {
    await client.create('/live', Buffer.from('{"n":1}'));
    await line('/live').waitFor();
    await source('log.1').click();
    await line('/live').waitFor();
    await client.setData('/live', Buffer.from('{"n":2}'), -1);
    await line('setData').filter({ hasText: '/live' }).waitFor();
  });

  test('a filter by path and by operation holds for what comes', async () => {
    await client.create('/shop', null);
    await client.create('/other', null);
    await line('/other').waitFor();
    await console.page.keyboard.press('Control+f');
    await console.page.keyboard.type('/shop');
    await until('only that is left', async () => (await line('/other').count()) === 0);
    await line('/shop').waitFor();
    await client.create('/other/one', null);
    await client.create('/shop/one', Buffer.from('1'));
    await line('/shop/one').waitFor();
    await console.page.getByRole('button', { name: 'set', exact: true }).click();
    await console.page.getByText('Nothing fits the filter').waitFor();
    await client.setData('/shop/one', Buffer.from('2'), -1);
    await line('setData').waitFor();
    await console.page.getByRole('button', { name: 'Clear filter' }).first().click();
    await line('/other/one').waitFor();
  });

  test('by keys alone: to a line, all of it, and to its node', async () => {
    await client.create('/keys', Buffer.from('{"deep":{"value":[1,2]}}'));
    await line('/keys').waitFor();
    await console.page.keyboard.press('Control+k');
    await console.page.keyboard.type('lines of the log');
    await console.page.keyboard.press('Enter');
    await until('the lines have the keys', () =>
      lines().evaluate((element) => element === document.activeElement),
    );
    await console.page.keyboard.press('End');
    await console.page.keyboard.press('Enter');
    await details().getByText('"deep"').waitFor();
    expect(await details().textContent()).toContain('Tree digest after it');
    await console.page.keyboard.press('ArrowUp');
    await until(
      'the details go along',
      async () => !((await details().textContent()) ?? '').includes('"deep"'),
    );
    await console.page.keyboard.press('Escape');
    await details().waitFor({ state: 'detached' });
    await console.page.keyboard.press('End');
    await console.page.keyboard.press('Enter');
    await details().getByRole('button', { name: 'Show node' }).click();
    await until('the node is open', async () => (await console.path()) === '/keys');
  });

  test('standing still, and the way back', async () => {
    await client.create('/still', null);
    await line('/still').waitFor();
    await console.page.getByRole('button', { name: 'Hold still' }).click();
    await client.create('/meanwhile', null);
    await console.page.getByText('1 new').waitFor();
    expect(await line('/meanwhile').count()).toBe(0);
    await console.page.getByRole('button', { name: 'Go on' }).click();
    await line('/meanwhile').waitFor();
  });

  test('Apache’s files, whole and damaged', async () => {
    await openPath(path.join(APACHE, 'log.1'));
    await line('/rich/路径').waitFor();
    expect(await count()).toBe('54 transactions');
    const bytes = fs.readFileSync(path.join(APACHE, 'log.1'));
    bytes[2600]! ^= 1;
    using folder = temporaryFolder();
    const hurt = path.join(folder.path, 'hurt.log');
    fs.writeFileSync(hurt, bytes);
    await openPath(hurt);
    await line('Damaged').click();
    await details().getByText('Bytes that are no record').waitFor();
    await openPath(path.join(APACHE, 'snapshot.36'));
    await console.page.getByRole('listbox', { name: 'Nodes of the snapshot' }).waitFor();
    await console.page.getByRole('complementary', { name: 'Snapshot' }).waitFor();
    await console.page.getByRole('option').filter({ hasText: '/rich/hers/own' }).click();
    await details().getByText('digest:ann:').waitFor();
  });

  test('nothing else of the disk is opened', async () => {
    await openPath('/etc/passwd');
    await console.page.getByText('This file cannot be opened').waitFor();
  });
});
