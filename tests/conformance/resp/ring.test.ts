/** Two pretend nodes of one ring: what is led where, how commands get there, and what is said when they cannot. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { ClusterClient } from '../../../src-server/storage/resp/cluster-client.ts';
import type { Refusal } from '../../../src-server/storage/resp/ports.ts';
import { type Reply, textOf } from '../../../src-server/storage/resp/reply.ts';
import { slotOf } from '../../../src-server/storage/ring/slots.ts';
import { RawResp } from '../../peers/raw-resp.ts';
import { type RespNode, type RespNodes, startRespNodes } from '../../peers/resp-nodes.ts';
import { until } from '../../peers/wait.ts';

const PARTITIONS = 16;
const net = new NodeNet();
const clock = new NodeClock();

let ring: RespNodes;
let first: RespNode;
let second: RespNode;
/** A key that each of them leads. */
let firsts: string;
let seconds: string;

beforeEach(async () => {
  ring = await startRespNodes({ count: 2, partitionCount: PARTITIONS });
  [first, second] = ring.nodes as [RespNode, RespNode];
  const half = (name: string): boolean => slotOf(Buffer.from(name)) < 8192;
  const names = Array.from({ length: 100 }, (_, i) => `key:${i}`);
  firsts = names.find(half)!;
  seconds = names.find((name) => !half(name))!;
});

afterEach(() => ring.close());

async function said(port: number, ...commands: string[]): Promise<string[]> {
  const peer = await RawResp.connect(port);
  const replies = await peer.pipeline(commands.map((command) => command.split(' ')));
  peer.close();
  return replies.map((reply) => reply.toString());
}

function moved(key: string, to: RespNode): string {
  return `-MOVED ${slotOf(Buffer.from(key))} 127.0.0.1:${to.clusterPort}\r\n`;
}

describe('the cluster port', () => {
  test('says where keys are that are led elsewhere', async () => {
    const replies = await said(
      first.clusterPort,
      `SET ${firsts} 1`,
      `SET ${seconds} 2`,
      `GET ${firsts}`,
    );
    expect(replies).toEqual(['+OK\r\n', moved(seconds, second), '$1\r\n1\r\n']);
  });

  test('refuses keys of several partitions, and takes those of one', async () => {
    const cross = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    expect(
      await said(first.clusterPort, `MGET ${firsts} ${seconds}`, `MGET {${firsts}}a {${firsts}}b`),
    ).toEqual([cross, '*2\r\n$-1\r\n$-1\r\n']);
  });

  test('a follower answers reads for those who said READONLY, and no writes', async () => {
    first.keyspace.followsOthers = true;
    await said(second.clusterPort, `SET ${seconds} 1`);
    const partition = first.keyspace.partitionOfName(seconds);
    const place = `partition=${partition} epoch=1 ring=1`;
    const get = `GET ${seconds}`;
    const all = [get, 'READONLY', get, `SET ${seconds} 2`, 'READWRITE', get];
    expect(await said(first.clusterPort, ...all)).toEqual([
      moved(seconds, second),
      '+OK\r\n',
      '$1\r\n1\r\n',
      `-READONLY You can't write against a read only replica: node-2 leads this key (${place})\r\n`,
      '+OK\r\n',
      moved(seconds, second),
    ]);
    const stale = ['RING.CONSISTENCY stale 1000', get];
    expect(await said(first.clusterPort, ...stale)).toEqual(['+OK\r\n', '$1\r\n1\r\n']);
    expect(await said(first.proxyPort, ...stale)).toEqual(['+OK\r\n', '$1\r\n1\r\n']);
    expect(first.doors.stats.forwarded).toBe(0);
  });

  test('a transaction elsewhere is told so at once, and discarded', async () => {
    expect(await said(first.clusterPort, 'MULTI', `SET ${seconds} 1`, 'EXEC')).toEqual([
      '+OK\r\n',
      moved(seconds, second),
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
    ]);
  });

  test('placement is not for clients to change', async () => {
    for (const part of ['SETSLOT 1 NODE x', 'MEET 1.1.1.1 1', 'ADDSLOTS 1', 'FAILOVER'])
      expect(await said(first.clusterPort, `CLUSTER ${part}`)).toEqual([
        '-ERR placement is managed by the ring; use the console\r\n',
      ]);
  });

  test('the map of slots has runs, and is made anew when the ring has changed', async () => {
    const client = await RespClient.connect({
      net,
      host: '127.0.0.1',
      port: first.clusterPort,
      timeoutMs: 5000,
    });
    const runs = async (): Promise<unknown[]> => {
      const slots = (await client.call('CLUSTER', 'SLOTS')) as readonly (readonly unknown[])[];
      return slots.map(([from, to, node]) => [from, to, (node as unknown[])[1]]);
    };
    expect(await runs()).toEqual([
      [0, 8191, first.clusterPort],
      [8192, 16383, second.clusterPort],
    ]);
    ring.ring.move(0, second.keyspace);
    expect(await runs()).toEqual([
      [0, 1023, second.clusterPort],
      [1024, 8191, first.clusterPort],
      [8192, 16383, second.clusterPort],
    ]);
    const shards = (await client.call('CLUSTER', 'SHARDS')) as readonly ReadonlyMap<
      unknown,
      unknown
    >[];
    expect(shards).toHaveLength(2);
    const lines = textOf(await client.call('CLUSTER', 'NODES'))!
      .trim()
      .split('\n');
    expect(lines.map((line) => line.split(' ').slice(2))).toEqual([
      ['myself,master', '-', '0', '0', '1', 'connected', '1024-8191'],
      ['master', '-', '0', '0', '1', 'connected', '0-1023', '8192-16383'],
    ]);
    client.close();
  });

  test('keys of a slot are counted and named', async () => {
    const slot = slotOf(Buffer.from(firsts));
    await said(first.clusterPort, `SET ${firsts} 1`, `SET {${firsts}}b 1`);
    expect(
      await said(
        first.clusterPort,
        `CLUSTER KEYSLOT {${firsts}}b`,
        `CLUSTER COUNTKEYSINSLOT ${slot}`,
        `CLUSTER GETKEYSINSLOT ${slot} 1`,
        'CLUSTER COUNTKEYSINSLOT 16384',
      ),
    ).toEqual([
      `:${slot}\r\n`,
      ':2\r\n',
      expect.stringMatching(/^\*1\r\n/),
      '-ERR Invalid or out of range slot\r\n',
    ]);
  });
});

