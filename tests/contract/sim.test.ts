/** The contracts in the simulated world. */
import { afterAll, describe, expect, test } from 'vitest';

import type { Socket, SocketHandler } from '../../src-server/platform/net.ts';
import { until } from '../peers/wait.ts';
import { SimClock } from '../sim/clock.ts';
import { LOSES_EVERYTHING_UNSYNCED, SECTOR_BYTES, SimDisk } from '../sim/disk.ts';
import { Network } from '../sim/network.ts';
import { ProcessClock, TRUE_CLOCK } from '../sim/platform.ts';
import { World } from '../sim/world.ts';
import { clockSuite } from './clock.suite.ts';
import { diskSuite } from './disk.suite.ts';
import { netSuite } from './net.suite.ts';

diskSuite('simulated', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/folder');
  // The suite waits in real time, so somebody has to turn the virtual clock.
  const turning = setInterval(() => clock.settle(), 1);
  return { disk, folder: '/folder', [Symbol.dispose]: () => clearInterval(turning) };
});

clockSuite('simulated', () => {
  const clock = new SimClock();
  return {
    clock,
    until: async (fact) => {
      await until('the clock brings it', () => {
        if (!fact()) clock.advance(1);
        return fact();
      });
    },
  };
});

test('after a crash, only what was synced is left', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  disk.syncDirectory('/d');
  file.write(Buffer.from('kept'), 0);
  file.sync(() => undefined);
  file.write(Buffer.from('lost'), 4);
  clock.settle();
  file.write(Buffer.from('LOST'), 0);
  disk.open('/d/b', 'create').close();
  disk.rename('/d/a', '/d/c');

  const found = disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
  expect(found.list('/d').map(({ name }) => name)).toEqual(['a']);
  expect(found.contents('/d/a').toString('latin1')).toBe('kept');
  expect(disk.copy().contents('/d/c').toString('latin1')).toBe('LOSTlost');
});

test('after a crash, each unsynced sector is the old or the new one, as the crash chooses', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  file.write(Buffer.alloc(4 * SECTOR_BYTES, 'o'), 0);
  file.syncNow();
  disk.syncDirectory('/d');
  file.write(Buffer.alloc(5 * SECTOR_BYTES, 'n'), 0);
  const found = disk.afterCrash({
    keepsSector: (_path, sector) => sector % 2 === 0,
    size: (_path, _durable, latest) => latest,
    changesKept: () => 0,
  });
  const sectors = Array.from({ length: 5 }, (_, i) => found.contents('/d/a')[i * SECTOR_BYTES]);
  expect(String.fromCharCode(...sectors.map((byte) => byte ?? 0))).toBe('nonon');
});

test('a sync of a directory that ends late does not undo what a quicker one made durable', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  disk.open('/d/a', 'create').close();
  disk.remove('/d/a');
  disk.syncDirectory('/d', () => undefined);
  disk.open('/d/a', 'create').close();
  disk.syncDirectory('/d');
  clock.settle();
  expect(disk.afterCrash(LOSES_EVERYTHING_UNSYNCED).exists('/d/a')).toBe(true);
});

test('a full disk takes what fits and says so; what is written over has its place', () => {
  const disk = new SimDisk({ clock: new SimClock(), capacityBytes: 10 });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  file.write(Buffer.alloc(8, 'a'), 0);
  expect(() => file.write(Buffer.alloc(4, 'b'), 8)).toThrow('no space left');
  expect(disk.freeBytes()).toBe(0);
  file.write(Buffer.alloc(10, 'c'), 0);
  file.truncate(5);
  expect(disk.freeBytes()).toBe(5);
});

/** The suites wait in real time, so somebody has to let the world go on. */
function turning(world: World): Disposable {
  let isOver = false;
  const go = async (): Promise<void> => {
    while (!isOver) {
      await world.run(world.nowMs + 20);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  void go();
  return { [Symbol.dispose]: () => (isOver = true) };
}

describe.each(['whole', 'anywhere', 'crumbs', 'segments'] as const)('cutting %s', (cutting) => {
  const worlds: Disposable[] = [];
  afterAll(() => {
    for (const world of worlds) world[Symbol.dispose]();
  });

  netSuite('simulated', () => {
    const world = new World(1);
    worlds.push(turning(world));
    const network = new Network(world, {
      delayMinMs: 0,
      delayMaxMs: 5,
      cutting,
      bufferBytes: 0x1_0000,
    });
    return { net: network.netOf(world.newLife('one'), 'here', 'one'), host: 'here' };
  });
});

clockSuite('of a simulated process', () => {
  const world = new World(1);
  const clock = new ProcessClock(world, world.newLife('one'), TRUE_CLOCK, world.stream());
  return {
    clock,
    until: async (fact) => {
      await until('the clock brings it', async () => {
        if (!fact()) await world.run(world.nowMs + 1, fact);
        return fact();
      });
    },
  };
});

test('a process that was stopped hears its timers first, then the network; one that ended nothing', async () => {
  const world = new World(1);
  const [stopped, ended] = [world.newLife('stopped'), world.newLife('ended')];
  const heard: string[] = [];
  world.at(5, 'io', stopped, () => heard.push('network'));
  world.at(6, 'timer', stopped, () => heard.push('timer'));
  world.at(7, 'io', ended, () => heard.push('nobody'));
  world.stop(stopped);
  ended.isOver = true;
  await world.run(10);
  expect(heard).toEqual([]);
  world.goOn(stopped);
  await world.run(20);
  expect(heard).toEqual(['timer', 'network']);
});

test('a cut holds back one direction, and loses nothing', async () => {
  const world = new World(1);
  const network = new Network(world, {
    delayMinMs: 1,
    delayMaxMs: 1,
    cutting: 'whole',
    bufferBytes: 0x1_0000,
  });
  const far = network.netOf(world.newLife('far'), 'far', 'far');
  const near = network.netOf(world.newLife('near'), 'near', 'near');
  const seen: string[] = [];
  const handler = (name: string): SocketHandler => ({
    onChunk: (chunk) => seen.push(`${name} ${chunk.toString()}`),
    onDrain: () => undefined,
    onClose: () => seen.push(`${name} closed`),
  });
  let accepted: Socket | null = null;
  void far.listen({ host: null, port: 1, backlog: 1 }, (socket) => {
    accepted = socket;
    socket.attach(handler('far'));
  });
  await world.run(5);
  let socket: Socket | null = null;
  void near.connect({ host: 'far', port: 1, timeoutMs: 100 }).then((connected) => {
    socket = connected;
    connected.attach(handler('near'));
  });
  await world.run(20);
  network.cut('near', 'far');
  socket!.write(Buffer.from('there'));
  accepted!.write(Buffer.from('back'));
  await world.run(1000);
  expect(seen).toEqual(['near back']);
  network.heal('near', 'far');
  await world.run(1010);
  expect(seen).toEqual(['near back', 'far there']);
});
