/** An ensemble of ours that changes: members come, change their role, and go, the leader among them. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import { ensembleConfigText } from '../../../src-server/config/ensemble-config.ts';
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnEnsemble, OwnMember } from '../../peers/zabring-ensemble.ts';
import { type Reply, WireSession } from '../journal/wire-session.ts';

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

const OPEN = { reconfigEnabled: true, skipAcl: true };
const VOTERS = ['participant', 'participant', 'participant'] as const;

async function start(settings: Parameters<typeof OwnEnsemble.start>[1]): Promise<OwnEnsemble> {
  const ensemble = await OwnEnsemble.start(VOTERS, settings);
  owned.push(ensemble);
  return ensemble;
}

interface Order {
  readonly joining?: string;
  readonly leaving?: string;
  readonly members?: string;
  readonly fromVersion?: number;
}

async function reconfigure(at: OwnMember, order: Order): Promise<Reply> {
  const session = await WireSession.open(at.port);
  const writer = new Writer();
  const gap = writer.gap(4);
  writer.int32(1);
  writer.int32(OpCode.RECONFIG);
  writer.string(order.joining ?? null);
  writer.string(order.leaving ?? null);
  writer.string(order.members ?? null);
  writer.long(order.fromVersion ?? -1);
  writer.patchInt32(gap, writer.length - 4);
  return session.askRaw(OpCode.RECONFIG, writer.copy());
}

function addressOf(ensemble: OwnEnsemble, id: number, role = 'participant'): string {
  const member = ensemble.member(id);
  const { quorum, election } = ensemble.seats.of(id);
  return `server.${id}=127.0.0.1:${quorum.port}:${election.port}:${role};127.0.0.1:${member.port}`;
}

/** A fourth member, that knows of the three and of itself. */
async function fourth(ensemble: OwnEnsemble): Promise<{ member: OwnMember; line: string }> {
  const [quorum, election, client] = [
    await lastingPort(),
    await lastingPort(),
    await lastingPort(),
  ];
  const address = `127.0.0.1:${quorum}:${election}`;
  const folder = temporaryFolder();
  owned.push({ close: () => folder[Symbol.dispose]() });
  const member = new OwnMember({
    id: 4,
    folder: folder.path,
    clientPort: client,
    servers: new Map([...ensemble.seats.lines, [4, `${address}:participant`]]),
    settings: OPEN,
  });
  owned.push({ close: () => member.stop() });
  await member.start();
  await member.isServing();
  return { member, line: `server.4=${address}:participant;127.0.0.1:${client}` };
}

function configAt(member: OwnMember): string {
  return ensembleConfigText(member.ensemble.config);
}

function dynamicFileOf(member: OwnMember): string {
  const text = fs.readFileSync(member.configFile, 'utf8');
  return /^dynamicConfigFile=(.*)$/m.exec(text)?.[1] ?? '';
}

test('the first leader gives the configuration a version, and everybody keeps it', async () => {
  const all = await start(OPEN);
  for (const member of all.members) {
    expect(configAt(member)).toBe(all.seats.text(0x1_0000_0000));
    expect(path.basename(dynamicFileOf(member))).toBe('zoo.cfg.dynamic.100000000');
    expect(fs.existsSync(`${member.configFile}.bak`)).toBe(true);
    expect(fs.existsSync(`${member.configFile}.dynamic.next`)).toBe(false);
  }
  const shown = await all.client([all.followers[0]!]).getData('/zookeeper/config');
  expect(shown.data?.toString()).toBe(all.seats.text(0x1_0000_0000));
});

