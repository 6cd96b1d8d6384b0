/** One rebalance, seen by a controller in each of its phases. */
import { describe, expect, test } from 'vitest';

import { decide, type Decision } from '../../../../../src-server/storage/control/decisions.ts';
import { placementOf } from '../../../../../src-server/storage/control/placement-text.ts';
import { placementHere } from '../../../../../src-server/storage/control/rebalance-placing.ts';
import { progressOf } from '../../../../../src-server/storage/control/rebalance-progress.ts';
import {
  formatRebalance,
  formatRebalanceState,
  parseRebalance,
  parseRebalanceState,
  type RebalanceRecord,
  type RebalanceState,
} from '../../../../../src-server/storage/control/rebalance-records.ts';
import type { Comparison } from '../../../../../src-server/storage/control/round.ts';
import { replicasOf } from '../../../../../src-server/storage/ring/table.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { config, node, NOW_MS, situation, state, view } from './situations.ts';

const BEFORE = config('a b c d', ['a b', 'b c'], { minInSync: 1 });
/** Both partitions give their second copy to d, and the second one its lead. */
const AFTER = config('a b c d', ['a d', 'd b'], { minInSync: 1, version: 2 });
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(nodeId) as [never, never, never, never];

const RECORD: RebalanceRecord = {
  name: 'b-4',
  before: { version: 1, ...placementOf(BEFORE) },
  after: placementOf(AFTER),
  edits: [
    { kind: 'setWeight', id: D, weight: 2 },
    { kind: 'setCap', id: A, capBytes: null },
    { kind: 'setOverload', overloadPercent: null },
  ],
  by: 'somebody',
  why: 'd has room',
  atMs: 1000,
  planned: {
    bytes: 300,
    keys: 3,
    movedReplicas: 2,
    leastReplicas: 2,
    leastBytes: 300,
    leadersChanged: 1,
    crossZoneBytes: 300,
    estimateMs: 1000,
    errorMs: null,
    pairs: [
      { from: A, to: D, bytes: 100, partitions: 1 },
      { from: B, to: D, bytes: 200, partitions: 1 },
    ],
    peaks: [{ node: D, bytes: 300, capBytes: null }],
    steps: 2,
    moves: [
      { step: 0, partition: 1, to: D, from: C, source: B, bytes: 200 },
      { step: 1, partition: 0, to: D, from: B, source: A, bytes: 100 },
    ],
  },
};

const STATE: RebalanceState = {
  record: 'b-4',
  phase: 'running',
  goal: 'after',
  by: 'somebody',
  why: 'd has room',
  startedAtMs: 0,
  changedAtMs: 0,
  pausedMs: 0,
  bytesPerSecond: null,
  isAdaptive: false,
  transfersPerNode: 1,
  graceUntilMs: null,
  outcome: null,
  verified: 0,
};

interface Scene {
  readonly states: readonly string[];
  readonly there?: string;
  readonly rebalance?: Partial<RebalanceState>;
  /** Of the disk of d. */
  readonly fullPercent?: number;
  readonly comparisons?: readonly Comparison[];
}

function seen(scene: Scene): ReturnType<typeof view> {
  const { states, there = 'a b c d', rebalance = {}, fullPercent = null } = scene;
  const value = { ...STATE, ...rebalance };
  const found = view({
    config: AFTER,
    states: states.map((text) => state(text)),
    there,
    more: {
      rebalance: { value, version: 5, changedAtMs: 0 },
      rebalanceRecord: RECORD,
    },
  });
  (found.nodes as Map<typeof D, unknown>).set(D, node('d', { fullPercent }));
  return found;
}

function decided(scene: Scene): Decision {
  const comparisons = new Map((scene.comparisons ?? []).map((one) => [one.partition, one]));
  return decide(situation(seen(scene), { comparisons }));
}

