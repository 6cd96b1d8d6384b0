/**
 * Edits of a layout, as an operator stages them: a list that can be reordered, in which each edit is tried on what those before
 * it left. An edit that cannot be done changes nothing and says why.
 */
import { assert } from '../../base/assert.ts';
import type { Result } from '../../base/result.ts';
import { type Layout, type Strategy, withStrategy } from './layout.ts';
import { isPartitionCount } from './slots.ts';
import { MAX_REPLICAS, type RingTable, tableOver } from './table.ts';
import {
  addToken,
  MAX_TOKENS_PER_NODE,
  moveToken,
  removeToken,
  type TokenFault,
  type Tokens,
  withoutTokensOf,
  withTokensOf,
} from './tokens.ts';
import {
  faultsOf,
  holdersOf,
  type NodeId,
  nodeOf,
  type RingNode,
  type TopologyFault,
  topologyOf,
} from './topology.ts';

export type Edit =
  | { readonly kind: 'addNode'; readonly node: RingNode }
  /** It stays a member and holds nothing any more. */
  | { readonly kind: 'drainNode'; readonly id: NodeId }
  | { readonly kind: 'removeNode'; readonly id: NodeId }
  /** A new node that takes over everything of an old one. */
  | { readonly kind: 'replaceNode'; readonly id: NodeId; readonly by: RingNode }
  | { readonly kind: 'setWeight'; readonly id: NodeId; readonly weight: number }
  | { readonly kind: 'setCap'; readonly id: NodeId; readonly capBytes: number | null }
  | {
      readonly kind: 'setPlace';
      readonly id: NodeId;
      readonly region: string;
      readonly zone: string;
      readonly host: string;
    }
  | { readonly kind: 'setReplicas'; readonly replicaCount: number }
  | { readonly kind: 'setPartitions'; readonly partitionCount: number }
  | { readonly kind: 'setOverload'; readonly overloadPercent: number | null }
  | { readonly kind: 'setStrategy'; readonly strategy: Strategy }
  | { readonly kind: 'setTokensPerNode'; readonly tokensPerNode: number }
  | { readonly kind: 'setLeaders'; readonly leaders: Layout['leaders'] }
  | { readonly kind: 'addToken'; readonly id: NodeId; readonly position: number }
  | { readonly kind: 'moveToken'; readonly from: number; readonly to: number }
  | { readonly kind: 'removeToken'; readonly position: number };

export type EditFault =
  | TopologyFault
  | TokenFault
  | { readonly kind: 'noNode'; readonly id: NodeId }
  /** Somebody must hold the data. */
  | { readonly kind: 'nobodyLeft' }
  | { readonly kind: 'outOfRange'; readonly least: number; readonly most: number }
  | { readonly kind: 'notAPowerOfTwo' }
  /** Tokens are edited under the strategy `tokens` only. */
  | { readonly kind: 'noTokens' };

export interface Edited {
  readonly layout: Layout;
  /** For each edit why it could not be done; null where it was. */
  readonly faults: readonly (EditFault | null)[];
  /** Which node takes over from which, in the order of the edits. */
  readonly heirs: readonly { readonly of: NodeId; readonly by: NodeId }[];
}

export function editedLayout(layout: Layout, edits: readonly Edit[]): Edited {
  let current = layout;
  const faults: (EditFault | null)[] = [];
  const heirs: { of: NodeId; by: NodeId }[] = [];
  for (const edit of edits) {
    const result = editOne(current, edit);
    if ('fault' in result) {
      faults.push(result.fault);
      continue;
    }
    faults.push(null);
    current = result.layout;
    if (edit.kind === 'replaceNode') heirs.push({ of: edit.id, by: edit.by.id });
  }
  return { layout: current, faults, heirs };
}

/** The table as if heirs held what they take over: whoever places from there leaves it with them. */
export function inheritedTable(table: RingTable, heirs: Edited['heirs']): RingTable {
  return heirs.reduce((before, { of, by }) => {
    const nodeIds = before.nodeIds.map((id) => (id === of ? by : id));
    const renamed = { ...before, nodeIds };
    return tableOver(renamed, [...new Set(nodeIds)].sort());
  }, table);
}

type Step = { readonly layout: Layout } | { readonly fault: EditFault };

