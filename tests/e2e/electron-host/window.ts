/** Windows with a page of Chromium each, their contents, and the frame that speaks to the main process. */
import { EventEmitter } from 'node:events';
import fs from 'node:fs';

import type * as Electron from 'electron';
import type { CDPSession, Page, Route } from 'playwright-core';

import { fromJson, toJson } from '#rpc/bytes-json.ts';

import { type Preventable, preventable, theApp } from './app.ts';
import { fromBrowser, toBrowser } from './chromium.ts';
import type { MessagePortMain, Side } from './ports.ts';
import { answer, applyPermissions } from './session.ts';
import { onDone, tell } from './witness.ts';
import {
  DELIVER,
  type FromPage,
  pageScript,
  preloadScript,
  SEND,
  type ToPage,
  WORLD,
} from './worlds.ts';

export const ipcMain = new EventEmitter();

/** One document of a window: it goes with the next navigation, and its ports with it. */
export class WebFrameMain {
  readonly parent = null;
  readonly url: string;
  readonly #deliver: (message: ToPage) => void;
  readonly #ports = new Map<number, Side>();
  #nextPort = 1;

  constructor(url: string, deliver: (message: ToPage) => void) {
    this.url = url;
    this.#deliver = deliver;
  }

  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[] = []): void {
    const sides = transfer.map((given) => ({ port: this.#nextPort++, side: given.release() }));
    this.#deliver({ kind: 'ipc', channel, message, ports: sides.map(({ port }) => port) });
    for (const { port, side } of sides) {
      this.#ports.set(port, side);
      side.read({
        onMessage: (sent) => this.#deliver({ kind: 'port-message', port, message: sent }),
        onClose: () => {
          if (this.#ports.delete(port)) this.#deliver({ kind: 'port-closed', port });
        },
      });
    }
  }

  onPortMessage(port: number, message: unknown): void {
    this.#ports.get(port)?.send(message);
  }

  onPortClosed(port: number): void {
    const side = this.#ports.get(port);
    this.#ports.delete(port);
    side?.close();
  }

  /** The document is gone. */
  end(): void {
    for (const port of [...this.#ports.keys()]) this.onPortClosed(port);
  }
}

class WebContents extends EventEmitter {
  #page: Page | null = null;
  #devtools: CDPSession | null = null;
  /** The preload's world of the document there is now. */
  #world: { readonly id: number; frame: WebFrameMain | null } | null = null;
  #openHandler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | null = null;
  #hasCrashed = false;
  /** Where the main process itself sends the window; nobody is asked about that. */
  #destination: string | null = null;

  setWindowOpenHandler(handler: Parameters<Electron.WebContents['setWindowOpenHandler']>[0]): void {
    this.#openHandler = handler;
  }

  reload(): void {
    const page = this.#page!;
    this.#destination = page.url();
    // The driver does nothing more with a page that crashed, so the window gets another one.
    if (this.#hasCrashed) this.emit('electron-host:replace', fromBrowser(this.#destination));
    else void page.reload();
  }

  async open(page: Page, preload: string): Promise<void> {
    this.#page = page;
    this.#hasCrashed = false;
    const devtools = await page.context().newCDPSession(page);
    this.#devtools = devtools;
    devtools.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === WORLD) this.#world = { id: context.id, frame: null };
    });
    devtools.on('Runtime.executionContextsCleared', () => this.#endDocument());
    devtools.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
      if (name === SEND && executionContextId === this.#world?.id)
        this.#onMessage(fromJson(payload) as FromPage);
    });
    // A link with a target; `window.open` asks by the preload's world.
    devtools.on('Page.windowOpen', ({ url, windowName, windowFeatures }) => {
      this.#onOpen(url, windowName, windowFeatures.join());
    });
    await devtools.send('Page.enable');
    await devtools.send('Runtime.enable');
    await devtools.send('Runtime.addBinding', { name: SEND, executionContextName: WORLD });
    const scripts = [
      { source: pageScript() },
      { source: preloadScript(fs.readFileSync(preload, 'utf8')), worldName: WORLD },
    ];
    for (const script of scripts)
      await devtools.send('Page.addScriptToEvaluateOnNewDocument', script);
    await page.route('**/*', (route) => this.#onRequest(route));
    page.on('crash', () => {
      this.#hasCrashed = true;
      this.#endDocument();
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 });
    });
  }

  async load(address: string): Promise<void> {
    const page = this.#page!;
    this.#destination = toBrowser(address);
    const contents = this as unknown as Electron.WebContents;
    await applyPermissions(this.#devtools!, contents, new URL(this.#destination).origin);
    const response = await page.goto(this.#destination);
    if (response?.ok() !== true)
      throw new Error(`${address} could not be loaded: ${response?.status() ?? 'no answer'}`);
  }

  async crash(): Promise<void> {
    await this.#devtools?.send('Page.crash').catch(() => undefined);
  }

  end(): void {
    this.#endDocument();
    this.emit('destroyed');
  }

  #endDocument(): void {
    const world = this.#world;
    this.#world = null;
    world?.frame?.end();
  }

  #onOpen(url: string, frameName: string, features: string): void {
    const details = {
      url: fromBrowser(url),
      frameName,
      features,
      disposition: 'new-window',
      referrer: { url: '', policy: 'no-referrer' },
    } satisfies Electron.HandlerDetails;
    if (this.#openHandler?.(details).action !== 'deny')
      throw new Error('the stand-in opens no windows for pages');
  }

  #onMessage(message: FromPage): void {
    const world = this.#world!;
    switch (message.kind) {
      case 'hello':
        world.frame = new WebFrameMain(fromBrowser(message.url), (sent) => {
          this.#deliver(world.id, sent);
        });
        return;
      case 'open':
        this.#onOpen(message.url, message.name, message.features);
        return;
      case 'ipc':
        ipcMain.emit(
          message.channel,
          { sender: this, senderFrame: world.frame, ports: [] },
          ...message.args,
        );
        return;
      case 'port-message':
        world.frame?.onPortMessage(message.port, message.message);
        return;
      case 'port-closed':
        world.frame?.onPortClosed(message.port);
        return;
    }
  }

  #deliver(contextId: number, message: ToPage): void {
    const expression = `${DELIVER}(${JSON.stringify(toJson(message))})`;
    // The document may go while this is under way, as it may in Electron.
    this.#devtools?.send('Runtime.evaluate', { contextId, expression }).catch(() => undefined);
  }

  async #onRequest(route: Route): Promise<void> {
    const request = route.request();
    if (request.isNavigationRequest()) {
      const isMainFrame = request.frame().parentFrame() === null;
      if (isMainFrame && request.url() === this.#destination) {
        this.#destination = null;
      } else {
        const event: Preventable = preventable();
        const url = fromBrowser(request.url());
        this.emit('will-frame-navigate', Object.assign(event, { url, isMainFrame }));
        if (event.defaultPrevented) {
          await route.abort('aborted');
          return;
        }
      }
    }
    const given = await answer(fromBrowser(request.url()), request.method());
    if (given === null) {
      await route.abort('blockedbyclient');
      return;
    }
    await route.fulfill({
      status: given.status,
      headers: Object.fromEntries(given.headers),
      body: Buffer.from(await given.arrayBuffer()),
    });
  }
}

