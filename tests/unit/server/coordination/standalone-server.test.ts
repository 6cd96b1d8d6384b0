/** A server on its own, from its start to the first client it can hear. */
import { expect, test } from 'vitest';

import { defaultSettings } from '../../../../src-server/config/settings.ts';
import { Client } from '../../../../src-server/coordination/client/client.ts';
import { startServer } from '../../../../src-server/coordination/server.ts';
import type { Clock } from '../../../../src-server/platform/clock.ts';
import type { Net } from '../../../../src-server/platform/net.ts';
import type { Platform } from '../../../../src-server/platform/platform.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { Network } from '../../../sim/network.ts';
import { simPlatform, TRUE_CLOCK } from '../../../sim/platform.ts';
import { type Life, World } from '../../../sim/world.ts';

const SETTINGS = { ...defaultSettings('/data'), clientPortAddress: 'server' };
const SESSION_MS = 6000;

test('a session has its whole timeout to come back in from when there is a door to come in by', async () => {
  const world = new World(1);
  const network = new Network(world, {
    delayMinMs: 1,
    delayMaxMs: 1,
    cutting: 'whole',
    bufferBytes: 0x1_0000,
  });
  let disk = new SimDisk({ clock: IDLE });
  const said: [string, number][] = [];
  const platformOf = (life: Life, diskOf: (clock: Clock) => SimDisk) =>
    simPlatform({
      world,
      life,
      clock: TRUE_CLOCK,
      random: world.stream(),
      net: network.netOf(life, life.name, life.name),
      log: (_level, sentence) => said.push([sentence, world.nowMs]),
      disk: diskOf,
    });
  const serverOf = (life: Life) => platformOf(life, (clock) => (disk = disk.copy({ clock })));
  const start = (platform: Platform) =>
    startServer({
      settings: SETTINGS,
      ensemble: null,
      platform,
      version: 'test',
      onProgress: () => undefined,
      onFatal: (error) => world.fail(error),
    });

  const before = world.newLife('server');
  void start(serverOf(before));
  const client = new Client({
    platform: platformOf(world.newLife('client'), (clock) => new SimDisk({ clock })),
    connect: 'server:2181',
    sessionTimeoutMs: SESSION_MS,
  });
  await world.run(1000, () => client.state.kind === 'connected');
  expect(client.sessionTimeoutMs).toBe(SESSION_MS);
  before.isOver = true;
  network.endProcess(before, { saysGoodbye: true });

  const after = world.newLife('server');
  const platform = serverOf(after);
  let openedMs = Infinity;
  const slow: Net = {
    connect: (options) => platform.net.connect(options),
    listen: async (options, onSocket) => {
      await new Promise<void>((resolve) => world.after(10 * SESSION_MS, resolve));
      openedMs = world.nowMs;
      return platform.net.listen(options, onSocket);
    },
  };
  void start({ ...platform, net: slow });
  await world.run(100 * SESSION_MS, () =>
    said.some(([sentence]) => sentence === 'session expired'),
  );
  const [, expiredMs] = said.find(([sentence]) => sentence === 'session expired')!;
  expect(expiredMs - openedMs).toBeGreaterThanOrEqual(SESSION_MS);
});

/** Of a disk that nobody uses yet. */
const IDLE = {
  nowMs: () => 0,
  wallMs: () => 0,
  after: () => ({ cancel: () => undefined }),
  defer: () => undefined,
};
