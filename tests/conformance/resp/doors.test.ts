/** One node's doors as clients meet them: broken streams beside Redis, who may come in, how much may wait. */
import { afterEach, describe, expect, test } from 'vitest';

import { NodeEntropy } from '../../../src-server/platform/node/entropy.ts';
import { hashSecret, type UserRecord } from '../../../src-server/storage/resp/users.ts';
import { describeWith, REDIS } from '../../peers/peers.ts';
import { RawResp } from '../../peers/raw-resp.ts';
import { RedisServer } from '../../peers/redis.ts';
import { type RespNodes, startRespNodes } from '../../peers/resp-nodes.ts';
import { until } from '../../peers/wait.ts';

let nodes: RespNodes;

afterEach(() => nodes.close());

async function start(options: Parameters<typeof startRespNodes>[0] = {}): Promise<RawResp> {
  nodes = await startRespNodes(options);
  return RawResp.connect(nodes.nodes[0]!.proxyPort);
}

async function said(peer: RawResp, ...commands: string[]): Promise<string[]> {
  const replies = await peer.pipeline(commands.map((command) => command.split(' ')));
  return replies.map((reply) => reply.toString());
}

describeWith([REDIS], 'streams that Redis closes', () => {
  test.each([
    '*1\r\n+PING\r\n',
    '*x\r\n',
    '*1\r\n$-5\r\n',
    '*1\r\n$99999999999\r\n',
    'SET a "unbalanced\r\n',
    'PING\r\n*1\r\n$4\r\nPING\r\nset q "a\\x41\\n"\r\nget q\r\n*2\r\n$3\r\nGET\r\n:1\r\n',
    'x'.repeat(70_000),
    'PING\r\nQUIT\r\nPING\r\n',
    'nosuch a b\r\nQUIT\r\n',
    '*2\r\n$4\r\nECHO\r\n$0\r\n\r\nQUIT\r\n',
  ])('%#', async (stream) => {
    await using redis = await started();
    await start();
    const told = await Promise.all(
      [redis.server.port, nodes.nodes[0]!.proxyPort].map(async (port) => {
        const peer = await RawResp.connect(port);
        peer.send(stream);
        return (await peer.untilClosed()).toString();
      }),
    );
    expect(told[1]).toBe(told[0]);
    expect(told[1]).not.toBe('');
  });
});

async function started(): Promise<{ server: RedisServer } & AsyncDisposable> {
  const server = await RedisServer.start();
  return { server, [Symbol.asyncDispose]: () => server.stop() };
}

