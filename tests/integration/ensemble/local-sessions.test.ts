/** Local sessions on an ensemble of our own members, with ordinary clients. */
import path from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { CreateFlag } from '../../../src-server/coordination/model/request.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith, KAZOO } from '../../peers/peers.ts';
import { run } from '../../peers/run.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnEnsemble, type OwnMember } from '../../peers/zabring-ensemble.ts';
import { readLogRecords } from '../journal/log-records.ts';
import { WireSession } from '../journal/wire-session.ts';

const VOTERS = ['participant', 'participant', 'participant'] as const;
const LOCAL = { localSessionsEnabled: true, localSessionsUpgradingEnabled: true };

let ensemble: OwnEnsemble;

afterEach(() => ensemble.close());

function logged(member: OwnMember, op: OpCode): number {
  return readLogRecords(member.dataDir).filter(({ txn }) => txn.type === op).length;
}

/** The line for this figure. */
async function figure({ port }: OwnMember, name: string): Promise<string> {
  const lines = (await askWord(port, 'mntr')).split('\n');
  return lines.find((line) => line.startsWith(`zk_${name}\t`)) ?? `no ${name}`;
}

function hosts(): string {
  return ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
}

test('hundreds of readers come and go without a transaction', async () => {
  ensemble = await OwnEnsemble.start(VOTERS, LOCAL);
  const before = ensemble.leader.ensemble.zxid;
  for (const member of ensemble.members) {
    const sessions = await Promise.all(
      Array.from({ length: 100 }, () => WireSession.open(member.port)),
    );
    await Promise.all(
      sessions.map((session) => session.ask(OpCode.GET_CHILDREN, { path: '/', watch: true })),
    );
    expect(await figure(member, 'local_sessions')).toBe('zk_local_sessions\t100');
    await Promise.all(sessions.map((session) => session.close()));
    expect(await figure(member, 'local_sessions')).toBe('zk_local_sessions\t0');
  }
  expect(ensemble.leader.ensemble.zxid).toBe(before);
});

test('they end with the service of their member; one that was upgraded does not', async () => {
  ensemble = await OwnEnsemble.start(VOTERS, LOCAL);
  const { leader } = ensemble;
  const [follower] = ensemble.followers;
  const local = await WireSession.open(follower!.port);
  const upgraded = await WireSession.open(follower!.port);
  const made = await upgraded.create('/mine', '', { flags: CreateFlag.EPHEMERAL });
  expect(made.code).toBe(Code.OK);
  await leader.stop();
  await Promise.all([local.closed, upgraded.closed]);
  await follower!.isServing();
  await expect(WireSession.open(follower!.port, { again: local.key })).rejects.toThrow('gone');
  const [other] = ensemble.members.filter((member) => member !== leader && member !== follower);
  await other!.isServing();
  const back = await WireSession.open(other!.port, { again: upgraded.key });
  const { body } = await back.ask(OpCode.GET_EPHEMERALS, { path: '/' });
  expect(body?.names).toEqual(['/mine']);
  await back.close();
});

test('whoever says goodbye without waiting for the answer is gone all the same, its write is not', async () => {
  ensemble = await OwnEnsemble.start(VOTERS, LOCAL);
  const [follower] = ensemble.followers;
  const session = await WireSession.open(follower!.port);
  const asked = [session.create('/last'), session.ask(OpCode.CLOSE_SESSION)];
  const answers = Promise.allSettled(asked);
  await until('the write is there', () => logged(ensemble.leader, OpCode.CREATE) === 1);
  await session.drop();
  await answers;
  await until(
    'it is gone',
    async () => (await figure(follower!, 'local_sessions')) === 'zk_local_sessions\t0',
  );
  expect(logged(ensemble.leader, OpCode.CLOSE_SESSION)).toBe(0);
});

test('our own client makes ephemeral nodes and keeps its session when it moves', async () => {
  ensemble = await OwnEnsemble.start(VOTERS, LOCAL);
  const [first, second] = ensemble.followers;
  const client = ensemble.client([first!]);
  await client.create('/a', null, { mode: 'ephemeral' });
  const { sessionId } = client;
  expect(await figure(first!, 'global_sessions')).toBe('zk_global_sessions\t1');
  await client.setData('/a', Buffer.from('x'), 0);
  expect((await ensemble.client([second!]).getData('/a')).stat.ephemeralOwner).toBe(sessionId);
});

describeWith([KAZOO, APACHE], 'ordinary clients', () => {
  test('notice nothing: kazoo’s day, and a session at the prompt of zkCli.sh', async () => {
    ensemble = await OwnEnsemble.start(VOTERS, LOCAL);
    const script = path.join(import.meta.dirname, '..', 'clients', 'kazoo_session.py');
    const kazoo = await run('/usr/bin/python3', [script, hosts()]);
    expect(kazoo.output).toContain('kazoo is content');
    using folder = temporaryFolder();
    const input = ['create /cli hello', 'get -w /cli', 'create -s -e /cli/e- x', 'quit', ''];
    const cli = await run('/usr/share/zookeeper/bin/zkCli.sh', ['-server', hosts()], {
      input: input.join('\n'),
      env: { ZOO_LOG_DIR: folder.path },
    });
    expect(cli.output).toMatch(/Created \/cli\/e-0000000000/);
    expect(cli.output).not.toMatch(/Exception|KeeperErrorCode/);
    const { leader } = ensemble;
    expect(logged(leader, OpCode.CREATE_SESSION)).toBeGreaterThan(0);
    expect(logged(leader, OpCode.CLOSE_SESSION)).toBe(logged(leader, OpCode.CREATE_SESSION));
  });

  test('are told where they may make no ephemeral nodes', async () => {
    ensemble = await OwnEnsemble.start(VOTERS, { localSessionsEnabled: true });
    using folder = temporaryFolder();
    const input = ['create /cli hello', 'create -e /cli/e x', 'quit', ''];
    const cli = await run('/usr/share/zookeeper/bin/zkCli.sh', ['-server', hosts()], {
      input: input.join('\n'),
      env: { ZOO_LOG_DIR: folder.path },
    });
    expect(cli.output).toContain('Created /cli');
    expect(cli.output).toContain('Unable to create ephemeral node on a local session');
    expect(logged(ensemble.leader, OpCode.CREATE_SESSION)).toBe(0);
  });
});
