/**
 * Which nodes there are and what they share: region > zone > host > node, with weights and disk caps.
 *
 * What two nodes share can fail together, so replicas avoid it. A zone belongs to its region and a host to its zone: equal
 * names in different regions are different zones. A weight is a share: 2 holds twice what 1 holds, 0 holds nothing (a drained
 * node that is still a member).
 */

declare const brand: unique symbol;

/** A storage node's name in its ring. Made by `nodeId` only. */
export type NodeId = string & { readonly [brand]: 'NodeId' };

export interface RingNode {
  readonly id: NodeId;
  readonly region: string;
  readonly zone: string;
  readonly host: string;
  readonly weight: number;
  /** The most bytes of data it may hold; null for no limit. */
  readonly capBytes: number | null;
}

export interface Topology {
  /** Sorted by id, each id once. */
  readonly nodes: readonly RingNode[];
}

/** More nodes than anybody can look at; a table of two-byte cells would hold 65,534. */
const MAX_NODES = 1000;
const MAX_WEIGHT = 1e6;
const NODE_ID = /^[A-Za-z0-9._-]{1,32}$/;
/** Printable, without the slash that joins region and zone in a zone's name. */
const PLACE = /^[^/\p{C}]{1,64}$/u;

export type TopologyFault =
  | { readonly kind: 'tooManyNodes'; readonly count: number; readonly most: number }
  | { readonly kind: 'badId'; readonly id: string }
  | { readonly kind: 'duplicateId'; readonly id: string }
  | {
      readonly kind: 'badPlace';
      readonly id: string;
      readonly field: 'region' | 'zone' | 'host';
      readonly value: string;
    }
  | { readonly kind: 'badWeight'; readonly id: string; readonly weight: number }
  | { readonly kind: 'badCap'; readonly id: string; readonly capBytes: number };

export function isNodeId(text: string): text is NodeId {
  return NODE_ID.test(text);
}

/** For text that was checked or written by us. */
export function nodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new RangeError(`not a name for a storage node: ${text}`);
  return text;
}

export function topologyOf(nodes: Iterable<RingNode>): Topology {
  return { nodes: [...nodes].sort((a, b) => compareIds(a.id, b.id)) };
}

export function nodeOf(topology: Topology, id: NodeId): RingNode | null {
  return topology.nodes.find((node) => node.id === id) ?? null;
}

/** The nodes that may hold data. */
export function holdersOf(topology: Topology): readonly RingNode[] {
  return topology.nodes.filter((node) => node.weight > 0);
}

export function zoneNameOf(node: RingNode): string {
  return `${node.region}/${node.zone}`;
}

export function hostNameOf(node: RingNode): string {
  return `${node.region}/${node.zone}/${node.host}`;
}

/** By code units, the same everywhere, whatever the language of the machine. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Everything that is wrong with these nodes; nothing when they may be used. */
export function faultsOf(nodes: readonly RingNode[]): TopologyFault[] {
  const faults: TopologyFault[] = [];
  const seen = new Set<string>();
  if (nodes.length > MAX_NODES) {
    faults.push({ kind: 'tooManyNodes', count: nodes.length, most: MAX_NODES });
  }
  for (const node of nodes) {
    const { id, weight, capBytes } = node;
    if (!NODE_ID.test(id)) faults.push({ kind: 'badId', id });
    if (seen.has(id)) faults.push({ kind: 'duplicateId', id });
    seen.add(id);
    for (const field of ['region', 'zone', 'host'] as const) {
      const value = node[field];
      if (!PLACE.test(value)) faults.push({ kind: 'badPlace', id, field, value });
    }
    if (!(weight >= 0 && weight <= MAX_WEIGHT)) faults.push({ kind: 'badWeight', id, weight });
    if (capBytes !== null && !(capBytes >= 0 && capBytes <= Number.MAX_SAFE_INTEGER)) {
      faults.push({ kind: 'badCap', id, capBytes });
    }
  }
  return faults;
}