function editOne(layout: Layout, edit: Edit): Step {
  switch (edit.kind) {
    case 'addNode':
      return withNodes(layout, [...layout.topology.nodes, edit.node], (tokens) =>
        withTokensOf(tokens, edit.node, layout.tokensPerNode),
      );
    case 'removeNode':
      return onNode(layout, edit.id, (node) =>
        withNodes(
          layout,
          layout.topology.nodes.filter((other) => other !== node),
          (tokens) => withoutTokensOf(tokens, node.id),
        ),
      );
    case 'replaceNode':
      return onNode(layout, edit.id, (node) =>
        withNodes(
          layout,
          layout.topology.nodes.map((other) => (other === node ? edit.by : other)),
          (tokens) => {
            const taken = tokens.map((token) =>
              token.node === edit.id ? { ...token, node: edit.by.id } : token,
            );
            return withTokensOf(taken, edit.by, layout.tokensPerNode);
          },
        ),
      );
    case 'drainNode':
      return changeNode(layout, edit.id, { weight: 0 });
    case 'setWeight':
      return changeNode(layout, edit.id, { weight: edit.weight });
    case 'setCap':
      return changeNode(layout, edit.id, { capBytes: edit.capBytes });
    case 'setPlace': {
      const { region, zone, host } = edit;
      return changeNode(layout, edit.id, { region, zone, host });
    }
    case 'setReplicas':
      return withNumber(layout, { replicaCount: edit.replicaCount }, edit.replicaCount, {
        least: 1,
        most: MAX_REPLICAS,
      });
    case 'setPartitions': {
      const { partitionCount } = edit;
      if (!isPartitionCount(partitionCount)) return { fault: { kind: 'notAPowerOfTwo' } };
      return { layout: { ...layout, partitionCount } };
    }
    case 'setOverload': {
      const { overloadPercent } = edit;
      const isFine = overloadPercent === null || (overloadPercent >= 0 && overloadPercent <= 1000);
      if (!isFine) return { fault: { kind: 'outOfRange', least: 0, most: 1000 } };
      return { layout: { ...layout, overloadPercent } };
    }
    case 'setStrategy':
      return { layout: withStrategy(layout, edit.strategy) };
    case 'setTokensPerNode': {
      const { tokensPerNode } = edit;
      const step = withNumber(layout, { tokensPerNode }, tokensPerNode, {
        least: 1,
        most: MAX_TOKENS_PER_NODE,
      });
      if ('fault' in step || layout.strategy === 'balanced') return step;
      const tokens = layout.topology.nodes.reduce<Tokens>(
        (dealt, node) => withTokensOf(dealt, node, tokensPerNode),
        layout.tokens,
      );
      return { layout: { ...step.layout, tokens } };
    }
    case 'setLeaders':
      return { layout: { ...layout, leaders: edit.leaders } };
    case 'addToken':
      return onNode(layout, edit.id, () =>
        withTokens(layout, addToken(layout.tokens, { position: edit.position, node: edit.id })),
      );
    case 'moveToken':
      return withTokens(layout, moveToken(layout.tokens, edit));
    case 'removeToken':
      return withTokens(layout, removeToken(layout.tokens, edit.position));
  }
}

function onNode(layout: Layout, id: NodeId, edit: (node: RingNode) => Step): Step {
  const node = nodeOf(layout.topology, id);
  return node === null ? { fault: { kind: 'noNode', id } } : edit(node);
}

function changeNode(layout: Layout, id: NodeId, change: Partial<RingNode>): Step {
  return onNode(layout, id, (node) => {
    const changed = { ...node, ...change };
    assert(changed.id === id, 'a node keeps its name');
    return withNodes(
      layout,
      layout.topology.nodes.map((other) => (other === node ? changed : other)),
      (tokens) =>
        changed.weight === node.weight
          ? tokens
          : withTokensOf(tokens, changed, layout.tokensPerNode),
    );
  });
}

function withNodes(
  layout: Layout,
  nodes: readonly RingNode[],
  tokensOf: (tokens: Tokens) => Tokens,
): Step {
  const fault = faultsOf(nodes)[0];
  if (fault !== undefined) return { fault };
  const topology = topologyOf(nodes);
  if (holdersOf(topology).length === 0) return { fault: { kind: 'nobodyLeft' } };
  const tokens = layout.strategy === 'tokens' ? tokensOf(layout.tokens) : layout.tokens;
  if (layout.strategy === 'tokens' && tokens.length === 0) return { fault: { kind: 'nobodyLeft' } };
  return { layout: { ...layout, topology, tokens } };
}

function withTokens(layout: Layout, result: Result<Tokens, TokenFault>): Step {
  if (layout.strategy === 'balanced') return { fault: { kind: 'noTokens' } };
  if (!result.ok) return { fault: result.error };
  if (result.value.length === 0) return { fault: { kind: 'nobodyLeft' } };
  return { layout: { ...layout, tokens: result.value } };
}

function withNumber(
  layout: Layout,
  change: Partial<Layout>,
  value: number,
  range: { readonly least: number; readonly most: number },
): Step {
  if (!Number.isInteger(value) || value < range.least || value > range.most) {
    return { fault: { kind: 'outOfRange', ...range } };
  }
  return { layout: { ...layout, ...change } };
}
