/**
 * How a member that was away is brought to its leader's history, by each kind to the other: the difference, a cut of what it
 * has too much, a whole snapshot.
 */
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { takeSeats } from '../../peers/apache-ensemble.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import {
  apache,
  expectAlike,
  type Manner,
  type Member,
  modeOf,
  ours,
  start,
  writeThrough,
} from './mixed-members.ts';

type Make = typeof apache | typeof ours;
type Sync = 'diff' | 'trunc' | 'snap';

/** Two that stay and may lead, and one of the other kind that goes and comes back. */
async function threeOf(staying: Make, going: Make, manner: Manner = {}): Promise<Member[]> {
  const seats = await takeSeats('participant', 'participant', 'participant');
  return [
    await staying(1, seats, manner),
    await staying(2, seats, manner),
    await going(3, seats, manner),
  ];
}

/** What those of ours said about synchronisations since. */
function syncs(members: readonly Member[], since: ReadonlyMap<Member, number>): Sync[] {
  return members.flatMap((member) =>
    member.log
      .slice(since.get(member))
      .filter((line) => /bringing a member up to date|brought up to date by the leader/.test(line))
      .map((line) => /\bby[=:"\s]+(diff|trunc|snap)/.exec(line)?.[1] as Sync),
  );
}

function logsNow(members: readonly Member[]): ReadonlyMap<Member, number> {
  return new Map(members.map((member) => [member, member.log.length]));
}

/** It comes back, is as the others are, and what ours say of it is this and nothing else. */
async function expectBack(members: readonly Member[], sync: Sync): Promise<void> {
  const [first, second, late] = members;
  const before = logsNow(members);
  await late!.start();
  expect(await modeOf(late!)).toBe('follower');
  expect(new Set(syncs(members, before))).toEqual(new Set([sync]));
  for (const member of [late!, first!, second!]) await writeThrough(member, 99);
  await expectAlike(members);
}

/** The others lead by now. */
async function stayersLead(members: readonly Member[]): Promise<void> {
  await until('one of the others leads', async () =>
    (await Promise.all(members.slice(0, 2).map(modeOf))).includes('leader'),
  );
}

async function isInLog({ dataDir }: Member, word: string): Promise<void> {
  const folder = path.join(dataDir, 'version-2');
  await until(`${word} is in the log`, () =>
    fs
      .readdirSync(folder)
      .filter((name) => name.startsWith('log.'))
      .some((name) => fs.readFileSync(path.join(folder, name)).includes(word)),
  );
}

async function exists(member: Member, node: string): Promise<boolean> {
  const session = await WireSession.open(member.port());
  const { code } = await session.ask(OpCode.EXISTS, { path: node });
  await session.ask(OpCode.CLOSE_SESSION);
  return code === 0;
}

describeWith([APACHE], 'brought up to date', () => {
  describe.each([
    ['ours by Apache’s', apache, ours],
    ['Apache’s by ours', ours, apache],
  ] as const)('%s', (_, staying, going) => {
    test('by the difference, from memory', async () => {
      const members = await threeOf(staying, going);
      await start(members);
      await writeThrough(members[0]!, 1);
      await members[2]!.stop();
      await stayersLead(members);
      await writeThrough(members[0]!, 2);
      await expectBack(members, 'diff');
    });

    test('by the difference, from the log on disk', async () => {
      const members = await threeOf(staying, going, { snapCount: 200 });
      await start(members);
      const session = await WireSession.open(members[0]!.port());
      for (let i = 0; i < 3; i++) await session.create(`/large-${i}`, Buffer.alloc(900_000, i));
      await session.ask(OpCode.CLOSE_SESSION);
      // Enough for a snapshot that has all this, and a log after it that has nothing of it.
      for (let round = 1; round < 5; round++) await writeThrough(members[0]!, round);
      await members[2]!.stop();
      await stayersLead(members);
      // More than a leader keeps in memory, and less than a third of the snapshot.
      for (let round = 5; round < 12; round++) await writeThrough(members[0]!, round);
      await expectBack(members, 'diff');
    });

    test('by a cut of what only it has', async () => {
      const members = await threeOf(staying, going);
      expect(await start(members)).toEqual(['follower', 'follower', 'leader']);
      const [first, second, leader] = members;
      await writeThrough(leader!, 1);
      const session = await WireSession.open(leader!.port());
      await Promise.all([first!.stop(), second!.stop()]);
      const answer = session.create('/never-decided', '').catch(() => 'never answered');
      await isInLog(leader!, '/never-decided');
      await leader!.stop();
      expect(await answer).toBe('never answered');
      await Promise.all([first!.start(), second!.start()]);
      // Before anything is written: nobody is told to cut beyond the beginning of an epoch.
      await stayersLead(members);
      await expectBack(members, 'trunc');
      expect(await exists(leader!, '/never-decided')).toBe(false);
    });

    test('by a snapshot', async () => {
      const members = await threeOf(staying, going, { isLogOff: true });
      await start(members);
      await writeThrough(members[0]!, 1);
      await members[2]!.stop();
      await stayersLead(members);
      // More than a leader keeps in memory.
      for (let round = 2; round < 9; round++) await writeThrough(members[0]!, round);
      await expectBack(members, 'snap');
    });
  });
});
