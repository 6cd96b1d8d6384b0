/**
 * The least that placement can do, computed exactly: which replicas fit, how many must bend a rule, how many must move.
 *
 *    source ─RF─▶ partition ─zone cap─▶ (partition, zone) ─host cap─▶ (partition, host) ─1─▶ node ─quota─▶ sink
 *                                                                         costs 1 unless the node held it before
 */
import type { Quotas } from '../../../../../src-server/storage/ring/quotas.ts';
import { NOBODY, type RingTable, tableOver } from '../../../../../src-server/storage/ring/table.ts';
import type { Terrain } from '../../../../../src-server/storage/ring/terrain.ts';
import { FlowNetwork } from './min-cost-flow.ts';

/** Each outweighs everything below it: first the quotas' lower bounds, then the rules, then the moves. */
const BENT = 1e5;
const BELOW_QUOTA = 1e10;

export interface Least {
  readonly placed: number;
  readonly moved: number;
  /** Replicas beyond what the strict rules allow in their zone, plus those beyond it on their host. */
  readonly bent: number;
}

export function leastPlacement(terrain: Terrain, quotas: Quotas, before: RingTable): Least {
  const network = new FlowNetwork();
  const source = network.vertex();
  const sink = network.vertex();
  const { rules, strictRules, least, most } = quotas;
  const nodes = terrain.nodeIds.map((_, node) => {
    const vertex = network.vertex();
    network.arc(vertex, sink, least[node]!, -BELOW_QUOTA);
    network.arc(vertex, sink, most[node]! - least[node]!);
    return vertex;
  });
  const home = tableOver(before, terrain.nodeIds);
  const moves: number[] = [];
  const bends: number[] = [];
  for (let partition = 0; partition < home.partitionCount; partition++) {
    const start = partition * home.replicaCount;
    const homes = home.cells.subarray(start, start + home.replicaCount);
    const root = network.vertex();
    network.arc(source, root, rules.replicaCount);
    const capped = (from: number, strict: number, bent: number): number => {
      const vertex = network.vertex();
      network.arc(from, vertex, strict);
      if (bent > strict) bends.push(network.arc(from, vertex, bent - strict, BENT));
      return vertex;
    };
    const zones = Array.from(rules.zoneCaps, (cap, i) =>
      capped(root, strictRules.zoneCaps[i]!, cap),
    );
    const hosts = Array.from(rules.hostCaps, (cap, i) =>
      capped(zones[terrain.zoneOfHost[i]!]!, strictRules.hostCaps[i]!, cap),
    );
    nodes.forEach((vertex, node) => {
      const isHome = homes.some((cell) => cell !== NOBODY && cell === node);
      const arc = network.arc(hosts[terrain.hostOf[node]!]!, vertex, 1, isHome ? 0 : 1);
      if (!isHome) moves.push(arc);
    });
  }
  const { flow } = network.solve(source, sink);
  const sum = (arcs: readonly number[]): number =>
    arcs.reduce((total, arc) => total + network.flowOf(arc), 0);
  return { placed: flow, moved: sum(moves), bent: sum(bends) };
}
