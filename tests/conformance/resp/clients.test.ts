/** The clients that people have, unmodified: redis-cli, redis-benchmark, ioredis and node-redis, plain and as of a cluster. */
import { createClient, createCluster } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { describeWith, REDIS } from '../../peers/peers.ts';
import { type RespNode, type RespNodes, startRespNodes } from '../../peers/resp-nodes.ts';
import { run } from '../../peers/run.ts';

let ring: RespNodes;
let first: RespNode;
let second: RespNode;

async function start(): Promise<void> {
  ring = await startRespNodes({ count: 2 });
  [first, second] = ring.nodes as [RespNode, RespNode];
}

const KEYS = Array.from({ length: 50 }, (_, i) => `key:${i}`);

describeWith([REDIS], 'tools of Redis', () => {
  beforeAll(start);
  afterAll(() => ring.close());

  async function cli(port: number, ...args: string[]): Promise<string> {
    const { output } = await run('/usr/bin/redis-cli', ['-p', String(port), ...args]);
    return output.trim();
  }

  test('redis-cli at the proxy port, in RESP2 and RESP3', async () => {
    expect(await cli(first.proxyPort, 'SET', 'a', '1')).toBe('OK');
    expect(await cli(second.proxyPort, '-3', 'INCR', 'a')).toBe('2');
    expect(await cli(first.proxyPort, '-3', 'CONFIG', 'GET', 'save')).toContain('save');
    const typed = await run('/usr/bin/redis-cli', ['-p', String(first.proxyPort)], {
      input: 'set b 5\nincrby b 10\nget b\nnosuch\n',
    });
    expect(typed.output).toMatch(/^OK\n15\n15\nERR unknown command 'nosuch'/);
  });

  test('redis-cli -c follows MOVED', async () => {
    for (const key of KEYS.slice(0, 8)) {
      expect(await cli(first.clusterPort, '-c', 'SET', key, key)).toBe('OK');
      expect(await cli(second.clusterPort, '-c', 'GET', key)).toBe(key);
    }
  });

  test('redis-cli --scan, --bigkeys and --stat of a ring', async () => {
    const found = await cli(second.proxyPort, '--scan', '--pattern', 'key:*');
    expect(found.split('\n').length).toBe(8);
    expect(await cli(first.proxyPort, '--bigkeys')).toContain('Biggest string found');
  });

  test('redis-cli --cluster check finds all slots covered', async () => {
    const output = await cli(0, '--cluster', 'check', `127.0.0.1:${first.clusterPort}`);
    expect(output).toContain('[OK] All nodes agree about slots configuration');
    expect(output).toContain('[OK] All 16384 slots covered');
  });

  test.each([['1'], ['16']])('redis-benchmark -P %s', async (depth) => {
    const { output, code } = await run('/usr/bin/redis-benchmark', [
      ...[
        '-p',
        String(first.proxyPort),
        '-P',
        depth,
        '-n',
        '2000',
        '-r',
        '500',
        '-c',
        '10',
        '--csv',
      ],
      ...['-t', 'ping,set,get,incr,mset'],
    ]);
    expect(
      output.match(/^"(PING_INLINE|PING_MBULK|SET|GET|INCR|MSET \(10 keys\))"/gm),
    ).toHaveLength(6);
    expect(output).not.toContain('rror');
    expect(code).toBe(0);
  });

  test('redis-benchmark --cluster', async () => {
    const { output, code } = await run('/usr/bin/redis-benchmark', [
      ...['-p', String(first.clusterPort), '--cluster', '-n', '2000', '-r', '500', '-c', '10'],
      ...['-t', 'set,get,incr', '-q'],
    ]);
    expect(output).toContain('Cluster has 2 master nodes');
    expect(output).not.toMatch(/MOVED|ERR /);
    expect(code).toBe(0);
  });
});

