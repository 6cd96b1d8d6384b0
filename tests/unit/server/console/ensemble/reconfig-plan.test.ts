/** What a change of the membership would lead to, and which change is not even sent. */
import { describe, expect, test } from 'vitest';

import type {
  ConfiguredMember,
  MembershipChange,
  MemberStanding,
} from '#contract/membership-models.ts';
import type { ReconfigPlan } from '#contract/reconfig-plan-models.ts';

import {
  type EnsembleConfig,
  parseEnsembleConfig,
} from '../../../../../src-server/config/ensemble-config.ts';
import {
  changedConfig,
  membersOf,
  orderOf,
} from '../../../../../src-server/console/service/ensemble/membership.ts';
import { planReconfig } from '../../../../../src-server/console/service/ensemble/reconfig-plan.ts';
import { reconfigured } from '../../../../../src-server/coordination/ensemble/reconfiguration.ts';

const VERSION = 0x1_0000_0007;

function config(...lines: readonly string[]): EnsembleConfig {
  const read = parseEnsembleConfig([...lines, `version=${VERSION.toString(16)}`].join('\n'));
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

function line(id: number, role: ConfiguredMember['role'] = 'participant'): string {
  return `server.${id}=h${id}:2888:3888:${role};h${id}:2181`;
}

function member(id: number, change: Partial<ConfiguredMember> = {}): ConfiguredMember {
  return { ...membersOf(config(line(id)))[0]!, ...change };
}

const three = config(line(1), line(2), line(3));
const threeAndOne = config(line(1), line(2), line(3), line(4, 'observer'));

type Kinds = Readonly<Record<number, MemberStanding['kind']>>;

function plan(
  now: EnsembleConfig,
  change: MembershipChange,
  kinds: Kinds,
  more: { mayWrite?: boolean; lags?: Readonly<Record<number, number>>; from?: number } = {},
): ReconfigPlan {
  const standings = Object.entries(kinds).map(([id, kind]) => ({
    id: Number(id),
    kind,
    lag: more.lags?.[Number(id)] ?? null,
  }));
  return planReconfig(
    { fromVersion: more.from ?? VERSION, change },
    { now, standings, mayWrite: more.mayWrite ?? true },
  );
}

function step(
  joining: readonly ConfiguredMember[],
  leaving: readonly number[] = [],
): MembershipChange {
  return { kind: 'step', joining, leaving };
}

const kindsOf = ({ refusals, warnings }: ReconfigPlan) => ({
  refusals: refusals.map(({ kind }) => kind),
  warnings: warnings.map(({ kind }) => kind),
});

const UP: Kinds = { 1: 'leads', 2: 'follows', 3: 'follows' };

describe('quorums before and after', () => {
  test('a fourth that follows already', () => {
    const planned = plan(three, step([member(4)]), { ...UP, 4: 'follows' });
    expect(planned.before).toMatchObject({ needed: 2, alive: 3, isMet: true, mayFail: 1 });
    expect(planned.after).toMatchObject({ needed: 3, alive: 4, isMet: true, mayFail: 1 });
    expect(planned.changes).toEqual([{ id: 4, what: 'joins' }]);
    expect(kindsOf(planned)).toEqual({ refusals: [], warnings: ['even-voters'] });
    expect(planned.command).toBe(
      'reconfig -v 100000007 -add server.4=h4:2888:3888:participant;h4:2181',
    );
  });

  test('two more make five, of which two may fail', () => {
    const planned = plan(three, step([member(4), member(5)]), {
      ...UP,
      4: 'follows',
      5: 'follows',
    });
    expect(planned.after).toMatchObject({ needed: 3, alive: 5, isMet: true, mayFail: 2 });
    expect(kindsOf(planned)).toEqual({ refusals: [], warnings: [] });
  });

  test('an observer changes nothing about the quorum', () => {
    const planned = plan(three, step([member(4, { role: 'observer' })]), { ...UP, 4: 'unheard' });
    expect(planned.after).toMatchObject({ needed: 2, alive: 3, isMet: true, mayFail: 1 });
    expect(planned.after?.observers.map(({ id }) => id)).toEqual([4]);
    expect(kindsOf(planned)).toEqual({ refusals: [], warnings: [] });
  });

  test('who comes and is not there makes it worse, and is allowed where the others are enough', () => {
    const planned = plan(three, step([member(4)]), { ...UP, 4: 'unheard' });
    expect(planned.after).toMatchObject({ needed: 3, alive: 3, isMet: true, mayFail: 0 });
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['even-voters', 'none-may-fail', 'voters-unheard'],
    });
  });

  test('who observes is alive afterwards, and not counted before', () => {
    const planned = plan(threeAndOne, step([member(4)]), { ...UP, 4: 'observes' });
    expect(planned.changes).toEqual([{ id: 4, what: 'votes' }]);
    expect(planned.after).toMatchObject({ needed: 3, alive: 4, isMet: true, mayFail: 1 });
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['even-voters', 'voters-observing'],
    });
  });

  test('a dead one goes, and its going costs nothing', () => {
    const planned = plan(three, step([], [3]), { ...UP, 3: 'unheard' });
    expect(planned.before).toMatchObject({ needed: 2, alive: 2, mayFail: 0 });
    expect(planned.after).toMatchObject({ needed: 2, alive: 2, isMet: true, mayFail: 0 });
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['even-voters', 'none-may-fail'],
    });
    expect(planned.command).toBe('reconfig -v 100000007 -remove 3');
  });

  test('five become three', () => {
    const five = config(line(1), line(2), line(3), line(4), line(5));
    const up: Kinds = { ...UP, 4: 'follows', 5: 'follows' };
    const planned = plan(five, step([], [4, 5]), up);
    expect(planned.before.mayFail).toBe(2);
    expect(planned.after?.mayFail).toBe(1);
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['fewer-failures', 'leavers-run-on'],
    });
  });
});

