/** Members of Apache's and ours that speak TLS with each other, and the way there from plain without a stop. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { Authority, type MemberFiles, PASSWORD } from '../../peers/certificates.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, CERTIFICATE_TOOLS, describeWith } from '../../peers/peers.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnMember } from '../../peers/zabring-ensemble.ts';

const TICK_MS = 1000;

type Lines = Readonly<Record<string, string | boolean>>;

/** One member of either kind; it can be started again with another configuration. */
interface Member {
  readonly id: number;
  readonly own: OwnMember | null;
  readonly port: () => number;
  start(lines: Lines): Promise<void>;
  stop(): Promise<void>;
}

describeWith([APACHE, CERTIFICATE_TOOLS], 'TLS between members', () => {
  const files = temporaryFolder();
  const owned: { close(): unknown }[] = [];
  let authority: Authority;
  let trust: { readonly jks: string; readonly pkcs12: string; readonly pem: string };
  let keys: readonly MemberFiles[];

  beforeAll(() => {
    authority = new Authority(files.path);
    trust = {
      jks: authority.trustStore('jks'),
      pkcs12: authority.trustStore('pkcs12'),
      pem: authority.pem,
    };
    keys = [1, 2, 3].map((id) => authority.issue({ name: `member-${id}` }));
  });
  afterEach(async () => {
    for (const thing of owned.splice(0).reverse()) await thing.close();
  });
  afterAll(() => files[Symbol.dispose]());

  function folderPath(): string {
    const folder: Folder = temporaryFolder();
    owned.push({ close: () => folder[Symbol.dispose]() });
    return folder.path;
  }

  async function ours(id: number, seats: Seats): Promise<Member> {
    const own = new OwnMember({
      id,
      folder: folderPath(),
      clientPort: await lastingPort(),
      servers: seats.lines,
      settings: { tickTimeMs: TICK_MS, compat: '3.8' },
    });
    owned.push({ close: () => own.stop() });
    return {
      id,
      own,
      port: () => own.port,
      start: (lines) => {
        own.configure(Object.entries(lines).map(([key, value]) => `${key}=${String(value)}`));
        return own.start();
      },
      stop: () => own.stop(),
    };
  }

  function apache(id: number, seats: Seats): Member {
    const folder = folderPath();
    let running: ApacheMember | null = null;
    const stop = async (): Promise<void> => {
      await running?.kill();
      running = null;
    };
    owned.push({ close: stop });
    return {
      id,
      own: null,
      port: () => running!.port,
      start: async (lines) => {
        const settings = { tickTime: TICK_MS, ...lines };
        running = await startApacheMember({ folder, id, servers: seats.lines, settings });
      },
      stop,
    };
  }

  function storesOf(id: number, kind: keyof MemberFiles): Lines {
    return {
      'ssl.quorum.keyStore.location': keys[id - 1]![kind],
      'ssl.quorum.keyStore.password': kind === 'pem' ? '' : PASSWORD,
      'ssl.quorum.trustStore.location': trust[kind],
      'ssl.quorum.trustStore.password': kind === 'pem' ? '' : PASSWORD,
      ...(kind === 'pkcs12' ? { 'ssl.quorum.trustStore.type': 'PKCS12' } : {}),
    };
  }

  function modeOf(member: Member): Promise<string> {
    return until(`member ${member.id} serves`, async () => {
      const text = await askWord(member.port(), 'srvr', 1000);
      return /Mode: (\S+)/.exec(text)?.[1];
    });
  }

  async function expectWrites(members: readonly Member[], name: string): Promise<void> {
    for (const member of members) {
      await modeOf(member);
      const client = new Client({
        platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
        connect: `127.0.0.1:${member.port()}`,
        sessionTimeoutMs: 10_000,
      });
      owned.push({ close: () => client.close().catch(() => undefined) });
      await client.create(`/${name}-${member.id}`, Buffer.from(name));
      await client.sync('/');
      expect((await client.getChildren('/')).names).toContain(`${name}-${members[0]!.id}`);
      await client.close();
    }
  }

  function areEncrypted(members: readonly Member[], is: boolean): boolean {
    return members
      .flatMap(({ own }) => own?.ensemble.peers ?? [])
      .every(({ isSecure }) => isSecure === null || isSecure === is);
  }

  test.each([
    ['one of Apache and two of ours', [apache, ours, ours], ['jks', 'pem', 'pkcs12']],
    ['two of Apache and one of ours', [apache, ours, apache], ['pkcs12', 'jks', 'pem']],
  ] as const)('%s', async (_, kinds, forms) => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members: Member[] = [];
    for (const [i, make] of kinds.entries())
      members.push(await Promise.resolve(make(i + 1, seats)));
    const start = (member: Member): Promise<void> =>
      member.start({ sslQuorum: true, ...storesOf(member.id, forms[member.id - 1]!) });
    await Promise.all(members.map(start));
    await Promise.all(members.map(modeOf));
    await expectWrites(members, 'first');
    expect(areEncrypted(members, true)).toBe(true);
    // Each goes once, whoever leads.
    for (const member of members) {
      const others = members.filter((other) => other !== member);
      await member.stop();
      await until('one of the others leads', async () =>
        (await Promise.all(others.map(modeOf))).includes('leader'),
      );
      await expectWrites(others, `without-${member.id}`);
      await start(member);
      await expectWrites([member], 'back');
    }
  });

  test('from plain to TLS, one member after the other, without a stop', async () => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members = [apache(1, seats), await ours(2, seats), await ours(3, seats)];
    await Promise.all(members.map((member) => member.start({})));
    await Promise.all(members.map(modeOf));
    await expectWrites(members, 'plain');
    expect(areEncrypted(members, false)).toBe(true);
    for (const [name, lines] of [
      ['both-taken-in', { portUnification: true }],
      ['both-dialled', { sslQuorum: true, portUnification: true }],
      ['tls-only', { sslQuorum: true }],
    ] as const) {
      for (const member of members) {
        await member.stop();
        await member.start({
          ...lines,
          ...storesOf(member.id, member.own === null ? 'jks' : 'pem'),
        });
        await modeOf(member);
        await until('all serve', async () => (await Promise.all(members.map(modeOf))).length === 3);
        await expectWrites(members, `${name}-${member.id}`);
      }
    }
    expect(areEncrypted(members, true)).toBe(true);
  });

  test('a member of Apache’s whom nobody vouches for is kept out, and it is said why', async () => {
    const stranger = new Authority(files.path, 'stranger');
    const strange = stranger.issue({ name: 'strange' });
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members = [await ours(1, seats), await ours(2, seats), apache(3, seats)];
    const [first, second, third] = members;
    for (const member of [first!, second!])
      await member.start({ sslQuorum: true, ...storesOf(member.id, 'pkcs12') });
    await third!.start({
      ...{ sslQuorum: true, ...storesOf(3, 'jks') },
      'ssl.quorum.keyStore.location': strange.jks,
    });
    await expectWrites([first!, second!], 'two');
    // Asked for a certificate that its peer would believe, Java shows none.
    const told = (member: Member): boolean =>
      member.own!.log.some((line) => line.includes('it shows no certificate'));
    await until('one of them says so', () => told(first!) || told(second!));
    expect(await askWord(third!.port(), 'srvr', 2000)).not.toContain('Mode:');
  });
});
