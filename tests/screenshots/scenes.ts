/** What is in the pictures: each scene leads a fresh page to what it shows, whatever its language. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { Locator } from 'playwright-core';

import type { Client } from '../../src-server/coordination/client/client.ts';
import type { ConsolePage } from '../e2e/console-page.ts';
import { until } from '../peers/wait.ts';
import { FLAGS_PATH, LIMITS_PATH, writeSome } from './world.ts';

export interface Scene {
  readonly name: string;
  /** In which theme the README shows it. */
  readonly readme?: 'light' | 'dark';
  show(console: ConsolePage, client: Client): Promise<void>;
  /** Leaves the server to the next scene as this one found it. */
  leave?(console: ConsolePage): Promise<void>;
}

/** By the address bar, so that the tree opens on the way. */
async function open({ page }: ConsolePage, path: string): Promise<void> {
  await page.evaluate((to) => {
    const [, cluster] = window.location.hash.split('/');
    window.location.hash = `/${cluster}/nodes${to}`;
  }, path);
  await page.locator('[role="treeitem"][aria-selected="true"]').waitFor();
  await page.locator('.cm-content, .hex, [role="textbox"]').first().waitFor();
}

async function tab({ page }: ConsolePage, index: number): Promise<void> {
  await page.getByRole('tab').nth(index).click();
}

async function write({ page }: ConsolePage, text: string): Promise<void> {
  await page.locator('.cm-content').first().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

/** The ring's page, or a part of it. */
async function openRing({ page }: ConsolePage, part = ''): Promise<void> {
  await page.evaluate((to) => (window.location.hash = to), `/local/ring${part}`);
}

/** Two weights pulled, and what would come of that told with sizes. */
async function stageWeights(console: ConsolePage): Promise<void> {
  const { page } = console;
  await openRing(console, '/edit');
  const weights = page.locator('.track[role="slider"]');
  await weights.nth(4).waitFor();
  for (let i = 0; i < 8; i++) await weights.nth(0).press('ArrowRight');
  for (let i = 0; i < 4; i++) await weights.nth(3).press('ArrowLeft');
  await page.locator('.flows tbody tr:nth-child(4)').waitFor();
  await until('sizes are known', async () =>
    /[KM]iB/.test((await page.locator('.figure .value').first().textContent()) ?? ''),
  );
}

/** Reads and writes for as long as a chart needs to show them. */
async function work(client: Client, seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    await client.setData('/controller_epoch', Buffer.from('7'), -1);
    await Promise.all(Array.from({ length: 20 }, () => client.getData('/config/search')));
  }
}

/** The log page, and in it the running server's own log or a file. */
async function openLog({ page }: ConsolePage, source: string): Promise<void> {
  await page.keyboard.press('Alt+l');
  if (source !== 'live') {
    await page.locator('.by-path input').fill(source);
    await page.keyboard.press('Enter');
    await page.locator('.entry.open', { hasText: path.basename(source) }).waitFor();
  }
  await page.locator('.line').first().waitFor();
}

function logLine({ page }: ConsolePage, text: string): Locator {
  return page.locator('.lines .line', { hasText: text });
}

const APACHE = path.join(import.meta.dirname, '../fixtures/apache-3.8.0');
const APACHE_SNAPSHOT = path.join(APACHE, 'snapshot.36');

/** A log of Apache's with a changed byte and a torn end. */
function damagedLog(): string {
  const bytes = fs.readFileSync(path.join(APACHE, 'log.1'));
  bytes[2600]! ^= 1;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-pictures-'));
  const file = path.join(folder, 'log.1');
  fs.writeFileSync(file, bytes.subarray(0, 58_300));
  return file;
}

