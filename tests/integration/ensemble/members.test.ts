/** Three of our members: they agree on a leader, take writes anywhere, lose one and go on, and take it back. */
import { afterEach, describe, expect, test } from 'vitest';

import type { Client } from '../../../src-server/coordination/client/client.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnEnsemble, type OwnMember } from '../../peers/zabring-ensemble.ts';
import { treeOf } from '../journal/tree-of.ts';
import { WireSession } from '../journal/wire-session.ts';

let ensemble: OwnEnsemble | null = null;

afterEach(async () => {
  await ensemble?.close();
  ensemble = null;
});

async function three(...more: Parameters<typeof OwnEnsemble.start>): Promise<OwnEnsemble> {
  ensemble = await OwnEnsemble.start(...more);
  return ensemble;
}

const VOTERS = ['participant', 'participant', 'participant'] as const;

/** Every member has the same tree, once all have caught up. */
async function expectAlike(members: readonly OwnMember[]): Promise<void> {
  const sessions: WireSession[] = [];
  for (const { port } of members) sessions.push(await WireSession.open(port));
  for (const session of sessions) await session.ask(OpCode.SYNC, { path: '/' });
  const trees = await Promise.all(
    sessions.map(async (session) => (await treeOf(session)).map(withoutOwnTime)),
  );
  for (const tree of trees) expect(tree).toEqual(trees[0]);
  for (const session of sessions) await session.ask(OpCode.CLOSE_SESSION);
}

/** Of a configuration that no transaction made, each member says when it wrote it there. */
function withoutOwnTime(line: string): string {
  return line.startsWith('/zookeeper/config ') ? line.replace(/mtime=\d+/, '') : line;
}

async function namesAt(client: Client): Promise<string[]> {
  await client.sync('/');
  return (await client.getChildren('/')).names.sort();
}

