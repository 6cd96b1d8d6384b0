/** A node about to be created, judged as the server will judge it, so that what is wrong is said before anything is sent. */
import type { AclEntry, CreateMode, Stat } from '#contract/models.ts';

import { type AclProblem, aclProblem } from './acl.ts';
import { type PathProblem, pathProblem } from './paths.ts';

export const CREATE_MODES: readonly CreateMode[] = [
  'persistent',
  'ephemeral',
  'persistent-sequential',
  'ephemeral-sequential',
  'container',
  'persistent-ttl',
  'persistent-sequential-ttl',
];

export function isSequential(mode: CreateMode): boolean {
  return mode.includes('sequential');
}

export function isEphemeral(mode: CreateMode): boolean {
  return mode.startsWith('ephemeral');
}

export function hasTtl(mode: CreateMode): boolean {
  return mode.endsWith('ttl');
}

/** 2^40 − 1 ms: what fits beside the mark of a TTL node. */
export const TTL_MS_MAX = 0xff_ffff_ffff;
/** Of the largest request servers take unless told otherwise, what is left for a value. */
export const VALUE_BYTES_MAX = 0xf_ffff - 1024;

export const TTL_UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export type TtlUnit = keyof typeof TTL_UNITS;

export interface NewNode {
  readonly path: string;
  readonly mode: CreateMode;
  /** Null where the mode has none, NaN for what is no number. */
  readonly ttlMs: number | null;
  readonly acl: readonly AclEntry[];
  readonly dataLength: number;
}

export interface NewNodeProblems {
  readonly path: PathProblem | 'no-name' | null;
  readonly ttl: 'not-positive' | 'too-long' | null;
  readonly acl: AclProblem | null;
  readonly data: 'too-large' | null;
}

export function newNodeProblems(node: NewNode, hasIdentity: boolean): NewNodeProblems {
  return {
    path: nodePathProblem(node),
    ttl: ttlProblem(node),
    acl: aclProblem(node.acl, hasIdentity),
    data: node.dataLength > VALUE_BYTES_MAX ? 'too-large' : null,
  };
}

export function isFlawless(problems: NewNodeProblems): boolean {
  return Object.values(problems).every((problem) => problem === null);
}

function nodePathProblem({ path, mode }: NewNode): NewNodeProblems['path'] {
  // A sequential node may be all number: its name is judged with the digits that will stand behind it.
  const problem = pathProblem(isSequential(mode) ? `${path}0000000000` : path);
  if (problem !== null)
    return path.endsWith('/') && problem === 'trailing-slash' ? 'no-name' : problem;
  return path === '/' && !isSequential(mode) ? 'is-root' : null;
}

function ttlProblem({ mode, ttlMs }: NewNode): NewNodeProblems['ttl'] {
  if (!hasTtl(mode)) return null;
  if (ttlMs === null || !(ttlMs >= 1)) return 'not-positive';
  return ttlMs > TTL_MS_MAX ? 'too-long' : null;
}

/**
 * The number the next sequential child gets, if nobody is quicker: how many children were ever created. Clients see that
 * mixed with deletions, as creations · 2 − children.
 */
export function nextSequence(parent: Pick<Stat, 'cversion' | 'numChildren'>): string {
  const created = (parent.cversion + parent.numChildren) / 2;
  return String(Math.max(0, Math.floor(created))).padStart(10, '0');
}
