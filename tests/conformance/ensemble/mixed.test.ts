/** Ensembles of Apache's members and ours, in every role: one history, one tree. */
import { expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { type Seat, type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import {
  apache,
  clientOf,
  expectAlike,
  type Member,
  modeOf,
  ours,
  start,
  writeThrough,
} from './mixed-members.ts';

describeWith([APACHE], 'members of Apache and ours', () => {
  test.each([
    ['two of Apache, and our follower', [ours, apache, apache], ['follower', 'follower', 'leader']],
    ['two of Apache led by ours', [apache, apache, ours], ['follower', 'follower', 'leader']],
    ['one of Apache led by ours', [apache, ours, ours], ['follower', 'follower', 'leader']],
    ['two of ours led by Apache', [ours, ours, apache], ['follower', 'follower', 'leader']],
  ] as const)('%s', async (_, kinds, modes) => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members: Member[] = [];
    for (const [i, make] of kinds.entries())
      members.push(await Promise.resolve(make(i + 1, seats)));
    expect(await start(members)).toEqual(modes);
    for (const member of members) await writeThrough(member, 1);
    await expectAlike(members);

    // Each goes once and comes back, the leader last; meanwhile the others go on.
    for (const [i, member] of members.entries()) {
      await member.stop();
      const others = members.filter((other) => other !== member);
      const found = await Promise.all(others.map(modeOf));
      await until('one of the others leads', async () =>
        (await Promise.all(others.map(modeOf))).includes('leader'),
      );
      expect(found).toHaveLength(2);
      await writeThrough(others[0]!, i + 2);
      await member.start();
      await modeOf(member);
      await writeThrough(member, i + 2);
    }
    await expectAlike(members);
  });

  test('our observer among Apache’s, and Apache’s observer among ours', async () => {
    for (const [voter, observer] of [
      [apache, ours],
      [ours, apache],
    ] as const) {
      const seats = await takeSeats('participant', 'participant', 'observer');
      const members = [await voter(1, seats), await voter(2, seats), await observer(3, seats)];
      expect(await start(members)).toEqual(['follower', 'leader', 'observer']);
      for (const member of members) await writeThrough(member, 1);
      await members[2]!.stop();
      await writeThrough(members[0]!, 2);
      await members[2]!.start();
      await modeOf(members[2]!);
      await writeThrough(members[2]!, 3);
      await expectAlike(members);
    }
  });

  test('a session moves between the two kinds, and outlives the leader of either', async () => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members = [apache(1, seats), await ours(2, seats), await ours(3, seats)];
    await start(members);
    const client = clientOf(...members);
    await client.create('/mine', null, { mode: 'ephemeral' });
    const { sessionId } = client;
    const [java, own, leader] = members;
    let session = await WireSession.open(java!.port());
    // Members find who waits by session and number, and each connection counts from 1.
    await session.ask(OpCode.EXISTS, { path: '/mine' });
    for (const member of [own!, leader!, java!]) {
      const moved = await WireSession.open(member.port(), { again: session.key });
      expect(moved.id).toBe(session.id);
      expect((await moved.create(`/moved-to-${member.id}`, '')).code).toBe(0);
      await expect(session.create('/too-late', '')).rejects.toThrow();
      session = moved;
    }
    await leader!.stop();
    await until('somebody else leads', async () =>
      (await Promise.all([java!, own!].map(modeOf))).includes('leader'),
    );
    await client.sync('/');
    expect((await client.exists('/mine'))?.ephemeralOwner).toBe(sessionId);
    expect(client.sessionId).toBe(sessionId);
    await leader!.start();
    for (const member of members) await writeThrough(member, 1);
    await expectAlike(members);
  });

  test('the configuration changes, whoever is asked and whoever leads', async () => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members = [
      apache(1, seats, { isOpen: true }),
      await ours(2, seats, { isOpen: true }),
      await ours(3, seats, { isOpen: true }),
    ];
    expect(await start(members)).toEqual(['follower', 'follower', 'leader']);
    const [java, own, leader] = members;
    const first = await configsOf(members);
    expect(first).toEqual(members.map(() => seats.text(0x1_0000_0000)));

    // Apache's becomes an observer and a voter again, asked for at ours and at itself.
    for (const [role, mode] of [
      ['observer', 'observer'],
      ['participant', 'follower'],
    ] as const) {
      const line = lineOf(java!, seats, role);
      const text = await reconfigure(own!, { joining: line });
      expect(text).toContain(line);
      await until(`it is ${mode}`, async () => (await modeOf(java!)) === mode);
      await until('all hold the same', async () =>
        (await configsOf(members)).every((config) => config === text),
      );
    }
    await writeThrough(java!, 1);

    // Our leader leaves and names another, who is Apache's once ours has left, too.
    await reconfigure(java!, { joining: lineOf(own!, seats, 'observer') });
    await until('it observes', async () => (await modeOf(own!)) === 'observer');
    await reconfigure(java!, { joining: lineOf(own!, seats, 'participant') });
    await until('it votes again', async () => (await modeOf(own!)) === 'follower');
    // Apache's closes its connections as it changes its leader, and the answer may not have left.
    await reconfigure(java!, { leaving: '3' }).catch(() => undefined);
    await until('one of the two leads', async () =>
      (await Promise.all([java!, own!].map(modeOf))).includes('leader'),
    );
    await until('ours is in no configuration', async () =>
      (await configsOf([java!, own!])).every((config) => !config.includes('server.3=')),
    );
    await writeThrough(own!, 2);
    await writeThrough(java!, 2);
    // The named leader may not have been ready for those who came, and then they elect one after all.
    const back = await until('ours is taken back', () =>
      reconfigure(own!, { joining: lineOf(leader!, seats, 'participant') }),
    );
    await until('all hold the same', async () =>
      (await configsOf(members)).every((config) => config === back),
    );
    for (const member of members) await writeThrough(member, 3);
    await expectAlike(members);
  });
});

function lineOf(member: Member, seats: Seats, role: Seat['role']): string {
  const { quorum, election } = seats.of(member.id);
  return `server.${member.id}=127.0.0.1:${quorum.port}:${election.port}:${role};127.0.0.1:${member.port()}`;
}

async function configsOf(members: readonly Member[]): Promise<string[]> {
  return Promise.all(
    members.map(async (member) => {
      await modeOf(member);
      const session = await WireSession.open(member.port());
      await session.ask(OpCode.SYNC, { path: '/' });
      const { body } = await session.ask(OpCode.GET_DATA, { path: '/zookeeper/config' });
      await session.ask(OpCode.CLOSE_SESSION);
      return body?.data?.toString() ?? '';
    }),
  );
}

/** @returns the configuration that it led to */
async function reconfigure(
  at: Member,
  order: { readonly joining?: string; readonly leaving?: string },
): Promise<string> {
  await modeOf(at);
  const session = await WireSession.open(at.port());
  const writer = new Writer();
  const gap = writer.gap(4);
  writer.int32(1);
  writer.int32(OpCode.RECONFIG);
  writer.string(order.joining ?? null);
  writer.string(order.leaving ?? null);
  writer.string(null);
  writer.long(-1);
  writer.patchInt32(gap, writer.length - 4);
  const reply = await session.askRaw(OpCode.RECONFIG, writer.copy());
  expect(reply.code).toBe(0);
  return reply.body?.data?.toString() ?? '';
}
