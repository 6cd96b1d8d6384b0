/** Staged edits: what belongs together is one edit, what takes each other back is none, and every step can be undone. */
import { describe, expect, test } from 'vitest';

import type { Edit, StagedNode } from '#contract/edit-models.ts';

import {
  changed,
  type Edits,
  moved,
  NOTHING_STAGED,
  redone,
  stagedSettings,
  stagedWeight,
  undone,
  withEdit,
  without,
  withoutVain,
} from '../../../../src-renderer/model/staged-edits.ts';

const NODE: StagedNode = {
  id: 'n1',
  region: 'here',
  zone: 'a',
  host: 'h1',
  weight: 1,
  capBytes: null,
};
const SETTINGS = {
  partitionCount: 256,
  replicaCount: 3,
  minInSync: 2,
  strategy: 'balanced',
  overloadPercent: 10,
  tokensPerNode: 64,
  leaders: 'walk',
} as const;
const weigh = (weight: number, id = 'n1'): Edit => ({ kind: 'setWeight', id, weight });

function staged(...edits: readonly Edit[]): Edits {
  return edits.reduce<Edits>(withEdit, []);
}

describe('an edit of what was edited before', () => {
  test('takes its place in the list', () => {
    const edits = staged(weigh(2), { kind: 'setReplicas', replicaCount: 2 }, weigh(1.5));
    expect(edits).toEqual([weigh(1.5), { kind: 'setReplicas', replicaCount: 2 }]);
    expect(staged(weigh(2), { kind: 'drainNode', id: 'n1' })).toEqual([
      { kind: 'drainNode', id: 'n1' },
    ]);
    expect(staged(weigh(2), weigh(2, 'n2'))).toHaveLength(2);
  });

  test('changes the node that is being added', () => {
    const place = { region: 'here', zone: 'b', host: 'h2' };
    expect(
      staged(
        { kind: 'addNode', node: NODE },
        weigh(3),
        { kind: 'setCap', id: 'n1', capBytes: 10 },
        { kind: 'setPlace', id: 'n1', ...place },
      ),
    ).toEqual([{ kind: 'addNode', node: { ...NODE, ...place, weight: 3, capBytes: 10 } }]);
    expect(staged({ kind: 'addNode', node: NODE }, { kind: 'removeNode', id: 'n1' })).toEqual([]);
  });

  test('follows a token wherever it is dragged', () => {
    const move = (from: number, to: number): Edit => ({ kind: 'moveToken', from, to });
    expect(staged(move(1, 2), move(2, 3))).toEqual([move(1, 3)]);
    expect(staged(move(1, 2), move(2, 1))).toEqual([]);
    expect(staged(move(1, 2), { kind: 'removeToken', position: 2 })).toEqual([
      { kind: 'removeToken', position: 1 },
    ]);
    const add: Edit = { kind: 'addToken', id: 'n1', position: 5 };
    expect(staged(add, move(5, 6))).toEqual([{ ...add, position: 6 }]);
    expect(staged(add, { kind: 'removeToken', position: 5 })).toEqual([]);
  });
});

test('what leaves everything as it is today is no edit', () => {
  const today = { nodes: [{ id: 'n1', before: NODE }], settings: SETTINGS };
  expect(
    withoutVain(
      [
        weigh(1),
        { kind: 'setPlace', id: 'n1', region: 'here', zone: 'a', host: 'h1' },
        { kind: 'setReplicas', replicaCount: 3 },
        { kind: 'setStrategy', strategy: 'tokens' },
        { kind: 'drainNode', id: 'n1' },
      ],
      today,
    ).map(({ kind }) => kind),
  ).toEqual(['setStrategy', 'drainNode']);
});

test('lines are moved and taken out, never beyond the ends', () => {
  const edits = staged(weigh(1, 'a'), weigh(1, 'b'), weigh(1, 'c'));
  const ids = (list: Edits): string => list.map((edit) => ('id' in edit ? edit.id : '')).join('');
  expect(ids(moved(edits, 2, 0))).toBe('cab');
  expect(ids(moved(edits, 0, 1))).toBe('bac');
  expect(ids(moved(edits, 0, 3))).toBe('abc');
  expect(ids(without(edits, 1))).toBe('ac');
});

test('each step is undone and done again, until something else is done', () => {
  let staging = changed(NOTHING_STAGED, [weigh(2)]);
  staging = changed(staging, [weigh(2), weigh(3, 'n2')]);
  expect(changed(staging, [weigh(2), weigh(3, 'n2')])).toBe(staging);
  staging = undone(undone(staging));
  expect(staging.edits).toEqual([]);
  expect(undone(staging)).toEqual(staging);
  staging = redone(staging);
  expect(staging.edits).toEqual([weigh(2)]);
  staging = changed(staging, []);
  expect(redone(staging)).toEqual(staging);
});

test('weights and settings are known as soon as they are staged', () => {
  expect(stagedWeight([weigh(2), weigh(3, 'n2')], 'n1', 1)).toBe(2);
  expect(stagedWeight([{ kind: 'drainNode', id: 'n1' }], 'n1', 1)).toBe(0);
  expect(stagedWeight([{ kind: 'removeNode', id: 'n1' }, weigh(2)], 'n1', 1)).toBeNull();
  expect(stagedWeight([{ kind: 'addNode', node: NODE }], 'n1', null)).toBe(1);
  expect(
    stagedSettings(
      [
        { kind: 'setReplicas', replicaCount: 2 },
        { kind: 'setOverload', overloadPercent: null },
      ],
      SETTINGS,
    ),
  ).toEqual({ ...SETTINGS, replicaCount: 2, overloadPercent: null });
});
