/** Where the servers of an ensemble are asked: by what the configuration says, what they tell, and what people wrote. */
import { expect, test } from 'vitest';

import {
  type HostPort,
  hostPortText,
  parseEnsembleConfig,
} from '../../../../../src-server/config/ensemble-config.ts';
import { type Seat, seatsOf } from '../../../../../src-server/console/service/ensemble/seats.ts';

function seats(
  hosts: string,
  lines: readonly string[],
  ids: Readonly<Record<string, number>> = {},
): (readonly [key: string, id: number | null, at: string | null])[] {
  return all(hosts, lines, ids).map(({ key, id, at }) => [
    key,
    id,
    at === null ? null : hostPortText(at),
  ]);
}

function all(
  hosts: string,
  lines: readonly string[],
  ids: Readonly<Record<string, number>> = {},
): Seat[] {
  const config = parseEnsembleConfig(lines.join('\n'));
  if (!config.ok) throw new Error(config.error);
  return seatsOf({
    hosts: hosts.split(',').map((text): HostPort => {
      const [host = '', port = ''] = text.split(':');
      return { host, port: Number(port) };
    }),
    config: lines.length === 0 ? null : config.value,
    ids: new Map(Object.entries(ids)),
  });
}

test('without a configuration there are those people wrote', () => {
  expect(seats('a:2181,b:2181', [])).toEqual([
    ['a:2181', null, 'a:2181'],
    ['b:2181', null, 'b:2181'],
  ]);
});

test('a configuration brings those nobody wrote, and says who votes', () => {
  const lines = [
    'server.1=a:2888:3888:participant;0.0.0.0:2181',
    'server.2=b:2888:3888:participant;10.0.0.2:2182',
    'server.3=c:2888:3888:observer;2183',
  ];
  expect(seats('a:2181', lines)).toEqual([
    ['1', 1, 'a:2181'],
    ['2', 2, '10.0.0.2:2182'],
    ['3', 3, 'c:2183'],
  ]);
  expect(all('a:2181', lines).map(({ votes }) => votes)).toEqual([true, true, false]);
  expect(all('a:2181', lines)[0]?.quorumAddress).toBe('a:2888:3888');
});

test('where the configuration says nothing of clients, servers are known by what they tell', () => {
  const lines = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:${2887 + id}:${3887 + id}`);
  const hosts = '127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183';
  expect(seats(hosts, lines, { '127.0.0.1:2181': 3, '127.0.0.1:2183': 1 })).toEqual([
    ['1', 1, '127.0.0.1:2183'],
    ['3', 3, '127.0.0.1:2181'],
    // It has not told yet; it may be the second, which has no other address.
    ['127.0.0.1:2182', null, '127.0.0.1:2182'],
  ]);
  expect(seats('127.0.0.1:2181', lines, { '127.0.0.1:2181': 3 })).toEqual([
    ['1', 1, null],
    ['2', 2, null],
    ['3', 3, '127.0.0.1:2181'],
  ]);
});

test('on hosts of their own they are asked at the port that is in use elsewhere', () => {
  const lines = ['server.1=a:2888:3888', 'server.2=b:2888:3888'];
  expect(seats('a:2191', lines)).toEqual([
    ['1', 1, 'a:2191'],
    ['2', 2, 'b:2191'],
  ]);
});

test('two names of this computer are one server', () => {
  const lines = ['server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181'];
  expect(seats('localhost:2181', lines)).toEqual([['1', 1, '127.0.0.1:2181']]);
});

test('a name that leads to a known server is that server, under the name people wrote', () => {
  const lines = ['server.1=10.0.0.1:2888:3888:participant;10.0.0.1:2181'];
  expect(seats('zk.example:2181', lines, { 'zk.example:2181': 1 })).toEqual([
    ['1', 1, 'zk.example:2181'],
  ]);
});

test('who takes clients over TLS only is not asked in plain words', () => {
  const lines = ['server.1=a:2888:3888:participant;;a:2281', 'server.2=b:2888:3888'];
  expect(all('b:2181', lines).map(({ at, isTlsOnly }) => [at === null, isTlsOnly])).toEqual([
    [true, true],
    [false, false],
  ]);
});