test('a fourth joins, votes, and is known to whoever starts again', async () => {
  const all = await start(OPEN);
  const { member, line } = await fourth(all);
  expect(member.ensemble.status.role).toBe('following');
  const client = all.client([all.followers[0]!]);
  const heard: string[] = [];
  await client.getData('/zookeeper/config', ({ kind }) => heard.push(kind));

  const reply = await reconfigure(all.followers[0]!, { joining: line });
  expect(reply.code).toBe(Code.OK);
  const text = all.seats
    .text(0)
    .replace('version=0', `${line}\nversion=${reply.zxid.toString(16)}`);
  expect(reply.body?.data?.toString()).toBe(text);
  await until('everybody has the new configuration', () =>
    [...all.members, member].every((one) => configAt(one) === text),
  );
  await until('who watched it has heard', () => heard.length === 1);
  for (const one of [...all.members, member])
    expect(path.basename(dynamicFileOf(one))).toBe(`zoo.cfg.dynamic.${reply.zxid.toString(16)}`);
  expect(await askWord(all.leader.port, 'mntr')).toContain('zk_quorum_size\t4\n');

  // Two of four are no quorum; three are.
  const [a, b] = all.followers;
  await a!.stop();
  await client.create('/with-three', null).catch(() => undefined);
  await a!.start();
  await a!.isServing();
  await b!.stop();
  await b!.start();
  await b!.isServing();
  expect(configAt(a!)).toBe(text);
  expect(configAt(b!)).toBe(text);
});

test('the leader leaves, and another leads without an election', async () => {
  const all = await start(OPEN);
  const { member, line } = await fourth(all);
  expect((await reconfigure(all.followers[0]!, { joining: line })).code).toBe(Code.OK);
  const gone = all.leader;
  const rest = [...all.members.filter((one) => one !== gone), member];
  const client = all.client(rest);
  await client.create('/before', null);
  expect((await reconfigure(all.followers[0]!, { leaving: `${gone.id}` })).code).toBe(Code.OK);
  await until('one of the others leads', () =>
    rest.some((one) => one.ensemble.isServing && one.ensemble.status.role === 'leading'),
  );
  // Its member looked for the new leader, and had to let it go.
  await until('the client is served again', () => client.sync('/').then(() => true));
  await client.create('/after', null);
  await until('the one that left follows without a vote', () => gone.ensemble.isServing);
  expect(gone.ensemble.status.role).toBe('following');
  await gone.stop();
  await client.create('/without', null);
});

test('a voter becomes an observer, and a voter again', async () => {
  const all = await start(OPEN);
  const [changed, other] = all.followers;
  const observing = addressOf(all, changed!.id, 'observer');
  expect((await reconfigure(other!, { joining: observing })).code).toBe(Code.OK);
  await until('it observes', () => changed!.ensemble.status.role === 'observing');
  await changed!.isServing();
  const voting = addressOf(all, changed!.id);
  // The new voter is with the leader as an observer only, and must be synchronised before it counts.
  expect((await reconfigure(other!, { joining: voting })).code).toBe(Code.OK);
  await until('it follows', () => changed!.ensemble.status.role === 'following');
  await all.isServing();
  await all.client([changed!]).create('/by-a-voter', null);
});

test('refusals, in the order in which they answer', async () => {
  const closed = await start({});
  expect((await reconfigure(closed.leader, { leaving: '1' })).code).toBe(Code.RECONFIG_DISABLED);
  const guarded = await start({ reconfigEnabled: true });
  const [follower] = guarded.followers;
  const orders: [Order, number][] = [
    [{ leaving: '1', fromVersion: 5 }, Code.BAD_VERSION],
    [{ members: 'nonsense' }, Code.BAD_ARGUMENTS],
    [{ leaving: '1,2' }, Code.BAD_ARGUMENTS],
    [
      { members: `${addressOf(guarded, 1)},server.8=h8:1:2;3,server.9=h9:1:2;3` },
      Code.NEW_CONFIG_NO_QUORUM,
    ],
    // The right to do it is asked about last.
    [{ leaving: `${follower!.id}` }, Code.NO_AUTH],
  ];
  for (const [order, code] of orders)
    expect([order, (await reconfigure(follower!, order)).code]).toEqual([order, code]);
});
