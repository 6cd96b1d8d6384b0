/** What an order to change the ensemble leads to, and what answers first where several things are wrong. */
import { expect, test } from 'vitest';

import {
  type EnsembleConfig,
  ensembleConfigText,
  parseEnsembleConfig,
} from '../../../../../src-server/config/ensemble-config.ts';
import {
  type Circumstances,
  reconfigured,
} from '../../../../../src-server/coordination/ensemble/reconfiguration.ts';
import { codeName } from '../../../../../src-server/coordination/model/codes.ts';
import type { ReconfigOrder } from '../../../../../src-server/coordination/model/request.ts';

const THREE = [1, 2, 3].map((id) => `server.${id}=h${id}:1:2:participant;h${id}:3`).join('\n');

function config(text: string, version = 7): EnsembleConfig {
  const read = parseEnsembleConfig(`${text}\nversion=${version.toString(16)}`);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

function decide(order: Partial<ReconfigOrder>, now: Partial<Circumstances> = {}): string {
  const result = reconfigured(
    { joining: null, leaving: null, members: null, fromVersion: -1, ...order },
    {
      newest: config(THREE),
      isAnotherUnderWay: false,
      standaloneEnabled: true,
      isSynchronised: () => true,
      ...now,
    },
  );
  return typeof result === 'number' ? codeName(result) : ensembleConfigText(result);
}

test('one comes, one goes', () => {
  expect(decide({ joining: 'server.4=h4:1:2;h4:3', leaving: '2' })).toBe(
    'server.1=h1:1:2:participant;h1:3\n' +
      'server.3=h3:1:2:participant;h3:3\n' +
      'server.4=h4:1:2:participant;h4:3\n' +
      'version=7',
  );
});

test('who is there already is replaced: a voter becomes an observer', () => {
  expect(decide({ joining: ' server.3 = h3:1:2:observer;h3:3 , ' })).toContain(
    'server.3=h3:1:2:observer;h3:3\n',
  );
});

test('who leaves and is not there does not matter', () => {
  expect(decide({ leaving: '9' })).toBe(`${THREE}\nversion=7`);
});

test('a whole list, with commas or line ends', () => {
  const members = 'server.1=h1:1:2;h1:3,server.5=h5:1:2;h5:3\nserver.6=h6:1:2:observer;h6:3';
  expect(decide({ members })).toBe(
    'server.1=h1:1:2:participant;h1:3\n' +
      'server.5=h5:1:2:participant;h5:3\n' +
      'server.6=h6:1:2:observer;h6:3\n' +
      'version=7',
  );
});

test.each<[string, Partial<ReconfigOrder>, Partial<Circumstances>, string]>([
  [
    'another is under way, whatever else is wrong',
    { fromVersion: 1, members: 'nonsense' },
    { isAnotherUnderWay: true },
    'RECONFIG_IN_PROGRESS',
  ],
  ['it is based on another version', { fromVersion: 6, members: 'nonsense' }, {}, 'BAD_VERSION'],
  ['the list cannot be read', { members: 'nonsense' }, {}, 'BAD_ARGUMENTS'],
  ['a joining server has no client port', { joining: 'server.4=h4:1:2' }, {}, 'BAD_ARGUMENTS'],
  ['a joining server has no address', { joining: 'server.4' }, {}, 'BAD_ARGUMENTS'],
  ['an id is no number', { leaving: 'two' }, {}, 'MARSHALLING_ERROR'],
  ['a joining id is no number', { joining: 'server.x=h4:1:2;3' }, {}, 'MARSHALLING_ERROR'],
  [
    'a joining server has the ports of another',
    { joining: 'server.4=h1:9:2;h1:8' },
    {},
    'BAD_ARGUMENTS',
  ],
  ['one voter would be left', { leaving: '1,2' }, {}, 'BAD_ARGUMENTS'],
  [
    'none would be, where one may be',
    { leaving: '1,2,3' },
    { standaloneEnabled: false },
    'BAD_ARGUMENTS',
  ],
  [
    'nobody says what a joining server weighs',
    { joining: 'server.4=h4:1:2;h4:3' },
    { newest: config(`${THREE}\ngroup.1=1:2:3`) },
    'BAD_ARGUMENTS',
  ],
  [
    'too few of the new voters are with the leader',
    { leaving: '3' },
    { isSynchronised: () => false },
    'NEW_CONFIG_NO_QUORUM',
  ],
])('refused: %s', (_, order, now, code) => {
  expect(decide(order, now)).toBe(code);
});

test('one voter is enough where servers may not run on their own', () => {
  expect(decide({ leaving: '1,2' }, { standaloneEnabled: false })).toBe(
    'server.3=h3:1:2:participant;h3:3\nversion=7',
  );
});
