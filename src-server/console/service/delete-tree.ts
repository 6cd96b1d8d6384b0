/**
 * Deleting a node with everything below it: first looked through and shown, then carried out exactly as shown.
 *
 * Not one transaction, which a server would refuse above its request limit, but node by node, deepest first, each only in
 * the version and creation that was shown. Whatever changed since stops the work there.
 */
import { ApiError } from '#contract/errors.ts';
import type { DeletePlan } from '#contract/models.ts';

import type { Client } from '../../coordination/client/client.ts';
import { Code } from '../../coordination/model/codes.ts';
import type { Clock } from '../../platform/clock.ts';
import { isCode } from './explain.ts';
import { joinPath } from './node-views.ts';
import type { Progress } from './operations.ts';

/** Requests under way at once: quick, without being all a server does. */
const PARALLEL = 64;
const SAMPLE_MAX = 100;
/** The count so far is told at most so often. */
const TELL_MS = 100;

interface Planned {
  readonly path: string;
  readonly czxid: number;
  readonly version: number;
  readonly bytes: number;
  readonly isEphemeral: boolean;
}

interface PlannedNode {
  readonly cluster: string;
  readonly path: string;
}

interface CountListener extends PlannedNode {
  listener(nodes: number): void;
}

export interface PlanRequest extends PlannedNode {
  readonly client: Client;
  isCancelled(): boolean;
}

/** Plans that were shown and not carried out yet. */
export class DeletePlans {
  readonly #plans = new Map<string, readonly Planned[]>();
  readonly #listeners = new Set<CountListener>();
  readonly #clock: Clock;
  readonly #newToken: () => string;

  constructor(parts: { readonly clock: Clock; readonly newToken: () => string }) {
    this.#clock = parts.clock;
    this.#newToken = parts.newToken;
  }

  async plan(request: PlanRequest): Promise<DeletePlan> {
    const { path } = request;
    if (path === '/') throw new ApiError('bad-request', 'the root cannot be deleted');
    let toldMs = -Infinity;
    const nodes = await walk(request, (count) => {
      const nowMs = this.#clock.nowMs();
      if (nowMs - toldMs < TELL_MS) return;
      toldMs = nowMs;
      this.#tell(request, count);
    });
    // The list is breadth first, so that turned round children come before their parents.
    nodes.reverse();
    const token = this.#newToken();
    this.#plans.clear();
    this.#plans.set(token, nodes);
    return {
      path,
      nodes: nodes.length,
      bytes: nodes.reduce((sum, { bytes }) => sum + bytes, 0),
      ephemerals: nodes.filter(({ isEphemeral }) => isEphemeral).length,
      sample: nodes.slice(0, SAMPLE_MAX).map((node) => node.path),
      token,
    };
  }

  /** Tells how many nodes were found so far, while somebody plans to delete this one. */
  onCount(node: PlannedNode, listener: (nodes: number) => void): () => void {
    const counting = { ...node, listener };
    this.#listeners.add(counting);
    return () => this.#listeners.delete(counting);
  }

  #tell({ cluster, path }: PlannedNode, nodes: number): void {
    for (const counting of [...this.#listeners]) {
      if (counting.cluster === cluster && counting.path === path) counting.listener(nodes);
    }
  }

  /** Takes a plan to be carried out. @throws ApiError plan-outdated */
  take(token: string, path: string): readonly Planned[] {
    const nodes = this.#plans.get(token);
    this.#plans.delete(token);
    if (nodes?.at(-1)?.path !== path)
      throw new ApiError('plan-outdated', 'this plan is not the last one that was shown');
    return nodes;
  }
}

export async function carryOut(
  client: Client,
  nodes: readonly Planned[],
  progress: Progress,
): Promise<void> {
  let done = 0;
  progress.advance(0, nodes.length);
  for (let from = 0; from < nodes.length;) {
    const batch = sameDepth(nodes, from);
    await Promise.all(batch.map((node) => deleteOne(client, node)));
    from += batch.length;
    done += batch.length;
    progress.advance(done, nodes.length);
  }
}

/** Nodes of one depth can go in any order; the next depth must wait for them. */
function sameDepth(nodes: readonly Planned[], from: number): readonly Planned[] {
  const depth = depthOf(nodes[from]!.path);
  let to = from + 1;
  while (to < nodes.length && to - from < PARALLEL && depthOf(nodes[to]!.path) === depth) to++;
  return nodes.slice(from, to);
}

async function deleteOne(client: Client, node: Planned): Promise<void> {
  try {
    // The version guards against a change; a node made anew at the same version is told by its creation.
    const [stat] = await Promise.all([client.exists(node.path)]);
    if (stat === null) return;
    if (stat.czxid !== node.czxid) throw changed(node.path, 'was deleted and made anew');
    await client.delete(node.path, node.version);
  } catch (error) {
    if (isCode(error, Code.NO_NODE)) return;
    if (isCode(error, Code.BAD_VERSION)) throw changed(node.path, 'was changed');
    if (isCode(error, Code.NOT_EMPTY)) throw changed(node.path, 'has got new children');
    throw error;
  }
}

function changed(path: string, what: string): ApiError {
  return new ApiError('plan-outdated', `${path} ${what} since the plan was shown`);
}

async function walk(
  { client, path: top, isCancelled }: PlanRequest,
  onCount: (nodes: number) => void,
): Promise<Planned[]> {
  const found: Planned[] = [];
  let level = [top];
  while (level.length > 0) {
    const below: string[] = [];
    for (let from = 0; from < level.length; from += PARALLEL) {
      if (isCancelled()) throw new ApiError('cancelled', 'looking through the tree was cancelled');
      const batch = level.slice(from, from + PARALLEL);
      const nodes = await Promise.all(batch.map((path) => look(client, path)));
      for (const node of nodes) {
        if (node === null) continue;
        found.push(node.planned);
        for (const name of node.names) below.push(joinPath(node.planned.path, name));
      }
      onCount(found.length);
    }
    level = below;
  }
  if (found.length === 0) throw new ApiError('no-node', `there is no node ${top}`);
  return found;
}

async function look(
  client: Client,
  path: string,
): Promise<{ planned: Planned; names: string[] } | null> {
  try {
    const { names, stat } = await client.getChildren(path);
    const { czxid, version, dataLength, ephemeralOwner } = stat;
    return {
      planned: { path, czxid, version, bytes: dataLength, isEphemeral: ephemeralOwner !== 0n },
      names,
    };
  } catch (error) {
    if (isCode(error, Code.NO_NODE)) return null;
    throw error;
  }
}

function depthOf(path: string): number {
  let depth = 0;
  for (const char of path) if (char === '/') depth++;
  return depth;
}
