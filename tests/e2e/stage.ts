/** A program that serves its console, for all tests of a file; and for each of them a new page, which must not complain. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { type App, startApp } from '../peers/app.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { until } from '../peers/wait.ts';
import { ConsolePage, launchBrowser } from './console-page.ts';

export interface StageOptions {
  /** Of `serve`, beside ports and folder. */
  readonly flags: readonly string[];
  /** What each test begins with. */
  readonly open: (console: ConsolePage, app: App) => Promise<void>;
}

/** Called where tests are described. */
export function setStage({ flags, open }: StageOptions): void {
  let browser: Browser;
  let folder: Folder;
  let app: App;
  let console: ConsolePage;
  let lastUrl: string | null = null;

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = temporaryFolder();
    const place = ['--client-port', '0', '--console-port', '0', '--data', folder.path];
    app = await startApp(['serve', ...flags, ...place]);
  });

  afterAll(async () => {
    await browser.close();
    await app.stop();
    folder[Symbol.dispose]();
  });

  beforeEach(async () => {
    const url = await until('there is a new address', () =>
      app.url() === lastUrl ? null : app.url(),
    );
    lastUrl = url;
    console = await ConsolePage.open(browser, url);
    await open(console, app);
  });

  afterEach(async () => {
    await console.page.context().close();
    expect(console.complaints).toEqual([]);
  });
}
