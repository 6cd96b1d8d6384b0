import { expect, test } from 'vitest';

import { readCommandLine } from '../../../src-server/command-line.ts';

test('serve with its options', () => {
  const args = [
    'serve',
    '--client-port',
    '2182',
    '--data',
    '/d',
    '--no-console',
    '--compat',
    '3.8',
    '--log-level',
    'warn',
  ];
  expect(readCommandLine(args)).toEqual({
    ok: true,
    value: {
      kind: 'serve',
      dataDir: '/d',
      clientPort: 2182,
      clientAddress: null,
      configFile: null,
      members: null,
      observers: 0,
      storage: null,
      compat: '3.8',
      withConsole: false,
      consolePort: 2180,
      logLevel: 'warn',
    },
  });
});

test('as the app begins it', () => {
  expect(readCommandLine(['app', '--observers', '1'])).toMatchObject({
    ok: true,
    value: { kind: 'app', members: null, observers: 1, withConsole: true },
  });
});

test('an ensemble, and one member of another', () => {
  const ensemble = readCommandLine(['serve', '--members', '3', '--observers', '1']);
  expect(ensemble).toMatchObject({ ok: true, value: { kind: 'serve', members: 3, observers: 1 } });
  const member = readCommandLine(['member', '--config', '/etc/zoo.cfg']);
  expect(member).toMatchObject({
    ok: true,
    value: { kind: 'member', configFile: '/etc/zoo.cfg', withConsole: false },
  });
});

test('log and snapshot, with what is to be printed of them', () => {
  const log = ['log', '/d/log.1', '--json', '--from', '0x1f', '--to', '2A', '--path', '/app'];
  expect(readCommandLine(log)).toEqual({
    ok: true,
    value: {
      kind: 'log',
      file: '/d/log.1',
      asJson: true,
      fromZxid: 0x1f,
      toZxid: 0x2a,
      path: '/app',
    },
  });
  expect(readCommandLine(['snapshot', '/d/snapshot.0'])).toMatchObject({
    ok: true,
    value: { kind: 'snapshot', asJson: false, fromZxid: null, path: null },
  });
  expect(readCommandLine(['log', '--help'])).toEqual({ ok: true, value: { kind: 'help' } });
});

test('help and version win over everything', () => {
  expect(readCommandLine(['serve', '--help'])).toEqual({ ok: true, value: { kind: 'help' } });
  expect(readCommandLine(['--version'])).toEqual({ ok: true, value: { kind: 'version' } });
});

test.each([
  [[], 'zabring serve'],
  [['sreve'], 'there is no command sreve'],
  [['serve', 'more'], 'serve takes no more'],
  [['log'], 'which log file?'],
  [['log', 'a', 'b'], 'log takes one file'],
  [['log', 'a', '--from', 'x'], 'not a zxid'],
  [['log', 'a', '--data', '/d'], '--data'],
  [['snapshot', 'a', '--to', '5'], 'snapshot takes no --from and no --to'],
  [['serve', '--client-port', '70000'], 'not a port'],
  [['serve', '--client-port', '21x'], 'not a port'],
  [['serve', '--compat', '4'], 'neither 3.8 nor 3.9'],
  [['serve', '--log-level', 'loud'], 'not debug, info, warn or error'],
  [['serve', '--members', '0'], 'not a number from 1 to'],
  [['serve', '--members', 'x'], 'not a number from 1 to'],
  [['serve', '--observers', '1'], '--observers needs --members'],
  [['app', '--members', '1', '--observers', '1'], '--observers needs --members'],
  [['serve', '--members', '3', '--config', 'zoo.cfg'], '--config describes another one'],
  [['app', '--observers', '1', '--config', 'zoo.cfg'], '--config describes another one'],
  [['member'], 'member needs --config'],
  [['member', '--config', 'zoo.cfg', '--data', '/d'], 'member takes no --data'],
  [['serve', '--colour'], "Unknown option '--colour'"],
])('%j is refused', (args, problem) => {
  const read = readCommandLine(args);
  expect(read.ok ? 'accepted' : read.error).toContain(problem);
});

test('ring, with what is asked of it', () => {
  const line = ['ring', 'apply', '/l.json', '--connect', 'a:1', '--at-version', '7', '--yes'];
  const pace = ['--rate', '64MiB', '--transfers', '3', '--adaptive', 'yes'];
  expect(readCommandLine([...line, ...pace])).toMatchObject({
    ok: true,
    value: {
      kind: 'ring',
      verb: 'apply',
      file: '/l.json',
      connect: 'a:1',
      root: null,
      atVersion: 7,
      isSure: true,
      waits: false,
      pace: { bytesPerSecond: 64 * 2 ** 20, transfersPerNode: 3, isAdaptive: true },
    },
  });
  expect(readCommandLine(['ring', 'pace', '--rate', 'none'])).toMatchObject({
    ok: true,
    value: { pace: { bytesPerSecond: null } },
  });
  expect(readCommandLine(['ring', '--help'])).toEqual({ ok: true, value: { kind: 'ring-help' } });
});

test.each([
  [[], 'what shall be done with the ring? plan, apply,'],
  [['turn'], 'ring knows no turn: plan, apply,'],
  [['plan'], 'ring plan needs a layout file'],
  [['plan', 'a', 'b'], 'ring plan takes no b'],
  [['status', 'x'], 'ring status takes no x'],
  [['status', '--yes'], 'ring status takes no --yes'],
  [['plan', 'f', '--at-version', '3'], 'ring plan takes no --at-version'],
  [['apply', 'f', '--at-version', '0'], '--at-version 0: not a version of a ring'],
  [['apply', 'f', '--rate', 'fast'], '--rate fast: not a number of bytes'],
  [['apply', 'f', '--rate', '0'], '--rate 0: not a number of bytes'],
  [['apply', 'f', '--transfers', '101'], '--transfers 101: not a number from 1 to 100'],
  [['apply', 'f', '--adaptive', 'perhaps'], '--adaptive perhaps: neither yes nor no'],
  [['pace'], 'ring pace needs --rate, --transfers or --adaptive'],
  [['status', '--user', 'ann'], 'a password is not typed where others can see it'],
  [['status', '--password-file', 'p'], '--password-file needs --user'],
  [['status', '--password', 'p'], "Unknown option '--password'"],
  [['status', '--ring', 'ring'], '--ring ring: not a path such as /ring'],
] as const)('ring %j is refused', (args, words) => {
  const line = readCommandLine(['ring', ...args]);
  expect(line.ok ? '' : line.error).toContain(words);
});
