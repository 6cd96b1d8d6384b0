/**
 * Who a node's folder belongs to, in `node.json` beside its log: a folder is one node's of one ring, for good, and counts the
 * starts made from it. Whoever finds somebody else's data in its folder must not take part with it.
 *
 * The folder has a name of its own, `clusterId`, by which the ring knows a disk again: a node that comes with another one has
 * lost what it held. So a folder whose log is gone, or has lost something, gets another name.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { Disk } from '../platform/disk.ts';
import { readWhole, writeWhole } from '../platform/disk.ts';
import type { Entropy } from '../platform/entropy.ts';

export interface Identity {
  readonly nodeId: string;
  /** Forty hexadecimal digits, as clients of Redis Cluster know nodes. */
  readonly clusterId: string;
  /** Null until the ring is known. */
  readonly ringId: string | null;
  /** Number of this start. */
  readonly incarnation: number;
}

const FILE = 'node.json';
const CLUSTER_ID_BYTES = 20;

/**
 * Counts this start: on return it is on the disk.
 * @param isLogGone whether there should be a log beside it, and is none @returns or why the folder cannot be this node's
 */
export function beginIncarnation(parts: {
  readonly disk: Disk;
  readonly entropy: Entropy;
  readonly directory: string;
  readonly nodeId: string;
  readonly isLogGone: boolean;
}): Result<Identity, string> {
  const { disk, entropy, directory, nodeId, isLogGone } = parts;
  disk.makeDirectory(directory);
  const file = disk.join(directory, FILE);
  const bytes = readWhole(disk, file);
  const before = bytes === null ? null : parse(bytes.toString('utf8'));
  if (bytes !== null && before === null)
    return err(`${file} cannot be understood: nobody can say whose data lies beside it`);
  if (before !== null && before.nodeId !== nodeId)
    return err(`${directory} holds the data of node ${before.nodeId}, and this one is ${nodeId}`);
  const clusterId = before === null || isLogGone ? newName(entropy) : before.clusterId;
  const { ringId, incarnation } = before ?? { ringId: null, incarnation: 0 };
  const identity = { nodeId, clusterId, ringId, incarnation: incarnation + 1 };
  keep(disk, directory, identity);
  return ok(identity);
}

/** The log has lost something, and nobody knows what. */
export function renameFolder(parts: {
  readonly disk: Disk;
  readonly entropy: Entropy;
  readonly directory: string;
  readonly identity: Identity;
}): Identity {
  const identity = { ...parts.identity, clusterId: newName(parts.entropy) };
  keep(parts.disk, parts.directory, identity);
  return identity;
}

/** The ring knows of starts of this node from a folder that is no more: those of this one are later. */
export function outcount(parts: {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: Identity;
  readonly incarnation: number;
}): Identity {
  const identity = { ...parts.identity, incarnation: parts.incarnation + 1 };
  keep(parts.disk, parts.directory, identity);
  return identity;
}

/** From now on the folder is of this ring. */
export function joinRing(parts: {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: Identity;
  readonly ringId: string;
}): Identity {
  const identity = { ...parts.identity, ringId: parts.ringId };
  keep(parts.disk, parts.directory, identity);
  return identity;
}

function keep(disk: Disk, directory: string, identity: Identity): void {
  writeWhole(disk, directory, FILE, Buffer.from(`${JSON.stringify(identity)}\n`));
}

function parse(text: string): Identity | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { nodeId, clusterId, ringId, incarnation } = value as Record<string, unknown>;
  const isWhole =
    typeof nodeId === 'string' &&
    typeof clusterId === 'string' &&
    /^[0-9a-f]{40}$/.test(clusterId) &&
    (ringId === null || typeof ringId === 'string') &&
    typeof incarnation === 'number' &&
    Number.isSafeInteger(incarnation);
  return isWhole ? { nodeId, clusterId, ringId, incarnation } : null;
}

function newName(entropy: Entropy): string {
  return Buffer.from(entropy.bytes(CLUSTER_ID_BYTES)).toString('hex');
}
