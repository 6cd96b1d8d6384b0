/**
 * A topology as arrays: nodes, zones and hosts are small numbers, so that placement looks nothing up by name.
 *
 * Node i of a terrain is node i of its topology and of every table made on it.
 */
import { hostNameOf, type NodeId, type Topology, zoneNameOf } from './topology.ts';

export interface Terrain {
  readonly nodeIds: readonly NodeId[];
  readonly weights: Float64Array;
  /** Infinity for no cap. */
  readonly capBytes: Float64Array;
  /** The zone, the host and the region of each node. */
  readonly zoneOf: Uint16Array;
  readonly hostOf: Uint16Array;
  readonly regionOf: Uint16Array;
  readonly zoneNames: readonly string[];
  readonly hostNames: readonly string[];
  readonly regionNames: readonly string[];
  /** The zone of each host. */
  readonly zoneOfHost: Uint16Array;
}

export function terrainOf(topology: Topology): Terrain {
  const { nodes } = topology;
  const zoneNames = [...new Set(nodes.map(zoneNameOf))].sort();
  const hostNames = [...new Set(nodes.map(hostNameOf))].sort();
  const regionNames = [...new Set(nodes.map(({ region }) => region))].sort();
  const zones = new Map(zoneNames.map((name, i) => [name, i]));
  const hosts = new Map(hostNames.map((name, i) => [name, i]));
  const regions = new Map(regionNames.map((name, i) => [name, i]));
  const zoneOf = Uint16Array.from(nodes, (node) => zones.get(zoneNameOf(node))!);
  const hostOf = Uint16Array.from(nodes, (node) => hosts.get(hostNameOf(node))!);
  const zoneOfHost = new Uint16Array(hostNames.length);
  hostOf.forEach((host, i) => (zoneOfHost[host] = zoneOf[i]!));
  return {
    nodeIds: nodes.map((node) => node.id),
    weights: Float64Array.from(nodes, (node) => node.weight),
    capBytes: Float64Array.from(nodes, (node) => node.capBytes ?? Infinity),
    zoneOf,
    hostOf,
    regionOf: Uint16Array.from(nodes, ({ region }) => regions.get(region)!),
    zoneNames,
    hostNames,
    regionNames,
    zoneOfHost,
  };
}
