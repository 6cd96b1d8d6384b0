/** A plan on its way: the ring after each of its steps, how long it will take, and what another plan would do otherwise. */
import type { Move } from './moves.ts';
import type { Plan } from './plan.ts';
import { NOBODY, nodeIndexOf, type RingTable } from './table.ts';

export interface Pace {
  /** What one node takes or gives in a second, with all of its transfers. */
  readonly bytesPerSecond: number;
  /** How far that may be off, as a part of it: 0.25 for a quarter. */
  readonly error: number;
  /** What every step takes beside the copying: catching up, the switch. */
  readonly stepMs: number;
}

export interface Estimate {
  readonly ms: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

/** How long the steps from `fromStep` on take: in each, everybody waits for the node with most to carry. */
export function estimateOf(plan: Plan, pace: Pace, fromStep = 0): Estimate {
  const { bytesPerSecond, error, stepMs } = pace;
  const steps = plan.steps.slice(fromStep);
  const copyMs = steps.reduce((sum, step) => sum + step.busiestBytes, 0) / (bytesPerSecond / 1000);
  const fixedMs = steps.length * stepMs;
  return {
    ms: copyMs + fixedMs,
    leastMs: copyMs / (1 + error) + fixedMs,
    mostMs: copyMs / Math.max(0.01, 1 - error) + fixedMs,
  };
}

/** The table when so many steps are done: none for the table before. */
export function tableAfter(plan: Plan, steps: number): RingTable {
  if (steps >= plan.steps.length) return plan.after;
  const replicaCount = Math.max(plan.before.replicaCount, plan.after.replicaCount);
  const rows = new Map<number, number[]>();
  for (const { moves } of plan.steps.slice(0, steps)) {
    for (const move of moves) {
      const row = rows.get(move.partition) ?? rowOf(plan.before, move.partition);
      rows.set(move.partition, changedRow(plan.before, row, move));
    }
  }
  const { partitionCount, nodeIds } = plan.before;
  const cells = new Uint16Array(partitionCount * replicaCount).fill(NOBODY);
  for (let partition = 0; partition < partitionCount; partition++) {
    const row = rows.get(partition) ?? rowOf(plan.before, partition);
    cells.set(row, partition * replicaCount);
  }
  return { partitionCount, replicaCount, nodeIds, cells };
}

/** A plan is for one version of the ring: when that has moved on, it is made anew and both are compared. */
export function isPlanFor(plan: Plan, ringVersion: number): boolean {
  return plan.ringVersion === ringVersion;
}

export interface PlanDifference {
  readonly added: readonly Move[];
  readonly dropped: readonly Move[];
  readonly bytes: number;
  readonly leadersChanged: number;
}

/** What the newer of two plans does otherwise; moves that only happen earlier or later are no difference. */
export function differenceOf(older: Plan, newer: Plan): PlanDifference {
  const movesOf = (plan: Plan): Map<string, Move> =>
    new Map(
      plan.steps
        .flatMap((step) => step.moves)
        .map((move) => [`${plan.partitionCount} ${move.partition} ${move.to} ${move.from}`, move]),
    );
  const before = movesOf(older);
  const after = movesOf(newer);
  return {
    added: [...after].filter(([name]) => !before.has(name)).map(([, move]) => move),
    dropped: [...before].filter(([name]) => !after.has(name)).map(([, move]) => move),
    bytes: newer.bytes - older.bytes,
    leadersChanged: newer.leadersChanged - older.leadersChanged,
  };
}

function rowOf(table: RingTable, partition: number): number[] {
  const start = partition * table.replicaCount;
  return [...table.cells.subarray(start, start + table.replicaCount)].filter((c) => c !== NOBODY);
}

function changedRow(table: RingTable, row: readonly number[], move: Move): number[] {
  const { to, from, newLeader } = move;
  const leaving = from === null ? NOBODY : nodeIndexOf(table, from);
  const changed = row.filter((node) => node !== leaving);
  if (to !== null) changed.push(nodeIndexOf(table, to));
  if (newLeader === null) return changed;
  const leader = nodeIndexOf(table, newLeader);
  return [leader, ...changed.filter((node) => node !== leader)];
}
