/**
 * The ring editor in a real browser, with storage nodes that hold keys: a weight is pulled, what that would do is read, it is
 * started, watched to its end and undone. Once with the pointer, and once with nothing but keys.
 */
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { RespClient } from '../../src-server/storage/resp/client.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

const KEYS = 400;
const VALUE = Buffer.alloc(2000, 'v');
const LONG_MS = 180_000;
const TABS_MAX = 300;

describeWith([CHROMIUM], 'the ring editor in Chromium', () => {
  let page: Page;
  let dialog: Locator;
  let isFilled = false;

  setStage({
    flags: ['--members', '1', '--storage', '4'],
    open: async (console: ConsolePage, app) => {
      page = console.page;
      dialog = console.dialog;
      const proxyPort = Number(
        await until(
          'the first storage node takes clients',
          () => /^storage-1 on .*, (\d+) for all others/m.exec(app.output())?.[1],
          LONG_MS,
        ),
      );
      if (!isFilled) await fill(proxyPort);
      isFilled = true;
    },
  });

  async function fill(port: number): Promise<void> {
    const { net } = nodePlatform({ version: 't', logLevel: 'error', writeLog: () => undefined });
    const client = await RespClient.connect({ net, host: '127.0.0.1', port, timeoutMs: 10_000 });
    try {
      for (let i = 0; i < KEYS; i++)
        await until(
          'a key is written',
          async () => (await client.ask(['SET', `user:${i}`, VALUE])) === 'OK',
          LONG_MS,
        );
    } finally {
      client.close();
    }
  }

  const summary = (): Locator =>
    page.getByRole('toolbar', { name: 'Staged edits' }).getByRole('status');
  const weight = (id: string): Locator => page.getByRole('slider', { name: `Weight of ${id}` });
  const run = (): Locator => page.getByRole('region', { name: 'Rebalance', exact: true });
  const figure = (name: string): Locator =>
    page.locator('.figure').filter({ has: page.getByText(name, { exact: true }) });

  async function says(what: Locator, words: RegExp): Promise<string> {
    return until(
      `it says ${words.source}`,
      async () => {
        const text = ((await what.textContent()) ?? '').replace(/\s+/g, ' ').trim();
        return words.test(text) ? text : null;
      },
      LONG_MS,
    );
  }

  /** With its preview, and with sizes: until leaders have told them bytes are unknown. */
  async function isPreviewed(): Promise<void> {
    await says(summary(), /^1 edit · [\d.]+ [KM]iB to move/);
    await says(figure('To move'), /[\d.]+ [KM]iB\d+ copies · the exact minimum/);
    await says(figure('Rules'), /Kept at every step/);
  }

  async function isDone(name: string): Promise<void> {
    await says(run(), new RegExp(`^Rebalance ${name}\\s*Done`));
    await says(run(), /Done: every copy of what was moved is equal/);
    await says(run(), /Compared and equal[1-9]\d* partitions/);
    await says(
      page.getByRole('region', { name: 'Rebalances so far' }).locator('tbody tr').first(),
      new RegExp(`^${name}.*Done.*Yes, all`),
    );
  }

  test('a weight is dragged, its preview read, started, watched to its end, and undone', async () => {
    await page.evaluate(() => (window.location.hash = '/local/ring/edit'));
    await weight('storage-1').waitFor({ timeout: LONG_MS });
    const box = (await weight('storage-1').boundingBox())!;
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width / 2, y);
    await page.mouse.down();
    for (let share = 0.55; share < 0.8; share += 0.05)
      await page.mouse.move(box.x + box.width * share, y);
    // What it would do is told while it is still held.
    await isPreviewed();
    await page.mouse.up();
    const staged = Number(await weight('storage-1').getAttribute('aria-valuenow'));
    expect(staged).toBeGreaterThan(1.3);

    const pairs = page.getByRole('table', { name: 'From whom to whom' }).locator('tbody tr');
    expect(await pairs.count()).toBeGreaterThan(0);
    for (const pair of await pairs.allTextContents())
      expect(pair).toMatch(/storage-\d\s*storage-\d/);
    await page.getByRole('button', { name: 'Undo' }).click();
    await says(summary(), /^Nothing is staged/);
    await page.getByRole('button', { name: 'Redo' }).click();
    await isPreviewed();

    await page.getByRole('button', { name: 'Review…' }).click();
    await says(dialog, /Weight of storage-1: 1 → 1\.\d+.*copies are made/);
    await dialog.getByLabel('Why (kept in the history)').fill('more room');
    await dialog.getByRole('button', { name: 'Start moving' }).click();
    await run().waitFor({ timeout: LONG_MS });
    expect(await page.evaluate(() => window.location.hash)).toBe('#/local/ring/rebalances');
    await isDone('b-1');
    await says(run(), /more room/);

    // Shown again, move by move.
    await page.getByRole('button', { name: 'Show b-1 again' }).click();
    const replay = page.getByRole('region', { name: 'Shown again' });
    await replay.getByRole('slider', { name: 'Move', exact: true }).press('End');
    await says(replay, /Step (\d+) of \1/);

    await run().getByRole('button', { name: 'Undo' }).click();
    await says(dialog, /only what came in since is copied/);
    await dialog.getByRole('button', { name: 'Undo' }).click();
    await says(run(), /^Rebalance b-1\s*Undone/);
    await says(run(), /the ring is as it was before/);
  }, 600_000);

  /** Whatever has the focus, by its name; what has none is told by its words. */
  function focused(): Promise<string> {
    return page.evaluate(() => {
      const at = document.activeElement;
      return at?.getAttribute('aria-label') ?? at?.textContent.trim() ?? '';
    });
  }

  async function tabTo(name: string): Promise<void> {
    for (let i = 0; i < TABS_MAX; i++) {
      if ((await focused()) === name) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`no way to ${name} by keys; the last place was ${await focused()}`);
  }

  test('and the same with nothing but keys', async () => {
    await page.keyboard.press('Alt+r');
    await page
      .getByRole('navigation', { name: 'Parts of the ring’s page' })
      .waitFor({ timeout: LONG_MS });
    await tabTo('Edit');
    await page.keyboard.press('Enter');
    await weight('storage-2').waitFor({ timeout: LONG_MS });
    await tabTo('Weight of storage-2');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    expect(await weight('storage-2').getAttribute('aria-valuenow')).toBe('1.5');
    expect(await weight('storage-2').getAttribute('aria-valuetext')).toBe('1.5, today 1');
    await isPreviewed();
    // One edit, however many keys it took; taken back and done again.
    await page.keyboard.press('Control+z');
    await says(summary(), /^Nothing is staged/);
    await page.keyboard.press('Control+Shift+z');
    await isPreviewed();

    // Sent to the next zone by keys, and put before the other edit.
    await tabTo('Move storage-4 to another zone');
    await page.keyboard.press('ArrowDown');
    await says(summary(), /^2 edits/);
    await until('the keys stay with the node', async () => /storage-4/.test(await focused()));
    const lines = page.getByRole('region', { name: 'Staged edits' }).getByRole('listitem');
    await says(lines.nth(1), /Place of storage-4: .*zone-1.* → .*zone-2/);
    await lines.nth(1).focus();
    await page.keyboard.press('Alt+ArrowUp');
    await says(lines.nth(0), /Place of storage-4/);
    await page.keyboard.press('Delete');
    await isPreviewed();

    await tabTo('Review…');
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo('Start moving');
    await page.keyboard.press('Enter');
    await run().waitFor({ timeout: LONG_MS });
    await isDone('b-2');
    await tabTo('Undo');
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo('Undo');
    await page.keyboard.press('Enter');
    await says(run(), /^Rebalance b-2\s*Undone/);
  }, 600_000);

  test('what is staged is not left behind unasked', async () => {
    await page.evaluate(() => (window.location.hash = '/local/ring/edit'));
    await weight('storage-3').waitFor({ timeout: LONG_MS });
    await weight('storage-3').press('ArrowLeft');
    await says(summary(), /^1 edit/);
    const pages = page.getByRole('list', { name: 'Pages of This computer' });
    await pages.getByRole('button', { name: 'Keys' }).click();
    await says(dialog, /staged and not started/);
    await dialog.getByRole('button', { name: 'Keep as a draft' }).click();
    await page.getByRole('textbox', { name: 'Which keys' }).waitFor();
    await page.evaluate(() => (window.location.hash = '/local/ring/scenarios'));
    const table = page.getByRole('table', { name: 'Scenarios beside each other' });
    await says(table, /What is staged.*Least movement.*Best balance.*Kept in this browser/);
    await table.getByRole('button', { name: /^Stage: .*\d/ }).click();
    await says(summary(), /^1 edit/);
    expect(await weight('storage-3').getAttribute('aria-valuenow')).toBe('0.9');
    await page.getByRole('button', { name: 'Reset' }).click();
    await says(summary(), /^Nothing is staged/);
  }, 300_000);
});
