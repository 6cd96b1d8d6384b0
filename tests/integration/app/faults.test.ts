/** Members of a real host that are paused, and links between them that are broken: what the others do, and that it passes. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { EnsembleView, MemberOrder } from '#contract/ensemble-models.ts';
import type { FaultsView, LinkFault } from '#contract/fault-models.ts';
import type { RpcClient } from '#rpc/client.ts';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { HostedEnsemble, isWhole, leaderOf } from '../../peers/hosted-ensemble.ts';
import { until } from '../../peers/wait.ts';

let ensemble: HostedEnsemble;
let rpc: RpcClient;
let faults: FaultsView | null;
const clients: Client[] = [];

beforeEach(async () => {
  // So that they lose patience with each other in seconds.
  ensemble = await HostedEnsemble.start({ members: 3, tickTimeMs: 300 });
  ({ rpc } = ensemble);
  faults = null;
  rpc.subscribe('ensemble.faults', null, { onEvent: (view) => (faults = view) });
  await sees('all three serve', isWhole);
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close().catch(() => undefined);
  await ensemble.close();
});

function sees(what: string, fits: (view: EnsembleView) => boolean): Promise<EnsembleView> {
  return ensemble.sees(what, fits);
}

function memberOf(view: EnsembleView, id: number): EnsembleView['members'][number] {
  return view.members.find((member) => member.id === id)!;
}

async function order(id: number, what: MemberOrder['what']): Promise<void> {
  await rpc.call('ensemble.order', { id, what });
}

async function breakLinks(...links: LinkFault[]): Promise<void> {
  await rpc.call('ensemble.breakLinks', { links });
}

function cut(from: number, to: number): LinkFault {
  return { from, to, isCut: true, delayMs: 0, lossPercent: 0 };
}

/** A client of these members only. */
function clientOf(...ids: number[]): Client {
  const addresses = ids.map((id) => memberOf(ensemble.view, id).address!);
  const client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: addresses.join(','),
    sessionTimeoutMs: 6000,
  });
  clients.push(client);
  return client;
}

test('the leader is paused: another one leads, writes go on, and it follows when it is resumed', async () => {
  const first = leaderOf(ensemble.view)!;
  const others = [1, 2, 3].filter((id) => id !== first);
  const patient = clientOf(first);
  await patient.create('/before', Buffer.from('kept'));
  await order(first, 'pause');
  await until('it is told', () => faults?.paused.includes(first));
  const meanwhile = await sees('another one leads', (view) => {
    const next = leaderOf(view);
    return next !== null && next !== first && memberOf(view, first).local?.kind === 'paused';
  });
  const client = clientOf(...others);
  await client.create('/meanwhile', null);
  expect((await client.getData('/before')).data?.toString()).toBe('kept');

  await order(first, 'resume');
  // For a moment it believes that it leads, as it did.
  const whole = await sees(
    'it follows',
    (view) => isWhole(view) && memberOf(view, first).role === 'follower',
  );
  expect(leaderOf(whole)).toBe(leaderOf(meanwhile));
  expect(faults).toEqual({ links: [], paused: [] });
  const there = clientOf(first);
  await there.sync('/');
  expect((await there.getChildren('/')).names).toContain('meanwhile');
});

test('the console knows the nature of nodes while the member that told it so far is paused', async () => {
  // The first of those that run tells; the session of the console is with another one when this one has just come back.
  await order(1, 'kill');
  await sees('it has ended', (view) => memberOf(view, 1).local?.kind === 'stopped');
  await order(1, 'start');
  await sees('it is back', isWhole);
  const node = { cluster: 'local', path: '/container' };
  await until('the node is made', () =>
    rpc
      .call('znodes.create', {
        ...node,
        ...{ mode: 'container', data: null, ttlMs: null, withParents: false },
        acl: [{ scheme: 'world', id: 'anyone', permissions: 31 }],
      })
      .catch(() => null),
  );
  expect((await rpc.call('znodes.get', node)).kind).toBe('container');
  await order(1, 'pause');
  await until('it is told', () => faults?.paused.includes(1));
  expect((await rpc.call('znodes.get', node)).kind).toBe('container');
});