describe('steps that would lose the quorum', () => {
  test('two that are not there beside three, one of whom is down', () => {
    const planned = plan(three, step([member(4), member(5)]), {
      1: 'leads',
      2: 'follows',
      3: 'unheard',
      4: 'unheard',
      5: 'unheard',
    });
    expect(planned.before.isMet).toBe(true);
    expect(planned.after).toMatchObject({ needed: 3, isMet: false });
    expect(planned.refusals).toEqual([{ kind: 'new-quorum-absent', ids: [3, 4, 5] }]);
  });

  test('an observer that becomes a voter does not count at once', () => {
    const kinds: Kinds = { 1: 'leads', 2: 'follows', 3: 'unheard', 4: 'observes' };
    const planned = plan(threeAndOne, step([member(4)]), kinds);
    expect(planned.after).toMatchObject({ alive: 3, isMet: false });
    expect(planned.refusals).toEqual([{ kind: 'new-quorum-absent', ids: [3, 4] }]);
  });

  test('a living voter goes while a dead one stays', () => {
    const planned = plan(three, step([], [2]), { ...UP, 3: 'unheard' });
    expect(planned.refusals).toEqual([{ kind: 'new-quorum-absent', ids: [3] }]);
  });

  test('an ensemble without quorum cannot agree on another one', () => {
    const planned = plan(three, step([], [2, 3]), { 1: 'looks', 2: 'unheard', 3: 'unheard' });
    expect(planned.refusals).toEqual([{ kind: 'no-leader', ids: [] }]);
    const stale = plan(three, step([], [3]), { 1: 'leads', 2: 'unheard', 3: 'unheard' });
    expect(stale.refusals).toEqual([{ kind: 'old-quorum-lost', ids: [2, 3] }]);
  });

  test('those who cannot be asked are for the servers to judge', () => {
    const kinds: Kinds = { 1: 'leads', 2: 'unknown', 3: 'unknown', 4: 'unknown' };
    const planned = plan(three, step([member(4)]), kinds);
    expect(planned.after?.isMet).toBe(false);
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['even-voters', 'none-may-fail', 'voters-unknown'],
    });
    const nobody: Kinds = { 1: 'unknown', 2: 'unknown', 3: 'unknown' };
    expect(plan(three, step([], [3]), nobody).refusals).toEqual([]);
  });

  test('nobody may be left without voters', () => {
    const all = step([1, 2, 3].map((id) => member(id, { role: 'observer' })));
    expect(plan(three, all, UP).refusals).toEqual([{ kind: 'no-voters', ids: [] }]);
  });
});

