/** The console in a real browser: logged in, watched for complaints, and spoken of as a person would. */
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

import { until } from '../peers/wait.ts';

const CHROMIUM_PATH = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM_PATH, args: FLAGS });
}

export class ConsolePage {
  readonly page: Page;
  /** Errors of the page, and everything its content policy refused. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    options: {
      readonly language?: 'en' | 'zh-CN';
      readonly theme?: 'light' | 'dark';
      readonly size?: { readonly width: number; readonly height: number };
    } = {},
  ): Promise<ConsolePage> {
    const context = await browser.newContext({
      viewport: options.size ?? { width: 1280, height: 800 },
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    const console = new ConsolePage(page);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        console.complaints.push(message.text());
    });
    page.on('pageerror', (error) => console.complaints.push(error.stack ?? error.message));
    await page.addInitScript(
      ({ language, theme }) => {
        document.addEventListener('securitypolicyviolation', (event) => {
          window.console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
        if (localStorage.getItem('zabring.preferences') === null)
          localStorage.setItem('zabring.preferences', JSON.stringify({ language, theme }));
      },
      { language: options.language ?? 'en', theme: options.theme ?? 'light' },
    );
    await page.goto(url);
    return console;
  }

  // --- places ---

  get tree(): Locator {
    return this.page.getByRole('tree');
  }

  get panel(): Locator {
    return this.page.getByRole('region', { name: 'Open node' });
  }

  get status(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Connection status' });
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  get saveButton(): Locator {
    return this.panel.getByRole('button', { name: 'Save', exact: true });
  }

  line(name: string): Locator {
    return this.tree
      .locator('[role="treeitem"]')
      .filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Names of the lines that are drawn, in order. */
  async lines(): Promise<string[]> {
    // In one look: lines come and go while they are looked at one by one.
    const named = await this.tree.locator('[role="treeitem"]').evaluateAll((lines) =>
      lines.map((line) => ({
        index: Number(line.id.replace(/\D+/g, '')),
        name: line.querySelector('.name')?.textContent ?? '',
      })),
    );
    return named.sort((a, b) => a.index - b.index).map(({ name }) => name);
  }

  // --- acts ---

  async goTo(path: string): Promise<void> {
    await this.page.keyboard.press('Control+l');
    const input = this.page.getByRole('combobox', { name: 'Path' });
    await input.fill(path);
    await input.press('Enter');
    await until(`${path} is open`, async () => (await this.path()) === path);
  }

  /** The open node's path, as the address says. */
  async path(): Promise<string> {
    const hash = await this.page.evaluate(() => window.location.hash);
    const [, , kind, ...parts] = hash.split('/');
    return kind === 'nodes' ? `/${parts.map(decodeURIComponent).join('/')}` : '';
  }

  /** The text in the editor, as it would be saved. */
  async text(): Promise<string> {
    return this.panel
      .locator('.cm-content')
      .evaluate((content) =>
        [...content.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'),
      );
  }

  /** Replaces the whole text by writing, as a person would. */
  async write(text: string): Promise<void> {
    await this.panel.locator('.cm-content').click();
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.insertText(text);
  }

  async showView(name: 'Text' | 'JSON' | 'Hex'): Promise<void> {
    await this.panel.getByRole('radiogroup', { name: 'View of the value' }).getByText(name).click();
  }
}
