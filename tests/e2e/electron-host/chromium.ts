/**
 * The browser behind the windows. Chromium knows no `app://`, so those addresses become https ones of a name that exists
 * nowhere, and are answered before they reach a network; everything else is refused there.
 */
import fs from 'node:fs';
import path from 'node:path';

import { type BrowserContext, chromium, type Page } from 'playwright-core';

import { CHROMIUM } from '../../peers/peers.ts';
import { tell } from './witness.ts';

const SUFFIX = '.app.test';

/** `app://name/x` as Chromium sees it. */
export function toBrowser(address: string): string {
  return address.replace(/^app:\/\/([^/]+)/, `https://$1${SUFFIX}`);
}

/** And back, for whoever asks where a page is. */
export function fromBrowser(address: string): string {
  return address.replace(
    new RegExp(`^https://([^/]+?)${SUFFIX.replaceAll('.', '\\.')}`),
    'app://$1',
  );
}

export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** @param profile keeps what pages store, from one run to the next */
export async function startBrowser(
  profile: string,
  onPopup: (page: Page) => void,
): Promise<Browser> {
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM.files[0]!,
    viewport: null,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-port=0',
    ],
  });
  // What no window of ours answers goes nowhere.
  await context.route('**/*', (route) => route.abort('blockedbyclient'));
  const ours = new Set<Page>();
  let isOpening = false;
  const [first] = context.pages();
  context.on('page', (page) => {
    if (!isOpening) onPopup(page);
  });
  const port = fs.readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0]!;
  tell({ kind: 'browser', endpoint: `http://127.0.0.1:${port}` });
  return {
    newPage: async () => {
      // The page the browser starts with serves the first window.
      isOpening = true;
      const page = first !== undefined && ours.size === 0 ? first : await context.newPage();
      isOpening = false;
      ours.add(page);
      return page;
    },
    close: () => context.close(),
  };
}
