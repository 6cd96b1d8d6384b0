/** What a filter of the log lets through. */
import { expect, test } from 'vitest';

import type { LogFilter } from '#contract/log-models.ts';

import { zxidOf } from '../../../../src-server/base/zxid.ts';
import { EVERYTHING, fitsTxn } from '../../../../src-server/console/service/log-filter.ts';
import { OpCode } from '../../../../src-server/coordination/model/ops.ts';
import { Txn } from '../../../../src-server/coordination/model/txn.ts';

function txn(type: OpCode, fields: Partial<Txn> = {}): Txn {
  return Object.assign(new Txn(type), { zxid: zxidOf(5), timeMs: 1000, sessionId: 0x1an }, fields);
}

const create = txn(OpCode.CREATE, { path: '/app/a' });
const set = txn(OpCode.SET_DATA, { path: '/other/app' });
const refusal = txn(OpCode.ERROR);
const group = txn(OpCode.MULTI, {
  ops: [txn(OpCode.CREATE, { path: '/app/b' }), txn(OpCode.DELETE, { path: '/gone' })],
});
const failedGroup = txn(OpCode.MULTI, { ops: [txn(OpCode.ERROR), txn(OpCode.ERROR)] });
const end = txn(OpCode.CLOSE_SESSION, { paths: ['/app/e', '/locks/1'] });
const ALL = { create, set, refusal, group, failedGroup, end };

const shown = (filter: Partial<LogFilter>): string[] =>
  Object.entries(ALL)
    .filter(([, one]) => fitsTxn({ ...EVERYTHING, ...filter }, one))
    .map(([name]) => name);

test.each<[string, Partial<LogFilter>, string[]]>([
  ['nothing set', {}, Object.keys(ALL)],
  [
    'operations, in groups too',
    { ops: ['create', 'error'] },
    ['create', 'refusal', 'group', 'failedGroup'],
  ],
  ['a path from its beginning', { path: '/app' }, ['create', 'group', 'end']],
  ['a part of a path', { path: 'app' }, ['create', 'set', 'group', 'end']],
  ['operation and path in the same part', { ops: ['delete'], path: '/app' }, []],
  ['a group as such, by a path in it', { ops: ['multi'], path: '/gone' }, ['group']],
  ['a session', { sessionId: '000000000000001a' }, Object.keys(ALL)],
  ['another session', { sessionId: '000000000000001b' }, []],
  ['refusals', { ops: ['error'] }, ['refusal', 'failedGroup']],
  ['up to a zxid', { toZxid: 4 }, []],
  ['from a zxid', { fromZxid: 5 }, Object.keys(ALL)],
  ['until a time', { toMs: 999 }, []],
  ['a time span', { fromMs: 1000, toMs: 1000 }, Object.keys(ALL)],
])('%s', (_, filter, expected) => {
  expect(shown(filter)).toEqual(expected);
});