describe('writes and reads', () => {
  test('a write through each member is read at each after a sync', async () => {
    const all = await three(VOTERS);
    for (const member of all.members)
      await all.client([member]).create(`/from-${member.id}`, Buffer.from(`${member.id}`));
    for (const member of all.members)
      expect(await namesAt(all.client([member]))).toEqual([
        'from-1',
        'from-2',
        'from-3',
        'zookeeper',
      ]);
    await expectAlike(all.members);
  });

  test('everybody says what it is, and where the ensemble stands', async () => {
    const all = await three([...VOTERS, 'observer']);
    const modes = await Promise.all(
      all.members.map(async ({ port }) => /Mode: (\S+)/.exec(await askWord(port, 'srvr'))![1]),
    );
    expect(modes.filter((mode) => mode === 'leader')).toHaveLength(1);
    expect(modes.filter((mode) => mode === 'follower')).toHaveLength(2);
    expect(modes[3]).toBe('observer');
    const report = await until('the observer is synchronised', async () => {
      const text = await askWord(all.leader.port, 'mntr');
      return text.includes('zk_synced_observers\t1') && text;
    });
    for (const line of [
      'zk_server_state\tleader',
      'zk_peer_state\tleading - broadcast',
      'zk_quorum_size\t3',
      'zk_learners\t3',
      'zk_synced_followers\t2',
      'zk_synced_non_voting_followers\t0',
    ])
      expect(report).toContain(`${line}\n`);
    const configuration = await askWord(all.member(4).port, 'conf');
    expect(configuration).toContain('serverId=4\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\n');
    expect(configuration).toContain(`peerType=1\nmembership: \n${all.seats.text(0)}`);
    expect(await askWord(all.member(4).port, 'isro')).toBe('rw');
    const client = all.client([all.member(4)]);
    await client.create('/through-an-observer', null);
    expect((await client.getData('/zookeeper/config')).data?.toString()).toBe(all.seats.text(0));
  });

  test('refusals and groups through a follower are answered as at the leader', async () => {
    const all = await three(VOTERS);
    const [follower] = all.followers;
    const session = await WireSession.open(follower!.port);
    // All sent at once: each answer comes in the order of the questions.
    const replies = await Promise.all([
      session.create('/a', 'first'),
      session.create('/a', 'again'),
      session.ask(OpCode.SET_DATA, { path: '/a', data: Buffer.from('x'), version: 7 }),
      session.ask(OpCode.GET_DATA, { path: '/a' }),
      session.ask(OpCode.DELETE, { path: '/nowhere' }),
      session.ask(OpCode.SYNC, { path: '/' }),
      session.ask(OpCode.GET_CHILDREN, { path: '/' }),
    ]);
    expect(replies.map(({ code }) => code)).toEqual([0, -110, -103, 0, -101, 0, 0]);
    const client = all.client([follower!]);
    const done = await client.multi([
      { kind: 'check', path: '/a', version: 0 },
      { kind: 'set', path: '/a', data: Buffer.from('second'), version: 0 },
      { kind: 'create', path: '/a/b', data: null },
    ]);
    expect(done).toHaveLength(3);
    const refused = await client.multi([
      { kind: 'create', path: '/c', data: null },
      { kind: 'check', path: '/a', version: 0 },
    ]);
    expect(refused.map(({ code }) => code)).toEqual([0, -103]);
    expect(await client.exists('/c')).toBeNull();
    await expectAlike(all.members);
  });

  test('a watch set anywhere hears of a write made elsewhere', async () => {
    const all = await three(VOTERS);
    const writer = all.client([all.leader]);
    await writer.create('/watched', null);
    const heard: string[] = [];
    for (const member of all.members) {
      const client = all.client([member]);
      await client.sync('/');
      await client.getData('/watched', ({ kind, path }) =>
        heard.push(`${member.id}: ${path} ${kind}`),
      );
    }
    await writer.setData('/watched', Buffer.from('new'), -1);
    await until('all have heard', () => heard.length === 3);
    expect(heard.sort()).toEqual([1, 2, 3].map((id) => `${id}: /watched changed`));
  });

  test('thousands of writes sent at once all come through, in their order', async () => {
    const all = await three(VOTERS);
    const [follower] = all.followers;
    const session = await WireSession.open(follower!.port);
    const replies = await Promise.all(
      Array.from({ length: 3000 }, (_, i) => session.create(`/n-${i}`, `${i}`)),
    );
    expect(replies.every(({ code }) => code === 0)).toBe(true);
    const zxids = replies.map(({ zxid }) => zxid);
    expect(zxids).toEqual([...zxids].sort((a, b) => a - b));
    await expectAlike(all.members);
  });
});

/** Of all but this one, which is about to go: what is under way with it would be lost. */
function clientBeside(all: OwnEnsemble, gone: OwnMember): Client {
  return all.client(all.members.filter((member) => member !== gone));
}

