/**
 * The beginning of a placement: what stays of the table before, and somebody for every replica that has nobody.
 *
 * Greedy on purpose: chains and exchanges mend afterwards what it gets wrong, and it gets nearly everything right.
 */
import { hashOfName, mixed } from './hash.ts';
import type { Placement } from './placement.ts';
import type { Quotas } from './quotas.ts';
import { NOBODY } from './table.ts';

/** What speaks against a node, each more than all below it; below them a move: 1. */
const FULL = 4;
const BENT = 2;

/** Keeps every replica that quota and rules let stay; of too many, those on the fullest nodes go. */
export function keep(placement: Placement, quotas: Quotas): void {
  const { terrain, rules, replicaCount } = placement;
  const fullness = fullnessBefore(placement, quotas);
  for (let partition = 0; partition < placement.partitionCount; partition++) {
    const homes: number[] = [];
    for (const node of placement.homesOf(partition)) {
      if (node !== NOBODY && quotas.most[node]! > 0) homes.push(node);
    }
    // The least full come first, so whom a rule turns away is the fullest of those it binds.
    homes.sort((a, b) => fullness[a]! - fullness[b]! || a - b);
    let cell = partition * replicaCount;
    let kept = 0;
    for (const node of homes) {
      if (kept < rules.replicaCount && placement.isAllowed(partition, node)) {
        placement.put(cell++, node);
        kept++;
      } else {
        fullness[node]! -= 1 / quotas.ideals[node]!;
      }
    }
  }
  for (let node = 0; node < terrain.nodeIds.length; node++) shed(placement, node);
}

/** Takes replicas off a node until its disk holds the rest: first those that were not there before. */
export function shed(placement: Placement, node: number): void {
  if (!placement.isOverDisk(node)) return;
  const atHome: number[] = [];
  const arriving: number[] = [];
  for (let cell = placement.firstOf(node); cell !== -1; cell = placement.nextOf(cell)) {
    const isAtHome = placement.isHome(placement.partitionOf(cell), node);
    (isAtHome ? atHome : arriving).push(cell);
  }
  // Not the heaviest first: a node left with light partitions only would reach its count with its disk half empty.
  for (const cell of [...arriving, ...atHome]) {
    if (!placement.isOverDisk(node)) return;
    placement.remove(cell);
  }
}

/** Finds a node for every replica that has none. */
export function fill(placement: Placement, quotas: Quotas): void {
  // Nodes with equal claims take turns by names, so a turn does not change when others come and go.
  const lots = Uint32Array.from(placement.terrain.nodeIds, hashOfName);
  for (let partition = 0; partition < placement.partitionCount; partition++) {
    const start = partition * placement.replicaCount;
    for (let cell = start; cell < start + placement.rules.replicaCount; cell++) {
      if (placement.cells[cell] !== NOBODY) continue;
      const node = choose(placement, quotas, cell, lots);
      if (node !== NOBODY) placement.put(cell, node);
    }
  }
}

/**
 * Who takes a replica: a node without any of what speaks against it, a full quota or disk before a bent rule before a move; of
 * those the one that is least full for its quota. A full disk gives up something else in the next stage.
 */
function choose(
  placement: Placement,
  { ideals, most, strictRules }: Quotas,
  cell: number,
  lots: Uint32Array,
): number {
  const { counts } = placement;
  const partition = placement.partitionOf(cell);
  let best = NOBODY;
  let bestRank = Infinity;
  let bestFullness = Infinity;
  let bestLot = 0;
  for (let node = 0; node < counts.length; node++) {
    if (most[node] === 0) continue;
    const isFull = counts[node]! >= most[node]! || !placement.hasRoom(partition, node);
    if (isFull && bestRank < FULL) continue;
    const fullness = (counts[node]! + 1) / ideals[node]!;
    let rank = (isFull ? FULL : 0) + (placement.isHome(partition, node) ? 0 : 1);
    if (rank > bestRank || (rank === bestRank && fullness > bestFullness)) continue;
    const ownLot = mixed(partition, lots[node]!);
    if (rank === bestRank && fullness === bestFullness && ownLot <= bestLot) continue;
    if (!placement.isAllowed(partition, node)) continue;
    if (placement.excess(strictRules, cell, node) > 0) rank += BENT;
    if (rank > bestRank || (rank === bestRank && fullness > bestFullness)) continue;
    best = node;
    bestRank = rank;
    bestFullness = fullness;
    bestLot = ownLot;
  }
  return best;
}

/** How full each node was for the quota it has now. */
function fullnessBefore(placement: Placement, quotas: Quotas): Float64Array {
  const fullness = new Float64Array(quotas.ideals.length);
  for (let partition = 0; partition < placement.partitionCount; partition++) {
    for (const node of placement.homesOf(partition)) {
      if (node !== NOBODY && quotas.most[node]! > 0) fullness[node]! += 1 / quotas.ideals[node]!;
    }
  }
  return fullness;
}
