/** What is done to links, and who could lead then. */
import { describe, expect, test } from 'vitest';

import type { LinkFault } from '#contract/fault-models.ts';

import {
  arrowOf,
  changed,
  countFaults,
  cut,
  faultOf,
  healthy,
  isolation,
  isTrying,
  labMembers,
  linksOf,
  outlookOf,
  placesOf,
  wayState,
} from '../../../../src-renderer/model/fault-lab.ts';
import { memberOf } from '../examples.ts';

const serving = { kind: 'serving', clientPort: 2181, startedInMs: 1 } as const;

/** Three members, the second of which leads. */
function three(part: Parameters<typeof memberOf>[1] = {}): ReturnType<typeof labMembers> {
  return labMembers([
    memberOf(1, { local: serving }),
    memberOf(2, { local: serving, role: 'leader', ...part }),
    memberOf(3, { local: serving }),
  ]);
}

function fault(from: number, to: number, part: Partial<LinkFault>): LinkFault {
  return { ...healthy({ from, to }), ...part };
}

test('a way is as bad as the worst that is done to it', () => {
  const here = { areHere: true };
  expect(wayState(fault(1, 2, {}), here)).toBe('open');
  expect(wayState(fault(1, 2, { delayMs: 5 }), here)).toBe('slow');
  expect(wayState(fault(1, 2, { delayMs: 5, lossPercent: 1 }), here)).toBe('lossy');
  expect(wayState(fault(1, 2, { delayMs: 5, isCut: true }), here)).toBe('cut');
  expect(wayState(fault(1, 2, { delayMs: 5 }), { areHere: false })).toBe('away');
  expect(wayState(fault(1, 2, { isCut: true }), { areHere: false })).toBe('cut');
});

test('changes replace what is done to the same way, and to no other', () => {
  const links = [fault(1, 2, { delayMs: 5 }), fault(2, 1, { delayMs: 5 })];
  const after = changed(links, [cut({ from: 1, to: 2 })]);
  expect(faultOf(after, { from: 1, to: 2 })).toEqual(cut({ from: 1, to: 2 }));
  expect(faultOf(after, { from: 2, to: 1 }).delayMs).toBe(5);
  expect(faultOf(after, { from: 1, to: 3 })).toEqual(healthy({ from: 1, to: 3 }));
});

test('every link is there once, and isolation cuts all of one member’s', () => {
  expect(linksOf([1, 2, 3]).map(({ from, to }) => `${from}${to}`)).toEqual(['12', '13', '23']);
  expect(isolation([1, 2, 3], 2).map(({ from, to }) => `${from}${to}`)).toEqual([
    '21',
    '12',
    '23',
    '32',
  ]);
});

test('what is broken is counted, a cut way as cut only', () => {
  const links = [
    fault(1, 2, { isCut: true, delayMs: 5 }),
    fault(1, 3, { delayMs: 5, lossPercent: 5 }),
    fault(2, 3, { delayMs: 5 }),
  ];
  expect(countFaults({ links, paused: [3] })).toEqual({ cut: 1, slow: 2, lossy: 1, paused: 1 });
});

test('a lab needs members of this program, and at least two', () => {
  expect(labMembers([memberOf(1), memberOf(2)])).toEqual([]);
  expect(labMembers([memberOf(null, { local: serving })])).toEqual([]);
  expect(three()).toHaveLength(3);
});

describe('who can lead', () => {
  test('goes on while it has both ways to enough', () => {
    expect(outlookOf(three(), [], 2)).toEqual({
      kind: 'leads-on',
      leader: 2,
      reached: 3,
      leftOut: [],
    });
    // One way is enough to lose somebody.
    expect(outlookOf(three(), [cut({ from: 3, to: 2 })], 2)).toMatchObject({
      reached: 2,
      leftOut: [3],
    });
    // Followers do not speak with each other.
    expect(outlookOf(three(), [cut({ from: 1, to: 3 })], 2)).toMatchObject({ reached: 3 });
  });

  test('changes when the leader is cut off', () => {
    expect(outlookOf(three(), isolation([1, 2, 3], 2), 2)).toEqual({
      kind: 'elects',
      candidates: [1, 3],
    });
    const paused = three({ local: { kind: 'paused' } });
    expect(outlookOf(paused, [], 2)).toEqual({ kind: 'elects', candidates: [1, 3] });
  });

  test('is nobody when no member reaches enough', () => {
    const links = [cut({ from: 1, to: 2 }), cut({ from: 2, to: 3 }), cut({ from: 1, to: 3 })];
    expect(outlookOf(three(), links, 2)).toEqual({ kind: 'nobody' });
  });

  test('is not an observer, and not told where groups decide', () => {
    const members = labMembers([
      memberOf(1, { local: serving, role: 'leader' }),
      memberOf(2, { local: serving }),
      memberOf(3, { local: serving, role: 'observer', votes: false }),
    ]);
    expect(outlookOf(members, isolation([1, 2, 3], 2), 2)).toEqual({ kind: 'nobody' });
    expect(outlookOf(members, [], null)).toBeNull();
  });
});

test('very slow and very lossy ways try the patience of members', () => {
  expect(isTrying(fault(1, 2, { delayMs: 1999, lossPercent: 29 }))).toBe(false);
  expect(isTrying(fault(1, 2, { delayMs: 2000 }))).toBe(true);
  expect(isTrying(fault(1, 2, { lossPercent: 30 }))).toBe(true);
  expect(isTrying(fault(1, 2, { lossPercent: 30, isCut: true }))).toBe(false);
});

describe('the drawing', () => {
  const sizes = { width: 400, height: 300, margin: { x: 50, y: 40 } };

  test('has members all over it, two beside each other', () => {
    const rounded = placesOf(3, sizes).map(({ x, y }) => [Math.round(x), Math.round(y)]);
    expect(rounded).toEqual([
      [200, 40],
      [350, 260],
      [50, 260],
    ]);
    const two = placesOf(2, sizes).map(({ x, y }) => [Math.round(x), Math.round(y)]);
    expect(two).toEqual([
      [50, 150],
      [350, 150],
    ]);
  });

  test('has the two arrows of a link beside each other, each with its words outside', () => {
    const [a, b] = [
      { x: 0, y: 0 },
      { x: 100, y: 0 },
    ];
    const lengths = { radius: 20, apart: 5, labelApart: 15 };
    expect(arrowOf(a, b, lengths)).toEqual({
      start: { x: 20, y: 5 },
      end: { x: 80, y: 5 },
      middle: { x: 50, y: 5 },
      label: { x: 50, y: 15 },
      labelAnchor: 'middle',
    });
    expect(arrowOf(b, a, lengths)).toMatchObject({
      start: { x: 80, y: -5 },
      end: { x: 20, y: -5 },
    });
    const down = arrowOf(a, { x: 0, y: 100 }, lengths);
    expect(down).toMatchObject({ label: { x: -15, y: 50 }, labelAnchor: 'end' });
  });
});