describe('members that go and come', () => {
  test('a follower that was away for a while gets what it lacks', async () => {
    const all = await three(VOTERS);
    const [follower] = all.followers;
    const client = clientBeside(all, follower!);
    await client.create('/before', null);
    await follower!.stop();
    for (let i = 0; i < 20; i++) await client.create(`/meanwhile-${i}`, null);
    await follower!.start();
    await follower!.isServing();
    await expectAlike(all.members);
    // It had a place to go on from.
    expect(follower!.ensemble.status.epoch).toBe(1);
  });

  test('one whose disk was wiped gets the whole state, and starts from it the next time', async () => {
    const all = await three(VOTERS);
    const [follower] = all.followers;
    const client = clientBeside(all, follower!);
    for (let i = 0; i < 50; i++) await client.create(`/n-${i}`, Buffer.alloc(1000, i));
    await follower!.stop();
    follower!.wipe();
    await client.create('/wiped', null);
    await follower!.start();
    await follower!.isServing();
    await expectAlike(all.members);
    await follower!.stop();
    await follower!.start();
    await follower!.isServing();
    expect(follower!.server.recovered.lastZxid).toBeGreaterThan(0);
    await expectAlike(all.members);
  });

  test('one that lags further than the leader remembers gets the whole state', async () => {
    const all = await three(VOTERS, { commitLogCount: 5, snapshotSizeFactor: -1 });
    const [follower] = all.followers;
    const client = clientBeside(all, follower!);
    await client.create('/before', null);
    await follower!.stop();
    for (let i = 0; i < 30; i++) await client.create(`/n-${i}`, null);
    await follower!.start();
    await follower!.isServing();
    await expectAlike(all.members);
  });

  test('without a quorum nobody is served, and with it again everybody is', async () => {
    const all = await three(VOTERS);
    const client = all.client();
    await client.create('/kept', null);
    for (const follower of all.followers) await follower.stop();
    const alone = all.members.find(({ isRunning }) => isRunning)!;
    await until('the leader has stepped down', () => !alone.ensemble.isServing);
    expect(await askWord(alone.port, 'srvr')).toContain('not currently serving');
    expect(await askWord(alone.port, 'isro')).toBe('null');
    for (const member of all.members) if (!member.isRunning) await member.start();
    await all.isServing();
    expect(await client.exists('/kept')).not.toBeNull();
    await expectAlike(all.members);
  });

  test('the whole ensemble stops and starts again with everything', async () => {
    const all = await three(VOTERS);
    const client = all.client();
    for (let i = 0; i < 10; i++) await client.create(`/n-${i}`, null);
    await client.close();
    for (const member of all.members) await member.stop();
    await Promise.all(all.members.map((member) => member.start()));
    await all.isServing();
    expect(all.leader.ensemble.status.epoch).toBe(2);
    expect(await namesAt(all.client())).toHaveLength(11);
    await expectAlike(all.members);
  });
});

describe('a member that is cut off', () => {
  test('lets clients read that ask for no more, until there is a leader again', async () => {
    const all = await three(VOTERS, { readOnlyModeEnabled: true });
    const before = all.client();
    await before.create('/known', Buffer.from('value'));
    const { sessionId } = before;
    await before.sync('/');
    const [left] = all.followers;
    for (const member of all.members) if (member !== left) await member.stop();
    await until(
      'it says that it can only read',
      async () => (await askWord(left!.port, 'isro')) === 'ro',
    );
    const report = await askWord(left!.port, 'srvr');
    expect(report).toContain('\nREAD-ONLY mode; serving only read-only clients\nLatency');
    expect(report).toContain('\nMode: read-only\n');

    const reader = all.client([left!], { canBeReadOnly: true });
    expect((await reader.getData('/known')).data?.toString()).toBe('value');
    expect(reader.state).toMatchObject({ kind: 'connected', readOnly: true });
    await expect(reader.create('/new', null)).rejects.toThrow('NOT_READ_ONLY');
    await expect(reader.sync('/')).rejects.toThrow('NOT_READ_ONLY');
    // A session of the ensemble, and a client that wants to write, had better look elsewhere.
    await expect(WireSession.open(left!.port)).rejects.toThrow();
    expect(before.state.kind).not.toBe('connected');

    const leaving = all.client([left!], { canBeReadOnly: true });
    await leaving.exists('/known');
    await leaving.close();

    for (const member of all.members) if (!member.isRunning) await member.start();
    await all.isServing();
    expect(await askWord(left!.port, 'isro')).toBe('rw');
    expect((await before.getData('/known')).data?.toString()).toBe('value');
    expect(before.sessionId).toBe(sessionId);
  });
});

