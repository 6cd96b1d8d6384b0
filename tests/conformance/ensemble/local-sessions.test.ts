/**
 * Local sessions, told to Apache's ensemble, to ours and to mixed ones: the same answers, and the same transactions.
 *
 * What is compared is a story: every answer in its order, what the words say of sessions, and then the leader's log.
 */
import { afterEach, describe, expect, test } from 'vitest';

import { codeName } from '../../../src-server/coordination/model/codes.ts';
import { OpCode, opName } from '../../../src-server/coordination/model/ops.ts';
import { CreateFlag } from '../../../src-server/coordination/model/request.ts';
import { readLogRecords } from '../../integration/journal/log-records.ts';
import { part, type Reply, WireSession } from '../../integration/journal/wire-session.ts';
import { startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnMember } from '../../peers/zabring-ensemble.ts';

const TICK_MS = 500;
const EPHEMERAL = { flags: CreateFlag.EPHEMERAL };

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

interface Member {
  readonly port: number;
  readonly dataDir: string;
}

interface Place {
  readonly id: number;
  readonly seats: Seats;
  readonly upgrading: boolean;
  /** Whether clients may read while there is no leader. */
  readonly readOnly?: boolean;
}

function folderPath(): string {
  const folder = temporaryFolder();
  owned.push({ close: () => folder[Symbol.dispose]() });
  return folder.path;
}

async function ours({ id, seats, upgrading, readOnly = false }: Place): Promise<Member> {
  const member = new OwnMember({
    id,
    folder: folderPath(),
    clientPort: await lastingPort(),
    servers: seats.lines,
    settings: {
      tickTimeMs: TICK_MS,
      compat: '3.8',
      localSessionsEnabled: true,
      localSessionsUpgradingEnabled: upgrading,
      readOnlyModeEnabled: readOnly,
    },
  });
  owned.push({ close: () => member.stop() });
  await member.start();
  return member;
}

async function apache({ id, seats, upgrading, readOnly = false }: Place): Promise<Member> {
  const running = await startApacheMember({
    folder: folderPath(),
    id,
    servers: seats.lines,
    settings: {
      tickTime: TICK_MS,
      localSessionsEnabled: true,
      localSessionsUpgradingEnabled: upgrading,
    },
    properties: { 'readonlymode.enabled': String(readOnly) },
  });
  owned.push({ close: () => running.kill() });
  return running;
}

async function modeOf({ port }: Member): Promise<string> {
  return until(
    'a member serves',
    async () => /Mode: (\S+)/.exec(await askWord(port, 'srvr', 1000))?.[1],
  );
}

/** What was said, in order, with names for whatever differs between two runs. */
class Story {
  readonly lines: string[] = [];
  readonly #names = new Map<bigint, string>();

  tell(what: string, outcome: unknown): void {
    this.lines.push(`${what}: ${String(outcome)}`);
  }

  async open(
    name: string,
    { port }: Member,
    timeoutMs = 10_000,
    readOnly = false,
  ): Promise<WireSession> {
    const session = await WireSession.open(port, { timeoutMs, readOnly });
    this.#names.set(session.id, name);
    return session;
  }

  async again(who: WireSession, { port }: Member, readOnly = false): Promise<WireSession | null> {
    const session = await WireSession.open(port, { again: who.key, readOnly }).catch(() => null);
    this.tell(`${this.nameOf(who.id)} comes back`, session === null ? 'gone' : 'welcome');
    return session;
  }

  async ask(what: string, reply: Promise<Reply>): Promise<void> {
    const { code, body } = await reply;
    const parts = body?.parts?.map((result) => codeName(result.code)).join(' ');
    // Java lists names and paths as they lie in its hash tables.
    const names = body?.names?.sort().join(' ');
    this.tell(what, [codeName(code), parts, names].filter((text) => text !== undefined).join(', '));
  }

  nameOf(id: bigint): string {
    return this.#names.get(id) ?? 'a stranger';
  }