export const SCENES: readonly Scene[] = [
  {
    name: 'overview',
    show: async ({ page }) => {
      await page.locator('.overview').waitFor();
    },
  },
  {
    name: 'value',
    readme: 'light',
    show: async (console) => {
      await open(console, '/services/checkout/checkout-b1');
      await open(console, '/brokers/ids/2');
      await open(console, FLAGS_PATH);
    },
  },
  {
    name: 'ensemble',
    show: async ({ page }, client) => {
      await page.evaluate(() => (window.location.hash = '/local/ensemble'));
      await page.locator('.members tbody').nth(2).waitFor();
      await work(client, 4);
      await page.locator('.members .open').first().click();
      await page.locator('.chart .plot').first().focus();
      await page.keyboard.press('ArrowLeft');
    },
  },
  {
    name: 'faults',
    readme: 'dark',
    show: async ({ page }, client) => {
      await page.evaluate(() => (window.location.hash = '/local/ensemble'));
      await page.locator('.fault-lab .node.leads').waitFor();
      const figure = page.locator('.editor input[type="text"]');
      await page.locator('[data-cell="0 1"]').click();
      await page.locator('.editor .segment').nth(1).click();
      await page.locator('.editor [type="submit"]').click();
      await page.locator('[data-cell="1 2"]').click();
      await figure.nth(0).fill('120');
      await figure.nth(1).fill('5');
      await page.locator('.editor [type="submit"]').click();
      await page.locator('.cell.lossy').waitFor();
      await work(client, 2);
      await page.locator('.fault-lab').evaluate((lab) => lab.scrollIntoView({ block: 'end' }));
    },
    leave: async ({ page }) => {
      await page.locator('.broken button').click();
      await page.locator('.broken').waitFor({ state: 'detached' });
    },
  },
  {
    name: 'ring',
    show: async (console) => {
      await openRing(console);
      await console.page.locator('.circle .big').waitFor();
      await console.page.locator('.node .open').first().waitFor();
    },
  },
  {
    name: 'keys',
    show: async ({ page }) => {
      await page.evaluate(() => (window.location.hash = '/local/keys'));
      await page.locator('.key').nth(4).click();
      await page.locator('.cm-content').waitFor();
    },
  },
  {
    name: 'ring-editor',
    show: stageWeights,
  },
  {
    name: 'ring-flows',
    readme: 'dark',
    show: async (console) => {
      await stageWeights(console);
      await console.page.locator('.picture .segment').nth(1).click();
      await console.page.locator('.ribbon').first().waitFor();
    },
  },
  {
    name: 'ring-preview',
    show: async (console) => {
      await stageWeights(console);
      await console.page.locator('.locator input').fill('basket:42');
      await console.page.locator('.locator .side').first().waitFor();
      await console.page.locator('.disks').evaluate((disks) => disks.scrollIntoView());
    },
  },
  {
    name: 'ring-tokens',
    show: async (console) => {
      const { page } = console;
      await openRing(console, '/edit');
      await page.locator('.settings input[value="tokens"]').check({ force: true });
      await page.locator('.tokens').waitFor();
      await page.locator('.picture .circle').focus();
      await page.keyboard.press('t');
      await page.keyboard.press('Alt+Shift+ArrowRight');
    },
  },
  {
    name: 'ring-review',
    show: async (console) => {
      await stageWeights(console);
      await console.page.locator('.bar .primary').click();
      await console.dialog.locator('.acts').waitFor();
    },
  },
  {
    name: 'ring-scenarios',
    show: async (console) => {
      const { page } = console;
      await stageWeights(console);
      await openRing(console, '/scenarios');
      await page.locator('.choice').first().click();
      await page.locator('.scenario').nth(3).waitFor();
    },
  },
  {
    name: 'ring-rebalances',
    show: async (console) => {
      const { page } = console;
      await stageWeights(console);
      await page.locator('.bar .primary').click();
      await console.dialog.locator('[type="submit"]').click();
      await page.locator('.run .passing, .run .wait').first().waitFor();
      await page.locator('.table .open').first().click();
      await page.locator('.scrub').waitFor();
    },
    // The next scene finds the ring as this one did.
    leave: async ({ page, dialog }) => {
      await page
        .locator('.run .orders button')
        .filter({ has: page.locator('.lucide-undo-2') })
        .click();
      await dialog.locator('.foot .first').click();
      await until(
        'it is as before',
        async () => (await page.locator('.run .orders button').count()) === 0,
        120_000,
      );
    },
  },
  {
    name: 'stat',
    show: async (console) => {
      await open(console, '/brokers/ids/1');
      await tab(console, 1);
    },
  },
  {
    name: 'acl',
    show: async (console) => {
      await open(console, '/config/search');
      await tab(console, 2);
    },
  },
  {
    name: 'hex',
    show: async (console) => {
      await open(console, '/config/certificate');
    },
  },
  {
    name: 'sequential',
    show: async (console) => {
      await open(console, '/locks/nightly-report/lock-0000000002');
    },
  },
  {
    name: 'jobs',
    show: async (console) => {
      await open(console, '/jobs/job-0000000600');
    },
  },
  {
    name: 'conflict',
    readme: 'dark',
    show: async (console, client) => {
      const path = LIMITS_PATH;
      const before = 'retries: 3\ntimeoutMs: 1500\nitemsPerOrder: 250\nregion: eu-1\n';
      await client.setData(path, Buffer.from(before), -1);
      await open(console, path);
      await console.page.locator('.cm-line').getByText('1500').waitFor();
      await write(console, before.replace('retries: 3', 'retries: 5'));
      const theirs = `${before.replace('1500', '900')}zone: b\n`;
      await client.setData(path, Buffer.from(theirs), -1);
      await console.page.locator('.banner').first().waitFor();
      await console.page.keyboard.press('Control+s');
      await console.page.locator('.conflict').waitFor();
    },
  },
  {
    name: 'create',
    show: async (console) => {
      await open(console, '/config');
      await console.page.keyboard.press('Alt+n');
      await console.dialog.waitFor();
      await console.dialog.locator('input:not([type=radio])').first().fill('/config/new-service');
    },
  },
  {
    name: 'delete',
    show: async (console) => {
      await open(console, '/services');
      await console.tree.focus();
      await console.page.keyboard.press('Delete');
      await console.dialog.locator('.facts').waitFor();
    },
  },
  {
    name: 'palette',
    show: async (console) => {
      await open(console, '/config/search');
      await console.page.keyboard.press('Control+k');
      await console.dialog.waitFor();
    },
  },
  {
    name: 'help',
    show: async (console) => {
      await console.page.keyboard.press('?');
      await console.dialog.waitFor();
    },
  },
  {
    name: 'completion',
    show: async (console) => {
      await open(console, '/config');
      await console.page.keyboard.press('Control+l');
      const input = console.page.getByRole('combobox').first();
      await input.fill('/brokers/topics/');
      await until(
        'there are completions',
        async () => (await console.page.getByRole('option').count()) > 3,
      );
    },
  },
  {
    name: 'add-cluster',
    show: async (console) => {
      await console.page.locator('.sidebar .heading button').click();
      await console.dialog.waitFor();
    },
  },
  {
    name: 'log',
    show: async (console, client) => {
      await writeSome(client);
      await openLog(console, 'live');
      await logLine(console, FLAGS_PATH).last().click();
      await console.page.locator('.detail .cm-content').waitFor();
    },
  },
  {
    name: 'log-filter',
    show: async (console) => {
      await openLog(console, 'live');
      await console.page.keyboard.press('Control+f');
      await console.page.keyboard.type('/services');
      await console.page.locator('.chip.ok').click();
      await console.page.locator('.bar .icon-button').first().click();
      await until(
        'the filter is in force',
        async () => (await logLine(console, 'jobs').count()) === 0,
      );
      await logLine(console, '/services/checkout').first().click();
      await console.page.locator('.detail .fact').first().waitFor();
    },
  },
  {
    name: 'log-damaged',
    show: async (console) => {
      const file = damagedLog();
      await openLog(console, file);
      await console.page.locator('.line.damaged').click();
      await console.page.locator('.detail .banner').waitFor();
    },
  },
  {
    name: 'log-snapshot',
    show: async (console) => {
      await openLog(console, APACHE_SNAPSHOT);
      await logLine(console, '/rich/路径').click();
      await console.page.locator('.detail .fact').first().waitFor();
    },
  },
  {
    name: 'log-refused',
    show: async (console) => {
      await console.page.keyboard.press('Alt+l');
      await console.page.locator('.by-path input').fill('/etc/hostname');
      await console.page.keyboard.press('Enter');
      await console.page.locator('.middle .blank').waitFor();
    },
  },
  {
    name: 'unreachable',
    show: async (console, client) => {
      await console.page.locator('.sidebar .heading button').click();
      const fields = console.dialog.locator('input:not([type=radio])');
      await fields.nth(0).fill('Payments, Frankfurt');
      // Nobody listens at the first port.
      await fields.nth(1).fill('127.0.0.1:1,127.0.0.2:1');
      await console.dialog.locator('input[value=production]').check({ force: true });
      await console.dialog.locator('button[type=submit], .primary').last().click();
      await console.dialog.waitFor({ state: 'detached' });
      await console.page.locator('.blank, .state').first().waitFor();
      await client.exists('/');
    },
  },
];
