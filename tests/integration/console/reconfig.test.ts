/** Who belongs to an ensemble, changed from the console: ensembles of ours and of Apache's servers, and what they refuse. */
import { afterEach, describe, expect, test } from 'vitest';

import type {
  ConfiguredMember,
  Membership,
  MembershipChange,
} from '#contract/membership-models.ts';
import type { ReconfigPlan } from '#contract/reconfig-plan-models.ts';
import type { RpcClient } from '#rpc/client.ts';

import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { takeSeats } from '../../peers/apache-ensemble.ts';
import { startConsole } from '../../peers/console.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { startZabring } from '../../peers/zabring.ts';
import { OwnEnsemble, OwnMember } from '../../peers/zabring-ensemble.ts';

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** `super:test`, as servers know it. */
const SUPER_DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';
const SUPER = { scheme: 'digest', auth: 'super:test' };
const GUARDED = { reconfigEnabled: true, superDigest: SUPER_DIGEST };
const VOTERS = ['participant', 'participant', 'participant'] as const;

/** A cluster in a console, as one page asks for it. */
class Page {
  readonly rpc: RpcClient;
  readonly cluster: string;

  constructor(rpc: RpcClient, cluster: string) {
    this.rpc = rpc;
    this.cluster = cluster;
  }

  async connect(...credentials: readonly (typeof SUPER)[]): Promise<void> {
    await this.rpc.call('clusters.connect', { id: this.cluster, credentials });
  }

  config(): Promise<Membership> {
    return this.rpc.call('ensemble.config', { cluster: this.cluster });
  }

  async plan(change: MembershipChange): Promise<ReconfigPlan> {
    const { version: fromVersion } = await this.config();
    const order = { fromVersion, change };
    return this.rpc.call('ensemble.planReconfig', { cluster: this.cluster, order });
  }

  /** @returns the new version, or the code of the error */
  async order(change: MembershipChange, from?: number): Promise<number | string> {
    const fromVersion = from ?? (await this.config()).version;
    const order = { fromVersion, change };
    return this.rpc
      .call('ensemble.reconfigure', { cluster: this.cluster, order })
      .then(({ version }) => version)
      .catch((error: unknown) => (error as { code: string }).code);
  }

  /** A member as it is, with its client address told, and different in this. */
  async changed(id: number, change: Partial<ConfiguredMember>): Promise<ConfiguredMember> {
    const { members, clients } = await this.config();
    const member = members.find((one) => one.id === id)!;
    const client = member.client ?? clients.find((one) => one.id === id)!.at;
    return { ...member, client, ...change };
  }
}

async function open(connect: string, ...credentials: readonly (typeof SUPER)[]): Promise<Page> {
  const folder = temporaryFolder();
  cleanUps.push(() => folder[Symbol.dispose]());
  const own = await startZabring(folder.path);
  cleanUps.push(() => own.stop());
  const console = startConsole({ server: own.server, directory: folder.path });
  cleanUps.push(() => console[Symbol.dispose]());
  const { id } = await console.rpc.call('clusters.add', {
    name: 'theirs',
    connect,
    environment: 'lab',
    sessionTimeoutMs: 10_000,
    canBeReadOnly: true,
  });
  const page = new Page(console.rpc, id);
  await page.connect(...credentials);
  const subscription = console.rpc.subscribe(
    'ensemble.members',
    { cluster: id },
    { onEvent: () => undefined, onEnd: () => undefined },
  );
  cleanUps.push(() => subscription.close());
  return page;
}

function step(
  joining: readonly ConfiguredMember[],
  leaving: readonly number[] = [],
): MembershipChange {
  return { kind: 'step', joining, leaving };
}

const kinds = ({ refusals, warnings }: ReconfigPlan) => ({
  refusals: refusals.map(({ kind }) => kind),
  warnings: warnings.map(({ kind }) => kind),
});

const standingsOf = ({ standings }: Membership): string => standings.map(({ kind }) => kind).join();

async function everybodyIsHeard(page: Page, count: number): Promise<void> {
  await until(
    'everybody is heard',
    async () => standingsOf(await page.config()).match(/leads|follows|observes/g)?.length === count,
  );
}

