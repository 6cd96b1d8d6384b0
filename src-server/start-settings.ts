/** Settings a program starts with: from a zoo.cfg or the defaults for one's own machine, and what was asked for on top. */
import path from 'node:path';

import { err, ok, type Result } from './base/result.ts';
import type { ServeOptions } from './command-line.ts';
import { readMemberConfig } from './config/member-config.ts';
import { defaultSettings, localSettings, type Settings } from './config/settings.ts';
import { DiskError } from './platform/disk.ts';
import { defaultDataFolder } from './platform/node/data-folder.ts';
import { NodeDisk } from './platform/node/disk.ts';

export interface StartSettings {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

export function startSettings(options: ServeOptions): Result<StartSettings, string> {
  const base = options.configFile === null ? withoutFile(options) : fromFile(options.configFile);
  if (!base.ok) return base;
  const { settings, warnings } = base.value;
  return ok({
    warnings,
    settings: {
      ...settings,
      compat: options.compat,
      ...(options.clientPort === null ? {} : { clientPort: options.clientPort }),
      ...(options.clientAddress === null ? {} : { clientPortAddress: options.clientAddress }),
      ...(options.dataDir === null
        ? {}
        : { dataDir: options.dataDir, dataLogDir: options.dataDir }),
    },
  });
}

function withoutFile({ dataDir }: ServeOptions): Result<StartSettings, string> {
  return ok({ settings: localSettings(dataDir ?? defaultDataFolder()), warnings: [] });
}

function fromFile(file: string): Result<StartSettings, string> {
  const base = defaultSettings(defaultDataFolder());
  const read = readConfigFiles(path.resolve(file), base);
  if (!read.ok) return read;
  const { settings, warnings } = read.value;
  if (read.value.ensemble === null)
    return ok({ settings, warnings: warnings.map((warning) => `${file}: ${warning}`) });
  return err(
    `${file} describes an ensemble of ${read.value.ensemble.servers.length} servers: zabring member --config runs one of its members`,
  );
}

function readConfigFiles(file: string, base: Settings): ReturnType<typeof readMemberConfig> {
  try {
    return readMemberConfig({ disk: new NodeDisk(), file, base });
  } catch (error) {
    if (error instanceof DiskError) return err(error.message);
    throw error;
  }
}
