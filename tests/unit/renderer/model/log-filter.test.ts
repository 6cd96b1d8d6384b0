/** What is typed into the filter of the log, as the service is asked for it. */
import { describe, expect, test } from 'vitest';

import {
  groupOf,
  isEmptyQuery,
  type LogQuery,
  NO_QUERY,
  OP_GROUP_NAMES,
  OP_GROUPS,
  readQuery,
} from '../../../../src-renderer/model/log-filter.ts';

const read = (part: Partial<LogQuery>): ReturnType<typeof readQuery> =>
  readQuery({ ...NO_QUERY, ...part });

describe('a query', () => {
  test('that is empty asks for everything', () => {
    expect(isEmptyQuery(NO_QUERY)).toBe(true);
    expect(isEmptyQuery({ ...NO_QUERY, zxids: ' ' })).toBe(true);
    expect(isEmptyQuery({ ...NO_QUERY, groups: ['set'] })).toBe(false);
    expect(read({})).toMatchObject({
      filter: { ops: [], path: '', sessionId: null },
      problems: new Set(),
    });
  });

  test.each([
    ['0x10', 16, 16],
    ['10-2f', 16, 47],
    ['0x10 – 0x2F', 16, 47],
    ['0x10-', 16, null],
    ['..0x2f', null, 47],
    ['0x500000001', 0x5_0000_0001, 0x5_0000_0001],
  ])('of zxids: %s', (zxids, fromZxid, toZxid) => {
    expect(read({ zxids })).toMatchObject({ filter: { fromZxid, toZxid }, problems: new Set() });
  });

  test('of a session, with or without the zeros in front', () => {
    expect(read({ session: '0x1A' }).filter.sessionId).toBe('000000000000001a');
    expect(read({ session: '0100008e3f6d0000' }).filter.sessionId).toBe('0100008e3f6d0000');
  });

  test('of times, in this machine’s, to the end of the second', () => {
    const { filter } = read({ fromTime: '2026-11-22T17:39:13', toTime: '2026-11-22T17:39:13' });
    const at = new Date(2026, 10, 22, 17, 39, 13).getTime();
    expect(filter).toMatchObject({ fromMs: at, toMs: at + 999 });
  });

  test('with mistakes says which, and asks for what it can', () => {
    const { filter, problems } = read({
      path: '/a ',
      session: 'me',
      zxids: '1-2-3',
      fromTime: 'x',
    });
    expect([...problems].sort()).toEqual(['fromTime', 'session', 'zxids']);
    expect(filter).toMatchObject({ path: '/a', sessionId: null, fromZxid: null, fromMs: null });
  });
});

test('every operation belongs to one group', () => {
  const all = OP_GROUP_NAMES.flatMap((group) => OP_GROUPS[group]);
  expect(new Set(all).size).toBe(all.length);
  expect(groupOf('createTTL')).toBe('create');
  expect(groupOf('op 99')).toBeNull();
  expect(read({ groups: ['set', 'error'] }).filter.ops).toEqual(['setData', 'error']);
});
