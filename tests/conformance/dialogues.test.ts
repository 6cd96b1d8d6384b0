/**
 * Short dialogues with both servers: every kind of difference that random sessions ever found, said as plainly as it can be,
 * and every row of the table of known differences.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { codeName } from '../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import { APACHE, describeWith } from '../peers/peers.ts';
import { KNOWN_DIFFERENCES } from './differential/known-differences.ts';
import {
  acl,
  ask,
  auth,
  connects,
  create,
  data,
  entry,
  makes,
  multi,
  multiRead,
  NO_LIST,
  part,
  says,
  scriptOf,
  texts,
} from './differential/phrases.ts';
import { describeComparison } from './differential/report.ts';
import { Rounds } from './differential/rounds.ts';
import type { Message, Script, Step, Value } from './differential/script.ts';
import { codeOf } from './differential/story.ts';

const EVERYTHING_BUT_READ = acl(entry(30, 'world', 'anyone'));
const ZXID: Value = { is: 'zxid', of: 0 };

/** One client, one request after the other. */
function alone(...messages: readonly Message[]): Step[] {
  return [connects(0), ...messages.map((message) => says(0, message))];
}

/** What 3.8.0 answers: codes in order, events as what they say, one connection after the other. */
const DIALOGUES: Record<string, readonly [answers: string, script: Script]> = {
  'a write that cannot be decoded takes its zxid, a reconfig does not': [
    'MARSHALLING_ERROR+2 MARSHALLING_ERROR+3 MARSHALLING_ERROR+3 RECONFIG_DISABLED+4 OK+5',
    scriptOf(
      ...alone(
        { ...create('~/a'), cut: 1 },
        { ...multi(makes('~/a')), cut: 1 },
        { ...ask(OpCode.RECONFIG, null, null, null, { is: 'long', of: '-1' }), cut: 1 },
        ask(OpCode.RECONFIG, null, null, null, { is: 'long', of: '-1' }),
        create('~/a'),
      ),
    ),
  ],
  'a path that is null': [
    'MARSHALLING_ERROR MARSHALLING_ERROR BAD_ARGUMENTS BAD_ARGUMENTS MARSHALLING_ERROR MARSHALLING_ERROR MARSHALLING_ERROR ' +
      'MARSHALLING_ERROR OK OK MARSHALLING_ERROR NO_WATCHER',
    scriptOf(
      ...alone(
        create(null),
        ask(OpCode.DELETE, null, -1),
        ask(OpCode.SET_DATA, null, data(''), -1),
        ask(OpCode.SET_ACL, null, EVERYTHING_BUT_READ, -1),
        ask(OpCode.EXISTS, null, false),
        ask(OpCode.GET_DATA, null, false),
        ask(OpCode.GET_CHILDREN, null, false),
        ask(OpCode.GET_ACL, null),
        ask(OpCode.SYNC, null),
        ask(OpCode.GET_EPHEMERALS, null),
        ask(OpCode.CHECK_WATCHES, null, 3),
        ask(OpCode.REMOVE_WATCHES, null, 3),
      ),
    ),
  ],
  'lists of access with holes': [
    'MARSHALLING_ERROR INVALID_ACL MARSHALLING_ERROR INVALID_ACL OK INVALID_ACL INVALID_ACL',
    scriptOf(
      ...alone(
        create('~/a', { acl: acl(entry(31, 'world', null)) }),
        create('~/a', { acl: acl(entry(31, null, 'anyone')) }),
        create('~/a', { acl: acl(entry(1, 'world', 'anyone'), entry(1, null, 'x')) }),
        create('~/a', { acl: acl(entry(31, 'auth', null)) }),
        auth('digest', 'bob:bobs'),
        create('~/a', { acl: { is: 'count', of: -2 } }),
        create('~/a', { acl: { is: 'count', of: -1 } }),
      ),
    ),
  ],
  'setWatches does what comes before a hole': [
    'DELETED:~/a MARSHALLING_ERROR CREATED:~ MARSHALLING_ERROR OK NO_WATCHER',
    scriptOf(
      ...alone(
        ask(OpCode.SET_WATCHES, ZXID, texts('~/a'), NO_LIST, texts('~/b')),
        ask(OpCode.SET_WATCHES, ZXID, texts(), texts('~', '~/c', null, '~/d'), texts()),
        ask(OpCode.CHECK_WATCHES, '~/c', 2),
        ask(OpCode.CHECK_WATCHES, '~/d', 2),
      ),
    ),
  ],
  'in a multi the mode says what a create makes': [
    'OK OK MARSHALLING_ERROR OK OK OK',
    scriptOf(
      ...alone(
        multi(makes('~/a', { op: OpCode.CREATE2 }), makes('~/b', { flags: 4 })),
        multi(makes('~/c', { op: OpCode.CREATE_CONTAINER })),
        multi(makes('~/d'), makes('~/e', { flags: 5 })),
        multi(makes('~/d'), makes('~/e', { flags: 7 })),
        multi(
          makes('~/f', { op: OpCode.CREATE_TTL }),
          makes('~/g', { op: OpCode.CREATE_TTL, flags: 5 }),
        ),
        ask(OpCode.GET_CHILDREN2, '~', false),
      ),
    ),
  ],
  'a multi that falls over a part is refused as a whole': [
    'MARSHALLING_ERROR+2 NO_NODE+2 OK+3 MARSHALLING_ERROR+4',
    scriptOf(
      ...alone(
        multi(makes('~/a'), makes('~/b', { acl: acl(entry(31, 'world', null)) })),
        ask(OpCode.EXISTS, '~/a', false),
        multi(part(OpCode.DELETE, '~/none', -1), makes('~/b', { acl: acl(entry(31, 'ip', null)) })),
        multi(part(OpCode.GET_DATA, '~', false)),
      ),
    ),
  ],
  'a multiRead that fails still carries its results': [
    'MARSHALLING_ERROR MARSHALLING_ERROR MARSHALLING_ERROR',
    scriptOf(
      ...alone(
        multiRead(part(OpCode.GET_DATA, '~', false), part(OpCode.GET_CHILDREN, null, false)),
        multiRead(makes('~/a')),
        multiRead(part(OpCode.GET_DATA, '~', false), makes('~/a')),
      ),
    ),
  ],
  'checkWatches finds anybody’s watch, and none under the empty path': [
    'OK OK NO_WATCHER OK NO_WATCHER | OK NO_WATCHER NO_WATCHER MARSHALLING_ERROR',
    scriptOf(
      connects(0),
      connects(1),
      says(0, ask(OpCode.EXISTS, '~', true)),
      says(0, ask(OpCode.CHECK_WATCHES, '~', 2)),
      says(0, ask(OpCode.CHECK_WATCHES, '~', 1)),
      says(0, ask(OpCode.GET_DATA, '', true)),
      says(0, ask(OpCode.CHECK_WATCHES, '', 2)),
      says(1, ask(OpCode.CHECK_WATCHES, '~', 3)),
      says(1, ask(OpCode.REMOVE_WATCHES, '~', 3)),
      says(1, ask(OpCode.CHECK_WATCHES, '~/a', 3)),
      says(1, ask(OpCode.CHECK_WATCHES, '~', 4)),
    ),
  ],
  'one mode of a path and connection': [
    'OK OK DATA_CHANGED:~ OK OK CHILDREN_CHANGED:~ OK OK OK',
    scriptOf(
      ...alone(
        ask(OpCode.ADD_WATCH, '~', 0),
        ask(OpCode.GET_DATA, '~', true),
        ask(OpCode.SET_DATA, '~', data(''), -1),
        ask(OpCode.SET_DATA, '~', data(''), -1),
        create('~/a'),
        ask(OpCode.REMOVE_WATCHES, '~', 1),
        create('~/b'),
      ),
    ),
  ],
  'nobody hears of a node that they may not read': [
    'OK OK OK OK OK CREATED:~/b OK',
    scriptOf(
      ...alone(
        ask(OpCode.ADD_WATCH, '~', 1),
        create('~/a', { acl: EVERYTHING_BUT_READ }),
        ask(OpCode.EXISTS, '~/a', true),
        ask(OpCode.SET_DATA, '~/a', data(''), -1),
        ask(OpCode.DELETE, '~/a', -1),
        create('~/b'),
      ),
    ),
  ],
  'proofs that are missing': [
    'OK OK AUTH_FAILED | AUTH_FAILED | ',
    scriptOf(
      connects(0),
      connects(1),
      connects(2),
      says(0, auth('ip', null)),
      says(0, ask(OpCode.SASL, data(''))),
      says(0, auth('digest', null)),
      says(1, auth(null, 'x')),
      says(2, ask(OpCode.SASL, data(null))),
    ),
  ],
  'a session ends behind what it asked before': [
    'OK OK OK OK',
    scriptOf(
      connects(0),
      says(
        0,
        create('~/a', { flags: 1 }),
        ask(OpCode.GET_DATA, '~/a', false),
        ask(OpCode.PING),
        ask(OpCode.CLOSE_SESSION),
      ),
    ),
  ],
  'the root has two names': [
    'OK OK OK',
    scriptOf(
      ...alone(
        ask(OpCode.GET_ALL_CHILDREN_NUMBER, ''),
        ask(OpCode.GET_ALL_CHILDREN_NUMBER, '/'),
        ask(OpCode.GET_CHILDREN2, '', false),
      ),
    ),
  ],
};

