/**
 * The wanted placement: what the ring should look like, whatever it looks like now. The controllers bring the one to the other.
 *
 * Whoever wants another placement, a controller that takes out a dead node or an operator with a plan, writes another table with
 * a higher version against the version of the znode; nothing else is needed to move data.
 */
import type { Result } from '../../base/result.ts';
import type { RingTable } from '../ring/table.ts';
import { tableOfText, tableText } from '../ring/table-text.ts';
import { CIRCLE, type Tokens } from '../ring/tokens.ts';
import { faultsOf, type NodeId, type RingNode } from '../ring/topology.ts';
import { type Fields, formatRecord, parseRecord } from './fields.ts';
import { readRingNode } from './records.ts';

/** Ten bytes for each, in a znode of a megabyte with a table beside them. */
const TOKENS_MAX = 60_000;

export interface RingConfig {
  /** Told apart from every other ring by this: a node's folder belongs to one. */
  readonly ringId: string;
  /** Grows with each change of placement. */
  readonly version: number;
  /**
   * While it is forming, partitions that have no znode yet are given one. Afterwards one that is missing was taken away by
   * somebody, and is told of instead of made anew: its data is still there.
   */
  readonly phase: 'forming' | 'formed';
  /** Copies that must have a write before it is acknowledged. */
  readonly minInSync: number;
  readonly strategy: 'balanced' | 'tokens';
  /** A node that is away for so long is taken out: what it held is copied elsewhere. */
  readonly downOutMs: number;
  /** Copies that one node may give, and as many that it may take, at the same time. */
  readonly backfillsPerNode: number;
  /** Who belongs to the ring, as placement was last told; sorted by id. */
  readonly nodes: readonly RingNode[];
  /** Of these, those that are dead and hold nothing in the table; they come back by themselves. */
  readonly out: readonly NodeId[];
  readonly table: RingTable;
  /** What the table is made of where the strategy is `tokens`; null for any other. */
  readonly tokens: Tokens | null;
  readonly changed: ConfigChange;
}

/** Of the version that this is. */
export interface ConfigChange {
  /** Wall time. */
  readonly atMs: number;
  readonly by: string;
  readonly why: string;
}

export function formatConfig(config: RingConfig): string {
  const { table, tokens, ...rest } = config;
  const { partitionCount, replicaCount } = table;
  return formatRecord({
    ...rest,
    partitionCount,
    replicaCount,
    tokens: tokens === null ? null : handsOf(tokens),
    table: tableText(table),
  });
}

export function parseConfig(text: string): Result<RingConfig, string> {
  return parseRecord(text, (fields) => {
    const table = tableOfText(fields.text('table'));
    if (!table.ok) fields.fail(table.error);
    const config: RingConfig = {
      ringId: fields.text('ringId'),
      version: fields.integer('version', { min: 1 }),
      phase: fields.oneOf('phase', ['forming', 'formed'] as const),
      minInSync: fields.integer('minInSync', { min: 1 }),
      strategy: fields.oneOf('strategy', ['balanced', 'tokens'] as const),
      downOutMs: fields.integer('downOutMs'),
      backfillsPerNode: fields.integer('backfillsPerNode', { min: 1 }),
      nodes: fields.objects('nodes', readRingNode),
      out: fields.nodeIds('out'),
      table: table.ok ? table.value : NO_TABLE,
      tokens: fields.nullable('tokens', () => readTokens(fields)),
      changed: fields.object('changed', (changed) => ({
        atMs: changed.number('atMs', { min: 0 }),
        by: changed.text('by'),
        why: changed.text('why'),
      })),
    };
    const problem = fields.problem === null ? whyImpossible(config) : null;
    if (problem !== null) fields.fail(problem);
    return config;
  });
}

/** Null for a configuration that can be. */
export function whyImpossible(config: RingConfig): string | null {
  const { table, nodes, out, minInSync, strategy, tokens } = config;
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

/** Nodes that hold something in the table. */
export function placedNodes({ table }: RingConfig): Set<NodeId> {
  const indexes = new Set(table.cells);
  return new Set(table.nodeIds.filter((_, i) => indexes.has(i)));
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
