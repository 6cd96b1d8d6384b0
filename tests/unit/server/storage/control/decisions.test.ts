/** What a controller decides in single situations: who leads, who is out, which copies are made and dropped, and what waits. */
import { describe, expect, test } from 'vitest';

import { decide, type Decision } from '../../../../../src-server/storage/control/decisions.ts';
import type { ForceRecord } from '../../../../../src-server/storage/control/records.ts';
import type { RingConfig } from '../../../../../src-server/storage/control/ring-config.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { config, ids, node, NOW_MS, PATHS, situation, state, textOf, view } from './situations.ts';

const THREE = config('a b c', ['a b c']);

/** `kind partition: state` of each change of a partition, and `kind` of the others. */
function told({ changes }: Decision): string[] {
  return changes.map(({ entry, writes }) => {
    const [first] = writes;
    return first?.kind === 'partition'
      ? `${entry?.kind} ${first.partition}: ${textOf(first.state)} @${first.state.epoch}`
      : (entry?.kind ?? 'untold');
  });
}

function waiting({ waits }: Decision): string[] {
  return waits.map(
    ({ reason, partition, node: who }) => `${reason} ${partition ?? '-'} ${who ?? '-'}`,
  );
}

function newConfig({ changes }: Decision): RingConfig | null {
  const write = changes.flatMap(({ writes }) => writes).find(({ kind }) => kind === 'config');
  return write?.kind === 'config' ? write.config : null;
}

describe('leaders', () => {
  test('C2: who is gone is replaced by somebody in sync, under the next epoch', () => {
    const seen = view({ config: THREE, states: [state('a* b c')], there: 'b c' });
    expect(told(decide(situation(seen)))).toEqual(['fail-over 0: b* c | a @2']);
  });

  test('C2: nobody is elected who is not in sync, and it says who is waited for', () => {
    const seen = view({ config: THREE, states: [state('a* | b c')], there: 'b c' });
    const decision = decide(situation(seen));
    expect(told(decision)).toEqual([]);
    expect(decision.waits).toContainEqual({
      reason: 'no-leader',
      partition: 0,
      node: 'a',
      znode: '/ring/nodes/a',
      words: 'its leader a is away, and nobody in sync is there: a',
    });
  });

  test('C2: a leader that was started again leads under a new epoch', () => {
    const nodes = new Map(
      ids('a b c').map((id) => [id, node(id, { incarnation: id === 'a' ? 2 : 1 })]),
    );
    const seen = view({ config: THREE, states: [state('a* b c')], there: '', more: { nodes } });
    const [change] = decide(situation(seen)).changes;
    expect(change).toMatchObject({
      entry: { kind: 'fail-over', words: 'its leader a was started again' },
      writes: [{ state: { leader: 'a', leaderIncarnation: 2, epoch: 2, inSync: ids('a b c') } }],
    });
  });

  test('the lead of a dead node is shared by those who lead least', () => {
    const rows = Array.from({ length: 6 }, () => 'a b c');
    const states = rows.map(() => state('a* b c'));
    const { changes } = decide(
      situation(view({ config: config('a b c', rows), states, there: 'b c' })),
    );
    const leaders = changes.map(({ entry }) => entry?.node);
    expect(leaders.filter((id) => id === 'b')).toHaveLength(3);
    expect(leaders.filter((id) => id === 'c')).toHaveLength(3);
  });

  test('C4: those who are gone stay in sync as far as minInSync asks for them', () => {
    const seen = view({ config: THREE, states: [state('a* b c')], there: 'c' });
    expect(told(decide(situation(seen)))).toEqual(['fail-over 0: a c* | b @2']);
  });

  test('C7: a node found missing after a gap is given time', () => {
    const seen = view({ config: THREE, states: [state('a* b c')], there: 'b c' });
    const early = { awayForMs: { a: 3000 }, isSeen: false, terms: { settleMs: 4000 } };
    const decision = decide(situation(seen, early));
    expect(told(decision)).toEqual([]);
    expect(waiting(decision)).toContain('settling 0 a');
    expect(decision.wakeAtMs).toBe(NOW_MS + 1000);
    const late = { ...early, awayForMs: { a: 4000 } };
    expect(told(decide(situation(seen, late)))).toEqual(['fail-over 0: b* c | a @2']);
  });

  test('a node of another ring is nobody here', () => {
    const nodes = new Map(
      ids('a b c').map((id) => [id, node(id, { ringId: id === 'a' ? 'x' : 'ring' })]),
    );
    const seen = view({ config: THREE, states: [state('a* b c')], there: '', more: { nodes } });
    expect(told(decide(situation(seen)))).toEqual(['fail-over 0: b* c | a @2']);
  });

  test('the wanted leader leads again once it has stayed for a while, some at a time', () => {
    const rows = ['a b c', 'a b c'];
    const states = rows.map(() => state('b* a c', { epoch: 4 }));
    const seen = view({ config: config('a b c', rows), states, there: 'a b c' });
    const young = decide(situation(seen, { awayForMs: { a: 100 }, terms: { steadyMs: 500 } }));
    expect([told(young), young.wakeAtMs]).toEqual([[], NOW_MS + 400]);
    const paced = decide(situation(seen, { handOvers: 1 }));
    expect(told(paced)).toEqual(['hand-over 0: b a* c @5']);
    expect(waiting(paced)).toEqual(['hand-over-pace 1 a']);
  });
});

