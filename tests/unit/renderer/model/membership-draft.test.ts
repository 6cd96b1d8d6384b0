/** Rewriting the members of an ensemble: what was touched is told, and nothing else. */
import { describe, expect, test } from 'vitest';

import type { ConfiguredMember } from '#contract/membership-models.ts';

import {
  changeOf,
  type DraftMember,
  draftOf,
  isChanged,
  newMember,
  problemsOf,
} from '../../../../src-renderer/model/membership-draft.ts';

function member(id: number, change: Partial<ConfiguredMember> = {}): ConfiguredMember {
  return {
    id,
    role: 'participant',
    addresses: [{ host: `h${id}`, quorumPort: 2888, electionPort: 3888 }],
    client: { host: `h${id}`, port: 2181 },
    secureClient: null,
    group: null,
    weight: 1,
    ...change,
  };
}

const drafts = (...members: ConfiguredMember[]): DraftMember[] => draftOf({ members, clients: [] });
const three = (): DraftMember[] => drafts(member(1), member(2), member(3));

describe('a change', () => {
  test('is none while nothing is different', () => {
    const all = three();
    expect(all.some(isChanged)).toBe(false);
    expect(changeOf(all, false)).toBeNull();
    all[0]!.host = ' h1 ';
    expect(changeOf(all, false)).toBeNull();
  });

  test('names who goes, and who is different, as it is then', () => {
    const all = three();
    all[0]!.isLeaving = true;
    all[2]!.role = 'observer';
    expect(changeOf(all, false)).toEqual({
      kind: 'step',
      joining: [member(3, { role: 'observer' })],
      leaving: [1],
    });
  });

  test('of one that is to leave tells nothing else of it, right or wrong', () => {
    const all = three();
    all[0]!.host = '';
    all[0]!.isLeaving = true;
    expect(problemsOf(all[0]!, all, false)).toEqual({});
    expect(changeOf(all, false)).toEqual({ kind: 'step', joining: [], leaving: [1] });
  });

  test('tells the client address that is known from elsewhere', () => {
    const members = [member(1, { client: null })];
    const all = draftOf({ members, clients: [{ id: 1, at: { host: '10.0.0.1', port: 2182 } }] });
    expect(isChanged(all[0]!)).toBe(false);
    all[0]!.role = 'observer';
    expect(changeOf(all, false)).toEqual({
      kind: 'step',
      joining: [member(1, { role: 'observer', client: { host: '10.0.0.1', port: 2182 } })],
      leaving: [],
    });
  });

  test('leaves further networks and the port for TLS as they are', () => {
    const addresses = [
      { host: 'a', quorumPort: 1, electionPort: 2 },
      { host: 'b', quorumPort: 3, electionPort: 4 },
    ];
    const secure = member(1, {
      addresses,
      client: null,
      secureClient: { host: 'a', port: 2281 },
    });
    const all = drafts(secure, member(2));
    all[0]!.quorumPort = '9';
    expect(changeOf(all, false)).toEqual({
      kind: 'step',
      joining: [
        { ...secure, addresses: [{ host: 'a', quorumPort: 9, electionPort: 2 }, addresses[1]] },
      ],
      leaving: [],
    });
  });

  test('is the whole list where there are groups', () => {
    const grouped = [1, 2, 3].map((id) => member(id, { group: 1, client: null }));
    const all = drafts(...grouped);
    all[0]!.isLeaving = true;
    all[1]!.weight = '2';
    all[1]!.clientPort = '2181';
    expect(changeOf(all, true)).toEqual({
      kind: 'whole',
      members: [{ ...grouped[1], weight: 2, client: { host: 'h2', port: 2181 } }, grouped[2]],
    });
  });
});

describe('one more', () => {
  test('has the next id and the ports all others have in common', () => {
    const all = three();
    all[1]!.electionPort = '3999';
    const fourth = newMember(all);
    expect(fourth).toMatchObject({
      id: '4',
      role: 'participant',
      host: '',
      quorumPort: '2888',
      electionPort: '',
      clientPort: '2181',
    });
    expect(problemsOf(fourth, [...all, fourth], false)).toEqual({
      host: 'missing',
      electionPort: 'missing',
    });
    expect(changeOf([...all, fourth], false)).toBeNull();
    fourth.host = 'h4';
    fourth.electionPort = '3888';
    expect(changeOf([...all, fourth], false)).toMatchObject({
      joining: [
        member(2, { addresses: [{ host: 'h2', quorumPort: 2888, electionPort: 3999 }] }),
        member(4),
      ],
    });
  });

  test('two more have names of their own', () => {
    const all = three();
    all.push(newMember(all));
    all.push(newMember(all));
    expect(new Set(all.map(({ key }) => key)).size).toBe(5);
    expect(all.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
  });
});

test.each([
  ['id', '2', 'id-taken'],
  ['id', '02', 'id-taken'],
  ['id', '256', 'not-an-id'],
  ['id', 'x', 'not-an-id'],
  ['id', '', 'missing'],
  ['quorumPort', '0', 'not-a-port'],
  ['quorumPort', '65536', 'not-a-port'],
  ['electionPort', '2888', 'same-ports'],
  ['clientPort', '', 'missing'],
  ['group', '', 'missing'],
  ['group', 'a', 'not-a-number'],
  ['weight', '-1', 'not-a-number'],
] as const)('%s %j is %s', (field, text, problem) => {
  const all = drafts(member(1), member(2));
  const fresh = { ...newMember(all), host: 'h3', group: '1', [field]: text };
  expect(problemsOf(fresh, [...all, fresh], true)).toEqual({ [field]: problem });
});
