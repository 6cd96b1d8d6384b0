/**
 * A member that lost its data has no say (db.autocreate=false). Otherwise it and one that was away would be a quorum that knows
 * nothing of what it acknowledged itself.
 */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnMember } from '../../peers/zabring-ensemble.ts';

const TICK_MS = 1000;

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

interface Member {
  readonly id: number;
  readonly own: OwnMember | null;
  readonly dataDir: string;
  readonly port: () => number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function ours(id: number, seats: Seats): Promise<Member> {
  const folder = temporaryFolder();
  const own = new OwnMember({
    id,
    folder: folder.path,
    clientPort: await lastingPort(),
    servers: seats.lines,
    settings: { tickTimeMs: TICK_MS, compat: '3.8' },
    lines: ['db.autocreate=false'],
  });
  owned.push({ close: () => folder[Symbol.dispose]() }, { close: () => own.stop() });
  return {
    id,
    own,
    dataDir: own.dataDir,
    port: () => own.port,
    start: () => own.start(),
    stop: () => own.stop(),
  };
}

function apache(id: number, seats: Seats): Member {
  const folder = temporaryFolder();
  const dataDir = path.join(folder.path, 'data');
  let running: ApacheMember | null = null;
  const stop = async (): Promise<void> => {
    await running?.kill();
    running = null;
  };
  owned.push({ close: () => folder[Symbol.dispose]() }, { close: stop });
  return {
    id,
    own: null,
    dataDir,
    port: () => running!.port,
    start: async () => {
      running = await startApacheMember({
        folder: folder.path,
        id,
        servers: seats.lines,
        settings: { tickTime: TICK_MS, 'db.autocreate': false },
      });
    },
    stop,
  };
}

function serves(member: Member): Promise<unknown> {
  return until(`member ${member.id} serves`, async () =>
    (await askWord(member.port(), 'srvr', 1000)).includes('Mode: '),
  );
}

function clientOf(member: Member): Client {
  const client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${member.port()}`,
    sessionTimeoutMs: 10_000,
  });
  owned.push({ close: () => client.close().catch(() => undefined) });
  return client;
}

/** The first start of all: an operator says that it is one. */
function allow({ dataDir }: Member): void {
  fs.mkdirSync(dataDir, { recursive: true });
  fs.writeFileSync(path.join(dataDir, 'initialize'), '');
}

describeWith([APACHE], 'a member without its data', () => {
  test.each([
    ['ours among Apache’s', apache, ours],
    ['Apache’s among ours', ours, apache],
  ])('%s', async (_, others, wiped) => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const knows = await Promise.resolve(others(1, seats));
    const forgets = await Promise.resolve(wiped(2, seats));
    const away = await Promise.resolve(others(3, seats));
    for (const member of [knows, forgets, away]) allow(member);
    await Promise.all([knows, forgets, away].map((member) => member.start()));
    await Promise.all([knows, forgets, away].map(serves));
    expect(fs.existsSync(path.join(forgets.dataDir, 'initialize'))).toBe(false);
    await clientOf(knows).create('/all-know', null);

    await away.stop();
    await serves(forgets);
    const client = clientOf(forgets);
    await until('two of three write', async () => {
      await client.create('/acknowledged', null).catch(() => undefined);
      return client.exists('/acknowledged');
    });
    await client.close();
    await forgets.stop();
    await knows.stop();
    fs.rmSync(path.join(forgets.dataDir, 'version-2'), { recursive: true });

    await forgets.start();
    await away.start();
    const [looker, other] = forgets.own === null ? [away.own!, forgets] : [forgets.own, away];
    const heard = (): number =>
      looker.ensemble.peers.find(({ peer }) => peer === other.id)?.received ?? 0;
    await until('they told each other a few times', () => heard() >= 4);
    expect(looker.ensemble.status.role).toBe('looking');

    await knows.start();
    await Promise.all([knows, forgets, away].map(serves));
    for (const member of [knows, forgets, away]) {
      const again = clientOf(member);
      await again.sync('/');
      expect(await again.exists('/acknowledged')).not.toBeNull();
      expect(await again.exists('/all-know')).not.toBeNull();
    }
    // It has what it needs to begin by itself again.
    await forgets.stop();
    await forgets.start();
    await serves(forgets);
  });
});