describe('an ensemble of ours', () => {
  async function start(settings: Parameters<typeof OwnEnsemble.start>[1]): Promise<OwnEnsemble> {
    const ensemble = await OwnEnsemble.start(VOTERS, settings);
    cleanUps.push(() => ensemble.close());
    return ensemble;
  }

  const connectString = (ensemble: OwnEnsemble): string =>
    ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');

  test('what is missing is said: a superuser, or the setting', async () => {
    const guarded = await start(GUARDED);
    const page = await open(`${connectString(guarded)}/below/a/chroot`);
    const stranger = guarded.followers[0]!.id;
    await everybodyIsHeard(page, 3);
    const before = await page.config();
    expect(before).toMatchObject({ version: 0x1_0000_0000, isGrouped: false });
    expect(before.members.map(({ id, role }) => [id, role])).toEqual([
      [1, 'participant'],
      [2, 'participant'],
      [3, 'participant'],
    ]);
    expect(before.clients.map(({ id, at }) => [id, at.port])).toEqual(
      guarded.members.map(({ id, port }) => [id, port]),
    );
    const observing = step([await page.changed(stranger, { role: 'observer' })]);
    expect(await page.order(observing)).toBe('no-auth');

    const closed = await start({});
    const disabled = await open(connectString(closed), SUPER);
    const change = step([], [closed.followers[0]!.id]);
    expect(kinds(await disabled.plan(change)).warnings).toContain('unversioned');
    expect(await disabled.order(change)).toBe('reconfig-disabled');
  });

  test('a voter observes and votes again; who was late is told so', async () => {
    const ensemble = await start(GUARDED);
    const page = await open(connectString(ensemble));
    const { id } = ensemble.followers[0]!;
    await everybodyIsHeard(page, 3);
    const asNobody = await page.config();
    expect(asNobody.mayWrite).toBe(false);
    const observing = step([await page.changed(id, { role: 'observer' })]);
    expect(kinds(await page.plan(observing))).toEqual({
      refusals: [],
      warnings: ['no-access', 'even-voters', 'none-may-fail'],
    });
    await page.connect(SUPER);
    await until('the superuser is known', async () => (await page.config()).mayWrite === true);
    const version = await page.order(observing);
    expect(version).toBeGreaterThan(asNobody.version);
    expect(await page.order(step([], [id]), asNobody.version)).toBe('bad-version');
    await until('it observes', async () => standingsOf(await page.config()).includes('observes'));
    const now = await page.config();
    expect(now.version).toBe(version);
    expect(now.members.find((one) => one.id === id)?.role).toBe('observer');

    const voting = step([await page.changed(id, { role: 'participant' })]);
    expect(kinds(await page.plan(voting))).toEqual({
      refusals: [],
      warnings: ['voters-observing'],
    });
    expect(await page.order(voting)).toBeGreaterThan(now.version);
    await until('it follows', async () => !standingsOf(await page.config()).includes('observes'));
  });

  test('a step that would lose the quorum is not sent', async () => {
    const ensemble = await start({ reconfigEnabled: true, skipAcl: true });
    const page = await open(connectString(ensemble));
    const [gone, rest] = ensemble.followers;
    await everybodyIsHeard(page, 3);
    await gone!.stop();
    await until('it is missed', async () => standingsOf(await page.config()).includes('unheard'));
    const before = await page.config();
    const leaving = step([], [rest!.id]);
    expect(kinds(await page.plan(leaving)).refusals).toEqual(['new-quorum-absent']);
    expect(await page.order(leaving)).toBe('reconfig-refused');
    expect((await page.config()).version).toBe(before.version);
    // Without the one that is down two are left, and both are there.
    expect(await page.order(step([], [gone!.id]))).toBeGreaterThan(before.version);
    expect((await page.config()).members.map(({ id }) => id)).not.toContain(gone!.id);
  });

  test('a fourth joins, and the leader leaves, the console’s own member', async () => {
    const ensemble = await start(GUARDED);
    const { leader, seats } = ensemble;
    const page = await open(connectString(ensemble), SUPER);
    await everybodyIsHeard(page, 3);
    const addresses = [
      { host: '127.0.0.1', quorumPort: await lastingPort(), electionPort: await lastingPort() },
    ];
    const port = await lastingPort();
    const { quorumPort, electionPort } = addresses[0]!;
    const folder = temporaryFolder();
    cleanUps.push(() => folder[Symbol.dispose]());
    const fourth: ConfiguredMember = {
      id: 4,
      role: 'participant',
      addresses,
      client: { host: '127.0.0.1', port },
      secureClient: null,
      group: null,
      weight: 1,
    };
    expect(kinds(await page.plan(step([fourth])))).toEqual({
      refusals: [],
      warnings: ['even-voters', 'none-may-fail', 'voters-unheard'],
    });
    const member = new OwnMember({
      id: 4,
      folder: folder.path,
      clientPort: port,
      servers: new Map([
        ...seats.lines,
        [4, `127.0.0.1:${quorumPort}:${electionPort}:participant`],
      ]),
      settings: GUARDED,
    });
    cleanUps.push(() => member.stop());
    await member.start();
    await member.isServing();
    const planned = await page.plan(step([fourth]));
    expect(planned.after).toMatchObject({ needed: 3, alive: 4, isMet: true, mayFail: 1 });
    expect(kinds(planned)).toEqual({ refusals: [], warnings: ['even-voters'] });
    const joined = await page.order(step([fourth]));
    expect(joined).toBeGreaterThan(0x1_0000_0000);

    const there = await open(`127.0.0.1:${leader.port}`, SUPER);
    expect(kinds(await there.plan(step([], [leader.id]))).warnings).toContain('leader-leaves');
    expect(await there.order(step([], [leader.id]))).toBeGreaterThan(joined as number);
    await until('another one leads', async () =>
      standingsOf(await page.config()).includes('leads'),
    );
    expect((await page.config()).members.map(({ id }) => id)).not.toContain(leader.id);
  });

  test('groups come and go with whole lists, and with nothing less', async () => {
    const ensemble = await start({ reconfigEnabled: true, skipAcl: true });
    const page = await open(connectString(ensemble));
    await everybodyIsHeard(page, 3);
    const { members } = await page.config();
    const grouped = members.map((member) => ({ ...member, group: 1, weight: member.id }));
    const change: MembershipChange = { kind: 'whole', members: grouped };
    const planned = await page.plan(change);
    // 1 + 2 is half of the group's weight only, and 3 is missed as soon as it fails.
    expect(planned.after).toMatchObject({ needed: null, alive: 3, isMet: true, mayFail: 0 });
    // The list alone does not show that these servers ask nobody.
    expect(kinds(planned)).toEqual({ refusals: [], warnings: ['no-access', 'none-may-fail'] });
    const version = await page.order(change);
    expect(version).toBeGreaterThan(0x1_0000_0000);
    const now = await page.config();
    expect(now).toMatchObject({ version, isGrouped: true, members: grouped });

    await everybodyIsHeard(page, 3);
    const leaving = step([], [1]);
    expect(kinds(await page.plan(leaving)).refusals).toEqual(['step-with-groups']);
    expect(await page.order(leaving)).toBe('reconfig-refused');
    const rest = grouped.filter(({ id }) => id !== 1);
    expect(await page.order({ kind: 'whole', members: rest })).toBeGreaterThan(version as number);
    expect((await page.config()).members.map(({ id }) => id)).toEqual([2, 3]);
  });

  test('a server on its own has no members', async () => {
    const folder = temporaryFolder();
    cleanUps.push(() => folder[Symbol.dispose]());
    const server = await startZabring(folder.path);
    cleanUps.push(() => server.stop());
    const page = await open(`127.0.0.1:${server.port}`);
    await expect(page.config()).rejects.toMatchObject({ code: 'not-an-ensemble' });
  });
});

