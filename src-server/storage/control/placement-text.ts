/**
 * A placement as fields of a record: who belongs to a ring, what an operator decided about it, and the table that came of that.
 * The wanted one stands in the ring's configuration, those of a rebalance in its record.
 */
import { DEFAULT_LAYOUT, type Layout } from '../ring/layout.ts';
import type { RingTable } from '../ring/table.ts';
import { tableOfText, tableText } from '../ring/table-text.ts';
import { CIRCLE, MAX_TOKENS_PER_NODE, type Tokens } from '../ring/tokens.ts';
import { faultsOf, type NodeId, type RingNode } from '../ring/topology.ts';
import type { Fields } from './fields.ts';
import { readRingNode } from './records.ts';

/** Ten bytes for each, in a znode of a megabyte with a table beside them. */
const TOKENS_MAX = 60_000;

export interface Placement {
  /** Who belongs to the ring, as placement was last told; sorted by id. */
  readonly nodes: readonly RingNode[];
  /** Of these, those that are dead and hold nothing in the table; they come back by themselves. */
  readonly out: readonly NodeId[];
  /** Copies that must have a write before it is acknowledged. */
  readonly minInSync: number;
  readonly strategy: Layout['strategy'];
  /** How much more than its share a node takes so that rules are kept; null for whatever it takes. */
  readonly overloadPercent: number | null;
  readonly tokensPerNode: number;
  /** Who leads where the strategy is `tokens`. */
  readonly leaders: Layout['leaders'];
  readonly table: RingTable;
  /** What the table is made of where the strategy is `tokens`; null for any other. */
  readonly tokens: Tokens | null;
}

/** The layout a ring has of which nothing else is known. */
export const DEFAULT_CHOICES: Pick<Placement, 'overloadPercent' | 'tokensPerNode' | 'leaders'> = {
  overloadPercent: DEFAULT_LAYOUT.overloadPercent,
  tokensPerNode: DEFAULT_LAYOUT.tokensPerNode,
  leaders: DEFAULT_LAYOUT.leaders,
};

/** Only what a placement is made of, of something that has one. */
export function placementOf(placement: Placement): Placement {
  const { nodes, out, minInSync, strategy, overloadPercent } = placement;
  const { tokensPerNode, leaders, table, tokens } = placement;
  const choices = { minInSync, strategy, overloadPercent, tokensPerNode, leaders };
  return { nodes, out, ...choices, table, tokens };
}

export function formatPlacement(placement: Placement): Readonly<Record<string, unknown>> {
  const { table, tokens, ...choices } = placementOf(placement);
  const { partitionCount, replicaCount } = table;
  return {
    ...choices,
    partitionCount,
    replicaCount,
    tokens: tokens === null ? null : handsOf(tokens),
    table: tableText(table),
  };
}

export function readPlacement(fields: Fields): Placement {
  const table = tableOfText(fields.text('table'));
  if (!table.ok) fields.fail(table.error);
  const { overloadPercent, tokensPerNode, leaders } = DEFAULT_CHOICES;
  return {
    nodes: fields.objects('nodes', readRingNode),
    out: fields.nodeIds('out'),
    minInSync: fields.integer('minInSync', { min: 1 }),
    strategy: fields.oneOf('strategy', ['balanced', 'tokens'] as const),
    overloadPercent: fields.given('overloadPercent', overloadPercent, () =>
      fields.nullable('overloadPercent', () =>
        fields.number('overloadPercent', { min: 0, max: 1000 }),
      ),
    ),
    tokensPerNode: fields.given('tokensPerNode', tokensPerNode, () =>
      fields.integer('tokensPerNode', { min: 1, max: MAX_TOKENS_PER_NODE }),
    ),
    leaders: fields.given('leaders', leaders, () =>
      fields.oneOf('leaders', ['walk', 'even'] as const),
    ),
    table: table.ok ? table.value : NO_TABLE,
    tokens: fields.nullable('tokens', () => readTokens(fields)),
  };
}

/** Null for a placement that can be. */
export function whyImpossible(placement: Placement): string | null {
  const { table, nodes, out, minInSync, strategy, tokens } = placement;
  const fault = faultsOf(nodes)[0];
  if (fault !== undefined) return `its nodes are not right: ${JSON.stringify(fault)}`;
  if (minInSync > table.replicaCount)
    return `minInSync is ${minInSync}, of ${table.replicaCount} replicas`;
  const known = new Set(nodes.map(({ id }) => id));
  const stranger = [...table.nodeIds, ...out].find((id) => !known.has(id));
  if (stranger !== undefined) return `${stranger} is none of its nodes`;
  if ((strategy === 'tokens') !== (tokens !== null)) return `its strategy is ${strategy}`;
  if (tokens !== null && tokens.length > TOKENS_MAX)
    return `it has ${tokens.length} tokens: more than ${TOKENS_MAX} do not fit a znode`;
  return null;
}

/** Each node with its tokens, shorter than every token with its node. */
function handsOf(tokens: Tokens): { node: NodeId; positions: number[] }[] {
  const hands = new Map<NodeId, number[]>();
  for (const { node, position } of tokens) {
    const positions = hands.get(node);
    if (positions === undefined) hands.set(node, [position]);
    else positions.push(position);
  }
  return [...hands].map(([node, positions]) => ({ node, positions }));
}

function readTokens(fields: Fields): Tokens {
  const tokens = fields
    .objects('tokens', (hand) => {
      const node = hand.nodeId('node');
      return hand.integers('positions').map((position) => ({ node, position }));
    })
    .flat()
    .sort((a, b) => a.position - b.position);
  const isOnCircle = tokens.every(({ position }) => position >= 0 && position < CIRCLE);
  const isTwice = tokens.some(({ position }, i) => position === tokens[i - 1]?.position);
  if (!isOnCircle || isTwice) fields.fail('tokens holds a position twice, or one off the circle');
  return tokens;
}

const NO_TABLE: RingTable = {
  partitionCount: 1,
  replicaCount: 1,
  nodeIds: [],
  cells: new Uint16Array(1),
};
