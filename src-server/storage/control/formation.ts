/**
 * How a ring begins: the first table once enough nodes are there, then its partitions, then the word that it is whole.
 *
 * It is made in several writes and taken up where it stopped: whatever controller finds a ring that is forming makes what is
 * missing.
 */
import type { NodeId, RingNode } from '../ring/topology.ts';
import { ledBy, stillInSync, wantedOf } from './leaders.ts';
import { DEFAULT_CHOICES } from './placement-text.ts';
import { firstTable } from './placing.ts';
import type { NodeRecord, PartitionState } from './records.ts';
import { type Founder, isFounder } from './ring-config.ts';
import type { Round } from './round.ts';

/** There is no ring yet. */
export function form(round: Round): void {
  const { view, terms, situation } = round;
  const hindrance = whyNotFormed(round);
  if (hindrance !== null) {
    const { reason, znode, words } = hindrance;
    round.wait({ reason, partition: null, node: null, znode, words });
    return;
  }
  const nodes = [...view.nodes.values()]
    .filter(({ id }) => round.isUsable(id))
    .map(placeOf)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const { partitionCount, replicaCount, minInSync, strategy, downOutMs, backfillsPerNode } = terms;
  const { transferBytesPerSecond, isThrottleAdaptive, graceMs } = terms;
  const words = `of ${nodes.length} nodes`;
  round.changeConfig(
    {
      ringId: situation.newRingId,
      version: 1,
      phase: 'forming',
      minInSync,
      strategy,
      downOutMs,
      backfillsPerNode,
      transferBytesPerSecond,
      isThrottleAdaptive,
      graceMs,
      ...DEFAULT_CHOICES,
      nodes,
      out: [],
      ...firstTable({ nodes, strategy, partitionCount, replicaCount }),
      founders: nodes.map(({ id }) => founderOf(view.nodes.get(id)!)),
      changed: { atMs: situation.wallMs, by: situation.by, why: words },
    },
    null,
    { kind: 'formed', node: null, words },
  );
}

/** There is a ring, and some of its partitions may not exist yet. */
export function goOnForming(round: Round): void {
  const { view } = round;
  const { value: config, version } = view.config!;
  const { table } = config;
  const missing = missingPartitions(round);
  for (const partition of missing) {
    const wanted = wantedOf(round, partition);
    if (wanted.length > 0) round.createPartition(partition, firstState(round, wanted));
  }
  if (missing.length > 0 || view.partitions.size < table.partitionCount) return;
  round.changeConfig({ ...config, phase: 'formed' }, version, {
    kind: 'formed',
    node: null,
    words: `${table.partitionCount} partitions`,
  });
}

/** Partitions of a whole ring that somebody took away: what they hold is still on the nodes, so none is made anew. */
export function tellMissing(round: Round): void {
  for (const partition of missingPartitions(round)) {
    const znode = round.paths.partition(partition);
    const words = 'its znode was deleted: nobody knows any more who is in sync';
    round.wait({ reason: 'missing', partition, node: null, znode, words });
  }
}

/** Those that are there and cannot be read are told of elsewhere. */
function missingPartitions({ view, paths }: Round): number[] {
  const { partitionCount } = view.config!.value.table;
  const all = Array.from({ length: partitionCount }, (_, partition) => partition);
  return all.filter(
    (partition) =>
      !view.partitions.has(partition) && !view.problems.has(paths.partition(partition)),
  );
}

function whyNotFormed(
  round: Round,
): { reason: 'too-few-nodes' | 'other-ring' | 'unreadable'; znode: string; words: string } | null {
  const { view, terms, paths } = round;
  const problem = view.problems.get(paths.config);
  if (problem !== undefined) return { reason: 'unreadable', znode: paths.config, words: problem };
  if (view.partitions.size > 0) {
    const words = `there is no configuration, but there are ${view.partitions.size} partitions`;
    return { reason: 'unreadable', znode: paths.config, words };
  }
  const strangers = [...view.nodes.values()].filter(({ ringId }) => ringId !== null);
  if (strangers.length > 0) {
    const words = `there is no configuration, but these belong to a ring: ${strangers.map(({ id }) => id).join(', ')}`;
    return { reason: 'other-ring', znode: paths.config, words };
  }
  const count = [...view.nodes.values()].filter(({ weight }) => weight > 0).length;
  if (count >= terms.formNodes) return null;
  const words = `${count} of ${terms.formNodes} nodes are there`;
  return { reason: 'too-few-nodes', znode: paths.nodes, words };
}

/**
 * Nothing was acknowledged yet, so everybody who is wanted holds all of it; but whoever came with another disk since the ring was
 * begun is no founder, and would not begin.
 */
function firstState(round: Round, wanted: readonly NodeId[]): PartitionState {
  const config = round.view.config!.value;
  const founding = wanted.filter((id) => {
    const node = round.nodeOf(id);
    return node === null || isFounder(config, node);
  });
  const state: PartitionState = {
    epoch: 0,
    leader: null,
    leaderIncarnation: 0,
    forcedEpoch: 0,
    inSync: stillInSync(round, founding.length > 0 ? founding : wanted, config.minInSync),
    replicas: wanted,
    learners: [],
  };
  const leader = state.inSync.find((id) => round.isUsable(id));
  return leader === undefined ? { ...state, epoch: 1 } : ledBy(round, state, leader);
}

function founderOf({ id, clusterId, incarnation, mode }: NodeRecord): Founder {
  return { id, clusterId, incarnation, mode };
}

function placeOf({ id, region, zone, host, weight, capBytes }: RingNode): RingNode {
  return { id, region, zone, host, weight, capBytes };
}