describeWith([APACHE], 'dialogues with both servers', () => {
  describe.each(['3.8', '3.9'] as const)('as %s', (compat) => {
    let rounds: Rounds;
    const met = new Set<string>();
    beforeAll(async () => {
      rounds = await Rounds.begin(compat);
    });
    afterAll(() => rounds.stop());

    test.each(Object.entries(DIALOGUES))('%s', async (_, [answers, script]) => {
      const comparison = await rounds.compare(script);
      const { differences, theirs } = comparison;
      if (differences.unexplained.length > 0) expect.fail(describeComparison(comparison));
      for (const { name } of differences.explained.keys()) met.add(name);
      expect(
        theirs.lanes.map((lane) => lane.arrivals.map(wordFor).filter(isSaid).join(' ')).join(' | '),
      ).toBe(answers);

      function wordFor(arrival: (typeof theirs.lanes)[0]['arrivals'][0]): string {
        const { frame, normal, kind } = arrival;
        if (kind === 'connect') return '';
        if (kind === 'event') {
          const path = frame.toString('utf8', 28).replace(theirs.root, '~');
          return `${EVENTS[frame.readInt32BE(16)]}:${path}`;
        }
        const zxid = answers.includes('+') ? `+${normal.readInt32BE(8)}` : '';
        return codeName(codeOf(arrival)) + zxid;
      }
    });

    if (compat === '3.8') return;
    test('every known difference has shown itself', () => {
      expect(KNOWN_DIFFERENCES.map(({ name }) => name).filter((name) => !met.has(name))).toEqual(
        [],
      );
    });
  });
});

const EVENTS: Readonly<Record<number, string>> = {
  1: 'CREATED',
  2: 'DELETED',
  3: 'DATA_CHANGED',
  4: 'CHILDREN_CHANGED',
};

function isSaid(word: string): boolean {
  return word !== '';
}
