/** Nodes as the console shows them, from what the client reads. */
import type { AclEntry, NodeKind, Stat } from '#contract/models.ts';

import { sessionHex } from '../../base/ids.ts';
import type { Acl } from '../../coordination/model/acl.ts';
import type { Stat as ClientStat } from '../../coordination/model/stat.ts';
import type { NodeNature } from './local-ensemble.ts';

export function statView(stat: ClientStat): Stat {
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: stat.ephemeralOwner === 0n ? null : sessionHex(stat.ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
}

export function aclView(acl: Acl): AclEntry[] {
  return acl.map(({ scheme, id, permissions }) => ({
    scheme: scheme ?? '',
    id: id ?? '',
    permissions,
  }));
}

/** Only ephemerals show themselves to clients; of the rest, the local ensemble tells what they are. */
export function kindOf(stat: ClientStat, nature: NodeNature | null): NodeKind {
  if (stat.ephemeralOwner !== 0n) return 'ephemeral';
  return nature?.kind ?? 'unknown';
}

/** Sequential nodes are known by their name alone: ten digits at the end. */
export function isSequentialName(name: string): boolean {
  return /[0-9]{10}$/.test(name);
}

export function joinPath(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

export function parentPath(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function baseName(path: string): string {
  return path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
}
