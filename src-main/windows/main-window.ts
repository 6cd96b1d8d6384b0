/** The window with the console in it: comes back where it was, and is made again when its page's process falls. */
import {
  type BaseWindow,
  BrowserWindow,
  type BrowserWindowConstructorOptions,
  Menu,
  nativeTheme,
  screen,
} from 'electron';

import type { Logger } from '../../src-server/platform/logger.ts';
import type { Senders } from '../ipc/senders.ts';
import { contextMenu } from '../menus/context-menu.ts';
import type { MenuWords } from '../menus/words.ts';
import { START_PAGE } from '../security.ts';
import type { SettingsFile, WindowState } from '../settings.ts';
import { placeWindow, SMALLEST } from './window-state.ts';

/** Shown until the page has painted, so that the window does not flash. */
const BACKDROP = { light: '#f7f8fa', dark: '#14171c' } as const;
/** A moved window is remembered when it has been left alone for so long. */
const SETTLED_MS = 500;
/** A page whose process falls this often within the time below is not loaded again. */
const FALLS_MAX = 3;
const FALLS_WITHIN_MS = 60_000;

export interface MainWindowOptions {
  readonly preload: string;
  readonly icon: string;
  readonly withDeveloperTools: boolean;
  readonly words: MenuWords;
  readonly settings: SettingsFile;
  readonly senders: Senders;
  readonly log: Logger;
  /** The window cannot show the interface, for this reason. */
  readonly onUnusable: (why: string) => void;
}

export class MainWindow {
  readonly #options: MainWindowOptions;
  #window: BrowserWindow | null = null;
  #falls: readonly number[] = [];

  constructor(options: MainWindowOptions) {
    this.#options = options;
  }

  /** Makes it, or brings it to the front. */
  show(): void {
    if (this.#window === null) {
      this.#open();
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  #open(): void {
    const { settings, senders, words, onUnusable } = this.#options;
    const main = screen.getPrimaryDisplay();
    const others = screen.getAllDisplays().filter(({ id }) => id !== main.id);
    const workAreas = [main, ...others].map(({ workArea }) => workArea);
    const placement = placeWindow(settings.current.window, workAreas);
    const window = new BrowserWindow(this.#design(placement.bounds));
    this.#window = window;
    senders.know(window.webContents);

    window.once('ready-to-show', () => {
      if (placement.isMaximized) window.maximize();
      if (placement.isFullScreen) window.setFullScreen(true);
      window.show();
    });
    this.#remember(window);
    window.once('closed', () => {
      this.#window = null;
    });
    window.webContents.on('context-menu', (_event, there) => {
      const items = contextMenu(words, there);
      if (items.length > 0) Menu.buildFromTemplate(items).popup({ window });
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      this.#onFell(window, reason);
    });
    let isClosing = false;
    window.on('close', () => (isClosing = true));
    window.loadURL(START_PAGE).catch((error: unknown) => {
      // A window that was closed while it loaded failed nobody.
      if (!isClosing && !window.isDestroyed())
        onUnusable(error instanceof Error ? error.message : String(error));
    });
  }

  #design(bounds: BrowserWindowConstructorOptions): BrowserWindowConstructorOptions {
    const { preload, icon, withDeveloperTools } = this.#options;
    return {
      ...bounds,
      title: 'Zabring',
      minWidth: SMALLEST.width,
      minHeight: SMALLEST.height,
      show: false,
      backgroundColor: nativeTheme.shouldUseDarkColors ? BACKDROP.dark : BACKDROP.light,
      // The other systems take it from the package.
      ...(process.platform === 'linux' ? { icon } : {}),
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        // Its dictionaries would be downloaded.
        spellcheck: false,
        devTools: withDeveloperTools,
      },
    };
  }

  #remember(window: BrowserWindow): void {
    const { settings } = this.#options;
    let timer: NodeJS.Timeout | null = null;
    const save = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      settings.change({ window: stateOf(window) });
    };
    const later = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(save, SETTLED_MS);
    };
    window.on('resize', later);
    window.on('move', later);
    window.on('close', save);
  }

  #onFell(window: BrowserWindow, reason: string): void {
    if (reason === 'clean-exit') return;
    const { log, onUnusable } = this.#options;
    const nowMs = Date.now();
    this.#falls = [...this.#falls.filter((fellMs) => nowMs - fellMs < FALLS_WITHIN_MS), nowMs];
    log.error('the process of the page ended', { reason, falls: this.#falls.length });
    if (this.#falls.length > FALLS_MAX) onUnusable(`the process of its page ends: ${reason}`);
    else if (!window.isDestroyed()) window.webContents.reload();
  }
}

function stateOf(
  window: Pick<BaseWindow, 'getNormalBounds' | 'isMaximized' | 'isFullScreen'>,
): WindowState {
  const { x, y, width, height } = window.getNormalBounds();
  return {
    x,
    y,
    width,
    height,
    isMaximized: window.isMaximized(),
    isFullScreen: window.isFullScreen(),
  };
}
