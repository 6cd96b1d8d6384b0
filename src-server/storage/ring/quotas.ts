/**
 * How many replicas each node should hold: by weight, as far as rules and disks allow.
 *
 * Water is poured over zones, then over the hosts of a zone, then over the nodes of a host: everybody rises to the same level
 * per weight until its cap. Where weights and rules disagree (a light zone must hold a copy of everything), a node is loaded
 * with at most `overloadPercent` more than its fair share; what still does not fit bends the rule for as few partitions as that takes.
 *
 *     level │      ┌──┐          capped: the rest is
 *     ──────┼──┬───┤▒▒├──┐       shared by the others
 *           │▒▒│ ▄ │▒▒│▒▒│
 */
import { assert } from '../../base/assert.ts';
import { bentRules, type Rules, rulesOf } from './rules.ts';
import type { Terrain } from './terrain.ts';

export interface Quotas {
  /** The share of each node, and the whole numbers on both sides of it. */
  readonly ideals: Float64Array;
  readonly least: Int32Array;
  readonly most: Int32Array;
  /** What holds for these quotas: the strict rules, or rules bent where they could not be kept. */
  readonly rules: Rules;
  readonly strictRules: Rules;
}

export interface QuotaOptions {
  readonly partitionCount: number;
  readonly replicaCount: number;
  /** How much more than its fair share a node may hold to keep the rules; null for whatever it takes. */
  readonly overloadPercent: number | null;
  /** The mean bytes of a partition, which turn disk caps into numbers of replicas; 0 when nothing is stored yet. */
  readonly meanBytes: number;
}

/** Swift's advice, and the default here: a tenth more before a rule is bent. */
export const DEFAULT_OVERLOAD_PERCENT = 10;
const LEVEL_STEPS = 100;
/** What a sum of fractions may be off by. */
const SLACK = 1e-6;

export function quotasOf(terrain: Terrain, options: QuotaOptions): Quotas {
  const { partitionCount, meanBytes } = options;
  const strictRules = rulesOf(terrain, options.replicaCount);
  const { weights, capBytes } = terrain;
  const caps = weights.map((weight, node) => {
    if (weight === 0) return 0;
    const byDisk = meanBytes > 0 ? Math.floor(capBytes[node]! / meanBytes) : Infinity;
    return Math.min(partitionCount, byDisk);
  });
  const overload = options.overloadPercent === null ? Infinity : options.overloadPercent / 100;

  const allNodes = Array.from(weights.keys());
  const zones = grouped(allNodes, terrain.zoneOf, terrain.zoneNames.length);
  const zoneShares = shared(strictRules.replicaCount * partitionCount, {
    groups: zones,
    weights,
    caps,
    ruleCaps: Float64Array.from(strictRules.zoneCaps, (cap) => cap * partitionCount),
    overload,
  });
  const hosts = grouped(allNodes, terrain.hostOf, terrain.hostNames.length);
  const hostShares = new Float64Array(hosts.length);
  const ideals = new Float64Array(weights.length);
  for (let zone = 0; zone < zones.length; zone++) {
    const own = Array.from(hosts.keys()).filter((host) => terrain.zoneOfHost[host] === zone);
    const shares = shared(zoneShares[zone]!, {
      groups: own.map((host) => hosts[host]!),
      weights,
      caps,
      ruleCaps: Float64Array.from(own, (host) => strictRules.hostCaps[host]! * partitionCount),
      overload,
    });
    own.forEach((host, i) => {
      hostShares[host] = shares[i]!;
      pour(shares[i]!, hosts[host]!, weights, caps, ideals);
    });
  }
  const rules = bentRules(strictRules, {
    zoneCaps: Uint8Array.from(zoneShares, (share) => Math.ceil(share / partitionCount - SLACK)),
    hostCaps: Uint8Array.from(hostShares, (share) => Math.ceil(share / partitionCount - SLACK)),
  });
  return {
    ideals,
    least: Int32Array.from(ideals, (ideal) => Math.floor(ideal + SLACK)),
    most: Int32Array.from(ideals, (ideal) => Math.ceil(ideal - SLACK)),
    rules,
    strictRules,
  };
}

interface Sharing {
  /** The nodes of each group. */
  readonly groups: readonly (readonly number[])[];
  readonly weights: Float64Array;
  readonly caps: Float64Array;
  readonly ruleCaps: Float64Array;
  readonly overload: number;
}

/** What each group gets of an amount: its share by the rules, or by weight where that would overload it. */
function shared(amount: number, sharing: Sharing): Float64Array {
  const { groups, weights, caps, ruleCaps, overload } = sharing;
  const byWeight = levelled(amount, (level) =>
    groups.map((nodes) => taken(nodes, level, weights, caps)),
  );
  const byRule = levelled(amount, (level) =>
    groups.map((nodes, i) => Math.min(ruleCaps[i]!, taken(nodes, level, weights, caps))),
  );
  // Light groups go up to their share by the rules, but not further than the overload; heavy ones come down as far as that lets them.
  const raised = byRule.map((rule, i) =>
    rule > byWeight[i]! ? Math.min(rule, byWeight[i]! * (1 + overload)) : rule,
  );
  const left = Math.min(amount, sum(byWeight)) - sum(raised);
  const cut = sum(byWeight.map((fair, i) => Math.max(0, fair - byRule[i]!)));
  if (left <= SLACK || cut <= SLACK) return Float64Array.from(raised);
  return Float64Array.from(raised, (share, i) => {
    return share + (left * Math.max(0, byWeight[i]! - byRule[i]!)) / cut;
  });
}

/** Pours an amount over nodes by weight, up to their caps. */
function pour(
  amount: number,
  nodes: readonly number[],
  weights: Float64Array,
  caps: Float64Array,
  into: Float64Array,
): void {
  const shares = levelled(amount, (level) =>
    nodes.map((node) => Math.min(caps[node]!, level * weights[node]!)),
  );
  nodes.forEach((node, i) => (into[node] = shares[i]!));
}

/** The shares at the level where they add up to the amount, or the highest they reach. */
function levelled(amount: number, sharesAt: (level: number) => number[]): number[] {
  let high = 1;
  const full = sum(sharesAt(Number.MAX_VALUE));
  if (full <= amount + SLACK) return sharesAt(Number.MAX_VALUE);
  while (sum(sharesAt(high)) < amount) high *= 2;
  let low = 0;
  for (let step = 0; step < LEVEL_STEPS; step++) {
    const middle = (low + high) / 2;
    if (sum(sharesAt(middle)) < amount) low = middle;
    else high = middle;
  }
  const shares = sharesAt(high);
  assert(Math.abs(sum(shares) - amount) < 1e-3, 'water finds its level');
  return shares;
}

function taken(
  nodes: readonly number[],
  level: number,
  weights: Float64Array,
  caps: Float64Array,
): number {
  let total = 0;
  for (const node of nodes) total += Math.min(caps[node]!, level * weights[node]!);
  return total;
}

function grouped(nodes: readonly number[], groupOf: Uint16Array, count: number): number[][] {
  const groups: number[][] = Array.from({ length: count }, () => []);
  for (const node of nodes) groups[groupOf[node]!]!.push(node);
  return groups;
}

function sum(values: readonly number[] | Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