describe('who is in', () => {
  const FOUR = config('a b c d', ['a b c', 'b c d', 'c d a', 'd a b']);
  const STATES = ['a* b c', 'b* c d', 'c* d a', 'd* a b'].map((text) => state(text));

  test('a node that is away too long is out, and its copies are wanted elsewhere', () => {
    const states = ['b* c | a', 'b* c d', 'c* d | a', 'd* b | a'].map((text) => state(text));
    const seen = view({ config: FOUR, states, there: 'b c d' });
    const early = decide(situation(seen, { awayForMs: { a: 9000 } }));
    expect([told(early), early.wakeAtMs]).toEqual([[], NOW_MS + 1000]);
    expect(waiting(early)).toContain('away - a');
    const decision = decide(situation(seen, { awayForMs: { a: 10_000 } }));
    expect(told(decision)).toEqual(['node-out']);
    const { out, version, table } = newConfig(decision)!;
    expect([out, version]).toEqual([['a'], 2]);
    expect(table.nodeIds.filter((_, i) => table.cells.includes(i))).toEqual(ids('b c d'));
  });

  test('nobody is taken out when nobody else could hold what it held', () => {
    const seen = view({ config: THREE, states: [state('b* c | a')], there: 'b c' });
    const decision = decide(situation(seen));
    expect(told(decision)).toEqual([]);
    expect(waiting(decision)).toContain('no-room - a');
  });

  test('nobody is taken out when that would be more than half of the ring', () => {
    const states = STATES.map((one) => ({
      ...one,
      leader: nodeId('d'),
      inSync: ids('d'),
      replicas: ids('d'),
    }));
    const decision = decide(situation(view({ config: FOUR, states, there: 'd' })));
    expect(newConfig(decision)).toBeNull();
    expect(waiting(decision)).toContain('too-many-away - a');
  });

  test('who is back is in again, and gets what was not replaced yet', () => {
    const out = { ...config('a b c d', ['b c d', 'b c d', 'c d b', 'd b c']), out: ids('a') };
    const states = ['b* c | a', 'b* c d', 'c* d | a : b', 'd* b c'].map((text) => state(text));
    const decision = decide(situation(view({ config: out, states, there: 'a b c d' })));
    expect(told(decision)).toEqual(['node-in']);
    const { table, out: nobody } = newConfig(decision)!;
    expect(nobody).toEqual([]);
    const a = table.nodeIds.indexOf(nodeId('a'));
    expect([...table.cells.subarray(0, 3)]).toContain(a);
    expect([...table.cells.subarray(6, 9)]).toContain(a);
  });
});

