/** Life of the app, in Electron's order: ready; one instance; before-quit, windows close, will-quit, quit. */
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type * as Electron from 'electron';

import { type Browser, startBrowser } from './chromium.ts';
import { becomeReady } from './session.ts';
import { onDone } from './witness.ts';

export interface OpenWindow {
  /** Closes unless somebody objects. */
  close(): void;
}

const LOCK = 'instance.lock';
const NOTICE = 'instance.notice';

export class App extends EventEmitter {
  readonly isPackaged = false;
  readonly #windows = new Set<OpenWindow>();
  readonly #ready: Promise<void>;
  #browser: Browser | null = null;
  #userData = path.join(os.tmpdir(), 'electron-host');
  #isQuitting = false;
  #lock: string | null = null;

  constructor() {
    super();
    // As in Electron the entry file has been run by then, and may have ended the app.
    this.#ready = new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#start().then(resolve, reject);
      });
    });
  }

  whenReady(): Promise<void> {
    return this.#ready;
  }

  get browser(): Browser {
    if (this.#browser === null) throw new Error('there are no windows before the app is ready');
    return this.#browser;
  }

  setPath(name: string, folder: string): void {
    if (name !== 'userData') throw new Error(`the stand-in keeps no folder for ${name}`);
    if (!fs.existsSync(folder)) throw new Error(`${folder} does not exist`);
    this.#userData = folder;
  }

  getLocale(): string {
    return process.env['ELECTRON_HOST_LOCALE'] ?? 'en-US';
  }

  setAboutPanelOptions(options: Electron.AboutPanelOptionsOptions): void {
    if (!fs.existsSync(options.iconPath ?? '')) throw new Error('the about panel has no icon');
  }

  /** The first holds a file with its number; another leaves a notice there and has lost. */
  requestSingleInstanceLock(): boolean {
    const lock = path.join(this.#userData, LOCK);
    const notice = path.join(this.#userData, NOTICE);
    const holder = Number(fs.existsSync(lock) ? fs.readFileSync(lock, 'utf8') : Number.NaN);
    if (isAlive(holder)) {
      fs.writeFileSync(notice, JSON.stringify(process.argv));
      return false;
    }
    fs.writeFileSync(lock, String(process.pid));
    this.#lock = lock;
    fs.watch(this.#userData, (_change, name) => {
      if (name !== NOTICE || !fs.existsSync(notice)) return;
      const text = fs.readFileSync(notice, 'utf8');
      if (text === '') return;
      fs.rmSync(notice);
      this.emit('second-instance', {}, JSON.parse(text), process.cwd(), null);
    }).unref();
    return true;
  }

  opened(window: OpenWindow): void {
    this.#windows.add(window);
  }

  closed(window: OpenWindow): void {
    this.#windows.delete(window);
    if (this.#windows.size > 0) return;
    if (this.#isQuitting) this.#end();
    else if (!this.emit('window-all-closed')) this.quit();
  }

  quit(): void {
    if (this.#isQuitting) return;
    this.#isQuitting = true;
    this.emit('before-quit', preventable());
    if (this.#windows.size === 0) this.#end();
    for (const window of this.#windows) window.close();
  }

  exit(code = 0): void {
    if (this.#lock !== null) fs.rmSync(this.#lock, { force: true });
    this.emit('quit', {}, code);
    const browser = this.#browser;
    this.#browser = null;
    if (browser === null) process.exit(code);
    void browser.close().finally(() => process.exit(code));
  }

  #end(): void {
    const event = preventable();
    this.emit('will-quit', event);
    this.#isQuitting = false;
    if (!event.defaultPrevented) this.exit();
  }

  async #start(): Promise<void> {
    onDone((done) => {
      if (done.kind === 'quit') this.quit();
    });
    // Nobody is left to see a window whose test has gone.
    process.on('disconnect', () => this.exit(1));
    this.#browser = await startBrowser(path.join(this.#userData, 'chromium'), (popup) => {
      // Electron asks before it opens one; here it can only be taken back.
      void popup.close();
    });
    becomeReady();
    this.emit('ready');
  }
}

export interface Preventable {
  defaultPrevented: boolean;
  preventDefault(): void;
}

export function preventable(): Preventable {
  const event: Preventable = {
    defaultPrevented: false,
    preventDefault: () => {
      event.defaultPrevented = true;
    },
  };
  return event;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const theApp = new App();