function waits(decision: Decision): string[] {
  return decision.waits.map(({ reason, partition, node: who, znode }) =>
    [reason, partition ?? '-', who ?? '-', znode].join(' '),
  );
}

function written({ changes }: Decision): string[] {
  return changes.map(({ entry }) => `${entry?.kind} ${entry?.partition ?? '-'}`);
}

function phaseOf({ changes }: Decision): RebalanceState | null {
  const write = changes.flatMap((change) => change.writes).find((one) => one.kind === 'rebalance');
  return write?.kind === 'rebalance' ? write.state : null;
}

const UNTOUCHED = ['a* b', 'b* c'];
const IN_PLACE = ['a* d', 'd* b'];

function found(partition: number, more: Partial<Comparison> = {}): Comparison {
  const copiedBytes = new Map([[D, 100 * (partition + 1)]]);
  return { partition, version: 7, atMs: NOW_MS, kind: 'equal', words: '', copiedBytes, ...more };
}

describe('the records', () => {
  test('are read as they were written', () => {
    expect(parseRebalance(formatRebalance(RECORD))).toEqual({ ok: true, value: RECORD });
    for (const value of [STATE, { ...STATE, phase: 'cancelled', graceUntilMs: 7 } as const])
      expect(parseRebalanceState(formatRebalanceState(value))).toEqual({ ok: true, value });
  });

  test.each([
    ['b-4', 'b-x', 'record is not b- and a number'],
    ['"phase":"running"', '"phase":"done"', 'it is done, and its grace does not fit that'],
    ['"transfersPerNode":1', '"transfersPerNode":0', 'transfersPerNode is 0'],
    ['"isAdaptive":false', '"isAdaptive":1', 'isAdaptive is neither true nor false'],
  ])('with %s as %s are refused', (is, would, why) => {
    const parsed = parseRebalanceState(formatRebalanceState(STATE).replace(is, would));
    expect(parsed.ok ? '' : parsed.error).toContain(why);
  });
});

describe('while it runs', () => {
  test('the plan says which comes first, and the limit of the rebalance how many at a time', () => {
    const decision = decided({ states: UNTOUCHED });
    expect(written(decision)).toEqual(['learner-added 1']);
    expect(waits(decision)).toContain('backfill-limit 0 d /ring/rebalance');
  });

  test('C6: what was lost is copied first, and waits for nobody', () => {
    const decision = decided({ states: ['a*', 'b* c'], rebalance: { phase: 'paused' } });
    expect(written(decision)).toEqual(['learner-added 0']);
    expect(waits(decision)).toContain('repairs-first 1 d /ring/p/1');
  });

  test('C8: a disk with too little room is named', () => {
    const decision = decided({ states: UNTOUCHED, fullPercent: 91 });
    expect(written(decision)).toEqual([]);
    const held = decision.waits.filter(({ reason }) => reason === 'disk-full');
    expect(waits({ ...decision, waits: held })).toEqual([
      'disk-full 1 d /ring/nodes/d',
      'disk-full 0 d /ring/nodes/d',
    ]);
    expect(held[0]!.words).toContain('91 % of the disk of d');
  });

  test('C11: paused, nothing begins, goes or is led by somebody else', () => {
    const decision = decided({ states: ['a* b : d', 'b* c d'], rebalance: { phase: 'paused' } });
    expect(written(decision)).toEqual([]);
    expect(waits(decision)).toEqual([
      'not-enough-copies 0 b /ring/p/0',
      'paused 0 d /ring/rebalance',
      'paused 1 c /ring/rebalance',
      'paused - - /ring/rebalance',
    ]);
    const over = decided({ states: ['a* b d', 'd* b c'], rebalance: { phase: 'paused' } });
    expect(written(over)).toEqual([]);
    expect(waits(over)).toContain('paused 0 b /ring/rebalance');
  });

  test('what is in its place everywhere settles', () => {
    expect(phaseOf(decided({ states: ['a* d', 'b* d c'] }))).toBeNull();
    expect(phaseOf(decided({ states: IN_PLACE }))?.phase).toBe('settling');
  });

  test('how far it is, is told for every pair', () => {
    const copy = { partition: 0, from: A, to: D, bytesDone: 50, bytesTotal: 100 };
    const live = { ...copy, bytesPerSecond: 25, words: 'copying' };
    const now = seen({ states: ['a* b : d', 'd* b'] });
    const progress = progressOf(now, RECORD, STATE, { copies: [live], waits: [] });
    expect(progress).toMatchObject({
      partitionsDone: 1,
      partitionsTotal: 2,
      bytesDone: 250,
      bytesTotal: 300,
      bytesPerSecond: 25,
      leftMs: 2000,
      running: [live],
    });
    expect(progress.pairs).toEqual([
      { from: B, to: D, bytesDone: 200, bytesTotal: 200, partitionsDone: 1, partitionsTotal: 1 },
      { from: A, to: D, bytesDone: 50, bytesTotal: 100, partitionsDone: 0, partitionsTotal: 1 },
    ]);
  });
});

