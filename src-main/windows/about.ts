/** What the system's own about panel says. */
import type { AboutPanelOptionsOptions } from 'electron';

export function aboutPanel(options: {
  readonly version: string;
  readonly iconPath: string;
}): AboutPanelOptionsOptions {
  return {
    applicationName: 'Zabring',
    applicationVersion: options.version,
    version: `Electron ${process.versions.electron}`,
    copyright: 'An ensemble that speaks ZooKeeper, and its console. MIT licence.',
    iconPath: options.iconPath,
  };
}
