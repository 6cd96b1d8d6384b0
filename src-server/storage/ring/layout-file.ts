/**
 * The layout of a ring as a file that people write, and programs keep beside their code.
 *
 *    {
 *      "format": 1,
 *      "strategy": "balanced",
 *      "replicas": 3,
 *      "nodes": [
 *        { "id": "node-1", "zone": "a", "weight": 2, "cap": "500 GiB" },
 *        { "id": "node-2", "zone": "b" }
 *      ]
 *    }
 *
 * The list of nodes is the whole ring: who is not in it leaves. Every other field may be left out, and is then as it was: what
 * somebody did not write, they did not want to change. What is not right is told with its line and its field, the first of
 * everything; a field that is not known is not right, so that a misspelt one is noticed.
 */
import type { Result } from '../../base/result.ts';
import { type FileProblem, type Place, readJson } from './json-fields.ts';
import type { Layout, Strategy } from './layout.ts';
import { isPartitionCount, SLOTS } from './slots.ts';
import { MAX_REPLICAS } from './table.ts';
import { CIRCLE, MAX_TOKENS_PER_NODE, type Token, type Tokens } from './tokens.ts';
import { faultsOf, isNodeId, type NodeId, type RingNode, type TopologyFault } from './topology.ts';

const LAYOUT_FORMAT = 1;

/** A node as the file tells of it: what it leaves out is as it was. */
export type FileNode = Pick<RingNode, 'id'> & Partial<Omit<RingNode, 'id'>>;

export interface LayoutFile {
  readonly nodes: readonly FileNode[];
  readonly partitionCount: number | null;
  readonly replicaCount: number | null;
  readonly strategy: Strategy | null;
  /** Absent where the file leaves it out; null for whatever it takes. */
  readonly overloadPercent?: number | null;
  readonly tokensPerNode: number | null;
  readonly leaders: Layout['leaders'] | null;
  /** Where each token is; null where the file leaves that to the ring. */
  readonly tokens: Tokens | null;
}

// --- writing ---

/** Everything of a layout, one node in a line. */
export function layoutText(layout: Layout): string {
  const { topology, partitionCount, replicaCount, strategy, overloadPercent } = layout;
  const settings = {
    format: LAYOUT_FORMAT,
    partitions: partitionCount,
    replicas: replicaCount,
    strategy,
    overloadPercent,
    ...(strategy === 'tokens'
      ? { tokensPerNode: layout.tokensPerNode, leaders: layout.leaders }
      : {}),
  };
  const lines = Object.entries(settings).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const nodes = topology.nodes.map(({ id, region, zone, host, weight, capBytes }) =>
    oneLine({ id, region, zone, host, weight, cap: sizeText(capBytes) }),
  );
  lines.push(`  "nodes": [\n${nodes.map((node) => `    ${node}`).join(',\n')}\n  ]`);
  if (strategy === 'tokens') {
    const hands = topology.nodes.map(({ id }) => {
      const positions = layout.tokens.filter(({ node }) => node === id).map((t) => t.position);
      return `    ${JSON.stringify(id)}: [${positions.join(', ')}]`;
    });
    lines.push(`  "tokens": {\n${hands.join(',\n')}\n  }`);
  }
  return `{\n${lines.join(',\n')}\n}\n`;
}

