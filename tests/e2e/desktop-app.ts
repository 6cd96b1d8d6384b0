/** The built desktop app in the stand-in host, with a driver at its browser: what a test sees of it and can do to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

import { type Browser, chromium, type Page } from 'playwright-core';

import { until } from '../peers/wait.ts';
import type { Done, Seen } from './electron-host/witness.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const REGISTER = path.join(import.meta.dirname, 'electron-host', 'register.ts');
const MAIN = path.join(ROOT, 'out', 'main', 'index.js');

export class DesktopApp {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #seen: Seen[] = [];
  #output = '';
  #browser: Browser | null = null;

  /** @param options main: the entry, where it is not the checkout's own */
  constructor(
    args: readonly string[],
    options: { readonly main?: string; readonly locale?: string } = {},
  ) {
    const child = spawn(process.execPath, ['--import', REGISTER, options.main ?? MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ELECTRON_HOST_LOCALE: options.locale ?? 'en-GB' },
    });
    this.#child = child;
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8');
    };
    child.stdout!.on('data', collect);
    child.stderr!.on('data', collect);
    child.on('message', (seen) => this.#seen.push(seen as Seen));
    this.#exited = new Promise((resolve) => {
      child.once('close', (code) => {
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output;
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Everything of a kind that was to be seen so far. */
  seen<K extends Seen['kind']>(kind: K): readonly Extract<Seen, { kind: K }>[] {
    return this.#seen.filter((one): one is Extract<Seen, { kind: K }> => one.kind === kind);
  }

  /** The window's page, once the window is shown. */
  async page(): Promise<Page> {
    await this.#whileRunning('the window is shown', () => this.seen('window').length > 0);
    this.#browser ??= await chromium.connectOverCDP(this.seen('browser')[0]!.endpoint);
    const pages = this.#browser.contexts()[0]!.pages();
    if (pages.length !== 1) throw new Error(`there are ${pages.length} windows`);
    return pages[0]!;
  }

  /** Pages there are now, windows that were not meant to be among them. */
  async pageCount(): Promise<number> {
    await this.page();
    return this.#browser!.contexts()[0]!.pages().length;
  }

  /** Where clients connect, once the member serves. */
  async port(): Promise<number> {
    const port = await this.#whileRunning(
      'the member serves',
      () => /^serving\s+\S+:(\d+) /m.exec(this.#output)?.[1],
    );
    return Number(port);
  }

  do(done: Done): void {
    this.#child.send(done);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async quit(): Promise<number | null> {
    if (this.#child.connected) this.do({ kind: 'quit' });
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close();
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #whileRunning<T>(what: string, fact: () => T | undefined | false): Promise<T> {
    const { found } = await until(what, () => {
      const value = fact();
      if (value !== undefined && value !== false) return { found: value };
      return this.#child.exitCode === null ? null : { found: null };
    });
    if (found === null) throw new Error(`the app ended before this: ${what}\n${this.#output}`);
    return found;
  }
}
