/** The console's view of a ring, through a session with a real server; the ring is a fixture: znodes without nodes. */
import net from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RingLive, RingView } from '#contract/ring-models.ts';

import { RingPaths } from '../../../src-server/storage/control/paths.ts';
import { formatPartition } from '../../../src-server/storage/control/records.ts';
import { writeRing } from '../../peers/ring-fixture.ts';
import {
  endServedConsole,
  type ServedConsole,
  startServedConsole,
} from '../../peers/served-console.ts';
import { until } from '../../peers/wait.ts';

const AT = { cluster: 'local', root: '/ring' } as const;
const RING = { nodes: 6, zones: 3, partitionCount: 64 } as const;

let served: ServedConsole;

beforeEach(async () => {
  served = await startServedConsole();
});

afterEach(() => endServedConsole(served));

/** Everything the topic has said so far. */
function follow(at: typeof AT | { cluster: string; root: string } = AT): RingView[] {
  const views: RingView[] = [];
  served.rpc.subscribe('ring', at, {
    onEvent: (view) => views.push(view),
    onEnd: () => undefined,
  });
  return views;
}

async function last(
  views: readonly RingView[],
  is: (view: RingView) => boolean,
): Promise<RingView> {
  return until('the ring is seen so', () => views.findLast((view) => is(view)) ?? null);
}

describe('a ring in the tree', () => {
  test('is not there, comes, and changes while somebody looks', async () => {
    const views = follow();
    await last(views, ({ absence }) => absence === 'no-ring');
    const { partitions } = await writeRing(served.client, RING);
    const formed = await last(views, ({ columns }) => columns !== null);
    expect(formed).toMatchObject({
      isCurrent: true,
      absence: null,
      controller: 'node-1',
      settings: { partitionCount: 64, replicaCount: 3, minInSync: 2 },
    });
    expect(formed.nodes.map(({ id, zone }) => `${id} ${zone}`).slice(0, 2)).toEqual([
      'node-1 zone-a',
      'node-2 zone-b',
    ]);

    const paths = new RingPaths('/ring');
    const state = partitions[5]!;
    const text = formatPartition({ ...state, epoch: 2, leader: state.replicas[1]! });
    await served.client.setData(paths.partition(5), Buffer.from(text), -1);
    const place = formed.nodes.findIndex(({ id }) => id === state.replicas[1]);
    await last(views, ({ columns }) => {
      const leaders = new Uint16Array(columns!.leaders.slice().buffer);
      return leaders[5] === place;
    });

    await served.client.delete(paths.node(formed.nodes[2]!.id as never), -1);
    const without = await last(views, ({ nodes }) => nodes.some(({ isAlive }) => !isAlive));
    expect(without.nodes.filter(({ isAlive }) => !isAlive).map(({ id }) => id)).toEqual(['node-3']);
  });

  test('may lie at another path, and what is there may be something else', async () => {
    await writeRing(served.client, { ...RING, partitionCount: 16, root: '/storage/blue' });
    const blue = follow({ cluster: 'local', root: '/storage/blue' });
    expect((await last(blue, ({ columns }) => columns !== null)).settings?.partitionCount).toBe(16);
    await served.client.create('/other', null);
    await served.client.create('/other/config', Buffer.from('hello'));
    const other = follow({ cluster: 'local', root: '/other' });
    expect((await last(other, ({ absence }) => absence === 'unreadable')).detail).toBe(
      '/other/config: it is not JSON',
    );
  });

  test('is seen as soon as there is a session, and stays in sight without one', async () => {
    await writeRing(served.client, RING);
    await served.rpc.call('clusters.disconnect', { id: 'local' });
    const views = follow();
    await served.rpc.call('clusters.connect', { id: 'local', credentials: [] });
    const first = await last(views, ({ columns }) => columns !== null);
    expect([first, first.isCurrent]).toEqual([views[0], true]);
    await served.rpc.call('clusters.disconnect', { id: 'local' });
    const old = await last(views, ({ isCurrent }) => !isCurrent);
    expect(old.columns).toEqual(first.columns);
  });

  test('nodes that cannot be asked say why', async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as net.AddressInfo;
    const closed = net.createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const refusedPort = (closed.address() as net.AddressInfo).port;
    closed.close();
    try {
      await writeRing(served.client, {
        ...RING,
        nodes: 3,
        proxyPortOf: (place) => (place === 0 ? port : refusedPort),
        away: [2],
      });
      const told: RingLive[] = [];
      served.rpc.subscribe('ring.live', AT, {
        onEvent: (live) => told.push(live),
        onEnd: () => undefined,
      });
      const live = await until('each of them has been asked', () =>
        told.findLast(({ nodes }) => {
          const troubles = nodes.map(({ trouble }) => trouble);
          return troubles.join() === 'silent,refused,away';
        }),
      );
      expect(live.traffic).toBeNull();
      expect(live.nodes[1]!.figures.keys).toBeNull();
    } finally {
      silent.close();
    }
  });

  test('keys are located and failures reckoned without a node', async () => {
    await writeRing(served.client, RING);
    await last(follow(), ({ columns }) => columns !== null);
    const key = Buffer.from('a{user}b');
    const place = await served.rpc.call('ring.locate', { ...AT, key });
    expect(Buffer.from(place.hashed).toString()).toBe('user');
    expect(place.partition).toBe(Math.floor((place.slot * 64) / 16384));
    const report = await served.rpc.call('ring.partition', { ...AT, partition: 3 });
    expect(report.replicas.map(({ trouble }) => trouble)).toEqual(['silent', 'silent', 'silent']);
    const whatIf = await served.rpc.call('ring.whatIf', { ...AT, without: ['node-1'] });
    expect(whatIf).toMatchObject({ canRecover: true, copyBytes: null });
    expect(whatIf.copies).toBe(32);
    await expect(served.rpc.call('keys.get', { ...AT, key })).rejects.toMatchObject({
      code: 'node-unreachable',
    });
  });
});