function oneLine(fields: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{ ${texts.join(', ')} }`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** In the largest unit of which it is a whole number. */
function sizeText(bytes: number | null): string | number | null {
  if (bytes === null || bytes === 0) return bytes;
  const unit = UNITS.findLastIndex((_, i) => bytes % 2 ** (10 * (i + 1)) === 0);
  return unit < 0 ? bytes : `${bytes / 2 ** (10 * (unit + 1))} ${UNITS[unit]!}`;
}

// --- reading ---

export function readLayoutFile(text: string): Result<LayoutFile, FileProblem> {
  return readJson(text, fileOf);
}

function fileOf(file: Place): LayoutFile {
  file.knows([
    ...['format', 'partitions', 'replicas', 'strategy', 'overloadPercent', 'tokensPerNode'],
    ...['leaders', 'nodes', 'tokens'],
  ]);
  const format = file.need('format');
  if (format.whole({ min: 1, max: 1e6 }) > LAYOUT_FORMAT)
    format.fail(`it is of a later program: this one knows ${LAYOUT_FORMAT}`);
  const places = file.need('nodes').list();
  if (places.length === 0) file.need('nodes').fail('somebody must hold the data');
  const nodes = places.map(nodeOf);
  checkNodes(nodes, places);
  const overload = file.field('overloadPercent');
  const strategy = file.field('strategy')?.oneOf(['balanced', 'tokens'] as const) ?? null;
  const tokens = file.field('tokens');
  if (tokens !== null && strategy === 'balanced')
    tokens.fail('the strategy balanced has no tokens');
  return {
    nodes,
    partitionCount: partitionCountOf(file.field('partitions')),
    replicaCount: file.field('replicas')?.whole({ min: 1, max: MAX_REPLICAS }) ?? null,
    strategy,
    ...(overload === null
      ? {}
      : { overloadPercent: overload.orNull(() => overload.number(SHARE)) }),
    tokensPerNode: file.field('tokensPerNode')?.whole({ min: 1, max: MAX_TOKENS_PER_NODE }) ?? null,
    leaders: file.field('leaders')?.oneOf(['walk', 'even'] as const) ?? null,
    tokens: tokens === null ? null : tokensOf(tokens, new Set(nodes.map(({ id }) => id))),
  };
}

const SHARE = { min: 0, max: 1000 };

function nodeOf(place: Place): FileNode {
  place.knows(['id', 'region', 'zone', 'host', 'weight', 'cap']);
  const idPlace = place.need('id');
  const id = idPlace.text();
  if (!isNodeId(id))
    return idPlace.fail('a name is 1 to 32 letters, digits, dots, underscores, hyphens');
  const [region, zone, host] = [place.field('region'), place.field('zone'), place.field('host')];
  const [weight, cap] = [place.field('weight'), place.field('cap')];
  return {
    id,
    ...(region === null ? {} : { region: region.text() }),
    ...(zone === null ? {} : { zone: zone.text() }),
    ...(host === null ? {} : { host: host.text() }),
    ...(weight === null ? {} : { weight: weight.number({ min: 0, max: 1e6 }) }),
    ...(cap === null ? {} : { capBytes: cap.orNull(() => sizeOf(cap)) }),
  };
}

/** What is wrong with nodes, told at the field of the node. */
function checkNodes(nodes: readonly FileNode[], places: readonly Place[]): void {
  const whole = nodes.map((node): RingNode => ({ ...PLAIN, host: node.id, ...node }));
  const fault = faultsOf(whole)[0];
  if (fault === undefined) {
    if (whole.every(({ weight }) => weight === 0))
      places[0]!.fail('every node has the weight 0: somebody must hold the data');
    return;
  }
  const wrong = whereOf(fault, nodes, places);
  wrong.fail(faultWords(fault));
}

function whereOf(
  fault: TopologyFault,
  nodes: readonly FileNode[],
  places: readonly Place[],
): Place {
  if (fault.kind === 'tooManyNodes') return places[fault.most] ?? places[0]!;
  const at = nodes.findLastIndex(({ id }) => id === fault.id);
  const node = places[at] ?? places[0]!;
  switch (fault.kind) {
    case 'badId':
    case 'duplicateId':
      return node.field('id') ?? node;
    case 'badPlace':
      return node.field(fault.field) ?? node;
    case 'badWeight':
      return node.field('weight') ?? node;
    case 'badCap':
      return node.field('cap') ?? node;
  }
}

function faultWords(fault: TopologyFault): string {
  switch (fault.kind) {
    case 'tooManyNodes':
      return `${fault.count} nodes are more than ${fault.most}`;
    case 'badId':
      return 'this is no name for a node';
    case 'duplicateId':
      return `${fault.id} stands here twice`;
    case 'badPlace':
      return 'a place is 1 to 64 printable characters without a slash';
    case 'badWeight':
      return 'a weight is a number from 0 to 1000000';
    case 'badCap':
      return 'a cap is a number of bytes, such as 500 GiB';
  }
}

/** A node of which nothing else is known. */
const PLAIN = { region: 'default', zone: 'default', weight: 1, capBytes: null } as const;

/** How a node that the ring does not know begins, where the file does not say. */
export function plainNode(id: NodeId): RingNode {
  return { id, ...PLAIN, host: id };
}

function tokensOf(place: Place, nodes: ReadonlySet<NodeId>): Tokens {
  const tokens: Token[] = [];
  const taken = new Map<number, NodeId>();
  for (const hand of place.fields()) {
    const node = hand.name as NodeId;
    if (!nodes.has(node)) hand.place.fail(`${node} is none of the nodes above`);
    const positions = hand.place.list();
    if (positions.length > MAX_TOKENS_PER_NODE)
      hand.place.fail(`a node has at most ${MAX_TOKENS_PER_NODE} tokens`);
    for (const at of positions) {
      const position = at.whole({ min: 0, max: CIRCLE - 1 });
      const other = taken.get(position);
      if (other !== undefined) at.fail(`${position} is a token of ${other} already`);
      taken.set(position, node);
      tokens.push({ position, node });
    }
  }
  if (tokens.length === 0) place.fail('somebody must have a token');
  return tokens.sort((a, b) => a.position - b.position);
}

function partitionCountOf(place: Place | null): number | null {
  if (place === null) return null;
  const count = place.whole({ min: 1, max: SLOTS });
  return isPartitionCount(count) ? count : place.fail(`${count} is not a power of two`);
}

/** A number of bytes, or a text such as "500 GiB". */
function sizeOf(place: Place): number {
  const { content } = place;
  const bytes = typeof content === 'string' ? bytesOfSize(content) : content;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
    return place.fail('is not a number of bytes, such as "500 GiB"');
  return bytes;
}

function bytesOfSize(text: string): number {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtp])i?)?b?\s*$/i.exec(text) ?? [];
  if (digits === undefined) return NaN;
  const power = unit === undefined ? 0 : 'kmgtp'.indexOf(unit.toLowerCase()) + 1;
  return Math.round(Number(digits) * 2 ** (10 * power));
}