describe('who may come in', () => {
  const entropy = new NodeEntropy();

  async function record(user: Omit<UserRecord, 'secret'>, password: string): Promise<UserRecord> {
    return { ...user, secret: await hashSecret(password, entropy) };
  }

  async function users(): Promise<UserRecord[]> {
    return [
      await record({ name: 'default', keyPrefixes: [''], mayWrite: true }, 'all'),
      await record({ name: 'anna', keyPrefixes: ['anna:'], mayWrite: true }, 'hers'),
      await record({ name: 'reader', keyPrefixes: [''], mayWrite: false }, 'reads'),
    ];
  }

  test('nothing is done for strangers, in the words of Redis', async () => {
    const peer = await start({ users: await users() });
    expect(await said(peer, 'GET a', 'PING', 'HELLO 3', 'AUTH wrong', 'AUTH all', 'GET a')).toEqual(
      [
        '-NOAUTH Authentication required.\r\n',
        '-NOAUTH Authentication required.\r\n',
        expect.stringMatching(
          /^-NOAUTH HELLO must be called with the client already authenticated/,
        ),
        '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
        '+OK\r\n',
        '$-1\r\n',
      ],
    );
  });

  test('a user of some keys sees no others', async () => {
    const peer = await start({ users: await users() });
    await said(peer, 'AUTH all', 'SET other 1', 'SET anna:1 1');
    const noKey =
      '-NOPERM this user has no permissions to access one of the keys used as arguments\r\n';
    expect(
      await said(
        peer,
        'AUTH anna hers',
        'GET anna:1',
        'GET other',
        'MGET anna:1 other',
        'SCAN 0 COUNT 100',
      ),
    ).toEqual(['+OK\r\n', '$1\r\n1\r\n', noKey, noKey, '*2\r\n$1\r\n0\r\n*1\r\n$6\r\nanna:1\r\n']);
    expect(await said(peer, 'MULTI', 'GET other', 'EXEC')).toEqual([
      '+OK\r\n',
      noKey,
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
    ]);
    for (let i = 0; i < 5; i++) expect(await said(peer, 'RANDOMKEY')).toEqual(['$6\r\nanna:1\r\n']);
  });

  test('a user of some keys knows of nobody else, and ends nobody', async () => {
    const boss = await start({ users: await users() });
    const [, id] = await said(boss, 'AUTH all', 'CLIENT ID');
    const anna = await RawResp.connect(nodes.nodes[0]!.proxyPort);
    const [, list, kill] = await said(
      anna,
      'AUTH anna hers',
      'CLIENT LIST',
      `CLIENT KILL ID ${id!.slice(1).trim()}`,
    );
    expect(list).toContain('user=anna');
    expect(list).not.toContain('user=default');
    expect(kill).toBe(':0\r\n');
    expect((await said(boss, 'CLIENT LIST'))[0]).toContain('user=anna');
  });

  test('a reader does not write', async () => {
    const peer = await start({ users: await users() });
    expect(await said(peer, 'HELLO 2 AUTH reader reads', 'GET a', 'SET a 1')).toEqual([
      expect.stringContaining('standalone'),
      '$-1\r\n',
      "-NOPERM this user has no permissions to run the 'set' command\r\n",
    ]);
  });

  test('whoever does not say who they are is sent away', async () => {
    const peer = await start({ users: await users(), limits: { strangerTimeoutMs: 30 } });
    expect((await peer.untilClosed()).toString()).toBe('');
  });

  test('commands behind AUTH wait for it', async () => {
    const peer = await start({ users: await users() });
    const all = ['AUTH all', 'SET k v', 'GET k', 'RESET', 'GET k'];
    expect(await said(peer, ...all)).toEqual([
      '+OK\r\n',
      '+OK\r\n',
      '$1\r\nv\r\n',
      '+RESET\r\n',
      '-NOAUTH Authentication required.\r\n',
    ]);
  });
});

