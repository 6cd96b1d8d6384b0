/** The ensemble as the console sees it: members of Apache's servers and of ours, from any of them, whatever becomes of the rest. */
import { afterEach, expect, test } from 'vitest';

import type { EnsembleMember, EnsembleView } from '#contract/ensemble-models.ts';
import type { RpcClient } from '#rpc/client.ts';

import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { takeSeats } from '../../peers/apache-ensemble.ts';
import { startConsole } from '../../peers/console.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { startZabring } from '../../peers/zabring.ts';
import { OwnEnsemble } from '../../peers/zabring-ensemble.ts';

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A console whose own ensemble is one server, with this cluster added; the newest view of it. */
async function look(connect: string): Promise<{
  readonly rpc: RpcClient;
  readonly id: string;
  readonly views: readonly EnsembleView[];
  view(what: string, fits: (view: EnsembleView) => boolean): Promise<EnsembleView>;
}> {
  const folder = temporaryFolder();
  cleanUps.push(() => folder[Symbol.dispose]());
  const own = await startZabring(folder.path);
  cleanUps.push(() => own.stop());
  const console = startConsole({ server: own.server, directory: folder.path });
  cleanUps.push(() => console[Symbol.dispose]());
  const { rpc } = console;
  const { id } = await rpc.call('clusters.add', {
    name: 'theirs',
    connect,
    environment: 'lab',
    sessionTimeoutMs: 10_000,
    canBeReadOnly: true,
  });
  await rpc.call('clusters.connect', { id, credentials: [] });
  const views: EnsembleView[] = [];
  const subscription = rpc.subscribe(
    'ensemble.members',
    { cluster: id },
    { onEvent: (view) => views.push(view), onEnd: () => undefined },
  );
  cleanUps.push(() => subscription.close());
  return {
    rpc,
    id,
    views,
    view: async (what, fits) =>
      until(what, () => {
        const last = views.at(-1);
        return last !== undefined && fits(last) ? last : null;
      }),
  };
}

const rolesOf = (view: EnsembleView): string[] => view.members.map(({ role }) => role).sort();
const memberOf = (view: EnsembleView, id: number): EnsembleMember =>
  view.members.find((member) => member.id === id)!;

test('a server on its own, with everything it tells of itself', async () => {
  const folder = temporaryFolder();
  cleanUps.push(() => folder[Symbol.dispose]());
  const server = await startZabring(folder.path);
  cleanUps.push(() => server.stop());
  const console = await look(`127.0.0.1:${server.port}`);
  const view = await console.view('it has the session of the console', ({ members }) =>
    members.some(({ figures }) => figures.diskBytes !== null && figures.sessions === 1),
  );
  expect(view).toMatchObject({ quorum: null, configVersion: null, isConfigKnown: false });
  expect(view.members).toHaveLength(1);
  expect(view.members[0]).toMatchObject({
    id: null,
    address: `127.0.0.1:${server.port}`,
    trouble: null,
    refusedWords: [],
    lag: null,
    local: null,
    figures: { version: '3.9.5-zabring', nodeCount: 5 },
  });
});

test('words that are switched off are named, and what remains is shown', async () => {
  const folder = temporaryFolder();
  cleanUps.push(() => folder[Symbol.dispose]());
  const server = await startZabring(folder.path, { fourLetterWords: ['srvr'] });
  cleanUps.push(() => server.stop());
  const console = await look(`127.0.0.1:${server.port}`);
  const view = await console.view('it has answered', ({ members }) => members.length > 0);
  expect(view.members[0]).toMatchObject({
    role: 'standalone',
    trouble: null,
    refusedWords: ['mntr', 'conf'],
    figures: { sessions: null, diskBytes: null, nodeCount: 5 },
  });
  const packets = await console.view('packets are counted', ({ samples }) =>
    samples.some(({ members }) => typeof members[0]?.requestsPerS === 'number'),
  );
  expect(packets.samples.at(-1)?.members[0]?.latencyMs).toBeNull();
});

