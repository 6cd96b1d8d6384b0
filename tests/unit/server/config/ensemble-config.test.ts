import { describe, expect, test } from 'vitest';

import {
  ensembleConfigText,
  ensembleFileText,
  isDistributed,
  parseEnsembleConfig,
  parseHostPorts,
  whyUnworkable,
} from '../../../../src-server/config/ensemble-config.ts';

function parsed(text: string) {
  const config = parseEnsembleConfig(text);
  if (!config.ok) throw new Error(config.error);
  return config.value;
}

/** What Java's QuorumMaj and QuorumHierarchical print after reading the same lines. */
describe('the text is what Apache 3.8.0 writes', () => {
  const thirteen = [35, 70, 7, 42, 77, 14, 49, 84, 21, 56, 91, 28, 63];
  const spread = [16, 33, 5, 200, 254];
  test.each([
    [
      'names, roles and clients',
      'server.1=localhost:2888:3888\nserver.2=127.0.0.1:2889:3889:observer;2181\n' +
        'server.3=h3.example:2890:3890:PARTICIPANT;[::1]:2183\nversion=100000003\n',
      'server.1=localhost:2888:3888:participant\nserver.2=127.0.0.1:2889:3889:observer;0.0.0.0:2181\n' +
        'server.3=h3.example:2890:3890:participant;[0:0:0:0:0:0:0:1]:2183\nversion=100000003',
    ],
    [
      'several addresses',
      'server.1=zeta:2888:3888|alpha:2889:3889;0.0.0.0:2181',
      'server.1=alpha:2889:3889|zeta:2888:3888:participant;0.0.0.0:2181\nversion=0',
    ],
    [
      'a role said once for several addresses',
      'server.1=h:1:2:observer|g:1:2',
      'server.1=g:1:2|h:1:2:observer\nversion=0',
    ],
    [
      'IPv6',
      'server.1=[2001:db8::7]:2888:3888:participant;[::]:2181\nserver.2=[::ffff:10.0.0.1]:1:2\n' +
        'server.3=[fe80::1]:1:2',
      'server.1=[2001:db8:0:0:0:0:0:7]:2888:3888:participant;[0:0:0:0:0:0:0:0]:2181\n' +
        'server.2=10.0.0.1:1:2:participant\nserver.3=[fe80:0:0:0:0:0:0:1]:1:2:participant\nversion=0',
    ],
    [
      'thirteen servers in the order of a hash map that has grown',
      [...thirteen]
        .sort((a, b) => a - b)
        .map((id) => `server.${id}=h:1:2`)
        .join('\n'),
      [...thirteen.map((id) => `server.${id}=h:1:2:participant`), 'version=0'].join('\n'),
    ],
    [
      'large ids in the order of a hash map',
      [...spread]
        .reverse()
        .map((id) => `server.${id}=h:1:2`)
        .join('\n'),
      [...spread.map((id) => `server.${id}=h:1:2:participant`), 'version=0'].join('\n'),
    ],
    [
      'an id of more than 32 bits',
      'server.4294967297=h:1:2\nserver.2=h:1:2',
      'server.4294967297=h:1:2:participant\nserver.2=h:1:2:participant\nversion=0',
    ],
    [
      'groups and weights',
      'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2\nserver.5=e:1:2:observer\n' +
        'group.2=3:4\ngroup.1=2:1\nweight.3=0\nweight.2=5\nversion=a',
      'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n' +
        'server.4=d:1:2:participant\nserver.5=e:1:2:observer\ngroup.1=1:2\ngroup.2=3:4\n' +
        'weight.1=1\nweight.2=5\nweight.3=0\nweight.4=1\nversion=a',
    ],
    ['a colon too many', 'server.1=h:1:2:', 'server.1=h:1:2:participant\nversion=0'],
    ['a semicolon too many', 'server.1=h:1:2;', 'server.1=h:1:2:participant\nversion=0'],
    [
      'a secure client port, which 3.8 does not know yet',
      'server.1=h:1:2;;2281\nserver.2=h:1:2;2181;[::1]:2281',
      'server.1=h:1:2:participant;;0.0.0.0:2281\n' +
        'server.2=h:1:2:participant;0.0.0.0:2181;[0:0:0:0:0:0:0:1]:2281\nversion=0',
    ],
  ])('%s', (_, written, text) => {
    const config = parsed(written);
    expect(ensembleConfigText(config)).toBe(text);
    expect(parsed(text)).toEqual(config);
  });
});

