/** What the console says of a quorum is what the members would decide. */
import { describe, expect, test } from 'vitest';

import { sid } from '../../../../../src-server/base/ids.ts';
import { parseEnsembleConfig } from '../../../../../src-server/config/ensemble-config.ts';
import {
  majorityView,
  quorumView,
} from '../../../../../src-server/console/service/ensemble/quorum-views.ts';
import { viewOf } from '../../../../../src-server/coordination/wire/views.ts';
import type { View } from '../../../../../src-server/coordination/zab/view.ts';

function ensemble(lines: readonly string[]): View {
  const config = parseEnsembleConfig(lines.join('\n'));
  if (!config.ok) throw new Error(config.error);
  return viewOf(config.value);
}

const servers = (...roles: readonly string[]): string[] =>
  roles.map((role, i) => `server.${i + 1}=h${i + 1}:2888:3888:${role}`);

const alive = (...ids: readonly number[]): ReadonlySet<ReturnType<typeof sid>> =>
  new Set(ids.map(sid));

describe('a plain majority', () => {
  const three = ensemble(servers('participant', 'participant', 'participant'));

  test.each([
    [[1, 2, 3], true, 1],
    [[1, 3], true, 0],
    [[2], false, 0],
    [[], false, 0],
  ])('of three with %j alive', (ids, isMet, mayFail) => {
    expect(quorumView(three, alive(...ids))).toEqual({
      voters: 3,
      alive: ids.length,
      needed: 2,
      isMet,
      mayFail,
    });
  });

  test('of four loses no more than one, as of three', () => {
    const four = ensemble(servers('participant', 'participant', 'participant', 'participant'));
    expect(quorumView(four, alive(1, 2, 3, 4))).toMatchObject({ needed: 3, mayFail: 1 });
  });

  test('counts no observer', () => {
    const view = ensemble(servers('participant', 'participant', 'participant', 'observer'));
    expect(quorumView(view, alive(1, 4))).toMatchObject({ voters: 3, alive: 1, isMet: false });
  });

  test('says the same where only the number of voters is known', () => {
    expect(majorityView(3, 3)).toEqual(quorumView(three, alive(1, 2, 3)));
    expect(majorityView(3, 1)).toEqual(quorumView(three, alive(1)));
  });
});

describe('groups with weights', () => {
  const nine = ensemble([
    ...servers(...Array.from({ length: 9 }, () => 'participant')),
    'group.1=1:2:3',
    'group.2=4:5:6',
    'group.3=7:8:9',
  ]);

  test('survive the worst choice of so many, not the best', () => {
    // Two of one group and two of another end it, though five of a third and elsewhere would not have to.
    expect(quorumView(nine, alive(1, 2, 3, 4, 5, 6, 7, 8, 9))).toEqual({
      voters: 9,
      alive: 9,
      needed: null,
      isMet: true,
      mayFail: 3,
    });
  });

  test('are enough with four of nine in the right places, and not with five in the wrong ones', () => {
    expect(quorumView(nine, alive(1, 2, 4, 5))).toMatchObject({ isMet: true, mayFail: 0 });
    expect(quorumView(nine, alive(1, 2, 3, 4, 7))).toMatchObject({ isMet: false, mayFail: 0 });
  });

  test('a server without weight is never missed', () => {
    const view = ensemble([
      ...servers('participant', 'participant', 'participant', 'participant'),
      'group.1=1:2:3:4',
      'weight.4=0',
    ]);
    expect(quorumView(view, alive(1, 2, 3))).toMatchObject({ isMet: true, mayFail: 1 });
  });
});