describeWith([APACHE], 'an ensemble of Apache’s servers', () => {
  async function start(
    settings: Readonly<Record<string, string | boolean>>,
    ...roles: readonly ('participant' | 'observer')[]
  ): Promise<ApacheMember[]> {
    const seats = await takeSeats(...roles);
    const members: ApacheMember[] = [];
    for (const id of seats.lines.keys()) {
      const folder = temporaryFolder();
      cleanUps.push(() => folder[Symbol.dispose]());
      const member = await startApacheMember({
        folder: folder.path,
        id,
        servers: seats.lines,
        settings,
        properties: { 'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST },
        heap: '96m',
      });
      cleanUps.push(() => member.kill());
      members.push(member);
    }
    for (const member of members) await member.isServing();
    return members;
  }

  test('is changed by its superuser, one step after the other', async () => {
    const members = await start({ reconfigEnabled: true }, ...VOTERS, 'observer');
    const page = await open(members.map(({ port }) => `127.0.0.1:${port}`).join(','));
    await everybodyIsHeard(page, 4);
    const before = await page.config();
    expect(before.mayWrite).toBe(false);
    const voting = step([await page.changed(4, { role: 'participant' })]);
    expect(kinds(await page.plan(voting))).toEqual({
      refusals: [],
      warnings: ['no-access', 'even-voters', 'voters-observing'],
    });
    expect(await page.order(voting)).toBe('no-auth');

    await page.connect(SUPER);
    await until('the superuser is known', async () => (await page.config()).mayWrite === true);
    const first = await page.order(voting);
    expect(first).toBeGreaterThan(before.version);
    await until('it follows', async () => {
      const now = await page.config().catch(() => null);
      return now?.version === first && !/observes|looks|un/.test(standingsOf(now));
    });
    const leader = (await page.config()).standings.find(({ kind }) => kind === 'leads')!.id;
    const leaving = step([], [leader]);
    expect(kinds(await page.plan(leaving)).warnings).toContain('leader-leaves');
    const second = await page.order(leaving);
    expect(second).toBeGreaterThan(first as number);
    expect(await page.order(leaving, first as number)).toBe('bad-version');
    await until('another one leads', async () => {
      const now = await page.config().catch(() => null);
      return now?.members.length === 3 && standingsOf(now).includes('leads');
    });
  });

  test('whose quorum would be lost is left alone, and one that is closed says so', async () => {
    const members = await start({ skipACL: 'yes' }, ...VOTERS);
    const page = await open(members.map(({ port }) => `127.0.0.1:${port}`).join(','));
    await everybodyIsHeard(page, 3);
    const { standings } = await page.config();
    const [gone, rest] = standings.filter(({ kind }) => kind === 'follows').map(({ id }) => id);
    expect(await page.order(step([], [gone!]))).toBe('reconfig-disabled');
    await members[gone! - 1]!.kill();
    await until('it is missed', async () => standingsOf(await page.config()).includes('unheard'));
    expect(kinds(await page.plan(step([], [rest!]))).refusals).toEqual(['new-quorum-absent']);
    expect(await page.order(step([], [rest!]))).toBe('reconfig-refused');
  });
});