test.each([
  ['server.1=h:1', 'line 1: server.1=h:1: not of the form host:quorum port:election port[:role]'],
  [
    '\nserver.1=h:1:1',
    'line 2: server.1=h:1:1: the quorum port and the election port are the same',
  ],
  ['server.1=h:1:2:x', 'x is neither participant nor observer'],
  ['server.1=h:1:2:observer:4', 'not of the form'],
  ['server.1=h:a:2', 'a is not a port'],
  ['server.1=h:1:70000', '70000 is not a port'],
  ['server.1=:1:2', 'not of the form'],
  ['server.1=h h:1:2', 'not of the form'],
  ['server.1=[::1:1:2', 'begins with [ and has no ] before a port'],
  ['server.1=[::1]1:2', 'begins with [ and has no ] before a port'],
  ['server.1=h:1:2;a:b:1', 'a:b:1 is neither a port nor host:port'],
  ['server.1=h:1:2;h:x', 'x is not a port'],
  ['server.1=h:1:2;1;2;3', 'more than a client and a secure client address'],
  ['server.1=h:1:2:observer|g:1:2:participant', 'one server cannot be observer and participant'],
  ['server.x=h:1:2', 'the key does not end in a number'],
  ['server.-1=h:1:2', 'the key does not end in a number'],
  ['group.1=1:x', 'not a list of server ids'],
  ['weight.1=heavy', 'not a weight'],
  ['version=xyz', 'not a version in hexadecimal digits'],
  ['version=ffffffffffffffff', 'not a version in hexadecimal digits'],
  ['tickTime=2000', 'does not belong to the configuration of an ensemble'],
  ['server.1=h:1:2\ngroup.1=2', 'server.1: with groups, every participant is in one'],
  ['server.1=h:1:2:observer\ngroup.1=1', 'server 1 is in a group, and is neither a participant'],
  ['group.1=1\ngroup.2=1', 'group.2: server 1 is in another group as well'],
])('%j is refused', (text, problem) => {
  const config = parseEnsembleConfig(text);
  expect(config.ok ? 'accepted' : config.error).toContain(problem);
});

test('a file has sorted lines, and the version only where its name does not say it', () => {
  const config = parsed('server.10=h:1:2\nserver.2=g:1:2\nversion=10000000a');
  expect(ensembleFileText(config, false)).toBe(
    'server.10=h:1:2:participant\nserver.2=g:1:2:participant',
  );
  expect(ensembleFileText(config, true)).toBe(
    'server.10=h:1:2:participant\nserver.2=g:1:2:participant\nversion=10000000a',
  );
});

test.each([
  ['server.1=h:1:2:observer', true, 'no participant whom they could observe'],
  ['', false, 'at least one participant'],
  ['server.1=h:1:2\nserver.2=h:1:2:observer', true, 'nobody can observe it'],
  ['server.1=h:1:2\nserver.2=h:1:2:observer', false, null],
  ['server.1=h:1:2', true, null],
  ['server.1=h:1:2\nserver.2=h:1:2', true, null],
])('%j with standaloneEnabled=%s: %s', (text, standaloneEnabled, problem) => {
  const why = whyUnworkable(parsed(text), standaloneEnabled);
  if (problem === null) expect(why).toBeNull();
  else expect(why).toContain(problem);
});

test('one participant is an ensemble only where it may not run on its own', () => {
  expect(isDistributed(parsed('server.1=h:1:2'), true)).toBe(false);
  expect(isDistributed(parsed('server.1=h:1:2'), false)).toBe(true);
  expect(isDistributed(parsed('server.1=h:1:2\nserver.2=h:1:2'), true)).toBe(true);
});

test.each([
  ['h:1', [{ host: 'h', port: 1 }]],
  [
    '[::1]:1|10.0.0.1:65535',
    [
      { host: '0:0:0:0:0:0:0:1', port: 1 },
      { host: '10.0.0.1', port: 65535 },
    ],
  ],
  ['h', null],
  ['h:0', null],
  ['h:1|', null],
  ['h:1:2', null],
  ['', null],
])('addresses %j', (text, addresses) => {
  expect(parseHostPorts(text)).toEqual(addresses);
});
