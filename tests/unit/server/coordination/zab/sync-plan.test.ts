/** Every row of how a learner is brought up to date, in the words of the table in sync-plan.ts. */
import { describe, expect, test } from 'vitest';

import {
  planSync,
  type SyncFacts,
  type SyncPlan,
  SyncWalk,
} from '../../../../../src-server/coordination/zab/sync-plan.ts';
import { show, z } from '../../../../sim/zab/solo.ts';

const FACTS: SyncFacts = {
  learner: z('2:5'),
  last: z('2:9'),
  listFirst: z('2:4'),
  listLast: z('2:9'),
  isSnapshotForced: false,
  isLogUsable: true,
};

function words(plan: SyncPlan | null): string {
  if (plan === null) return 'look on';
  switch (plan.kind) {
    case 'diff':
      return `diff to ${show(plan.upTo)} after ${show(plan.after)}`;
    case 'trunc':
      return `truncate to ${show(plan.to)}, then after ${show(plan.after)}`;
    case 'log':
      return `log ${show(plan.from)}..${show(plan.upTo)}`;
    case 'snapshot':
    case 'list':
      return plan.kind;
  }
}

const plan = (facts: Partial<SyncFacts>): string => words(planSync({ ...FACTS, ...facts }));

describe('the plan', () => {
  test.each([
    ['snapshots only', { isSnapshotForced: true, learner: z('2:9') }, 'snapshot'],
    ['the same end', { learner: z('2:9') }, 'diff to 2:9 after 2:9'],
    [
      'the same end, nothing in memory',
      { learner: z('2:9'), listFirst: z('2:9') },
      'diff to 2:9 after 2:9',
    ],
    ['more than the leader', { learner: z('2:12') }, 'truncate to 2:9, then after 2:9'],
    ['a later epoch than the leader', { learner: z('3:1') }, 'truncate to 2:9, then after 2:9'],
    ['only the beginning of a later epoch', { learner: z('3:0') }, 'snapshot'],
    ['the first of the list', { learner: z('2:4') }, 'list'],
    ['within the list', { learner: z('2:5') }, 'list'],
    ['before the list', { learner: z('2:3') }, 'log 2:3..2:4'],
    ['before the list, no log to be used', { learner: z('2:3'), isLogUsable: false }, 'snapshot'],
    ['nothing at all', { learner: z('0:0') }, 'log 0:0..2:4'],
    [
      'an empty leader, an empty learner',
      { learner: z('0:0'), last: z('0:0'), listFirst: z('0:0'), listLast: z('0:0') },
      'diff to 0:0 after 0:0',
    ],
  ])('%s', (_, facts, expected) => {
    expect(plan(facts)).toBe(expected);
  });
});

describe('the walk', () => {
  /** What is found at which entry. */
  function walk(learner: string, ...seen: string[]): string {
    const searching = new SyncWalk(z(learner), z('2:9'));
    for (const zxid of seen) {
      const found = searching.see(z(zxid));
      if (found !== null) return `${words(found)} at ${zxid}`;
    }
    return `${words(searching.end())} at the end`;
  }

  test.each([
    ['the same transaction', '1:2', ['1:1', '1:2', '1:3'], 'diff to 2:9 after 1:2 at 1:2'],
    ['the first is the same', '1:1', ['1:1', '1:2'], 'diff to 2:9 after 1:1 at 1:1'],
    [
      'the beginning of an epoch that has transactions',
      '2:0',
      ['1:4', '2:1'],
      'diff to 2:9 after 2:0 at 2:1',
    ],
    [
      'the beginning of an epoch without any',
      '2:0',
      ['1:4', '3:1'],
      'diff to 2:9 after 2:0 at 3:1',
    ],
    [
      'one too many, of the same epoch',
      '1:3',
      ['1:1', '1:2', '1:4'],
      'truncate to 1:2, then after 1:2 at 1:4',
    ],
    [
      'one too many, of an epoch that ended earlier',
      '1:3',
      ['1:1', '1:2', '2:1'],
      'snapshot at 2:1',
    ],
    ['one too many, and nothing before it', '1:3', ['1:4'], 'snapshot at 1:4'],
    [
      'nothing newer, the beginning of an epoch',
      '2:0',
      ['1:4'],
      'diff to 2:9 after 2:0 at the end',
    ],
    ['nothing newer, a transaction', '1:9', ['1:4'], 'snapshot at the end'],
  ])('%s', (_, learner, seen, expected) => {
    expect(walk(learner, ...seen)).toBe(expected);
  });
});
