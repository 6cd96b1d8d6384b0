/** What servers of any make and age answer to four-letter words is read, and what they do not say stays unknown. */
import { describe, expect, test } from 'vitest';

import {
  noAnswer,
  parseConfiguration,
  parseMonitor,
  parseServer,
} from '../../../../../src-server/console/service/ensemble/answers.ts';

const SRVR_3_8 = `Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC
Latency min/avg/max: 0/1.4286/25
Received: 132
Sent: 131
Connections: 3
Outstanding: 2
Zxid: 0x200000007
Mode: leader
Node count: 12
Proposal sizes last/min/max: 48/48/312
`;

/** Before 3.5 averages were whole. */
const SRVR_3_4 = `Zookeeper version: 3.4.13-2d71af4dbe22557fda74f9a9b4309b15a7487f03, built on 06/29/2018 00:39 GMT
Latency min/avg/max: 0/0/1
Received: 4
Sent: 3
Connections: 1
Outstanding: 0
Zxid: 0x0
Mode: standalone
Node count: 4
`;

const monitor = (lines: Record<string, string | number>): string =>
  Object.entries(lines)
    .map(([name, value]) => `zk_${name}\t${value}\n`)
    .join('');

describe('srvr', () => {
  test('of a leader', () => {
    expect(parseServer(SRVR_3_8)).toEqual({
      mode: 'leader',
      figures: {
        version: '3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f',
        zxid: 2 * 2 ** 32 + 7,
        latency: { minMs: 0, averageMs: 1.4286, maxMs: 25 },
        // Three, and one of them to ask this.
        connections: 2,
        outstanding: 2,
        nodeCount: 12,
      },
      received: 132,
    });
  });

  test('of an old server on its own', () => {
    expect(parseServer(SRVR_3_4)).toMatchObject({
      mode: 'standalone',
      figures: { zxid: 0, latency: { minMs: 0, averageMs: 0, maxMs: 1 } },
    });
  });

  test('where the average has the comma of its country', () => {
    const text = SRVR_3_8.replace('1.4286', '1,4286');
    expect(parseServer(text)?.figures.latency?.averageMs).toBe(1.4286);
  });

  test('is nothing without a mode', () => {
    expect(parseServer('HTTP/1.1 400 Bad Request\r\n\r\n')).toBeNull();
  });
});

describe('mntr', () => {
  const LEADER = {
    version: '3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC',
    server_state: 'leader',
    peer_state: 'leading - broadcast',
    quorum_size: '3.0',
    synced_followers: '2',
    min_latency: 0,
    avg_latency: '1.5',
    max_latency: 9,
    num_alive_connections: 4,
    outstanding_requests: 1,
    znode_count: 12,
    watch_count: 5,
    ephemerals_count: 2,
    approximate_data_size: 4096,
    global_sessions: 3,
    local_sessions: 1,
    uptime: '61234',
    open_file_descriptor_count: 80,
    cnt_readlatency: 10,
    sum_readlatency: 20,
    cnt_updatelatency: 5,
    sum_updatelatency: 30,
  };

  test('of a leader', () => {
    expect(parseMonitor(monitor(LEADER))).toEqual({
      mode: 'leader',
      figures: {
        version: '3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f',
        latency: { minMs: 0, averageMs: 1.5, maxMs: 9 },
        connections: 3,
        outstanding: 1,
        nodeCount: 12,
        sessions: 4,
        watches: 5,
        ephemerals: 2,
        dataBytes: 4096,
        uptimeMs: 61234,
        openFiles: 80,
        following: 3,
      },
      quorumSize: 3,
      requests: { count: 15, sumMs: 50 },
    });
  });

  test('of a server that does not sum up its requests leaves them unknown', () => {
    const { version, server_state, znode_count } = LEADER;
    const answer = parseMonitor(monitor({ version, server_state, znode_count }));
    expect(answer?.requests).toBeNull();
    expect(answer?.figures).toMatchObject({ nodeCount: 12, sessions: null, following: null });
  });

  test('is nothing where no line is a figure', () => {
    expect(parseMonitor('something else\n')).toBeNull();
  });
});

describe('conf', () => {
  const ALONE = `clientPort=2181
secureClientPort=-1
dataDir=/var/zk/version-2
dataDirSize=67109316
dataLogDir=/var/zk/version-2
dataLogSize=67109316
tickTime=2000
serverId=0
`;

  test('measures one folder once', () => {
    expect(parseConfiguration(ALONE)).toEqual({
      serverId: 0,
      diskBytes: 67109316,
      membership: null,
    });
  });

  test('adds up two folders, and two kinds of files in one', () => {
    const apart = ALONE.replace('dataLogDir=/var/zk', 'dataLogDir=/var/log');
    expect(parseConfiguration(apart)?.diskBytes).toBe(2 * 67109316);
    const kinds = ALONE.replace('dataLogSize=67109316', 'dataLogSize=100');
    expect(parseConfiguration(kinds)?.diskBytes).toBe(67109416);
  });

  test('of a member has everybody in it', () => {
    const text = `${ALONE.replace('serverId=0', 'serverId=2')}peerType=0
membership: 
server.1=a:2888:3888:participant
server.2=b:2888:3888:participant
version=0
`;
    const answer = parseConfiguration(text);
    expect(answer?.serverId).toBe(2);
    expect(answer?.membership).toBe(
      'server.1=a:2888:3888:participant\nserver.2=b:2888:3888:participant\nversion=0',
    );
  });
});

test.each([
  ['mntr is not executed because it is not in the whitelist.\n', 'refused'],
  ['This ZooKeeper instance is not currently serving requests\n', 'not-serving'],
  ['', 'empty'],
  [SRVR_3_4, null],
])('%j is told from an answer', (text, what) => {
  expect(noAnswer(text)).toBe(what);
});