test('who is paused can be stopped in order, and killed', async () => {
  for (const what of ['stop', 'kill'] as const) {
    const follower = [1, 2, 3].find((id) => id !== leaderOf(ensemble.view))!;
    await order(follower, 'pause');
    await until('it is told', () => faults?.paused.includes(follower));
    // Nothing becomes of it twice.
    await order(follower, 'pause');
    const orderedMs = performance.now();
    await order(follower, what);
    await sees(
      'it has ended',
      (view) => memberOf(view, follower).local?.kind === 'stopped' && view.quorum?.alive === 2,
    );
    expect(performance.now() - orderedMs).toBeLessThan(8000);
    expect(faults?.paused).toEqual([]);
    await order(follower, 'start');
    await sees('it is back', isWhole);
  }
});

test('a way to the leader is cut: the follower is left out, and comes back when it is healed', async () => {
  const leader = leaderOf(ensemble.view)!;
  const follower = [1, 2, 3].find((id) => id !== leader)!;
  await breakLinks(cut(follower, leader));
  await until('it is told', () => faults?.links.length === 1);
  await sees(
    'it has no leader',
    (view) => memberOf(view, follower).role === 'looking' && view.quorum?.alive === 2,
  );
  const client = clientOf(...[1, 2, 3].filter((id) => id !== follower));
  await client.create('/without', null);
  // Who starts anew under a cut finds it there.
  await order(follower, 'kill');
  await sees('it has ended', (view) => memberOf(view, follower).local?.kind === 'stopped');
  await order(follower, 'start');
  await sees('it has no leader', (view) => memberOf(view, follower).role === 'looking');
  await rpc.call('ensemble.heal', null);
  await sees('it is back', isWhole);
  expect(faults).toEqual({ links: [], paused: [] });
});

test('the leader is isolated: the others go on, and it learns of them afterwards', async () => {
  const leader = leaderOf(ensemble.view)!;
  const others = [1, 2, 3].filter((id) => id !== leader);
  await breakLinks(...others.flatMap((id) => [cut(leader, id), cut(id, leader)]));
  await sees('another one leads', (view) => {
    const next = leaderOf(view);
    return next !== null && next !== leader && memberOf(view, leader).role === 'looking';
  });
  const client = clientOf(...others);
  await client.create('/elsewhere', null);
  // Ways are healed one by one as well, and a paused member by the same word as links.
  await order(leader, 'pause');
  await until('it is told', () => faults?.paused.includes(leader));
  await rpc.call('ensemble.heal', null);
  await sees('it is back', isWhole);
  const there = clientOf(leader);
  await there.sync('/');
  expect((await there.getChildren('/')).names).toContain('elsewhere');
});

test('a slow way makes writes slow, and a lossy one does not lose them', async () => {
  const leader = leaderOf(ensemble.view)!;
  const others = [1, 2, 3].filter((id) => id !== leader);
  const client = clientOf(leader);
  await client.create('/slow', null);
  const slow = { isCut: false, delayMs: 150, lossPercent: 0 };
  await breakLinks(...others.map((from) => ({ ...slow, from, to: leader })));
  await until('it is told', () => faults?.links.length === 2);
  const startedMs = performance.now();
  await client.setData('/slow', Buffer.from('1'), -1);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(149);

  const lossy = { isCut: false, delayMs: 0, lossPercent: 30 };
  await breakLinks(...others.map((from) => ({ ...lossy, from, to: leader })));
  for (let version = 1; version < 10; version++)
    await client.setData('/slow', Buffer.from(String(version)), version);
  await rpc.call('ensemble.heal', null);
  expect((await client.getData('/slow')).data?.toString()).toBe('9');
  // Ways from and to strangers, and to oneself, are none.
  await breakLinks(cut(1, 9), cut(9, 1), cut(2, 2));
  await until('it is told', () => faults?.links.length === 0);
});