describe('what should be known', () => {
  test('one voter alone', () => {
    const planned = plan(three, step([], [2, 3]), UP);
    expect(kindsOf(planned)).toEqual({
      refusals: [],
      warnings: ['one-voter', 'leavers-run-on'],
    });
  });

  test.each([
    ['leaves', step([], [1]), ['leader-leaves', 'even-voters', 'none-may-fail', 'leavers-run-on']],
    [
      'observes',
      step([member(1, { role: 'observer' })]),
      ['leader-observes', 'even-voters', 'none-may-fail'],
    ],
    [
      'moves',
      step([member(1, { addresses: [{ host: 'new', quorumPort: 1, electionPort: 2 }] })]),
      ['leader-moves'],
    ],
  ])('the leader %s', (what, change, warnings) => {
    const planned = plan(three, change, UP);
    expect(planned.changes).toEqual([{ id: 1, what }]);
    expect(kindsOf(planned)).toEqual({ refusals: [], warnings });
  });

  test('who is far behind, and who looks for a leader', () => {
    const joining = step([member(4), member(5)]);
    const kinds: Kinds = { ...UP, 4: 'follows', 5: 'looks' };
    const planned = plan(three, joining, kinds, { lags: { 2: 1000, 4: 1001 } });
    expect(planned.warnings).toEqual([
      { kind: 'voters-looking', ids: [5] },
      { kind: 'voters-behind', ids: [4] },
    ]);
  });

  test('servers that most likely will not, or not for us', () => {
    const never = { ...three, version: 0 };
    const planned = plan(never, step([member(4, { role: 'observer' })]), UP, {
      mayWrite: false,
      from: 0,
    });
    expect(kindsOf(planned).warnings).toEqual(['unversioned', 'no-access']);
    expect(planned.command).toBe('reconfig -add server.4=h4:2888:3888:observer;h4:2181');
  });

  test('a client address told for the first time is no move, unless nothing else is told', () => {
    const bare = config('server.1=h1:2888:3888', 'server.2=h2:2888:3888', 'server.3=h3:2888:3888');
    expect(plan(bare, step([member(3, { role: 'observer' })]), UP).changes).toEqual([
      { id: 3, what: 'observes' },
    ]);
    expect(plan(bare, step([member(3)]), UP).changes).toEqual([{ id: 3, what: 'moves' }]);
  });
});

describe('what cannot be told to servers', () => {
  test.each<[string, MembershipChange, { kind: string; ids: number[] }[]]>([
    ['nothing', step([]), [{ kind: 'nothing-changes', ids: [] }]],
    ['the same again', step([member(2)]), [{ kind: 'nothing-changes', ids: [] }]],
    ['a stranger goes', step([], [9]), [{ kind: 'not-a-member', ids: [9] }]],
    ['comes and goes', step([member(3)], [3]), [{ kind: 'comes-and-goes', ids: [3] }]],
    ['twice', step([member(4), member(4)]), [{ kind: 'listed-twice', ids: [4] }]],
    [
      'no client address',
      step([member(4, { client: null })]),
      [{ kind: 'no-client-address', ids: [4] }],
    ],
    [
      'no host',
      step([member(4, { addresses: [{ host: '', quorumPort: 1, electionPort: 2 }] })]),
      [{ kind: 'bad-address', ids: [4] }],
    ],
    [
      'a host that is several words to a server',
      step([member(4, { client: { host: 'a,b', port: 1 } })]),
      [{ kind: 'bad-address', ids: [4] }],
    ],
    [
      'one port for both',
      step([member(4, { addresses: [{ host: 'h4', quorumPort: 2, electionPort: 2 }] })]),
      [{ kind: 'bad-address', ids: [4] }],
    ],
    [
      'the address of somebody else',
      step([member(4, { client: { host: 'h2', port: 2888 } })]),
      [{ kind: 'address-taken', ids: [2, 4] }],
    ],
  ])('%s', (_, change, refusals) => {
    const planned = plan(three, change, UP);
    expect(planned.refusals).toEqual(refusals);
    expect(planned.command).toBeNull();
  });

  test('a change of what is not there any more', () => {
    const planned = plan(three, step([], [3]), UP, { from: VERSION - 1 });
    expect(planned.refusals).toEqual([{ kind: 'outdated', ids: [] }]);
    expect(planned.after).toBeNull();
  });

  test('an IPv6 address has one spelling', () => {
    const six = member(4, {
      addresses: [{ host: '::1', quorumPort: 2888, electionPort: 3888 }],
      client: { host: '::1', port: 2181 },
    });
    const planned = plan(three, step([six]), { ...UP, 4: 'follows' });
    expect(planned.refusals).toEqual([]);
    const after = changedConfig(three, step([six]));
    expect(plan(after, step([six]), UP).refusals).toEqual([{ kind: 'nothing-changes', ids: [] }]);
  });
});