describe('ioredis', () => {
  beforeEach(start);
  afterEach(() => ring.close());

  test('plain', async () => {
    const client = new Redis({ host: '127.0.0.1', port: first.proxyPort });
    expect(await client.set('a', 'x', 'EX', 100)).toBe('OK');
    expect(await client.get('a')).toBe('x');
    expect(await client.mget('a', 'b', 'key:1')).toEqual(['x', null, null]);
    const transaction = await client.multi().incr('{t}n').incr('{t}n').get('{t}n').exec();
    expect(transaction).toEqual([
      [null, 1],
      [null, 2],
      [null, '2'],
    ]);
    const keys: string[] = [];
    for await (const batch of client.scanStream({ match: '*' })) keys.push(...(batch as string[]));
    expect(keys.sort()).toEqual(['a', '{t}n']);
    expect(await client.info()).toContain('redis_version');
    await client.quit();
  });

  test('of a cluster, and no command is done twice while leaders change', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: first.clusterPort }]);
    for (const key of KEYS) expect(await client.set(key, '0')).toBe('OK');
    const counts = KEYS.map(async (key, i) => {
      if (i === 10) ring.ring.move(0, second.keyspace);
      if (i === 30) ring.ring.move(15, first.keyspace);
      for (let n = 1; n <= 20; n++) expect(await client.incr(key)).toBe(n);
    });
    await Promise.all(counts);
    expect(first.doors.stats.moved).toBeGreaterThan(0);
    await client.quit();
  });

  test('of a cluster: doubt is an error, and is not repeated', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: first.clusterPort }]);
    await client.set('key:1', '0');
    for (const { keyspace } of ring.nodes)
      keyspace.doubt = { partition: 0, epoch: 1, seq: 9, words: 'nobody knows' };
    await expect(client.incr('key:1')).rejects.toThrow(/^UNCERTAIN epoch=1 seq=9/);
    for (const { keyspace } of ring.nodes) keyspace.doubt = null;
    expect(await client.get('key:1')).toBe('1');
    await client.quit();
  });

  test('of a cluster: what is refused for a while is asked again', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: first.clusterPort }]);
    await client.set('key:1', '0');
    const refusal = { words: 'a switch is under way', partition: 0, epoch: 1, leader: null };
    for (const { keyspace } of ring.nodes) keyspace.refusal = { ...refusal, code: 'TRYAGAIN' };
    const answer = client.incr('key:1');
    const errors = (): number => ring.nodes.reduce((sum, { doors }) => sum + doors.stats.errors, 0);
    while (errors() < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const { keyspace } of ring.nodes) keyspace.refusal = null;
    expect(await answer).toBe(1);
    await client.quit();
  });
});

describe('node-redis', () => {
  beforeEach(start);
  afterEach(() => ring.close());

  test('plain', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${first.proxyPort}` });
    await client.connect();
    expect(await client.set('a', 'x', { EX: 100 })).toBe('OK');
    expect(await client.mGet(['a', 'b', 'key:1'])).toEqual(['x', null, null]);
    expect(await client.multi().incr('{t}n').get('{t}n').exec()).toEqual([1, '1']);
    const keys: string[] = [];
    for await (const batch of client.scanIterator({ COUNT: 1 })) keys.push(...batch);
    expect(keys.sort()).toEqual(['a', '{t}n']);
    expect(await client.getEx('a', { type: 'PERSIST' })).toBe('x');
    expect(await client.ttl('a')).toBe(-1);
    await client.close();
  });

  test('of a cluster, while leaders change', async () => {
    const cluster = createCluster({
      rootNodes: [{ url: `redis://127.0.0.1:${first.clusterPort}` }],
    });
    await cluster.connect();
    for (const [i, key] of KEYS.entries()) {
      if (i === 25) ring.ring.move(15, first.keyspace);
      expect(await cluster.set(key, key)).toBe('OK');
    }
    for (const key of KEYS) expect(await cluster.get(key)).toBe(key);
    await cluster.close();
  });
});
