/** Single nodes: opening, following, creating, saving and deleting, each write guarded against somebody else's. */
import { ApiError } from '#contract/errors.ts';
import type {
  AclEntry,
  CreateMode,
  SaveResult,
  Stat,
  Znode,
  ZnodeEvent,
} from '#contract/models.ts';

import { type Client, type CreateOptions } from '../../coordination/client/client.ts';
import type { Acl } from '../../coordination/model/acl.ts';
import { Code } from '../../coordination/model/codes.ts';
import type { Live } from './connected-cluster.ts';
import { explainAnything, isCode } from './explain.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import { aclView, baseName, joinPath, kindOf, parentPath, statView } from './node-views.ts';

const COMPLETIONS_MAX = 50;

export interface NewNode {
  readonly path: string;
  readonly mode: CreateMode;
  readonly data: Uint8Array | null;
  readonly acl: readonly AclEntry[];
  readonly ttlMs: number | null;
  readonly withParents: boolean;
}

export interface Save {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly version: number;
  readonly czxid: number;
}

/** @param local set for the local ensemble */
export async function getZnode(
  client: Client,
  path: string,
  local: LocalEnsemble | null,
): Promise<Znode> {
  const [found, acl] = await Promise.all([
    client.getData(path).catch((error: unknown) => {
      if (isCode(error, Code.NO_AUTH)) return null;
      throw error;
    }),
    client.getAcl(path).catch((error: unknown) => {
      if (isCode(error, Code.NO_AUTH)) return null;
      throw error;
    }),
  ]);
  const stat = found?.stat ?? acl?.stat;
  if (stat === undefined)
    throw new ApiError(
      'no-auth',
      `${path} may neither be read nor administered with this identity`,
    );
  const natures = await local?.natures([path], client.lastZxid).catch(() => null);
  const nature = natures?.[0] ?? null;
  return {
    path,
    stat: statView(stat),
    kind: kindOf(stat, nature),
    ttlMs: nature?.ttlMs ?? null,
    data: found?.data ?? null,
    dataRefused: found === null,
    acl: acl === null ? null : aclView(acl.acl),
  };
}

/** Sends what the node is now and after every change. */
export function followZnode(
  live: Live,
  path: string,
  local: LocalEnsemble | null,
  send: (event: ZnodeEvent) => void,
): () => void {
  let isOpen = true;
  let isReading = false;
  let isStale = false;
  const read = async (): Promise<void> => {
    if (isReading) {
      isStale = true;
      return;
    }
    isReading = true;
    const event = await getZnode(live.client, path, local).then(
      (znode): ZnodeEvent => ({ kind: 'present', znode }),
      (error: unknown): ZnodeEvent => {
        if (isCode(error, Code.NO_NODE)) return { kind: 'gone' };
        const { code, message } = explainAnything(error);
        return { kind: 'unknown', code, why: message };
      },
    );
    isReading = false;
    if (!isOpen) return;
    send(event);
    if (!isStale) return;
    isStale = false;
    await read();
  };
  const stop = live.hub.watch(path, () => void read());
  void read();
  return () => {
    isOpen = false;
    stop();
  };
}

/** Paths that begin so, in order. */
export async function completePath(client: Client, prefix: string): Promise<string[]> {
  if (!prefix.startsWith('/')) return ['/'];
  const directory = prefix === '/' ? '/' : parentPath(prefix);
  const beginning = prefix === '/' ? '' : baseName(prefix);
  try {
    const { names } = await client.getChildren(directory);
    return names
      .filter((name) => name.startsWith(beginning))
      .sort()
      .slice(0, COMPLETIONS_MAX)
      .map((name) => joinPath(directory, name));
  } catch (error) {
    if (isCode(error, Code.NO_NODE, Code.NO_AUTH)) return [];
    throw error;
  }
}

export async function createZnode(
  client: Client,
  node: NewNode,
): Promise<{ path: string; stat: Stat }> {
  const acl = toAcl(node.acl);
  if (node.withParents) await createParents(client, parentPath(node.path), acl);
  const options: CreateOptions = {
    mode: node.mode,
    acl,
    ...(node.ttlMs === null ? {} : { ttlMs: node.ttlMs }),
  };
  const { path, stat } = await client.create(node.path, node.data, options);
  return { path, stat: statView(stat) };
}

async function createParents(client: Client, path: string, acl: Acl): Promise<void> {
  if (path === '/' || (await client.exists(path)) !== null) return;
  await createParents(client, parentPath(path), acl);
  await client.create(path, null, { acl }).catch((error: unknown) => {
    if (!isCode(error, Code.NODE_EXISTS)) throw error;
  });
}

/**
 * Saves onto the very node and version that was opened: the protocol compares the version, and since a node deleted and made
 * anew starts its versions over, its creation is compared here.
 *
 * Read and write go out together, the read ahead: should the node have been made anew in the instant after it was looked at,
 * what was overwritten is known and put back.
 */
export async function saveZnode(
  client: Client,
  save: Save,
  local: LocalEnsemble | null,
): Promise<SaveResult> {
  const { path, data, version, czxid } = save;
  const before = await client.exists(path);
  if (before === null) return { kind: 'gone' };
  if (before.czxid !== czxid || before.version !== version) {
    return { kind: 'conflict', theirs: await getZnode(client, path, local) };
  }
  const [read, written] = await Promise.allSettled([
    client.getData(path),
    client.setData(path, data, version),
  ]);
  if (written.status === 'rejected') {
    if (isCode(written.reason, Code.NO_NODE)) return { kind: 'gone' };
    if (!isCode(written.reason, Code.BAD_VERSION)) throw written.reason;
    return { kind: 'conflict', theirs: await getZnode(client, path, local) };
  }
  if (written.value.czxid === czxid) return { kind: 'saved', stat: statView(written.value) };
  if (read.status === 'fulfilled' && read.value.stat.czxid === written.value.czxid) {
    await client.setData(path, read.value.data, written.value.version);
  }
  return { kind: 'conflict', theirs: await getZnode(client, path, local) };
}

/** Deletes one node of this version and creation. */
export async function deleteZnode(
  client: Client,
  node: { readonly path: string; readonly version: number; readonly czxid: number },
  local: LocalEnsemble | null,
): Promise<SaveResult> {
  const before = await client.exists(node.path);
  if (before === null) return { kind: 'gone' };
  if (before.czxid !== node.czxid)
    return { kind: 'conflict', theirs: await getZnode(client, node.path, local) };
  try {
    await client.delete(node.path, node.version);
    return { kind: 'saved', stat: statView(before) };
  } catch (error) {
    if (isCode(error, Code.NO_NODE)) return { kind: 'gone' };
    if (!isCode(error, Code.BAD_VERSION)) throw error;
    return { kind: 'conflict', theirs: await getZnode(client, node.path, local) };
  }
}

export async function setZnodeAcl(
  client: Client,
  change: { readonly path: string; readonly acl: readonly AclEntry[]; readonly aclVersion: number },
): Promise<{ stat: Stat }> {
  return { stat: statView(await client.setAcl(change.path, toAcl(change.acl), change.aclVersion)) };
}

function toAcl(entries: readonly AclEntry[]): Acl {
  return entries.map(({ scheme, id, permissions }) => ({ scheme, id, permissions }));
}
