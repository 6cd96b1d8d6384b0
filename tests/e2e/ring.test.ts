/** The ring page and the keys page in a real browser: three members and three storage nodes of this program. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { RespClient } from '../../src-server/storage/resp/client.ts';
import { textOf } from '../../src-server/storage/resp/reply.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

describeWith([CHROMIUM], 'the ring in Chromium', () => {
  let console: ConsolePage;
  let proxyPort = 0;

  setStage({
    flags: ['--members', '3', '--storage', '3'],
    open: async (opened, app) => {
      console = opened;
      proxyPort = Number(
        await until(
          'the first storage node takes clients',
          () => /^storage-1 on .*, (\d+) for all others/m.exec(app.output())?.[1],
        ),
      );
      await console.page.getByRole('button', { name: 'Ring', exact: true }).click();
      await console.page.locator('.circle').waitFor();
      await answers('quorum', /^No$/);
      await answers('apart', /Yes, all of them/);
      await answers('reach', /No, all of it can be read/);
    },
  });

  const card = (place: number): Locator => console.page.locator('.question').nth(place);
  const node = (id: string): Locator =>
    console.page
      .locator('.nodes tbody')
      .filter({ has: console.page.getByText(id, { exact: true }) });

  async function answers(question: 'apart' | 'quorum' | 'reach', words: RegExp): Promise<void> {
    const place = { apart: 0, quorum: 1, reach: 2 }[question];
    await until(`the question of ${question} is answered ${words.source}`, async () =>
      words.test(((await card(place).locator('.answer').textContent()) ?? '').trim()),
    );
  }

  async function order(id: string, action: string): Promise<void> {
    await console.page.getByRole('button', { name: `Actions for node ${id}` }).click();
    await console.page.getByRole('menuitem', { name: action }).click();
  }

  async function withClient<T>(talk: (client: RespClient) => Promise<T>): Promise<T> {
    const { net } = nodePlatform({ version: 't', logLevel: 'error', writeLog: () => undefined });
    const client = await RespClient.connect({
      ...{ net, host: '127.0.0.1', port: proxyPort, timeoutMs: 5000 },
    });
    try {
      return await talk(client);
    } finally {
      client.close();
    }
  }

  test('the circle is walked by keys, and says what it shows', async () => {
    const circle = console.page.locator('.circle');
    await circle.focus();
    await console.page.keyboard.press('ArrowRight');
    await console.page.keyboard.press('ArrowRight');
    await until('the second partition is pointed at', async () =>
      /Partition 1\b/.test((await circle.getAttribute('aria-valuetext')) ?? ''),
    );
    expect(await circle.getAttribute('aria-valuetext')).toMatch(
      /^Partition 1, slots 64 to 127\. Leader: storage-\d\. Copies: .*As it should be\.$/,
    );
    await console.page.keyboard.press('Enter');
    const detail = console.page.getByRole('region', { name: 'Partition 1', exact: true });
    await detail.waitFor();
    await until('its copies tell of themselves', async () =>
      ((await detail.textContent()) ?? '').includes('leader'),
    );
    expect(await detail.locator('.seqs tbody tr').count()).toBe(3);
    await console.page.keyboard.press('Escape');
    await detail.waitFor({ state: 'hidden' });
  });

  test('something is drawn, and it is drawn again in the other theme', async () => {
    const paint = (): Promise<string> =>
      console.page
        .locator('.circle canvas')
        .first()
        .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    /** A canvas with nothing on it is a kilobyte or two. */
    const drawn = (): Promise<string> =>
      until('the bands are drawn', async () => {
        const picture = await paint();
        return picture.length > 20_000 ? picture : null;
      });
    const light = await drawn();
    await console.page.evaluate(() => {
      localStorage.setItem(
        'zabring.preferences',
        JSON.stringify({ theme: 'dark', language: 'en' }),
      );
    });
    await console.page.reload();
    await console.page.locator('.circle').waitFor();
    await until('it has the dark theme’s colours', async () => (await drawn()) !== light);
  });

  test('a key is located where a node says it is', async () => {
    await console.page.getByLabel('Where does a key lie?').fill('a{user}b');
    const way = console.page.getByRole('list', { name: 'From key to partition' });
    await way.waitFor();
    const { slot, leader } = await withClient(async (client) => {
      const where = (await client.call('RING.WHERE', 'a{user}b')) as ReadonlyMap<unknown, unknown>;
      const by = new Map([...where].map(([name, value]) => [String(name), value]));
      return { slot: String(by.get('slot')), leader: String(by.get('leader')).split(' ')[0]! };
    });
    expect(await way.textContent()).toContain(`user`);
    expect(await way.textContent()).toContain(slot);
    const leads = console.page.locator('.locator .copy').filter({ hasText: 'leads' });
    expect(await leads.textContent()).toContain(leader);
  });

  test('what if a node dies is answered without touching it', async () => {
    const panel = console.page.getByRole('region', { name: 'What if it dies?' });
    await panel.getByRole('button', { name: 'storage-1', exact: true }).click();
    await panel.getByText('Everything would go on being read and written.').waitFor();
    await panel.getByRole('button', { name: 'storage-2', exact: true }).click();
    await panel.getByText('256 partitions would refuse writes until copies are made.').waitFor();
    await panel.getByRole('button', { name: 'All alive again' }).click();
    await panel.getByText('Choose who dies.').waitFor();
    await answers('quorum', /^No$/);
  });

  test('a node is killed: the ring says what is missing, goes on, and is whole again afterwards', async () => {
    await order('storage-2', 'Kill…');
    expect(await console.dialog.textContent()).toContain(
      'Every partition goes on being read and written.',
    );
    await console.dialog.getByRole('button', { name: 'Kill it', exact: true }).click();
    await until('it shows as stopped', async () =>
      ((await node('storage-2').textContent()) ?? '').includes('Stopped'),
    );
    await answers('quorum', /256 partitions/);
    await until('it says whom to start', async () =>
      /Start storage-2/.test((await card(1).textContent()) ?? ''),
    );
    await withClient(async (client) => {
      await until(
        'writes go on',
        async () => (await client.ask(['SET', 'meanwhile', '1'])) === 'OK',
      );
    });
    await order('storage-2', 'Start');
    await answers('quorum', /^No$/);
  });

  test('keys are found, edited and never overwritten unseen', async () => {
    await withClient(async (client) => {
      for (let i = 0; i < 30; i++) await client.call('SET', `user:${i}`, `{"n":${i}}`);
      await client.call('SET', 'other', 'one');
    });
    await console.page.getByRole('button', { name: 'Keys', exact: true }).click();
    const search = console.page.getByRole('textbox', { name: 'Which keys' });
    await search.fill('oth');
    const lines = console.page.locator('.key');
    await until('one key fits', async () => (await lines.count()) === 1);
    await lines.first().click();
    const panel = console.page.getByRole('region', { name: 'Open key' });
    await panel.locator('.cm-content').click();
    await console.page.keyboard.press('Control+a');
    await console.page.keyboard.insertText('mine');
    await withClient((client) => client.call('SET', 'other', 'theirs'));
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await panel.getByText('Somebody has written this key since you opened it.').waitFor();
    expect(await withClient(async (client) => textOf(await client.call('GET', 'other')))).toBe(
      'theirs',
    );
    await panel.getByRole('button', { name: 'Save mine over it' }).click();
    await until('ours is there', async () =>
      withClient(async (client) => textOf(await client.call('GET', 'other')) === 'mine'),
    );
    await panel.getByRole('button', { name: 'Delete' }).click();
    await console.dialog.getByRole('button', { name: 'Delete it' }).click();
    await until('it is gone', async () =>
      withClient(async (client) => (await client.call('GET', 'other')) === null),
    );
    await search.fill('');
    await until('the others are listed', async () => (await lines.count()) >= 20);
  });
});
