/** An ensemble of Apache's members and ours: what both kinds can do, what is written through them, and what must be alike. */
import path from 'node:path';

import { afterEach, expect } from 'vitest';

import type { Settings } from '../../../src-server/config/settings.ts';
import { Client } from '../../../src-server/coordination/client/client.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { treeOf } from '../../integration/journal/tree-of.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import type { Seat, Seats } from '../../peers/apache-ensemble.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnMember } from '../../peers/zabring-ensemble.ts';

const TICK_MS = 1000;

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

/** One member of either kind. */
export interface Member {
  readonly id: number;
  readonly role: Seat['role'];
  readonly port: () => number;
  readonly dataDir: string;
  /** Every log line of ours; Apache's keeps silent. */
  readonly log: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What all members of an ensemble are set to, of either kind. */
export interface Manner {
  /** Reconfiguration is on, and anybody may ask for it. */
  readonly isOpen?: boolean;
  /** Never bring a member up to date from the log on disk. */
  readonly isLogOff?: boolean;
  /** About how many transactions lie between two snapshots. */
  readonly snapCount?: number;
}

function folderPath(): string {
  const folder = temporaryFolder();
  owned.push({ close: () => folder[Symbol.dispose]() });
  return folder.path;
}

export async function ours(id: number, seats: Seats, manner: Manner = {}): Promise<Member> {
  const settings: Partial<Settings> = {
    tickTimeMs: TICK_MS,
    compat: '3.8',
    reconfigEnabled: manner.isOpen === true,
    skipAcl: manner.isOpen === true,
    ...(manner.isLogOff === true ? { snapshotSizeFactor: -1 } : {}),
    ...(manner.snapCount === undefined ? {} : { snapCount: manner.snapCount }),
  };
  const member = new OwnMember({
    id,
    folder: folderPath(),
    clientPort: await lastingPort(),
    servers: seats.lines,
    settings,
  });
  owned.push({ close: () => member.stop() });
  return {
    id,
    role: seats.of(id).role,
    port: () => member.port,
    dataDir: member.dataDir,
    log: member.log,
    start: () => member.start(),
    stop: () => member.stop(),
  };
}

export function apache(id: number, seats: Seats, manner: Manner = {}): Member {
  const folder = folderPath();
  let running: ApacheMember | null = null;
  const stop = async (): Promise<void> => {
    await running?.kill();
    running = null;
  };
  owned.push({ close: stop });
  return {
    id,
    role: seats.of(id).role,
    port: () => running!.port,
    dataDir: path.join(folder, 'data'),
    log: [],
    start: async () => {
      running = await startApacheMember({
        folder,
        id,
        servers: seats.lines,
        settings: {
          tickTime: TICK_MS,
          // KiB. What is preallocated counts where a log is weighed against a snapshot.
          preAllocSize: 64,
          ...(manner.isOpen === true ? { reconfigEnabled: true, skipACL: 'yes' } : {}),
          ...(manner.isLogOff === true ? { snapshotSizeFactor: -1 } : {}),
          ...(manner.snapCount === undefined ? {} : { snapCount: manner.snapCount }),
        },
      });
    },
    stop,
  };
}

export async function modeOf(member: Member): Promise<string> {
  return until(`member ${member.id} serves`, async () => {
    const text = await askWord(member.port(), 'srvr', 1000);
    return /Mode: (\S+)/.exec(text)?.[1];
  });
}

export function clientOf(...members: readonly Member[]): Client {
  const client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: members.map(({ port }) => `127.0.0.1:${port()}`).join(','),
    sessionTimeoutMs: 10_000,
  });
  owned.push({ close: () => client.close().catch(() => undefined) });
  return client;
}

/** Something of every kind, through this member. */
export async function writeThrough(member: Member, round: number): Promise<void> {
  await modeOf(member);
  const client = clientOf(member);
  const top = `/${round}-${member.id}`;
  await client.create(top, Buffer.from('one'));
  await client.setData(top, Buffer.from(`two of ${member.id}`), 0);
  await client.create(`${top}/gone`, null);
  await client.delete(`${top}/gone`, -1);
  await client.create(`${top}/seq-`, null, { mode: 'persistent-sequential' });
  await client.create(`${top}/container`, null, { mode: 'container' });
  await client.create(`${top}/mine`, null, { mode: 'ephemeral' });
  await client.setAcl(top, [{ permissions: 31, scheme: 'ip', id: '127.0.0.1' }], 0);
  await client.multi([
    { kind: 'check', path: top, version: 1 },
    { kind: 'create', path: `${top}/of-a-group`, data: Buffer.alloc(2000, round) },
    { kind: 'set', path: top, data: Buffer.from('three'), version: 1 },
  ]);
  const refused = await client.multi([
    { kind: 'create', path: `${top}/never`, data: null },
    { kind: 'check', path: top, version: 1 },
  ]);
  expect(refused.map(({ code }) => code)).toEqual([0, -103]);
  await expect(client.create(top, null)).rejects.toThrow();
  await client.sync('/');
  expect((await client.getData(top)).data?.toString()).toBe('three');
  // Every 128th digest is kept, and comparing two of them says much.
  await Promise.all(Array.from({ length: 80 }, (_, i) => client.create(`${top}/n-${i}`, null)));
  await client.close();
}

/** Equal trees, and equal digests wherever two members have kept one of the same transaction. */
export async function expectAlike(members: readonly Member[]): Promise<void> {
  const sessions: WireSession[] = [];
  for (const member of members) sessions.push(await WireSession.open(member.port()));
  for (const session of sessions) await session.ask(OpCode.SYNC, { path: '/' });
  const trees = await Promise.all(
    sessions.map(async (session) => (await treeOf(session)).map(withoutOwnTime)),
  );
  for (const tree of trees) expect(tree).toEqual(trees[0]);
  for (const session of sessions) await session.ask(OpCode.CLOSE_SESSION);
  const digests = new Map<string, Set<string>>();
  for (const member of members)
    for (const line of (await askWord(member.port(), 'hash')).trim().split('\n')) {
      const [zxid = '', digest = ''] = line.split(': ');
      if (zxid === '') continue;
      digests.set(zxid, (digests.get(zxid) ?? new Set()).add(digest));
    }
  expect(digests.size).toBeGreaterThan(0);
  for (const [zxid, different] of digests) expect([zxid, ...different]).toHaveLength(2);
}

/** Of a configuration that no transaction made, each member says when it wrote it there. */
function withoutOwnTime(line: string): string {
  return line.startsWith('/zookeeper/config ') ? line.replace(/mtime=\d+/, '') : line;
}

/** The first and the last begin, so that it is the last who leads, however long it takes to start. */
export async function start([first, second, third]: readonly Member[]): Promise<string[]> {
  const quorum = third!.role === 'observer' ? [first!, second!] : [first!, third!];
  await Promise.all(quorum.map((member) => member.start()));
  await Promise.all(quorum.map(modeOf));
  const rest = third!.role === 'observer' ? third! : second!;
  await rest.start();
  return Promise.all([first!, second!, third!].map(modeOf));
}
