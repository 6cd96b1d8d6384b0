/**
 * The storage nodes of this machine as its data folder has them.
 *
 *   <data>/storage-1/storage.conf     a folder each; ports chosen once stand in the file
 *                    …                what the node keeps
 */
import fs from 'node:fs';
import path from 'node:path';

import { err, ok, type Result } from './base/result.ts';
import { readStorageConf } from './config/storage-conf.ts';
import { localStorageSettings, type StorageSettings } from './config/storage-settings.ts';
import { LOCAL_HOST } from './local-ports.ts';

export interface FoundNode {
  /** Its storage.conf. */
  readonly file: string;
  readonly settings: StorageSettings;
}

export interface NodePorts {
  readonly clusterPort: number;
  readonly proxyPort: number;
  readonly peerPort: number;
}

const FOLDER = /^storage-([1-9][0-9]{0,2})$/;
const FILE = 'storage.conf';
/** As many as copies of everything, so that each may lie in another one. */
const ZONES = 3;

export class StorageFolder {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** By number. */
  read(): Result<readonly FoundNode[], string> {
    const nodes: FoundNode[] = [];
    for (const number of this.#numbers()) {
      const folder = this.#folderOf(number);
      const read = readStorageFile(path.join(folder, FILE), localStorageSettings(folder));
      if (!read.ok) return read;
      const { nodeId } = read.value.settings;
      if (nodeId !== path.basename(folder))
        return err(`${read.value.file}: its id is ${nodeId}, and its folder another's`);
      nodes.push(read.value);
    }
    return ok(nodes);
  }

  /**
   * Makes nodes that are not there yet.
   *
   * @param options first: the number of the first of them; all: how many the ring is to begin with
   */
  make(options: {
    readonly first: number;
    readonly ports: readonly NodePorts[];
    readonly all: number;
  }): void {
    for (const [i, { clusterPort, proxyPort, peerPort }] of options.ports.entries()) {
      const number = options.first + i;
      const folder = this.#folderOf(number);
      const lines = [
        `id=${path.basename(folder)}`,
        `zone=zone-${((number - 1) % ZONES) + 1}`,
        '# Beside this file.',
        'dataDir=.',
        `address=${LOCAL_HOST}`,
        `clusterPort=${clusterPort}`,
        `proxyPort=${proxyPort}`,
        `peerPort=${peerPort}`,
        `formNodes=${options.all}`,
        `replicaCount=${Math.min(3, options.all)}`,
        `minInSync=${Math.min(2, options.all)}`,
      ];
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, FILE), `${lines.join('\n')}\n`);
    }
  }

  #numbers(): number[] {
    if (!fs.existsSync(this.#dataDir)) return [];
    return fs
      .readdirSync(this.#dataDir)
      .filter((name) => fs.existsSync(path.join(this.#dataDir, name, FILE)))
      .flatMap((name) => FOLDER.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #folderOf(number: number): string {
    return path.join(this.#dataDir, `storage-${number}`);
  }
}

/** Folders and files it names are looked for beside it. */
export function readStorageFile(file: string, base: StorageSettings): Result<FoundNode, string> {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    return err(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = readStorageConf(text, base);
  if (!read.ok) return err(`${file}: ${read.error}`);
  const settings = read.value;
  const beside = (name: string): string => path.resolve(path.dirname(file), name);
  return ok({
    file,
    settings: {
      ...settings,
      dataDir: beside(settings.dataDir),
      usersFile: settings.usersFile === null ? null : beside(settings.usersFile),
    },
  });
}
