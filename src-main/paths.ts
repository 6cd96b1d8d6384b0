/** Where the desktop app finds its parts and keeps its things. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Found from the entry file; a package keeps their places. */
export interface BuiltParts {
  readonly thread: URL;
  readonly preload: string;
  readonly interface: string;
  readonly icon: string;
}

export interface Places {
  /** Chromium's profile; one app runs per such folder. */
  readonly profile: string;
  readonly settingsFile: string;
  readonly logs: string;
}

/** @param mainFolder where the built entry is */
export function builtParts(mainFolder: string): BuiltParts {
  return {
    thread: pathToFileURL(path.join(mainFolder, 'thread.js')),
    preload: path.join(mainFolder, '..', 'preload', 'index.cjs'),
    interface: path.join(mainFolder, '..', 'renderer'),
    icon: path.join(mainFolder, '..', '..', 'resources', 'icons', 'png', '256x256.png'),
  };
}

/**
 * All of it inside the data folder: what belongs to one ensemble stays together, and two apps that were given different
 * data do not meet in one profile.
 */
export function placesIn(dataDir: string): Places {
  const profile = path.join(dataDir, 'desktop');
  return {
    profile,
    settingsFile: path.join(profile, 'settings.json'),
    logs: path.join(profile, 'logs'),
  };
}
