/**
 * A plan: how to come from one table to another, in steps, and what that costs. It is a pure function of the ring's version,
 * both tables, their topologies and what is measured; it is bound to that version, and worth nothing when the ring has moved on.
 *
 * In a step some partitions each get one copy; when it is in sync, the node that hands over stops counting. What it holds stays
 * on its disk until the plan is over (so that undoing copies only the tail), or until the end of the step, as asked. The last
 * step needs no copies: leaders that change alone, and replicas that are one too many.
 */
import { type Change, changesOf, leadingHandoverOf, rowAfter } from './changes.ts';
import { disksOf, heldBytes, type NodePlan } from './disks.ts';
import { flowsOf, type PairFlow } from './flows.ts';
import type { Move, PlanStep } from './moves.ts';
import { regrouped, regroupedFigures } from './regroup.ts';
import { type Rules, rulesOf } from './rules.ts';
import { stepsOf, type Transfer } from './schedule.ts';
import { NOBODY, type RingTable, tableOver } from './table.ts';
import { type Terrain, terrainOf } from './terrain.ts';
import { type NodeId, type RingNode, type Topology, topologyOf } from './topology.ts';

/** What partitions hold, one figure for each partition of the table before. */
export interface Measured {
  readonly bytes: Float64Array;
  readonly keys: Float64Array;
  /** Operations a second, so that hot partitions move first. */
  readonly heat?: Float64Array;
}

export interface PlanOptions {
  readonly ringVersion: number;
  readonly before: RingTable;
  readonly after: RingTable;
  readonly topologyBefore: Topology;
  readonly topologyAfter: Topology;
  readonly measured: Measured;
  /** How many copies a node takes, and how many it gives, at a time. */
  readonly transfersPerNode: number;
  /** When a node that handed over frees its disk. */
  readonly freesAt: 'end' | 'step';
  /** Nodes that cannot send anything. */
  readonly dead?: ReadonlySet<NodeId>;
}

export interface Plan {
  readonly ringVersion: number;
  /** The finer of both numbers of partitions; moves and tables count in it. */
  readonly partitionCount: number;
  /** Sorted: all nodes of both sides; the tables are written over them. */
  readonly nodeIds: readonly NodeId[];
  readonly before: RingTable;
  readonly after: RingTable;
  readonly steps: readonly PlanStep[];
  /** Copies from whoever sends to whoever takes: what goes over the network. */
  readonly streams: readonly PairFlow[];
  /** The same partitions from whoever hands over to whoever takes: what changes hands. */
  readonly handovers: readonly PairFlow[];
  readonly nodes: readonly NodePlan[];
  /** What each node holds at most during each step: step × nodes + node. */
  readonly peakBytes: Float64Array;
  readonly movedReplicas: number;
  readonly bytes: number;
  readonly keys: number;
  readonly crossZoneBytes: number;
  readonly leadersChanged: number;
  /** Partitions with a moment that has fewer copies, or a worse spread, than they have before and after. */
  readonly unsafePartitions: readonly number[];
}

export function planOf(options: PlanOptions): Plan {
  const { before, after, measured, dead = new Set() } = options;
  const partitionCount = Math.max(before.partitionCount, after.partitionCount);
  const terrain = terrainOf(unionOf(options));
  const tables = {
    before: tableOver(regrouped(before, partitionCount), terrain.nodeIds),
    after: tableOver(regrouped(after, partitionCount), terrain.nodeIds),
  };
  const figures = {
    bytes: regroupedFigures(measured.bytes, partitionCount),
    keys: regroupedFigures(measured.keys, partitionCount),
    heat: regroupedFigures(measured.heat ?? new Float64Array(1), partitionCount),
  };
  const changes = changesOf(tables, terrain);
  const isDead = Uint8Array.from(terrain.nodeIds, (id) => (dead.has(id) ? 1 : 0));
  const transfers = stepsOf(changes, transfersOf(changes, figures, isDead), {
    transfersPerNode: options.transfersPerNode,
    heldBytes: heldBytes(tables.before, figures.bytes),
    capBytes: terrain.capBytes,
    freesAt: options.freesAt,
  });
  const steps = transfers.map((step) =>
    stepOf(step.map((transfer) => moveOf(transfer, changes, terrain, figures))),
  );
  const last = changes.flatMap((change) => movesWithoutCopy(change, terrain));
  if (last.length > 0) steps.push(stepOf(last));
  const moves = steps.flatMap((step) => step.moves);
  const streams = flowsOf(moves, ({ source }) => source, terrain);
  const rules = rulesOf(terrain, after.replicaCount);
  return {
    ringVersion: options.ringVersion,
    partitionCount,
    nodeIds: terrain.nodeIds,
    ...tables,
    steps,
    streams,
    handovers: flowsOf(moves, ({ from }) => from, terrain),
    ...disksOf(steps, { ...tables, terrain, bytes: figures.bytes, freesAt: options.freesAt }),
    movedReplicas: moves.filter(({ to }) => to !== null).length,
    bytes: total(moves, ({ bytes }) => bytes),
    keys: total(moves, ({ keys }) => keys),
    crossZoneBytes: total(streams, (flow) => (flow.isAcrossZones ? flow.bytes : 0)),
    leadersChanged: changes.filter((change) => change.before[0] !== change.after[0]).length,
    unsafePartitions: changes
      .filter((change) => !isSafe(change, rules, terrain))
      .map(({ partition }) => partition),
  };
}

