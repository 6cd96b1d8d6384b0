/**
 * How well every partition is, and the three questions an operator has: are its copies apart from each other, may one more node
 * fail, is anything out of reach. Reckoned from the ring alone, so that "what if these nodes die" is the same question.
 */
import { NOBODY, type RingNode } from '#contract/ring-models.ts';

import type { RingTable } from './ring-table.ts';

/** From well to bad; a partition has the worst that is true of it. */
export const STANDINGS = [
  'whole',
  /** A copy is missing or behind, and more than enough are left. */
  'thin',
  /** Copies share a node, or a zone that need not be shared. */
  'together',
  /** Writes go on; the next failure stops them. */
  'edge',
  /** Enough are left, and none of them leads yet. */
  'electing',
  /** Too few in sync: writes are refused, reads go on. */
  'refusing',
  /** Nobody in sync is there: neither read nor written. */
  'lost',
] as const;
export type RingStanding = (typeof STANDINGS)[number];

export const QUESTIONS = ['apart', 'quorum', 'reach'] as const;
export type RingQuestion = (typeof QUESTIONS)[number];

/** Which standings answer a question with yes, there is something wrong. */
const ABOUT: Readonly<Record<RingQuestion, readonly RingStanding[]>> = {
  apart: ['together'],
  quorum: ['edge', 'electing', 'refusing'],
  reach: ['lost'],
};

export interface RingHealth {
  /** For each partition, its place in STANDINGS. */
  readonly standings: Uint8Array;
  readonly counts: Readonly<Record<RingStanding, number>>;
  /** Partitions whose copies are not apart, whatever else is wrong with them. */
  readonly together: number;
  /** Those of them that share a node even. */
  readonly sameNode: number;
  /** Partitions with a copy that is being made. */
  readonly copying: number;
  /** Partitions of which a copy is there that is not in sync, and none that is: an operator could force it to lead. */
  readonly forcible: number;
  /** Places of nodes that partitions with trouble wait for, those that most wait for first. */
  readonly missed: readonly number[];
}

export interface HealthOptions {
  /** Places of nodes to be taken for dead. */
  readonly without?: ReadonlySet<number>;
}

export function healthOf(
  table: RingTable,
  nodes: readonly RingNode[],
  { without }: HealthOptions = {},
): RingHealth {
  const { partitionCount, width, copies, inSync, learning, leaders, minInSync } = table;
  const isAlive = nodes.map(({ isAlive }, place) => isAlive && without?.has(place) !== true);
  const zones = zonePlaces(nodes);
  const zoneMax = copiesAZone(table.replicaCount, new Set(zones).size);
  const standings = new Uint8Array(partitionCount);
  const counts = Object.fromEntries(STANDINGS.map((standing) => [standing, 0])) as Record<
    RingStanding,
    number
  >;
  const missing = new Uint32Array(nodes.length);
  const inZone = new Uint8Array(nodes.length);
  let together = 0;
  let sameNode = 0;
  let copying = 0;
  let forcible = 0;

  for (let p = 0; p < partitionCount; p++) {
    let [live, liveInSync, replicas] = [0, 0, 0];
    let [sharesNode, sharesZone] = [false, false];
    inZone.fill(0);
    for (let i = 0; i < width; i++) {
      const node = copies[p * width + i]!;
      if (node === NOBODY) continue;
      const isThere = isAlive[node] === true;
      if (isThere) live++;
      else missing[node]!++;
      if ((learning[p]! & (1 << i)) !== 0) continue;
      replicas++;
      if (isThere && (inSync[p]! & (1 << i)) !== 0) liveInSync++;
      for (let j = 0; j < i; j++) {
        const isReplica = (learning[p]! & (1 << j)) === 0;
        if (isReplica && copies[p * width + j] === node) sharesNode = true;
      }
      if (++inZone[zones[node]!]! > zoneMax) sharesZone = true;
    }
    if (learning[p] !== 0) copying++;
    if (sharesNode || sharesZone) together++;
    if (sharesNode) sameNode++;
    if (liveInSync === 0 && live > 0) forcible++;
    const leader = leaders[p]!;
    const standing = standingOf({
      isPlaced: replicas > 0,
      liveInSync,
      minInSync,
      hasLeader: leader !== NOBODY && isAlive[leader] === true,
      isTogether: sharesNode || sharesZone,
      // Where as many are needed as there are, every one is the last that may not fail.
      mayStandOnEdge: table.replicaCount > minInSync,
      isWhole: liveInSync === replicas && replicas >= table.replicaCount,
    });
    standings[p] = STANDINGS.indexOf(standing);
    counts[standing]++;
  }
  const missed = [...missing.keys()].filter((place) => missing[place]! > 0);
  missed.sort((a, b) => missing[b]! - missing[a]!);
  return { standings, counts, together, sameNode, copying, forcible, missed };
}

function standingOf(facts: {
  readonly isPlaced: boolean;
  readonly liveInSync: number;
  readonly minInSync: number;
  readonly hasLeader: boolean;
  readonly isTogether: boolean;
  readonly mayStandOnEdge: boolean;
  readonly isWhole: boolean;
}): RingStanding {
  const { liveInSync, minInSync } = facts;
  // A ring that is forming has not come to it yet: there is nothing to be lost.
  if (!facts.isPlaced) return 'electing';
  if (liveInSync === 0) return 'lost';
  if (liveInSync < minInSync) return 'refusing';
  if (!facts.hasLeader) return 'electing';
  if (liveInSync === minInSync && facts.mayStandOnEdge) return 'edge';
  if (facts.isTogether) return 'together';
  return facts.isWhole ? 'whole' : 'thin';
}

/** The zone of each node, as a small number. Zones of two regions are two, whatever they are called. */
export function zonePlaces(nodes: readonly Pick<RingNode, 'region' | 'zone'>[]): number[] {
  const names = nodes.map(({ region, zone }) => `${region}/${zone}`);
  const known = [...new Set(names)].sort();
  return names.map((name) => known.indexOf(name));
}

/** How many copies of one partition a zone may hold, by the rule placement keeps. */
export function copiesAZone(replicaCount: number, zoneCount: number): number {
  return Math.ceil(replicaCount / Math.max(1, zoneCount));
}

/** How many partitions make this answer a bad one. */
export function troubledBy(question: RingQuestion, health: RingHealth): number {
  if (question === 'apart') return health.together;
  return ABOUT[question].reduce((sum, standing) => sum + health.counts[standing], 0);
}

/** Whether a partition is among those a question is about. */
export function concerns(question: RingQuestion, standing: RingStanding): boolean {
  return ABOUT[question].includes(standing);
}

export function standingAt(health: RingHealth, partition: number): RingStanding {
  return STANDINGS[health.standings[partition]!]!;
}

/** How a standing is coloured where words say it. */
export function toneOfRing(standing: RingStanding): 'ok' | 'info' | 'warn' | 'danger' {
  if (standing === 'whole') return 'ok';
  if (standing === 'thin') return 'info';
  return standing === 'refusing' || standing === 'lost' ? 'danger' : 'warn';
}

/** The worst of all partitions. */
export function worstOf(health: RingHealth): RingStanding {
  return STANDINGS.findLast((standing) => health.counts[standing] > 0) ?? 'whole';
}