describe('groups and weights', () => {
  const lines = [1, 2, 3, 4, 5, 6].map((id) => line(id));
  const two = config(...lines, 'group.1=1:2:3', 'group.2=4:5:6', 'weight.4=3');
  const all: Kinds = { ...UP, 4: 'follows', 5: 'follows', 6: 'follows' };

  test('only a whole list changes them', () => {
    expect(plan(two, step([], [6]), all).refusals).toEqual([{ kind: 'step-with-groups', ids: [] }]);
    const members = membersOf(two).filter(({ id }) => id !== 6);
    const planned = plan(two, { kind: 'whole', members }, all);
    expect(planned.refusals).toEqual([]);
    expect(planned.before).toMatchObject({ needed: null, alive: 6, isMet: true, mayFail: 0 });
    expect(planned.after).toMatchObject({ needed: null, alive: 5, isMet: true });
    expect(planned.changes).toEqual([{ id: 6, what: 'leaves' }]);
    expect(planned.command).toContain('reconfig -v 100000007 -members group.1=1:2:3,group.2=4:5,');
    expect(planned.command).toContain(',weight.4=3');
  });

  test('the heaviest of a group decides it', () => {
    const heavy = membersOf(two).map((one) => (one.id === 1 ? { ...one, weight: 5 } : one));
    const up: Kinds = { ...all, 1: 'follows', 2: 'leads', 4: 'unheard' };
    expect(plan(two, { kind: 'whole', members: heavy }, up).refusals).toEqual([
      { kind: 'old-quorum-lost', ids: [4] },
    ]);
    const fair = config(...lines, 'group.1=1:2:3', 'group.2=4:5:6');
    const planned = plan(fair, { kind: 'whole', members: membersOf(two) }, up);
    expect(planned.before.isMet).toBe(true);
    expect(planned.refusals).toEqual([{ kind: 'new-quorum-absent', ids: [4] }]);
    expect(planned.changes).toEqual([{ id: 4, what: 'weighs' }]);
  });

  test('every participant is in one; an observer need not be', () => {
    const members = [...membersOf(two), member(7), member(8, { role: 'observer' })];
    expect(plan(two, { kind: 'whole', members }, all).refusals).toEqual([
      { kind: 'no-group', ids: [7] },
    ]);
  });

  test('three groups lose one of them', () => {
    const nine = config(
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => line(id)),
      'group.1=1:2:3',
      'group.2=4:5:6',
      'group.3=7:8:9',
    );
    const kinds: Kinds = { ...all, 7: 'unheard', 8: 'unheard', 9: 'unheard' };
    const members = membersOf(nine).filter(({ group }) => group !== 3);
    const planned = plan(nine, { kind: 'whole', members }, kinds);
    expect(planned.refusals).toEqual([]);
    expect(planned.before.mayFail).toBe(1);
    expect(planned.after?.mayFail).toBe(1);
  });

  test('groups are given up for a plain majority', () => {
    const members = membersOf(two).map((one) => ({ ...one, group: null, weight: 1 }));
    const planned = plan(two, { kind: 'whole', members }, all);
    expect(planned.after).toMatchObject({ needed: 4, alive: 6, mayFail: 2 });
    expect(planned.refusals).toEqual([]);
  });
});

test('what is planned is what our servers make of the order', () => {
  const changes = [
    step([member(4), member(3, { role: 'observer' })], [2]),
    step([], [1]),
    { kind: 'whole', members: [member(1), member(7), member(9, { role: 'observer' })] },
  ] as const;
  for (const change of changes) {
    const made = reconfigured(orderOf(change, three), {
      newest: three,
      isAnotherUnderWay: false,
      standaloneEnabled: true,
      isSynchronised: () => true,
    });
    expect(made).toEqual(changedConfig(three, change));
  }
});
