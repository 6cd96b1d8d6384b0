/** The console in a real browser, against the running program and beside other clients. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { type App, startApp } from '../peers/app.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import { ConsolePage, launchBrowser } from './console-page.ts';

function clientOf(port: number): Client {
  return new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${port}`,
    sessionTimeoutMs: 10_000,
  });
}

function serve(folder: Folder, options: { clientPort: number; consolePort: number }): Promise<App> {
  return startApp([
    'serve',
    '--client-port',
    String(options.clientPort),
    '--console-port',
    String(options.consolePort),
    '--data',
    folder.path,
  ]);
}

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describeWith([CHROMIUM], 'the console in Chromium', () => {
  let browser: Browser;
  let folder: Folder;
  let app: App;
  let client: Client;
  let console: ConsolePage;
  let lastUrl: string | null = null;

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = temporaryFolder();
    app = await serve(folder, { clientPort: 0, consolePort: 0 });
    await until('the console has an address', () => app.url());
  });

  afterAll(async () => {
    await browser.close();
    await app.stop();
    folder[Symbol.dispose]();
  });

  /** An address that nobody has used; the next one is printed when one was. */
  async function freshUrl(): Promise<string> {
    const url = await until('there is a new address', () =>
      app.url() === lastUrl ? null : app.url(),
    );
    lastUrl = url;
    return url;
  }

  beforeEach(async () => {
    client = clientOf(app.port);
    await client.ready();
    console = await ConsolePage.open(browser, await freshUrl());
    await until('the tree shows the root', async () => (await console.lines()).includes('/'));
  });

  afterEach(async () => {
    await client.close();
    await console.page.context().close();
    expect(console.complaints).toEqual([]);
  });

  test('its address works once, and only for one browser', async () => {
    const url = await freshUrl();
    const context = await browser.newContext();
    const page = await context.newPage();
    expect((await page.goto(url))?.status()).toBe(200);
    const other = await browser.newContext();
    const refused = await (await other.newPage()).goto(url);
    expect(refused?.status()).toBe(401);
    await context.close();
    await other.close();
  });

  test('what must always be known of the connection is in the status bar', async () => {
    const { status } = console;
    await until('it says so', async () => (await status.innerText()).includes('Connected'));
    const words = await status.innerText();
    expect(words).toContain(`127.0.0.1:${app.port}`);
    expect(words).toMatch(/0x[0-9a-f]{6,}/);
    expect(words).toContain('standalone');
    expect(await console.page.locator('.connect code').first().innerText()).toBe(
      `127.0.0.1:${app.port}`,
    );
  });

  test('the tree follows other clients by itself', async () => {
    await client.create('/live', null);
    await console.line('live').waitFor();
    await client.create('/live/a', null);
    await until('the count of children moves', async () =>
      (await console.line('live').innerText()).includes('1'),
    );
    await console.line('live').locator('.chevron').click();
    await console.line('a').waitFor();
    await client.create('/live/b', null, { mode: 'ephemeral' });
    await console.line('b').waitFor();
    await client.delete('/live/a', -1);
    await console.line('a').waitFor({ state: 'detached' });
    await console.line('b').getByRole('img', { name: 'ephemeral' }).waitFor();
  });

  test('a level of 100,000 nodes is scrolled from end to end, a screenful at a time', async () => {
    const { page, tree } = console;
    const COUNT = 100_000;
    const BATCH = 2000;
    await client.create('/many', null);
    const nameOf = (i: number): string => `n-${String(i).padStart(6, '0')}`;
    for (let from = 0; from < COUNT; from += BATCH) {
      const steps = Array.from({ length: BATCH }, (_, i) => ({
        kind: 'create' as const,
        path: `/many/${nameOf(from + i)}`,
        data: null,
      }));
      await client.multi(steps);
    }
    await console.goTo('/many');
    await console.line('many').locator('.chevron').click();
    await console.line(nameOf(0)).waitFor();
    await tree.focus();
    await page.keyboard.press('End');
    // What follows /many is the system's node, at the very end.
    await console.line('zookeeper').waitFor();
    await console.line(nameOf(COUNT - 1)).waitFor();
    const drawn = await tree.locator('[role="treeitem"]').count();
    expect(drawn).toBeLessThan(100);
    for (const part of [0.25, 0.5, 0.75]) {
      await tree.evaluate((element, to) => {
        element.scrollTop = element.scrollHeight * to;
      }, part);
      await until('what is there has names', async () => {
        const numbers = (await console.lines()).map((name) => Number(/^n-(\d+)$/.exec(name)?.[1]));
        const middle = numbers[Math.floor(numbers.length / 2)]!;
        return Math.abs(middle / COUNT - part) < 0.01;
      });
    }
    await client.delete(`/many/${nameOf(50_000)}`, -1);
    await page.keyboard.press('Home');
    await console.line('/').waitFor();
  });

  test('a path is completed while it is written, and opened', async () => {
    const { page } = console;
    await client.create('/complete', null);
    for (const name of ['alpha', 'beta', 'beta-2']) await client.create(`/complete/${name}`, null);
    await page.keyboard.press('Control+l');
    const input = page.getByRole('combobox', { name: 'Path' });
    await input.fill('/complete/b');
    const options = page.getByRole('option');
    await until('there are two completions', async () => (await options.count()) === 2);
    expect(await options.allInnerTexts()).toEqual(['/complete/beta', '/complete/beta-2']);
    await input.press('ArrowDown');
    await input.press('ArrowDown');
    await input.press('Enter');
    await until('it is open', async () => (await console.path()) === '/complete/beta-2');
    await console.line('beta-2').waitFor();
    await page.keyboard.press('Alt+ArrowLeft');
    await until('back leads back', async () => (await console.path()) === '');
    await page.keyboard.press('Alt+ArrowRight');
    await until('forward leads forward', async () => (await console.path()) === '/complete/beta-2');
    await page.reload();
    await console.panel.getByRole('heading', { name: 'beta-2' }).waitFor();
    await console.line('beta-2').waitFor();
  });

  test('names that mean something in addresses are only names', async () => {
    const name = 'a b%2F#?&=ü 中文 {x}';
    await client.create('/odd', null);
    await client.create(`/odd/${name}`, bytes('here'));
    await console.goTo(`/odd/${name}`);
    await console.panel.getByRole('heading', { name }).waitFor();
    await until('its value shows', async () => (await console.text()) === 'here');
    await console.page.reload();
    await until('and after a reload', async () => (await console.text()) === 'here');
  });

  test('nodes of all seven kinds are made', async () => {
    const { page, dialog } = console;
    await client.create('/modes', null);
    const kinds = [
      ['Persistent', 'persistent', 'p'],
      ['Ephemeral', 'ephemeral', 'e'],
      ['Persistent, sequential', 'persistent', 'ps-'],
      ['Ephemeral, sequential', 'ephemeral', 'es-'],
      ['Container', 'container', 'c'],
      ['TTL', 'TTL', 't'],
      ['TTL, sequential', 'TTL', 'ts-'],
    ] as const;
    for (const [mode, mark, name] of kinds) {
      await console.goTo('/modes');
      await console.panel.getByRole('heading', { name: 'modes' }).waitFor();
      await page.keyboard.press('Alt+n');
      await dialog.getByText(mode, { exact: true }).click();
      const path = dialog.getByLabel('Path');
      await path.fill(`/modes/${name}`);
      const isSequential = name.endsWith('-');
      const preview = isSequential ? await dialog.locator('.note code').innerText() : name;
      await dialog.getByLabel('Value', { exact: true }).fill(`value of ${name}`);
      await dialog.getByRole('button', { name: 'Create', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      await until(`${mode} is open`, async () => (await console.path()) === `/modes/${preview}`);
      await console.panel.locator('header').getByText(mark, { exact: false }).first().waitFor();
      await until('with its value', async () => (await console.text()) === `value of ${name}`);
    }
    const { names } = await client.getChildren('/modes');
    expect(names).toHaveLength(7);
    const stat = await client.exists('/modes/e');
    expect(stat?.ephemeralOwner).not.toBe(0n);
  });

  test('what the server would refuse is said before it is asked', async () => {
    const { page, dialog } = console;
    await page.keyboard.press('Alt+n');
    const path = dialog.getByLabel('Path');
    const says = (words: string) => dialog.getByText(words).waitFor();
    await path.fill('/no-such/child');
    await says('/no-such does not exist.');
    await dialog.getByText('Create missing parents').click();
    await dialog.getByText('/no-such does not exist.').waitFor({ state: 'detached' });
    await path.fill('/a//b');
    await says('Between two slashes a name is missing.');
    await path.fill('/a/..');
    await says('are no names');
    await path.fill('/x\u0007');
    await says('Control characters');
    await dialog.getByText('TTL', { exact: true }).click();
    await dialog.getByLabel('Time to live').fill('0');
    await says('A time to live is a number above 0.');
    await path.fill('/no-such/child');
    await dialog.getByText('Persistent', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await until('parent and child are there', () => client.exists('/no-such/child'));
  });

  test('a value is edited and saved, and follows others while it is not', async () => {
    await client.create('/doc', bytes('one'));
    await console.goTo('/doc');
    await until('the value shows', async () => (await console.text()) === 'one');
    await client.setData('/doc', bytes('two'), -1);
    await until('a change shows by itself', async () => (await console.text()) === 'two');
    await console.write('three');
    await console.panel.getByText('Unsaved changes').waitFor();
    await console.page.keyboard.press('Control+s');
    await console.panel.getByText('As on the server').waitFor();
    expect((await client.getData('/doc')).data?.toString()).toBe('three');
  });

  test('JSON is laid out for reading, and only what was written is saved', async () => {
    const data = '{"id":12345678901234567890,"a":[1,2],"a":1.0}';
    await client.create('/json', bytes(data));
    await console.goTo('/json');
    await until('it is laid out', async () =>
      (await console.text()).includes('  "id": 12345678901234567890,'),
    );
    expect(await console.saveButton.isDisabled()).toBe(true);
    await console.showView('Text');
    await until('as it is', async () => (await console.text()) === data);
    await console.showView('JSON');
    await console.write('{"a": [1,]}');
    await console.panel.getByText('this does not belong here').waitFor();
    expect(await console.saveButton.isDisabled()).toBe(true);
    await console.write('{"a": 2}');
    await console.saveButton.click();
    await console.panel.getByText('As on the server').waitFor();
    expect((await client.getData('/json')).data?.toString()).toBe('{"a": 2}');
  });

  test('a change by somebody else is never overwritten unseen', async () => {
    const { panel, page } = console;
    await client.create('/shared', bytes('first\nsecond\nthird\n'));
    await console.goTo('/shared');
    await until('it shows', async () => (await console.text()).startsWith('first'));
    await console.write('first\nsecond\nthird, mine\n');
    await client.setData('/shared', bytes('first, theirs\nsecond\nthird\n'), -1);
    await panel.getByText('Changed on the server.').waitFor();
    await page.keyboard.press('Control+s');
    await panel.getByText('Somebody else changed this value').waitFor();
    expect((await client.getData('/shared')).data?.toString()).toContain('first, theirs');
    await panel.getByRole('button', { name: 'Merge', exact: true }).click();
    await panel.getByText('both sides’ changes are in mine').waitFor();
    await panel.getByRole('button', { name: 'Save mine over theirs' }).click();
    await panel.getByText('As on the server').waitFor();
    expect((await client.getData('/shared')).data?.toString()).toBe(
      'first, theirs\nsecond\nthird, mine\n',
    );
  });

  test('a node that was deleted and made anew is not mistaken for the old one', async () => {
    const { panel } = console;
    await client.create('/again', bytes('old'));
    await console.goTo('/again');
    await until('it shows', async () => (await console.text()) === 'old');
    await console.write('mine');
    await client.delete('/again', -1);
    await panel.getByText('Deleted on the server.').waitFor();
    await client.create('/again', bytes('new'));
    await panel.getByText('Deleted and made anew on the server.').waitFor();
    await panel.getByRole('button', { name: 'Show difference' }).click();
    await panel.getByText('This node was deleted and made anew').waitFor();
    await panel.getByRole('button', { name: 'Take theirs' }).click();
    await until('theirs shows', async () => (await console.text()) === 'new');
    expect((await client.getData('/again')).stat.version).toBe(0);

    await console.write('mine again');
    await client.delete('/again', -1);
    await panel.getByText('Deleted on the server.').waitFor();
    await panel.getByRole('button', { name: 'Create again with mine' }).click();
    await until('it is there again', async () => (await client.exists('/again')) !== null);
    expect((await client.getData('/again')).data?.toString()).toBe('mine again');
    await panel.getByText('As on the server').waitFor();
  });

  test('bytes stay the bytes they are', async () => {
    const { panel, page } = console;
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await client.create('/bytes', Buffer.from(all));
    await console.goTo('/bytes');
    await panel.getByText('Shown as hex.').waitFor();
    const grid = panel.getByRole('textbox', { name: 'Value as bytes' });
    await grid.focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type('0a');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Insert');
    await page.keyboard.type('c3');
    await page.keyboard.press('Control+s');
    await panel.getByText('As on the server').waitFor();
    const expected = [0xc3, ...all.slice(0, 255), 0x0a];
    expect([...((await client.getData('/bytes')).data ?? [])]).toEqual(expected);

    const breaks = 'a\r\nb\r\n\tc\u0000';
    await client.create('/breaks', bytes(breaks));
    await console.goTo('/breaks');
    await panel.getByRole('heading', { name: 'breaks' }).waitFor();
    await console.showView('Text');
    await panel.getByText('CRLF').waitFor();
    await panel.locator('.cm-content').click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('x');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+s');
    await panel.getByText('As on the server').waitFor();
    expect((await client.getData('/breaks')).data?.toString()).toBe(`x\r\n${breaks}`);
  });

  test('two byte values are compared side by side', async () => {
    const { panel, page } = console;
    await client.create('/raw', Buffer.from([0xff, 1, 2, 3, 4, 5]));
    await console.goTo('/raw');
    await panel.getByText('Shown as hex.').waitFor();
    await panel.getByRole('textbox', { name: 'Value as bytes' }).focus();
    await page.keyboard.type('fe');
    await client.setData('/raw', Buffer.from([0xff, 1, 2, 9, 9, 3, 4, 5]), -1);
    await panel.getByText('Changed on the server.').waitFor();
    await page.keyboard.press('Control+s');
    await panel.getByText('2 differences').waitFor();
    await panel.getByRole('button', { name: 'Save mine over theirs' }).click();
    await panel.getByText('As on the server').waitFor();
    expect([...((await client.getData('/raw')).data ?? [])]).toEqual([0xfe, 1, 2, 3, 4, 5]);
  });

  test('leaving with unsaved changes asks', async () => {
    const { dialog } = console;
    await client.create('/unsaved', bytes('x'));
    await console.goTo('/unsaved');
    await until('it shows', async () => (await console.text()) === 'x');
    await console.write('y');
    await console.line('zookeeper').click();
    await dialog.getByText('Leave without saving?').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await console.path()).toBe('/unsaved');
    expect(await console.text()).toBe('y');
    await console.line('zookeeper').click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await until('it goes on', async () => (await console.path()) === '/zookeeper');
    expect((await client.getData('/unsaved')).data?.toString()).toBe('y');
  });

  test('a tree is deleted as the plan says', async () => {
    const { page, dialog, tree } = console;
    await client.create('/doomed', bytes('abc'));
    for (let i = 0; i < 150; i++) await client.create(`/doomed/n-${i}`, bytes('12345'));
    await client.create('/doomed/n-0/deep', null, { mode: 'ephemeral' });
    await console.goTo('/doomed');
    await until('its line has the keys', async () => {
      const active = await tree.getAttribute('aria-activedescendant');
      return active !== null && active === (await console.line('doomed').getAttribute('id'));
    });
    await tree.focus();
    await page.keyboard.press('Delete');
    await dialog.getByRole('button', { name: 'Delete 152 nodes' }).waitFor();
    expect(await dialog.locator('.sample li').count()).toBe(100);
    expect(await dialog.locator('.sample li').first().innerText()).toBe('/doomed/n-0/deep');
    await dialog.getByText('session of a running client').waitFor();
    await dialog.getByRole('button', { name: 'Delete 152 nodes' }).click();
    await page.getByText('152 done').waitFor();
    expect(await client.exists('/doomed')).toBeNull();
    await until('its parent is open', async () => (await console.path()) === '/');
  });

  test('in production nothing is deleted before the name is written', async () => {
    const { page, dialog } = console;
    await client.create('/precious', null);
    await page.getByRole('button', { name: 'Add a cluster', exact: true }).click();
    await dialog.getByLabel('Name').fill('Payments');
    await dialog.getByLabel('Connect string').fill('127.0.0.1');
    await dialog.getByLabel('Connect string').fill(`127.0.0.1:${app.port}`);
    await dialog.getByText('Production', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Save and connect' }).click();
    await console.status.getByText('PROD').waitFor();
    await console.line('precious').click();
    await console.tree.focus();
    await page.keyboard.press('Delete');
    const button = dialog.getByRole('button', { name: 'Delete', exact: true });
    await dialog.getByLabel('This is a production cluster').fill('payment');
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel('This is a production cluster').fill('Payments');
    await button.click();
    await dialog.waitFor({ state: 'detached' });
    expect(await client.exists('/precious')).toBeNull();
  });

  test('what may not be read says so, and opens to whoever may', async () => {
    const { page, panel, dialog } = console;
    // ada:secret
    const id = 'ada:/GtEf0SVn3DbNFjxgO1wc0dqlUo=';
    client.addAuth('digest', bytes('ada:secret'));
    await client.create('/private', bytes('hidden'), {
      acl: [{ scheme: 'auth', id: '', permissions: 31 }],
    });
    const { acl } = await client.getAcl('/private');
    expect(acl[0]?.id?.startsWith('ada:')).toBe(true);
    expect(id.startsWith('ada:')).toBe(true);
    await console.goTo('/private');
    await panel.getByText('You have no permission for this.').waitFor();
    await panel.getByRole('button', { name: 'Connect as…' }).click();
    await dialog.getByLabel('User').fill('ada');
    await dialog.getByLabel('Password').fill('secret');
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
    await until('it is readable now', async () => (await console.text()) === 'hidden');
    await console.status.getByText('digest:ada').waitFor();
    await page.getByRole('tab', { name: 'ACL' }).click();
    await panel.getByText('DELETE').waitFor();
  });
});