const DEFAULT_BOUNDS: Electron.Rectangle = { x: 320, y: 130, width: 800, height: 600 };

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly #preload: string;
  #opened: Promise<Page>;
  #bounds: Electron.Rectangle;
  #isMaximized = false;
  #isFullScreen = false;
  #isClosing = false;
  #isDestroyed = false;

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    const { x, y, width, height, webPreferences } = options;
    this.#bounds = {
      x: x ?? DEFAULT_BOUNDS.x,
      y: y ?? DEFAULT_BOUNDS.y,
      width: width ?? DEFAULT_BOUNDS.width,
      height: height ?? DEFAULT_BOUNDS.height,
    };
    const { sandbox, contextIsolation, nodeIntegration, preload } = webPreferences ?? {};
    if (sandbox !== true || contextIsolation !== true || nodeIntegration !== false)
      throw new Error('the stand-in shows every page as a sandboxed one');
    theApp.emit('web-contents-created', {}, this.webContents);
    theApp.opened(this);
    this.#preload = preload ?? '';
    this.#opened = this.#open();
    this.webContents.on('electron-host:replace', (address: string) => {
      void this.#replace(address);
    });
    onDone((done) => {
      if (done.kind === 'place') void this.#place(done.bounds);
      if (done.kind === 'crash') void this.webContents.crash();
    });
  }

  async loadURL(address: string): Promise<void> {
    await this.#opened;
    await this.webContents.load(address);
    this.emit('ready-to-show');
  }

  show(): void {
    tell({ kind: 'window', bounds: this.#bounds, isMaximized: this.#isMaximized });
  }

  focus(): void {
    tell({ kind: 'focus' });
  }

  isMinimized(): boolean {
    return false;
  }

  restore(): void {
    throw new Error('the stand-in minimizes no window');
  }

  maximize(): void {
    this.#isMaximized = true;
  }

  isMaximized(): boolean {
    return this.#isMaximized;
  }

  setFullScreen(isFullScreen: boolean): void {
    this.#isFullScreen = isFullScreen;
  }

  isFullScreen(): boolean {
    return this.#isFullScreen;
  }

  getNormalBounds(): Electron.Rectangle {
    return { ...this.#bounds };
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const event = preventable();
    this.emit('close', event);
    this.#isClosing = !event.defaultPrevented;
    if (this.#isClosing) void this.#opened.then((page) => page.close());
  }

  async #open(): Promise<Page> {
    const page = await theApp.browser.newPage();
    await this.webContents.open(page, this.#preload);
    await this.#resize(page);
    page.once('close', this.#onClosed);
    return page;
  }

  async #replace(address: string): Promise<void> {
    const old = await this.#opened;
    old.off('close', this.#onClosed);
    this.#opened = this.#open();
    await this.#opened;
    await old.close();
    await this.webContents.load(address);
  }

  async #place(bounds: Electron.Rectangle): Promise<void> {
    this.#bounds = bounds;
    await this.#resize(await this.#opened);
    this.emit('resize');
    this.emit('move');
  }

  async #resize(page: Page): Promise<void> {
    await page.setViewportSize({ width: this.#bounds.width, height: this.#bounds.height });
  }

  /** By `close`, or by whoever drives the browser, who stands for a person with a mouse. */
  readonly #onClosed = (): void => {
    if (!this.#isClosing) this.emit('close', preventable());
    this.#isClosing = true;
    this.#isDestroyed = true;
    this.webContents.end();
    this.emit('closed');
    theApp.closed(this);
  };
}
