/**
 * The strategy `tokens`: every node has many places on the circle, and a partition is held by the first nodes clockwise from
 * where it begins, as far apart as the rules of its topology ask.
 *
 *        a₁  b₁
 *      ·─●───●─·          partition ▶ begins at 0.7: c₂ leads, then a₁; the next b₁ is in a₁'s zone
 *   c₂ ●       ● c₁       and is passed over, so c₁ … until there are as many as wanted
 *      ·▶──────·
 *
 * Positions are whole numbers below 2^32. Shares follow chance: with V tokens a node's share varies by about 1 ÷ √V, and disks
 * are not asked. Tokens can be added, moved and removed one by one, which is what this strategy is for.
 */
import { assert } from '../../base/assert.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { hashOfName, mixed } from './hash.ts';
import { rulesOf } from './rules.ts';
import { emptyTable, type RingTable, type TableShape } from './table.ts';
import { terrainOf } from './terrain.ts';
import { holdersOf, type NodeId, type RingNode, type Topology } from './topology.ts';

export interface Token {
  /** 0 at the top, clockwise, below `CIRCLE`. */
  readonly position: number;
  readonly node: NodeId;
}

/** Sorted by position, every position once. */
export type Tokens = readonly Token[];

export type TokenFault =
  | { readonly kind: 'noToken'; readonly position: number }
  | { readonly kind: 'taken'; readonly position: number; readonly by: NodeId }
  | { readonly kind: 'badPosition'; readonly position: number }
  | { readonly kind: 'tooManyTokens'; readonly node: NodeId; readonly most: number };

export const CIRCLE = 2 ** 32;
export const DEFAULT_TOKENS_PER_NODE = 64;
export const MAX_TOKENS_PER_NODE = 4096;

/** Tokens for all nodes of a topology, `perNode` for each unit of weight. */
export function dealTokens(topology: Topology, perNode: number): Tokens {
  return topology.nodes.reduce<Tokens>((tokens, node) => withTokensOf(tokens, node, perNode), []);
}

/** The same tokens with as many of this node as its weight deserves: the rest of them stay where they are. */
export function withTokensOf(tokens: Tokens, node: RingNode, perNode: number): Tokens {
  const wanted = tokenCountOf(node, perNode);
  const own = tokens.filter((token) => token.node === node.id);
  if (own.length === wanted) return tokens;
  const others = tokens.filter((token) => token.node !== node.id);
  const name = hashOfName(node.id);
  if (own.length > wanted) {
    // Those dealt last go first, so that a weight that comes back brings the same tokens; those put by hand stay longest.
    const dealt = new Map<number, number>();
    for (let i = 0; i < MAX_TOKENS_PER_NODE; i++) dealt.set(mixed(i, name), i);
    const turn = ({ position }: Token): number => dealt.get(position) ?? -1;
    own.sort((a, b) => turn(a) - turn(b));
    return sorted([...others, ...own.slice(0, wanted)]);
  }
  const taken = new Set(tokens.map(({ position }) => position));
  const added: Token[] = [];
  for (let i = 0; own.length + added.length < wanted; i++) {
    const position = mixed(i, name);
    if (taken.has(position)) continue;
    taken.add(position);
    added.push({ position, node: node.id });
  }
  return sorted([...tokens, ...added]);
}

export function withoutTokensOf(tokens: Tokens, id: NodeId): Tokens {
  return tokens.filter((token) => token.node !== id);
}

export function tokensOf(tokens: Tokens, id: NodeId): Tokens {
  return tokens.filter((token) => token.node === id);
}

export function addToken(tokens: Tokens, token: Token): Result<Tokens, TokenFault> {
  const fault = positionFault(tokens, token.position);
  if (fault !== null) return err(fault);
  if (tokensOf(tokens, token.node).length >= MAX_TOKENS_PER_NODE) {
    return err({ kind: 'tooManyTokens', node: token.node, most: MAX_TOKENS_PER_NODE });
  }
  return ok(sorted([...tokens, token]));
}

export function removeToken(tokens: Tokens, position: number): Result<Tokens, TokenFault> {
  const rest = tokens.filter((token) => token.position !== position);
  return rest.length < tokens.length ? ok(rest) : err({ kind: 'noToken', position });
}

export function moveToken(
  tokens: Tokens,
  move: { readonly from: number; readonly to: number },
): Result<Tokens, TokenFault> {
  const token = tokens.find(({ position }) => position === move.from);
  if (token === undefined) return err({ kind: 'noToken', position: move.from });
  const rest = tokens.filter((other) => other !== token);
  const fault = positionFault(rest, move.to);
  return fault === null ? ok(sorted([...rest, { ...token, position: move.to }])) : err(fault);
}

/** The table that the walks round the circle give. */
export function tableOfTokens(tokens: Tokens, topology: Topology, shape: TableShape): RingTable {
  const terrain = terrainOf(topology);
  const withTokens = new Set(tokens.map(({ node }) => node));
  const isHolder = new Set(
    holdersOf(topology)
      .filter(({ id }) => withTokens.has(id))
      .map(({ id }) => id),
  );
  // Rules count only nodes that a walk can meet: then a walk always finds as many as they promise.
  const reachable = {
    ...terrain,
    weights: terrain.weights.map((weight, i) => (isHolder.has(terrain.nodeIds[i]!) ? weight : 0)),
  };
  const rules = rulesOf(reachable, shape.replicaCount);
  const places = new Map(terrain.nodeIds.map((id, i) => [id, i]));
  const walked = tokens.filter(({ node }) => isHolder.has(node));
  const nodeAt = Uint16Array.from(walked, ({ node }) => places.get(node)!);

  const table = emptyTable(shape, terrain.nodeIds);
  const { zoneOf, hostOf } = terrain;
  const inZone = new Uint8Array(terrain.zoneNames.length);
  const onHost = new Uint8Array(terrain.hostNames.length);
  let first = 0;
  for (let partition = 0; partition < shape.partitionCount; partition++) {
    const start = (partition / shape.partitionCount) * CIRCLE;
    while (first < walked.length && walked[first]!.position < start) first++;
    const row = table.cells.subarray(
      partition * shape.replicaCount,
      (partition + 1) * shape.replicaCount,
    );
    inZone.fill(0);
    onHost.fill(0);
    let found = 0;
    for (let step = 0; step < walked.length && found < rules.replicaCount; step++) {
      const node = nodeAt[(first + step) % walked.length]!;
      const zone = zoneOf[node]!;
      const host = hostOf[node]!;
      const isSpread =
        inZone[zone]! < rules.zoneCaps[zone]! && onHost[host]! < rules.hostCaps[host]!;
      if (!isSpread || row.includes(node)) continue;
      inZone[zone]!++;
      onHost[host]!++;
      row[found++] = node;
    }
    assert(found === rules.replicaCount, 'a walk finds as many nodes as the rules promise');
  }
  return table;
}

function tokenCountOf({ weight }: RingNode, perNode: number): number {
  if (weight === 0) return 0;
  return Math.min(MAX_TOKENS_PER_NODE, Math.max(1, Math.round(perNode * weight)));
}

function positionFault(tokens: Tokens, position: number): TokenFault | null {
  const isOnCircle = Number.isInteger(position) && position >= 0 && position < CIRCLE;
  if (!isOnCircle) return { kind: 'badPosition', position };
  const other = tokens.find((token) => token.position === position);
  return other === undefined ? null : { kind: 'taken', position, by: other.node };
}

function sorted(tokens: Token[]): Tokens {
  return tokens.sort((a, b) => a.position - b.position);
}
