/** How a storage node looks: how well it is, and what is worth a word of it. */
import type { NodeReport, NodeTrouble, RingNode } from '#contract/ring-models.ts';

import type { Tone } from './ensemble.ts';

export type NodeStanding =
  | 'serving'
  | 'starting'
  | 'paused'
  | 'stopped'
  | 'failed'
  | 'away'
  /** Registered, and nobody can ask it. */
  | 'silent'
  | 'loading'
  /** Registered, and no partitions are placed on it. */
  | 'unplaced'
  /** What it holds is taken elsewhere. */
  | 'out';

/** As this program knows of its own, else as the ring and the node say. */
export function standingOfNode(node: RingNode, report: NodeReport | null): NodeStanding {
  const { local } = node;
  if (local !== null && local.kind !== 'serving') return local.kind;
  if (!node.isAlive) return 'away';
  if (report?.trouble === 'loading') return 'loading';
  if (report !== null && report.trouble !== null && report.trouble !== 'away') return 'silent';
  if (node.isOut) return 'out';
  return node.isPlaced ? 'serving' : 'unplaced';
}

const TONES: Readonly<Record<NodeStanding, Tone>> = {
  serving: 'ok',
  starting: 'warn',
  paused: 'warn',
  stopped: 'idle',
  failed: 'danger',
  away: 'danger',
  silent: 'warn',
  loading: 'warn',
  unplaced: 'idle',
  out: 'warn',
};

export function toneOfNode(node: RingNode, report: NodeReport | null): Tone {
  return TONES[standingOfNode(node, report)];
}

/** Region and zone, the region only where there are several. */
export function zoneName(node: RingNode, nodes: readonly RingNode[]): string {
  const isOneRegion = nodes.every(({ region }) => region === node.region);
  return isOneRegion ? node.zone : `${node.region} / ${node.zone}`;
}

export interface ZoneOfNodes {
  readonly key: string;
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  /** Places of its nodes. */
  readonly nodes: readonly number[];
}

/** In the order of their names, as their colours go. */
export function zonesOf(nodes: readonly RingNode[]): ZoneOfNodes[] {
  const zones = new Map<string, ZoneOfNodes & { readonly nodes: number[] }>();
  for (const [place, node] of nodes.entries()) {
    const key = `${node.region}/${node.zone}`;
    const zone = zones.get(key) ?? {
      key,
      name: zoneName(node, nodes),
      region: node.region,
      zone: node.zone,
      nodes: [],
    };
    zone.nodes.push(place);
    zones.set(key, zone);
  }
  return [...zones.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

const ABOUT_ACCESS: ReadonlySet<string> = new Set<NodeTrouble>([
  'no-auth',
  'wrong-auth',
  'not-allowed',
  'tls-only',
  'tls-failed',
  'untrusted',
]);

/** Whether a node would tell more to whoever came as somebody else, or otherwise. */
export function isAboutAccess(trouble: string): boolean {
  return ABOUT_ACCESS.has(trouble);
}
