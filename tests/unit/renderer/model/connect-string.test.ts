/** Connect strings, judged as the client that will use them judges them. */
import { expect, test } from 'vitest';

import { connectProblem, serversOf } from '../../../../src-renderer/model/connect-string.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import {
  formatHost,
  parseConnectString,
} from '../../../../src-server/coordination/client/hosts.ts';

function randomConnect(random: Prng): string {
  const pieces = [
    'zk1',
    '127.0.0.1',
    '[::1]',
    '[',
    ']',
    ':',
    ':2181',
    ':0',
    ':65536',
    ',',
    ', ',
    ' ',
    '/',
    '/app',
    '.',
  ];
  return Array.from({ length: 1 + random.below(6) }, () => random.pick(pieces)).join('');
}

test('what passes here, the client takes, and connects to those very servers', () => {
  const random = new Prng(1);
  let passed = 0;
  for (let round = 0; round < 40_000; round++) {
    const typed = randomConnect(random);
    if (connectProblem(typed) !== null) continue;
    passed++;
    // Space around is dropped before anything is kept.
    const parsed = parseConnectString(typed.trim());
    expect(parsed.ok, typed).toBe(true);
    if (!parsed.ok) continue;
    const bare = (server: string): string => server.replace(/[[\]]/g, '');
    const withPorts = serversOf(typed.trim()).map((server) =>
      /:[0-9]+$/.test(server.replace(/\[.*\]/, '')) ? server : `${server}:2181`,
    );
    expect(parsed.value.hosts.map((host) => bare(formatHost(host)))).toEqual(withPorts.map(bare));
    expect(parsed.value.chroot === '' || /^\/.*[^/]$/.test(parsed.value.chroot), typed).toBe(true);
  }
  expect(passed).toBeGreaterThan(1000);
});

test('servers the client refuses are refused here', () => {
  const random = new Prng(2);
  for (let round = 0; round < 40_000; round++) {
    const typed = randomConnect(random).trim();
    if (!parseConnectString(typed).ok) expect(connectProblem(typed), typed).not.toBeNull();
  }
});

test.each([
  ['zk1', null],
  ['zk1:2181,zk2:2181, zk3:2181', null],
  ['  zk1:2181  ', null],
  ['[fe80::1%eth0]:2181', { kind: 'bad-server', server: '[fe80::1%eth0]:2181' }],
  ['[::1]:2181/app', null],
  ['zk1/app/', null],
  ['zk1/app/ ', null],
  ['zk1/', null],
  ['', { kind: 'empty' }],
  ['   ', { kind: 'empty' }],
  ['zk1,,zk2', { kind: 'empty-server' }],
  ['/app', { kind: 'empty-server' }],
  ['zk1:', { kind: 'bad-server', server: 'zk1:' }],
  ['zk 1', { kind: 'bad-server', server: 'zk 1' }],
  ['http://zk1', { kind: 'bad-server', server: 'http:' }],
  ['zk1:0', { kind: 'bad-port', server: 'zk1:0' }],
  ['zk1,zk2:65536', { kind: 'bad-port', server: 'zk2:65536' }],
  ['zk1/a//b', { kind: 'bad-chroot', chroot: '/a//b' }],
  ['zk1//', { kind: 'bad-chroot', chroot: '/' }],
  ['zk1/./a', { kind: 'bad-chroot', chroot: '/./a' }],
])('%j: %j', (typed, problem) => {
  expect(connectProblem(typed)).toEqual(problem);
});

test('servers are shown as they were written', () => {
  expect(serversOf('zk1:2181, [::1]:2182,zk3/app/x,y')).toEqual(['zk1:2181', '[::1]:2182', 'zk3']);
});
