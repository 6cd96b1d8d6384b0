/** Timings on the log page in a real browser: lanes and numbers, the way to what was slow, and standing still. */
import type { Locator } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

describeWith([CHROMIUM], 'timings in Chromium', () => {
  let client: Client;
  let console: ConsolePage;

  setStage({
    flags: ['--members', '3'],
    open: async (opened, app) => {
      console = opened;
      client = new Client({
        platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
        connect: `127.0.0.1:${app.port}`,
        sessionTimeoutMs: 30_000,
      });
      await client.ready();
      await until('the tree shows the root', async () => (await console.lines()).includes('/'));
      await console.page.keyboard.press('Alt+l');
      await until('all three tell their times', async () => (await members().count()) === 3);
    },
  });

  afterEach(() => client.close());

  const bar = (): Locator => console.page.getByRole('group', { name: 'Time to decision' });
  const members = (): Locator => bar().getByRole('list', { name: 'Members' }).getByRole('listitem');
  const lines = (): Locator => console.page.getByRole('listbox', { name: 'Transactions' });
  const line = (text: string): Locator => lines().getByRole('option').filter({ hasText: text });
  const lane = (text: string): Locator => line(text).getByRole('img');
  const details = (): Locator => console.page.getByRole('complementary', { name: 'Details' });

  test('a write has its lane, its numbers beside it, and all of them in the details', async () => {
    await client.create('/timed', Buffer.from('1'));
    await until('its lane says when it was decided', async () =>
      /^decided after [\d.]+ ms, member \d after [\d.]+ ms$/.test(
        (await lane('/timed').getAttribute('aria-label')) ?? '',
      ),
    );
    await lane('/timed').hover();
    const card = console.page.locator('.card');
    await card.getByText(/Quorum by member \d · [\d.]+ ms/).waitFor();
    expect(await card.getByRole('row', { includeHidden: true }).count()).toBe(6);
    await console.page.mouse.move(5, 5);
    await card.waitFor({ state: 'detached' });
    await line('/timed').click();
    await details()
      .getByText(/Quorum by member \d/)
      .waitFor();
    const onDisk = details().getByRole('row').filter({ hasText: 'On disk' });
    const values = await onDisk.getByRole('cell').allTextContents();
    expect(values.map((value) => Number(value) > 0)).toEqual([true, true, true]);
    await details()
      .getByText(/127\.0\.0\.1:\d+, at member \d/)
      .waitFor();
    await until('it is counted', async () => /p99/.test((await bar().textContent()) ?? ''));
  });

  test('what was slow is found by its time to the decision, or at one member', async () => {
    for (const path of ['/one', '/two']) await client.create(path, null);
    for (const path of ['/one', '/two']) await lane(path).waitFor();
    const slowest = Math.max(await decisionMs('/one'), await decisionMs('/two'));
    const field = bar().getByRole('textbox', { name: 'Slower than' });
    await field.fill('soon');
    await until(
      'it is no number',
      async () => (await field.getAttribute('aria-invalid')) === 'true',
    );
    await field.fill(String(slowest + 10_000));
    await console.page.getByText('Nothing fits the filter').waitFor();
    await bar().getByRole('button', { name: 'Until: decision' }).click();
    await console.page.getByRole('menuitemradio', { name: 'member 2 has it' }).click();
    await field.fill('0');
    await line('/two').waitFor();
    await console.page.getByRole('button', { name: 'Clear filter' }).first().click();
    await until('the field is empty', async () => (await field.inputValue()) === '');
    // A click on the distribution asks for what took so long.
    await bar().getByRole('img', { name: 'Distribution' }).locator('g').first().click();
    await until('it is asked for', async () => (await field.inputValue()) !== '');
  });

  test('lines stand still on request, and their times with them', async () => {
    await client.create('/still', null);
    await lane('/still').waitFor();
    await console.page.getByRole('button', { name: 'Hold still' }).click();
    const before = await bar().textContent();
    await client.create('/meanwhile', null);
    await console.page.getByText('1 new').waitFor();
    expect(await line('/meanwhile').count()).toBe(0);
    expect(await bar().textContent()).toBe(before);
    await console.page.getByRole('button', { name: 'Go on' }).click();
    await lane('/meanwhile').waitFor();
  });

  /** As its line shows it. */
  async function decisionMs(text: string): Promise<number> {
    return until('it is decided', async () => {
      const shown = (await line(text).locator('.commit').textContent()) ?? '';
      const [, value, unit] = /([\d.]+) (ms|s)/.exec(shown) ?? [];
      return value === undefined ? null : Number(value) * (unit === 's' ? 1000 : 1);
    });
  }
});