describe('the leader goes', () => {
  test('another leads, and no write that was acknowledged is lost', async () => {
    const all = await three(VOTERS);
    const [lost] = [all.leader];
    const clients = [1, 2, 3, 4].map(() => all.client());
    const acknowledged: string[] = [];
    let isOver = false;
    const writing = clients.map(async (client, who) => {
      for (let i = 0; !isOver; i++) {
        const path = `/w-${who}-${i}`;
        await client.create(path, null).then(
          () => acknowledged.push(path),
          // Nobody knows what became of it.
          () => undefined,
        );
      }
    });
    await until('some are written', () => acknowledged.length > 200);
    await lost.stop();
    const before = acknowledged.length;
    await until('and some more', () => acknowledged.length > before + 200);
    isOver = true;
    await Promise.all(writing);
    expect(all.leader.id).not.toBe(lost.id);
    expect(all.leader.ensemble.status.epoch).toBe(2);
    await lost.start();
    await all.isServing();
    await expectAlike(all.members);
    const names = new Set((await all.client([lost]).getChildren('/')).names);
    expect(acknowledged.filter((path) => !names.has(path.slice(1)))).toEqual([]);
  });

  test('sessions and ephemeral nodes survive, and end in time all the same', async () => {
    const all = await three(VOTERS);
    const client = all.client();
    await client.create('/alive', null, { mode: 'ephemeral' });
    const { sessionId } = client;
    const dying = await WireSession.open(all.followers[0]!.port, { timeoutMs: 2000 });
    await dying.ask(OpCode.CREATE, { path: '/dying', flags: 1 });
    await all.leader.stop();
    await dying.closed;
    await all.isServing();
    expect((await client.exists('/alive'))?.ephemeralOwner).toBe(sessionId);
    expect(client.sessionId).toBe(sessionId);
    const watcher = all.client();
    await until('the session nobody came back to has ended', async () => {
      await watcher.sync('/');
      return (await watcher.exists('/dying')) === null;
    });
    expect((await watcher.exists('/alive'))?.ephemeralOwner).toBe(sessionId);
  });
});

describe('sessions', () => {
  test('one moves between members, and where it was it is no longer', async () => {
    const all = await three(VOTERS);
    const [first, second] = all.followers;
    const here = await WireSession.open(first!.port);
    await here.ask(OpCode.CREATE, { path: '/mine', flags: 1 });
    const there = await WireSession.open(second!.port, { again: here.key });
    expect(there.id).toBe(here.id);
    expect((await there.create('/from-there', '')).code).toBe(0);
    // Reading it may still do; a write from where its client left ends the connection without a word.
    expect((await here.ask(OpCode.EXISTS, { path: '/mine' })).code).toBe(0);
    await expect(here.create('/from-here', '')).rejects.toThrow();
    await here.closed;
    const leader = await WireSession.open(all.leader.port, { again: there.key });
    expect((await leader.create('/from-the-leader', '')).code).toBe(0);
    await expect(there.create('/too-late', '')).rejects.toThrow();
    const client = all.client();
    expect(await namesAt(client)).toEqual(['from-the-leader', 'from-there', 'mine', 'zookeeper']);
  });

  test('one that is kept alive at a follower does not expire; one that is not does, everywhere', async () => {
    const all = await three(VOTERS);
    const [first, second] = all.followers;
    const kept = all.client([first!], { sessionTimeoutMs: 1500 });
    await kept.create('/kept', null, { mode: 'ephemeral' });
    const { sessionId } = kept;
    const left = await WireSession.open(second!.port, { timeoutMs: 1500 });
    await left.ask(OpCode.CREATE, { path: '/left', flags: 1 });
    await left.closed;
    const client = all.client();
    await client.sync('/');
    expect(await client.exists('/left')).toBeNull();
    expect((await client.exists('/kept'))?.ephemeralOwner).toBe(sessionId);
    await expect(WireSession.open(first!.port, { again: left.key })).rejects.toThrow();
  });

  test('every member gives out ids of its own', async () => {
    const all = await three(VOTERS);
    for (const member of all.members) {
      const session = await WireSession.open(member.port);
      expect(Number(BigInt.asUintN(64, session.id) >> 56n)).toBe(member.id);
      expect((await session.ask(OpCode.CLOSE_SESSION)).code).toBe(0);
    }
  });
});
