/** What has to be staged for a ring to be as a layout file says; nothing where it is. */
import { layoutOf, type RingConfig } from '../control/ring-config.ts';
import type { RingView } from '../control/view.ts';
import { type Edit, editedLayout } from '../ring/edits.ts';
import type { Layout } from '../ring/layout.ts';
import { type FileNode, type LayoutFile, plainNode } from '../ring/layout-file.ts';
import { type Tokens, tokensOf } from '../ring/tokens.ts';
import { type NodeId, nodeOf, type RingNode } from '../ring/topology.ts';
import { describedNode } from './ring-now.ts';

export interface FileGrounds {
  readonly layout: Layout;
  /** Nodes that are out stand in the layout without weight: what they weigh once they are back. */
  readonly weightOfOut: (id: NodeId) => number | null;
  /** What a node that is new to the ring says of itself; null where nobody heard of it. */
  readonly described: (id: NodeId) => RingNode | null;
}

/** Of the ring as the ensemble tells of it. */
export function fileGroundsOf(view: RingView, config: RingConfig): FileGrounds {
  return {
    layout: layoutOf(config),
    weightOfOut: (id) =>
      config.out.includes(id)
        ? (config.nodes.find((node) => node.id === id)?.weight ?? null)
        : null,
    described: (id) => describedNode(view, id),
  };
}

export function editsToward(file: LayoutFile, grounds: FileGrounds): Edit[] {
  const { layout } = grounds;
  const edits: Edit[] = settingsOf(file, layout);
  const { nodes } = layout.topology;
  const kept = new Set(file.nodes.map(({ id }) => id));
  // Who comes is there before anybody leaves, so that at no moment there is nobody.
  for (const wanted of file.nodes) {
    const known = nodeOf(layout.topology, wanted.id);
    if (known === null) edits.push({ kind: 'addNode', node: newNode(wanted, grounds) });
    else edits.push(...changesOf(known, wanted, grounds.weightOfOut(wanted.id)));
  }
  for (const { id } of nodes) if (!kept.has(id)) edits.push({ kind: 'removeNode', id });
  if (file.tokens === null) return edits;
  const then = editedLayout(layout, edits).layout;
  return then.strategy === 'tokens' ? [...edits, ...tokenEdits(then.tokens, file.tokens)] : edits;
}

function settingsOf(file: LayoutFile, layout: Layout): Edit[] {
  const { strategy, partitionCount, replicaCount, overloadPercent, tokensPerNode, leaders } = file;
  const edits: Edit[] = [];
  if (strategy !== null && strategy !== layout.strategy)
    edits.push({ kind: 'setStrategy', strategy });
  if (partitionCount !== null && partitionCount !== layout.partitionCount)
    edits.push({ kind: 'setPartitions', partitionCount });
  if (replicaCount !== null && replicaCount !== layout.replicaCount)
    edits.push({ kind: 'setReplicas', replicaCount });
  if (overloadPercent !== undefined && overloadPercent !== layout.overloadPercent)
    edits.push({ kind: 'setOverload', overloadPercent });
  if (tokensPerNode !== null && tokensPerNode !== layout.tokensPerNode)
    edits.push({ kind: 'setTokensPerNode', tokensPerNode });
  if (leaders !== null && leaders !== layout.leaders) edits.push({ kind: 'setLeaders', leaders });
  return edits;
}

function newNode(wanted: FileNode, { described }: FileGrounds): RingNode {
  return { ...(described(wanted.id) ?? plainNode(wanted.id)), ...wanted };
}

function changesOf(known: RingNode, wanted: FileNode, weightOfOut: number | null): Edit[] {
  const { id } = known;
  const { region, zone, host, weight, capBytes } = { ...known, ...wanted };
  const edits: Edit[] = [];
  if (region !== known.region || zone !== known.zone || host !== known.host)
    edits.push({ kind: 'setPlace', id, region, zone, host });
  if (weight !== known.weight && weight !== weightOfOut)
    edits.push(weight === 0 ? { kind: 'drainNode', id } : { kind: 'setWeight', id, weight });
  if (capBytes !== known.capBytes) edits.push({ kind: 'setCap', id, capBytes });
  return edits;
}

/** Tokens of one node move as far as they go; only what is too few or too many comes and goes. */
function tokenEdits(now: Tokens, wanted: Tokens): Edit[] {
  const moves: EditOf<'moveToken'>[] = [];
  const additions: EditOf<'addToken'>[] = [];
  const removals: EditOf<'removeToken'>[] = [];
  const positions = new Set(now.map(({ position }) => position));
  for (const node of new Set([...now, ...wanted].map((token) => token.node))) {
    const keys = (tokens: Tokens): Set<number> =>
      new Set(tokensOf(tokens, node).map(({ position }) => position));
    const [has, wants] = [keys(now), keys(wanted)];
    const leaving = [...has].filter((position) => !wants.has(position));
    const coming = [...wants].filter((position) => !has.has(position));
    while (leaving.length > 0 && coming.length > 0) {
      const [from, to] = [leaving.pop()!, coming.pop()!];
      // Where another token is in the way, both leave their places first.
      if (positions.has(to)) {
        removals.push({ kind: 'removeToken', position: from });
        additions.push({ kind: 'addToken', id: node, position: to });
      } else {
        moves.push({ kind: 'moveToken', from, to });
        positions.add(to);
      }
    }
    for (const position of leaving) removals.push({ kind: 'removeToken', position });
    for (const position of coming) additions.push({ kind: 'addToken', id: node, position });
  }
  return inOrder({ moves, additions, removals });
}

/**
 * Additions onto free places come first, so that somebody always has a token; onto others right behind whoever makes room.
 */
function inOrder({ moves, additions, removals }: TokenEdits): Edit[] {
  const leaving = new Set(removals.map(({ position }) => position));
  const blocked = new Map(additions.map((addition) => [addition.position, addition]));
  const free = additions.filter(({ position }) => !leaving.has(position));
  const exchanged = removals.flatMap((removal): Edit[] => {
    const addition = blocked.get(removal.position);
    return addition === undefined ? [removal] : [removal, addition];
  });
  return [...moves, ...free, ...exchanged];
}

type EditOf<K extends Edit['kind']> = Extract<Edit, { kind: K }>;

interface TokenEdits {
  readonly moves: readonly EditOf<'moveToken'>[];
  readonly additions: readonly EditOf<'addToken'>[];
  readonly removals: readonly EditOf<'removeToken'>[];
}
