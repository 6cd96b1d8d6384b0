/**
 * What the desktop app remembers of itself, in one small file that is replaced as a whole.
 *
 * A file that cannot be understood is set aside under another name and said in the log; the app starts with defaults.
 */
import fs from 'node:fs';

import { boolean, integer, literal, nullable, object, type TypeOf } from '#contract/checks.ts';

import type { Logger } from '../src-server/platform/logger.ts';

const windowState = object({
  x: integer,
  y: integer,
  width: integer,
  height: integer,
  isMaximized: boolean,
  isFullScreen: boolean,
});
export type WindowState = TypeOf<typeof windowState>;

const desktopSettings = object({
  version: literal(1),
  /** Null until the window was closed once. */
  window: nullable(windowState),
});
export type DesktopSettings = TypeOf<typeof desktopSettings>;

const DEFAULTS: DesktopSettings = { version: 1, window: null };
/** It holds a few numbers; whatever is larger was not written here. */
const FILE_BYTES_MAX = 64 * 1024;

export class SettingsFile {
  readonly #file: string;
  readonly #log: Logger;
  #settings: DesktopSettings;

  constructor(options: { readonly file: string; readonly log: Logger }) {
    this.#file = options.file;
    this.#log = options.log;
    this.#settings = this.#read();
  }

  get current(): DesktopSettings {
    return this.#settings;
  }

  /** Kept on disk when this returns; where that fails it is said, and kept as long as the app runs. */
  change(changes: Partial<DesktopSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
    const next = `${this.#file}.next`;
    try {
      fs.writeFileSync(next, `${JSON.stringify(this.#settings, null, 2)}\n`);
      fs.renameSync(next, this.#file);
    } catch (error) {
      this.#log.warn('the settings could not be saved', { file: this.#file, why: String(error) });
    }
  }

  #read(): DesktopSettings {
    let text: string;
    try {
      if (!fs.existsSync(this.#file)) return DEFAULTS;
      if (fs.statSync(this.#file).size > FILE_BYTES_MAX) return this.#setAside('it is too large');
      text = fs.readFileSync(this.#file, 'utf8');
    } catch (error) {
      this.#log.warn('the settings could not be read', { file: this.#file, why: String(error) });
      return DEFAULTS;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.#setAside('it is not JSON');
    }
    const problem = desktopSettings.problem(value, 'settings');
    return problem === null ? (value as DesktopSettings) : this.#setAside(problem);
  }

  #setAside(why: string): DesktopSettings {
    const aside = `${this.#file}.damaged`;
    try {
      fs.renameSync(this.#file, aside);
      this.#log.warn('the settings were damaged: set aside, and defaults used', { why, aside });
    } catch (error) {
      this.#log.warn('the settings are damaged and could not be set aside', {
        why,
        error: String(error),
      });
    }
    return DEFAULTS;
  }
}