describe('copies', () => {
  test('C6: the fewest copies first, and no node takes more than it may', () => {
    const rows = Array.from({ length: 4 }, () => 'a b c');
    const states = ['a* b', 'a* b', 'a*', 'a* b'].map((text) => state(text));
    const one = { backfillsPerNode: 1 };
    const seen = view({ config: config('a b c', rows, one), states, there: 'a b c' });
    const decision = decide(situation(seen));
    // One copy is all that a gives: the partition with a single copy has it.
    expect(told(decision)).toEqual(['learner-added 2: a* : b @1']);
    expect(waiting(decision)).toEqual([
      'backfill-limit 2 a',
      'backfill-limit 0 a',
      'backfill-limit 1 a',
      'backfill-limit 3 a',
    ]);
    expect(decision.waits[0]).toMatchObject({
      znode: '/ring/config',
      words: 'a gives or takes 1 copies already',
    });
  });

  test('C6: copies that were lost come before copies that move', () => {
    const rows = ['a b d', 'a b c'];
    const states = ['a* b c', 'a* b'].map((text) => state(text));
    const seen = view({ config: config('a b c d', rows), states, there: 'a b c d' });
    const decision = decide(situation(seen));
    expect(told(decision)).toEqual(['learner-added 1: a* b : c @1']);
    expect(waiting(decision)).toContain('repairs-first 0 d');
  });

  test('C5: a copy goes when every wanted one is in sync and alive, not before', () => {
    const wanted = config('a b c d', ['b c d']);
    const at = (text: string, there: string): string[] =>
      told(
        decide(
          situation(view({ config: wanted, states: [state(text)], there }), {
            awayForMs: { d: 1 },
          }),
        ),
      );
    expect(at('a* b c : d', 'a b c d')).toEqual(['hand-over 0: a b* c : d @2']);
    expect(at('b* a c : d', 'a b c d')).toEqual([]);
    expect(at('b* a c d', 'a b c')).toEqual([]);
    expect(at('b* a c d', 'a b c d')).toEqual(['replica-dropped 0: b* c d @1']);
    expect(at('a* b c d', 'a b c d')).toEqual(['hand-over 0: a b* c d @2']);
  });

  test('C5: who handed over goes when it has heard what became of its last writes', () => {
    const wanted = config('a b c d', ['b c d']);
    const seen = view({ config: wanted, states: [state('b* a c d')], there: 'a b c d' });
    const early = decide(situation(seen, { ledForMs: 100 }));
    expect([told(early), waiting(early)]).toEqual([[], ['hand-over-pace 0 a']]);
    expect(early.wakeAtMs - situation(seen).nowMs).toBe(900);
    const later = decide(situation(seen, { ledForMs: 1000 }));
    expect(told(later)).toEqual(['replica-dropped 0: b* c d @1']);
  });

  test('C5: nothing goes while fewer are wanted than there should be', () => {
    const wanted = config('a b c', ['b c'], {
      table: { ...config('a b c', ['b c a']).table, cells: Uint16Array.of(1, 2, 0xffff) },
    });
    const seen = view({ config: wanted, states: [state('b* c a')], there: 'a b c' });
    const decision = decide(situation(seen));
    expect([told(decision), waiting(decision)]).toEqual([[], ['not-enough-copies 0 a']]);
  });

  test('a placement that is taken back drops its learners and leaves the rest', () => {
    const seen = view({
      config: config('a b c d', ['a b c']),
      states: [state('a* b c : d')],
      there: 'a b c d',
    });
    expect(told(decide(situation(seen)))).toEqual(['learner-dropped 0: a* b c @1']);
  });

  test('C8: copies that are under way are told of', () => {
    const seen = view({ config: THREE, states: [state('a* | b : c')], there: 'a b c' });
    expect(waiting(decide(situation(seen)))).toEqual(['copying 0 c', 'catching-up 0 b']);
  });

  test('who learns from nobody gives its place to others', () => {
    const one = config('a b c d', ['a b d', 'b c d'], { backfillsPerNode: 1, minInSync: 1 });
    const states = [state('a* | b : d'), state('b* c')];
    const seen = view({ config: one, states, there: 'b c d' });
    const decision = decide(situation(seen, { awayForMs: { a: 1000 } }));
    expect(told(decision)).toEqual(['learner-dropped 0: a* | b @1']);
    const after = view({ config: one, states: [state('a* | b'), state('b* c')], there: 'b c d' });
    expect(told(decide(situation(after, { awayForMs: { a: 1000 } })))).toEqual([
      'learner-added 1: b* c : d @1',
    ]);
  });
});

