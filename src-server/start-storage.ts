/**
 * The storage nodes a program starts, from what was asked for and what its data folder holds.
 *
 *   the folder holds   no number asked for          a number asked for
 *   no nodes           serve: none, app: three      as many, remembered from then on
 *   nodes              those                        0: none this time; more: the missing ones come to them; fewer: refused
 */
import path from 'node:path';

import { err, ok, type Result } from './base/result.ts';
import { defaultStorageSettings } from './config/storage-settings.ts';
import { freeClientPorts, LOCAL_HOST } from './local-ports.ts';
import { defaultDataFolder } from './platform/node/data-folder.ts';
import {
  type FoundNode,
  type NodePorts,
  readStorageFile,
  StorageFolder,
} from './storage-folder.ts';
import type { NodeStart } from './thread-messages.ts';

export interface StorageStart {
  readonly nodes: readonly NodeStart[];
  /** What the person should know of it, in words. */
  readonly notices: readonly string[];
}

const FIRST_PORTS: NodePorts = { clusterPort: 7001, proxyPort: 7101, peerPort: 7201 };
const PORT_NAMES = ['clusterPort', 'proxyPort', 'peerPort'] as const;

export async function startLocalStorage(options: {
  readonly dataDir: string;
  /** Null where nobody said. */
  readonly asked: number | null;
  /** What a folder without nodes begins with. */
  readonly usual: number;
  /** Where another program has the port of a node, the next one does. */
  readonly mayMovePorts: boolean;
}): Promise<Result<StorageStart, string>> {
  const { dataDir, asked, usual, mayMovePorts } = options;
  if (asked === 0) return ok({ nodes: [], notices: [] });
  const folder = new StorageFolder(dataDir);
  const found = folder.read();
  if (!found.ok) return found;
  const present = found.value.length;
  const wanted = asked ?? (present === 0 ? usual : present);
  if (wanted < present)
    return err(
      `${dataDir} holds ${present} storage nodes, not ${wanted}; they start without --storage, and none of them with --storage 0`,
    );
  if (wanted === present) return startFound(found.value, mayMovePorts);
  const ports = await portsOfNew({ count: wanted - present, present: found.value });
  folder.make({ first: nextNumber(found.value), ports, all: wanted });
  const made = folder.read();
  return made.ok ? startFound(made.value, false) : made;
}

/** `zabring storage` */
export function startStorageFile(configFile: string): Result<StorageStart, string> {
  const file = path.resolve(configFile);
  const read = readStorageFile(file, defaultStorageSettings(defaultDataFolder()));
  if (!read.ok) return read;
  const { settings } = read.value;
  if (settings.ensemble === null)
    return err(
      `${file}: ensemble is missing: the servers that coordinate the ring, host:port,host:port`,
    );
  return ok({ nodes: [{ settings }], notices: [] });
}

async function startFound(
  found: readonly FoundNode[],
  mayMovePorts: boolean,
): Promise<Result<StorageStart, string>> {
  const notices: string[] = [];
  const moved = found.map((): Partial<NodePorts> => ({}));
  for (const name of mayMovePorts ? PORT_NAMES : []) {
    const usual = found.map(({ settings }) => settings[name]);
    const ports = await freeClientPorts(usual, LOCAL_HOST);
    for (const [i, port] of ports.entries()) {
      if (port === usual[i]) continue;
      moved[i] = { ...moved[i], [name]: port };
      const { nodeId } = found[i]!.settings;
      notices.push(`another program has port ${usual[i]!}: ${name} of ${nodeId} is ${port}`);
    }
  }
  return ok({
    nodes: found.map(({ settings }, i) => ({ settings: { ...settings, ...moved[i] } })),
    notices,
  });
}

/** The first that are free, from the usual ones on or from those behind the others'. */
async function portsOfNew(parts: {
  readonly count: number;
  readonly present: readonly FoundNode[];
}): Promise<NodePorts[]> {
  const chosen = Array.from({ length: parts.count }, () => ({ ...FIRST_PORTS }));
  for (const name of PORT_NAMES) {
    const last = Math.max(
      FIRST_PORTS[name] - 1,
      ...parts.present.map(({ settings }) => settings[name]),
    );
    const wanted = chosen.map((_, i) => last + 1 + i);
    const ports = await freeClientPorts(wanted, LOCAL_HOST);
    for (const [i, port] of ports.entries()) chosen[i] = { ...chosen[i]!, [name]: port };
  }
  return chosen;
}

function nextNumber(found: readonly FoundNode[]): number {
  const numbers = found.map(({ settings }) => Number(settings.nodeId.slice('storage-'.length)));
  return Math.max(0, ...numbers) + 1;
}