describe('C13: while it settles', () => {
  const rebalance = { phase: 'settling' } as const;

  test('all copies of what moved are compared', () => {
    const decision = decided({ states: IN_PLACE, rebalance });
    expect(decision.comparisons).toEqual([0, 1]);
    expect(phaseOf(decision)).toBeNull();
    expect(waits(decision)).toEqual(['comparing 0 a /ring/p/0', 'comparing 1 d /ring/p/1']);
  });

  test('it is done when all of them are equal, and what it moved is told', () => {
    const comparisons = [found(0), found(1)];
    const next = phaseOf(decided({ states: IN_PLACE, rebalance, comparisons }))!;
    expect(next).toMatchObject({ phase: 'done', verified: 2, graceUntilMs: 1 + AFTER.graceMs });
    expect(next.outcome).toMatchObject({
      bytesMoved: 300,
      partitionsMoved: 2,
      digestsEqual: true,
    });
  });

  test('what was found of an earlier record counts for nothing, and what is unknown is asked again', () => {
    const old = found(0, { version: 6 });
    const unknown = found(1, { kind: 'unknown', words: 'nobody answers', atMs: NOW_MS });
    const decision = decided({ states: IN_PLACE, rebalance, comparisons: [old, unknown] });
    expect(decision.comparisons).toEqual([0]);
    expect(decision.wakeAtMs).toBe(NOW_MS + 500);
    expect(decision.waits.at(-1)!.words).toBe('nobody answers');
  });

  test('copies that differ are the end of it', () => {
    const comparisons = [found(0), found(1, { kind: 'different', words: 'nobody knows' })];
    const next = phaseOf(decided({ states: IN_PLACE, rebalance, comparisons }))!;
    expect(next).toMatchObject({ phase: 'failed', why: 'nobody knows', verified: 1 });
    expect(next.outcome?.digestsEqual).toBe(false);
  });

  test('undone is what was taken back', () => {
    const states = ['a* b', 'b* c'];
    const back = { ...seen({ states, rebalance: { ...rebalance, goal: 'before' } }) };
    const comparisons = new Map([found(0), found(1)].map((one) => [one.partition, one]));
    const known = { ...back, config: { value: BEFORE, version: 3, changedAtMs: 0 } };
    const next = phaseOf(decide(situation(known, { comparisons })))!;
    expect(next.phase).toBe('undone');
    expect(next.outcome?.bytesMoved, 'b and c took nothing').toBe(0);
  });
});

describe('cancelled', () => {
  test('what was switched stays, what was not is as it was, and whoever leads goes on', () => {
    const now = seen({ states: ['b* a : d', 'b* d c'] });
    const here = placementHere(now, AFTER, RECORD);
    expect(replicasOf(here.table, 0)).toEqual([B, A]);
    expect(replicasOf(here.table, 1)).toEqual([B, D]);
  });
});
