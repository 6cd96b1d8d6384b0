/** Settings a program starts with: from a zoo.cfg or the defaults for one's own machine, and what was asked for on top. */
import fs from 'node:fs';

import { err, ok, type Result } from './base/result.ts';
import type { ServeOptions } from './command-line.ts';
import { localSettings, type Settings } from './config/settings.ts';
import { defaultSettings } from './config/settings.ts';
import { readZooCfg } from './config/zoo-cfg.ts';
import { defaultDataFolder } from './platform/node/data-folder.ts';

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
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    return err(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = readZooCfg(text, defaultSettings(defaultDataFolder()));
  return read.ok ? read : err(`${file}: ${read.error}`);
}
