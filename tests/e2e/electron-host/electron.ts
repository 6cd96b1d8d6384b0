/** The module `electron`, as far as the app uses it. The compiler compares every part with the real one. */
import type * as Electron from 'electron';

import { theApp } from './app.ts';
import * as ports from './ports.ts';
import * as sessions from './session.ts';
import * as windows from './window.ts';
import { tell } from './witness.ts';

/** Listeners are compared by the emitter's own loose types only: the real ones have an overload for every event. */
type Same<T, K extends Exclude<keyof T, 'on' | 'once'>> = Pick<T, K>;

export const app = theApp satisfies Same<
  Electron.App,
  | 'isPackaged'
  | 'whenReady'
  | 'setPath'
  | 'getLocale'
  | 'setAboutPanelOptions'
  | 'requestSingleInstanceLock'
  | 'quit'
  | 'exit'
>;

export const { BrowserWindow } = windows satisfies {
  readonly BrowserWindow: new (options: Electron.BrowserWindowConstructorOptions) => Same<
    Electron.BrowserWindow,
    | 'loadURL'
    | 'show'
    | 'focus'
    | 'isMinimized'
    | 'restore'
    | 'maximize'
    | 'isMaximized'
    | 'setFullScreen'
    | 'isFullScreen'
    | 'getNormalBounds'
    | 'isDestroyed'
    | 'close'
  > & {
    readonly webContents: Same<Electron.WebContents, 'setWindowOpenHandler' | 'reload'>;
  };
};

export const { ipcMain } = windows;

export const { MessageChannelMain } = ports satisfies {
  readonly MessageChannelMain: new () => Record<
    'port1' | 'port2',
    Same<Electron.MessagePortMain, 'postMessage' | 'start' | 'close'>
  >;
};

export const protocol = sessions.protocol satisfies Same<
  Electron.Protocol,
  'registerSchemesAsPrivileged' | 'handle'
>;

export const session = {
  defaultSession: sessions.defaultSession satisfies Same<
    Electron.Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
};

type Template = Parameters<typeof Electron.Menu.buildFromTemplate>[0];

class StandInMenu {
  readonly #labels: readonly string[];

  constructor(template: Template) {
    const labelsOf = (items: Template): string[] =>
      items.flatMap(({ label, submenu }) => [
        ...(label === undefined ? [] : [label]),
        ...(Array.isArray(submenu) ? labelsOf(submenu) : []),
      ]);
    this.#labels = labelsOf(template);
  }

  static buildFromTemplate(template: Template): StandInMenu {
    return new StandInMenu(template);
  }

  static setApplicationMenu(menu: StandInMenu | null): void {
    tell({ kind: 'app-menu', labels: menu === null ? [] : menu.#labels });
  }

  popup(): void {
    tell({ kind: 'context-menu', labels: this.#labels });
  }
}
export { StandInMenu as Menu };

export const dialog = {
  showErrorBox: (title: string, content: string): void => {
    tell({ kind: 'error-box', text: `${title}: ${content}` });
  },
} satisfies Same<Electron.Dialog, 'showErrorBox'>;

export const shell = {
  openExternal: (url: string): Promise<void> => {
    tell({ kind: 'opened', what: url });
    return Promise.resolve();
  },
  openPath: (path: string): Promise<string> => {
    tell({ kind: 'opened', what: path });
    return Promise.resolve('');
  },
} satisfies Same<Electron.Shell, 'openExternal' | 'openPath'>;

export const nativeTheme = {
  shouldUseDarkColors: false,
} satisfies Same<Electron.NativeTheme, 'shouldUseDarkColors'>;

const DISPLAY = {
  id: 1,
  workArea: { x: 0, y: 0, width: 1920, height: 1040 },
} as Electron.Display;

export const screen = {
  getPrimaryDisplay: () => DISPLAY,
  getAllDisplays: () => [DISPLAY],
} satisfies Same<Electron.Screen, 'getPrimaryDisplay' | 'getAllDisplays'>;
