/**
 * A ring as a controller would have left it in the tree, for whoever only looks: znodes in the formats that nodes write, placed
 * by the strategy that nodes use. No node runs; that of one's own session keeps those alive that are to seem so.
 */
import type { Client, Step } from '../../src-server/coordination/client/client.ts';
import { RingPaths } from '../../src-server/storage/control/paths.ts';
import { DEFAULT_CHOICES } from '../../src-server/storage/control/placement-text.ts';
import {
  formatCandidate,
  formatNode,
  formatPartition,
  type NodeRecord,
  type PartitionState,
} from '../../src-server/storage/control/records.ts';
import {
  DEFAULT_PACE,
  formatConfig,
  type RingConfig,
} from '../../src-server/storage/control/ring-config.ts';
import { balance } from '../../src-server/storage/ring/balance.ts';
import { replicasOf } from '../../src-server/storage/ring/table.ts';
import { nodeId, topologyOf } from '../../src-server/storage/ring/topology.ts';

export interface RingFixture {
  readonly nodes: number;
  readonly zones: number;
  readonly partitionCount: number;
  readonly replicaCount?: number;
  readonly minInSync?: number;
  readonly root?: string;
  /** Where it would be asked, by its place; nobody listens unless a test does. */
  readonly proxyPortOf?: (place: number) => number;
  /** How a partition is, beyond all being well. */
  readonly change?: (partition: number, state: PartitionState) => PartitionState;
  /** Nodes, by place, that are not registered now. */
  readonly away?: readonly number[];
}

export interface FixtureRecords {
  readonly config: RingConfig;
  readonly nodes: readonly NodeRecord[];
  readonly partitions: readonly PartitionState[];
}

export function ringRecords(fixture: RingFixture): FixtureRecords {
  const { partitionCount, replicaCount = 3, minInSync = 2, proxyPortOf = () => 0 } = fixture;
  const digits = String(fixture.nodes).length;
  const nodes = Array.from({ length: fixture.nodes }, (_, place): NodeRecord => {
    const id = nodeId(`node-${String(place + 1).padStart(digits, '0')}`);
    return {
      id,
      region: 'here',
      zone: `zone-${String.fromCharCode(97 + (place % fixture.zones))}`,
      host: `host-${place + 1}`,
      weight: 1,
      capBytes: null,
      incarnation: 1,
      ringId: 'fixture',
      address: '127.0.0.1',
      clusterPort: 0,
      proxyPort: proxyPortOf(place),
      peerPort: 0,
      clusterId: String(place + 1).padStart(40, '0'),
      mode: 'durable',
      fullPercent: null,
      version: 'fixture',
      startedAtMs: 1,
    };
  });
  const topology = topologyOf(nodes);
  const { table } = balance({ topology, partitionCount, replicaCount, before: null });
  const config: RingConfig = {
    ringId: 'fixture',
    version: 1,
    phase: 'formed',
    minInSync,
    strategy: 'balanced',
    downOutMs: 60_000,
    backfillsPerNode: 2,
    ...DEFAULT_PACE,
    ...DEFAULT_CHOICES,
    nodes: topology.nodes.map(({ id, region, zone, host, weight, capBytes }) => ({
      ...{ id, region, zone, host, weight, capBytes },
    })),
    out: [],
    tokens: null,
    founders: [],
    table,
    changed: { atMs: 1_700_000_000_000, by: 'fixture', why: 'it begins' },
  };
  const partitions = Array.from({ length: partitionCount }, (_, partition): PartitionState => {
    const replicas = replicasOf(table, partition);
    const state: PartitionState = {
      epoch: 1,
      forcedEpoch: 0,
      leader: replicas[0] ?? null,
      leaderIncarnation: 1,
      inSync: replicas,
      replicas,
      learners: [],
    };
    return fixture.change?.(partition, state) ?? state;
  });
  return { config, nodes, partitions };
}

/** A hundred steps are one transaction. */
const STEPS_MAX = 100;

export async function writeRing(client: Client, fixture: RingFixture): Promise<FixtureRecords> {
  const paths = new RingPaths(fixture.root ?? '/ring');
  const records = ringRecords(fixture);
  const away = new Set(fixture.away ?? []);
  const create = (path: string, text: string, isEphemeral = false): Step => ({
    kind: 'create',
    path,
    data: Buffer.from(text),
    ...(isEphemeral ? { options: { mode: 'ephemeral' } } : {}),
  });
  const steps: Step[] = [
    ...paths.folders.map((path) => create(path, '')),
    create(paths.config, formatConfig(records.config)),
    ...records.nodes.map((node) => create(paths.member(node.id), formatNode(node))),
    ...records.nodes
      .filter((_, place) => !away.has(place))
      .map((node) => create(paths.node(node.id), formatNode(node), true)),
    ...records.partitions.map((state, partition) =>
      create(paths.partition(partition), formatPartition(state)),
    ),
    create(
      `${paths.candidates}/c-0000000000`,
      formatCandidate({ node: records.nodes[0]!.id, incarnation: 1 }),
      true,
    ),
  ];
  for (let i = 0; i < steps.length; i += STEPS_MAX) {
    const results = await client.multi(steps.slice(i, i + STEPS_MAX));
    const failed = results.find(({ code }) => code !== 0);
    if (failed !== undefined) throw new Error(`the fixture could not be written: ${failed.code}`);
  }
  return records;
}
