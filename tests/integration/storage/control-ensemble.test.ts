/** Control over an ensemble of three of our members: members die, the quorum is lost and comes back, the ring stays as it is. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RingView } from '../../../src-server/storage/control/membership.ts';
import { Membership } from '../../../src-server/storage/control/membership.ts';
import { until } from '../../peers/wait.ts';
import { OwnEnsemble } from '../../peers/zabring-ensemble.ts';
import { PLATFORM, SESSION_MS } from './control-stage.ts';
import { ControlledNode } from './controlled-node.ts';

let ensemble: OwnEnsemble;
let nodes: ControlledNode[];
let watcher: Membership;

beforeEach(async () => {
  ensemble = await OwnEnsemble.start(['participant', 'participant', 'participant'], {
    tickTimeMs: 250,
    minSessionTimeoutMs: SESSION_MS,
    maxSessionTimeoutMs: 20_000,
  });
  const connect = ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(',');
  nodes = ['a', 'b', 'c'].map(
    (id) =>
      new ControlledNode({
        port: 0,
        root: '/ring',
        id,
        membership: { connect, sessionTimeoutMs: 4000 },
      }),
  );
  watcher = new Membership({ platform: PLATFORM, connect, sessionTimeoutMs: 4000 });
  await until('the ring is formed', () => isFormed(watcher.view));
});

afterEach(async () => {
  for (const node of nodes) await node.close();
  await watcher.close();
  await ensemble.close();
});

function isFormed({ config, partitions }: RingView): boolean {
  return config?.value.phase === 'formed' && partitions.size === 16;
}

function epochs({ partitions }: RingView): string {
  return [...partitions]
    .sort(([a], [b]) => a - b)
    .map(([, { value }]) => `${value.leader ?? '-'}@${value.epoch}`)
    .join();
}

test('C10: without a quorum the view stays, nothing is decided, and afterwards nobody was deposed', async () => {
  const before = epochs(watcher.view);
  const [one, two] = [ensemble.members[0]!, ensemble.members[1]!];
  await one.stop();
  await two.stop();
  await until('everybody knows', () =>
    nodes.every(({ membership }) => !membership.view.isConnected),
  );
  for (const { membership, controller } of nodes) {
    expect([membership.view.nodes.size, epochs(membership.view)]).toEqual([3, before]);
    expect(controller.isDeciding).toBe(false);
  }
  expect(await nodes[0]!.membership.changeInSync(0, { inSync: [nodes[0]!.id] }, 0)).toMatchObject({
    kind: 'lost',
  });
  await one.start();
  await two.start();
  await ensemble.isServing();
  await until('everybody is back', () =>
    nodes.every(({ membership: { view } }) => view.isConnected && view.nodes.size === 3),
  );
  await until(
    'one decides',
    () => nodes.filter(({ controller }) => controller.isDeciding).length === 1,
  );
  await until('it has nothing to do', () =>
    nodes.every(({ controller }) => controller.waits.length === 0),
  );
  expect(epochs(watcher.view)).toBe(before);
});

test('a member that leads the ensemble dies: nobody of the ring does', async () => {
  const before = epochs(watcher.view);
  const sessions = nodes.map(({ membership }) => membership.session);
  await ensemble.leader.stop();
  await until('the others serve', () => ensemble.isServing().then(() => true));
  await until('everybody is back', () =>
    nodes.every(({ membership: { view } }) => view.isConnected && view.nodes.size === 3),
  );
  // The ring is as able as before: somebody who dies now is replaced.
  await nodes[2]!.close();
  await until('the lead has gone over', () =>
    [...watcher.view.partitions.values()].every(({ value }) => value.leader !== nodes[2]!.id),
  );
  expect(nodes.slice(0, 2).map(({ membership }) => membership.session)).toEqual(
    sessions.slice(0, 2),
  );
  expect(epochs(watcher.view)).not.toBe(before);
  for (const state of before.split(',').filter((text) => !text.startsWith('c')))
    expect(epochs(watcher.view)).toContain(state);
});