test('three of our own: roles, lag, and what is left when the leader goes', async () => {
  const ensemble = await OwnEnsemble.start(['participant', 'participant', 'participant']);
  cleanUps.push(() => ensemble.close());
  const connect = ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const console = await look(connect);
  const whole = await console.view(
    'everybody has a place',
    (view) => view.isConfigKnown && view.members.length === 3 && view.quorum?.alive === 3,
  );
  expect(rolesOf(whole)).toEqual(['follower', 'follower', 'leader']);
  expect(whole.members.map(({ id, votes }) => [id, votes])).toEqual([
    [1, true],
    [2, true],
    [3, true],
  ]);
  expect(whole.quorum).toEqual({ voters: 3, alive: 3, needed: 2, isMet: true, mayFail: 1 });
  const { leader } = ensemble;
  expect(memberOf(whole, leader.id)).toMatchObject({
    role: 'leader',
    lag: 0,
    figures: { following: 3 },
    ifStopped: { alive: 2, isMet: true, mayFail: 0 },
  });

  await leader.stop();
  const others = await console.view(
    'another one leads',
    (view) => rolesOf(view).join() === 'follower,leader,unreachable' && view.quorum?.isMet === true,
  );
  expect(memberOf(others, leader.id)).toMatchObject({ role: 'unreachable', trouble: 'refused' });
  expect(others.quorum).toMatchObject({ alive: 2, mayFail: 0 });
  const next = others.members.find(({ role }) => role === 'follower')!;
  expect(next.ifStopped).toMatchObject({ alive: 1, isMet: false });

  await ensemble.member(next.id!).stop();
  const alone = await console.view(
    'the last has no quorum',
    (view) => view.quorum?.isMet === false && view.quorum.alive === 0,
  );
  expect(rolesOf(alone)).toEqual(['looking', 'unreachable', 'unreachable']);
  // The configuration is remembered: nobody can be asked for it any more.
  expect(alone.quorum).toMatchObject({ voters: 3, needed: 2 });
});

describeWith([APACHE], 'an ensemble of Apache ZooKeeper', () => {
  async function start(settings: Record<string, string>): Promise<ApacheMember[]> {
    const seats = await takeSeats('participant', 'participant', 'participant');
    const members: ApacheMember[] = [];
    for (const id of [1, 2, 3]) {
      const folder = temporaryFolder();
      cleanUps.push(() => folder[Symbol.dispose]());
      const member = await startApacheMember({
        folder: folder.path,
        heap: '128m',
        id,
        servers: seats.lines,
        settings,
      });
      cleanUps.push(() => member.kill());
      members.push(member);
    }
    await Promise.all(members.map((member) => member.isServing()));
    return members;
  }

  test('is seen whole, halted members among it', async () => {
    const members = await start({});
    const console = await look(members.map(({ port }) => `127.0.0.1:${port}`).join(','));
    const whole = await console.view(
      'everybody has a place',
      (view) => view.isConfigKnown && view.members.length === 3 && view.quorum?.alive === 3,
    );
    expect(rolesOf(whole)).toEqual(['follower', 'follower', 'leader']);
    for (const member of whole.members) {
      expect(member).toMatchObject({ lag: 0, trouble: null, refusedWords: [], votes: true });
      expect(member.figures).toMatchObject({ version: expect.stringMatching(/^3\.8/) as unknown });
      for (const figure of ['sessions', 'watches', 'dataBytes', 'uptimeMs', 'diskBytes'] as const)
        expect(member.figures[figure], figure).not.toBeNull();
    }
    await console.view('rates are known', ({ samples }) =>
      samples.some(({ members }) => members.every(({ requestsPerS }) => requestsPerS !== null)),
    );

    const follower = whole.members.findIndex(({ role }) => role === 'follower');
    process.kill(members[follower]!.pid, 'SIGSTOP');
    const halted = await console.view(
      'the halted one is silent',
      (view) => view.members[follower]?.trouble === 'silent',
    );
    expect(halted.members[follower]?.role).toBe('unreachable');
    expect(halted.quorum).toMatchObject({ alive: 2, isMet: true, mayFail: 0 });
    process.kill(members[follower]!.pid, 'SIGCONT');
    await console.view('it is back', (view) => view.quorum?.alive === 3);
  });

  test('that opens no more words than by default shows what one word tells', async () => {
    const members = await start({ '4lw.commands.whitelist': 'srvr' });
    const console = await look(members.map(({ port }) => `127.0.0.1:${port}`).join(','));
    const view = await console.view(
      'everybody has answered',
      (seen) => seen.isConfigKnown && rolesOf(seen).join() === 'follower,follower,leader',
    );
    // Who is who among servers of one host nobody tells without `conf`; they are counted all the same.
    expect(view.quorum).toEqual({ voters: 3, alive: 3, needed: 2, isMet: true, mayFail: 1 });
    for (const member of view.members)
      expect(member).toMatchObject({ id: null, refusedWords: ['mntr', 'conf'], lag: 0 });
  });
});
