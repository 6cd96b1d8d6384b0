/**
 * Pictures of the console with a tree in it. `node tests/screenshots/main.ts` draws the README's again;
 * `node tests/screenshots/main.ts FOLDER` draws every scene in both themes, languages and sizes, to be looked at.
 */
import fs from 'node:fs';
import path from 'node:path';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { ConsolePage, launchBrowser } from '../e2e/console-page.ts';
import { startApp } from '../peers/app.ts';
import { temporaryFolder } from '../peers/folders.ts';
import { until } from '../peers/wait.ts';
import { SCENES } from './scenes.ts';
import { fillRing, fillTree } from './world.ts';

const README_FOLDER = path.join(import.meta.dirname, '..', '..', 'resources', 'screenshots');
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

interface Look {
  readonly theme: 'light' | 'dark';
  readonly language: 'en' | 'zh-CN';
  readonly size: { readonly width: number; readonly height: number };
}

const [folder = README_FOLDER, only] = process.argv.slice(2);
const isForReadme = folder === README_FOLDER;
fs.mkdirSync(folder, { recursive: true });

using data = temporaryFolder();
const app = await startApp([
  'serve',
  ...['--members', '3', '--storage', '5', '--client-port', '0', '--console-port', '0'],
  ...['--data', data.path],
]);
const browser = await launchBrowser();
const platform = nodePlatform({
  version: 'pictures',
  logLevel: 'error',
  writeLog: () => undefined,
});
const client = new Client({
  platform,
  connect: `127.0.0.1:${app.port}`,
  sessionTimeoutMs: 30_000,
});
try {
  await client.ready();
  await fillTree(client);
  await fillRing(
    platform.net,
    await until(
      'storage nodes take clients',
      () => /^storage-1 on .*, (\d+) for all others/m.exec(app.output())?.[1],
    ),
  );
  let lastUrl: string | null = null;
  const draw = async (look: Look): Promise<void> => {
    for (const scene of SCENES) {
      if (isForReadme && scene.readme !== look.theme) continue;
      if (only !== undefined && !scene.name.includes(only)) continue;
      const url = await until('there is an address', () =>
        app.url() === lastUrl ? null : app.url(),
      );
      lastUrl = url;
      const console = await ConsolePage.open(browser, url, look);
      await until('the tree shows', async () => (await console.lines()).includes('/'));
      await scene.show(console, client);
      // Nothing blinks or moves in a picture.
      await console.page.evaluate(() => document.fonts.ready);
      await console.page.mouse.move(0, 0);
      const name = isForReadme
        ? scene.name
        : `${scene.name}-${look.theme}-${look.language}-${look.size.width}`;
      await console.page.screenshot({
        path: path.join(folder, `${name}.png`),
        animations: 'disabled',
      });
      process.stdout.write(`${name}\n`);
      for (const complaint of console.complaints) process.stdout.write(`  ${complaint}\n`);
      await scene.leave?.(console);
      await console.page.context().close();
    }
  };
  const looks: Look[] = isForReadme
    ? (['light', 'dark'] as const).map((theme) => ({ theme, language: 'en', size: SIZES[0]! }))
    : SIZES.flatMap((size) =>
        (['light', 'dark'] as const).flatMap((theme) =>
          (['en', 'zh-CN'] as const).map((language) => ({ theme, language, size })),
        ),
      );
  for (const look of looks) await draw(look);
} finally {
  await client.close();
  await browser.close();
  await app.stop();
}
