/** What follows from a view: how the ring fares, when a copy may go, who is there since when, and what a write looks like. */
import { describe, expect, test } from 'vitest';

import {
  changeAt,
  type Pen,
  portionsOf,
  stepsOf,
} from '../../../../../src-server/storage/control/batch.ts';
import { whyKept } from '../../../../../src-server/storage/control/cleanup.ts';
import { ringHealth } from '../../../../../src-server/storage/control/health.ts';
import { Presences } from '../../../../../src-server/storage/control/presence.ts';
import { parseHistory } from '../../../../../src-server/storage/control/records.ts';
import type { Change } from '../../../../../src-server/storage/control/round.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { config, node, PATHS, state, view } from './situations.ts';

const A = nodeId('a');
const D = nodeId('d');

describe('health', () => {
  const states = ['a* b c', 'b* c | a', 'c* | a b', 'd* | a b'].map((text) => state(text));
  const rows = ['a b c', 'b c a', 'c a b', 'a b d', 'a b c'];

  test('answers an operator', () => {
    const seen = view({
      config: config('a b c d e', [...rows, 'a b c', 'a b c', 'a b c']),
      states,
      there: 'a b c x',
    });
    const health = ringHealth(seen);
    const partitions = (of: readonly { partition: number }[]): number[] =>
      of.map((one) => one.partition);
    expect(partitions(health.underReplicated)).toEqual([3, 2, 1]);
    expect(partitions(health.atRisk)).toEqual([1]);
    expect(partitions(health.unwritable)).toEqual([2, 3]);
    expect(partitions(health.lost)).toEqual([3]);
    expect(health.unknown).toEqual([4, 5, 6, 7]);
    expect([health.deadNodes, health.idleNodes]).toEqual([['d', 'e'], ['x']]);
    expect(health.underReplicated[1]).toEqual({
      partition: 2,
      copies: 1,
      zones: 1,
      hasLeader: true,
      isWritable: false,
    });
  });

  test('of no ring is nothing', () => {
    expect(ringHealth(view({ there: 'a' }))).toMatchObject({ unknown: [], idleNodes: ['a'] });
  });
});

describe('a copy that is none of its own', () => {
  const seen = view({
    config: config('a b c', ['a b c']),
    states: [state('a* b c')],
    there: 'a b c d',
  });
  const stray = { partition: 0, epoch: 1 };

  test('may go when all is well', () => {
    expect(whyKept(seen, D, stray)).toBeNull();
  });

  test.each([
    ['while the ensemble is away', { ...seen, isConnected: false }, D, stray, /ensemble is away/],
    ['of a partition nobody knows', seen, D, { ...stray, partition: 1 }, /nobody says/],
    ['that is wanted', seen, A, stray, /one of its holders/],
    ['that knows of a later epoch', seen, D, { ...stray, epoch: 2 }, /knows of epoch 2/],
    [
      'while others are missing',
      view({ config: config('a b c', ['a b c']), states: [state('a* b c')], there: 'a b' }),
      D,
      stray,
      /only 2 of 3/,
    ],
  ])('is kept %s', (_, at, self, copy, why) => {
    expect(whyKept(at, self, copy)).toMatch(why);
  });
});

describe('presence', () => {
  const at = (there: string): ReturnType<typeof view> =>
    view({ config: config('a b', ['a b']), there });

  test('knows what it saw from what it only found', () => {
    const presences = new Presences();
    presences.update(at('a'), 100, true);
    expect(presences.of(A)).toEqual({ isThere: true, sinceMs: 100, isSeen: false });
    expect(presences.of(nodeId('b'))).toEqual({ isThere: false, sinceMs: 100, isSeen: false });
    presences.update(at(''), 200, false);
    presences.update(at(''), 300, false);
    expect(presences.of(A)).toEqual({ isThere: false, sinceMs: 200, isSeen: true });
    expect(presences.of(nodeId('x'))).toBeNull();
  });

  test('a node that was started again, before anybody missed it, is there since then', () => {
    const presences = new Presences();
    presences.update(at('a b'), 100, true);
    const again = node('a', { incarnation: 2 });
    const nodes = new Map([...at('a b').nodes, [A, again]]);
    presences.update({ ...at('a b'), nodes }, 200, false);
    expect(presences.of(A)).toMatchObject({ isThere: true, sinceMs: 200 });
    expect(presences.of(nodeId('b'))).toMatchObject({ isThere: true, sinceMs: 100 });
  });

  test('C7: begins to wait anew after a gap', () => {
    const presences = new Presences();
    presences.update(at('a b'), 100, true);
    presences.update(at('a'), 200, false);
    presences.update(at('a'), 900, true);
    expect(presences.of(nodeId('b'))).toEqual({ isThere: false, sinceMs: 900, isSeen: false });
    expect(presences.of(A)).toEqual({ isThere: true, sinceMs: 100, isSeen: false });
  });
});

describe('a batch', () => {
  const pen: Pen = { paths: PATHS, by: A, controllerEpoch: 4, fenceVersion: 9 };
  const change = (partition: number, isForced = false): Change => ({
    writes: [
      { kind: 'partition', partition, state: state('a* b'), expectedVersion: partition },
      ...(isForced ? [{ kind: 'force-done', partition, expectedVersion: 2 } as const] : []),
    ],
    entry: { kind: 'fail-over', partition, node: A, epoch: 1, words: '' },
  });

  test('C1: begins with the fence and ends with its history', () => {
    const changes = [change(0), change(1, true), change(2)];
    const steps = stepsOf(pen, changes, { wallMs: 5, ringVersion: 6 });
    expect(steps.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'check /ring/controllerEpoch',
      'set /ring/p/0',
      'set /ring/p/1',
      'delete /ring/force/1',
      'set /ring/p/2',
      'create /ring/history/h-',
    ]);
    expect(steps[0]).toMatchObject({ version: 9 });
    expect(steps.map((_, i) => changeAt(changes, i)?.entry?.partition ?? null)).toEqual([
      null,
      0,
      1,
      1,
      2,
      null,
    ]);
    const last = steps.at(-1)!;
    const text = last.kind === 'create' ? Buffer.from(last.data!).toString() : '';
    const history = parseHistory(text);
    expect(history).toMatchObject({
      ok: true,
      value: { by: 'a', controllerEpoch: 4, ringVersion: 6, atMs: 5 },
    });
  });

  test('C1: holds at most 200 steps, and never half of a change', () => {
    const changes = Array.from({ length: 500 }, (_, i) => change(i, i % 3 === 0));
    const portions = portionsOf(changes);
    expect(portions.flat()).toEqual(changes);
    for (const portion of portions) {
      expect(stepsOf(pen, portion, { wallMs: 0, ringVersion: 0 }).length).toBeLessThanOrEqual(200);
    }
    expect(portions).toHaveLength(Math.ceil((500 + 167) / 198));
  });
});