describe('orders of an operator', () => {
  const FORCE: ForceRecord = {
    epoch: 1,
    leader: nodeId('b'),
    mayLose: { fromSeq: 9, toSeq: null },
    by: 'ada',
    why: 'gone',
    atMs: 1,
  };

  const ordered = (force: ForceRecord, there = 'b c'): Decision =>
    decide(
      situation(
        view({
          config: THREE,
          states: [state('a* | b : c')],
          there,
          more: { forces: new Map([[0, { value: force, version: 4, changedAtMs: 0 }]]) },
        }),
      ),
    );

  test('C3: is carried out to the letter, and leaves with the change', () => {
    const [change] = ordered(FORCE).changes;
    expect(change).toMatchObject({
      writes: [
        { kind: 'partition', expectedVersion: 7, state: { forcedEpoch: 2, epoch: 2 } },
        { kind: 'force-done', expectedVersion: 4 },
      ],
      entry: { kind: 'forced', words: 'by ada: gone; may lose entry 9 to an unknown end' },
    });
    expect(told(ordered(FORCE))).toEqual(['forced 0: b* | a : c @2']);
    expect(told(ordered({ ...FORCE, leader: nodeId('c') }))).toEqual(['forced 0: c* | a b @2']);
  });

  test.each([
    [
      'of an epoch that is over',
      { ...FORCE, epoch: 2 },
      'b c',
      'it was ordered at epoch 2, and it is 1 now',
    ],
    ['for somebody without a copy', { ...FORCE, leader: nodeId('x') }, 'b c', 'x has no copy'],
    ['for somebody who is away', FORCE, 'c', 'b is away'],
  ])('C3: is refused %s', (_, force, there, why) => {
    const { changes } = ordered(force, there);
    expect(changes[0]!.entry?.kind).toBe('force-refused');
    expect(changes[0]!.entry?.words).toContain(why);
    expect(changes[0]!.writes).toEqual([{ kind: 'force-done', partition: 0, expectedVersion: 4 }]);
  });
});

describe('what is not as it should be', () => {
  test('a ring is not formed over one whose configuration was lost', () => {
    const states = [state('a* b c')];
    const withPartitions = decide(situation(view({ states, there: 'a b c' })));
    expect([withPartitions.changes, waiting(withPartitions)]).toEqual([[], ['unreadable - -']]);
    const withNodes = decide(situation(view({ there: 'a b c' })));
    expect([withNodes.changes, waiting(withNodes)]).toEqual([[], ['other-ring - -']]);
    const problems = new Map([[PATHS.config, 'it is not JSON']]);
    const unreadable = decide(situation(view({ there: '', more: { problems } })));
    expect([unreadable.changes, waiting(unreadable)]).toEqual([[], ['unreadable - -']]);
  });

  test('a partition that cannot be read is left alone, and the others are not', () => {
    const rows = ['a b c', 'a b c'];
    const seen = view({
      config: config('a b c', rows),
      states: rows.map(() => state('a* b c')),
      there: 'b c',
      more: { problems: new Map([[PATHS.partition(0), 'it is not JSON']]) },
    });
    const decision = decide(situation(seen, { awayForMs: { a: 1 } }));
    expect(told(decision)).toEqual(['fail-over 1: b* c | a @2']);
    expect(waiting(decision)).toContain('unreadable 0 -');
  });

  test('a partition that somebody deleted is not made anew', () => {
    const seen = view({
      config: config('a b c', ['a b c', 'a b c']),
      states: [state('a* b c')],
      there: 'a b c',
    });
    const decision = decide(situation(seen));
    expect([told(decision), waiting(decision)]).toEqual([[], ['missing 1 -']]);
  });

  test('founders are remembered, and whoever came back with another disk is none', () => {
    const forming = config('a b c', ['a b c', 'b c a', 'c a b'], { phase: 'forming' });
    const seen = view({ config: forming, states: [state('a* b c')], there: 'a b c' });
    const another = node('b', { clusterId: 'cd'.repeat(20), incarnation: 2 });
    const nodes = new Map([...seen.nodes, [another.id, another]]);
    const { changes } = decide(situation({ ...seen, nodes }));
    const made = changes.flatMap(({ writes }) => writes);
    expect(made.map((write) => write.kind === 'partition' && textOf(write.state))).toEqual([
      'c* a | b',
      'c* a | b',
    ]);
    const none = view({ config: null, states: [], there: 'a b c' });
    const strangers = [...none.nodes].map(([id, one]) => [id, { ...one, ringId: null }] as const);
    const first = decide(situation({ ...none, nodes: new Map(strangers) })).changes;
    const config0 = first.flatMap(({ writes }) => writes)[0];
    expect(config0?.kind === 'config' && config0.config.founders).toEqual(forming.founders);
  });

  test('C9: a ring that is forming is gone on with, whoever began', () => {
    const forming = config('a b c', ['a b c', 'b c a', 'c a b'], { phase: 'forming' });
    const seen = view({ config: forming, states: [state('a* b c')], there: 'a b c' });
    expect(told(decide(situation(seen)))).toEqual(['formed 1: b* c a @1', 'formed 2: c* a b @1']);
    const states = ['a* b c', 'b* c a', 'c* a b'].map((text) => state(text));
    const whole = decide(situation(view({ config: forming, states, there: 'a b c' })));
    expect(newConfig(whole)).toMatchObject({ phase: 'formed', version: 1 });
  });
});