describe('how much may wait', () => {
  test('a client that does not read is paused, then dropped, and nothing grows meanwhile', async () => {
    const limits = { unsentBytesSoft: 1 << 16, unreadTimeoutMs: 300 };
    const peer = await start({ limits });
    const { doors } = nodes.nodes[0]!;
    await peer.pipeline([['SET', 'big', 'x'.repeat(1 << 16)]]);
    peer.pause();
    for (let i = 0; i < 200; i++) peer.send('GET big\r\n'.repeat(10));
    await until('it is dropped', () => doors.connectionCount === 0);
    expect(doors.stats.connectionsDropped).toBe(1);
    expect(doors.stats.bytesOut).toBeLessThan(200 * 10 * (1 << 16));
  });

  test('a client that reads late gets all of it in order', async () => {
    const peer = await start({ limits: { unsentBytesSoft: 1 << 16, unreadTimeoutMs: 60_000 } });
    const value = 'x'.repeat(1 << 15);
    await peer.pipeline([['SET', 'big', value]]);
    peer.pause();
    const count = 400;
    peer.send(Array.from({ length: count }, (_, i) => `GET big\r\nECHO ${i}\r\n`).join(''));
    await until('the doors stop', () => nodes.nodes[0]!.doors.stats.bytesOut > 1 << 16);
    peer.resume();
    const replies = await peer.replies(count * 2);
    expect(replies.every((reply, i) => i % 2 === 1 || reply.length === value.length + 10)).toBe(
      true,
    );
    expect(replies.at(-1)?.toString()).toBe(`$3\r\n${count - 1}\r\n`);
  });

  test('a key longer than the engine can tell is refused; a value may be longer', async () => {
    const peer = await start();
    const [longest, tooLong] = ['k'.repeat(65_535), 'k'.repeat(65_536)];
    const refusal = '-ERR a key has more than 65535 bytes\r\n';
    expect(
      await said(
        peer,
        `SET ${longest} 1`,
        `SET ${tooLong} 1`,
        `GET ${longest}`,
        `SET v ${tooLong}`,
      ),
    ).toEqual(['+OK\r\n', refusal, '$1\r\n1\r\n', '+OK\r\n']);
    expect(await said(peer, 'MULTI', `SET ${tooLong} 1`, 'EXEC')).toEqual([
      '+OK\r\n',
      refusal,
      expect.stringContaining('EXECABORT'),
    ]);
  });

  test('the number of connections has an end, and so has that from one address', async () => {
    await start({ limits: { connectionsPerAddressMax: 2 } });
    const port = nodes.nodes[0]!.proxyPort;
    expect(await said(await RawResp.connect(port), 'PING')).toEqual(['+PONG\r\n']);
    const third = await RawResp.connect(port);
    expect((await third.untilClosed()).toString()).toBe('-ERR max number of clients reached\r\n');
  });

  test('commands that wait for their answers have an end, and all are answered', async () => {
    const peer = await start({ limits: { unansweredMax: 10 } });
    nodes.nodes[0]!.keyspace.confirmsLater = true;
    const count = 500;
    const replies = await peer.pipeline(Array.from({ length: count }, () => ['INCR', 'n']));
    expect(replies.map(String)).toEqual(Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`));
  });

  test('a transaction has an end', async () => {
    const peer = await start({ limits: { queuedCommandsMax: 2 } });
    const replies = await said(peer, 'MULTI', 'SET a 1', 'SET a 2', 'SET a 3', 'EXEC', 'GET a');
    expect(replies.slice(3)).toEqual([
      '-ERR this transaction is too large\r\n',
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
      '$-1\r\n',
    ]);
  });
});

describe('clients about themselves', () => {
  test('CLIENT REPLY leaves out what it says', async () => {
    const peer = await start();
    peer.send(
      'CLIENT REPLY OFF\r\nSET a 1\r\nCLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nGET a\r\nECHO x\r\n',
    );
    expect((await peer.replies(2)).map(String)).toEqual(['+OK\r\n', '$1\r\nx\r\n']);
  });

  test('CLIENT LIST shows everybody, CLIENT KILL ends one', async () => {
    const peer = await start();
    const other = await RawResp.connect(nodes.nodes[0]!.clusterPort);
    const [, id] = await said(other, 'CLIENT SETNAME other', 'CLIENT ID');
    const [list] = await said(peer, 'CLIENT LIST');
    expect(list).toMatch(/id=\d+ addr=127\.0\.0\.1:\d+ .*door=cluster.* name=other /);
    const number = id!.slice(1).trim();
    expect(await said(peer, `CLIENT KILL ID ${number}`)).toEqual([':1\r\n']);
    await other.untilClosed();
  });

  test('WAIT is answered after the writes before it', async () => {
    const peer = await start();
    nodes.nodes[0]!.keyspace.confirmsLater = true;
    expect(await said(peer, 'WAIT 1 0', 'SET a 1', 'WAIT 1 100')).toEqual([
      ':0\r\n',
      '+OK\r\n',
      ':0\r\n',
    ]);
  });

  test('what is answered as the doors close is heard: whoever hears nothing asks again', async () => {
    const peer = await start();
    const [{ keyspace, doors }] = nodes.nodes as [(typeof nodes.nodes)[0]];
    keyspace.isParking = true;
    keyspace.doubt = { partition: 0, epoch: 7, seq: 42, words: 'the node ends' };
    const heard = peer.untilClosed();
    peer.send('INCR a\r\n');
    await until('it has arrived', () => doors.stats.commands > 0);
    keyspace.release();
    await doors.close();
    expect((await heard).toString()).toMatch(/^-UNCERTAIN epoch=7 seq=42/);
  });

  test('COMMAND tells of every command what it is', async () => {
    const peer = await start();
    const [count] = await said(peer, 'COMMAND COUNT');
    expect(Number(count!.slice(1))).toBeGreaterThan(60);
    const [info] = await said(peer, 'COMMAND INFO get nosuch');
    expect(info).toMatch(
      /^\*2\r\n\*10\r\n\$3\r\nget\r\n:2\r\n\*2\r\n\+readonly\r\n\+fast\r\n:1\r\n:1\r\n:1\r\n/,
    );
    expect(info).toMatch(/\*-1\r\n$/);
    const [keys] = await said(peer, 'COMMAND GETKEYS MSET a 1 b 2');
    expect(keys).toBe('*2\r\n$1\r\na\r\n$1\r\nb\r\n');
    const [docs] = await said(peer, 'COMMAND DOCS client');
    expect(docs).toContain('client|setname');
  });
});
