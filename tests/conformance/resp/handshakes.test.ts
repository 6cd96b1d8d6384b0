/** What clients say first, as they were heard to say it, at both ports: none of them meets an error it cannot bear. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { RawResp } from '../../peers/raw-resp.ts';
import { type RespNodes, startRespNodes } from '../../peers/resp-nodes.ts';

const HANDSHAKES: readonly (readonly [string, readonly string[]])[] = [
  ['redis-cli, interactive', ['COMMAND DOCS', 'INFO SERVER']],
  ['redis-cli -3', ['HELLO 3']],
  ['redis-benchmark', ['CONFIG GET save', 'CONFIG GET appendonly']],
  ['redis-benchmark --cluster', ['CLUSTER NODES']],
  ['redis-cli --cluster check', ['INFO', 'CLUSTER NODES', 'DBSIZE']],
  [
    'ioredis',
    ['hello 3', 'client SETINFO LIB-NAME ioredis', 'client SETINFO LIB-VER 6.0.0', 'info'],
  ],
  ['ioredis of a cluster', ['client setname x', 'cluster SLOTS', 'cluster INFO', 'readonly']],
  ['node-redis', ['HELLO 3', 'CLIENT SETINFO LIB-NAME node-redis', 'CLIENT SETINFO LIB-VER 6.3.1']],
  ['node-redis of a cluster', ['HELLO 3', 'CLUSTER SLOTS']],
  [
    'memtier',
    ['SELECT 0', 'HELLO 2', 'CLUSTER SLOTS', 'SETEX k 10 v', 'SETRANGE k 1 x', 'WAIT 0 0'],
  ],
  [
    'what else is tried',
    ['CLIENT NO-EVICT ON', 'CLIENT NO-TOUCH ON', 'PING', 'TIME', 'COMMAND', 'RESET'],
  ],
];

let ring: RespNodes;
beforeAll(async () => {
  ring = await startRespNodes();
});
afterAll(() => ring.close());

describe.each(['clusterPort', 'proxyPort'] as const)('at the %s', (door) => {
  test.each(HANDSHAKES)('%s', async (_, commands) => {
    const peer = await RawResp.connect(ring.nodes[0]![door]);
    const replies = await peer.pipeline(commands.map((command) => command.split(' ')));
    expect(replies).toHaveLength(commands.length);
    expect(replies.map(String).filter((reply) => reply.startsWith('-'))).toEqual([]);
    peer.close();
  });

  test('what a server of Redis 7 does not know, it does not know either', async () => {
    const peer = await RawResp.connect(ring.nodes[0]![door]);
    const [reply] = await peer.pipeline([['CLIENT', 'MAINT_NOTIFICATIONS', 'ON']]);
    expect(String(reply)).toBe(
      "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n",
    );
    peer.close();
  });
});

test('INFO says at which door one stands', async () => {
  const told = await Promise.all(
    (['clusterPort', 'proxyPort'] as const).map(async (door) => {
      const peer = await RawResp.connect(ring.nodes[0]![door]);
      const [info] = await peer.pipeline([['INFO', 'cluster', 'server']]);
      peer.close();
      return String(info).match(/cluster_enabled:\d|redis_mode:\w+/g);
    }),
  );
  expect(told).toEqual([
    ['redis_mode:cluster', 'cluster_enabled:1'],
    ['redis_mode:standalone', 'cluster_enabled:0'],
  ]);
});