/** Everybody of both sides: where they will be, and for those who leave where they were, with a weight of nothing. */
function unionOf({ before, after, topologyBefore, topologyAfter }: PlanOptions): Topology {
  const nodes = new Map<NodeId, RingNode>();
  for (const id of [...before.nodeIds, ...after.nodeIds]) {
    nodes.set(id, { id, region: '', zone: '', host: id, weight: 0, capBytes: null });
  }
  for (const node of topologyBefore.nodes) nodes.set(node.id, { ...node, weight: 0 });
  for (const node of topologyAfter.nodes) nodes.set(node.id, node);
  return topologyOf(nodes.values());
}

interface Figures {
  readonly bytes: Float64Array;
  readonly keys: Float64Array;
  readonly heat: Float64Array;
}

function transfersOf(changes: readonly Change[], figures: Figures, isDead: Uint8Array): Transfer[] {
  const transfers: Transfer[] = [];
  changes.forEach(({ partition, before, handovers }, change) => {
    const alive = before.filter((node) => isDead[node] === 0);
    handovers.forEach(({ to }, handover) => {
      if (to === NOBODY) return;
      transfers.push({
        change,
        handover,
        // The lead goes over with the last handover, so the leader before is there to send all of them.
        source: alive[0] ?? NOBODY,
        to,
        bytes: alive.length === 0 ? 0 : figures.bytes[partition]!,
        copies: alive.length,
        heat: figures.heat[partition]!,
      });
    });
  });
  return transfers;
}

function moveOf(
  { change: index, handover, source, to, bytes }: Transfer,
  changes: readonly Change[],
  { nodeIds }: Terrain,
  figures: Figures,
): Move {
  const change = changes[index]!;
  const { from } = change.handovers[handover]!;
  return {
    partition: change.partition,
    to: nodeIds[to]!,
    from: from === NOBODY ? null : nodeIds[from]!,
    source: source === NOBODY ? null : nodeIds[source]!,
    bytes,
    keys: source === NOBODY ? 0 : figures.keys[change.partition]!,
    newLeader: handover === leadingHandoverOf(change) ? newLeaderOf(change, nodeIds) : null,
  };
}

/** Replicas that are one too many, and leaders that change alone. */
function movesWithoutCopy(change: Change, { nodeIds }: Terrain): Move[] {
  const { partition, handovers } = change;
  const newLeader = newLeaderOf(change, nodeIds);
  const nothing = { partition, to: null, source: null, bytes: 0, keys: 0 };
  const leading = leadingHandoverOf(change);
  const moves: Move[] = handovers.flatMap(({ to, from }, i) => {
    if (to !== NOBODY) return [];
    return [{ ...nothing, from: nodeIds[from]!, newLeader: i === leading ? newLeader : null }];
  });
  const isAlone = leading === -1 && newLeader !== null;
  return isAlone ? [{ ...nothing, from: null, newLeader }, ...moves] : moves;
}

function newLeaderOf({ before, after }: Change, nodeIds: readonly NodeId[]): NodeId | null {
  const leader = after[0];
  return leader === undefined || leader === before[0] ? null : nodeIds[leader]!;
}

function stepOf(moves: readonly Move[]): PlanStep {
  const taken = new Map<NodeId, number>();
  const given = new Map<NodeId, number>();
  for (const { to, source, bytes } of moves) {
    if (to !== null) taken.set(to, (taken.get(to) ?? 0) + bytes);
    if (source !== null) given.set(source, (given.get(source) ?? 0) + bytes);
  }
  return {
    moves,
    bytes: total(moves, ({ bytes }) => bytes),
    busiestBytes: Math.max(0, ...taken.values(), ...given.values()),
  };
}

/** Whether at every moment there are as many copies, as far apart, as there are before or after. */
function isSafe(change: Change, rules: Rules, terrain: Terrain): boolean {
  const { before, after, handovers } = change;
  const least = Math.min(before.length, after.length);
  for (let done = 1; done < handovers.length; done++) {
    const row = rowAfter(change, done);
    if (row.length < least) return false;
    for (const [groupOf, caps] of [
      [terrain.zoneOf, rules.zoneCaps],
      [terrain.hostOf, rules.hostCaps],
    ] as const) {
      for (const node of row) {
        const group = groupOf[node]!;
        const count = (nodes: readonly number[]): number =>
          nodes.filter((other) => groupOf[other] === group).length;
        if (count(row) > Math.max(caps[group]!, count(before), count(after))) return false;
      }
    }
  }
  return true;
}

function total<T>(items: readonly T[], figureOf: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += figureOf(item);
  return sum;
}