  async sessionsAt({ port }: Member): Promise<void> {
    const figures = await askWord(port, 'mntr');
    const figure = (name: string): string =>
      new RegExp(`zk_${name}\\t(\\d+)`).exec(figures)?.[1] ?? 'unknown';
    this.tell('sessions', `${figure('local_sessions')} local, ${figure('global_sessions')} global`);
    const dump = await askWord(port, 'dump');
    const headings = dump
      .split('ephemeral nodes dump')[0]!
      .split('\n')
      .filter((line) => line.includes('Sessions(') || line.includes('Session Sets'));
    // How many deadlines there are is a matter of when one looks.
    this.tell('dump', headings.map((line) => line.replace(/\(\d+\)\//, '(_)/')).join(' '));
    const sids = [...dump.matchAll(/^\t?0x([0-9a-f]+)(?:$|\t)/gm)].map(([, hex]) =>
      this.nameOf(BigInt.asIntN(64, BigInt(`0x${hex}`))),
    );
    this.tell('dump names', sids.sort().join(' '));
  }

  log({ dataDir }: Member): void {
    for (const { txn } of readLogRecords(dataDir)) {
      const parts = txn.ops?.map((op) => `${opName(op.type)} ${op.path || codeName(op.error)}`);
      const paths = txn.paths === null ? null : [...txn.paths].sort().join(' ');
      const what = parts?.join(', ') ?? paths ?? txn.path;
      const outcome = txn.type === OpCode.ERROR ? codeName(txn.error) : what;
      this.lines.push(`${this.nameOf(txn.sessionId)} ${txn.cxid} ${opName(txn.type)} ${outcome}`);
    }
  }
}

/** One client's life at a member. */
async function live(story: Story, name: string, here: Member, elsewhere: Member): Promise<void> {
  story.lines.push(`--- ${name}`);
  const session = await story.open(name, here);
  const helper = await story.open(`${name}'s helper`, elsewhere);
  await story.ask('create', session.create(`/${name}`, 'one'));
  await story.ask('set', session.set(`/${name}`, 'two'));
  await story.ask('sync', session.ask(OpCode.SYNC, { path: '/' }));
  await story.ask('read', session.ask(OpCode.GET_DATA, { path: `/${name}`, watch: true }));
  await story.ask('helper', helper.set(`/${name}`, 'three'));
  await until('the watch fires', () => session.notifications === 1);
  await story.sessionsAt(here);

  await session.drop();
  const back = (await story.again(session, here))!;
  await story.ask('delete what is not', back.delete(`/${name}/none`));
  await story.again(session, elsewhere);

  // Sent at once: every answer in its place, and a read sees the writes before it.
  const busy = (await story.again(session, here))!;
  await Promise.all([
    story.ask('1 create', busy.create(`/${name}/a`)),
    story.ask('2 ephemeral', busy.create(`/${name}/e`, '', EPHEMERAL)),
    story.ask('3 children', busy.ask(OpCode.GET_CHILDREN, { path: `/${name}` })),
    story.ask('4 ephemeral', busy.create(`/${name}/f`, '', EPHEMERAL)),
    story.ask(
      '5 group',
      busy.multi(
        part(OpCode.SET_DATA, `/${name}/a`),
        part(OpCode.CREATE, `/${name}/g`, EPHEMERAL),
        part(OpCode.CREATE, `/${name}/h`),
      ),
    ),
    story.ask('6 children', busy.ask(OpCode.GET_CHILDREN, { path: `/${name}` })),
    story.ask('7 ephemerals', busy.ask(OpCode.GET_EPHEMERALS, { path: `/${name}` })),
  ]);
  await story.sessionsAt(here);
  await busy.drop();
  const moved = await story.again(session, elsewhere);
  const home = moved ?? (await story.again(session, here))!;
  await Promise.all([
    story.ask('last write', home.delete(`/${name}/a`)),
    story.ask('goodbye', home.ask(OpCode.CLOSE_SESSION)),
  ]);
  await story.again(session, here);
  await story.ask('helper’s goodbye', helper.ask(OpCode.CLOSE_SESSION));
  await story.sessionsAt(here);

  const group = await story.open(`${name}'s group`, here);
  await story.ask(
    'group first',
    group.multi(part(OpCode.CREATE, `/${name}/g`), part(OpCode.CREATE, `/${name}/i`, EPHEMERAL)),
  );
  await story.ask('group’s goodbye', group.ask(OpCode.CLOSE_SESSION));

  const silent = await story.open(`${name}'s silent`, here, 2 * TICK_MS);
  await silent.drop();
  await until('the silent one expires', async () =>
    (await askWord(here.port, 'mntr')).includes('zk_local_sessions\t0'),
  );
  await story.again(silent, here);
}

async function storyOf(
  [follower, leader, observer]: readonly [Make, Make, Make],
  upgrading: boolean,
): Promise<string[]> {
  const seats = await takeSeats('participant', 'participant', 'observer');
  const voters = await Promise.all([
    follower({ id: 1, seats, upgrading }),
    leader({ id: 2, seats, upgrading }),
  ]);
  const modes = await Promise.all(voters.map(modeOf));
  const last = await observer({ id: 3, seats, upgrading });
  modes.push(await modeOf(last));
  expect(modes).toEqual(['follower', 'leader', 'observer']);
  const story = new Story();
  await live(story, 'at the leader', voters[1], voters[0]);
  await live(story, 'at the follower', voters[0], voters[1]);
  await live(story, 'at the observer', last, voters[0]);
  story.lines.push('--- log');
  story.log(voters[1]);
  return story.lines;
}

/** Of a member that finds no other. */
async function cutOffStoryOf(make: Make): Promise<string[]> {
  const seats = await takeSeats('participant', 'participant');
  const member = await make({ id: 1, seats, upgrading: true, readOnly: true });
  await until('it lets clients read', async () => (await modeOf(member)) === 'read-only');
  const story = new Story();
  const session = await story.open('a reader', member, 10_000, true);
  await story.ask('read', session.ask(OpCode.GET_CHILDREN, { path: '/' }));
  await Promise.all([
    story.ask('write', session.create('/a')),
    story.ask('ephemeral', session.create('/b', '', EPHEMERAL)),
    story.ask('sync', session.ask(OpCode.SYNC, { path: '/' })),
    story.ask('exists', session.ask(OpCode.EXISTS, { path: '/a' })),
  ]);
  await story.sessionsAt(member);
  await session.drop();
  const back = (await story.again(session, member, true))!;
  await story.ask('goodbye', back.ask(OpCode.CLOSE_SESSION));
  await story.sessionsAt(member);
  const silent = await story.open('a silent reader', member, 2 * TICK_MS, true);
  await silent.drop();
  await until('it expires', async () =>
    (await askWord(member.port, 'mntr')).includes('zk_local_sessions\t0'),
  );
  return story.lines;
}

type Make = (place: Place) => Promise<Member>;

describeWith([APACHE], 'local sessions', () => {
  test('are what readers have at a member that is cut off, as at Apache’s', async () => {
    const theirs = await cutOffStoryOf(apache);
    expect(await cutOffStoryOf(ours)).toEqual(theirs);
  });

  describe.each([
    ['that may become the ensemble’s', true],
    ['that stay local', false],
  ] as const)('%s', (_, upgrading) => {
    let expected: string[] | null = null;

    async function apaches(): Promise<string[]> {
      expected ??= await storyOf([apache, apache, apache], upgrading);
      return expected;
    }

    test.each([
      ['ours', [ours, ours, ours]],
      ['ours led by Apache', [ours, apache, ours]],
      ['Apache’s led by ours', [apache, ours, apache]],
    ] as const)('%s live as Apache’s do', async (_title, members) => {
      const theirs = await apaches();
      expect(await storyOf(members, upgrading)).toEqual(theirs);
    });

    test('M4: no transaction says anything of them before that', async () => {
      const theirs = await apaches();
      const log = theirs.slice(theirs.indexOf('--- log') + 1);
      const made = log.filter((line) => line.includes('createSession'));
      expect(made).toHaveLength(upgrading ? 6 : 0);
      const ended = log.filter((line) => line.includes('closeSession'));
      expect(ended).toHaveLength(made.length);
    });
  });
});
