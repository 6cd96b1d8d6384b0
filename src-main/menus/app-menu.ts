/** The menu of the app: the system's own entries under our words, and the folders a person may want to see. */
import type { MenuItemConstructorOptions } from 'electron';

import type { MenuWords } from './words.ts';

export interface AppMenuOptions {
  readonly words: MenuWords;
  readonly isMac: boolean;
  /** Reloading and looking behind the page are for those who work on it. */
  readonly withDeveloperTools: boolean;
  readonly showDataFolder: () => void;
  readonly showLogs: () => void;
}

export function appMenu(options: AppMenuOptions): MenuItemConstructorOptions[] {
  const { words, isMac, withDeveloperTools, showDataFolder, showLogs } = options;
  const separator = { type: 'separator' } as const;
  const about: MenuItemConstructorOptions = { role: 'about', label: words.about };
  const quit: MenuItemConstructorOptions = { role: 'quit', label: words.quit };
  const app: MenuItemConstructorOptions = {
    label: 'Zabring',
    submenu: [
      about,
      separator,
      { role: 'services', label: words.services },
      separator,
      { role: 'hide', label: words.hide },
      { role: 'hideOthers', label: words.hideOthers },
      { role: 'unhide', label: words.showAll },
      separator,
      quit,
    ],
  };
  const file: MenuItemConstructorOptions = {
    label: words.file,
    submenu: [
      { label: words.showDataFolder, click: showDataFolder },
      { label: words.showLogs, click: showLogs },
      separator,
      isMac ? { role: 'close', label: words.close } : quit,
    ],
  };
  const edit: MenuItemConstructorOptions = {
    label: words.edit,
    submenu: [
      { role: 'undo', label: words.undo },
      { role: 'redo', label: words.redo },
      separator,
      { role: 'cut', label: words.cut },
      { role: 'copy', label: words.copy },
      { role: 'paste', label: words.paste },
      { role: 'selectAll', label: words.selectAll },
    ],
  };
  const view: MenuItemConstructorOptions = {
    label: words.view,
    submenu: [
      { role: 'resetZoom', label: words.actualSize },
      { role: 'zoomIn', label: words.zoomIn },
      { role: 'zoomOut', label: words.zoomOut },
      separator,
      { role: 'togglefullscreen', label: words.fullScreen },
      ...(withDeveloperTools
        ? ([
            separator,
            { role: 'reload', label: words.reload },
            { role: 'toggleDevTools', label: words.developerTools },
          ] as const)
        : []),
    ],
  };
  const window: MenuItemConstructorOptions = {
    label: words.window,
    role: 'windowMenu',
    submenu: [
      { role: 'minimize', label: words.minimize },
      ...(isMac
        ? ([
            { role: 'zoom', label: words.zoom },
            separator,
            { role: 'front', label: words.bringToFront },
          ] as const)
        : ([{ role: 'close', label: words.close }] as const)),
    ],
  };
  const help: MenuItemConstructorOptions = { label: words.help, role: 'help', submenu: [about] };
  return isMac ? [app, file, edit, view, window] : [file, edit, view, window, help];
}