describe('the proxy port', () => {
  test('serves every key, and replies stay in order', async () => {
    const commands = Array.from(
      { length: 200 },
      (_, i) => `INCR ${i % 3 === 0 ? seconds : firsts}`,
    );
    const replies = await said(first.proxyPort, ...commands);
    let [a, b] = [0, 0];
    expect(replies).toEqual(commands.map((_, i) => `:${i % 3 === 0 ? ++b : ++a}\r\n`));
    expect(first.doors.stats.forwarded).toBeGreaterThan(60);
  });

  test('keys of several leaders make one reply', async () => {
    expect(
      await said(
        first.proxyPort,
        `MSET ${firsts} 1 ${seconds} 2`,
        `MGET ${seconds} nothing ${firsts} ${seconds}`,
        `EXISTS ${firsts} ${seconds} ${firsts}`,
        'DBSIZE',
        `DEL ${firsts} ${seconds} nothing`,
        `MSET ${firsts} 1 ${seconds}`,
      ),
    ).toEqual([
      '+OK\r\n',
      '*4\r\n$1\r\n2\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n',
      ':3\r\n',
      expect.any(String),
      ':2\r\n',
      "-ERR wrong number of arguments for 'mset' command\r\n",
    ]);
  });

  test('all keys of the ring are counted, scanned and drawn', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `key:${i}`);
    await said(first.proxyPort, ...names.map((name) => `SET ${name} v`));
    expect(await said(second.proxyPort, 'DBSIZE')).toEqual([':300\r\n']);
    for (const { proxyPort } of ring.nodes) {
      const client = await RespClient.connect({
        net,
        host: '127.0.0.1',
        port: proxyPort,
        timeoutMs: 5000,
      });
      const seen: string[] = [];
      let cursor = '0';
      do {
        const [next, keys] = (await client.call('SCAN', cursor, 'COUNT', 7, 'MATCH', 'key:*')) as [
          Buffer,
          Buffer[],
        ];
        seen.push(...keys.map(String));
        cursor = String(next);
      } while (cursor !== '0');
      expect(seen.sort()).toEqual([...names].sort());
      client.close();
    }
    ring.ring.members[0]!.keys.clear();
    const [drawn] = await said(first.proxyPort, 'RANDOMKEY');
    expect(drawn).toMatch(/key:/);
  });

  test('a transaction is carried to its leader whole, and watches hold on the way', async () => {
    const watcher = await RawResp.connect(first.proxyPort);
    const begin = [`WATCH ${seconds}`, 'MULTI', `INCR ${seconds}`, 'PING', `GET ${seconds}`];
    const words = (command: string): string[] => command.split(' ');
    await watcher.pipeline(begin.map(words));
    expect((await watcher.pipeline([['EXEC']])).map(String)).toEqual([
      '*3\r\n:1\r\n+PONG\r\n$1\r\n1\r\n',
    ]);
    await watcher.pipeline(begin.map(words));
    await said(second.proxyPort, `SET ${seconds} 10`);
    expect((await watcher.pipeline([['EXEC'], ['GET', seconds]])).map(String)).toEqual([
      '*-1\r\n',
      '$2\r\n10\r\n',
    ]);
  });

  test('a leader that has changed is found, in order and without an error', async () => {
    const peer = await RawResp.connect(first.proxyPort);
    const count = 400;
    const answers = peer.pipeline(Array.from({ length: count }, () => ['INCR', seconds]));
    ring.ring.move(first.keyspace.partitionOfName(seconds), first.keyspace);
    expect((await answers).map(String)).toEqual(
      Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`),
    );
    peer.close();
  });

  test('what waited here for a leader goes where one is found', async () => {
    const partition = first.keyspace.partitionOfName(seconds);
    ring.ring.move(partition, null);
    first.keyspace.isParking = true;
    const answer = said(first.proxyPort, `SET ${seconds} 1`, `GET ${seconds}`);
    await until('both wait', () => first.doors.stats.commands >= 2);
    ring.ring.move(partition, second.keyspace);
    first.keyspace.release();
    expect(await answer).toEqual(['+OK\r\n', '$1\r\n1\r\n']);
  });
});

describe('what cannot be done', () => {
  const facts = { partition: 0, epoch: 7, leader: null };

  test.each([
    ['NOREPLICAS', '1 of 2 copies are in sync'],
    ['TRYAGAIN', 'the leader is changing'],
    ['CLUSTERDOWN', 'nobody leads this partition'],
    ['LOADING', 'the log is being read'],
    ['MASTERDOWN', 'the lease has run out'],
    ['MISCONF', 'the disk is full'],
  ] as const)('%s says why, and where', async (code, words) => {
    const refusal: Refusal = { ...facts, code, words };
    first.keyspace.refusal = refusal;
    const partition = first.keyspace.partitionOfName(firsts);
    const error = `-${code} ${words} (partition=${partition} epoch=7 ring=1)\r\n`;
    expect(await said(first.proxyPort, `SET ${firsts} 1`, `GET ${firsts}`)).toEqual([
      error,
      '$-1\r\n',
    ]);
    expect(await said(second.proxyPort, `SET ${firsts} 1`)).toEqual([error]);
  });

  test('doubt is said as doubt, here and through a proxy, and the connection stays', async () => {
    first.keyspace.doubt = {
      partition: 0,
      epoch: 7,
      seq: 42,
      words: 'no answer from followers in time',
    };
    const partition = first.keyspace.partitionOfName(firsts);
    const error = `-UNCERTAIN epoch=7 seq=42 partition=${partition} ring=1 no answer from followers in time\r\n`;
    for (const port of [first.clusterPort, first.proxyPort, second.proxyPort])
      expect(await said(port, `INCR ${firsts}`, 'PING')).toEqual([error, '+PONG\r\n']);
  });

  test('a write whose answer was lost on the way is in doubt and not sent again; a read is', async () => {
    second.keyspace.losesAnswers = true;
    const answer = said(first.proxyPort, `INCR ${seconds}`, `GET ${seconds}`);
    await until('the read is sent again', () => first.doors.stats.forwarded > 3);
    second.keyspace.losesAnswers = false;
    expect(await answer).toEqual([
      expect.stringMatching(/^-UNCERTAIN epoch=1 seq=\? /),
      '$1\r\n1\r\n',
    ]);
  });

  test('a leader who is gone is looked for, and then it is said', async () => {
    second.keyspace.announce({ isAlive: false });
    const [error] = await said(first.proxyPort, `SET ${seconds} 1`);
    expect(error).toMatch(
      /^-TRYAGAIN node-2 cannot be reached: nobody is there \(partition=\d+ epoch=1 ring=1\)/,
    );
  });
});

describe('the ring about itself', () => {
  test('RING.WHERE, RING.PARTITION and RING.EPOCH', async () => {
    const client = await RespClient.connect({
      net,
      host: '127.0.0.1',
      port: first.proxyPort,
      timeoutMs: 5000,
    });
    const where = (await client.call('RING.WHERE', seconds)) as ReadonlyMap<unknown, unknown>;
    const fields = Object.fromEntries([...where].map(([name, value]) => [String(name), value]));
    expect(fields).toMatchObject({ slot: slotOf(Buffer.from(seconds)), epoch: 1, ring: 1 });
    expect(String(fields['leader'])).toBe(`node-2 127.0.0.1:${second.clusterPort}`);
    expect(await client.call('RING.EPOCH')).toBe(1);
    await expect(client.call('RING.PARTITION', PARTITIONS)).rejects.toThrow('from 0 to 15');
    client.close();
  });

  test('RING.STATUS tells of the node, and of what it has of each partition', async () => {
    await said(first.proxyPort, `SET ${firsts} 1`);
    const partition = first.keyspace.partitionOfName(firsts);
    const options = { net, host: '127.0.0.1', port: first.proxyPort, timeoutMs: 5000 };
    const client = await RespClient.connect(options);
    const status = (await client.call('RING.STATUS')) as ReadonlyMap<Reply, Reply>;
    const fields = new Map([...status].map(([name, value]) => [textOf(name), value]));
    const figures = ['partitions', 'led', 'keys', 'clients'].map((name) => fields.get(name));
    expect(figures).toEqual([PARTITIONS, 8, 1, 1]);
    expect(textOf(fields.get('node'))).toBe('node-1');
    const all = (await client.call('RING.STATUS', 'PARTITIONS')) as readonly Reply[];
    expect(all).toHaveLength(8);
    const [one] = (await client.call('RING.STATUS', 'PARTITIONS', partition, 15)) as [Reply];
    const digest = Buffer.from('0'.repeat(16));
    expect(one).toEqual([partition, Buffer.from('leader'), 1, 1, 1, 1, 0, 0, 0, null, digest]);
    client.close();
  });

  test('RING.CONSISTENCY holds for the connection', async () => {
    expect(
      await said(
        first.proxyPort,
        'RING.CONSISTENCY',
        'RING.CONSISTENCY stale 500',
        'RING.CONSISTENCY',
        'RING.CONSISTENCY strict',
        'RING.CONSISTENCY stale 0',
        'RING.CONSISTENCY',
      ),
    ).toEqual([
      '$5\r\nlease\r\n',
      '+OK\r\n',
      '$9\r\nstale 500\r\n',
      '+OK\r\n',
      expect.stringMatching(/^-ERR stale takes/),
      '$6\r\nstrict\r\n',
    ]);
  });
});

describe('our own clients', () => {
  test('the cluster client finds leaders, and finds them again', async () => {
    const seeds = [{ host: '127.0.0.1', port: first.clusterPort }];
    const client = await ClusterClient.connect({ net, clock, seeds, timeoutMs: 5000 });
    expect(client.leaders).toHaveLength(2);
    for (const key of [firsts, seconds])
      expect(await client.call({ key }, 'SET', key, 'v')).toBe('OK');
    ring.ring.move(first.keyspace.partitionOfName(seconds), first.keyspace);
    expect(textOf(await client.call({ key: seconds }, 'GET', seconds))).toBe('v');
    first.keyspace.doubt = { partition: 0, epoch: 1, seq: 1, words: 'nobody knows' };
    await expect(client.call({ key: seconds }, 'INCR', seconds)).rejects.toThrow('UNCERTAIN');
    client.close();
  });

  test('a pipeline is answered in order, errors among the replies', async () => {
    const client = await RespClient.connect({
      net,
      host: '127.0.0.1',
      port: first.proxyPort,
      timeoutMs: 5000,
      name: 'pipe',
    });
    const replies = await client.pipeline([
      ['SET', 'a', 1],
      ['INCR', 'a'],
      ['NOSUCH'],
      ['CLIENT', 'GETNAME'],
    ]);
    expect(replies.map(String)).toEqual([
      'OK',
      '2',
      expect.stringContaining('unknown command'),
      'pipe',
    ]);
    const lost = client.call('GET', 'a');
    client.close();
    await expect(lost).rejects.toThrow('closed');
    await expect(client.call('PING')).rejects.toThrow('closed');
  });
});
