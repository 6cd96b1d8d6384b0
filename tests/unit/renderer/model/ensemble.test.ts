/** How members look, alone and together, and what ending one would do. */
import { describe, expect, test } from 'vitest';

import type { EnsembleMember, EnsembleView } from '#contract/ensemble-models.ts';

import {
  colourOf,
  consequenceOf,
  lagScale,
  refusals,
  standingOf,
  toneOf,
} from '../../../../src-renderer/model/ensemble.ts';
import { ensembleOf, memberOf } from '../examples.ts';

const starting = { kind: 'starting', step: 'opening', done: 0, total: 0 } as const;
const failed = { kind: 'failed', why: 'the disk is full', retryAtMs: null } as const;

test.each<[Partial<EnsembleMember>, string]>([
  [{ role: 'leader' }, 'ok'],
  [{ role: 'observer' }, 'ok'],
  [{ role: 'looking' }, 'warn'],
  [{ role: 'read-only' }, 'warn'],
  [{ role: 'unreachable', trouble: 'refused' }, 'danger'],
  [{ role: 'unknown', trouble: 'no-address' }, 'idle'],
  // This program knows its own.
  [{ role: 'unreachable', local: { kind: 'stopped' } }, 'idle'],
  [{ role: 'unreachable', local: starting }, 'warn'],
  [{ role: 'unreachable', local: failed }, 'danger'],
])('%j looks %s', (part, tone) => {
  expect(toneOf(memberOf(1, part))).toBe(tone);
});

describe('together', () => {
  const quorum = { voters: 3, alive: 1, needed: 2, isMet: false, mayFail: 0 };
  const looking = memberOf(1, { role: 'looking' });
  const gone = memberOf(2, { role: 'unreachable' });
  const alone = memberOf(null, { role: 'standalone' });

  test.each<[Partial<EnsembleView>, string]>([
    [{}, 'met'],
    [{ quorum: { ...quorum, alive: 2, isMet: true } }, 'on-the-edge'],
    [{ quorum: { ...quorum, alive: 0 }, members: [looking, looking, gone] }, 'electing'],
    [{ quorum: { ...quorum, alive: 0 }, members: [looking, gone, gone] }, 'lost'],
    [{ quorum: null, members: [alone] }, 'alone'],
    [
      { quorum: null, members: [memberOf(null, { role: 'unreachable', local: starting })] },
      'alone',
    ],
    [{ quorum: null, members: [alone, alone] }, 'many-alone'],
    [{ quorum: null, members: [gone, gone] }, 'unknown'],
  ])('%j is %s', (part, standing) => {
    expect(standingOf(ensembleOf(part))).toBe(standing);
  });
});

describe('ending one', () => {
  const { quorum } = ensembleOf();
  const left = { voters: 5, alive: 4, needed: 3, isMet: true, mayFail: 1 };

  test.each([
    [{ ifStopped: left }, 'goes-on'],
    [{ ifStopped: { ...left, mayFail: 0 } }, 'goes-on-barely'],
    [{ ifStopped: { ...left, isMet: false } }, 'loses-quorum'],
    [{ role: 'looking', ifStopped: null }, 'none'],
    [{ role: 'standalone', ifStopped: null }, 'ends-all'],
  ] as const)('%j: %s', (part, consequence) => {
    expect(consequenceOf(memberOf(1, part), quorum)).toBe(consequence);
  });

  test('of an ensemble that has no quorum loses none', () => {
    const member = memberOf(1, { ifStopped: { ...left, isMet: false } });
    expect(consequenceOf(member, { ...left, isMet: false })).toBe('none');
  });
});

test('words that are refused are named once, with how many refuse any', () => {
  const members = [
    memberOf(1, { refusedWords: ['mntr', 'conf'] }),
    memberOf(2, { refusedWords: ['mntr'] }),
    memberOf(3),
  ];
  expect(refusals(members)).toEqual({ words: ['conf', 'mntr'], count: 2 });
});

test('bars have one measure, and a few transactions do not fill them', () => {
  expect(lagScale([memberOf(1, { lag: 3 }), memberOf(2, { lag: null })])).toBe(100);
  expect(lagScale([memberOf(1, { lag: 3 }), memberOf(2, { lag: 4000 })])).toBe(4000);
});

test('members differ in colour', () => {
  const { members } = ensembleOf();
  expect(members.map(({ key }) => colourOf(members, key))).toEqual([0, 1, 2]);
});
