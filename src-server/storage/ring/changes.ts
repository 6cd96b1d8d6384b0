/**
 * What differs between two tables, partition by partition: who hands over to whom, in which order, and who leads afterwards.
 *
 *    before  a·b·c       b stays, so c ─▶ e within their zone first, then a ─▶ d, because a leads:
 *    after   d·b·e       the lead goes over once, with the last move, to a node that has been there by then
 *
 * A node that takes is paired with one that gives up on its host, else in its zone, else in its region, else anywhere. So the
 * replicas in a zone or on a host only ever go from what they were to what they will be: no step breaks a rule that both keep.
 */
import { NOBODY, type RingTable } from './table.ts';
import type { Terrain } from './terrain.ts';

/** One replica that comes, one that goes, or both: the one that comes is in sync before the other goes. */
export interface Handover {
  /** Nodes of the terrain; nobody for a replica more, or one less. */
  readonly to: number;
  readonly from: number;
}

export interface Change {
  readonly partition: number;
  /** Holders before, the leader first. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** In the order in which they should happen. */
  readonly handovers: readonly Handover[];
}

/** @param tables both with the same partitions, over the nodes of the terrain */
export function changesOf(
  tables: { readonly before: RingTable; readonly after: RingTable },
  terrain: Terrain,
): Change[] {
  const { before, after } = tables;
  const changes: Change[] = [];
  for (let partition = 0; partition < before.partitionCount; partition++) {
    const old = holders(before, partition);
    const next = holders(after, partition);
    const takers = next.filter((node) => !old.includes(node));
    const givers = old.filter((node) => !next.includes(node));
    if (takers.length === 0 && givers.length === 0 && old[0] === next[0]) continue;
    const handovers = paired(takers, givers, terrain);
    handovers.sort((a, b) => turnOf(a, old, next) - turnOf(b, old, next));
    changes.push({ partition, before: old, after: next, handovers });
  }
  return changes;
}

/** The handover with which the lead goes over: when its holder leaves, or else with the last copy. */
export function leadingHandoverOf({ before, handovers }: Change): number {
  const leaving = handovers.findIndex(({ from }) => from !== NOBODY && from === before[0]);
  return leaving !== -1 ? leaving : handovers.findLastIndex(({ to }) => to !== NOBODY);
}

/** Who holds a partition after so many of its handovers, the leader first. */
export function rowAfter(change: Change, done: number): readonly number[] {
  if (done >= change.handovers.length) return change.after;
  const row = [...change.before];
  for (const { to, from } of change.handovers.slice(0, done)) {
    if (from !== NOBODY) row.splice(row.indexOf(from), 1);
    if (to !== NOBODY) row.push(to);
  }
  return row;
}

/**
 * Copies before replicas that only go; a node that comes to lead late, and a leader that leaves last of them, because the lead
 * would change twice otherwise.
 */
function turnOf(
  { to, from }: Handover,
  before: readonly number[],
  after: readonly number[],
): number {
  if (to === NOBODY) return from === before[0] ? 3 : 4;
  if (from !== NOBODY && from === before[0]) return 2;
  return to === after[0] ? 1 : 0;
}

function paired(takers: number[], givers: number[], terrain: Terrain): Handover[] {
  const handovers: Handover[] = [];
  const left = [...givers];
  let open = takers;
  const { hostOf, zoneOf, regionOf } = terrain;
  for (const groupOf of [hostOf, zoneOf, regionOf, null]) {
    const unpaired: number[] = [];
    for (const to of open) {
      const at = left.findIndex((from) => groupOf === null || groupOf[from] === groupOf[to]);
      if (at === -1) unpaired.push(to);
      else handovers.push({ to, from: left.splice(at, 1)[0]! });
    }
    open = unpaired;
  }
  // More copies come first, fewer last: in between there are never less than before and after.
  return [
    ...open.map((to) => ({ to, from: NOBODY })),
    ...handovers,
    ...left.map((from) => ({ to: NOBODY, from })),
  ];
}

function holders(table: RingTable, partition: number): number[] {
  const start = partition * table.replicaCount;
  const row: number[] = [];
  for (const node of table.cells.subarray(start, start + table.replicaCount)) {
    if (node !== NOBODY) row.push(node);
  }
  return row;
}
