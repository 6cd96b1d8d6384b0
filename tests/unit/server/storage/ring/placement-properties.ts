/**
 * What must be true of every placement, tried on one ring by chance and four edits of it. Throws at the first thing that is not.
 */
import assert from 'node:assert/strict';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { type Balance, balance } from '../../../../../src-server/storage/ring/balance.ts';
import { quotasOf } from '../../../../../src-server/storage/ring/quotas.ts';
import { violationsOf } from '../../../../../src-server/storage/ring/rules.ts';
import {
  emptyTable,
  isSamePlacement,
  NOBODY,
  type RingTable,
  tableFaultOf,
} from '../../../../../src-server/storage/ring/table.ts';
import { type Terrain, terrainOf } from '../../../../../src-server/storage/ring/terrain.ts';
import { leastPlacement } from './placement-oracle.ts';
import { randomEdit, type RandomRing, randomRing } from './random-ring.ts';

const EDITS = 4;

/** Replicas moved by us and at least, over all tables of the seed. */
export interface Moves {
  ours: number;
  least: number;
  tables: number;
}

export function checkPlacement(seed: number, moves: Moves): void {
  const random = new Prng(seed);
  let ring = randomRing(random);
  let before: RingTable | null = null;
  for (let edit = 0; edit <= EDITS; edit++) {
    const placed: Balance = balance({ ...ring, before });
    checkOne(ring, before, placed, moves);
    before = placed.table;
    ring = randomEdit(ring, random);
  }
}

function checkOne(
  ring: RandomRing,
  before: RingTable | null,
  { table, moved, unplaced, rules, strictRules, isLeast }: Balance,
  moves: Moves,
): void {
  const terrain = terrainOf(ring.topology);
  const quotas = quotasOf(terrain, { ...ring, meanBytes: ring.partitionBytes?.[0] ?? 0 });
  const least = leastPlacement(terrain, quotas, before ?? emptyTable(ring));

  assert.equal(tableFaultOf(table), null);
  const violations = violationsOf(table, terrain, rules);
  assert.deepEqual([violations.zones, violations.hosts], [[], []], 'rules are kept');
  assert.equal(unplaced, rules.replicaCount * ring.partitionCount - least.placed, 'all are placed');

  const counts = countsOf(table, terrain);
  counts.forEach((count, node) => {
    assert(count <= quotas.most[node]!, 'nobody has more than a share');
    if (unplaced === 0) assert(count >= quotas.least[node]!, 'nobody has less than a share');
  });
  if (unplaced === 0) {
    assert.equal(
      bentOf(table, terrain, strictRules),
      least.bent,
      'no more rules bent than must be',
    );
    assert.equal(moved, least.moved, 'no more moved than must be');
    assert(isLeast, 'which is known');
    moves.ours += moved;
    moves.least += least.moved;
    moves.tables++;
    checkLeaders(table, quotas.ideals, rules.replicaCount);
  }
  const again = balance({ ...ring, before: table });
  assert.equal(again.moved, 0, 'balanced once is balanced');
  assert(isSamePlacement(again.table, table), 'a balanced table comes back as it is');
  assert.deepEqual(balance({ ...ring, before }).table, table, 'the same input, the same table');
}

function checkLeaders(table: RingTable, ideals: Float64Array, replicaCount: number): void {
  const led = new Int32Array(ideals.length);
  for (let at = 0; at < table.cells.length; at += table.replicaCount) {
    if (table.cells[at] !== NOBODY) led[table.cells[at]!]!++;
  }
  led.forEach((count, node) => {
    const share = ideals[node]! / Math.max(1, replicaCount);
    assert(Math.abs(count - share) < 1 + 1e-6, `leaders are shared: ${count} of ${share}`);
  });
}

function countsOf(table: RingTable, terrain: Terrain): Int32Array {
  const counts = new Int32Array(terrain.nodeIds.length);
  for (const cell of table.cells) if (cell !== NOBODY) counts[cell]!++;
  return counts;
}

function bentOf(table: RingTable, terrain: Terrain, rules: Balance['strictRules']): number {
  let bent = 0;
  for (let at = 0; at < table.cells.length; at += table.replicaCount) {
    const row = [...table.cells.subarray(at, at + table.replicaCount)].filter((c) => c !== NOBODY);
    const over = (caps: Uint8Array, groupOf: Uint16Array): number =>
      caps.reduce((sum, cap, group) => {
        return sum + Math.max(0, row.filter((node) => groupOf[node] === group).length - cap);
      }, 0);
    bent += over(rules.zoneCaps, terrain.zoneOf) + over(rules.hostCaps, terrain.hostOf);
  }
  return bent;
}
